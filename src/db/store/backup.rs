//! The whole database to a file, and back.

use std::io::{BufRead, Write};

use tokio::time::Instant;

use super::{Store, UPGRADE_LIMIT};
use crate::db::backup::{self, BackupError, Extent, Progress, Reader, Wish};

impl Store {
    /// Writes all that is stored to `out`, as it is at one moment; others go on meanwhile.
    pub async fn back_up<W>(
        &self,
        out: W,
        wish: Wish,
        progress: Progress,
    ) -> Result<(W, Extent), BackupError>
    where
        W: Write + Send + 'static,
    {
        let deadline = Instant::now() + UPGRADE_LIMIT;
        let written = self.0.pool.run(deadline, move |lent, _| {
            Ok(backup::dump(&mut lent.connection, &wish, out, &progress))
        });
        written.await?
    }

    /// Fills a database without users; refuses any other. Verify the backup first: what is found damaged
    /// on the way leaves a database that only another restore can use.
    pub async fn restore<R>(
        &self,
        backup: Reader<R>,
        progress: Progress,
    ) -> Result<Extent, BackupError>
    where
        R: BufRead + Send + 'static,
    {
        let deadline = Instant::now() + UPGRADE_LIMIT;
        let restored = self.0.pool.run(deadline, move |lent, _| {
            Ok(backup::restore(&mut lent.connection, backup, &progress))
        });
        restored.await?
    }
}
