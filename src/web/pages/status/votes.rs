//! The last blocks of a voter: a strip of bars, what went wrong with reasons, and a table to unfold.

use maud::{Markup, html};

use crate::rpc::wire::{BlockVotes, VoteOutcome, VoteReport};
use crate::web::pages::components::grouped;

/// A bar's place in the strip's own units, and the bar in it.
const PLACE: usize = 10;
const BAR: usize = 8;
/// The strip's height in its own units: four decades of time.
const HEIGHT: u64 = 100;
/// What the lowest and the highest bar stand for.
const FASTEST_US: u64 = 1_000;
const SLOWEST_US: u64 = 10_000_000;
/// More problems than these are in the table.
const PROBLEMS_SHOWN: usize = 20;

/// Strip, summary, problems and table; newest last in the strip, first in the table.
pub fn recent(blocks: &[BlockVotes]) -> Markup {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return html! { p.hint { "No winners were announced since its start." } };
    };
    let problems: Vec<Problem<'_>> = blocks.iter().rev().flat_map(problems).collect();
    html! {
        h4 { "Last " (blocks.len()) " blocks" }
        (strip(blocks))
        p.axis { span { (grouped(first.height.0)) } span { (grouped(last.height.0)) } }
        (key())
        p { (summary(blocks)) }
        (problem_list(&problems))
        details {
            summary { "All of these blocks" }
            (table(blocks))
        }
    }
}

fn strip(blocks: &[BlockVotes]) -> Markup {
    let width = blocks.len().saturating_mul(PLACE);
    html! {
        svg.strip viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-label="Time to the last own vote of each block, and how the votes went" {
            @for (index, block) in blocks.iter().enumerate() {
                @let height = bar(block);
                rect class=(kind(block)) x=(index.saturating_mul(PLACE)) y=(HEIGHT.saturating_sub(height))
                    width=(BAR) height=(height) { title { (sentence(block)) } }
            }
        }
    }
}

/// The height of a block's bar: the logarithm of its time; a stub without own votes, all of it for a failure.
fn bar(block: &BlockVotes) -> u64 {
    const STUB: u64 = 4;
    if kind(block) == "bad" {
        return HEIGHT;
    }
    let Some(micros) = block.last_accepted_us else {
        return STUB;
    };
    let micros = micros.clamp(FASTEST_US, SLOWEST_US);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 4 decades"
    )]
    let height = ((micros as f64 / FASTEST_US as f64).log10() / 4.0 * HEIGHT as f64) as u64;
    height.clamp(2 * STUB, HEIGHT)
}

/// The colour: of the worst that happened.
fn kind(block: &BlockVotes) -> &'static str {
    let any = |outcome| block.votes.iter().any(|vote| vote.outcome == outcome);
    if any(VoteOutcome::Failed) || block.unvoted.iter().any(|it| !it.by_rule) {
        "bad"
    } else if any(VoteOutcome::AlreadyVoted) || any(VoteOutcome::Useless) {
        "warn"
    } else if block.own_winners == 0 {
        "quiet"
    } else {
        "good"
    }
}

fn sentence(block: &BlockVotes) -> String {
    let height = grouped(block.height.0);
    match block.own_winners {
        0 if block.unvoted.is_empty() => format!("Block {height}: no own winners"),
        own => {
            let took = block.last_accepted_us.map_or_else(
                || "none accepted".to_owned(),
                |micros| format!("all in after {} ms", millis(micros)),
            );
            format!(
                "Block {height}: {own} own winners, {} votes, {took}",
                block.votes.len()
            )
        }
    }
}

fn key() -> Markup {
    html! {
        ul.key {
            @for (kind, text) in [
                ("good", "voted"),
                ("warn", "not needed or other bits"),
                ("bad", "failed"),
                ("quiet", "no own winners"),
            ] {
                li { span class={ "dot " (kind) } {} (text) }
            }
            li.hint { "Height: notification to the last own vote accepted, 1 ms to 10 s, logarithmic." }
        }
    }
}

