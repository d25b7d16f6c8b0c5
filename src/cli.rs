//! The command line: clap types and their help, nothing that acts.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::decred::{Network, TicketHash};

/// Version and, where the build knew it, commit: `2.0.0 (0123456789ab)`.
pub const VERSION: &str = env!("DCRSTAKEPOOL_VERSION");

const EXAMPLES: &str = "\
Examples:
  dcrstakepool migrate --config /etc/dcrstakepool/dcrstakepool.toml
  dcrstakepool voter   --config voter1.toml
  dcrstakepool web
  DCRSTAKEPOOL__WEB__LISTEN=127.0.0.1:8080 dcrstakepool web

Without --config the file is searched at $DCRSTAKEPOOL_CONFIG, ./dcrstakepool.toml,
~/.config/dcrstakepool/dcrstakepool.toml and /etc/dcrstakepool/dcrstakepool.toml.

Exit codes: 0 done, 1 failed, 2 usage, 69 a needed service is unavailable, 76 a service
is there but wrong, 78 configuration.";

const WEB_EXAMPLES: &str = "\
Examples:
  dcrstakepool web --config /etc/dcrstakepool/dcrstakepool.toml
  DCRSTAKEPOOL__POOL__CLOSED=true dcrstakepool web
  kill -HUP PID     # log filter, notice, closed, the voters' certificates are read again
  kill -USR1 PID    # the files of web.assets_dir are read again

Needs the database and at least pool.min_voters voters. TERM or INT stops, twice: at once.";

const VOTER_EXAMPLES: &str = "\
Examples:
  dcrstakepool voter --config voter1.toml
  RUST_LOG=debug dcrstakepool voter
  kill -HUP PID     # log filter and certificates are read again
  kill -USR1 PID    # preferences are read from the database

Needs its own dcrd and dcrwallet, the wallet unlocked. TERM or INT stops, twice: at once.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(dcrstakepool completions bash)
  dcrstakepool completions zsh >~/.zfunc/_dcrstakepool

The Debian package has them already.";

/// A Decred stake pool: votes its users' tickets, never holds their money.
#[derive(Debug, Parser)]
#[command(name = "dcrstakepool", version = VERSION, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves the site and the API
    #[command(after_help = WEB_EXAMPLES)]
    Web(RoleArgs),
    /// Votes, beside its own dcrd and dcrwallet
    #[command(after_help = VOTER_EXAMPLES)]
    Voter(RoleArgs),
    /// Creates the database's tables, or brings them to this version
    Migrate(MigrateArgs),
    /// Writes all that is stored to a file, while web runs
    Backup(BackupArgs),
    /// Fills an empty database from such a file
    Restore(RestoreArgs),
    /// Rechecks the voters and clears a halt of enrolment
    Resume(ResumeArgs),
    /// Has low-fee tickets voted: makes every voter know them and adds them to the list
    AddInvalidTickets(AddInvalidTicketsArgs),
    /// Lists users, shows one, verifies, disables, enables
    User(UserArgs),
    /// Writes the first configuration: asks, looks whether it is right, overwrites nothing
    Setup(SetupArgs),
    /// Looks whether all is well with web or a voter
    Check(CheckArgs),
    /// Converts the Go program's configuration files into this program's
    ImportConfig(ImportConfigArgs),
    /// Buys pool tickets from your own dcrwallet (for ticket holders)
    Buy(BuyArgs),
    /// Votes your pool tickets by your own dcrwallet, should the pool be away (for ticket holders)
    Vote(VoteArgs),
    /// Prints a script that completes this command line
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Writes the man pages into a folder, for packages
    #[command(hide = true)]
    Manual(ManualArgs),
}

