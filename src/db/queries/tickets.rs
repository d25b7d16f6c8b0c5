//! `Tickets`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{narrow, unreadable};
use crate::db::connection::AnyConnection;
use crate::db::schema::tickets::{self, dsl};
use crate::db::schema::users;
use crate::db::{LowFeeLife, LowFeeOwner, TicketFilter, TicketKind, TicketPlace, TicketTotals};
use crate::decred::{Atoms, Hash, Height, VoteBits, VoteVersion};
use crate::domain::{FeeVerdict, TicketCounts, TicketRecord, TicketStatus, UserId, VoteRecord};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tickets)]
#[diesel(treat_none_as_null = true)]
pub(super) struct Row {
    hash: String,
    user_id: i64,
    ticket_address: String,
    price: i64,
    fee_paid: i64,
    mined_block: Option<String>,
    mined_height: Option<i64>,
    sort_height: i64,
    status: String,
    verdict: String,
    vote_hash: Option<String>,
    vote_block: Option<String>,
    vote_height: Option<i64>,
    vote_bits: Option<i64>,
    vote_version: Option<i64>,
    vote_reward: Option<i64>,
    revocation: Option<String>,
    source: String,
}

const STATUSES: [(TicketStatus, &str); 6] = [
    (TicketStatus::Mempool, "mempool"),
    (TicketStatus::Immature, "immature"),
    (TicketStatus::Live, "live"),
    (TicketStatus::Voted, "voted"),
    (TicketStatus::Missed, "missed"),
    (TicketStatus::Expired, "expired"),
];

const VERDICTS: [(FeeVerdict, &str); 4] = [
    (FeeVerdict::Pending, "pending"),
    (FeeVerdict::Good, "good"),
    (FeeVerdict::Low, "low"),
    (FeeVerdict::Added, "added"),
];

