//! What a check found, as a person and as a program reads it.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// Works, but not as it was meant, or not yet.
    Warn,
    Fail,
}

/// One line; the names of its fields are those of `--json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: String,
    pub status: Verdict,
    pub text: String,
    /// What to do; empty when there is nothing.
    pub hint: String,
}

/// All lines, in the order in which they were found.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    ok: bool,
    checks: Vec<Finding>,
}

impl Findings {
    pub fn new() -> Self {
        Self {
            ok: true,
            checks: Vec::new(),
        }
    }

    pub fn ok(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.push(name.into(), Verdict::Ok, text.into(), String::new());
    }

    pub fn warn(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(name.into(), Verdict::Warn, text.into(), hint.into());
    }

    pub fn fail(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(name.into(), Verdict::Fail, text.into(), hint.into());
    }

    fn push(&mut self, name: String, status: Verdict, text: String, hint: String) {
        self.ok &= status != Verdict::Fail;
        self.checks.push(Finding {
            name,
            status,
            text,
            hint,
        });
    }

    pub fn append(&mut self, more: Findings) {
        self.ok &= more.ok;
        self.checks.extend(more.checks);
    }

    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        self.ok
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        let with = self.checks.iter().filter(|it| it.status == verdict);
        with.count()
    }

    /// `2 of 14 checks failed`.
    pub fn verdict(&self) -> String {
        let (all, failed) = (self.checks.len(), self.count(Verdict::Fail));
        match (failed, self.count(Verdict::Warn)) {
            (0, 0) => format!("all {all} checks passed"),
            (0, warned) => format!("no check of {all} failed, {warned} with a warning"),
            (failed, _) => format!("{failed} of {all} checks failed"),
        }
    }
}

/// Aligned, the hint below its line.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.checks.iter().map(|it| it.name.chars().count());
        let width = names.max().unwrap_or_default();
        let indent = " ".repeat(width.saturating_add(8));
        for finding in &self.checks {
            let mark = match finding.status {
                Verdict::Ok => "ok",
                Verdict::Warn => "warn",
                Verdict::Fail => "FAIL",
            };
            let text = finding.text.replace('\n', &format!("\n{indent}"));
            writeln!(f, "{mark:<4}  {:<width$}  {text}", finding.name)?;
            if !finding.hint.is_empty() {
                writeln!(f, "{indent}→ {}", finding.hint)?;
            }
        }
        write!(f, "{}", self.verdict())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_hints_stand_below() {
        let mut findings = Findings::new();
        findings.ok("dcrd", "connected");
        findings.warn("wallet", "two\nlines", "wait");
        assert!(findings.passed());
        assert_eq!(findings.verdict(), "no check of 2 failed, 1 with a warning");
        findings.fail("state", "unreadable", "");
        let expected = "ok    dcrd    connected\n\
                        warn  wallet  two\n\
                        \u{20}             lines\n\
                        \u{20}             → wait\n\
                        FAIL  state   unreadable\n\
                        1 of 3 checks failed";
        assert_eq!(findings.to_string(), expected);
        assert!(!findings.passed());
    }

    #[test]
    fn a_program_reads_one_object() {
        let mut findings = Findings::new();
        findings.fail("dcrd", "away", "start it");
        let json = serde_json::to_string(&findings).unwrap();
        assert_eq!(
            json,
            "{\"ok\":false,\"checks\":[{\"name\":\"dcrd\",\"status\":\"fail\",\"text\":\"away\",\
             \"hint\":\"start it\"}]}"
        );
    }
}