#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Args)]
pub struct ManualArgs {
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Where the configuration is.
#[derive(Debug, Clone, Default, Args)]
pub struct RoleArgs {
    /// Configuration file (else searched, see `dcrstakepool --help`)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool migrate --dry-run
  dcrstakepool migrate --backup before-the-upgrade.backup
  dcrstakepool migrate --yes-i-have-a-backup

Takes over the database of the Go program, of any of its versions: nothing in it is deleted or rewritten, it only
gets what later versions of that program have. Can be run again after an interruption. A missing or empty database
needs no backup.")]
pub struct MigrateArgs {
    #[command(flatten)]
    pub role: RoleArgs,
    /// Say what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write a backup to FILE first, for `dcrstakepool restore`
    #[arg(long, value_name = "FILE", conflicts_with = "yes_i_have_a_backup")]
    pub backup: Option<PathBuf>,
    /// Go on without: you made one
    #[arg(long)]
    pub yes_i_have_a_backup: bool,
    /// Scripts of the Go program's first version have tickets from this height on (default 15346)
    #[arg(long, value_name = "HEIGHT")]
    pub grandfathered_height: Option<u32>,
    /// Give every verified user a new API token, and void all others: after api_secret was changed
    #[arg(long)]
    pub reissue_tokens: bool,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool backup /var/backups/pool-2026-11-26.backup
  dcrstakepool backup - | zstd | age -r RECIPIENT >pool.backup.zst.age
  dcrstakepool backup move.backup --with-secrets     # with web stopped: to move to another database

The database as it is at one moment; web goes on meanwhile. Lines of JSON with a checksum at the end, for SQLite
and MySQL alike. The file is its owner's alone, appears when it is whole, and is to be kept as safe as the database:
it has e-mail addresses, password hashes, API tokens and redeem scripts. It never has keys or api_secret: back up
the configuration too. Left out: sessions, sign-ups and links under way, the mail queue and limits.

Exit codes: 0 it is written, 1 it is not, 69 the database is away, 78 it is not of this version.")]
pub struct BackupArgs {
    /// Where to; - is standard output
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub role: RoleArgs,
    /// Also what lives for hours: sessions, sign-ups, mailed links, waiting mails
    #[arg(long)]
    pub with_secrets: bool,
    /// Replace FILE if it is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool restore /var/backups/pool-2026-11-26.backup
  DCRSTAKEPOOL__DATABASE__URL=mysql://pool_admin:…@localhost/new dcrstakepool restore move.backup

Stop web first. Fills a database without users, of either kind, and makes its tables; refuses any other. The file is
read to its end before anything is changed. Can be run again after an interruption; until then web does not start.
The backup of an older version becomes this version's; that of the Go program's tables (`migrate --backup`) comes
back as it was.

Exit codes: 0 all is there, 1 the file is damaged or the database is in use, 69 the database is away, 78 the backup
is of a newer version.")]
pub struct RestoreArgs {
    /// A file that `dcrstakepool backup` or `migrate --backup` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub role: RoleArgs,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool import-config ~/.dcrstakepool/dcrstakepool.conf --dry-run
  dcrstakepool import-config ~/.dcrstakepool/dcrstakepool.conf >dcrstakepool.toml
  dcrstakepool import-config dcrstakepool.conf stakepoold.conf >voter.toml

Understands dcrstakepool.conf and stakepoold.conf of versions 1.1.1 to 1.5. The configuration goes to standard
output, what became of each option to standard error. Secrets are written to files, never over others.")]
pub struct ImportConfigArgs {
    /// dcrstakepool.conf, stakepoold.conf, or one of each
    #[arg(value_name = "FILE", required = true, num_args = 1..=2)]
    pub files: Vec<PathBuf>,
    /// Folder of the files with secrets; made when missing
    #[arg(long, value_name = "DIR", default_value = "secrets")]
    pub secrets_dir: PathBuf,
    /// Only tell what becomes of each option, write nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool resume
  dcrstakepool resume --override \"voter 2 had the wrong seed, replaced\"
  dcrstakepool resume --accept-preferences")]
pub struct ResumeArgs {
    #[command(flatten)]
    pub role: RoleArgs,
    /// Clear the halt although the recheck does not pass; the reason is kept
    #[arg(long = "override", value_name = "REASON")]
    pub override_reason: Option<String>,
    /// Have the voters take the preferences that they refused
    #[arg(long)]
    pub accept_preferences: bool,
}

#[derive(Debug, Clone, Default, Args)]
#[command(
    group = ArgGroup::new("which").required(true).args(["address", "email", "all", "hashes"]),
    after_help = "\
Examples:
  dcrstakepool add-invalid-tickets --email kim@example.com --dry-run
  dcrstakepool add-invalid-tickets --email kim@example.com
  dcrstakepool add-invalid-tickets --address TICKET_ADDRESS
  dcrstakepool add-invalid-tickets --all --json
  dcrstakepool add-invalid-tickets TICKET_HASH TICKET_HASH

Run it on the web host; web may run meanwhile. --address, --email and --all take the tickets that are
ignored for their fee and may still vote; hashes may also be of tickets that the pool missed. May be
repeated at any time. /admintickets takes tickets off the list.

Exit codes: 0 every ticket is voted by every voter, 1 something failed, 69 a voter is away (web tells it
the list when it is back)."
)]
pub struct AddInvalidTicketsArgs {
    #[command(flatten)]
    pub role: RoleArgs,
    /// The tickets of one ticket address
    #[arg(long, value_name = "TICKET_ADDRESS")]
    pub address: Option<String>,
    /// The tickets of one user
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<String>,
    /// The tickets of all users
    #[arg(long)]
    pub all: bool,
    /// These tickets
    #[arg(value_name = "TICKET_HASH")]
    pub hashes: Vec<TicketHash>,
    /// Say what would be done, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object: ok, `dry_run`, tickets with their voters, `voters_away`
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool user list
  dcrstakepool user show kim@example.com
  dcrstakepool user verify kim@example.com
  dcrstakepool user disable 17
  dcrstakepool user enable 17
  dcrstakepool user reset-second-factor kim@example.com
Run it on the web host; web may run meanwhile. Users are given by number, e-mail address or ticket address. A
disabled user cannot sign in nor use the API, and the sessions end at once; the tickets are voted as ever. Before
a second factor is reset, make sure that it is its owner who asks; the owner is told by mail. What
is done is written to the audit log. /admin/users does the same in the browser.
Exit codes: 0 done, 1 not done or nobody found.")]
pub struct UserArgs {
    /// Configuration file (else searched, see `dcrstakepool --help`)
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// One line a user: number, state, e-mail, ticket address
    List,
    /// What is known of one
    Show(UserName),
    /// As if the link of the verification mail had been opened
    Verify(UserName),
    /// No sign-in, no API; sessions end
    Disable(UserName),
    /// Undoes `disable`
    Enable(UserName),
    /// For who lost the app and the recovery codes: the password is enough again
    ResetSecondFactor(UserName),
}

/// Whom a command is about.
#[derive(Debug, Clone, Args)]
pub struct UserName {
    /// Number, e-mail address or ticket address
    #[arg(value_name = "USER")]
    pub who: String,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool setup voter
  dcrstakepool setup web --dir /etc/dcrstakepool
  dcrstakepool setup voter --yes --dcrd-dir ~/.dcrd --dcrwallet-dir ~/.dcrwallet --cold-key cold.key --fee 5
  dcrstakepool setup web --yes --voting-key voting.key --cold-key cold.key --fee 5 --name Pool \\
      --email me@example.com --base-url https://pool.example.com --voter 10.0.0.20:9113,voter1.cert,voter1.token

What an option does not say is asked. Daemons and voters are asked whether it is right before anything is written.
Secrets are written to files of their own.

Exit codes: 0 written, 1 not written, 2 an option is missing or wrong.")]
pub struct SetupArgs {
    #[command(subcommand)]
    pub what: SetupWhat,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SetupWhat {
    /// A voting node, beside its dcrd and dcrwallet
    Voter(SetupVoterArgs),
    /// The web host
    Web(SetupWebArgs),
}

/// What both kinds of host are asked.
#[derive(Debug, Clone, Default, Args)]
pub struct SetupPoolArgs {
    /// Folder for the configuration and its secrets; made when missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Ask nothing, take defaults
    #[arg(long)]
    pub yes: bool,
    /// Write it although something that was looked at is not right
    #[arg(long)]
    pub force: bool,
    /// mainnet, testnet or simnet
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// The cold wallet's extended public key, or a file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub cold_key: Option<String>,
    /// The pool's fee in percent, two decimals
    #[arg(long, value_name = "PERCENT")]
    pub fee: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct SetupVoterArgs {
    #[command(flatten)]
    pub pool: SetupPoolArgs,
    /// dcrd's HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub dcrd: Option<String>,
    /// Folder with dcrd.conf and rpc.cert
    #[arg(long, value_name = "DIR")]
    pub dcrd_dir: Option<String>,
    /// dcrwallet's HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub dcrwallet: Option<String>,
    /// Folder with dcrwallet.conf and rpc.cert
    #[arg(long, value_name = "DIR")]
    pub dcrwallet_dir: Option<String>,
    /// Where web reaches this voter
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Folder where the voter may write, such as /var/lib/dcrvoter of its unit (else beside the configuration)
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct SetupWebArgs {
    #[command(flatten)]
    pub pool: SetupPoolArgs,
    /// The voting wallets' extended public key, or a file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub voting_key: Option<String>,
    /// The pool's name
    #[arg(long)]
    pub name: Option<String>,
    /// Whom users can write to
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Where users reach the site
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Where the proxy reaches web
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// sqlite://FILE, or a file that holds the URL of a MySQL database
    #[arg(long, value_name = "URL|FILE")]
    pub database: Option<String>,
    /// A voter: its address, its certificate, its token (two files); once for each
    #[arg(long = "voter", value_name = "HOST:PORT,CERT,TOKEN")]
    pub voters: Vec<String>,
}

/// Which role is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckedRole {
    Web,
    Voter,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool check voter --config voter1.toml
  dcrstakepool check web
  dcrstakepool check web --json | jq '.checks[] | select(.status != \"ok\")'
  dcrstakepool check web --send-test-mail you@example.com --send-test-alert

Changes nothing. `voter` asks the running voter by its own RPC; while none runs it looks at dcrd, dcrwallet and
the saved state as a start would. `web` looks at the database and asks every voter.

Exit codes: 0 nothing failed (warnings may be there), 1 something failed, 78 configuration.")]
pub struct CheckArgs {
    #[command(flatten)]
    pub role: RoleArgs,
    #[arg(value_enum, value_name = "web|voter")]
    pub what: CheckedRole,
    /// Send a mail to this address by [mail] (web only)
    #[arg(long, value_name = "ADDRESS")]
    pub send_test_mail: Option<String>,
    /// Tell everybody whom [alerts] names that this is a test (web only)
    #[arg(long)]
    pub send_test_alert: bool,
    /// Print one JSON object: `ok`, and `checks` with `name`, `status`, `text`, `hint` each
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool buy --pool https://pool.example.com --token-file token \\
      --wallet 127.0.0.1:9110 --wallet-user me --wallet-password-file password \\
      --wallet-cert ~/.dcrwallet/rpc.cert
  dcrstakepool buy … --count 3 --yes --json

The wallet must be unlocked. Shows what it will do and asks before it spends; without a terminal
it buys only with --yes.")]
pub struct BuyArgs {
    /// The pool's address on the web
    #[arg(long, value_name = "URL")]
    pub pool: String,
    /// File with your API token (from the pool's settings page)
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    #[command(flatten)]
    pub wallet: WalletArgs,
    /// How many tickets
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub count: u32,
    /// How long to wait until coins that had to be split are mined
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub wait_minutes: u32,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object: tickets, split, `price_atoms`, `pool_fee_atoms`
    #[arg(long)]
    pub json: bool,
}

/// A ticket holder's own wallet.
#[derive(Debug, Clone, Args)]
pub struct WalletArgs {
    /// HOST or HOST:PORT of your own dcrwallet's JSON-RPC
    #[arg(long, value_name = "HOST")]
    pub wallet: String,
    /// User name of the wallet's JSON-RPC
    #[arg(long, value_name = "USER")]
    pub wallet_user: String,
    /// File with its password
    #[arg(long, value_name = "FILE")]
    pub wallet_password_file: PathBuf,
    /// The wallet's certificate
    #[arg(long, value_name = "FILE")]
    pub wallet_cert: PathBuf,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  dcrstakepool vote --script-file ticket-script.json \\
      --dcrd 127.0.0.1:9109 --dcrd-user me --dcrd-password-file password --dcrd-cert ~/.dcrd/rpc.cert \\
      --wallet 127.0.0.1:9110 --wallet-user me --wallet-password-file password \\
      --wallet-cert ~/.dcrwallet/rpc.cert

The wallet must be the one that bought the tickets, and unlocked. Runs until it is stopped. While the
pool votes too, whoever is first counts.")]
pub struct VoteArgs {
    /// The script from the pool's address page, JSON or text
    #[arg(long, value_name = "FILE")]
    pub script_file: PathBuf,
    /// mainnet, testnet or simnet, when the file does not say
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub network: Option<Network>,
    /// HOST or HOST:PORT of a dcrd's JSON-RPC
    #[arg(long, value_name = "HOST")]
    pub dcrd: String,
    /// User name of dcrd's JSON-RPC
    #[arg(long, value_name = "USER")]
    pub dcrd_user: String,
    /// File with its password
    #[arg(long, value_name = "FILE")]
    pub dcrd_password_file: PathBuf,
    /// dcrd's certificate
    #[arg(long, value_name = "FILE")]
    pub dcrd_cert: PathBuf,
    #[command(flatten)]
    pub wallet: WalletArgs,
    /// Vote bits: 1 approves the block before and abstains from all agendas
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub vote_bits: u16,
    /// Print one JSON object a line: ticket, block, height, vote, outcome
    #[arg(long)]
    pub json: bool,
}

fn network(text: &str) -> Result<Network, String> {
    Network::given(text).ok_or_else(|| "must be mainnet, testnet or simnet".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn clap_accepts_the_definition() {
        Cli::command().debug_assert();
    }

    #[test]
    fn networks_are_called_as_in_the_configuration() {
        for (name, expected) in [
            ("mainnet", Some(Network::Mainnet)),
            ("testnet", Some(Network::Testnet)),
            ("simnet", Some(Network::Simnet)),
            ("moon", None),
        ] {
            assert_eq!(network(name).ok(), expected, "{name}");
        }
    }

    #[test]
    fn the_version_is_the_packages() {
        assert!(VERSION.starts_with(env!("CARGO_PKG_VERSION")));
    }
}
