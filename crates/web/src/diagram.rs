//! The relation diagram (連関図) of a review: its boxes and arrows read from the items, scored by `core`, laid out and drawn.
//!
//! Pure functions of a review's items and its chart. This room knows boxes, layers and markup; it must not know who moved what.
#![expect(clippy::float_arithmetic, reason = "a drawing is lengths")]

mod layout;
mod svg;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use warifu_app::{KeptItem, read_body};
use warifu_core::chart::{Chart, Item, Language, Names};
use warifu_core::review::diagram::{Link, Part, Reading, Standing, read};
use warifu_core::review::{Arrow, Basis, Body, Event, Kind, Node};

use crate::mandala::text::lines;

#[cfg(test)]
pub(crate) use layout::grid;
pub(crate) use layout::{Places, Shape};
pub(crate) use svg::svg;

/// Most boxes that are laid out; those after the last in the order of keys are left out, and it is said how many.
const NODES_MAX: usize = 1_000;
/// Most arrows that are laid out.
const ARROWS_MAX: usize = 3_000;
/// How wide a box is.
const BOX_WIDE: f64 = 190.0;
/// The letters of a label, and how far its lines are apart.
const LETTER: f64 = 14.0;
const LEADING: f64 = 20.0;
/// What a box has above and below its label, the badge's line included.
const BOX_REST: f64 = 44.0;
/// Most lines of a label.
const LINES_MAX: usize = 5;
/// Most characters of one; what is longer ends in an ellipsis and is read whole beside the diagram.
const LABEL_MAX: usize = 60;

/// A diagram, laid out. Lengths are in units of its own, a CSS pixel at full size.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Diagram {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// What is to be added to a place here for the `at` of a box.
    left: f64,
    top: f64,
    /// Arrows that count, in thousandths of those that there could be.
    density_permille: u32,
    /// Groups of boxes that lead back to themselves, by their keys.
    cycles: Vec<Vec<String>>,
    /// Pairs of boxes with arrows both ways that are as strong as each other.
    undecided: Vec<[String; 2]>,
    pub(crate) nodes: Vec<DrawnNode>,
    pub(crate) arrows: Vec<DrawnArrow>,
    /// How many boxes and arrows there were no room for.
    left_out: usize,
    /// Whether boxes stand where the layout puts them. If not, it is being made: ask again in a moment.
    is_laid_out: bool,
}

/// A box.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DrawnNode {
    key: String,
    /// What it stands for.
    of: String,
    /// Its words in both languages.
    label: Label,
    /// The lines of its label in each language, as they are drawn.
    pub(crate) lines: Lines,
    /// `fact` or `conjecture`: what is said of it; `none` of a cause, which is no statement.
    basis: &'static str,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    #[serde(rename = "in")]
    inward: u32,
    #[serde(rename = "out")]
    outward: u32,
    /// Out minus in.
    effect: i64,
    /// `driver`, `outcome` or `between`.
    part: &'static str,
    is_proposed: bool,
    /// What the group takes it for; `null` while it has not said.
    is_true: Option<bool>,
    is_moved: bool,
}

/// Words in both languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Label {
    ja: String,
    en: String,
}

/// Lines in both languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Lines {
    pub(crate) ja: Vec<String>,
    pub(crate) en: Vec<String>,
}

/// An arrow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DrawnArrow {
    key: String,
    from: String,
    to: String,
    strength: u8,
    basis: &'static str,
    /// `counts`, `repeats`, `weaker` or `undecided`.
    pub(crate) standing: &'static str,
    /// From border to border.
    pub(crate) points: Vec<[f64; 2]>,
    /// Whether it leaves and arrives at the sides of its boxes, and not at their tops and bottoms.
    is_sideways: bool,
}

impl Diagram {
    /// What a box says; nothing if it is gone.
    pub(crate) fn label(&self, key: &str, language: Language) -> &str {
        let node = self.nodes.iter().find(|node| node.key == key);
        node.map_or("", |node| match language {
            Language::Japanese => &node.label.ja,
            Language::English => &node.label.en,
        })
    }

    /// The boxes with their scores: key, in, out, effect and part.
    pub(crate) fn scores(&self) -> impl Iterator<Item = (&str, u32, u32, i64, &'static str)> {
        self.nodes.iter().map(|node| (node.key.as_str(), node.inward, node.outward, node.effect, node.part))
    }

