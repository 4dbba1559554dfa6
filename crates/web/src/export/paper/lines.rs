//! Text in lines of a width, broken as Unicode says (UAX 14): no line begins with what must not begin one, as 、or っ, none ends with an opening
//! bracket, and what has no place to break is broken anywhere rather than cut. Knows characters and widths; it must not know sheets.

use std::ops::Range;

use unicode_linebreak::{BreakOpportunity, linebreaks};
use unicode_normalization::UnicodeNormalization as _;

use super::fonts::Weight;

/// A text without what has no look of its own: parts that make one character are one, a tab is spaces, signs that only steer are left out.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").nfc() {
        match character {
            '\t' => out.push_str("    "),
            '\n' | '\u{3000}' => out.push(character),
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => out.push('\n'),
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {}
            '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}' => {}
            space if space.is_whitespace() => out.push(' '),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// The lines of a text as parts of it, without the blanks at their ends. The first begins `indent` to the right.
pub(super) fn break_lines(text: &str, weight: &Weight, size: f32, width: f32, indent: f32) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for row in text.split('\n') {
        let first = if lines.is_empty() { indent } else { 0.0 };
        break_row(&mut lines, row, start, &|character| weight.wide(character) * size, (width, first));
        start += row.len() + 1;
    }
    lines
}

/// One row, which begins at `offset` of the text.
fn break_row(
    lines: &mut Vec<Range<usize>>,
    row: &str,
    offset: usize,
    wide: &dyn Fn(char) -> f32,
    (width, indent): (f32, f32),
) {
    let mut places =
        linebreaks(row).filter(|(_, kind)| *kind == BreakOpportunity::Allowed).map(|(at, _)| at).peekable();
    let push = |lines: &mut Vec<Range<usize>>, from: usize, to: usize| {
        let line = row.get(from..to).unwrap_or_default();
        // The ideographic space begins paragraphs, so it stays at the beginning of a line.
        lines.push(offset + from..offset + from + line.trim_end().len());
    };
    // Where the line begins, the last place to break with what is left of it, and how wide it is up to here; blanks at its end do not count.
    let (mut from, mut last, mut sum, mut room) = (0, None, 0.0_f32, width - indent);
    for (at, character) in row.char_indices() {
        while places.next_if(|place| *place < at).is_some() {}
        if places.next_if_eq(&at).is_some() && at > from {
            last = Some((at, sum));
        }
        let own = wide(character);
        if sum + own > room && !character.is_whitespace() && at > from {
            let (place, before) = last.take().unwrap_or((at, sum));
            push(lines, from, place);
            (from, sum, room) = (place, sum - before, width);
        }
        sum += own;
    }
    push(lines, from, row.len());
}

/// Where addresses stand in a text, and what they are: `http` and `https` alone. In prose they end before the first character that is not ASCII.
pub(super) fn addresses(text: &str, is_prose: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(next_address) {
        let start = from + at;
        let rest = text.get(start..).unwrap_or_default();
        let ends =
            |it: char| it.is_whitespace() || (is_prose && (!it.is_ascii() || matches!(it, '<' | '>' | '"' | '`')));
        let long = rest.find(ends).unwrap_or(rest.len());
        let mut address = rest.get(..long).unwrap_or_default();
        while is_prose && ends_a_sentence(address) {
            address = address.get(..address.len() - 1).unwrap_or_default();
        }
        // More than the scheme alone.
        if address.split_once("//").is_some_and(|(_, host)| !host.is_empty()) {
            found.push(start..start + address.len());
        }
        from = start + long.max(1);
    }
    found
}

/// Whether the last character belongs to what stands round an address: a bracket does if none is open in it.
fn ends_a_sentence(address: &str) -> bool {
    let is_closing = address.ends_with(')') && address.matches('(').count() < address.matches(')').count();
    is_closing || address.ends_with(['.', ',', ';', ':', '!', '?', ']', '\''])
}

fn next_address(text: &str) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()
}

/// An address as PDF has it: in ASCII.
pub(super) fn ascii(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            0x21..=0x7e => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fonts::fonts;
    use super::*;

    fn broken(text: &str, ems: f32) -> Vec<&str> {
        let lines = break_lines(text, fonts().unwrap().weight(false), 1.0, ems, 0.0);
        lines.into_iter().map(|line| text.get(line).unwrap()).collect()
    }

    #[test]
    fn no_line_begins_or_ends_with_what_must_not() {
        for wide in [3.0, 4.5, 6.1, 8.0, 11.3] {
            let lines = broken("「返金」は、ちょっと待って（確認）。サーバーで「エラー」が、出た！", wide);
            for line in &lines {
                let (first, last) = (line.chars().next().unwrap(), line.chars().next_back().unwrap());
                assert!(!"、。」）ーっょッ！".contains(first), "{wide}: {lines:?}");
                assert!(!"「（".contains(last), "{wide}: {lines:?}");
            }
            assert_eq!(lines.concat(), "「返金」は、ちょっと待って（確認）。サーバーで「エラー」が、出た！");
        }
    }

    #[test]
    fn words_stay_whole_and_what_has_no_blank_is_broken_anywhere() {
        assert_eq!(broken("one two three", 5.0), ["one two", "three"]);
        let long = "x".repeat(10_000);
        let lines = broken(&long, 20.0);
        assert!(lines.len() > 100 && lines.concat() == long);
        assert_eq!(broken("", 20.0), [""]);
        assert_eq!(broken("a\n\nb", 20.0), ["a", "", "b"]);
        // Narrower than a character: one to a line.
        assert_eq!(broken("返金", 0.1), ["返", "金"]);
    }

    #[test]
    fn what_only_steers_is_left_out_and_parts_become_one() {
        assert_eq!(clean("か\u{3099}\u{200b}a\u{fe0f}\tb\r\nc\u{1}"), "がa    b\nc\u{fffd}");
    }

    #[test]
    fn only_addresses_of_the_web_are_linked() {
        let found = |text: &'static str| -> Vec<&str> {
            addresses(text, true).into_iter().map(|it| text.get(it).unwrap()).collect()
        };
        assert_eq!(
            found("詳しくはhttps://example.com/a_(b)。次に (http://example.org)."),
            ["https://example.com/a_(b)", "http://example.org"]
        );
        assert!(found("javascript:alert(1) file:///etc ftp://a https:// http://").is_empty());
        let line = "リンク · https://example.com/あ";
        let at = addresses(line, false).pop().unwrap();
        assert_eq!(ascii(line.get(at).unwrap()), "https://example.com/%E3%81%82");
    }
}
