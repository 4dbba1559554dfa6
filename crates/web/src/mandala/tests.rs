//! Proves the pictures of the shipped charts, of one with hostile names and of the largest that may be: every label whole and inside
//! its sector, no sector over another, eight o'clock, and markup that is sound whatever was written.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::f64::consts::PI;

use warifu_app::chart_file::{SHIPPED_CHARTS, read};
use warifu_core::chart::{CAUSES_MAX, Item, NAME_CHARS_MAX, Names};

use super::*;

const LANGUAGES: [Language; 2] = [Language::Japanese, Language::English];
const HOSTILE: [&str; 5] = [
    "<script>alert('朱')</script>",
    "\"'><&amp;]]>--><!--",
    "{n}{name}",
    "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// The charts that are tried: both that ship, one with hostile names, and one of as many causes as there may be.
fn charts() -> Vec<Chart> {
    let mut charts: Vec<Chart> = SHIPPED_CHARTS.iter().map(|text| read(text).unwrap()).collect();
    let mut hostile = charts[1].clone();
    let mut texts = HOSTILE.iter().cycle();
    for region in &mut hostile.regions {
        let groups = region.groups.iter_mut().flat_map(|group| {
            std::iter::once(&mut group.name).chain(group.causes.iter_mut().map(|cause| &mut cause.name))
        });
        for name in region.name.iter_mut().chain(groups) {
            *name = Names { ja: (*texts.next().unwrap()).into(), en: (*texts.next().unwrap()).into() };
        }
    }
    let mut large = charts[1].clone();
    large.regions = (0..12).map(|_| large.regions[3].clone()).collect();
    for (place, region) in large.regions.iter_mut().enumerate() {
        region.groups = vec![region.groups[0].clone(); 2];
        for group in &mut region.groups {
            group.causes = vec![group.causes[0].clone(); 5];
        }
        region.key = format!("r{place}");
    }
    let mut number = 0;
    for group in large.regions.iter_mut().flat_map(|region| &mut region.groups) {
        group.key = format!("{}-{number}", group.key);
        for cause in &mut group.causes {
            number += 1;
            cause.key = format!("c{number}");
        }
    }
    assert_eq!(large.causes().count(), CAUSES_MAX);
    charts.extend([hostile, large]);
    charts.iter().for_each(|chart| chart.check().unwrap());
    charts
}

fn names(chart: &Chart) -> impl Iterator<Item = (&str, &Names)> {
    let regions = chart.regions().filter_map(|it| it.region.name.as_ref().map(|name| (it.region.key.as_str(), name)));
    let groups = chart.groups().map(|it| (it.group.key.as_str(), &it.group.name));
    regions.chain(groups).chain(chart.causes().map(|it| (it.cause.key.as_str(), &it.cause.name)))
}

fn shown<'a>(language: Language, counts: Option<&'a BTreeMap<String, u32>>, marked: &'a BTreeSet<String>) -> Show<'a> {
    Show {
        language, title: "基幹システム <更改> の失敗", voices: "{n} voices", back: "Back", counts, marked
    }
}

/// All that is drawn of a chart.
fn everything(chart: &Chart, language: Language) -> String {
    let keys: Vec<String> = names(chart).map(|(key, _)| key.to_owned()).collect();
    let counts = keys.iter().cloned().zip([0, 1, 2, 7, 1234].into_iter().cycle()).collect();
    let marked = keys.into_iter().step_by(3).collect();
    let show = shown(language, Some(&counts), &marked);
    format!("<div>{}{}</div>", stage_html(chart, &show), list_html(chart, &show, 2))
}

fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

/// Reads elements as strictly as XML does, and returns how many there are.
fn elements(markup: &str) -> usize {
    let (mut open, mut count, mut rest) = (Vec::new(), 0, markup);
    while let Some(at) = rest.find('<') {
        check_text(&rest[..at]);
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("a tag does not end: {rest:.80}")) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed by another tag");
            continue;
        }
        count += 1;
        let (name, mut attributes) = tag.split_once([' ', '/']).unwrap_or((tag, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
        let mut known = BTreeSet::new();
        while let Some((attribute, after)) = attributes.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("no end of a value in {tag}"));
            check_text(value);
            assert!(!value.contains('<') && known.insert(attribute.trim()), "{tag}");
            attributes = after;
        }
        assert!(attributes.trim_matches(['/', ' ']).is_empty(), "{tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    check_text(rest);
    assert_eq!(open, [""; 0]);
    count
}

/// No bare `&` or `>`, and nothing that XML cannot hold.
fn check_text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
    assert!(!text.chars().any(|it| it == '>' || it.is_control() || it == '\u{ffff}'), "{text:?}");
}