    /// The arrows that count, by the keys of their boxes.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&str, &str, u8, &'static str)> {
        let counts = self.arrows.iter().filter(|arrow| arrow.standing == "counts");
        counts.map(|arrow| (arrow.from.as_str(), arrow.to.as_str(), arrow.strength, arrow.basis))
    }
}

/// What is gathered of a review for its diagram, before it is laid out.
pub(crate) struct Gathered {
    boxes: Vec<GatheredBox>,
    arrows: Vec<(String, Arrow)>,
    reading: Reading,
    links: Vec<Link>,
    left_out: usize,
}

/// A box with what it says, broken into lines once: that is most of the work.
struct GatheredBox {
    key: String,
    node: Node,
    label: Label,
    lines: Lines,
    /// What is said of the event that it stands for.
    basis: Option<Basis>,
    is_true: Option<bool>,
}

impl Gathered {
    pub(crate) fn new(items: &[KeptItem], chart: &Chart) -> Self {
        let (mut nodes, mut arrows) = (Vec::new(), Vec::new());
        let (mut events, mut decided) = (BTreeMap::new(), BTreeMap::new());
        for item in items {
            let body =
                Kind::parse(&item.kind).zip(item.body.as_deref()).and_then(|(kind, json)| read_body(kind, json).ok());
            match body {
                Some(Body::Node(node)) => nodes.push((item.key.clone(), node)),
                Some(Body::Arrow(arrow)) => arrows.push((item.key.clone(), arrow)),
                Some(Body::Event(event)) => drop(events.insert(item.key.clone(), event)),
                Some(Body::TrueCause(cause)) => drop(decided.insert(item.key.clone(), cause.is_true)),
                _ => {}
            }
        }
        let there = nodes.len() + arrows.len();
        nodes.truncate(NODES_MAX);
        let (arrows, links) = joined(&nodes, arrows);
        let left_out = there.saturating_sub(nodes.len() + arrows.len());
        let gathered = |(key, node): (String, Node)| {
            let event = node.of.strip_prefix("event/").and_then(|key| events.get(key));
            let label = label(&node, event, chart);
            let is_true = decided.get(&key).copied();
            GatheredBox {
                lines: drawn_lines(&label),
                label,
                basis: event.map(|it| it.statement.basis),
                is_true,
                key,
                node,
            }
        };
        let boxes: Vec<_> = nodes.into_iter().map(gathered).collect();
        Self { reading: read(boxes.len(), &links), boxes, arrows, links, left_out }
    }

    /// What the layout depends on: the boxes' sizes and which of them arrows connect.
    pub(crate) fn shape(&self) -> Shape {
        // Only what counts says which stands first.
        let counted = self.links.iter().zip(&self.reading.links).filter(|(_, standing)| **standing == Standing::Counts);
        let mut links: Vec<_> = counted.map(|(link, _)| (link.from, link.to)).collect();
        links.sort_unstable();
        links.dedup();
        let keys = self.boxes.iter().map(|it| it.key.clone()).collect();
        Shape { keys, sizes: self.boxes.iter().map(|it| (BOX_WIDE, tall(&it.lines))).collect(), links }
    }

    /// The diagram, whose boxes the layout put there.
    pub(crate) fn laid_out(self, places: &[(f64, f64)], is_laid_out: bool) -> Diagram {
        let Self { boxes, arrows, reading, links, left_out } = self;
        let mut nodes: Vec<_> = (0..).zip(boxes).map(|(number, it)| it.draw(number, &reading, places)).collect();
        let frame = layout::fit(&mut nodes);
        let arrows = arrows.into_iter().zip(&links).zip(&reading.links).map(|(((key, arrow), link), standing)| {
            let ends = nodes.get(link.from).zip(nodes.get(link.to));
            let (points, is_sideways) = ends.map(|(from, to)| layout::line(from, to)).unwrap_or_default();
            DrawnArrow {
                key,
                from: arrow.from,
                to: arrow.to,
                strength: arrow.strength,
                basis: basis(arrow.statement.basis),
                standing: word(*standing),
                points,
                is_sideways,
            }
        });
        let arrows = arrows.collect();
        let key = |number: &usize| nodes.get(*number).map(|node| node.key.clone()).unwrap_or_default();
        let undecided = links.iter().zip(&reading.links).filter(|(link, standing)| {
            // Each pair once.
            **standing == Standing::Undecided && link.from < link.to
        });
        Diagram {
            width: frame.width,
            height: frame.height,
            left: frame.left,
            top: frame.top,
            density_permille: reading.density_permille,
            cycles: reading.cycles.iter().map(|cycle| cycle.iter().map(key).collect()).collect(),
            undecided: undecided.map(|(link, _)| [key(&link.from), key(&link.to)]).collect(),
            arrows,
            left_out,
            is_laid_out,
            nodes,
        }
    }
}

