//! The past as pictures: of the pool's tickets, and of the network.

use maud::{Markup, html};

use crate::pool::{Day, History, LATENCY_CLASSES, Latencies, Point};
use crate::web::pages::components::{counted, grouped};
use crate::web::plots::{self, Bar, Chart, Scale, Table, number};

/// Rows of a table beside a picture.
const ROWS: usize = 8;
/// Words along a time axis.
const TIMES: u32 = 4;
const DAY: i64 = 86_400;

/// How the pool did.
pub fn own(history: &History) -> Markup {
    html! {
        div.charts {
            (votes(&history.days))
            @if let Some(latency) = &history.latency { (latencies(latency).render()) }
            (share(&history.points).render())
        }
    }
}

/// How the network is.
pub fn network(history: &History) -> Markup {
    html! {
        div.charts {
            (price(&history.points).render())
            (pool_size(&history.points).render())
        }
    }
}

fn price(points: &[Point]) -> Chart {
    let line = Line {
        id: "price",
        title: "Ticket price",
        column: "DCR",
        unit: "",
        of: "DCR",
        word: |value| format!("{value:.2}"),
    };
    line.chart(points, |point| point.ticket_price.to_dcr())
}

fn pool_size(points: &[Point]) -> Chart {
    let line = Line {
        id: "poolsize",
        title: "Pool size",
        column: "Live tickets",
        unit: "",
        of: "live tickets",
        word: whole,
    };
    line.chart(points, |point| number(point.pool_size))
}

fn share(points: &[Point]) -> Chart {
    let line = Line {
        id: "share",
        title: "Share of the network",
        column: "% of live tickets",
        unit: " %",
        of: "%",
        word: |value| format!("{value:.2}"),
    };
    line.chart(points, |point| {
        100.0 * number(point.live) / number(point.pool_size.max(1))
    })
}

/// A count that went through a picture's numbers.
fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    digits.parse::<u64>().map_or(digits, grouped)
}

/// What is said of a value over time.
struct Line {
    id: &'static str,
    title: &'static str,
    column: &'static str,
    /// At the words of the axis.
    unit: &'static str,
    /// What is counted.
    of: &'static str,
    word: fn(f64) -> String,
}

impl Line {
    fn chart(&self, points: &[Point], of: impl Fn(&Point) -> f64) -> Chart {
        let values: Vec<(i64, f64)> = points.iter().map(|it| (it.at, of(it))).collect();
        let scale = Scale::around(values.iter().map(|(_, value)| *value));
        let ends = values.first().zip(values.last());
        let along = ends.map(|((from, _), (to, _))| plots::axis(*from, *to, TIMES));
        let chart = Chart {
            id: self.id,
            title: self.title,
            value: self.range(&values),
            hint: ends.map_or_else(String::new, |((from, _), (to, _))| {
                format!("{}, {}", self.of, span(*from, *to))
            }),
            sentence: self.sentence(&values),
            drawing: plots::line(&values, &scale),
            height: None,
            up: Vec::new(),
            along: along.unwrap_or_default(),
            table: Table {
                head: vec!["Day", self.column],
                rows: thinned(&values)
                    .map(|(at, value)| vec![plots::day(*at), (self.word)(*value)])
                    .collect(),
            },
        };
        chart.scaled(&scale, self.unit)
    }

    /// The lowest and the highest value.
    fn range(&self, values: &[(i64, f64)]) -> String {
        let numbers = values.iter().map(|(_, value)| *value);
        let low = numbers.clone().reduce(f64::min).map(self.word);
        let high = numbers.reduce(f64::max).map(self.word);
        match low.zip(high) {
            Some((low, high)) if low == high => low,
            Some((low, high)) => format!("{low} – {high}"),
            None => String::new(),
        }
    }

