//! The parts of a picture as markup: a sector with its label, its count and its seal. Knows classes, roles and ids, which
//! `mandala.js` and `mandala.css` count on; it must not know where a sector lies.

use std::fmt::Write as _;

use warifu_core::chart::{Chart, Names};

use super::shape::{Label, Point, Sector};
use super::text::escape;
use super::{Show, said};

/// An item of a chart with its place on a picture.
#[derive(Debug, Clone)]
pub(super) struct Piece<'a> {
    /// 0 for regions, 1 for groups, 2 for causes.
    pub(super) ring: usize,
    /// Its level as it is heard, from 1.
    pub(super) level: usize,
    pub(super) key: &'a str,
    pub(super) parent: &'a str,
    pub(super) name: &'a Names,
    pub(super) sector: Sector,
}

/// Where the count and the seal of a cause stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) place: Point,
    /// Half its width.
    pub(super) half: f64,
}

/// Goes round a chart. `sector` makes the sector of a ring from the number of the first cause in it, how many causes it has and
/// the joints at both its ends; `joints` are those between causes, groups and regions.
pub(super) fn walk<'a>(
    chart: &'a Chart,
    joints: [f64; 3],
    sector: &dyn Fn(usize, usize, usize, [f64; 2]) -> Sector,
) -> Vec<Piece<'a>> {
    let [between_causes, between_groups, between_regions] = joints;
    let has_regions = chart.has_regions();
    let outermost = if has_regions { between_regions } else { between_groups };
    let (mut pieces, mut start) = (Vec::new(), 0);
    for region in &chart.regions {
        let count = region.groups.iter().map(|group| group.causes.len()).sum();
        if let Some(name) = &region.name {
            let sector = sector(0, start, count, [between_regions; 2]);
            pieces.push(Piece { ring: 0, level: 1, key: &region.key, parent: "", name, sector });
        }
        let last = region.groups.len().saturating_sub(1);
        for (place, group) in region.groups.iter().enumerate() {
            let ends = [place == 0, place == last].map(|is_end| if is_end { outermost } else { between_groups });
            let parent = if has_regions { region.key.as_str() } else { "" };
            let level = 1 + usize::from(has_regions);
            let own = sector(1, start, group.causes.len(), ends);
            pieces.push(Piece { ring: 1, level, key: &group.key, parent, name: &group.name, sector: own });
            let last = group.causes.len().saturating_sub(1);
            for (place, cause) in group.causes.iter().enumerate() {
                let [before, after] = ends;
                let gaps = [
                    if place == 0 { before } else { between_causes },
                    if place == last { after } else { between_causes },
                ];
                let own = sector(2, start, 1, gaps);
                let (level, parent) = (level + 1, group.key.as_str());
                pieces.push(Piece { ring: 2, level, key: &cause.key, parent, name: &cause.name, sector: own });
                start += 1;
            }
        }
    }
    pieces
}

/// The opening tag. `smallest` is the size of the smallest label, by which the page knows whether it can be read.
pub(super) fn opening(form: &str, size: [f64; 2], smallest: f64, show: &Show<'_>) -> String {
    let [width, height] = size;
    let heated = if show.counts.is_some() { " heated" } else { "" };
    let smallest = if smallest.is_finite() { smallest } else { 0.0 };
    let (title, said) = (escape(show.title), escape(&show.said()));
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="mandala {form}{heated}" data-form="{form}" data-smallest="{smallest:.1}" data-said="{said}" viewBox="0 0 {width:.0} {height:.0}" text-anchor="middle" role="tree" aria-label="{title}">"#
    )
}

