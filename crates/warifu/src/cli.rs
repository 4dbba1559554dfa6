//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Flags;

/// Warifu: a self-hosted barcode wallet.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Flags,
    /// Print results as JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve tills and members until Ctrl-C or SIGTERM.
    Serve,
    /// Merchants: who is paid out.
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// Shops of a merchant.
    #[command(subcommand)]
    Shop(ShopCommand),
    /// Terminals of a shop.
    #[command(subcommand)]
    Terminal(TerminalCommand),
    /// Members and their wallets.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Ask as a member's phone does, for trials: `warifu phone --file member.txt GET /v1/balances`.
    Phone(PhoneOptions),
    /// Wallets: look at one, give, mend, freeze.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// The issuer's limits and lives.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Partners: programs of a merchant or of the issuer.
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Serve the failure board alone, without a wallet, until Ctrl-C or SIGTERM.
    Board,
    /// Failure reviews: begin one, make links for seats in it.
    #[command(subcommand)]
    Review(ReviewCommand),
    /// Whether you are ready to open, and to stay open: what is open of controls, checks, plans, training, people, texts and the
    /// measures of reviews; and what could be lost.
    Ready(ReadyOptions),
    /// Prove the invariants of the money on a database; needs no keys and changes nothing.
    Verify,
    /// Copy the database into a file while the server works, prove the copy, and describe it in a manifest beside it.
    Backup {
        /// The file to make, such as `/backups/2026-04-01.db`. Nothing is overwritten.
        target: PathBuf,
    },
    /// Put a backup where the database is to be, after proving it. Needs the key file; no server may run.
    Restore {
        /// The file that `backup` made, with its manifest beside it.
        source: PathBuf,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run the main job from end to end in a folder of its own, and serve it.
    Demo(DemoOptions),
}

/// What to do with merchants.
#[derive(Debug, Subcommand)]
pub(crate) enum MerchantCommand {
    /// Add a merchant.
    Add {
        /// Its name, as people know it.
        #[arg(long)]
        name: String,
        /// Its number as an issuer of qualified invoices: `T` and 13 digits. Receipts in Japan need it.
        #[arg(long)]
        invoice_number: Option<String>,
    },
}

/// What to do with shops.
#[derive(Debug, Subcommand)]
pub(crate) enum ShopCommand {
    /// Add a shop to a merchant.
    Add {
        /// The merchant, `mer_...`.
        #[arg(long)]
        merchant: String,
        /// Its name, as members see it.
        #[arg(long)]
        name: String,
    },
    /// Set what a shop gives in points and when its day ends.
    Set {
        /// The shop, `shp_...`.
        #[arg(long)]
        shop: String,
        /// How many yen earn a point; 0 for no points.
        #[arg(long)]
        yen_per_point: Option<i64>,
        /// How many minutes after midnight its day ends: 240 for a shop that closes at four in the morning.
        #[arg(long)]
        closing_minutes: Option<i64>,
    },
    /// Refuse everything from a shop's terminals.
    Freeze {
        /// The shop, `shp_...`.
        #[arg(long)]
        shop: String,
    },
    /// Let a frozen shop work again.
    Unfreeze {
        /// The shop, `shp_...`.
        #[arg(long)]
        shop: String,
    },
}

/// What to do with terminals.
#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// Add a terminal to a shop. Shows its token and its signing secret, this once.
    Add {
        /// The shop, `shp_...`.
        #[arg(long)]
        shop: String,
        /// Its name, as the shop knows it.
        #[arg(long)]
        name: String,
        /// What it is: `till` or `atm`.
        #[arg(long, default_value = "till")]
        channel: String,
        /// For trials only: no real money, and faults on demand.
        #[arg(long)]
        sandbox: bool,
    },
    /// Make a link by which a browser becomes a terminal: the till page, or the ATM's. Good once, for a day.
    Link {
        /// The terminal, `trm_...`.
        #[arg(long)]
        terminal: String,
    },
    /// End a terminal for good, and the browser that is it: stolen, sold or replaced.
    Revoke {
        /// The terminal, `trm_...`.
        #[arg(long)]
        terminal: String,
    },
    /// Give a terminal's place the numbers that JPQR knows it by, or take them away.
    Jpqr {
        /// The terminal, `trm_...`.
        #[arg(long)]
        terminal: String,
        /// The numbers, `0000000000001-0001-000001-000001`.
        #[arg(long, requires = "postal_code")]
        number: Option<String>,
        /// The postal code of the place, which JPQR's codes need.
        #[arg(long, requires = "number")]
        postal_code: Option<String>,
    },
    /// Refuse everything from a terminal.
    Freeze {
        /// The terminal, `trm_...`.
        #[arg(long)]
        terminal: String,
    },
    /// Let a frozen terminal work again.
    Unfreeze {
        /// The terminal, `trm_...`.
        #[arg(long)]
        terminal: String,
    },
}

