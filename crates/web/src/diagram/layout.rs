//! Where boxes stand: in layers from left to right, cause to effect, with few crossings (Sugiyama, Tagawa, Toda 1981, as the crate
//! `rust-sugiyama` has it); what is connected to nothing stands below in rows.

use std::collections::HashMap;
use std::sync::Arc;

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};
use rust_sugiyama::from_vertices_and_edges;

use super::DrawnNode;

/// The middle of each box.
pub(crate) type Places = Arc<[(f64, f64)]>;

/// What a layout depends on. Two diagrams with equal shapes have equal layouts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// What each box is called.
    pub(super) keys: Vec<String>,
    /// Width and height of each box.
    pub(super) sizes: Vec<(f64, f64)>,
    /// From which box to which, each pair once.
    pub(super) links: Vec<(usize, usize)>,
}

/// Between layers.
const LAYER_GAP: f64 = 90.0;
/// Between boxes of a layer.
const GAP: f64 = 26.0;
/// Round the whole.
const MARGIN: f64 = 30.0;
/// How many boxes without arrows stand in a row.
const ROW: usize = 5;

impl Shape {
    /// How many boxes there are.
    pub(crate) fn boxes(&self) -> usize {
        self.sizes.len()
    }

    /// The same boxes without arrows.
    pub(crate) fn without_links(&self) -> Self {
        Self { keys: self.keys.clone(), sizes: self.sizes.clone(), links: Vec::new() }
    }

    /// Each box where an earlier layout had it, and new ones below all of them.
    pub(crate) fn as_it_was(&self, earlier: &Self, places: &[(f64, f64)]) -> Places {
        let known: HashMap<_, _> = earlier.keys.iter().zip(places).collect();
        let mut now: Vec<_> = self.keys.iter().map(|key| known.get(key).map_or((0.0, 0.0), |place| **place)).collect();
        let is_new = |number: &usize| self.keys.get(*number).is_some_and(|key| !known.contains_key(key));
        let new: Vec<usize> = (0..self.keys.len()).filter(is_new).collect();
        let below = places.iter().zip(&earlier.sizes).map(|(place, size)| place.1 + size.1 / 2.0).fold(0.0, f64::max);
        self.in_rows(&new, below + GAP, &mut now);
        now.into()
    }

    /// The middle of each box. Slow for large shapes: half a second for 500 boxes and 1,500 arrows.
    pub(crate) fn lay_out(&self) -> Vec<(f64, f64)> {
        let mut places = vec![(0.0, 0.0); self.sizes.len()];
        let is_linked = |number: usize| self.links.iter().any(|(from, to)| *from == number || *to == number);
        let (linked, alone): (Vec<usize>, Vec<usize>) = (0..self.sizes.len()).partition(|number| is_linked(*number));
        let mut below = 0.0_f64;
        if !linked.is_empty() {
            below = self.lay_out_linked(&linked, &mut places);
        }
        self.in_rows(&alone, below, &mut places);
        places
    }

    /// Puts boxes into rows from there on downward.
    fn in_rows(&self, boxes: &[usize], mut below: f64, places: &mut [(f64, f64)]) {
        for row in boxes.chunks(ROW) {
            let mut right = 0.0;
            let size = |number: usize| self.sizes.get(number).copied().unwrap_or_default();
            let tallest = row.iter().map(|number| size(*number).1).fold(0.0, f64::max);
            for number in row {
                let (width, _) = size(*number);
                if let Some(place) = places.get_mut(*number) {
                    *place = (right + width / 2.0, below + tallest / 2.0);
                }
                right += width + GAP;
            }
            below += tallest + GAP;
        }
    }

