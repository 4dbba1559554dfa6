//! What the program can see by itself, from facts that are handed in. Nobody can say otherwise by hand.

use serde::{Deserialize, Serialize};

use crate::chart::Names;
use crate::limit::Policy;

/// At what the program looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Whether people open it by `https`.
    PublicOrigin,
    /// Whether strangers begin no reviews.
    ReviewsBegunBy,
    /// Whether one caller cannot ask without end.
    RequestLimit,
    /// Whether nobody else reads the key file.
    KeyFile,
    /// Whether webhooks lead into no private network.
    WebhookAddresses,
    /// Whether the operator's own address is reached from here, or a private network, alone.
    OperatorAddress,
    /// Whether what a wallet pays over a day has an end.
    WalletPaymentDay,
    /// Whether what is put into a wallet over a day has an end.
    WalletTopUpDay,
    /// Whether a wallet that was moved cools, and pays little meanwhile.
    Cooling,
    /// Whether what a wallet holds has an end.
    BalanceMax,
    /// Whether what a terminal takes over a day has an end.
    TerminalPaymentDay,
    /// Whether what a terminal puts in over a day has an end.
    TerminalTopUpDay,
    /// Whether every member has a passkey.
    TrialMembers,
    /// Whether no terminal waits for somebody to decide about it.
    FrozenTerminals,
}

impl Look {
    /// Whether it is about a wallet, so that a board alone has no such line.
    #[must_use]
    pub const fn is_of_wallet(self) -> bool {
        !matches!(self, Self::PublicOrigin | Self::ReviewsBegunBy | Self::RequestLimit | Self::KeyFile)
    }

    /// What to write into the configuration, or to type, so that it is as it has to be.
    #[must_use]
    pub const fn mended_by(self) -> &'static str {
        match self {
            Self::PublicOrigin => "public_origin = \"https://NAME\"",
            Self::ReviewsBegunBy => "reviews_begun_by = \"operator\"",
            Self::RequestLimit => "requests_per_second = 200",
            Self::KeyFile => "chmod 600 warifu.keys",
            Self::WebhookAddresses => "webhook_private_addresses = \"refuse\"",
            Self::OperatorAddress => "metrics_listen = \"127.0.0.1:9464\"",
            Self::WalletPaymentDay => "warifu policy set wallet_payment_day=YEN",
            Self::WalletTopUpDay => "warifu policy set wallet_top_up_day=YEN",
            Self::Cooling => "warifu policy set cooling_days=1 cooling_payment_day=YEN",
            Self::BalanceMax => "warifu policy set balance_max=YEN",
            Self::TerminalPaymentDay => "warifu policy set terminal_payment_day=YEN",
            Self::TerminalTopUpDay => "warifu policy set terminal_top_up_day=YEN",
            Self::TrialMembers => "warifu wallet state --wallet WALLET --state closed",
            Self::FrozenTerminals => "warifu terminal unfreeze --terminal TERMINAL",
        }
    }
}

/// What there is to be seen.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Where people open it.
    pub origin: &'a str,
    /// Whether only the operator begins reviews.
    pub is_begun_by_operator: bool,
    /// What one caller may ask, if there is a limit.
    pub requests_per_second: Option<u32>,
    /// Whether the key file is its owner's alone; `None` if it cannot be looked at.
    pub is_key_file_private: Option<bool>,
    /// What there is where there is a wallet.
    pub purse: Option<Purse<'a>>,
}

/// What there is to be seen of a wallet.
#[derive(Clone, Debug)]
pub struct Purse<'a> {
    /// Whether webhooks lead into no private network.
    pub refuses_private_webhooks: bool,
    /// The operator's own address, or `off`.
    pub operator_address: &'a str,
    /// Whether it is reached from here, or a private network, alone; `None` if that cannot be known.
    pub is_operator_address_private: Option<bool>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// How many members have no passkey, counted up to [`Purse::COUNTED`].
    pub trial_members: u64,
    /// How many terminals are frozen and not ended.
    pub frozen_terminals: u64,
}

impl Purse<'_> {
    /// How far members without a passkey are counted.
    pub const COUNTED: u64 = 1_000;
}