/// The closing tag, after the ring that shows the focus above all sectors.
pub(super) fn closing(out: &mut String) {
    out.push_str(r#"<path class="focus-ground" d="" aria-hidden="true"/><path class="focus-ring" d="" aria-hidden="true"/></svg>"#);
}

/// A sector with all that stands on it.
pub(super) fn draw(
    out: &mut String,
    form: &str,
    piece: &Piece<'_>,
    label: Option<&Label>,
    spot: Option<Spot>,
    show: &Show<'_>,
) {
    let kind = ["region", "group", "cause"].get(piece.ring).copied().unwrap_or_default();
    let is_cause = piece.ring == 2;
    let (count, is_marked) = (show.count(piece.key), show.marked.contains(piece.key));
    let mut class = format!("item {kind}");
    if is_cause && show.counts.is_some() {
        let _ = write!(class, " heat-{}", show.heat(count));
    }
    class.push_str(if is_cause && count > 0 { " counted" } else { "" });
    class.push_str(if is_cause && is_marked { " marked" } else { "" });
    let checked = if is_cause { format!(r#" aria-checked="{is_marked}""#) } else { String::new() };
    let said = escape(&said(piece.name, if is_cause { count } else { 0 }, show));
    let name = escape(piece.name.name(show.language));
    let (key, parent) = (escape(piece.key), escape(piece.parent));
    let _ = write!(
        out,
        r#"<g id="{form}-{key}" class="{class}" data-key="{key}" data-ring="{}" data-parent="{parent}" data-name="{name}" role="treeitem" aria-level="{}"{checked} aria-label="{said}" tabindex="-1"><path class="area" d="{}"/>"#,
        piece.ring,
        piece.level,
        piece.sector.path()
    );
    out.push_str(r#"<g class="on" aria-hidden="true">"#);
    if let Some(label) = label {
        text(out, "label", label);
    }
    if let Some(spot) = spot.filter(|_| is_cause) {
        self::spot(out, spot, count);
    }
    out.push_str("</g></g>");
}

/// An open circle that waits for a mark, the seal of one, and the count: `mandala.css` shows what applies.
fn spot(out: &mut String, spot: Spot, count: u32) {
    let Spot { place: Point { x, y }, half } = spot;
    let count = if count > 0 { count.to_string() } else { String::new() };
    // Three digits and more get smaller.
    let digits = f64::from(u32::try_from(count.len().max(2)).unwrap_or(u32::MAX));
    let size = 3.0 / digits;
    let _ = write!(
        out,
        r#"<g class="spot" transform="translate({x:.1} {y:.1}) scale({:.3})"><circle class="open" r="7"/><g class="seal"><rect x="-10.5" y="-10.5" width="21" height="21" rx="3.5" transform="rotate(-5)"/><path class="tick" d="M-5 .5l3.6 4L5.4-4.4"/></g><text class="count" aria-hidden="true" y="{:.1}" font-size="{:.1}">{count}</text></g>"#,
        half / 11.0,
        4.2 * size,
        12.0 * size,
    );
}

/// A label in its lines or columns.
pub(super) fn text(out: &mut String, class: &str, label: &Label) {
    let Point { x, y } = label.centre;
    let turned = if label.turned.abs() < 0.05 { String::new() } else { format!(" rotate({:.1})", label.turned) };
    let mode = if label.in_columns && !label.is_stacked { r#" writing-mode="vertical-rl""# } else { "" };
    let _ = write!(
        out,
        r#"<text class="{class}" font-size="{:.1}" transform="translate({x:.1} {y:.1}){turned}"{mode}>"#,
        label.size
    );
    let half = f64::from(u32::try_from(label.lines.len()).unwrap_or(u32::MAX) - 1) / 2.0;
    for (place, line) in (0_u32..).zip(&label.lines) {
        let off = (f64::from(place) - half) * label.leading;
        if label.is_stacked {
            stack(out, line, -off, label.size);
            continue;
        }
        // Columns stand on their middle; lines on their foot, which is so far below the middle of what is seen.
        let (x, y) = if label.in_columns { (-off, 0.0) } else { (0.0, off + 0.36 * label.size) };
        // What is broken at a space is one name all the same, to whoever reads the text: a space that takes no room.
        let space = if place > 0 && !label.in_columns { r#"<tspan font-size="0"> </tspan>"# } else { "" };
        let _ = write!(out, r#"{space}<tspan x="{x:.1}" y="{y:.1}">{}</tspan>"#, escape(line));
    }
    out.push_str("</text>");
}

/// A column, character by character, as high as it would be by itself. Small kana move to the upper right of their square, points too, and
/// what is turned in columns is turned.
fn stack(out: &mut String, line: &str, x: f64, size: f64) {
    let count = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
    let mut middle = -f64::from(count.saturating_sub(1)) / 2.0;
    for character in line.chars() {
        let (right, below, turned) = match character {
            'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'っ'
            | 'ゃ' | 'ゅ' | 'ょ' => (0.1, 0.36 - 0.1, ""),
            '、' | '。' => (0.55, 0.36 - 0.55, ""),
            'ー' | '〜' | '～' | '-' | '…' | '（' | '）' | '「' | '」' | '『' | '』' | '【' | '】' | '［' | '］'
            | '(' | ')' | '[' | ']' => {
                // It turns round the beginning of its foot, which stands in the middle of the column then.
                (0.12, -0.5, r#" rotate="90""#)
            }
            _ => (0.0, 0.36, ""),
        };
        let (x, y) = (x + right * size, (middle + below) * size);
        let _ = write!(out, r#"<tspan x="{x:.1}" y="{y:.1}"{turned}>{}</tspan>"#, escape(&character.to_string()));
        middle += 1.0;
    }
}
