//! How wide a text is about, and where it may be broken into lines. Knows characters and ems; it must not know where on a
//! mandala a text stands.

/// A text in lines. No character is lost but the spaces at which it was broken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    pub(crate) texts: Vec<String>,
    /// The width of the widest line, in ems.
    pub(crate) width: f64,
    /// How bad the places are at which it was broken: 0 for good ones.
    pub(super) badness: f64,
}

/// How bad it is to break inside a word of letters.
pub(super) const INSIDE_WORD: f64 = 40.0;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Kanji,
    Hiragana,
    Katakana,
    Latin,
    Opening,
    /// Must not begin a line: closing marks, and small kana.
    Closing,
    /// Must not begin a line, and is a good place to end one.
    Pause,
}

fn kind(character: char) -> Kind {
    match character {
        ' ' | '\u{3000}' => Kind::Space,
        '(' | '[' | '{' | '（' | '「' | '『' | '【' | '〈' | '《' | '［' => Kind::Opening,
        '・' | '、' | '。' | '，' | '．' | '／' | '/' | '-' | '；' | '：' => Kind::Pause,
        ')' | ']' | '}' | '）' | '」' | '』' | '】' | '〉' | '》' | '］' | '！' | '？' | '々' | 'ー' | '〜' => {
            Kind::Closing
        }
        'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' => Kind::Closing,
        'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'っ' | 'ゃ' | 'ゅ' | 'ょ' => Kind::Closing,
        '\u{3041}'..='\u{309f}' => Kind::Hiragana,
        '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => Kind::Katakana,
        wide if is_wide(wide) => Kind::Kanji,
        _ => Kind::Latin,
    }
}

/// Whether a character fills a square, as those of East Asia and pictures do.
pub(super) fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..='\u{1ffff}'
        | '\u{20000}'..='\u{3ffff}' | '\u{2190}'..='\u{27ff}' | '\u{203b}' | '…' | '—')
}

/// The width in ems: rather too much than too little, whatever the font.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(character_width).sum()
}

fn character_width(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '|' | '!' | '.' | ',' | ':' | ';' | '\'' | '`' => 0.32,
        'f' | 'r' | 't' | 'I' | ' ' | '(' | ')' | '[' | ']' | '"' | '-' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '&' => 0.95,
        'a'..='z' | '0'..='9' => 0.6,
        wide if is_wide(wide) => 1.0,
        '\u{ff61}'..='\u{ff9f}' => 0.55,
        '\u{300}'..='\u{36f}' => 0.2,
        _ => 0.75,
    }
}

/// How bad it is to break between two characters.
fn badness(before: char, after: char) -> f64 {
    match (kind(before), kind(after)) {
        (Kind::Space, _) | (_, Kind::Space) => 0.0,
        (Kind::Opening, _) | (_, Kind::Closing | Kind::Pause) => 12.0,
        (Kind::Pause, _) | (Kind::Hiragana, Kind::Kanji | Kind::Katakana | Kind::Latin) | (_, Kind::Opening) => 0.0,
        (Kind::Katakana | Kind::Closing, Kind::Katakana) => 4.0,
        (Kind::Latin, Kind::Latin) => INSIDE_WORD,
        (Kind::Kanji, Kind::Kanji) => 0.5,
        (Kind::Kanji | Kind::Hiragana, Kind::Hiragana) | (Kind::Katakana, Kind::Hiragana) => 3.0,
        _ => 0.4,
    }
}

/// A way to break what stands before a place: its cost, and where the last line begins.
type Step = Option<(f64, usize)>;

/// The text in one line, in two and so on, up to so many, or to as many as it has characters: each time in lines of about the
/// same width, broken where it reads well.
pub(crate) fn lines(text: &str, count_max: usize) -> Vec<Lines> {
    let characters: Vec<char> = text.trim().chars().collect();
    let count_max = count_max.clamp(1, characters.len().max(1));
    let mut widths = vec![0.0];
    widths.extend(characters.iter().scan(0.0, |sum, character| {
        *sum += character_width(*character);
        Some(*sum)
    }));
    let mut rounds: Vec<Vec<Step>> = Vec::with_capacity(count_max);
    let mut before: Vec<Step> = vec![Some((0.0, 0))];
    before.resize(characters.len() + 1, None);
    for _ in 0..count_max {
        let next: Vec<Step> = (0..=characters.len()).map(|end| step(&characters, &widths, &before, end)).collect();
        before.clone_from(&next);
        rounds.push(next);
    }
    (1..=count_max).filter_map(|count| walk_back(&characters, rounds.get(..count)?)).collect()
}