/// What the program saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether it is as it has to be; `None` if that could not be seen.
    pub is_met: Option<bool>,
    /// What was there.
    pub what: Names,
}

/// Looks. `None` where there is nothing to look at: a wallet's line on a board alone.
#[must_use]
pub fn look(look: Look, facts: &Facts<'_>) -> Option<Seen> {
    let seen = match look {
        Look::PublicOrigin => plain(facts.origin.starts_with("https://"), facts.origin),
        Look::ReviewsBegunBy => {
            let is_met = facts.is_begun_by_operator;
            plain(is_met, if is_met { "reviews_begun_by = operator" } else { "reviews_begun_by = anyone" })
        }
        Look::RequestLimit => match facts.requests_per_second {
            Some(rate) => plain(true, &format!("requests_per_second = {rate}")),
            None => plain(false, "requests_per_second = off"),
        },
        Look::KeyFile => key_file(facts.is_key_file_private),
        _ => of_wallet(look, facts.purse.as_ref()?),
    };
    Some(seen)
}

fn of_wallet(look: Look, purse: &Purse<'_>) -> Seen {
    let policy = purse.policy;
    match look {
        Look::WebhookAddresses => {
            let is_met = purse.refuses_private_webhooks;
            plain(
                is_met,
                if is_met { "webhook_private_addresses = refuse" } else { "webhook_private_addresses = allow" },
            )
        }
        Look::OperatorAddress => {
            let what = format!("metrics_listen = {}", purse.operator_address);
            Seen { is_met: purse.is_operator_address_private, what: both(&what) }
        }
        Look::WalletPaymentDay => entries(policy, &["wallet_payment_day"]),
        Look::WalletTopUpDay => entries(policy, &["wallet_top_up_day"]),
        Look::Cooling => entries(policy, &["cooling_days", "cooling_payment_day"]),
        Look::BalanceMax => entries(policy, &["balance_max"]),
        Look::TerminalPaymentDay => entries(policy, &["terminal_payment_day"]),
        Look::TerminalTopUpDay => entries(policy, &["terminal_top_up_day"]),
        Look::TrialMembers => trial_members(purse.trial_members),
        _ => {
            let count = purse.frozen_terminals;
            Seen {
                is_met: Some(count == 0),
                what: Names {
                    ja: format!("凍結したままの端末: {count}台"),
                    en: format!("terminals that are frozen and not revoked: {count}"),
                },
            }
        }
    }
}

/// Entries of the policy, all of which have to be on.
fn entries(policy: &Policy, names: &[&str]) -> Seen {
    let found: Vec<_> = policy.entries().into_iter().filter(|(name, _)| names.contains(name)).collect();
    let written: Vec<_> = found.iter().map(|(name, value)| format!("{name} = {}", number(*value))).collect();
    Seen { is_met: Some(found.iter().all(|(_, value)| value.is_some())), what: both(&written.join(", ")) }
}

fn key_file(is_private: Option<bool>) -> Seen {
    let (ja, en) = match is_private {
        Some(true) => ("持ち主だけが読めます", "only its owner can read it"),
        Some(false) => ("ほかの人も読めます", "others can read it"),
        None => ("鍵ファイルを見られません", "the key file cannot be looked at"),
    };
    Seen { is_met: is_private, what: Names { ja: ja.to_owned(), en: en.to_owned() } }
}

fn trial_members(count: u64) -> Seen {
    let is_more = count >= Purse::COUNTED;
    let what = Names {
        ja: format!("パスキーのない会員: {count}人{}", if is_more { "以上" } else { "" }),
        en: format!("members without a passkey: {count}{}", if is_more { " or more" } else { "" }),
    };
    Seen { is_met: Some(count == 0), what }
}

fn plain(is_met: bool, what: &str) -> Seen {
    Seen { is_met: Some(is_met), what: both(what) }
}

/// What is said alike in both languages.
fn both(text: &str) -> Names {
    Names { ja: text.to_owned(), en: text.to_owned() }
}

/// A limit or a life as the policy's commands write it.
fn number(value: Option<i64>) -> String {
    value.map_or_else(|| "off".to_owned(), |value| value.to_string())
}
