//! What the command line asks for.

pub const USAGE: &str =
    "usage: scripts/race votes [--blocks N] [--voters N] [--restart-every M] [--under-load] [--seed S] [--json]
       scripts/race web [--seconds N] [--quick] [--json]
       scripts/race scale [--users 4|10000|100000]… [--seed S] [--json]";

#[derive(Debug, Clone)]
pub enum Race {
    Votes(Votes),
    Web(Web),
    Scale(Scale),
}

#[derive(Debug, Clone)]
pub struct Votes {
    /// Blocks to measure, past stake validation.
    pub blocks: u32,
    /// Voting nodes, which share this machine with all that tests them.
    pub voters: usize,
    /// A random voter is killed or stopped and started again so often, in blocks.
    pub restart_every: Option<u32>,
    /// Web and the voters' internal RPC get as many requests as they can answer meanwhile.
    pub under_load: bool,
    /// Of the random choices.
    pub seed: u64,
    /// The last line is one JSON object.
    pub json: bool,
}

#[derive(Debug, Clone)]
pub struct Web {
    /// How long each page is asked for at a time, twice from the site and twice from the limit.
    pub seconds: u32,
    /// Only the first pool: `SQLite`, 2,000 users.
    pub quick: bool,
    /// The last line is one JSON object.
    pub json: bool,
}

#[derive(Debug, Clone)]
pub struct Scale {
    /// Only the pools with so many users; empty: all of them.
    pub users: Vec<u32>,
    /// Of keys, chain and winners.
    pub seed: u64,
    /// The last line is one JSON object.
    pub json: bool,
}

impl Race {
    /// `None`: not understood.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let (race, rest) = arguments.split_first()?;
        match race.as_str() {
            "votes" => Votes::read(rest).map(Self::Votes),
            "web" => Web::read(rest).map(Self::Web),
            "scale" => Scale::read(rest).map(Self::Scale),
            _ => None,
        }
    }
}

impl Votes {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut options = Self {
            blocks: 100,
            voters: 3,
            restart_every: None,
            under_load: false,
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
            json: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--blocks" => options.blocks = count(rest.next())?,
                "--voters" => options.voters = usize::try_from(count(rest.next())?).ok()?,
                "--restart-every" => options.restart_every = Some(count(rest.next())?),
                "--under-load" => options.under_load = true,
                "--seed" => options.seed = rest.next()?.parse().ok()?,
                "--json" => options.json = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

impl Web {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut options = Self {
            seconds: 2,
            quick: false,
            json: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--seconds" => options.seconds = count(rest.next())?,
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

impl Scale {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut options = Self {
            users: Vec::new(),
            seed: 1,
            json: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--users" => options.users.push(count(rest.next())?),
                "--seed" => options.seed = rest.next()?.parse().ok()?,
                "--json" => options.json = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

fn count(text: Option<&String>) -> Option<u32> {
    text?.parse().ok().filter(|number| *number > 0)
}