/// Votes of all blocks in words.
fn summary(blocks: &[BlockVotes]) -> String {
    let count = |outcome| {
        let votes = blocks.iter().flat_map(|block| &block.votes);
        votes.filter(|vote| vote.outcome == outcome).count()
    };
    let own: u64 = blocks
        .iter()
        .map(|block| u64::from(block.own_winners))
        .sum();
    if own == 0 {
        return "No own ticket was called.".to_owned();
    }
    let unvoted = blocks.iter().flat_map(|block| &block.unvoted);
    let late = unvoted.filter(|it| !it.by_rule).count();
    format!(
        "{own} own winners: {} votes sent first, {} by another node first, {} failed, {late} not cast in time. {}",
        count(VoteOutcome::Accepted),
        count(VoteOutcome::AlreadyKnown),
        count(VoteOutcome::Failed),
        latency(blocks)
    )
}

/// Median and slowest of the blocks, from notification to the last own vote accepted.
fn latency(blocks: &[BlockVotes]) -> String {
    let times = blocks.iter().filter_map(|block| block.last_accepted_us);
    let mut micros: Vec<u64> = times.collect();
    micros.sort_unstable();
    match (micros.get(micros.len() / 2), micros.last()) {
        (Some(median), Some(slowest)) => format!(
            "Last vote of a block accepted after {} ms in the median, {} ms at the slowest.",
            millis(*median),
            millis(*slowest)
        ),
        _ => "None was accepted.".to_owned(),
    }
}

/// A vote that is not what it should be.
struct Problem<'a> {
    block: &'a BlockVotes,
    ticket: String,
    kind: &'static str,
    word: &'static str,
    reason: &'a str,
}

fn problems(block: &BlockVotes) -> Vec<Problem<'_>> {
    let votes = block.votes.iter().filter_map(move |vote| {
        let (kind, word) = match vote.outcome {
            VoteOutcome::Accepted | VoteOutcome::AlreadyKnown => return None,
            VoteOutcome::AlreadyVoted => ("warn", "other bits"),
            VoteOutcome::Useless => ("warn", "not needed"),
            VoteOutcome::Failed => ("bad", "failed"),
        };
        Some(Problem {
            block,
            ticket: vote.ticket.to_string(),
            kind,
            word,
            reason: &vote.reason,
        })
    });
    let unvoted = block.unvoted.iter().map(move |it| Problem {
        block,
        ticket: it.ticket.to_string(),
        kind: if it.by_rule { "quiet" } else { "bad" },
        word: if it.by_rule { "low fee" } else { "not cast" },
        reason: &it.reason,
    });
    votes.chain(unvoted).collect()
}

fn problem_list(problems: &[Problem<'_>]) -> Markup {
    html! {
        @if !problems.is_empty() {
            table.cards.problems {
                thead { tr { th { "Block" } th { "Ticket" } th { "What" } th { "Reason" } } }
                tbody {
                    @for problem in problems.iter().take(PROBLEMS_SHOWN) {
                        tr {
                            td data-label="Block" { (grouped(problem.block.height.0)) }
                            td data-label="Ticket" {
                                code.hash title=(problem.ticket) { (problem.ticket.get(..12).unwrap_or_default()) "…" }
                            }
                            td data-label="What" { span class={ "badge " (problem.kind) } { (problem.word) } }
                            td data-label="Reason" { (problem.reason) }
                        }
                    }
                }
            }
            @if problems.len() > PROBLEMS_SHOWN {
                p.hint { "And " (problems.len().saturating_sub(PROBLEMS_SHOWN)) " more." }
            }
        }
    }
}

fn table(blocks: &[BlockVotes]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Votes block by block" {
            table.dense {
                thead { tr {
                    th { "Block" } th { "Own winners" } th { "Votes" } th { "Looked up" } th { "Signed" }
                    th { "Sent" } th { "Accepted" } th { "Problems" }
                } }
                tbody { @for block in blocks.iter().rev() { (row(block)) } }
            }
        }
        p.hint { "Milliseconds from dcrd's notification, of the slowest vote of the block." }
    }
}

