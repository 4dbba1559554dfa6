//! Sectors of rings, and the largest label that stands whole inside one. Knows angles and lengths; it must not know what a
//! sector stands for.
//!
//! Angles are in radians, clockwise from twelve o'clock; lengths are in units of the view box.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use super::text::{INSIDE_WORD, Lines};

/// A place on the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    /// The place at an angle and a distance from this one.
    pub(super) fn at(self, angle: f64, distance: f64) -> Point {
        Point { x: self.x + distance * angle.sin(), y: self.y - distance * angle.cos() }
    }
}

/// A part of a ring. Its straight edges keep a distance of `gaps` from the rays that bound it, so that the joint between
/// two sectors is as wide at its outer end as at its inner one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sector {
    pub(super) centre: Point,
    pub(super) inner: f64,
    pub(super) outer: f64,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) gaps: [f64; 2],
}

/// How a label is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all.
    Upright,
    /// Not at all, in columns from right to left.
    UprightColumns,
    /// Along the radius, head up.
    Radial,
    /// Along the radius, in columns where they stand straighter than lines.
    RadialColumns,
}

/// A label that stands inside a sector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub(super) lines: Vec<String>,
    pub(super) centre: Point,
    /// Degrees clockwise.
    pub(super) turned: f64,
    pub(super) in_columns: bool,
    /// Whether the characters of a column are placed one by one, for whoever does not know columns.
    pub(super) is_stacked: bool,
    pub(super) size: f64,
    pub(super) leading: f64,
    /// The corners of the box that holds it.
    pub(super) corners: [Point; 4],
}

/// How labels of a ring are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size_max: f64,
    /// Rather than smaller than this, a word is broken.
    pub(super) size_min: f64,
    pub(super) lines_max: usize,
    /// The distance of lines in ems.
    pub(super) leading: f64,
    /// By how much heavy letters are wider.
    pub(super) weight: f64,
    /// Distance from every edge.
    pub(super) pad: f64,
    /// Ways that may be taken, each with what it is worth: the size is multiplied with it.
    pub(super) ways: &'static [(Way, f64)],
}

/// Smaller than this no label is drawn, not even one that then does not fit.
const SIZE_MIN: f64 = 1.0;
/// Places that are tried for a label: parts of the way from the middle of the ring to its outer edge, or to its inner one.
const PLACES: [f64; 13] = [0.0, 0.15, -0.15, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6, 0.8, -0.8, 1.0, -1.0];

impl Sector {
    pub(super) fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// The outline as SVG path data.
    pub(super) fn path(&self) -> String {
        let [before, after] = self.gaps;
        let large = u8::from(self.to - self.from > PI);
        let corner = |angle: f64, gap: f64, radius: f64| {
            let Point { x, y } = self.centre.at(angle + (gap / radius).clamp(-1.0, 1.0).asin(), radius);
            format!("{x:.1} {y:.1}")
        };
        let (inner, outer) = (self.inner, self.outer);
        format!(
            "M{}A{outer:.1} {outer:.1} 0 {large} 1 {}L{}A{inner:.1} {inner:.1} 0 {large} 0 {}Z",
            corner(self.from, before, outer),
            corner(self.to, -after, outer),
            corner(self.to, -after, inner),
            corner(self.from, before, inner),
        )
    }

    /// Whether a box keeps its distance from every edge.
    pub(super) fn holds(&self, corners: &[Point; 4], pad: f64) -> bool {
        let (half, middle) = ((self.to - self.from) / 2.0, self.middle());
        let gap = self.gaps[0].max(self.gaps[1]);
        let whole = half >= PI - 1e-6;
        let fits = |corner: &Point| {
            let (x, y) = (corner.x - self.centre.x, corner.y - self.centre.y);
            let radius = x.hypot(y);
            let off = turn(x.atan2(-y) - middle).abs();
            radius <= self.outer - pad && (whole || off + ((gap + pad) / radius).clamp(-1.0, 1.0).asin() <= half)
        };
        let [a, b, c, d] = corners;
        let sides = [(a, b), (b, c), (c, d), (d, a)];
        corners.iter().all(fits)
            && (self.inner <= 0.0
                || sides.iter().all(|(from, to)| distance(self.centre, **from, **to) >= self.inner + pad))
    }