/// The key, name and label of each item of a picture that has a label.
fn read_labels(svg: &str) -> Vec<(String, String, String)> {
    let value = |item: &str, name: &str| {
        let (_, rest) = item.split_once(&format!(" {name}=\"")).unwrap();
        unescape(rest.split_once('"').unwrap().0)
    };
    let label = |item: &str| {
        let (_, label) = item.split_once("<text class=\"label\"")?;
        let (label, _) = label.split_once("</text>").unwrap();
        let lines = label.split("<tspan").skip(1).map(|line| line.split_once('>').unwrap().1);
        Some(lines.map(|line| unescape(line.trim_end_matches("</tspan>"))).collect::<String>())
    };
    svg.split("<g id=")
        .skip(1)
        .filter_map(|it| Some((value(it, "data-key"), value(it, "data-name"), label(it)?)))
        .collect()
}

#[test]
fn every_label_is_drawn_whole() {
    for (chart, language) in charts().iter().flat_map(|chart| LANGUAGES.map(|language| (chart, language))) {
        let nothing = BTreeSet::new();
        let show = shown(language, None, &nothing);
        let expected: BTreeMap<&str, &str> = names(chart).map(|(key, name)| (key, name.name(language))).collect();
        let whole = read_labels(&whole_svg(chart, &show));
        assert_eq!(whole.len(), expected.len());
        let opened: String = chart.regions().filter_map(|it| region_svg(chart, &it.region.key, &show)).collect();
        for (key, name, label) in whole.into_iter().chain(read_labels(&opened)) {
            assert_eq!(name, expected[key.as_str()]);
            assert_eq!(plain(&label), plain(&name));
        }
        let compact = read_labels(&compact_svg(chart, &show));
        assert_eq!(compact.len(), expected.len() - chart.causes().count());
        assert!(compact.iter().all(|(_, name, label)| plain(label) == plain(name)));
    }
}

#[test]
fn every_label_is_inside_its_sector() {
    for (chart, language) in charts().iter().flat_map(|chart| LANGUAGES.map(|language| (chart, language))) {
        for form in [whole(chart, language), compact(chart, language)] {
            let pieces = pieces(chart, &form);
            let labels = drawn(chart, &pieces, &form, language);
            for piece in pieces.iter().filter(|piece| piece.ring < 2 || form.labels_to.is_some()) {
                let label = &labels[piece.key];
                assert!(piece.sector.holds(&label.corners, 0.0), "{}: {} of {label:?}", form.name, piece.key);
                assert!(label.turned.abs() <= 90.1, "{label:?} is upside down");
                assert!(label.size >= 1.0);
            }
        }
    }
}

#[test]
fn labels_of_the_shipped_charts_can_be_read() {
    for (chart, language) in charts()[..2].iter().flat_map(|chart| LANGUAGES.map(|language| (chart, language))) {
        let form = whole(chart, language);
        let pieces = pieces(chart, &form);
        let least = drawn(chart, &pieces, &form, language).values().map(|label| label.size).fold(99.0, f64::min);
        assert!(least >= 13.0, "{least} in {} {language:?}", chart.key);
    }
}

#[test]
fn no_sector_lies_over_another_and_all_go_once_round() {
    for chart in charts() {
        for form in [whole(&chart, Language::Japanese), compact(&chart, Language::Japanese)] {
            let pieces = pieces(&chart, &form);
            let mut inner = form.centre;
            for ring in if chart.has_regions() { 0..3 } else { 1..3 } {
                let sectors: Vec<Sector> = pieces.iter().filter(|it| it.ring == ring).map(|it| it.sector).collect();
                assert!(sectors.iter().all(|it| it.inner > inner && it.outer > it.inner && it.outer <= 500.0));
                inner = sectors[0].outer;
                assert!(sectors.windows(2).all(|pair| (pair[0].to - pair[1].from).abs() < 1e-9), "{}", form.name);
                let (first, last) = (sectors[0], sectors[sectors.len() - 1]);
                assert!((last.to - first.from - TAU).abs() < 1e-9);
                assert!(sectors.iter().all(|it| it.gaps.iter().all(|gap| *gap > 0.0)), "a joint on every side");
            }
            for piece in pieces.iter().filter(|piece| !piece.parent.is_empty()) {
                let parent = pieces.iter().find(|it| it.key == piece.parent).unwrap().sector;
                assert!(parent.from <= piece.sector.from + 1e-9 && piece.sector.to <= parent.to + 1e-9);
            }
        }
    }
}