fn row(block: &BlockVotes) -> Markup {
    let slowest = |step: fn(&VoteReport) -> u64| {
        let slowest = block.votes.iter().map(step).max();
        slowest.map_or_else(|| "–".to_owned(), millis)
    };
    let accepted = block
        .last_accepted_us
        .map_or_else(|| "–".to_owned(), millis);
    let troubles = problems(block);
    let kinds = ["bad", "warn", "quiet"];
    let worst = kinds
        .into_iter()
        .find(|kind| troubles.iter().any(|it| it.kind == *kind));
    html! {
        tr {
            td title=(block.hash) { (grouped(block.height.0)) }
            td { (block.own_winners) }
            td { (block.votes.len()) }
            td { (slowest(|vote| vote.looked_up_us)) }
            td { (slowest(|vote| vote.signed_us)) }
            td { (slowest(|vote| vote.sent_us)) }
            td { (accepted) }
            td { @if let Some(kind) = worst { span class={ "badge " (kind) } { (troubles.len()) } } }
        }
    }
}

/// Microseconds as milliseconds: `12.34`.
fn millis(micros: u64) -> String {
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;
    use crate::decred::{Height, VoteBits, VoteVersion};
    use crate::rpc::wire::Unvoted;

    fn vote(outcome: VoteOutcome, answered_us: u64) -> VoteReport {
        VoteReport {
            ticket: Hash([1; 32]),
            bits: VoteBits(1),
            version: VoteVersion(12),
            outcome,
            reason: "dcrd <says> no".into(),
            looked_up_us: 40,
            signed_us: 900,
            sent_us: 1_100,
            answered_us,
        }
    }

    fn block(height: u32, votes: Vec<VoteReport>) -> BlockVotes {
        BlockVotes {
            hash: Hash([7; 32]),
            height: Height(height),
            own_winners: u32::try_from(votes.len()).unwrap(),
            last_accepted_us: votes.iter().map(|vote| vote.answered_us).max(),
            votes,
            unvoted: Vec::new(),
        }
    }

    #[test]
    fn every_block_has_a_bar_whose_colour_is_the_worst_and_whose_height_is_its_time() {
        let blocks = [
            block(1_000, vec![vote(VoteOutcome::Accepted, 10_000)]),
            block(1_001, vec![]),
            block(1_002, vec![vote(VoteOutcome::AlreadyVoted, 1_000_000)]),
            block(
                1_003,
                vec![
                    vote(VoteOutcome::Failed, 2_000),
                    vote(VoteOutcome::Accepted, 2_000),
                ],
            ),
        ];
        let kinds: Vec<_> = blocks.iter().map(kind).collect();
        assert_eq!(kinds, ["good", "quiet", "warn", "bad"]);
        let bars: Vec<_> = blocks.iter().map(bar).collect();
        assert_eq!(bars, [25, 4, 75, 100]);
        let html = recent(&blocks).into_string();
        assert_eq!(html.matches("<rect").count(), 4);
        assert!(html.contains("Block 1,000: 1 own winners, 1 votes, all in after 10.00 ms"));
        assert!(html.contains("dcrd &lt;says&gt; no") && html.contains("other bits"));
        assert!(!html.contains("style="), "the content policy forbids it");
    }

    #[test]
    fn a_winner_without_a_vote_is_told_with_its_reason() {
        let mut late = block(5, vec![]);
        late.own_winners = 1;
        late.unvoted.push(Unvoted {
            ticket: Hash([3; 32]),
            reason: "not voted: its fee was not judged in time".into(),
            by_rule: false,
        });
        assert_eq!((kind(&late), bar(&late)), ("bad", HEIGHT));
        let mut low = block(6, vec![]);
        low.unvoted.push(Unvoted {
            ticket: Hash([4; 32]),
            reason: "not voted: its fee is low".into(),
            by_rule: true,
        });
        assert_eq!(kind(&low), "quiet");
        let html = recent(&[late, low]).into_string();
        assert!(html.contains("its fee was not judged in time"), "{html}");
        assert!(html.contains("1 not cast in time"), "{html}");
        assert!(html.contains("low fee"), "{html}");
    }

    #[test]
    fn times_are_summed_up() {
        assert_eq!(latency(&[]), "None was accepted.");
        assert_eq!(millis(12_345), "12.34");
        assert!(recent(&[]).into_string().contains("No winners"));
        let quiet = summary(&[block(1, vec![])]);
        assert_eq!(quiet, "No own ticket was called.");
    }
}
