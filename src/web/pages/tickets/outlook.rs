//! A user's tickets as pictures: those that wait, with the chance to be called by when; and rewards.

use maud::{Markup, html};

use crate::decred::Height;
use crate::decred::lottery::Lottery;
use crate::pool::{Group, Month, Prospects};
use crate::web::pages::components::{counted, dcr, grouped, rounded_dcr};
use crate::web::plots::{self, Bar, Chart, Piece, Scale, Table, number};

/// Words along the time axis.
const TIMES: u32 = 4;
/// Places are thousandths of a drawing's width.
const WHOLE: u64 = 1000;
/// Chances that are drawn.
const HALF: f64 = 0.5;
const MOST: f64 = 0.9;
/// Days whose chances are in the table.
const DAYS: [u32; 5] = [1, 7, 30, 60, 90];

/// Nothing without tickets that wait, or rewards.
pub fn outlook(prospects: &Prospects) -> Markup {
    let waiting = prospects.lottery.filter(|_| !prospects.groups.is_empty());
    html! {
        @if waiting.is_some() || !prospects.months.is_empty() {
            h2.offscreen { "At a glance" }
            div.charts {
                @if let Some(lottery) = waiting { (timeline(prospects, lottery)) }
                @if !prospects.months.is_empty() { (rewards(&prospects.months).render()) }
            }
        }
    }
}

fn timeline(prospects: &Prospects, lottery: Lottery) -> Markup {
    let groups = &prospects.groups;
    let ends = |find: fn(&Group) -> Height| groups.iter().map(find);
    let from = ends(|group| group.first).min().unwrap_or_default();
    let to = ends(|group| group.expires).max().unwrap_or_default();
    let axis = Axis { from, to };
    let drawn: Vec<Vec<Piece>> = groups
        .iter()
        .map(|group| lane(prospects, lottery, group, &axis))
        .collect();
    let (drawing, height) = plots::lanes(&drawn, axis.place(prospects.height));
    let (half, most) = (
        blocks_on(prospects.height, lottery.blocks_until(HALF)),
        blocks_on(prospects.height, lottery.blocks_until(MOST)),
    );
    let day = |height| plots::day(prospects.time_of(height));
    let tickets = groups.iter().map(|group| group.tickets);
    let tickets = tickets.fold(0, u64::saturating_add);
    let chart = Chart {
        id: "waiting",
        title: "Chance to be called",
        value: format!("50 % by {}, 90 % by {}", day(half), day(most)),
        hint: "if live today".into(),
        sentence: format!(
            "{} tickets wait. Each block calls {} of the network's {} live tickets by chance, so half of \
             those that are live today are called by {}, nine of ten by {}; the rest until they expire, \
             the last on {}.",
            grouped(tickets),
            prospects.called,
            grouped(prospects.pool_size),
            day(half),
            day(most),
            day(to)
        ),
        drawing,
        height: Some(height),
        up: groups.iter().map(|it| bought(prospects, it)).collect(),
        along: plots::axis(prospects.time_of(from), prospects.time_of(to), TIMES),
        table: chances(prospects, lottery),
    };
    html! { (chart.render_with(&key())) }
}

/// What the colours mean.
fn key() -> Markup {
    html! {
        ul.key {
            @for (kind, words) in [
                ("past", "waited until today"),
                ("likely", "half are called"),
                ("later", "up to nine of ten"),
                ("last", "the others, or it expires"),
            ] {
                li { span class={ "dot " (kind) } {} (words) }
            }
        }
    }
}

fn blocks_on(height: Height, blocks: u32) -> Height {
    Height(height.0.saturating_add(blocks))
}

/// `3 Sep ×12`
fn bought(prospects: &Prospects, group: &Group) -> String {
    let day = plots::day(prospects.time_of(group.last));
    match group.tickets {
        1 => day,
        many => format!("{day} ×{}", grouped(many)),
    }
}

/// Heights from left to right.
struct Axis {
    from: Height,
    to: Height,
}

impl Axis {
    /// In thousandths.
    fn place(&self, height: Height) -> u32 {
        let span = u64::from(self.to.0.saturating_sub(self.from.0)).max(1);
        let since = u64::from(height.0.saturating_sub(self.from.0));
        let place = since.saturating_mul(WHOLE) / span;
        u32::try_from(place.min(WHOLE)).unwrap_or(0)
    }
}

fn lane(prospects: &Prospects, lottery: Lottery, group: &Group, axis: &Axis) -> Vec<Piece> {
    let callable = group.matures.max(prospects.height);
    let until = |chance| blocks_on(callable, lottery.blocks_until(chance)).min(group.expires);
    let (half, most) = (until(HALF), until(MOST));
    let piece = |from, to, kind| Piece {
        from: axis.place(from),
        to: axis.place(to),
        kind,
    };
    vec![
        piece(group.first, callable, "past"),
        piece(callable, half, "likely"),
        piece(half, most, "later"),
        piece(most, group.expires, "last"),
    ]
}

