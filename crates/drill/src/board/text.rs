//! What people say in a review: invented, of the length that people write, in the language most of them write in.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Numbers that look random and are the same each time (Knuth's MMIX).
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one, below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(bound).unwrap_or_default()
    }
}

const PHRASES: [&str; 12] = [
    "要件が固まらないまま設計に入り、後から何度も手戻りが生じた。",
    "引き継ぎの資料はあったが、判断の理由は書かれていなかった。",
    "進捗会議では順調と報告され、遅れに気付いたのは結合試験の直前だった。",
    "担当者が一人しかおらず、休んだ日に誰も代わりを務められなかった。",
    "過去に同じ障害が起きていたのに、その記録を見た者はいなかった。",
    "確認の手順は決まっていたが、忙しい時には省かれることが多かった。",
    "発注元と開発側とで、同じ言葉を別の意味で使っていた。",
    "危ないと感じた人はいたものの、言い出せる雰囲気ではなかった。",
    "予算を減らした時に、試験の期間だけが短くなった。",
    "移行の練習を一度もしないで本番を迎えた。",
    "現場を見た人と計画を立てた人が別で、話し合う場がなかった。",
    "想定していた件数の三倍の処理が、月末の夜に集まった。",
];

/// A text of 100 to 400 characters.
pub(super) fn said(draw: &mut Draw) -> String {
    let length = usize::try_from(100 + draw.below(301)).unwrap_or(100);
    let count = u64::try_from(PHRASES.len()).unwrap_or(1);
    let mut text = String::new();
    let mut left = length;
    while left > 0 {
        let index = usize::try_from(draw.below(count)).unwrap_or_default();
        let phrase: String = PHRASES.get(index).copied().unwrap_or("……").chars().take(left).collect();
        left = left.saturating_sub(phrase.chars().count());
        text.push_str(&phrase);
    }
    text
}

/// Something that is said; every third time as a fact.
pub(super) fn statement(draw: &mut Draw) -> Value {
    let text = said(draw);
    if draw.below(3) > 0 {
        return json!({ "text": text, "basis": "conjecture", "sources": [] });
    }
    let minutes = format!("第{}回 進捗会議の議事録、2頁", 1 + draw.below(30));
    let source = json!({ "kind": "document", "text": minutes, "url": "", "file": "" });
    json!({ "text": text, "basis": "fact", "sources": [source] })
}

/// The key of a cause of the chart.
pub(super) fn cause(number: usize) -> String {
    format!("cause-{number}")
}

/// How many causes a group has.
const GROUP: usize = 7;

/// A chart with so many causes.
pub(super) fn chart(name: &str, causes: usize) -> String {
    let mut out = format!("key = \"drill-{name}\"\nversion = 1\nja = \"演習の図\"\nen = \"Chart of a drill\"\n");
    for number in 0..causes {
        if number % (GROUP * 4) == 0 {
            let region = number / (GROUP * 4);
            let _ = write!(
                out,
                "\n[[regions]]\nkey = \"region-{region}\"\nja = \"領域{region}\"\nen = \"Region {region}\"\n"
            );
        }
        if number % GROUP == 0 {
            let group = number / GROUP;
            let _ = write!(
                out,
                "\n[[regions.groups]]\nkey = \"group-{group}\"\nja = \"要因の群{group}\"\nen = \"Group {group}\"\ncauses = [\n"
            );
        }
        let key = cause(number);
        let _ = writeln!(
            out,
            "  {{ key = \"{key}\", ja = \"確認の不足{number}\", en = \"Insufficient check {number}\" }},"
        );
        if number % GROUP == GROUP - 1 || number + 1 == causes {
            out.push_str("]\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_as_long_as_people_write() {
        let mut draw = Draw::new(1);
        for _ in 0..200 {
            let length = said(&mut draw).chars().count();
            assert!((100..=400).contains(&length), "{length}");
        }
    }

    #[test]
    fn a_chart_has_its_causes_in_groups() {
        let chart = chart("x", 70);
        assert_eq!(chart.matches("ja = \"確認").count(), 70);
        assert_eq!((chart.matches("[[regions]]").count(), chart.matches("[[regions.groups]]").count()), (3, 10));
        assert_eq!(chart.matches("causes = [").count(), chart.matches("\n]\n").count());
    }
}
