use crate::decred::VoteVersion;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// A vote version that made all choices void.
#[derive(Debug, Clone, Copy)]
pub struct NewVoteVersion<'a> {
    pub version: VoteVersion,
    /// Id and description of each.
    pub agendas: &'a [(&'a str, &'a str)],
    /// Where the user chooses.
    pub voting_link: &'a str,
    /// Where these mails are switched off.
    pub settings_link: &'a str,
}

/// To a user with tickets, at `at` (unix seconds).
pub fn vote_version(pool: &str, to: &str, new: &NewVoteVersion<'_>, at: i64) -> Mail {
    let agendas = new.agendas.iter();
    let agendas: Vec<_> = agendas
        .map(|(id, description)| format!("{id}: {description}"))
        .collect();
    let letter = Letter::new(pool, to, "choose anew how your tickets vote").text(format!(
        "The network votes by version {} now. What you had chosen before is void: your tickets abstain until \
         you choose anew. They are voted, and earn, in any case.",
        new.version
    ));
    let letter = if agendas.is_empty() {
        letter.text("This version has nothing to choose yet.")
    } else {
        letter.text("The agendas of this version:").list(agendas)
    };
    letter
        .link("Choose", new.voting_link)
        .text("You choose which of these mails you get, or none, in your settings:")
        .link("Settings", new.settings_link)
        .written_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(agendas: &[(&str, &str)]) -> Mail {
        let new = NewVoteVersion {
            version: VoteVersion(13),
            agendas,
            voting_link: "https://p/voting",
            settings_link: "https://p/settings#notifications",
        };
        vote_version("Pool", "kim@example.com", &new, 1_700_000_000)
    }

    #[test]
    fn the_agendas_are_named_and_where_to_choose() {
        let mail = mail(&[("pie", "Change <the> pie"), ("cake", "Have it")]);
        let body = &mail.body;
        assert!(body.contains("by version 13 now"), "{body}");
        assert!(
            body.contains("- pie: Change <the> pie\n- cake: Have it\n"),
            "{body}"
        );
        assert!(
            body.contains("\nhttps://p/voting\n") && body.contains("/settings#notifications\n")
        );
        assert!(mail.html.contains("<li>pie: Change &lt;the&gt; pie</li>"));
    }

    #[test]
    fn a_version_without_agendas_says_so() {
        assert!(mail(&[]).body.contains("nothing to choose yet"));
    }
}
