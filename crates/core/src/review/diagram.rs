//! The relation diagram (連関図): what influences what, and what the arrows say about it.
//!
//! The rules are those in public use: an arrow runs from what influences to what is influenced; of a mutual pair the stronger
//! direction counts; most arrows out make a driver, a candidate for a true cause, most arrows in a key outcome; the effect
//! number is out minus in. They are not hard and fast, so this proposes and the group decides.

use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// An arrow from a node to another, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What influences.
    pub from: usize,
    /// What is influenced.
    pub to: usize,
    /// How strongly, from 1 to 3.
    pub strength: u8,
    /// Whether the group keeps it beside one the other way.
    pub is_kept: bool,
}

/// What counts of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It says what another arrow says already.
    Repeats,
    /// The other way is stronger.
    Weaker,
    /// The other way is as strong: the group has to say which it is, or keep both. Until then neither counts.
    Undecided,
}

/// What the arrows say about a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Arrows that come in.
    pub inward: u32,
    /// Arrows that go out.
    pub outward: u32,
    /// What it is, if its effect number says so.
    pub part: Part,
    /// Whether it is proposed as a true cause: its effect number is above zero and at least half of the highest.
    pub is_proposed: bool,
}

impl Score {
    /// Out minus in.
    #[must_use]
    pub fn effect(&self) -> i64 {
        i64::from(self.outward).saturating_sub(i64::from(self.inward))
    }
}

/// What a node is among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// More goes out than comes in.
    Driver,
    /// More comes in than goes out.
    Outcome,
    /// As much.
    #[default]
    Between,
}

/// What a diagram says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What counts of each arrow, in their order.
    pub links: Vec<Standing>,
    /// Of each node, in their order.
    pub scores: Vec<Score>,
    /// Groups of nodes that lead back to themselves, each in the order of their numbers.
    pub cycles: Vec<Vec<usize>>,
    /// Arrows that count, in thousandths of those that there could be.
    pub density_permille: u32,
}

/// Reads a diagram of `nodes` nodes. Arrows from a node to itself, or to one that is not there, say nothing: they are
/// [`Standing::Repeats`].
#[must_use]
pub fn read(nodes: usize, links: &[Link]) -> Reading {
    let standings = stand(nodes, links);
    let counted = || links.iter().zip(&standings).filter(|(_, it)| **it == Standing::Counts).map(|(link, _)| link);
    let mut scores = vec![Score::default(); nodes];
    let mut count: u64 = 0;
    for link in counted() {
        count = count.saturating_add(1);
        if let Some(score) = scores.get_mut(link.from) {
            score.outward = score.outward.saturating_add(1);
        }
        if let Some(score) = scores.get_mut(link.to) {
            score.inward = score.inward.saturating_add(1);
        }
    }
    let best = scores.iter().map(Score::effect).max().unwrap_or(0);
    for score in &mut scores {
        let effect = score.effect();
        score.part = match effect {
            1.. => Part::Driver,
            0 => Part::Between,
            _ => Part::Outcome,
        };
        score.is_proposed = effect > 0 && effect.saturating_mul(2) >= best;
    }
    let size = u64::try_from(nodes).unwrap_or(u64::MAX);
    let possible = size.saturating_mul(size.saturating_sub(1));
    let density = count.saturating_mul(1_000).checked_div(possible).unwrap_or(0);
    let cycles = cycles(nodes, counted());
    Reading { links: standings, scores, cycles, density_permille: u32::try_from(density).unwrap_or(u32::MAX) }
}

/// What counts of each arrow.
fn stand(nodes: usize, links: &[Link]) -> Vec<Standing> {
    // The strongest of those that say the same, and whether the group keeps any of them.
    let mut ways: BTreeMap<(usize, usize), (u8, bool)> = BTreeMap::new();
    for link in links {
        let way = ways.entry((link.from, link.to)).or_default();
        *way = (way.0.max(link.strength), way.1 || link.is_kept);
    }
    let mut said = BTreeSet::new();
    let standing = |link: &Link| {
        let is_there = link.from != link.to && link.from < nodes && link.to < nodes;
        if !is_there || !said.insert((link.from, link.to)) {
            return Standing::Repeats;
        }
        let Some((strength, is_kept)) = ways.get(&(link.from, link.to)) else { return Standing::Counts };
        match ways.get(&(link.to, link.from)) {
            Some((_, other_kept)) if *is_kept || *other_kept => Standing::Counts,
            Some((other, _)) if other > strength => Standing::Weaker,
            Some((other, _)) if other == strength => Standing::Undecided,
            _ => Standing::Counts,
        }
    };
    links.iter().map(standing).collect()
}

/// Groups of nodes that reach each other: the strongly connected components of more than one (Kosaraju, by lists instead of
/// recursion).
fn cycles<'a>(nodes: usize, links: impl Iterator<Item = &'a Link>) -> Vec<Vec<usize>> {
    let (mut outward, mut inward) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for link in links {
        if let (Some(out), Some(into)) = (outward.get_mut(link.from), inward.get_mut(link.to)) {
            out.push(link.to);
            into.push(link.from);
        }
    }
    let mut seen = vec![false; nodes];
    let mut order = Vec::with_capacity(nodes);
    for node in 0..nodes {
        walk(&outward, node, &mut seen, &mut order);
    }
    let mut seen = vec![false; nodes];
    let mut found = Vec::new();
    for node in order.into_iter().rev() {
        let mut group = Vec::new();
        walk(&inward, node, &mut seen, &mut group);
        if group.len() > 1 {
            group.sort_unstable();
            found.push(group);
        }
    }
    found.sort_unstable();
    found
}

/// Appends what can be reached from a node and was not seen, each after what it leads to.
fn walk(ways: &[Vec<usize>], from: usize, seen: &mut [bool], order: &mut Vec<usize>) {
    let mut first = |node: usize| seen.get_mut(node).is_some_and(|seen| !std::mem::replace(seen, true));
    if !first(from) {
        return;
    }
    let mut path = vec![(from, 0_usize)];
    while let Some((node, next)) = path.last_mut() {
        match ways.get(*node).and_then(|ways| ways.get(*next)) {
            Some(to) => {
                *next = next.saturating_add(1);
                if first(*to) {
                    path.push((*to, 0));
                }
            }
            None => {
                order.push(*node);
                path.pop();
            }
        }
    }
}
