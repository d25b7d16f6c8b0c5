//! An alarm that people are told of.

/// How they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertWay {
    Mail,
    Webhook,
}

impl AlertWay {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            AlertWay::Mail => "mail",
            AlertWay::Webhook => "webhook",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        let ways = [AlertWay::Mail, AlertWay::Webhook];
        ways.into_iter().find(|way| way.name() == name)
    }
}

/// Where the telling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    /// It stands, and nobody was told.
    New,
    /// It stands, and was told.
    Told,
    /// It was told, and is over: that is to be told too.
    Over,
}

impl AlertState {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            AlertState::New => "new",
            AlertState::Told => "told",
            AlertState::Over => "over",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        let states = [AlertState::New, AlertState::Told, AlertState::Over];
        states.into_iter().find(|state| state.name() == name)
    }
}

/// An alarm on one way to people. All times are unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub way: AlertWay,
    /// The alarm's stable name.
    pub alarm: String,
    /// The voter; empty when it is about the pool.
    pub about: String,
    pub message: String,
    pub since: i64,
    /// When it was last found to stand.
    pub seen: i64,
    pub state: AlertState,
    /// Not to be told before: it is tried again, or somebody is at it.
    pub due: i64,
    /// 0: never.
    pub told: i64,
}

impl Alert {
    /// Whether both are the same alarm on the same way.
    pub fn is(&self, other: &Alert) -> bool {
        (self.way, &self.alarm, &self.about) == (other.way, &other.alarm, &other.about)
    }
}
