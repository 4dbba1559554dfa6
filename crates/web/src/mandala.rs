//! Draws a chart of causes as a mandala: regions, groups and causes in rings round the case. One SVG for wide pages, one for
//! phones, where only regions and groups can be read, one for each region, which opens to fill a phone like a fan, and a list in
//! the same order for those who hear the page or prefer lists.
//!
//! Pure functions of a chart, a language and what is to be shown. This room knows shapes and markup. It must not know what
//! a review is, who marked what, nor what a mark leads to: `mandala.js` tells that, and `mandala.css` has the colours.
//!
//! Every label stands whole inside its sector: it is broken into lines, then made smaller, never cut.
#![expect(clippy::float_arithmetic, reason = "a drawing is angles and lengths")]

mod fan;
mod item;
mod list;
mod shape;
mod standing;
pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::{FRAC_PI_3, TAU};
use std::fmt::Write as _;

use warifu_core::chart::{Chart, Language, Names};

use item::{Piece, Spot};
use shape::{Label, Point, Sector, Style, Way};
use text::{Lines, lines};

pub(crate) use fan::region_svg;
pub(crate) use list::list_html;
pub(crate) use standing::{FONTS, standing_svg};

/// What is shown on a chart, and in which words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show<'a> {
    /// The language of the chart's names.
    pub(crate) language: Language,
    /// The case in a few words: the centre. Any text.
    pub(crate) title: &'a str,
    /// How a count is said to those who hear it, `{n}` standing for the number: `{n} voices`.
    pub(crate) voices: &'a str,
    /// What the way out of an opened region is called.
    pub(crate) back: &'a str,
    /// How many chose each cause, by its key; a cause that is not there has none. Nothing while participants are still
    /// alone with their own marks: then there is no heat.
    pub(crate) counts: Option<&'a BTreeMap<String, u32>>,
    /// The keys of the marked causes.
    pub(crate) marked: &'a BTreeSet<String>,
}

/// The steps of heat above none, as classes `heat-1` to `heat-5`.
const HEAT_MAX: u32 = 5;

impl Show<'_> {
    /// The step of a count: 0 for none, 1 for a single voice, the last for the most that any cause has, or for five if all
    /// have fewer.
    pub(super) fn heat(&self, count: u32) -> u32 {
        let most = self.counts.into_iter().flat_map(BTreeMap::values).copied().max().unwrap_or(0);
        let steps = most.max(HEAT_MAX) - 1;
        match count {
            0 => 0,
            count => 1 + u32::try_from(u64::from(count - 1) * u64::from(HEAT_MAX - 1) / u64::from(steps)).unwrap_or(0),
        }
    }

    /// What is said of a cause with a count, `{name}` and `{n}` standing for both.
    pub(super) fn said(&self) -> String {
        let comma = match self.language {
            Language::Japanese => "、",
            Language::English => ", ",
        };
        format!("{{name}}{comma}{}", self.voices)
    }

    pub(super) fn count(&self, key: &str) -> u32 {
        self.counts.and_then(|counts| counts.get(key)).copied().unwrap_or(0)
    }
}

/// Where the first region begins: eight o'clock.
const START: f64 = 4.0 * FRAC_PI_3;
/// More lines than this no label has.
const LINES_MAX: usize = 8;
const CENTRE: Point = Point { x: 500.0, y: 500.0 };
/// Half the joint between causes, groups and regions.
const JOINTS: [f64; 3] = [0.8, 2.4, 5.0];
/// Where causes are narrower than this at their inner end, joints and distances shrink with them.
const CAUSE_WIDE: f64 = 40.0;

/// The measures of a picture of the whole chart.
struct Form {
    name: &'static str,
    /// The radius of the centre.
    centre: f64,
    /// Inner and outer radius of the rings of regions, groups and causes.
    rings: [(f64, f64); 3],
    styles: [Style; 3],
    /// The size that a label of a ring is only below if it is longer than the others.
    even_min: [f64; 3],
    title_max: f64,
    /// Where on the radius the counts and seals of causes stand, and how large they are.
    spot: (f64, f64),
    /// Whether causes have labels, and how far outward those reach.
    labels_to: Option<f64>,
    /// Whether it has to be drawn the same by programs that know no columns of text.
    stacks: bool,
}

const REGION_WAYS: &[(Way, f64)] = &[(Way::Upright, 1.0), (Way::Radial, 0.75)];
const REGION_WAYS_JA: &[(Way, f64)] = &[(Way::Upright, 1.0), (Way::UprightColumns, 0.97), (Way::Radial, 0.6)];
const GROUP_WAYS: &[(Way, f64)] = &[(Way::Upright, 1.0), (Way::Radial, 0.7)];
const CAUSE_WAYS: &[(Way, f64)] = &[(Way::Radial, 1.0)];
const CAUSE_WAYS_JA: &[(Way, f64)] = &[(Way::RadialColumns, 1.0)];