    fn sentence(&self, values: &[(i64, f64)]) -> String {
        let Some(((from, first), (to, last))) = values.first().zip(values.last()) else {
            return String::new();
        };
        format!(
            "From {} {of} on {} to {} {of} on {}; {} {of} in all that time.",
            (self.word)(*first),
            plots::day(*from),
            (self.word)(*last),
            plots::day(*to),
            self.range(values),
            of = self.of,
        )
    }
}

/// How long that is, to a day.
fn span(from: i64, to: i64) -> String {
    match to.saturating_sub(from).saturating_add(DAY / 2) / DAY {
        ..=1 => "in a day".into(),
        days => format!("in {days} days"),
    }
}

/// A few of many, the newest first, with even distances.
fn thinned<T>(items: &[T]) -> impl Iterator<Item = &T> {
    let step = items.len().div_ceil(ROWS).max(1);
    items.iter().rev().step_by(step)
}

fn votes(days: &[Day]) -> Markup {
    let sum = |count: fn(&Day) -> u64| days.iter().map(count).fold(0, u64::saturating_add);
    let (voted, missed) = (sum(|day| day.voted), sum(|day| day.missed));
    let bars: Vec<Bar> = days
        .iter()
        .map(|day| Bar {
            good: number(day.voted),
            bad: number(day.missed),
            words: format!(
                "{}: {} voted, {} missed",
                plots::day(day.start),
                grouped(day.voted),
                grouped(day.missed)
            ),
        })
        .collect();
    let scale = Scale::counts(bars.iter().map(|bar| bar.good + bar.bad));
    let none = if missed == 0 { "none" } else { "some" };
    let ends = days.first().zip(days.last());
    let along = ends.map(|(from, to)| plots::axis(from.start, to.start, TIMES));
    let chart = Chart {
        id: "votes",
        title: "Votes per day",
        value: format!("{} voted, {} missed", grouped(voted), grouped(missed)),
        hint: format!("in {}", counted(days.len(), "day")),
        sentence: format!(
            "In {} {} tickets were called and voted; {none} were missed: {}.",
            counted(days.len(), "day"),
            grouped(voted),
            grouped(missed)
        ),
        drawing: plots::bars(&bars, &scale),
        height: None,
        up: Vec::new(),
        along: along.unwrap_or_default(),
        table: Table {
            head: vec!["Day", "Voted", "Missed"],
            rows: days
                .iter()
                .rev()
                .take(ROWS)
                .map(|day| {
                    vec![
                        plots::day(day.start),
                        grouped(day.voted),
                        grouped(day.missed),
                    ]
                })
                .collect(),
        },
    };
    let key = html! {
        ul.key {
            li { span.dot.good {} "voted" }
            li { span.dot.bad {} "missed" }
        }
    };
    chart.scaled(&scale, "").render_with(&key)
}

/// The classes of latency in words.
const CLASSES: [&str; LATENCY_CLASSES] = [
    "up to 2 ms",
    "2 to 5 ms",
    "5 to 10 ms",
    "10 to 20 ms",
    "20 to 50 ms",
    "50 to 100 ms",
    "100 to 200 ms",
    "200 to 500 ms",
    "0.5 to 1 s",
    "1 to 2 s",
    "2 to 5 s",
    "over 5 s",
];

fn latencies(latency: &Latencies) -> Chart {
    let classes = || CLASSES.iter().zip(&latency.classes);
    let bars: Vec<Bar> = classes()
        .map(|(words, votes)| Bar {
            good: number(*votes),
            bad: 0.0,
            words: format!("{words}: {} votes", grouped(*votes)),
        })
        .collect();
    let scale = Scale::counts(bars.iter().map(|bar| bar.good));
    let chart = Chart {
        id: "latency",
        title: "Vote latency",
        value: duration(latency.median_us),
        hint: format!("in the median, slowest {}", duration(latency.slowest_us)),
        sentence: format!(
            "Of {} votes half were with the network within {} of the block; the slowest took {}.",
            grouped(latency.votes),
            duration(latency.median_us),
            duration(latency.slowest_us)
        ),
        drawing: plots::bars(&bars, &scale),
        height: None,
        up: Vec::new(),
        along: ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]
            .map(str::to_owned)
            .to_vec(),
        table: Table {
            head: vec!["After the block", "Votes"],
            rows: classes()
                .filter(|(_, votes)| **votes > 0)
                .map(|(words, votes)| vec![(*words).to_owned(), grouped(*votes)])
                .collect(),
        },
    };
    chart.scaled(&scale, "")
}