/// What to do with members.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add a member with an empty wallet and no passkey, for trials. Shows what stands in for the phone, this once.
    Add,
}

/// What to ask as a member's phone.
#[derive(Clone, Debug, Args)]
pub(crate) struct PhoneOptions {
    /// What `warifu member add` printed; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) at: String,
    /// `GET`, `POST` or `DELETE`.
    pub(crate) method: String,
    /// `/v1/balances`.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Option<String>,
}

/// What to give, to whom and why.
#[derive(Clone, Debug, Args)]
pub(crate) struct GiveOptions {
    /// The wallet, `wal_...`.
    #[arg(long)]
    pub(crate) wallet: String,
    /// How much, in yen or points.
    #[arg(long)]
    pub(crate) amount: i64,
    /// Why, for whoever reads the books.
    #[arg(long)]
    pub(crate) reason: String,
    /// An id of your own: the same command with the same id has its effect once.
    #[arg(long)]
    pub(crate) request_id: Option<String>,
}

/// What to do with wallets.
#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Show what a wallet holds, lot by lot.
    Show {
        /// The wallet, `wal_...`.
        #[arg(long)]
        wallet: String,
    },
    /// Give bonus yen.
    Grant {
        #[command(flatten)]
        give: GiveOptions,
        /// The last day on which they can be spent, such as 2026-12-31; as the policy says, if absent.
        #[arg(long)]
        until: Option<String>,
    },
    /// Make a loss good with paid yen.
    Compensate {
        #[command(flatten)]
        give: GiveOptions,
    },
    /// Mend an account: add to it, or take from it.
    Correct {
        #[command(flatten)]
        give: GiveOptions,
        /// Which account: `paid`, `bonus` or `points`.
        #[arg(long)]
        account: String,
        /// Take instead of adding.
        #[arg(long)]
        take: bool,
    },
    /// Set what the member may do: `active`, `frozen`, `closing` or `closed`.
    State {
        /// The wallet, `wal_...`.
        #[arg(long)]
        wallet: String,
        /// The state.
        #[arg(long)]
        state: String,
    },
}

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the policy in force.
    Show,
    /// Change entries: `balance_max=50000 payment_max=off`. In force from the next decision on, on all nodes.
    Set {
        /// `name=number` or `name=off`.
        #[arg(required = true)]
        entries: Vec<String>,
    },
}

/// What to do with partners.
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Add a partner, who reads events. Shows its token, this once.
    Add {
        /// Its name, as people know it.
        #[arg(long)]
        name: String,
        /// The merchant whose events it sees, `mer_...`; without one it is the issuer's and sees everything.
        #[arg(long)]
        merchant: Option<String>,
    },
}