fn style(sizes: (f64, usize), pad: f64, language: Language, ways: [&'static [(Way, f64)]; 2]) -> Style {
    let [english, japanese] = ways;
    let (ways, leading) = match language {
        Language::English => (english, 1.14),
        Language::Japanese => (japanese, 1.22),
    };
    Style { size_max: sizes.0, size_min: 0.0, lines_max: sizes.1, leading, weight: 1.0, pad, ways }
}

/// The same for what is written in heavy letters. Those of East Asia are no wider for it.
fn heavy(sizes: (f64, usize), pad: f64, language: Language, ways: [&'static [(Way, f64)]; 2]) -> Style {
    let weight = if language == Language::English { 1.13 } else { 1.02 };
    Style { weight, ..style(sizes, pad, language, ways) }
}

/// For pages on which every label can be read.
fn whole(chart: &Chart, language: Language) -> Form {
    let (centre, first, second) =
        if chart.has_regions() { (91.0, (98.0, 186.0), (190.0, 306.0)) } else { (136.0, (0.0, 0.0), (144.0, 288.0)) };
    Form {
        name: "whole",
        centre,
        rings: [first, second, (second.1 + 4.0, 494.0)],
        styles: [
            heavy((27.0, 3), 5.0, language, [REGION_WAYS, REGION_WAYS_JA]),
            heavy((20.0, 4), 6.0, language, [GROUP_WAYS; 2]),
            style((18.5, 3), 5.0, language, [CAUSE_WAYS, CAUSE_WAYS_JA]),
        ],
        even_min: if language == Language::English { [16.0, 15.0, 15.0] } else { [24.0, 17.0, 17.5] },
        title_max: centre / 4.0,
        spot: (472.0, 11.0),
        labels_to: Some(455.0),
        stacks: false,
    }
}

/// For phones: what is too small to be read is left to the opened region.
fn compact(chart: &Chart, language: Language) -> Form {
    let (centre, first, second) =
        if chart.has_regions() { (96.0, (104.0, 236.0), (241.0, 414.0)) } else { (150.0, (0.0, 0.0), (160.0, 414.0)) };
    Form {
        name: "compact",
        centre,
        rings: [first, second, (419.0, 494.0)],
        styles: [
            heavy((46.0, 3), 8.0, language, [REGION_WAYS, REGION_WAYS_JA]),
            heavy((34.0, 4), 6.0, language, [GROUP_WAYS; 2]),
            style((30.0, 1), 4.0, language, [CAUSE_WAYS; 2]),
        ],
        even_min: if language == Language::English { [26.0, 26.0, 1.0] } else { [42.0, 31.0, 1.0] },
        title_max: 36.0,
        spot: (457.0, 19.0),
        labels_to: None,
        stacks: false,
    }
}

/// The chart for wide pages, as an SVG element of 1000 by 1000 units.
pub(crate) fn whole_svg(chart: &Chart, show: &Show<'_>) -> String {
    svg(chart, show, &whole(chart, show.language))
}

/// The chart for phones: causes have no label, but open with their region.
pub(crate) fn compact_svg(chart: &Chart, show: &Show<'_>) -> String {
    svg(chart, show, &compact(chart, show.language))
}

/// All pictures of a chart in one element, which shows the one that fits: the whole, the compact one, and an opened one for each
/// region, or for each group where there are no regions.
pub(crate) fn stage_html(chart: &Chart, show: &Show<'_>) -> String {
    let keys: Vec<&str> = if chart.has_regions() {
        chart.regions().map(|place| place.region.key.as_str()).collect()
    } else {
        chart.groups().map(|place| place.group.key.as_str()).collect()
    };
    let fans: String = keys.iter().filter_map(|key| region_svg(chart, key, show)).collect();
    format!(r#"<div class="mandala-stage">{}{}{fans}</div>"#, whole_svg(chart, show), compact_svg(chart, show))
}

/// What is drawn of a chart, in the order of the walk: a region, its first group, that group's causes.
fn pieces<'a>(chart: &'a Chart, form: &Form) -> Vec<Piece<'a>> {
    let step = TAU / f64::from(u32::try_from(chart.causes().count().max(1)).unwrap_or(u32::MAX));
    let sector = |ring: usize, start: usize, count: usize, joints: [f64; 2]| {
        let (inner, outer) = form.rings.get(ring).copied().unwrap_or_default();
        let angle = |place: usize| START + step * f64::from(u32::try_from(place).unwrap_or(u32::MAX));
        Sector { centre: CENTRE, inner, outer, from: angle(start), to: angle(start + count), gaps: joints }
    };
    item::walk(chart, JOINTS.map(|joint| joint * narrow(chart, form)), &sector)
}

/// How narrow causes are: 1 where they are as wide as they should be.
fn narrow(chart: &Chart, form: &Form) -> f64 {
    let count = f64::from(u32::try_from(chart.causes().count().max(1)).unwrap_or(u32::MAX));
    (TAU * form.rings[2].0 / count / CAUSE_WIDE).min(1.0)
}

/// The name of a piece in one line, in two and so on.
type Broken<'a> = BTreeMap<&'a str, Vec<Lines>>;

fn broken<'a>(pieces: &[Piece<'a>], language: Language) -> Broken<'a> {
    pieces.iter().map(|piece| (piece.key, lines(piece.name.name(language), LINES_MAX))).collect()
}

