//! The receipt: lines of text of one width, in English or Japanese.

use std::net::SocketAddr;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::Language;

/// How many columns a line has. A Japanese character takes two.
const WIDTH: usize = 64;

/// Where to go on in a browser. Each is good once.
pub(super) struct Links {
    /// A till, an ATM, and a till for trials.
    pub(super) counters: [SecretString; 3],
    /// The sample review.
    pub(super) sample: SecretString,
}

/// Prints the story line by line, as it happens.
pub(super) struct Receipt {
    pub(super) language: Language,
}

impl Receipt {
    pub(super) const fn new(language: Language) -> Self {
        Self { language }
    }

    /// The text in the language of the receipt.
    pub(super) const fn say<'a>(&self, english: &'a str, japanese: &'a str) -> &'a str {
        match self.language {
            Language::En => english,
            Language::Ja => japanese,
        }
    }

    #[allow(clippy::print_stdout, clippy::unused_self, reason = "the receipt is what the command is for")]
    pub(super) fn print(&self, line: &str) {
        println!("{line}");
    }

    /// A heading between two rules.
    pub(super) fn title(&self, text: &str) {
        self.print(&"=".repeat(WIDTH));
        self.print(text);
        self.print(&"=".repeat(WIDTH));
    }

    /// A heading over the lines that follow.
    pub(super) fn section(&self, text: &str) {
        self.print("");
        self.print(text);
        self.print(&"-".repeat(WIDTH));
    }

    /// A text on the left and one on the right; too long for one line, the right one goes below.
    pub(super) fn row(&self, left: &str, right: &str) {
        let taken = columns(left).saturating_add(columns(right)).saturating_add(3);
        match WIDTH.checked_sub(taken) {
            Some(gap) => self.print(&format!("  {left}{}{right}", " ".repeat(gap.saturating_add(1)))),
            None => {
                self.print(&format!("  {left}"));
                self.print(&format!("{}{right}", " ".repeat(WIDTH.saturating_sub(columns(right)))));
            }
        }
    }

    /// Says where the server is and what to try.
    pub(super) fn invite(&self, address: SocketAddr, origin: &str, links: &Links, dir: &Path) {
        let dir = dir.display();
        self.section(self.say("Serving until Ctrl-C", "サービス中(Ctrl-C で終了)"));
        self.row(self.say("your own wallet", "自分のウォレット"), origin);
        self.row(self.say("failure board", "失敗の振り返り"), &format!("{origin}/reviews"));
        self.row(self.say("interface", "インターフェース"), &format!("http://{address}/docs"));
        self.row(self.say("tokens", "トークン"), &format!("{dir}/tokens.env"));
        self.print("");
        self.print(self.say(
            "  Open your wallet in one window and a till in another. Each link is good once:",
            "  ウォレットとレジを別々のウィンドウで開いてください。リンクはそれぞれ一度だけ使えます:",
        ));
        let names = [
            self.say("till", "レジ"),
            self.say("ATM", "ATM"),
            self.say("sandbox, for makers of tills", "サンドボックス(レジ開発者向け)"),
        ];
        for (name, link) in names.into_iter().zip(&links.counters) {
            self.print(&format!("    {name}\n      {}", link.expose_secret()));
        }
        let sample = self.say("review of 7pay, which you lead", "7pay の検討会(あなたが進行役)");
        self.print(&format!("    {sample}\n      {}", links.sample.expose_secret()));
        self.print(self.say("  Or be a till yourself, by the interface:", "  インターフェースを直接使うには:"));
        self.print(&format!("    . {dir}/tokens.env"));
        self.print(&format!("    curl -H \"Authorization: Bearer $TILL_1\" http://{address}/v1/payments \\"));
        self.print(
            "      --json '{\"request_id\":\"2\",\"amount\":1200,\"currency\":\"JPY\",\"code\":\"THE 24 DIGITS\"}'",
        );
    }
}

/// How wide a text stands in a terminal: two columns for what is written full width.
fn columns(text: &str) -> usize {
    text.chars().map(|character| if is_wide(character) { 2 } else { 1 }).sum()
}

/// Whether a character is written full width: kana, kanji, and full-width forms (Unicode Standard Annex 11).
const fn is_wide(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
}

/// `¥1,200`.
pub(super) fn yen(amount: i64) -> String {
    let text = warifu_core::money::Amount::new(amount).map_or_else(|| amount.to_string(), |amount| amount.to_string());
    format!("¥{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_takes_two_columns() {
        assert_eq!(columns("残高 ¥1,200"), 11);
        assert_eq!(yen(1_234_567), "¥1,234,567");
    }
}