/// What to do with failure reviews.
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Begin a review. Shows the link by which a browser becomes its facilitator; good for a week, for one seat.
    Add {
        /// The case in a few words.
        #[arg(long)]
        name: String,
        /// The key of the chart of causes that it keeps to.
        #[arg(long, default_value = "it-project")]
        chart: String,
        /// The version of the chart; the latest, if absent.
        #[arg(long)]
        chart_version: Option<u32>,
    },
    /// Begin a review that is what a document says, which a review was taken away as (`json`).
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
    },
    /// Begin a review of an incident, from a document of the form `warifu-incident`: its time line becomes facts.
    Incident {
        /// The file; `-` for standard input.
        file: PathBuf,
    },
    /// Hand in what came of the proofs of measures; in a complete review too.
    Results {
        /// The review, `rev_...`.
        #[arg(long)]
        review: String,
        /// The file, as `POST /v1/review/results` takes it; `-` for standard input.
        file: PathBuf,
    },
    /// Make a link for seats: for whoever lost the browser, if the facilitator is gone, or for a program.
    Link {
        /// The review, `rev_...`.
        #[arg(long)]
        review: String,
        /// What the seats allow: `facilitator`, `participant`, `reader`, or `program` for handing in results.
        #[arg(long, default_value = "facilitator")]
        role: String,
        /// For how many.
        #[arg(long, default_value_t = 1)]
        seats: u32,
    },
    /// List the reviews: id, name, and how far each is.
    List,
    /// Remove a review with everything in it, for good. Backups that were made before have it still.
    Remove {
        /// The review, `rev_...`.
        #[arg(long)]
        review: String,
        /// Its name as it is now, so that it is not another one.
        #[arg(long)]
        name: String,
    },
}

/// How readiness is shown, or what is done about it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ReadyOptions {
    /// What to do; shows everything, if absent.
    #[command(subcommand)]
    pub(crate) command: Option<ReadyCommand>,
    /// Fail if anything is open: for a script that launches.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write it as Markdown: for the insurer, or for paper.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// The language; by default that of the environment.
    #[arg(long, value_enum)]
    pub(crate) language: Option<Language>,
}

/// What to do about readiness.
#[derive(Debug, Subcommand)]
pub(crate) enum ReadyCommand {
    /// Answer to a line. What is not given stays as it is; every answer is kept.
    Set(Box<AnswerOptions>),
    /// Add a line of your own.
    Add {
        /// Names it in commands: `a` to `z`, `0` to `9` and `-`.
        key: String,
        /// Where it stands: `control`, `check`, `plan`, `training`, `people` or `text`.
        #[arg(long)]
        section: String,
        /// What has to be so, in one line.
        #[arg(long)]
        title: String,
        /// Why.
        #[arg(long, default_value = "")]
        why: String,
        /// Within how many days it is done again, if it repeats.
        #[arg(long, value_name = "DAYS")]
        repeats: Option<u16>,
    },
    /// Show every answer that was given to a line.
    History {
        /// The key of the line.
        key: String,
    },
}

/// What is answered to a line.
#[derive(Clone, Debug, Args)]
pub(crate) struct AnswerOptions {
    /// The key of the line.
    pub(crate) key: String,
    /// How far it is: `open`, `doing`, `met`, or `not_needed` with a reason.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Whose it is: a role, never a name.
    #[arg(long)]
    pub(crate) role: Option<String>,
    /// Until when, such as 2026-12-31, or `off`.
    #[arg(long, value_name = "DAY")]
    pub(crate) due: Option<String>,
    /// Why it is not needed.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// By what one can see that it is met.
    #[arg(long, value_name = "TEXT")]
    pub(crate) evidence: Option<String>,
    /// Where one can see it: `https://...`.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// When somebody looked; today, if it is met now.
    #[arg(long, value_name = "DAY")]
    pub(crate) checked_on: Option<String>,
    /// When somebody looks next, or `off`.
    #[arg(long, value_name = "DAY")]
    pub(crate) next_check: Option<String>,
    /// Whatever else is to be known.
    #[arg(long)]
    pub(crate) note: Option<String>,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration, say where each value comes from, and complain about what does not fit.
    Check,
}

/// How to run the demonstration.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// End after the receipt instead of serving until Ctrl-C.
    #[arg(long)]
    pub(crate) once: bool,
    /// The folder for its database, keys and pictures.
    #[arg(long, default_value = "warifu-demo")]
    pub(crate) dir: PathBuf,
    /// The language of the receipt; by default that of the environment.
    #[arg(long, value_enum)]
    pub(crate) language: Option<Language>,
}

/// A language of the people who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// 日本語
    Ja,
}
