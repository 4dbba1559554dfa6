//! A region that is opened on a phone: its part of the mandala spread like a fan over the whole screen, one unit a pixel on a
//! phone of 390. The more causes, the larger the circle that the fan is cut from, so that it never takes more room to the
//! side, and every label can be read.

use std::f64::consts::FRAC_PI_2;
use std::fmt::Write as _;

use warifu_core::chart::{Chart, Item, Language, Names, Region};

use super::item::{self, Piece, Spot};
use super::shape::{Label, Point, Sector, Style, Way};
use super::text::{Lines, escape, lines};
use super::{Broken, JOINTS, Show, broken, heavy, labels, style};

/// The width of the picture.
pub(super) const WIDTH: f64 = 390.0;
/// The smallest size of a label.
pub(super) const SIZE_MIN: f64 = 14.0;
const SIZE_MAX: f64 = 16.0;
/// Distance from the sides.
const EDGE: f64 = 8.0;
/// What the head needs above the fan.
const HEAD: f64 = 60.0;
/// How deep the ring of groups is.
const GROUPS_DEEP: f64 = 126.0;
/// By how much the ends of the fan may lie further left than its middle.
const BOW_MAX: f64 = 46.0;
/// Half the widest fan.
const HALF_MAX: f64 = 0.6;
/// The height of a cause where its sector is narrowest: at least, at most, and together.
const PITCH_MIN: f64 = 50.0;
const PITCH_MAX: f64 = 92.0;
const PITCH_TOGETHER: f64 = 620.0;
/// The room that a spot takes at the outer end of a cause.
const SPOT_DEEP: f64 = 36.0;

/// Where the rings of a fan lie.
struct Fan {
    centre: Point,
    /// Inner and outer radius of the groups, or of nothing, and of the causes.
    rings: [(f64, f64); 2],
    half: f64,
    height: f64,
}

/// The region with this key, or the group with it in a chart without regions, as an SVG element 390 units wide and as high as it
/// needs to be. Nothing if no such item is there.
pub(crate) fn region_svg(chart: &Chart, key: &str, show: &Show<'_>) -> Option<String> {
    let (names, region) = match chart.find(key)? {
        Item::Region(place) => (place.region.name.as_ref()?, place.region.clone()),
        Item::Group(place) if !chart.has_regions() => {
            (&place.group.name, Region { groups: vec![place.group.clone()], ..place.region.clone() })
        }
        _ => return None,
    };
    let part = Chart { regions: vec![region], ..chart.clone() };
    Some(svg(&part, key, names, show))
}