    /// The text at its largest inside the sector, up to the style's size; at its smallest where it does not fit at all.
    /// `broken` is the text in one line, in two and so on.
    pub(super) fn label(&self, broken: &[Lines], style: &Style) -> Label {
        let mut best: Option<(f64, Label)> = None;
        for (count, lines) in (0_u32..).zip(broken).take(style.lines_max) {
            for (way, worth) in style.ways {
                let score = |size: f64| worth * style.score(size, lines) - 0.3 * f64::from(count);
                let beats = |size: f64| best.as_ref().is_none_or(|(known, _)| score(size) > *known + 0.01);
                if !beats(style.size_max) {
                    continue;
                }
                if let Some(posed) = self.largest(lines, *way, style).filter(|posed| beats(posed.size)) {
                    best = Some((score(posed.size), posed.label(lines, style)));
                }
            }
        }
        best.map_or_else(|| self.unfit(broken, style), |(_, label)| label)
    }

    /// Whole, but not inside: only a sector with no room at all comes to this.
    fn unfit(&self, broken: &[Lines], style: &Style) -> Label {
        let nothing = Lines { texts: Vec::new(), width: 0.0, badness: 0.0 };
        let lines = broken.first().unwrap_or(&nothing);
        self.pose(lines, Way::Radial, style, SIZE_MIN, 0.0).label(lines, style)
    }

    /// Its largest size in these lines, turned in this way; nothing if it is too small to be drawn.
    fn largest(&self, lines: &Lines, way: Way, style: &Style) -> Option<Pose> {
        let fit = |size: f64| {
            let mut poses = PLACES.iter().map(|place| self.pose(lines, way, style, size, *place));
            poses.find(|pose| self.holds(&pose.corners, style.pad))
        };
        if let Some(pose) = fit(style.size_max) {
            return Some(pose);
        }
        let (mut low, mut high, mut found) = (SIZE_MIN, style.size_max, None);
        for _ in 0..9 {
            let size = f64::midpoint(low, high);
            match fit(size) {
                Some(pose) => (low, found) = (size, Some(pose)),
                None => high = size,
            }
        }
        found
    }

    fn pose(&self, lines: &Lines, way: Way, style: &Style, size: f64, place: f64) -> Pose {
        let angle = self.middle();
        let (turned, in_columns) = turned(angle, way);
        let rows = f64::from(u32::try_from(lines.texts.len().max(1)).unwrap_or(u32::MAX));
        let along = lines.width * style.weight * size;
        // A line is an em high, and a little for what hangs below.
        let across = ((rows - 1.0) * style.leading + 1.08) * size;
        let (width, height) = if in_columns { (across, along) } else { (along, across) };
        let (w, h) = (width / 2.0, height / 2.0);
        // How far the box reaches along the radius, and across it.
        let (sin, cos) = (angle - FRAC_PI_2 - turned).sin_cos();
        let (deep, wide) = (w * cos.abs() + h * sin.abs(), w * sin.abs() + h * cos.abs());
        let middle = f64::midpoint(self.inner, self.outer);
        let rim = self.outer - style.pad;
        let far = (rim * rim - wide * wide).max(0.0).sqrt() - deep - 0.01;
        let edge = if place < 0.0 { self.inner + style.pad + deep + 0.01 } else { far };
        let centre = self.centre.at(angle, middle + place.abs() * (edge - middle));
        let (sin, cos) = turned.sin_cos();
        let corner = |x: f64, y: f64| Point { x: centre.x + x * cos - y * sin, y: centre.y + x * sin + y * cos };
        Pose { centre, turned, in_columns, size, corners: [corner(-w, -h), corner(w, -h), corner(w, h), corner(-w, h)] }
    }
}

