//! The words of the pages in both languages, and which of them a visitor wants. One catalogue serves the shells and their
//! scripts alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};

/// The cookie that remembers a choice. It names a language and nobody.
const CHOICE: &str = "lang";

type Catalogue = BTreeMap<String, String>;

/// The words of one kind of page in both languages.
struct Words {
    english: Catalogue,
    japanese: Catalogue,
}

static WALLET: LazyLock<Words> = LazyLock::new(|| Words {
    english: read(include_str!("../../texts/en.json")),
    japanese: read(include_str!("../../texts/ja.json")),
});
static STATION: LazyLock<Words> = LazyLock::new(|| Words {
    english: read(include_str!("../../texts/station.en.json")),
    japanese: read(include_str!("../../texts/station.ja.json")),
});

static BOARD: LazyLock<Words> = LazyLock::new(|| Words {
    english: read(include_str!("../../texts/board.en.json")),
    japanese: read(include_str!("../../texts/board.ja.json")),
});

static OPERATOR: LazyLock<Words> = LazyLock::new(|| Words {
    english: read(include_str!("../../texts/ready.en.json")),
    japanese: read(include_str!("../../texts/ready.ja.json")),
});

/// What a page is for: each kind carries its own words and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Members.
    Wallet,
    /// Cashiers, and whoever stands at an ATM or makes a till.
    Station,
    /// Whoever takes an incident apart.
    Board,
    /// Whoever runs the service.
    Operator,
}

fn read(text: &str) -> Catalogue {
    // Never the fallback: a test reads both.
    serde_json::from_str(text).unwrap_or_default()
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Japanese,
}

impl Language {
    /// What was chosen, else what the browser likes best of the two.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let chosen = texts(COOKIE)
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name == CHOICE).then(|| Self::parse(value)).flatten());
        chosen.unwrap_or_else(|| Self::liked_best(texts(ACCEPT_LANGUAGE)))
    }

    pub(super) fn parse(tag: &str) -> Option<Self> {
        match tag.split('-').next() {
            Some("ja") => Some(Self::Japanese),
            Some("en") => Some(Self::English),
            _ => None,
        }
    }

    fn liked_best<'a>(accepted: impl Iterator<Item = &'a str>) -> Self {
        let mut best = (0, Self::English);
        for range in accepted.flat_map(|list| list.split(',')) {
            let (tag, weight) = range.trim().split_once(';').unwrap_or((range.trim(), ""));
            let Some(language) = Self::parse(&tag.to_ascii_lowercase()) else { continue };
            let weight = thousandths(weight);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// The words for a kind of page.
    pub(super) fn words(self, audience: Audience) -> Text {
        let words: &'static Words = match audience {
            Audience::Wallet => &WALLET,
            Audience::Station => &STATION,
            Audience::Board => &BOARD,
            Audience::Operator => &OPERATOR,
        };
        let catalogue = match self {
            Self::English => &words.english,
            Self::Japanese => &words.japanese,
        };
        Text { language: self, catalogue }
    }
}

/// The words of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    language: Language,
    catalogue: &'static Catalogue,
}

impl Text {
    pub(super) const fn tag(self) -> &'static str {
        self.language.tag()
    }

    /// The words of a name; the name itself where there are none.
    pub(super) fn get(self, name: &'static str) -> &'static str {
        self.catalogue.get(name).map_or(name, String::as_str)
    }

    /// All of them, for the scripts.
    pub(super) fn json(self) -> String {
        // `</script>` in a text would end the element that it stands in.
        serde_json::to_string(self.catalogue).unwrap_or_default().replace('<', "\\u003c")
    }
}