/// Microseconds in the unit that suits them.
fn duration(micros: u64) -> String {
    match micros {
        ..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Atoms, Height};

    fn history(points: u32) -> History {
        let point = |n: u32| Point {
            at: i64::from(n) * DAY,
            ticket_price: Atoms(20_000_000_000 + i64::from(n) * 10_000_000),
            pool_size: 40_000 + u64::from(n),
            live: 1_000,
        };
        let day = |n: u32| Day {
            start: i64::from(n) * DAY,
            voted: u64::from(n) % 7,
            missed: 0,
        };
        let mut classes = [0; LATENCY_CLASSES];
        classes[2] = 40;
        classes[11] = 1;
        History {
            height: Height(900_000),
            points: (0..points).map(point).collect(),
            days: (0..points.min(30)).map(day).collect(),
            missed_lately: 0,
            latency: Some(Latencies {
                classes,
                votes: 41,
                median_us: 7_250,
                slowest_us: 12_345_678,
            }),
        }
    }

    #[test]
    fn every_picture_is_small_whatever_it_shows() {
        let history = history(120);
        for (name, html) in [
            ("price", price(&history.points).render()),
            ("pool size", pool_size(&history.points).render()),
            ("share", share(&history.points).render()),
            ("votes", votes(&history.days)),
            (
                "latency",
                latencies(history.latency.as_ref().unwrap()).render(),
            ),
        ] {
            let html = html.into_string();
            assert!(html.len() < 8_000, "{name}: {}", html.len());
            assert!(html.contains("role=\"img\"") && html.contains("<desc"));
            assert!(!html.contains("style="), "the content policy forbids it");
        }
        let whole = own(&history).into_string() + &network(&history).into_string();
        assert!(whole.len() < 25_000, "{}", whole.len());
    }

    #[test]
    fn a_line_says_where_it_is_and_where_it_was() {
        let html = price(&history(91).points).render().into_string();
        for text in [
            "<b>200.00 – 209.00</b> <span class=\"hint\">DCR, in 90 days</span>",
            "From 200.00 DCR on 1 Jan to 209.00 DCR on 1 Apr; 200.00 – 209.00 DCR in",
            "<span>1 Jan</span>",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
        let share = share(&history(3).points).render().into_string();
        assert!(
            share.contains("<b>2.50</b> <span class=\"hint\">%, in 2 days"),
            "{share}"
        );
    }

    #[test]
    fn none_missed_is_said_in_words_and_some_are_seen() {
        let mut history = history(30);
        let good = votes(&history.days).into_string();
        assert!(good.contains("85 voted, 0 missed") && good.contains("none were missed"));
        assert!(!good.contains("rect class=\"bad\""));
        history.days[3].missed = 2;
        let bad = votes(&history.days).into_string();
        assert!(bad.contains("4 Jan: 3 voted, 2 missed"));
        assert_eq!(bad.matches("rect class=\"bad\"").count(), 1);
    }

    #[test]
    fn the_first_minutes_of_a_pool_have_pictures_too() {
        let mut history = history(1);
        history.latency = None;
        let html = own(&history).into_string() + &network(&history).into_string();
        assert!(html.contains("0 voted, 0 missed"));
        assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        history.points.clear();
        history.days.clear();
        own(&history);
        network(&history);
    }

    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        assert_eq!(duration(950), "0.9 ms");
        assert_eq!(duration(7_250), "7.2 ms");
        assert_eq!(duration(45_678), "45 ms");
        assert_eq!(duration(12_345_678), "12.3 s");
    }
}
