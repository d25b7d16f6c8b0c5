//! `[pool]`: what web and every voter must agree on, and how the pool presents itself.

use super::check::{Check, in_range};
use super::raw::{RawFee, RawPool};
use super::reader::{Entry, Given};
use crate::decred::Height;
use crate::decred::hdkey::ExtendedPubKey;
use crate::decred::params::Network;
use crate::secret::Secret;

const DEFAULT_CLOSED_MESSAGE: &str = "The pool is closed to new sign-ups.";

/// The highest child index that is not hardened.
const LARGEST_KEY_INDEX: i64 = 0x7fff_ffff;

/// The pool.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    pub name: String,
    pub description: String,
    pub email: String,
    pub link: String,
    /// Banner on every page; empty: none.
    pub notice: String,
    /// Ascending heights, the first is 0; never empty.
    pub fees: Vec<FeeStep>,
    /// No sign-ups, no address submissions.
    pub closed: bool,
    pub closed_message: String,
    /// Extended public key of the voting wallets' account 0. A secret: with any one private key of
    /// its branch it gives all of them away.
    pub voting_extpub: Secret,
    pub cold_extpub: Secret,
    /// Tickets that pay their fee to these are good, too.
    pub former_cold_extpubs: Vec<Secret>,
    /// Voters that must confirm an enrolment.
    pub min_voters: usize,
    /// Highest key index that is ever used.
    pub max_users: u32,
}

/// A fee in force from a height on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeeStep {
    pub from: Height,
    /// 0 to 100, at most two decimals. Kept as the operator wrote it: the fee rule's rounding is
    /// defined on the double.
    pub percent: f64,
}

impl PoolConfig {
    /// The fee at `height`.
    pub fn fee_percent_at(&self, height: Height) -> f64 {
        self.fees
            .iter()
            .rev()
            .find(|step| step.from <= height)
            .map_or(0.0, |step| step.percent)
    }
}

impl PoolConfig {
    pub(super) fn resolve(raw: RawPool, network: Network, check: &mut Check) -> Option<Self> {
        let text = |given: Given<String>, default: &str| {
            given.map_or_else(|| default.to_owned(), |entry| entry.value)
        };
        let fees = fees(raw.fee_percent, raw.fees, check);
        let voting = check.need_secret(raw.voting_wallet_extpub);
        let cold = check.need_secret(raw.cold_wallet_extpub);
        if let (Some(voting), Some(cold)) = (&voting, &cold)
            && voting.value.matches(cold.value.expose())
        {
            check.warn(
                "pool.cold_wallet_extpub is the voting wallet's: fees go to a wallet that is online",
            );
        }
        let key = |secret: &Secret| extended_key(secret, network);
        let voting_extpub = check.parse(voting, key);
        let cold_extpub = check.parse(cold, key);
        let former_cold_extpubs = check.parse_all(raw.former_cold_wallet_extpubs, Vec::new(), key);
        let default_min = if network == Network::Mainnet { 2 } else { 1 };
        let min_voters = check.parse_or(raw.min_voters, default_min, |n| in_range(*n, 1, 1000));
        let max_users = check.parse_or(raw.max_users, 10_000, |n| {
            in_range(*n, 1, LARGEST_KEY_INDEX)
        });
        Some(Self {
            name: text(raw.name, "Stake pool"),
            description: text(raw.description, ""),
            email: text(raw.email, ""),
            link: text(raw.link, ""),
            notice: text(raw.notice, ""),
            fees: fees?,
            closed: raw.closed.is_some_and(|entry| entry.value),
            closed_message: text(raw.closed_message, DEFAULT_CLOSED_MESSAGE),
            voting_extpub: voting_extpub?,
            cold_extpub: cold_extpub?,
            former_cold_extpubs,
            min_voters: min_voters?,
            max_users: max_users?,
        })
    }
}

/// The text, once it is known to be a key of this network. Messages never repeat it.
pub(super) fn extended_key(secret: &Secret, network: Network) -> Result<Secret, String> {
    let text = secret.expose().trim();
    match ExtendedPubKey::parse(network, text) {
        Ok(_) => Ok(Secret::new(text)),
        Err(error) => Err(error.to_string()),
    }
}

/// `fee_percent`, or the schedule `fees`.
fn fees(
    single: Given<f64>,
    schedule: Given<Vec<RawFee>>,
    check: &mut Check,
) -> Option<Vec<FeeStep>> {
    match (single, schedule) {
        (Some(single), Some(_)) => {
            check.reject(&single, "give it or fees, not both");
            None
        }
        (None, None) => {
            let _: Given<f64> = check.need(None, "pool.fee_percent");
            None
        }
        (single @ Some(_), None) => {
            let percent = check.parse(single, |percent| percentage(*percent))?;
            Some(vec![FeeStep {
                from: Height(0),
                percent,
            }])
        }
        (None, Some(schedule)) => fee_schedule(schedule, check),
    }
}

fn fee_schedule(schedule: Entry<Vec<RawFee>>, check: &mut Check) -> Option<Vec<FeeStep>> {
    let Entry { value, place, key } = schedule;
    let list = Entry {
        value: (),
        place,
        key,
    };
    let given = value.len();
    let mut steps: Vec<FeeStep> = Vec::with_capacity(given);
    for (index, raw) in value.into_iter().enumerate() {
        let key = |name: &str| format!("pool.fees[{index}].{name}");
        let from = check.need(raw.from_height, &key("from_height"));
        let from = check.parse(from, |height| in_range(*height, 0, i64::from(u32::MAX)));
        let percent = check.need(raw.percent, &key("percent"));
        let percent = check.parse(percent, |percent| percentage(*percent));
        if let (Some(from), Some(percent)) = (from, percent) {
            steps.push(FeeStep {
                from: Height(from),
                percent,
            });
        }
    }
    if steps.len() < given {
        return None;
    }
    let starts_at_zero = steps.first().is_some_and(|step| step.from == Height(0));
    let ascends = steps.is_sorted_by(|one, next| one.from < next.from);
    if !starts_at_zero {
        check.reject(&list, "the first fee must be from_height = 0");
    } else if !ascends {
        check.reject(&list, "from_height must rise from one fee to the next");
    }
    (starts_at_zero && ascends).then_some(steps)
}

fn percentage(percent: f64) -> Result<f64, String> {
    if !(0.0..=100.0).contains(&percent) {
        return Err(format!("{percent} is not between 0 and 100"));
    }
    let hundredths = percent * 100.0;
    if (hundredths - hundredths.round()).abs() > 1e-6 {
        return Err(format!("{percent} has more than two decimals"));
    }
    Ok(percent)
}