/// The labels of one ring, of one size as far as that can be: a longer name is smaller than the others only if they would be
/// smaller than `even_min` with it, or much smaller than they can be where there is little room for all. `to` is how far outward they reach.
fn labels(pieces: &[&Piece<'_>], broken: &Broken<'_>, style: &Style, even_min: f64, to: Option<f64>) -> Vec<Label> {
    let label = |piece: &&Piece<'_>, size_max: f64| {
        let sector = Sector { outer: to.unwrap_or(piece.sector.outer), ..piece.sector };
        let lines = broken.get(piece.key).map(Vec::as_slice).unwrap_or_default();
        sector.label(lines, &Style { size_max, ..*style })
    };
    let largest: Vec<Label> = pieces.iter().map(|piece| label(piece, style.size_max)).collect();
    let mut sizes: Vec<f64> = largest.iter().map(|label| label.size).collect();
    sizes.sort_by(f64::total_cmp);
    let smallest = sizes.first().copied().unwrap_or(style.size_max);
    let usual = sizes.get(sizes.len() / 2).copied().unwrap_or(style.size_max);
    let even = smallest.max(if usual < even_min { 0.7 * usual } else { even_min });
    let again = |(piece, known): (&&Piece<'_>, Label)| if known.size > even { label(piece, even) } else { known };
    pieces.iter().zip(largest).map(again).collect()
}

/// The label of each item that has one, by its key.
fn drawn<'a>(chart: &Chart, pieces: &[Piece<'a>], form: &Form, language: Language) -> BTreeMap<&'a str, Label> {
    let broken = broken(pieces, language);
    let mut drawn = BTreeMap::new();
    for (ring, (style, even_min)) in form.styles.iter().zip(form.even_min).enumerate() {
        let of_ring: Vec<&Piece<'_>> = pieces.iter().filter(|piece| piece.ring == ring).collect();
        if ring == 2 && form.labels_to.is_none() {
            continue;
        }
        let to = form.labels_to.filter(|_| ring == 2);
        let style = Style { pad: style.pad * narrow(chart, form), ..*style };
        let labels = labels(&of_ring, &broken, &style, even_min, to);
        let of_ring = pieces.iter().filter(|piece| piece.ring == ring);
        drawn.extend(of_ring.map(|piece| piece.key).zip(labels));
    }
    for label in drawn.values_mut() {
        label.is_stacked = label.in_columns && form.stacks;
    }
    drawn
}

fn svg(chart: &Chart, show: &Show<'_>, form: &Form) -> String {
    let pieces = pieces(chart, form);
    let drawn = drawn(chart, &pieces, form, show.language);
    let smallest = drawn.values().map(|label| label.size).fold(f64::INFINITY, f64::min);
    let mut out = item::opening(form.name, [1000.0, 1000.0], smallest, show);
    let _ = write!(out, r#"<circle class="centre" cx="500" cy="500" r="{:.1}"/>"#, form.centre);
    // A sector all round whose inner edge lies as far on the other side has its middle in the centre.
    let (inner, outer) = (-form.centre, form.centre);
    let round = Sector { centre: CENTRE, inner, outer, from: 0.0, to: TAU, gaps: [0.0; 2] };
    let style = heavy((form.title_max, 7), 12.0, show.language, [&[(Way::Upright, 1.0)]; 2]);
    item::text(&mut out, "title", &round.label(&lines(show.title, LINES_MAX), &style));
    for piece in &pieces {
        let spot = (piece.ring == 2).then(|| {
            let (radius, half) = form.spot;
            let room = radius * ((piece.sector.to - piece.sector.from) / 2.0).sin().abs() * 0.8;
            Spot { place: CENTRE.at(piece.sector.middle(), radius), half: half.min(room) }
        });
        item::draw(&mut out, form.name, piece, drawn.get(piece.key), spot, show);
    }
    item::closing(&mut out);
    out
}

/// A name, and a count if there is one, as it is said.
fn said(name: &Names, count: u32, show: &Show<'_>) -> String {
    let name = name.name(show.language);
    match count {
        0 => name.to_owned(),
        count => show.said().replace("{n}", &count.to_string()).replace("{name}", name),
    }
}