    /// Lays out what arrows connect, one part below the other, and gives where the last one ends.
    fn lay_out_linked(&self, linked: &[usize], places: &mut [(f64, f64)]) -> f64 {
        // The crate lays layers from top to bottom; here they stand side by side, so that width and height change places.
        let deepest = linked.iter().filter_map(|number| self.sizes.get(*number)).map(|size| size.0).fold(0.0, f64::max);
        let id = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let vertices: Vec<_> = linked
            .iter()
            .filter_map(|number| Some((id(*number), (self.sizes.get(*number)?.1 + GAP, deepest + LAYER_GAP))))
            .collect();
        let links: Vec<_> = self.links.iter().map(|(from, to)| (id(*from), id(*to))).collect();
        let config = Config {
            vertex_spacing: 1.0,
            ranking_type: RankingType::MinimizeEdgeLength,
            c_minimization: CrossingMinimization::Barycenter,
            // Costs twenty times as long and saves few crossings.
            transpose: false,
            ..Config::default()
        };
        let mut below = 0.0;
        for (part, _, _) in from_vertices_and_edges(&vertices, &links, &config) {
            // The crate names a box by its place in the list that it was given.
            let part: Vec<_> =
                part.into_iter().filter_map(|(place, at)| linked.get(place).map(|number| (*number, at))).collect();
            let left = part.iter().map(|(_, (_, along))| *along).fold(f64::INFINITY, f64::min);
            let top = part
                .iter()
                .map(|(vertex, place)| place.0 - self.sizes.get(*vertex).map_or(0.0, |size| size.1) / 2.0)
                .fold(f64::INFINITY, f64::min);
            let mut end = below;
            for (vertex, (across, along)) in &part {
                let Some((width, height)) = self.sizes.get(*vertex) else { continue };
                let place = (along - left + width / 2.0, across - top + below);
                if let Some(slot) = places.get_mut(*vertex) {
                    *slot = place;
                }
                end = end.max(place.1 + height / 2.0);
            }
            below = end + 2.0 * GAP;
        }
        below
    }
}

/// What all boxes stand in.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Moves all boxes so that the frame round them begins at nothing, and gives the frame as it was before.
pub(super) fn fit(nodes: &mut [DrawnNode]) -> Frame {
    if nodes.is_empty() {
        return Frame { left: 0.0, top: 0.0, width: 0.0, height: 0.0 };
    }
    let edge =
        |pick: fn(&DrawnNode) -> f64, most: fn(f64, f64) -> f64, from: f64| nodes.iter().map(pick).fold(from, most);
    let round = |length: f64| (length * 10.0).round() / 10.0;
    let left = round(edge(|it| it.x - it.width / 2.0, f64::min, f64::INFINITY) - MARGIN);
    let top = round(edge(|it| it.y - it.height / 2.0, f64::min, f64::INFINITY) - MARGIN);
    let right = edge(|it| it.x + it.width / 2.0, f64::max, f64::NEG_INFINITY) + MARGIN;
    let bottom = edge(|it| it.y + it.height / 2.0, f64::max, f64::NEG_INFINITY) + MARGIN;
    for node in nodes {
        (node.x, node.y) = (round(node.x - left), round(node.y - top));
    }
    Frame { left, top, width: round(right - left), height: round(bottom - top) }
}

/// From the border of a box to that of another: sideways, and then this is true, where the other stands to the side, else up or down.
pub(super) fn line(from: &DrawnNode, to: &DrawnNode) -> (Vec<[f64; 2]>, bool) {
    let (across, down) = (to.x - from.x, to.y - from.y);
    if across.abs() >= (from.width + to.width) / 2.0 {
        let side = across.signum();
        (vec![[from.x + side * from.width / 2.0, from.y], [to.x - side * to.width / 2.0, to.y]], true)
    } else {
        let side = if down < 0.0 { -1.0 } else { 1.0 };
        (vec![[from.x, from.y + side * from.height / 2.0], [to.x, to.y - side * to.height / 2.0]], false)
    }
}

/// So many boxes, each of which leads to the next ones.
#[cfg(test)]
pub(crate) fn grid(boxes: usize, ways: usize) -> Shape {
    let links = (0..boxes).flat_map(|from| (1..=ways).map(move |way| (from, from * way + way)));
    Shape {
        keys: (0..boxes).map(|number| format!("b{number}")).collect(),
        sizes: vec![(190.0, 84.0); boxes],
        links: links.filter(|(from, to)| to < &boxes && from != to).collect(),
    }
}