impl Style {
    /// What these lines are worth at a size.
    fn score(&self, size: f64, lines: &Lines) -> f64 {
        let score = size - 0.25 * lines.badness.min(INSIDE_WORD / 4.0);
        if size < self.size_min {
            score * 0.2
        } else if lines.badness >= INSIDE_WORD {
            score * 0.35
        } else {
            score
        }
    }
}

/// A label in a place, without its text.
struct Pose {
    centre: Point,
    turned: f64,
    in_columns: bool,
    size: f64,
    corners: [Point; 4],
}

impl Pose {
    fn label(self, lines: &Lines, style: &Style) -> Label {
        let Pose { centre, turned, in_columns, size, corners } = self;
        let (lines, turned, leading) = (lines.texts.clone(), turned.to_degrees(), style.leading * size);
        Label { lines, centre, turned, in_columns, is_stacked: false, size, leading, corners }
    }
}

/// By how much a label at this angle is turned, and whether it is in columns.
fn turned(angle: f64, way: Way) -> (f64, bool) {
    let along = match turn(angle - FRAC_PI_2) {
        // The left half is turned once more, so that nothing is upside down.
        left if left.abs() > FRAC_PI_2 + 1e-9 => turn(left + PI),
        right => right,
    };
    match way {
        Way::Upright => (0.0, false),
        Way::UprightColumns => (0.0, true),
        Way::RadialColumns if along.abs() > PI / 4.0 + 1e-9 => (along - FRAC_PI_2.copysign(along), true),
        Way::Radial | Way::RadialColumns => (along, false),
    }
}

/// An angle as one from minus to plus half a turn.
fn turn(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle > PI { angle - TAU } else { angle }
}

/// How far a line is from a place.
fn distance(place: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
    let along = ((place.x - from.x) * dx + (place.y - from.y) * dy) / length;
    let along = along.clamp(0.0, 1.0);
    (from.x + along * dx - place.x).hypot(from.y + along * dy - place.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTRE: Point = Point { x: 500.0, y: 500.0 };

    #[test]
    fn angles_go_clockwise_from_twelve() {
        let near = |a: Point, b: (f64, f64)| (a.x - b.0).abs() < 1e-6 && (a.y - b.1).abs() < 1e-6;
        assert!(near(CENTRE.at(0.0, 100.0), (500.0, 400.0)));
        assert!(near(CENTRE.at(FRAC_PI_2, 100.0), (600.0, 500.0)));
        assert!(near(CENTRE.at(PI, 100.0), (500.0, 600.0)));
    }

    #[test]
    fn no_label_is_upside_down() {
        for step in 0..720 {
            let angle = f64::from(step) * PI / 360.0;
            assert!(turned(angle, Way::Radial).0.abs() <= FRAC_PI_2 + 1e-6, "{step}");
            assert!(turned(angle, Way::RadialColumns).0.abs() <= PI / 4.0 + 1e-6, "{step}");
        }
    }

    #[test]
    fn a_box_is_held_or_not() {
        let sector = Sector { centre: CENTRE, inner: 100.0, outer: 200.0, from: 0.0, to: FRAC_PI_2, gaps: [2.0, 2.0] };
        let square = |angle: f64, distance: f64, half: f64| {
            let Point { x, y } = CENTRE.at(angle, distance);
            [(-half, -half), (half, -half), (half, half), (-half, half)].map(|(dx, dy)| Point { x: x + dx, y: y + dy })
        };
        assert!(sector.holds(&square(PI / 4.0, 150.0, 20.0), 2.0));
        assert!(!sector.holds(&square(PI / 4.0, 190.0, 20.0), 2.0), "over the outer edge");
        assert!(!sector.holds(&square(PI / 4.0, 110.0, 20.0), 2.0), "over the inner edge");
        assert!(!sector.holds(&square(0.05, 150.0, 20.0), 2.0), "over a side");
        assert!(!sector.holds(&square(PI, 150.0, 5.0), 2.0), "elsewhere");
    }
}
