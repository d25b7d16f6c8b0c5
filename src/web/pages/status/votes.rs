//! The last blocks of a voter: a strip of bars, what went wrong with reasons; and a table on a page of its own.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::rpc::wire::{BlockVotes, VoteOutcome, VoteReport};
use crate::web::pages::components::{counted, grouped};

/// A bar's place in the strip's own units, and the bar in it.
const PLACE: usize = 10;
const BAR: usize = 8;
/// The strip's height in its own units: four decades of time.
const HEIGHT: u64 = 100;
/// What the lowest and the highest bar stand for.
const FASTEST_US: u64 = 1_000;
const SLOWEST_US: u64 = 10_000_000;
/// Problems told with their reasons among other voters, and alone; of more only the number.
const PROBLEMS_SHOWN: usize = 4;
const PROBLEMS_ALONE: usize = 15;

/// Strip, summary and problems, newest last in the strip; `all` is where there is more.
pub fn recent(blocks: &[BlockVotes], all: Option<&str>) -> Markup {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return html! { p.hint { "No winners were announced since its start." } };
    };
    let problems: Vec<Problem<'_>> = blocks.iter().rev().flat_map(problems).collect();
    html! {
        h4 { @if blocks.len() == 1 { "Last block" } @else { "Last " (blocks.len()) " blocks" } }
        (strip(blocks))
        p.axis { span { (grouped(first.height.0)) } span { (grouped(last.height.0)) } }
        p { (summary(blocks)) }
        (problem_list(&problems, if all.is_some() { PROBLEMS_SHOWN } else { PROBLEMS_ALONE }))
        @if let Some(all) = all { p { a href=(all) { "These blocks one by one" } } }
    }
}

/// One path for all bars of a colour: a hundred bars must be light.
fn strip(blocks: &[BlockVotes]) -> Markup {
    let width = blocks.len().saturating_mul(PLACE);
    html! {
        svg.strip viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-label="Time to the last own vote of each block, and how the votes went" {
            @for kind in ["good", "warn", "bad", "quiet"] {
                @let bars = bars(blocks, kind);
                @if !bars.is_empty() { path class=(kind) d=(bars) {} }
            }
        }
    }
}

/// The bars of one colour.
fn bars(blocks: &[BlockVotes], wanted: &str) -> String {
    let mut path = String::new();
    for (place, block) in blocks.iter().enumerate() {
        if kind(block) == wanted {
            let (left, height) = (place.saturating_mul(PLACE), bar(block));
            let top = HEIGHT.saturating_sub(height);
            // Writing to a string does not fail.
            let _ = write!(path, "M{left} {top}h{BAR}v{height}h-{BAR}z");
        }
    }
    path
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

/// What colours and heights of the strips mean.
pub fn key() -> Markup {
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
        "{}: {} sent first, {} by another node first, {} failed, {late} not cast in time. {}",
        counted(own, "own winner"),
        counted(count(VoteOutcome::Accepted), "vote"),
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

fn problem_list(problems: &[Problem<'_>], shown: usize) -> Markup {
    html! {
        @if !problems.is_empty() {
            table.cards.problems {
                thead { tr { th { "Block" } th { "Ticket" } th { "What" } th { "Reason" } } }
                tbody {
                    @for problem in problems.iter().take(shown) {
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
            @if problems.len() > shown {
                p.hint { "And " (problems.len().saturating_sub(shown)) " more." }
            }
        }
    }
}

/// Every block, the newest first.
pub fn table(blocks: &[BlockVotes]) -> Markup {
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
            td { (grouped(block.height.0)) }
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
        let html = recent(&blocks, Some("/status?voter=1")).into_string();
        for path in [
            "<path class=\"good\" d=\"M0 75h8v25h-8z\">",
            "<path class=\"quiet\" d=\"M10 96h8v4h-8z\">",
            "<path class=\"warn\" d=\"M20 25h8v75h-8z\">",
            "<path class=\"bad\" d=\"M30 0h8v100h-8z\">",
            "href=\"/status?voter=1\"",
        ] {
            assert!(html.contains(path), "{path} in {html}");
        }
        let table = table(&blocks).into_string();
        assert!(table.contains("<td>1,000</td><td>1</td><td>1</td><td>0.04</td><td>0.90</td>"));
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
        let html = recent(&[late, low], None).into_string();
        assert!(html.contains("its fee was not judged in time"), "{html}");
        assert!(html.contains("1 not cast in time"), "{html}");
        assert!(html.contains("low fee"), "{html}");
    }

    #[test]
    fn times_are_summed_up() {
        assert_eq!(latency(&[]), "None was accepted.");
        assert_eq!(millis(12_345), "12.34");
        assert!(recent(&[], None).into_string().contains("No winners"));
        let quiet = summary(&[block(1, vec![])]);
        assert_eq!(quiet, "No own ticket was called.");
    }
}