/// How likely it is to be called by when, for a ticket that is live now.
fn chances(prospects: &Prospects, lottery: Lottery) -> Table {
    let per_day = 86_400 / prospects.block_secs.max(1);
    let row = |days: u32| {
        let blocks = per_day.saturating_mul(days);
        let chance = lottery.within(blocks);
        let at = prospects.time_of(blocks_on(prospects.height, blocks));
        vec![
            plots::day(at),
            format!("{:.1} %", chance * 100.0),
            format!("{:.1}", chance * number(prospects.live)),
        ]
    };
    Table {
        head: vec!["By", "Chance of each", "Of yours"],
        rows: DAYS.into_iter().map(row).collect(),
    }
}

fn rewards(months: &[Month]) -> Chart {
    let total = months.iter().map(|month| month.reward.0);
    let total = crate::decred::Atoms(total.fold(0, i64::saturating_add));
    let votes = months.iter().map(|month| month.votes);
    let votes = votes.fold(0, u64::saturating_add);
    let bars: Vec<Bar> = months
        .iter()
        .map(|month| Bar {
            good: month.reward.to_dcr(),
            bad: 0.0,
            words: format!(
                "{}: {} DCR by {} votes",
                plots::month(month.start),
                dcr(month.reward),
                grouped(month.votes)
            ),
        })
        .collect();
    let scale = Scale::amounts(bars.iter().map(|bar| bar.good));
    let ends = months.first().into_iter().chain(months.last());
    let mut along: Vec<String> = ends.map(|it| plots::month(it.start)).collect();
    along.dedup();
    let chart = Chart {
        id: "rewards",
        title: "Your rewards by month",
        value: format!("{} DCR", rounded_dcr(total)),
        hint: format!(
            "by {} votes in {}",
            grouped(votes),
            counted(months.len(), "month")
        ),
        sentence: format!(
            "{} votes earned {} DCR in {}.",
            grouped(votes),
            rounded_dcr(total),
            counted(months.len(), "month")
        ),
        drawing: plots::bars(&bars, &scale),
        height: None,
        up: Vec::new(),
        along,
        table: Table {
            head: vec!["Month", "Votes", "DCR"],
            rows: months
                .iter()
                .rev()
                .map(|month| {
                    vec![
                        plots::month(month.start),
                        grouped(month.votes),
                        dcr(month.reward),
                    ]
                })
                .collect(),
        },
    };
    chart.scaled(&scale, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Atoms;

    fn prospects() -> Prospects {
        let group = |first: u32, last: u32, tickets: u64| Group {
            tickets,
            first: Height(first),
            last: Height(last),
            matures: Height(last + 256),
            expires: Height(last + 256 + 40_960),
        };
        Prospects {
            height: Height(900_000),
            now: 1_795_000_000,
            block_secs: 300,
            called: 5,
            pool_size: 40_960,
            lottery: Lottery::new(5, 40_960),
            live: 13,
            groups: vec![
                group(880_000, 880_100, 12),
                group(899_000, 899_000, 1),
                group(899_900, 899_900, 1),
            ],
            months: vec![
                Month {
                    start: 1_790_812_800,
                    votes: 3,
                    reward: Atoms(210_000_000),
                },
                Month {
                    start: 1_793_491_200,
                    votes: 1,
                    reward: Atoms(70_000_000),
                },
            ],
        }
    }

    #[test]
    fn waiting_tickets_have_lanes_and_the_days_by_which_they_are_called() {
        let html = outlook(&prospects()).into_string();
        for text in [
            "50 % by 8 Dec, 90 % by 22 Jan",
            "14 tickets wait",
            "5 of the network's 40,960 live tickets",
            "10 Sep ×12",
            "<td>18 Dec</td><td>65.2 %</td><td>8.5</td>",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
        assert!(html.contains("class=\"likely\" d=\"M327 5H420v14H327zM327 29H420"));
        assert!(html.len() < 6_000, "{}", html.len());
        assert!(!html.contains("style="), "the content policy forbids it");
    }

    #[test]
    fn an_immature_ticket_is_likely_only_from_its_maturity_on() {
        let prospects = prospects();
        let axis = Axis {
            from: Height(899_900),
            to: Height(941_116),
        };
        let lottery = prospects.lottery.unwrap();
        let immature = lane(&prospects, lottery, &prospects.groups[2], &axis);
        assert_eq!(immature[0].to, axis.place(Height(900_156)));
        let old = Group {
            expires: Height(900_010),
            ..prospects.groups[0].clone()
        };
        let last = lane(&prospects, lottery, &old, &axis);
        assert_eq!(last[1].to, axis.place(Height(900_010)));
        assert_eq!(last[3].from, last[3].to);
    }

    #[test]
    fn rewards_are_summed() {
        let html = rewards(&prospects().months).render().into_string();
        assert!(html.contains("2.80 DCR") && html.contains("by 4 votes in 2 months"));
        assert!(html.contains("Oct 2026: 2.10 DCR by 3 votes"));
        assert!(html.len() < 8_000);
    }

    #[test]
    fn without_anything_to_show_nothing_is_drawn() {
        let mut none = prospects();
        none.groups.clear();
        assert_eq!(outlook(&none).into_string().matches("<figure").count(), 1);
        none.months.clear();
        assert_eq!(outlook(&none).into_string(), "");
        let mut unknown = prospects();
        unknown.lottery = None;
        assert!(!outlook(&unknown).into_string().contains("Chance"));
    }
}
