//! The commands that `docs/operator.md` shows, as someone who follows it would type them.

use super::super::tools::root;

/// One of the guide's numbered sections.
#[derive(Debug, Clone)]
pub struct Section {
    name: String,
    lines: Vec<String>,
}

/// What is typed in one go.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// For a shell.
    Script(String),
    /// The words behind `systemctl`, which does not run here.
    Systemctl(Vec<String>),
    /// `dcrwallet --create`, which asks.
    NewWallet(String),
}

impl Section {
    /// The section whose heading begins so.
    pub fn of(document: &str, heading: &str) -> Self {
        let text = std::fs::read_to_string(root().join(document)).expect("the guide");
        let mut lines = text.lines().skip_while(|line| {
            let name = line.strip_prefix("## ");
            name.is_none_or(|name| !name.starts_with(heading))
        });
        let name = lines.next();
        let name = name.unwrap_or_else(|| panic!("{document} has no section {heading:?}"));
        let lines = lines.take_while(|line| !line.starts_with("## "));
        Self {
            name: name.to_owned(),
            lines: lines.map(str::to_owned).collect(),
        }
    }

    /// The example of the guide becomes that of this rehearsal. Each must be for something.
    #[track_caller]
    pub fn with(mut self, changes: &[(&str, String)]) -> Self {
        let mut text = self.lines.join("\n");
        for (from, to) in changes {
            assert!(text.contains(from), "{} has no {from:?}", self.name);
            text = text.replace(from, to);
        }
        self.lines = text.lines().map(str::to_owned).collect();
        self
    }

    /// Leaves out the lines that begin so, each of which must be there.
    #[track_caller]
    pub fn without(mut self, beginnings: &[&str]) -> Self {
        for beginning in beginnings {
            let before = self.lines.len();
            self.lines
                .retain(|line| !line.trim_start().starts_with(beginning));
            assert!(
                self.lines.len() < before,
                "{} has no {beginning:?}",
                self.name
            );
        }
        self
    }

    /// Its commands, in their order.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut script = String::new();
        let end = |script: &mut String, steps: &mut Vec<Step>| {
            if !script.is_empty() {
                steps.push(Step::Script(std::mem::take(script)));
            }
        };
        for line in &self.lines {
            let Some(command) = line.strip_prefix("    ") else {
                // Text between two blocks: another go.
                end(&mut script, &mut steps);
                continue;
            };
            let special = if let Some(words) = command.strip_prefix("systemctl ") {
                let words = words.split('#').next().unwrap_or_default();
                let words = words.split_whitespace().map(str::to_owned);
                Step::Systemctl(words.collect())
            } else if command.contains("dcrwallet ") && command.ends_with(" --create") {
                Step::NewWallet(command.to_owned())
            } else {
                script.push_str(command);
                script.push('\n');
                continue;
            };
            end(&mut script, &mut steps);
            steps.push(special);
        }
        end(&mut script, &mut steps);
        steps
    }

    /// The first fenced block of this language.
    #[track_caller]
    pub fn fenced(&self, language: &str) -> String {
        let fence = format!("```{language}");
        let lines = self.lines.iter().skip_while(|line| **line != fence).skip(1);
        let block: Vec<_> = lines.take_while(|line| *line != "```").cloned().collect();
        assert!(!block.is_empty(), "{} has no {language}", self.name);
        block.join("\n")
    }
}

#[test]
fn a_section_is_read_as_its_reader_types_it() {
    let section = Section {
        name: String::new(),
        lines: "Text.\n\n    a=1\n    echo $a\n    systemctl enable --now x   # why\n    b\n\nText.\n\n    c"
            .lines()
            .map(str::to_owned)
            .collect(),
    };
    let script = |text: &str| Step::Script(text.to_owned());
    let words = ["enable", "--now", "x"].map(str::to_owned).to_vec();
    let steps = [
        script("a=1\necho $a\n"),
        Step::Systemctl(words),
        script("b\n"),
        script("c\n"),
    ];
    assert_eq!(section.steps(), steps);
}
