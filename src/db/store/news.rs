//! What users are told of their tickets: of each event once, however many web processes there are. What is
//! to be told is noted where it is learned (`tickets`, `preferences`).

use std::collections::HashSet;

use super::{Decision, Store, mails};
use crate::db::changes::Touches;
use crate::db::news::Horizon;
use crate::db::queries::{counters, mails as queue, narrow, news, notifications};
use crate::db::{Fate, News, NewsTopic, Result, Telling};
use crate::decred::Height;
use crate::domain::{UserId, Wishes};

impl Store {
    /// Of what the user wants to be told.
    pub async fn wishes(&self, id: UserId) -> Result<Wishes> {
        self.read(move |connection| Ok(notifications::find(connection, id.0)?.unwrap_or_default()))
            .await
    }

    pub async fn set_wishes(&self, id: UserId, wishes: Wishes) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
            notifications::delete(connection, id.0)?;
            notifications::insert(connection, id.0, &wishes)
        })
        .await
    }

    /// All that happens above this height is news, unless that was said before.
    pub async fn start_news(&self, mark: Height) -> Result<()> {
        let known = self.read(|connection| counters::find(connection, counters::NEWS_FROM));
        if known.await?.is_some() {
            return Ok(());
        }
        self.write_on(Touches::Nothing, move |connection| {
            if counters::find(connection, counters::NEWS_FROM)?.is_some() {
                return Ok(());
            }
            counters::insert(connection, counters::NEWS_FROM, i64::from(mark.0))
        })
        .await
    }

    /// Who is to be told something of heights up to `up_to`; of tickets nobody who was told of some after
    /// `quiet_since`.
    pub async fn waiting_news(
        &self,
        up_to: Height,
        quiet_since: i64,
    ) -> Result<Vec<(UserId, NewsTopic)>> {
        let up_to = i64::from(up_to.0);
        self.read(move |connection| {
            let waiting = news::waiting(connection, up_to)?;
            // Usually nobody waits.
            if waiting.is_empty() {
                return Ok(Vec::new());
            }
            let told = news::told_since(connection, quiet_since)?;
            let told: HashSet<i64> = told.into_iter().collect();
            let due = waiting
                .into_iter()
                .filter(|(user, topic)| *topic == NewsTopic::VoteVersion || !told.contains(user));
            Ok(due.map(|(user, topic)| (UserId(user), topic)).collect())
        })
        .await
    }

    /// What waits for one user, by kind, the newest first.
    pub async fn news_of(
        &self,
        user: UserId,
        topic: NewsTopic,
        up_to: Height,
    ) -> Result<Vec<News>> {
        let up_to = i64::from(up_to.0);
        self.read(move |connection| news::of_user(connection, user.0, topic, up_to))
            .await
    }

    /// Puts the mail into the queue and marks what it tells, if all of it is still so and nobody told it:
    /// else false, and nothing is changed.
    pub async fn tell(&self, telling: Telling) -> Result<bool> {
        self.decide_on(Touches::Nothing, move |connection, doubtful| {
            // Ours already, if an earlier try was committed after all.
            if let Some(mail) = telling.mail.as_ref().filter(|_| doubtful)
                && queue::is_there(connection, &mail.id)?
            {
                return Ok(Decision::Rollback(true));
            }
            let (user, up_to) = (telling.user_id.0, i64::from(telling.up_to.0));
            let known = news::of_user(connection, user, telling.topic, up_to)?;
            if !known.iter().eq(telling.news.iter().map(|(news, _)| news)) {
                return Ok(Decision::Rollback(false));
            }
            // What was read may be older than what is written: each row says whether it was still there.
            for (news, fate) in &telling.news {
                let still_there = match fate {
                    Fate::Told => news::mark_told(connection, user, news, telling.now)?,
                    Fate::Dropped => news::drop_untold(connection, user, news)?,
                };
                if !still_there {
                    return Ok(Decision::Rollback(false));
                }
            }
            if let Some(mail) = &telling.mail {
                mails::queue(connection, mail)?;
            }
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// Where news begins, if it has. That never changes.
    pub(super) async fn news_horizon(&self, tip: Option<Height>) -> Result<Option<Horizon>> {
        let Some(tip) = tip else {
            return Ok(None);
        };
        self.read(move |connection| {
            let Some(mark) = counters::find(connection, counters::NEWS_FROM)? else {
                return Ok(None);
            };
            let mark = Height(narrow("pool_counters.news_from", mark)?);
            Ok(Some(Horizon { mark, tip }))
        })
        .await
    }
}