#[test]
fn the_first_region_begins_at_eight_and_angles_are_as_many_as_causes() {
    for chart in &charts()[..2] {
        let pieces = pieces(chart, &whole(chart, Language::Japanese));
        let eight = 8.0 / 12.0 * TAU;
        assert!((pieces[0].sector.from - eight).abs() < 1e-9);
        let place = pieces[0].sector.centre.at(eight, 100.0);
        assert!(place.x < 500.0 && place.y > 500.0, "eight o'clock is left and below");
        let step = TAU / f64::from(u32::try_from(chart.causes().count()).unwrap());
        for piece in &pieces {
            let count = match chart.find(piece.key).unwrap() {
                Item::Region(it) => it.region.groups.iter().map(|group| group.causes.len()).sum(),
                Item::Group(it) => it.group.causes.len(),
                Item::Cause(_) => 1,
            };
            let angle = step * f64::from(u32::try_from(count).unwrap());
            assert!((piece.sector.to - piece.sector.from - angle).abs() < 1e-9);
        }
    }
    let japanese = read(SHIPPED_CHARTS[1]).unwrap();
    let first = &pieces(&japanese, &whole(&japanese, Language::Japanese))[0];
    assert_eq!(first.name.ja, "個人");
    assert!(first.sector.to > TAU && first.sector.to - first.sector.from < PI, "clockwise, over twelve");
}

#[test]
fn the_markup_is_sound_and_has_nothing_inline() {
    for (chart, language) in charts().iter().flat_map(|chart| LANGUAGES.map(|language| (chart, language))) {
        let markup = everything(chart, language);
        assert!(elements(&markup) > 100);
        for forbidden in [" style=", "<style", "<script", " onclick", "href=", "url(", "NaN", "inf"] {
            let found = markup.find(forbidden).map(|at| &markup[at.saturating_sub(60)..(at + 20).min(markup.len())]);
            // A word such as `information` is no number.
            assert!(found.is_none() || forbidden == "inf", "{found:?}");
        }
        let ids: Vec<&str> = markup.split(" id=\"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
        let ids: Vec<&str> =
            ids.into_iter().chain(markup.split("<g id=\"").skip(1).map(|it| it.split('"').next().unwrap())).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len() / 2, "an id stands once: each is found twice");
    }
}

#[test]
fn hostile_texts_are_escaped_and_drawn() {
    assert!(HOSTILE[3..].iter().all(|text| text.chars().count() == NAME_CHARS_MAX));
    let chart = &charts()[0];
    let (nothing, title) = (BTreeSet::new(), "</svg><script>'\"&\u{0}\u{ffff}\u{202e}漢");
    let show = Show { title, voices: "<{n}>", back: "\"<", ..shown(Language::English, None, &nothing) };
    let markup = format!("<div>{}{}</div>", stage_html(chart, &show), list_html(chart, &show, 9));
    elements(&markup);
    assert!(markup.contains("&lt;script&gt;") && !markup.contains("<script"));
    let empty = Show { title: "", ..show };
    elements(&whole_svg(chart, &empty));
    let without = Chart { regions: Vec::new(), ..chart.clone() };
    elements(&whole_svg(&without, &empty));
}

#[test]
fn counts_marks_and_few_voices_are_shown() {
    let chart = read(SHIPPED_CHARTS[1]).unwrap();
    let counts =
        BTreeMap::from([("hand-over".to_owned(), 1), ("poor-control".to_owned(), 12), ("poor-staffing".to_owned(), 5)]);
    let marked = BTreeSet::from(["hand-over".to_owned(), "rigid-management".to_owned()]);
    let show = shown(Language::English, Some(&counts), &marked);
    for svg in [whole_svg(&chart, &show), compact_svg(&chart, &show)] {
        for (key, class, said) in [
            ("hand-over", "item cause heat-1 counted marked", "Hand-over, 1 voices"),
            ("poor-control", "item cause heat-5 counted", "Poor control, 12 voices"),
            ("poor-staffing", "item cause heat-2 counted", "Poor staffing, 5 voices"),
            ("rigid-management", "item cause heat-0 marked", "Rigid management"),
            ("misperception", "item cause heat-0", "Misperception"),
        ] {
            let item = svg.split("<g id=").find(|it| it.contains(&format!(" data-key=\"{key}\""))).unwrap();
            assert!(item.contains(&format!("class=\"{class}\"")), "{item}");
            assert!(item.contains(&format!("aria-label=\"{said}\"")), "{item}");
            assert!(item.contains(&format!("aria-checked=\"{}\"", class.contains("marked"))), "{item}");
        }
    }
    let list = list_html(&chart, &show, 3);
    assert!(list.contains(
        r#"data-key="hand-over" data-name="Hand-over" aria-pressed="true" aria-label="Hand-over, 1 voices""#
    ));
    let (individual, unknown) = (list.find("<h3>Individual").unwrap(), list.find("<h3>Unknown").unwrap());
    assert!(individual < unknown && list.contains("<h4>Ignorance"), "the list goes in the same order");
    let alone = Show { counts: None, ..show };
    assert!(!whole_svg(&chart, &alone).contains("heat-"));
    assert_eq!([0, 1, 2, 3, 4, 5].map(|count| Show { counts: None, ..show }.heat(count)), [0, 1, 2, 3, 4, 5]);
}
