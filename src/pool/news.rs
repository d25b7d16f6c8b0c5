//! News for users by mail: what happened to their tickets, and that a new vote version made their choices
//! void. Each user says of what; of several tickets there is one mail, and no second one soon.
//!
//! Invariant: of each event one mail at most is stored, in the transaction that marks it told. Only what is
//! some blocks deep is told, and nothing that happened before this pool's first start with this program.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::sleep;

use super::{Error, Pool};
use crate::db::{self, Fate, News, NewsTopic, Telling, is_true};
use crate::decred::{Height, VoteVersion};
use crate::domain::{NewsKind, UserId, Wishes};
use crate::mail::{Mail, texts};
use crate::metrics::catalogue;

/// How often it is looked whether there is news.
const LOOK: Duration = Duration::from_secs(5);
/// Blocks on top of what is told: a short reorganisation takes nothing back.
const DEPTH: u32 = 2;
/// Seconds between two mails to one user about tickets.
const PAUSE: i64 = 15 * 60;
/// Users served before the next look.
const AT_ONCE: usize = 50;

impl Pool {
    /// Of what the user wants to be told.
    pub async fn wishes(&self, user: UserId) -> Result<Wishes, Error> {
        Ok(self.store.wishes(user).await?)
    }

    pub async fn set_wishes(
        &self,
        user: UserId,
        wishes: Wishes,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let kinds = NewsKind::ALL
            .into_iter()
            .filter(|kind| wishes.include(*kind));
        let detail = kinds.map(NewsKind::name).collect::<Vec<_>>().join(", ");
        self.store.set_wishes(user, wishes).await?;
        self.audit("notifications_changed", Some(user), client, &detail)
            .await;
        Ok(())
    }

    /// All tickets are read, up to this height. The first time that is where news begins.
    pub(super) async fn tickets_are_read(&self, tip: Height) -> Result<(), db::Error> {
        let first = self.shown().tickets_read.is_none();
        if first {
            self.store.start_news(tip).await?;
        }
        self.shown().tickets_read = Some(tip);
        Ok(())
    }

    /// Tells news until the role stops.
    pub(super) async fn keep_telling(&self) {
        loop {
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(LOOK) => {}
            }
            if self.leads()
                && self.database_away_since().is_none()
                && let Err(error) = self.tell_news().await
            {
                self.database_failed("users are not told of their tickets", &error);
            }
        }
    }

    /// Tells what is due. Nothing until the tickets are read.
    pub(super) async fn tell_news(&self) -> Result<(), Error> {
        let Some(tip) = self.shown().tickets_read else {
            return Ok(());
        };
        let up_to = Height(tip.0.saturating_sub(DEPTH));
        let quiet_since = self.clock.unix_seconds().saturating_sub(PAUSE);
        let waiting = self.store.waiting_news(up_to, quiet_since).await?;
        for (user, topic) in waiting.into_iter().take(AT_ONCE) {
            if self.tasks.is_stopping() {
                break;
            }
            // One user must not keep the others from their mails.
            if let Err(error) = self.tell_user(user, topic, up_to).await {
                self.database_failed("a user is not told of their tickets", &error);
                if self.database_away_since().is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn tell_user(&self, user: UserId, topic: NewsTopic, up_to: Height) -> Result<(), Error> {
        let news = self.store.news_of(user, topic, up_to).await?;
        let wishes = self.store.wishes(user).await?;
        let reader = self.reader(user).await?;
        let tellable =
            |news: &News| reader.is_some() && wishes.include(news.kind) && self.still_holds(news);
        let judged: Vec<_> = news
            .into_iter()
            .map(|news| {
                let fate = if tellable(&news) {
                    Fate::Told
                } else {
                    Fate::Dropped
                };
                (news, fate)
            })
            .collect();
        let told = judged.iter().filter(|(_, fate)| *fate == Fate::Told);
        let told: Vec<News> = told.map(|(news, _)| news.clone()).collect();
        let mail = match (&reader, told.is_empty()) {
            (Some(reader), false) => match self.news_mail(topic, reader, &told) {
                Some(mail) => Some(mail),
                // It cannot be said yet what the new version is about.
                None => return Ok(()),
            },
            _ => None,
        };
        let queued = mail.as_ref().map(|mail| self.for_queue(mail)).transpose()?;
        let telling = Telling {
            user_id: user,
            topic,
            up_to,
            news: judged,
            mail: queued.flatten(),
            now: self.clock.unix_seconds(),
        };
        // False: another web process was faster, or something happened meanwhile. The next look tells it.
        if self.store.tell(telling).await?
            && let Some(mail) = mail
        {
            tracing::info!(user.id = %user, news = told.len(), "told by mail");
            for news in &told {
                catalogue::NEWS.increment([news.kind.name()]);
            }
            self.hand_over(mail);
        }
        Ok(())
    }

    /// The address of a user who may get mails.
    async fn reader(&self, user: UserId) -> Result<Option<String>, Error> {
        let user = self.store.user(user).await?;
        let reader = user.filter(|user| user.verified && !user.disabled);
        Ok(reader.map(|user| user.email))
    }

    /// Whether it is still so: a reorganisation, an admin or an even newer version may have changed it.
    fn still_holds(&self, news: &News) -> bool {
        if let Some(ticket) = &news.ticket {
            return is_true(news.kind, ticket);
        }
        let agreed = self.shown().agreed;
        news.kind == NewsKind::VoteVersion && version_of(news) >= agreed
    }

    /// `None`: the agendas are not known yet.
    fn news_mail(&self, topic: NewsTopic, to: &str, news: &[News]) -> Option<Mail> {
        let settings = &self.settings;
        let at = self.clock.unix_seconds();
        let settings_link = settings.link("/settings#notifications");
        if topic == NewsTopic::Tickets {
            let tickets: Vec<_> = news
                .iter()
                .filter_map(|news| Some((news.kind, news.ticket.as_ref()?)))
                .collect();
            let news = texts::TicketNews {
                tickets: &tickets,
                tickets_link: &settings.link("/tickets"),
                settings_link: &settings_link,
                operator: &settings.email,
            };
            return Some(texts::ticket_news(&settings.name, to, &news, at));
        }
        let version = news.iter().filter_map(version_of).max()?;
        let agendas = self.agendas().filter(|it| it.version == version)?;
        let agendas: Vec<_> = agendas
            .agendas
            .iter()
            .map(|agenda| (agenda.id.as_str(), agenda.description.as_str()))
            .collect();
        let news = texts::NewVoteVersion {
            version,
            agendas: &agendas,
            voting_link: &settings.link("/voting"),
            settings_link: &settings_link,
        };
        Some(texts::vote_version(&settings.name, to, &news, at))
    }
}

fn version_of(news: &News) -> Option<VoteVersion> {
    news.subject.parse().ok().map(VoteVersion)
}
