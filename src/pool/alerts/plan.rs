//! What is to be done about the alarms that stand, by what people were told of them; pure.

use crate::domain::{Alert, AlertState, AlertWay};

/// An alarm that does not stand for so long is over; one look may not find what another web process does.
const GONE_SECS: i64 = 60;
/// How old it may be when it was last written down that an alarm stands.
const SEEN_SECS: i64 = 15;
/// Of what is over nobody needs to hear after a day.
const STALE_SECS: i64 = 24 * 3600;

/// An alarm, and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub alarm: String,
    /// The voter; empty when it is about the pool.
    pub about: String,
    pub message: String,
    /// Unix seconds.
    pub since: i64,
}

/// Which alarms are told how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub ways: Vec<AlertWay>,
    /// Seconds that an alarm stands before it is told.
    pub after: i64,
    /// Seconds after which one that still stands is told again; 0: never.
    pub remind: i64,
}

/// What people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Begun,
    Lasting,
    Over,
}

impl Word {
    /// As it is named to programs.
    pub fn name(self) -> &'static str {
        match self {
            Word::Begun => "begun",
            Word::Lasting => "lasting",
            Word::Over => "over",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Begin(Alert),
    /// Something is to be written down of which nobody is told.
    Note {
        from: Alert,
        to: Alert,
    },
    Forget(Alert),
    Tell(Alert, Word),
}

/// The steps of this moment: `known` is what was written down.
pub fn plan(known: &[Alert], standing: &[Standing], rules: &Rules, now: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    for way in &rules.ways {
        for standing in standing {
            let begun = begin(*way, standing, now);
            let there = known.iter().any(|alert| alert.is(&begun));
            if !there && now.saturating_sub(standing.since) >= rules.after {
                steps.push(Step::Begin(begun));
            }
        }
    }
    for alert in known {
        let stands = |it: &&Standing| it.alarm == alert.alarm && it.about == alert.about;
        let step = if rules.ways.contains(&alert.way) {
            match standing.iter().find(stands) {
                Some(standing) => still(alert, standing, rules, now),
                None => gone(alert, now),
            }
        } else {
            // Nobody is told this way any more.
            Some(Step::Forget(alert.clone()))
        };
        steps.extend(step);
    }
    steps
}

fn begin(way: AlertWay, standing: &Standing, now: i64) -> Alert {
    Alert {
        way,
        alarm: standing.alarm.clone(),
        about: standing.about.clone(),
        message: standing.message.clone(),
        since: standing.since,
        seen: now,
        state: AlertState::New,
        due: now,
        told: 0,
    }
}

fn still(alert: &Alert, standing: &Standing, rules: &Rules, now: i64) -> Option<Step> {
    let lasted = now.saturating_sub(alert.told);
    let told_again = rules.remind > 0 && lasted >= rules.remind;
    let due = now >= alert.due;
    match alert.state {
        AlertState::New if due => return Some(Step::Tell(alert.clone(), Word::Begun)),
        AlertState::Told if due && told_again => {
            return Some(Step::Tell(alert.clone(), Word::Lasting));
        }
        AlertState::New | AlertState::Told => {}
        // It came back before anybody heard that it was over.
        AlertState::Over => {
            let to = Alert {
                state: AlertState::Told,
                seen: now,
                ..alert.clone()
            };
            let from = alert.clone();
            return Some(Step::Note { from, to });
        }
    }
    let stale = now.saturating_sub(alert.seen) >= SEEN_SECS;
    stale.then(|| Step::Note {
        from: alert.clone(),
        to: Alert {
            message: standing.message.clone(),
            seen: now,
            ..alert.clone()
        },
    })
}

fn gone(alert: &Alert, now: i64) -> Option<Step> {
    let unseen = now.saturating_sub(alert.seen);
    match alert.state {
        AlertState::Over if unseen >= STALE_SECS => Some(Step::Forget(alert.clone())),
        AlertState::Over => (now >= alert.due).then(|| Step::Tell(alert.clone(), Word::Over)),
        _ if unseen < GONE_SECS => None,
        AlertState::New => Some(Step::Forget(alert.clone())),
        AlertState::Told => Some(Step::Note {
            from: alert.clone(),
            to: Alert {
                state: AlertState::Over,
                due: now,
                ..alert.clone()
            },
        }),
    }
}

/// What an alert is when it was told; `None`: nothing is left to be told.
pub fn told(alert: &Alert, word: Word, now: i64) -> Option<Alert> {
    (word != Word::Over).then(|| Alert {
        state: AlertState::Told,
        told: now,
        due: now,
        ..alert.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: fn() -> Rules = || Rules {
        ways: vec![AlertWay::Mail],
        after: 30,
        remind: 3600,
    };

    fn away(since: i64) -> Vec<Standing> {
        vec![Standing {
            alarm: "voter_away".into(),
            about: "v1:9113".into(),
            message: "v1 is away".into(),
            since,
        }]
    }

    fn told_at(now: i64) -> Alert {
        let begun = begin(AlertWay::Mail, &away(now)[0], now);
        told(&begun, Word::Begun, now).unwrap()
    }

    #[test]
    fn nobody_is_told_of_what_does_not_last() {
        assert!(plan(&[], &away(100), &RULES(), 129).is_empty());
        let steps = plan(&[], &away(100), &RULES(), 130);
        assert_eq!(
            steps,
            [Step::Begin(begin(AlertWay::Mail, &away(100)[0], 130))]
        );
    }

    #[test]
    fn what_begins_is_told_at_once_and_tried_again_when_due() {
        let mut alert = begin(AlertWay::Mail, &away(100)[0], 130);
        let tell = |alert: &Alert| vec![Step::Tell(alert.clone(), Word::Begun)];
        assert_eq!(
            plan(std::slice::from_ref(&alert), &away(100), &RULES(), 130),
            tell(&alert)
        );
        alert.due = 200;
        alert.seen = 190;
        assert!(plan(std::slice::from_ref(&alert), &away(100), &RULES(), 199).is_empty());
        assert_eq!(
            plan(std::slice::from_ref(&alert), &away(100), &RULES(), 200),
            tell(&alert)
        );
    }

    #[test]
    fn it_is_over_when_no_process_found_it_for_a_minute() {
        let alert = told_at(200);
        let known = std::slice::from_ref(&alert);
        assert!(plan(known, &[], &RULES(), 259).is_empty());
        let over = Alert {
            state: AlertState::Over,
            due: 260,
            ..alert.clone()
        };
        let noted = Step::Note {
            from: alert.clone(),
            to: over.clone(),
        };
        assert_eq!(plan(known, &[], &RULES(), 260), [noted]);
        let known = std::slice::from_ref(&over);
        assert_eq!(
            plan(known, &[], &RULES(), 260),
            [Step::Tell(over.clone(), Word::Over)]
        );
        assert_eq!(told(&over, Word::Over, 261), None);
    }

    #[test]
    fn what_comes_back_before_its_end_was_told_was_never_over() {
        let over = Alert {
            state: AlertState::Over,
            ..told_at(200)
        };
        let steps = plan(std::slice::from_ref(&over), &away(270), &RULES(), 300);
        let [Step::Note { to, .. }] = steps.as_slice() else {
            panic!("{steps:?}");
        };
        assert_eq!(to.state, AlertState::Told);
    }

    #[test]
    fn what_ends_before_it_was_told_is_forgotten() {
        let alert = begin(AlertWay::Mail, &away(100)[0], 130);
        let steps = plan(std::slice::from_ref(&alert), &[], &RULES(), 190);
        assert_eq!(steps, [Step::Forget(alert)]);
    }

    #[test]
    fn what_lasts_is_told_again_if_that_is_wanted() {
        let alert = Alert {
            seen: 3799,
            ..told_at(200)
        };
        let known = std::slice::from_ref(&alert);
        assert!(plan(known, &away(200), &RULES(), 3799).is_empty());
        let steps = plan(known, &away(200), &RULES(), 3800);
        assert_eq!(steps, [Step::Tell(alert.clone(), Word::Lasting)]);
        let never = Rules {
            remind: 0,
            ..RULES()
        };
        assert!(plan(known, &away(200), &never, 3800).is_empty());
    }

    #[test]
    fn that_it_stands_is_written_down_now_and_then() {
        let alert = told_at(200);
        let known = std::slice::from_ref(&alert);
        assert!(plan(known, &away(200), &RULES(), 214).is_empty());
        let steps = plan(known, &away(200), &RULES(), 215);
        assert!(matches!(steps.as_slice(), [Step::Note { to, .. }] if to.seen == 215));
    }

    #[test]
    fn an_end_that_cannot_be_told_is_forgotten_after_a_day() {
        let over = Alert {
            state: AlertState::Over,
            ..told_at(200)
        };
        let steps = plan(std::slice::from_ref(&over), &[], &RULES(), 200 + STALE_SECS);
        assert_eq!(steps, [Step::Forget(over)]);
    }

    #[test]
    fn a_way_that_is_not_wanted_any_more_is_forgotten() {
        let alert = Alert {
            way: AlertWay::Webhook,
            ..told_at(200)
        };
        let steps = plan(std::slice::from_ref(&alert), &[], &RULES(), 201);
        assert_eq!(steps, [Step::Forget(alert)]);
    }
}