/// The arrows between boxes that are there, at most as many as are laid out, and the same by the numbers of their boxes.
fn joined(nodes: &[(String, Node)], arrows: Vec<(String, Arrow)>) -> (Vec<(String, Arrow)>, Vec<Link>) {
    let numbers: BTreeMap<&str, usize> = (0..).zip(nodes).map(|(number, (key, _))| (key.as_str(), number)).collect();
    let number = |key: &String| numbers.get(key.as_str()).copied();
    let (mut kept, mut links) = (Vec::new(), Vec::new());
    for (key, arrow) in arrows {
        // One whose box is gone waits for it to come back, unseen.
        let Some((from, to)) = number(&arrow.from).zip(number(&arrow.to)) else { continue };
        if kept.len() < ARROWS_MAX {
            links.push(Link { from, to, strength: arrow.strength, is_kept: arrow.is_kept });
            kept.push((key, arrow));
        }
    }
    (kept, links)
}

impl GatheredBox {
    fn draw(self, number: usize, reading: &Reading, places: &[(f64, f64)]) -> DrawnNode {
        let score = reading.scores.get(number).copied().unwrap_or_default();
        let laid = places.get(number).copied().unwrap_or_default();
        let Self { key, node, label, lines, basis: said, is_true } = self;
        let (x, y) = node.at.map_or(laid, |at| (f64::from(at.x), f64::from(at.y)));
        DrawnNode {
            key,
            is_moved: node.at.is_some(),
            of: node.of,
            height: tall(&lines),
            label,
            lines,
            basis: said.map_or("none", basis),
            x,
            y,
            width: BOX_WIDE,
            inward: score.inward,
            outward: score.outward,
            effect: score.effect(),
            part: match score.part {
                Part::Driver => "driver",
                Part::Outcome => "outcome",
                Part::Between => "between",
            },
            is_proposed: score.is_proposed,
            is_true,
        }
    }
}

/// What stands in a box; that of something that is gone is empty.
fn label(node: &Node, event: Option<&Event>, chart: &Chart) -> Label {
    let both = |text: &str| Label { ja: text.to_owned(), en: text.to_owned() };
    match node.of.split_once('/') {
        Some(("cause", key)) => match chart.find(key).as_ref().and_then(Item::names) {
            Some(Names { ja, en }) => Label { ja: ja.clone(), en: en.clone() },
            None => both(""),
        },
        Some(_) => both(event.map_or("", |event| event.statement.text.as_str())),
        None => both(&node.text),
    }
}

fn drawn_lines(label: &Label) -> Lines {
    let broken = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short = match text.char_indices().nth(LABEL_MAX) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        };
        // As few lines as are narrow enough.
        let mut ways = lines(&short, LINES_MAX);
        let last = ways.pop().map(|it| it.texts).unwrap_or_default();
        ways.into_iter().find(|it| it.width * LETTER <= BOX_WIDE - 24.0).map_or(last, |it| it.texts)
    };
    let ja = broken(&label.ja);
    let en = if label.en == label.ja { ja.clone() } else { broken(&label.en) };
    Lines { ja, en }
}

fn tall(lines: &Lines) -> f64 {
    let count = lines.ja.len().max(lines.en.len()).max(1);
    BOX_REST + LEADING * f64::from(u32::try_from(count).unwrap_or(1))
}

const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Fact => "fact",
        Basis::Conjecture => "conjecture",
    }
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Counts => "counts",
        Standing::Repeats => "repeats",
        Standing::Weaker => "weaker",
        Standing::Undecided => "undecided",
    }
}