fn word<T: PartialEq>(words: &[(T, &'static str)], value: &T) -> &'static str {
    words
        .iter()
        .find(|(known, _)| known == value)
        .map_or("", |(_, word)| word)
}

fn meaning<T: Copy>(words: &[(T, &'static str)], place: &str, text: &str) -> QueryResult<T> {
    words
        .iter()
        .find(|(_, word)| *word == text)
        .map(|(value, _)| *value)
        .ok_or_else(|| unreadable(place, text))
}

pub fn word_of(status: TicketStatus) -> &'static str {
    word(&STATUSES, &status)
}

pub fn status_of(text: &str) -> QueryResult<TicketStatus> {
    meaning(&STATUSES, "Tickets.status", text)
}

pub fn verdict_of(text: &str) -> QueryResult<FeeVerdict> {
    meaning(&VERDICTS, "Tickets.verdict", text)
}

fn hash(place: &str, text: &str) -> QueryResult<Hash> {
    text.parse().map_err(|_| unreadable(place, text))
}

impl Row {
    fn of(ticket: &TicketRecord, source: &str) -> Row {
        let vote = ticket.vote.as_ref();
        let mined_height = ticket.mined.map(|(_, height)| i64::from(height.0));
        Row {
            hash: ticket.hash.to_string(),
            user_id: ticket.user_id.0,
            ticket_address: ticket.ticket_address.clone(),
            price: ticket.price.0,
            fee_paid: ticket.fee_paid.0,
            mined_block: ticket.mined.map(|(block, _)| block.to_string()),
            mined_height,
            sort_height: sort_height(ticket.mined.map(|(_, height)| height)),
            status: word(&STATUSES, &ticket.status).to_owned(),
            verdict: word(&VERDICTS, &ticket.verdict).to_owned(),
            vote_hash: vote.map(|vote| vote.hash.to_string()),
            vote_block: vote.map(|vote| vote.block.to_string()),
            vote_height: vote.map(|vote| i64::from(vote.height.0)),
            vote_bits: vote.map(|vote| i64::from(vote.bits.0)),
            vote_version: vote.map(|vote| i64::from(vote.version.0)),
            vote_reward: vote.map(|vote| vote.reward.0),
            revocation: ticket.revocation.map(|revocation| revocation.to_string()),
            source: source.to_owned(),
        }
    }

    pub(super) fn read(self) -> QueryResult<TicketRecord> {
        let mined = match (&self.mined_block, self.mined_height) {
            (Some(block), Some(height)) => Some((
                hash("Tickets.mined_block", block)?,
                Height(narrow("Tickets.mined_height", height)?),
            )),
            _ => None,
        };
        Ok(TicketRecord {
            hash: hash("Tickets.hash", &self.hash)?,
            user_id: UserId(self.user_id),
            vote: self.vote()?,
            price: Atoms(self.price),
            fee_paid: Atoms(self.fee_paid),
            mined,
            status: status_of(&self.status)?,
            verdict: verdict_of(&self.verdict)?,
            revocation: self
                .revocation
                .map(|text| hash("Tickets.revocation", &text))
                .transpose()?,
            ticket_address: self.ticket_address,
        })
    }

    fn vote(&self) -> QueryResult<Option<VoteRecord>> {
        let Some(vote_hash) = &self.vote_hash else {
            return Ok(None);
        };
        Ok(Some(VoteRecord {
            hash: hash("Tickets.vote_hash", vote_hash)?,
            block: hash(
                "Tickets.vote_block",
                self.vote_block.as_deref().unwrap_or_default(),
            )?,
            height: Height(narrow(
                "Tickets.vote_height",
                self.vote_height.unwrap_or(-1),
            )?),
            bits: VoteBits(narrow("Tickets.vote_bits", self.vote_bits.unwrap_or(-1))?),
            version: VoteVersion(narrow(
                "Tickets.vote_version",
                self.vote_version.unwrap_or(-1),
            )?),
            reward: Atoms(self.vote_reward.unwrap_or(0)),
        }))
    }
}

/// What is in no block yet is the newest of all.
fn sort_height(mined: Option<Height>) -> i64 {
    mined.map_or(i64::MAX, |height| i64::from(height.0))
}

/// The ticket and who told its status.
pub fn find(
    connection: &mut AnyConnection,
    ticket: Hash,
) -> QueryResult<Option<(TicketRecord, String)>> {
    let row: Option<Row> = dsl::tickets
        .find(ticket.to_string())
        .first(connection)
        .optional()?;
    row.map(|row| {
        let source = row.source.clone();
        row.read().map(|ticket| (ticket, source))
    })
    .transpose()
}

pub fn insert(
    connection: &mut AnyConnection,
    ticket: &TicketRecord,
    source: &str,
) -> QueryResult<()> {
    diesel::insert_into(dsl::tickets)
        .values(Row::of(ticket, source))
        .execute(connection)
        .map(drop)
}

pub fn update(
    connection: &mut AnyConnection,
    ticket: &TicketRecord,
    source: &str,
) -> QueryResult<()> {
    diesel::update(dsl::tickets.find(ticket.hash.to_string()))
        .set(Row::of(ticket, source))
        .execute(connection)
        .map(drop)
}

/// Deletes a ticket that vanished before it was mined. One that another voter saw mined stays.
pub fn delete_unmined(connection: &mut AnyConnection, ticket: Hash) -> QueryResult<()> {
    let unmined = word(&STATUSES, &TicketStatus::Mempool);
    diesel::delete(dsl::tickets.find(ticket.to_string()))
        .filter(dsl::status.eq(unmined))
        .execute(connection)
        .map(drop)
}

/// Deletes tickets that were not mined when another voter told of them.
pub fn delete_unmined_of_others(connection: &mut AnyConnection, source: &str) -> QueryResult<()> {
    let unmined = word(&STATUSES, &TicketStatus::Mempool);
    diesel::delete(dsl::tickets)
        .filter(dsl::status.eq(unmined))
        .filter(dsl::source.ne(source))
        .execute(connection)
        .map(drop)
}

type Filtered<'a> = tickets::BoxedQuery<'a, <AnyConnection as Connection>::Backend>;

fn filtered(user_id: i64, filter: &TicketFilter) -> Filtered<'static> {
    let mut query = dsl::tickets.filter(dsl::user_id.eq(user_id)).into_boxed();
    query = match filter.kind {
        None => query,
        Some(TicketKind::Status(status)) => query.filter(dsl::status.eq(word(&STATUSES, &status))),
        Some(TicketKind::Revoked) => query.filter(dsl::revocation.is_not_null()),
        Some(TicketKind::LowFee) => {
            let [low, added] = [FeeVerdict::Low, FeeVerdict::Added].map(|it| word(&VERDICTS, &it));
            query.filter(dsl::verdict.eq(low).or(dsl::verdict.eq(added)))
        }
    };
    if filter.hash_prefix.is_empty() {
        return query;
    }
    // As a range, which an index serves; no hex digit is above `f`.
    let prefix = filter.hash_prefix.clone();
    let beyond = format!("{prefix}g");
    query
        .filter(dsl::hash.ge(prefix))
        .filter(dsl::hash.lt(beyond))
}

fn newest_first(query: Filtered<'static>) -> Filtered<'static> {
    query.order((dsl::sort_height.desc(), dsl::hash.desc()))
}

fn read_all(rows: Vec<Row>) -> QueryResult<Vec<TicketRecord>> {
    rows.into_iter().map(Row::read).collect()
}

/// Newest first: those in the mempool, then by the height they were mined at.
pub fn of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    filter: &TicketFilter,
    offset: i64,
    limit: i64,
) -> QueryResult<Vec<TicketRecord>> {
    let query = newest_first(filtered(user_id, filter));
    if offset == 0 {
        return query.limit(limit).load(connection).and_then(read_all);
    }
    // What is skipped is skipped within the index: MySQL would read all of these rows.
    let hashes: Vec<String> = query
        .select(dsl::hash)
        .limit(limit)
        .offset(offset)
        .load(connection)?;
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = dsl::tickets.filter(dsl::hash.eq_any(hashes)).into_boxed();
    newest_first(rows).load(connection).and_then(read_all)
}

/// As `of_user`, those that follow `place`.
pub fn of_user_after(
    connection: &mut AnyConnection,
    user_id: i64,
    filter: &TicketFilter,
    place: Option<&TicketPlace>,
    limit: i64,
) -> QueryResult<Vec<TicketRecord>> {
    let mut query = filtered(user_id, filter);
    if let Some(TicketPlace { height, hash }) = place {
        let height = sort_height(*height);
        let later = dsl::sort_height
            .lt(height)
            .or(dsl::hash.lt(hash.to_string()));
        query = query.filter(dsl::sort_height.le(height)).filter(later);
    }
    newest_first(query)
        .limit(limit)
        .load(connection)
        .and_then(read_all)
}

pub fn count_of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    filter: &TicketFilter,
) -> QueryResult<i64> {
    filtered(user_id, filter).count().get_result(connection)
}

/// Statuses of tickets that may still vote.
const OPEN: [TicketStatus; 3] = [
    TicketStatus::Mempool,
    TicketStatus::Immature,
    TicketStatus::Live,
];

/// `Tickets` with one of three statuses.
macro_rules! with_status {
    ($statuses:expr) => {{
        let [a, b, c] = $statuses.map(|status| word(&STATUSES, &status));
        dsl::status
            .eq(a)
            .or(dsl::status.eq(b))
            .or(dsl::status.eq(c))
    }};
}

fn statuses(life: LowFeeLife) -> [TicketStatus; 3] {
    match life {
        LowFeeLife::Open => OPEN,
        LowFeeLife::Past => [
            TicketStatus::Voted,
            TicketStatus::Missed,
            TicketStatus::Expired,
        ],
    }
}

/// Tickets whose fee is too low, added or not, with their owners' e-mail addresses; newest first.
pub fn low_fee(
    connection: &mut AnyConnection,
    life: LowFeeLife,
    offset: i64,
    limit: i64,
) -> QueryResult<Vec<(TicketRecord, String)>> {
    let [low, added] = [FeeVerdict::Low, FeeVerdict::Added].map(|it| word(&VERDICTS, &it));
    let rows: Vec<(Row, Option<String>)> = dsl::tickets
        .left_join(users::table.on(users::user_id.eq(dsl::user_id)))
        .filter(with_status!(statuses(life)))
        .filter(dsl::verdict.eq(low).or(dsl::verdict.eq(added)))
        .order((dsl::sort_height.desc(), dsl::hash.desc()))
        .limit(limit)
        .offset(offset)
        .select((Row::as_select(), users::email.nullable()))
        .load(connection)?;
    rows.into_iter()
        .map(|(row, email)| Ok((row.read()?, email.unwrap_or_default())))
        .collect()
}

pub fn count_low_fee(connection: &mut AnyConnection, life: LowFeeLife) -> QueryResult<i64> {
    let [low, added] = [FeeVerdict::Low, FeeVerdict::Added].map(|it| word(&VERDICTS, &it));
    dsl::tickets
        .filter(with_status!(statuses(life)))
        .filter(dsl::verdict.eq(low).or(dsl::verdict.eq(added)))
        .count()
        .get_result(connection)
}

/// Tickets that may still vote, but for their fee.
pub fn ignored(
    connection: &mut AnyConnection,
    owner: &LowFeeOwner,
) -> QueryResult<Vec<TicketRecord>> {
    let low = dsl::tickets
        .filter(with_status!(OPEN))
        .filter(dsl::verdict.eq(word(&VERDICTS, &FeeVerdict::Low)))
        .order((dsl::user_id, dsl::sort_height, dsl::hash));
    let rows: Vec<Row> = match owner {
        LowFeeOwner::Everybody => low.load(connection)?,
        LowFeeOwner::User(user) => low.filter(dsl::user_id.eq(user.0)).load(connection)?,
        LowFeeOwner::TicketAddress(address) => low
            .filter(dsl::ticket_address.eq(address))
            .load(connection)?,
    };
    rows.into_iter().map(Row::read).collect()
}

/// Tickets with this verdict that may still vote, and their addresses.
pub fn open_with(
    connection: &mut AnyConnection,
    verdict: FeeVerdict,
) -> QueryResult<Vec<(Hash, String)>> {
    let rows: Vec<(String, String)> = dsl::tickets
        .filter(with_status!(OPEN))
        .filter(dsl::verdict.eq(word(&VERDICTS, &verdict)))
        .select((dsl::hash, dsl::ticket_address))
        .load(connection)?;
    rows.into_iter()
        .map(|(text, address)| Ok((hash("Tickets.hash", &text)?, address)))
        .collect()
}

/// Low-fee tickets whose votes are in blocks up to this height.
pub fn voted_low_fee(connection: &mut AnyConnection, up_to: i64) -> QueryResult<Vec<Hash>> {
    let [low, added] = [FeeVerdict::Low, FeeVerdict::Added].map(|it| word(&VERDICTS, &it));
    let hashes: Vec<String> = dsl::tickets
        .filter(dsl::status.eq(word(&STATUSES, &TicketStatus::Voted)))
        .filter(dsl::verdict.eq(low).or(dsl::verdict.eq(added)))
        .filter(dsl::vote_height.le(up_to))
        .select(dsl::hash)
        .load(connection)?;
    hashes
        .iter()
        .map(|text| hash("Tickets.hash", text))
        .collect()
}

/// Only where it is `from`.
pub fn change_verdict(
    connection: &mut AnyConnection,
    ticket: Hash,
    from: FeeVerdict,
    to: FeeVerdict,
) -> QueryResult<()> {
    diesel::update(dsl::tickets.find(ticket.to_string()))
        .filter(dsl::verdict.eq(word(&VERDICTS, &from)))
        .set(dsl::verdict.eq(word(&VERDICTS, &to)))
        .execute(connection)
        .map(drop)
}

#[derive(QueryableByName)]
struct Group {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    verdict: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    reward: i64,
}

/// Of all tickets, and what all votes earned: reads an index of the whole table, once.
pub fn totals(connection: &mut AnyConnection) -> QueryResult<TicketTotals> {
    // Cast because a sum of integers is a decimal in MySQL.
    let groups: Vec<Group> = diesel::sql_query(
        "SELECT status, verdict, COUNT(*) AS number, \
         CAST(COALESCE(SUM(vote_reward), 0) AS SIGNED) AS reward FROM Tickets GROUP BY status, verdict",
    )
    .load(connection)?;
    let mut counts = TicketCounts::default();
    let mut reward = Atoms(0);
    for group in groups {
        let count: u64 = narrow("count of Tickets", group.number)?;
        let status = status_of(&group.status)?;
        if status == TicketStatus::Voted {
            reward = Atoms(reward.0.saturating_add(group.reward));
        }
        if verdict_of(&group.verdict)? == FeeVerdict::Low {
            counts.low_fee += count;
            continue;
        }
        *match status {
            TicketStatus::Mempool => &mut counts.mempool,
            TicketStatus::Immature => &mut counts.immature,
            TicketStatus::Live => &mut counts.live,
            TicketStatus::Voted => &mut counts.voted,
            TicketStatus::Missed => &mut counts.missed,
            TicketStatus::Expired => &mut counts.expired,
        } += count;
    }
    let revoked: i64 = dsl::tickets
        // Not NULL, in a way that SQLite finds by the index.
        .filter(dsl::revocation.gt(""))
        .filter(dsl::verdict.ne(word(&VERDICTS, &FeeVerdict::Low)))
        .count()
        .get_result(connection)?;
    counts.revoked = narrow("count of Tickets", revoked)?;
    Ok(TicketTotals { counts, reward })
}
