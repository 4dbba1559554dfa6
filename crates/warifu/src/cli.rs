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
    /// Partners: programs of a merchant or of the issuer.
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Prove the invariants of the money on a database; needs no keys and changes nothing.
    Verify,
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
    },
}

/// What to do with members.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add a member with an empty wallet. Shows the member's token, this once.
    Add,
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
