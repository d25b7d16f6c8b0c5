//! Medians, percentiles, and how they are shown.

use serde::Serialize;

/// Microseconds of many measurements.
#[derive(Debug, Default)]
pub struct Samples(Vec<u64>);

/// In the unit that the field's name says.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub median: f64,
    pub p99: f64,
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub blocks: u32,
    pub votes: usize,
    pub missed: usize,
    pub ours_ms: Spread,
    pub limit_ms: Spread,
    pub ratio_median: f64,
    /// Steps of the own part, from the notification on, of the last of a block's votes.
    pub looked_up_us: Spread,
    pub signed_us: Spread,
    /// Until it was written to the socket.
    pub own_part_us: Spread,
    pub limit_at_rest_ms: Spread,
    pub signer: &'static str,
}

impl Samples {
    pub fn add(&mut self, micros: u64) {
        self.0.push(micros);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn micros(&self) -> Spread {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
            let micros = sorted.get(index).copied().unwrap_or(0);
            f64::from(u32::try_from(micros).unwrap_or(u32::MAX))
        };
        Spread {
            median: at(50),
            p99: at(99),
        }
    }

    pub fn millis(&self) -> Spread {
        let Spread { median, p99 } = self.micros();
        Spread {
            median: median / 1000.0,
            p99: p99 / 1000.0,
        }
    }

    pub fn worst_millis(&self) -> u64 {
        self.0.iter().max().map_or(0, |micros| micros / 1000)
    }
}