/// `q=0.8` as 800 (RFC 9110, 12.4.2); 1,000 where none is given.
fn thousandths(weight: &str) -> u32 {
    let Some(digits) = weight.trim().strip_prefix("q=") else { return 1_000 };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let rest = format!("{rest:0<3}");
    match (whole, rest.get(..3).and_then(|rest| rest.parse::<u32>().ok())) {
        ("0", Some(rest)) => rest,
        ("1", Some(_)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn language(headers: &[(&'static str, &'static str)]) -> Language {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Language::of(&map)
    }

    #[test]
    fn a_choice_goes_before_what_the_browser_likes() {
        assert_eq!(language(&[]), Language::English);
        assert_eq!(language(&[("accept-language", "ja,en;q=0.8")]), Language::Japanese);
        assert_eq!(language(&[("accept-language", "de-DE,de,en-GB;q=0.7,ja;q=0.3")]), Language::English);
        assert_eq!(language(&[("accept-language", "en;q=0.2, ja-JP;q=0.9")]), Language::Japanese);
        assert_eq!(language(&[("accept-language", "ja;q=0")]), Language::English);
        assert_eq!(language(&[("accept-language", "ja"), ("cookie", "a=b; lang=en")]), Language::English);
        assert_eq!(language(&[("accept-language", "ja"), ("cookie", "lang=xx")]), Language::Japanese);
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_gaps() {
        let gaps = |text: &str| {
            let mut gaps: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(gap, _)| gap.to_owned())
                .collect();
            gaps.sort_unstable();
            gaps
        };
        for (english, japanese) in [
            (include_str!("../../texts/en.json"), include_str!("../../texts/ja.json")),
            (include_str!("../../texts/station.en.json"), include_str!("../../texts/station.ja.json")),
            (include_str!("../../texts/board.en.json"), include_str!("../../texts/board.ja.json")),
            (include_str!("../../texts/ready.en.json"), include_str!("../../texts/ready.ja.json")),
        ] {
            let (english, japanese): (Catalogue, Catalogue) =
                (serde_json::from_str(english).unwrap(), serde_json::from_str(japanese).unwrap());
            assert!(english.keys().eq(japanese.keys()), "{english:?} {japanese:?}");
            for (name, text) in &english {
                assert_eq!(gaps(text), gaps(japanese.get(name).unwrap()), "{name}");
            }
        }
    }

    /// What the pages of an audience are made of: a template, and every script that it leads to.
    fn sources(pages: &[&str]) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
        let mut waiting: Vec<String> = pages.iter().map(|page| format!("templates/{page}.html")).collect();
        let (mut known, mut sources) = (std::collections::BTreeSet::new(), String::new());
        while let Some(path) = waiting.pop() {
            if !known.insert(path.clone()) {
                continue;
            }
            let text = read(&path);
            let names = text.split(['"', '/']).filter(|word| word.ends_with(".js") && *word != "sw.js");
            waiting.extend(names.map(|name| format!("assets/{name}")));
            let shared = text.split('"').filter(|word| word.ends_with(".html"));
            waiting.extend(shared.map(|name| format!("templates/{name}")));
            sources.push_str(&text);
        }
        sources
    }

    #[test]
    fn every_name_that_a_page_or_script_uses_has_words_and_every_text_is_used() {
        let audiences: [(Audience, &[&str]); 4] = [
            (Audience::Wallet, &["wallet"]),
            (Audience::Station, &["till", "atm", "sandbox"]),
            (Audience::Board, &["mandala", "reviews", "review", "charts", "compare"]),
            (Audience::Operator, &["ready"]),
        ];
        for (audience, pages) in audiences {
            let mut sources = sources(pages);
            if audience == Audience::Board {
                sources.push_str(include_str!("mandala.rs"));
            }
            if audience == Audience::Operator {
                sources.push_str(include_str!("ready.rs"));
            }
            if audience == Audience::Wallet {
                // The manifest of the app.
                sources.push_str(include_str!("../pages.rs"));
            }
            let words = Language::English.words(audience).catalogue;
            for call in ["text.get(\"", "t(\""] {
                for (before, rest) in sources.match_indices(call).map(|(at, _)| sources.split_at(at + call.len())) {
                    let before = before.strip_suffix(call).unwrap();
                    // The end of another name, as in `fetch("`.
                    if before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '.') && call == "t(\"" {
                        continue;
                    }
                    let name = rest.split('"').next().unwrap();
                    assert!(words.contains_key(name), "{name} has no words for {audience:?}");
                }
            }
            for name in words.keys() {
                let family = name.split_once('.').map_or(name.as_str(), |(family, _)| family);
                assert!(
                    sources.contains(&format!("\"{name}\""))
                        || (family != name && sources.contains(&format!("word(\"{family}\""))),
                    "{name} is used nowhere for {audience:?}"
                );
            }
        }
    }
}
