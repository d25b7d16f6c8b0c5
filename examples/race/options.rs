//! What the command line asks for.

#[derive(Debug, Clone)]
pub struct Options {
    /// Blocks to measure, past stake validation.
    pub blocks: u32,
    /// A random voter is killed or stopped and started again so often, in blocks.
    pub restart_every: Option<u32>,
    /// Of the random choices.
    pub seed: u64,
    /// The last line is one JSON object.
    pub json: bool,
}

impl Options {
    /// `None`: not understood.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let (race, rest) = arguments.split_first()?;
        if race != "votes" {
            return None;
        }
        let mut options = Self {
            blocks: 100,
            restart_every: None,
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
            json: false,
        };
        let mut rest = rest.iter();
        while let Some(argument) = rest.next() {
            let mut number = || rest.next()?.parse::<u64>().ok();
            let small = |number: u64| u32::try_from(number).ok().filter(|it| *it > 0);
            match argument.as_str() {
                "--blocks" => options.blocks = small(number()?)?,
                "--restart-every" => options.restart_every = Some(small(number()?)?),
                "--seed" => options.seed = number()?,
                "--json" => options.json = true,
                _ => return None,
            }
        }
        Some(options)
    }
}