/// The best last line that ends at a place. Squares of widths are least where all lines have the same; of two that are as good
/// the shorter one is it.
fn step(characters: &[char], widths: &[f64], before: &[Step], end: usize) -> Step {
    let to = widths.get(end)?;
    let bad = badness_at(characters, end);
    let blank = |place: Option<usize>| place.and_then(|place| characters.get(place)) == Some(&' ');
    let trailing = if blank(end.checked_sub(1)) { character_width(' ') } else { 0.0 };
    let mut best: Step = None;
    for ((start, known), from) in before.iter().enumerate().zip(widths).take(end) {
        let Some((cost, _)) = known else { continue };
        let leading = if blank(Some(start)) { character_width(' ') } else { 0.0 };
        let wide = to - from - trailing - leading;
        let cost = cost + 0.5 * wide * wide + bad;
        if wide > 0.1 && best.is_none_or(|(least, _)| cost <= least) {
            best = Some((cost, start));
        }
    }
    best
}

/// The lines that were found in as many rounds; nothing if the text cannot be broken into as many.
fn walk_back(characters: &[char], rounds: &[Vec<Step>]) -> Option<Lines> {
    let (mut end, mut texts, mut badness, mut width_max) = (characters.len(), Vec::new(), 0.0, 0.0_f64);
    for steps in rounds.iter().rev() {
        let start = match steps.get(end).copied().flatten() {
            Some((_, start)) => start,
            // An empty text is one empty line.
            None if characters.is_empty() => 0,
            None => return None,
        };
        let line: String = characters.get(start..end)?.iter().collect::<String>().trim().to_owned();
        width_max = width_max.max(width(&line));
        badness += badness_at(characters, end);
        texts.push(line);
        end = start;
    }
    texts.reverse();
    Some(Lines { texts, width: width_max, badness })
}

fn badness_at(characters: &[char], place: usize) -> f64 {
    let before = place.checked_sub(1).and_then(|place| characters.get(place));
    let Some((before, after)) = before.zip(characters.get(place)) else { return 0.0 };
    let is_kanji = |character: &&char| kind(**character) == Kind::Kanji;
    // Most words of kanji have two: 環境変化 may be broken in its middle only.
    let run = characters.get(..place).unwrap_or_default().iter().rev().take_while(is_kanji).count();
    let is_inside = run % 2 == 1 && is_kanji(&after);
    badness(*before, *after) + if is_inside { 2.5 } else { 0.0 }
}

/// Text as it may stand between tags and in attributes. What XML cannot hold at all is replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn broken(text: &str, count: usize) -> String {
        lines(text, count).pop().unwrap().texts.join("|")
    }

    #[test]
    fn japanese_breaks_where_it_reads_well() {
        assert_eq!(broken("環境変化への対応不良", 2), "環境変化への|対応不良");
        assert_eq!(broken("状況に対する誤判断", 2), "状況に対する|誤判断");
        assert_eq!(broken("環境変化への対応不良", 3), "環境|変化への|対応不良");
        assert_eq!(broken("調査・検討の不足", 2), "調査・|検討の不足");
        assert_eq!(broken("疲労・体調不良", 2), "疲労・|体調不良");
        assert_eq!(broken("プロジェクト", 1), "プロジェクト");
        assert_eq!(broken("未知", 5), "未|知");
    }

    #[test]
    fn english_breaks_between_words() {
        assert_eq!(broken("Insufficient survey of the environment", 2), "Insufficient survey|of the environment");
        assert_eq!(broken("Procedure not observed", 3), "Procedure|not|observed");
        assert_eq!(broken("", 3), "");
        assert_eq!(broken("  a  b ", 2), "a|b");
    }

    #[test]
    fn no_character_is_lost() {
        let plain = |text: &str| text.replace([' ', '\u{3000}', '|'], "");
        for text in ["漢".repeat(40), "a".repeat(40), "<b>「漢字」 & \"x\" ー".to_owned(), "🙂 ・ー（".to_owned()]
        {
            for count in 1..9 {
                assert_eq!(plain(&broken(&text, count)), plain(&text));
            }
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("<a b=\"c\">&'\0\u{ffff}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}\u{fffd}");
    }
}
