//! How things stood at each block.

use super::Store;
use crate::db::changes::Touches;
use crate::db::queries::samples;
use crate::db::{Result, Sample};
use crate::decred::Height;

impl Store {
    /// Stores how things stand at a block. What was said of this height before is replaced: votes may have
    /// come since, and after a reorganisation it is another block. Of two processes that store the first
    /// word on a block at once, one gets `Error::Conflict`.
    pub async fn store_sample(&self, sample: Sample) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
            if samples::update(connection, &sample)? {
                return Ok(());
            }
            samples::insert(connection, &sample)
        })
        .await
    }

    /// The last ones, highest first.
    pub async fn samples(&self, limit: u32) -> Result<Vec<Sample>> {
        self.samples_up_to(i64::MAX, limit).await
    }

    /// Those of blocks up to this time, highest first.
    pub async fn samples_up_to(&self, time: i64, limit: u32) -> Result<Vec<Sample>> {
        self.read(move |connection| samples::up_to(connection, time, i64::from(limit)))
            .await
    }

    /// Puts one row in the place of several: changes `kept`, deletes `dropped`.
    pub async fn merge_samples(&self, kept: Sample, dropped: Vec<Height>) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
            samples::update(connection, &kept)?;
            dropped
                .iter()
                .try_for_each(|height| samples::delete(connection, *height))
        })
        .await
    }
}