fn svg(part: &Chart, key: &str, names: &Names, show: &Show<'_>) -> String {
    let name = names.name(show.language);
    let head = Head::of(name, show.language);
    let fan = fan(part, head.width(), show.language);
    let pieces: Vec<Piece<'_>> = fan.pieces(part);
    let broken = broken(&pieces, show.language);
    let spread = fan.labels(&pieces, &broken, show.language);
    let smallest = spread.iter().map(|(_, label)| label.size).fold(SIZE_MAX, f64::min);
    let mut out = item::opening("fan", [WIDTH, fan.height], smallest, show);
    out = out.replacen(" data-form=", &format!(r#" data-key="{}" data-form="#, escape(key)), 1);
    head.draw(&mut out, name, show);
    let spot = fan.rings[1].1 - SPOT_DEEP / 2.0 - 2.0;
    for (piece, label) in spread {
        let place = fan.centre.at(piece.sector.middle(), spot);
        let spot = (piece.ring == 2).then_some(Spot { place, half: 13.0 });
        item::draw(&mut out, "fan", piece, Some(&label), spot, show);
    }
    item::closing(&mut out);
    out
}

/// The name of what is opened, and the way out.
struct Head {
    lines: Lines,
    size: f64,
}

impl Head {
    const WIDTH_MAX: f64 = 320.0;

    fn of(name: &str, language: Language) -> Head {
        let heavy = heavy((0.0, 0), 0.0, language, [&[]; 2]).weight;
        let of = |mut lines: Lines| {
            lines.width *= heavy;
            Head { size: (Self::WIDTH_MAX / lines.width.max(1.0)).min(23.0), lines }
        };
        let mut heads: Vec<Head> = lines(name, 3).into_iter().map(of).collect();
        // The first that can be read: more lines are larger, and nearer to the edges.
        let fits = heads.iter().position(|head| head.size >= SIZE_MIN).unwrap_or(heads.len().saturating_sub(1));
        if fits < heads.len() {
            heads.swap_remove(fits)
        } else {
            of(Lines { texts: Vec::new(), width: 0.0, badness: 0.0 })
        }
    }

    fn width(&self) -> f64 {
        56.0 + self.lines.width * self.size
    }

    fn draw(&self, out: &mut String, name: &str, show: &Show<'_>) {
        let _ = write!(
            out,
            r#"<g class="back" role="button" tabindex="0" aria-label="{}"><rect class="area" x="2" y="2" width="{:.0}" height="52" rx="8"/><path class="chevron" d="M24 20l-8 8 8 8"/><g class="label" aria-hidden="true" font-size="{:.1}" text-anchor="start">"#,
            escape(&format!("{}: {name}", show.back)),
            self.width().min(WIDTH - 4.0),
            self.size,
        );
        let rows = f64::from(u32::try_from(self.lines.texts.len().max(1)).unwrap_or(1));
        for (place, line) in (0_u32..).zip(&self.lines.texts) {
            let y = 28.0 + self.size * (0.36 + (f64::from(place) - (rows - 1.0) / 2.0) * 1.15);
            let _ = write!(out, r#"<text x="38" y="{y:.1}">{}</text>"#, escape(line));
        }
        out.push_str("</g></g>");
    }
}

/// The fan in which every label has its smallest size at least: of causes as high as they need to be.
fn fan(part: &Chart, head: f64, language: Language) -> Fan {
    let count = f64::from(u32::try_from(part.causes().count().max(1)).unwrap_or(u32::MAX));
    let mut pitch = (PITCH_TOGETHER / count).clamp(PITCH_MIN, PITCH_MAX);
    let start = Fan::of(count, pitch, head, part.has_regions());
    let broken = broken(&start.pieces(part), language);
    loop {
        let fan = Fan::of(count, pitch, head, part.has_regions());
        let pieces = fan.pieces(part);
        let small = fan.labels(&pieces, &broken, language).iter().any(|(_, label)| label.size < SIZE_MIN);
        if !small || pitch > 400.0 {
            return fan;
        }
        pitch += 6.0;
    }
}

impl Fan {
    fn of(count: f64, pitch: f64, head: f64, with_groups: bool) -> Fan {
        let deep = if with_groups { GROUPS_DEEP } else { 0.0 };
        let half = |inner: f64| count * pitch / (2.0 * (inner + deep));
        let bow = |inner: f64| inner * (1.0 - half(inner).cos());
        let mut inner = 200.0;
        while half(inner) > HALF_MAX || bow(inner) > BOW_MAX {
            inner *= 1.03;
        }
        let half = half(inner);
        let outer = inner + WIDTH - 2.0 * EDGE - inner * (1.0 - half.cos());
        let x = EDGE - inner * half.cos();
        // The upper edge rises from the inner corner to the outer one, and passes the head where that ends.
        let slope = half.tan();
        let at_head = half.sin() * inner + slope * (head - EDGE).max(0.0);
        let y = (HEAD + at_head).max(EDGE + outer * half.sin());
        let height = (y + outer * half.sin() + EDGE).ceil();
        let middle = inner + deep;
        let causes = if with_groups { middle + 3.0 } else { middle };
        Fan { centre: Point { x, y }, rings: [(inner, middle), (causes, outer)], half, height }
    }

    fn pieces<'a>(&self, part: &'a Chart) -> Vec<Piece<'a>> {
        let count = part.causes().count().max(1);
        let step = 2.0 * self.half / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let angle = |place: usize| FRAC_PI_2 - self.half + step * f64::from(u32::try_from(place).unwrap_or(u32::MAX));
        let sector = |ring: usize, start: usize, count: usize, gaps: [f64; 2]| {
            let [groups, causes] = self.rings;
            let (inner, outer) = if ring == 2 { causes } else { groups };
            Sector { centre: self.centre, inner, outer, from: angle(start), to: angle(start + count), gaps }
        };
        let [causes, groups, _] = JOINTS;
        let pieces = item::walk(part, [causes, groups, groups], &sector);
        let deep = |piece: &Piece<'_>| piece.ring > 0 && piece.sector.outer > piece.sector.inner;
        pieces.into_iter().filter(deep).collect()
    }

    /// The pieces with their labels, in their order.
    fn labels<'p, 'a>(
        &self,
        pieces: &'p [Piece<'a>],
        broken: &Broken<'_>,
        language: Language,
    ) -> Vec<(&'p Piece<'a>, Label)> {
        let least = |style: Style| Style { size_min: SIZE_MIN, ..style };
        let groups = least(heavy((SIZE_MAX, 8), 5.0, language, [&[(Way::Upright, 1.0)]; 2]));
        let causes = least(style((SIZE_MAX, 8), 5.0, language, [&[(Way::Radial, 1.0)]; 2]));
        let of = |ring: usize, style: &Style, to: Option<f64>| {
            let of_ring: Vec<&Piece<'_>> = pieces.iter().filter(|piece| piece.ring == ring).collect();
            labels(&of_ring, broken, style, SIZE_MIN, to)
        };
        let (mut groups, mut causes) =
            (of(1, &groups, None).into_iter(), of(2, &causes, Some(self.rings[1].1 - SPOT_DEEP)).into_iter());
        let label = |piece: &'p Piece<'a>| {
            let label = if piece.ring == 1 { groups.next() } else { causes.next() };
            label.map(|label| (piece, label))
        };
        pieces.iter().filter_map(label).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use warifu_app::chart_file::{SHIPPED_CHARTS, read};
    use warifu_core::chart::Group;

    use super::*;

    fn opened(chart: &Chart) -> impl Iterator<Item = Chart> {
        chart.regions.iter().map(|region| Chart { regions: vec![region.clone()], ..chart.clone() })
    }

    /// That every label of an opened region is inside, large enough and on the screen.
    fn check(part: &Chart, language: Language) {
        let head = Head::of("個人", language);
        let fan = fan(part, head.width(), language);
        let pieces = fan.pieces(part);
        let labels = fan.labels(&pieces, &broken(&pieces, language), language);
        assert_eq!(labels.len(), pieces.len());
        for (piece, label) in labels {
            assert!(label.size >= SIZE_MIN, "{label:?}");
            assert!(piece.sector.holds(&label.corners, 0.0), "{label:?}");
            let is_seen =
                |corner: &Point| corner.x >= 0.0 && corner.x <= WIDTH && corner.y >= 0.0 && corner.y <= fan.height;
            assert!(label.corners.iter().all(is_seen), "{label:?}");
        }
        for piece in pieces.iter().filter(|piece| piece.ring == 2) {
            let Sector { inner, from, to, .. } = piece.sector;
            assert!(inner * (to - from) >= 48.0, "too narrow for a thumb");
        }
    }

    #[test]
    fn every_label_of_an_opened_region_can_be_read_on_a_phone() {
        let chart = read(SHIPPED_CHARTS.get(1).unwrap()).unwrap();
        for (part, language) in
            opened(&chart).flat_map(|it| [Language::Japanese, Language::English].map(|language| (it.clone(), language)))
        {
            check(&part, language);
        }
    }

    #[test]
    fn a_region_of_any_size_can_be_opened() {
        let mut chart = read(SHIPPED_CHARTS.get(1).unwrap()).unwrap();
        let region = chart.regions.swap_remove(0);
        for count in [1, 2, 30, 120] {
            let group = region.groups.first().unwrap();
            let mut cause = group.causes.first().unwrap().clone();
            cause.name.ja = "漢".repeat(40);
            let groups = vec![Group { causes: vec![cause; count], ..group.clone() }];
            check(&Chart { regions: vec![Region { groups, ..region.clone() }], ..chart.clone() }, Language::Japanese);
        }
    }

    #[test]
    fn what_is_no_region_is_not_opened() {
        let [base, other] = SHIPPED_CHARTS.map(|text| read(text).unwrap());
        let nothing = std::collections::BTreeSet::new();
        let show =
            Show { language: Language::English, title: "", voices: "", back: "", counts: None, marked: &nothing };
        let opens = |chart: &Chart, key: &str| region_svg(chart, key, &show).is_some();
        assert!(opens(&other, "individual") && !opens(&other, "ignorance") && !opens(&other, "hand-over"));
        assert!(opens(&base, "ignorance") && !opens(&base, "all") && !opens(&base, "nothing"));
    }
}
