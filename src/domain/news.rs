//! What users are told by mail, and what each of them wants to be told.

use std::collections::BTreeSet;

/// What may happen to a user's tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NewsKind {
    Missed,
    /// It pays too little: the pool does not vote it.
    LowFee,
    Voted,
    Expired,
    /// A new vote version began: what the user had chosen is void.
    VoteVersion,
}

impl NewsKind {
    pub const ALL: [NewsKind; 5] = [
        NewsKind::Missed,
        NewsKind::LowFee,
        NewsKind::Voted,
        NewsKind::Expired,
        NewsKind::VoteVersion,
    ];

    /// Stable: in the database, in forms, in metrics.
    pub fn name(self) -> &'static str {
        match self {
            NewsKind::Missed => "missed",
            NewsKind::LowFee => "low_fee",
            NewsKind::Voted => "voted",
            NewsKind::Expired => "expired",
            NewsKind::VoteVersion => "vote_version",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a user wants to be told. Until they choose: what may want something of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes(BTreeSet<NewsKind>);

impl Default for Wishes {
    fn default() -> Self {
        [NewsKind::Missed, NewsKind::LowFee, NewsKind::VoteVersion]
            .into_iter()
            .collect()
    }
}

impl FromIterator<NewsKind> for Wishes {
    fn from_iter<I: IntoIterator<Item = NewsKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().collect())
    }
}

impl Wishes {
    pub fn include(&self, kind: NewsKind) -> bool {
        self.0.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_not_choose_is_told_what_may_want_something_of_them() {
        let told = |kind| Wishes::default().include(kind);
        let told: Vec<_> = NewsKind::ALL.into_iter().filter(|it| told(*it)).collect();
        assert_eq!(
            told,
            [NewsKind::Missed, NewsKind::LowFee, NewsKind::VoteVersion]
        );
    }

    #[test]
    fn names_are_read_back() {
        for kind in NewsKind::ALL {
            assert_eq!(NewsKind::parse(kind.name()), Some(kind));
        }
        assert_eq!(NewsKind::parse("revoked"), None);
    }
}
