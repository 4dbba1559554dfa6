//! Scores against diagrams that were counted by hand.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn link(from: usize, to: usize) -> Link {
    Link { from, to, strength: 2, is_kept: false }
}

fn effects(reading: &Reading) -> Vec<i64> {
    reading.scores.iter().map(Score::effect).collect()
}

/// The boxes of a small case, counted by pencil: 0 no rehearsal, 1 weak check, 2 list attack, 3 no monitoring, 4 money lost, 5 closed.
#[test]
fn a_small_case_is_scored_as_by_hand() {
    let links = [link(0, 1), link(0, 3), link(1, 2), link(3, 2), link(2, 4), link(3, 4), link(4, 5), link(2, 5)];
    let reading = read(6, &links);
    let sides: Vec<_> = reading.scores.iter().map(|it| (it.inward, it.outward)).collect();
    assert_eq!(sides, [(0, 2), (1, 1), (2, 2), (1, 2), (2, 1), (2, 0)]);
    assert_eq!(effects(&reading), [2, 0, 0, 1, -1, -2]);
    let parts: Vec<_> = reading.scores.iter().map(|it| it.part).collect();
    use Part::{Between, Driver, Outcome};
    assert_eq!(parts, [Driver, Between, Between, Driver, Outcome, Outcome]);
    let proposed: Vec<_> = reading.scores.iter().map(|it| it.is_proposed).collect();
    assert_eq!(proposed, [true, false, false, true, false, false], "half of the best is enough");
    assert!(reading.cycles.is_empty());
    assert_eq!(reading.density_permille, 266, "8 of 30");
}

#[test]
fn of_a_mutual_pair_the_stronger_way_counts() {
    let way = |from, to, strength, is_kept| Link { from, to, strength, is_kept };
    let read = |links: &[Link]| read(2, links);
    use Standing::{Counts, Repeats, Undecided, Weaker};
    let stronger = read(&[way(0, 1, 3, false), way(1, 0, 1, false)]);
    assert_eq!((stronger.links.as_slice(), effects(&stronger)), ([Counts, Weaker].as_slice(), vec![1, -1]));
    let equal = read(&[way(0, 1, 2, false), way(1, 0, 2, false)]);
    assert_eq!((equal.links.as_slice(), effects(&equal)), ([Undecided, Undecided].as_slice(), vec![0, 0]));
    assert!(equal.cycles.is_empty(), "what does not count makes no cycle");
    let kept = read(&[way(0, 1, 3, false), way(1, 0, 1, true)]);
    assert_eq!(kept.links, [Counts, Counts]);
    assert_eq!(kept.cycles, [vec![0, 1]]);
    let twice = read(&[way(0, 1, 1, false), way(0, 1, 3, false), way(1, 0, 2, false)]);
    assert_eq!(twice.links, [Counts, Repeats, Weaker], "the strongest of those that say the same is its strength");
}

#[test]
fn what_leads_nowhere_says_nothing() {
    let reading = read(2, &[link(0, 0), link(0, 5), link(7, 1)]);
    assert_eq!(reading.links, [Standing::Repeats; 3]);
    assert_eq!(effects(&reading), [0, 0]);
    let empty = read(0, &[]);
    assert_eq!((empty.scores.len(), empty.density_permille), (0, 0));
    assert_eq!(read(1, &[]).density_permille, 0);
}

#[test]
fn everything_connected_is_one_cycle_without_a_driver() {
    let mut links = Vec::new();
    for from in 0..20 {
        links.extend((0..20).filter(|to| *to != from).map(|to| Link { from, to, strength: 1, is_kept: true }));
    }
    let reading = read(20, &links);
    assert_eq!(reading.cycles, [(0..20).collect::<Vec<_>>()]);
    assert!(reading.scores.iter().all(|it| it.effect() == 0 && !it.is_proposed && it.part == Part::Between));
    assert_eq!(reading.density_permille, 1_000);
}

#[test]
fn a_long_ring_and_a_long_chain_do_not_exhaust_anything() {
    let chain: Vec<_> = (0..100_000).map(|it| link(it, it + 1)).collect();
    assert!(read(100_001, &chain).cycles.is_empty());
    let mut ring = chain;
    ring.push(link(100_000, 0));
    assert_eq!(read(100_001, &ring).cycles[0].len(), 100_001);
}

/// Which nodes reach which, by trying.
fn reach(nodes: usize, links: &[Link], standings: &[Standing]) -> Vec<Vec<bool>> {
    let mut can = vec![vec![false; nodes]; nodes];
    for (link, standing) in links.iter().zip(standings) {
        can[link.from][link.to] |= *standing == Standing::Counts;
    }
    for by in 0..nodes {
        for from in 0..nodes {
            for to in 0..nodes {
                can[from][to] |= can[from][by] && can[by][to];
            }
        }
    }
    can
}

proptest! {
    #[test]
    fn cycles_are_what_reaches_each_other_and_all_arrows_cancel(
        drawn in prop::collection::vec((0_usize..7, 0_usize..7, 1_u8..4, any::<bool>()), 0..25),
    ) {
        let links: Vec<_> =
            drawn.into_iter().map(|(from, to, strength, is_kept)| Link { from, to, strength, is_kept }).collect();
        let reading = read(7, &links);
        prop_assert_eq!(effects(&reading).iter().sum::<i64>(), 0);
        let found = reach(7, &links, &reading.links);
        let can = |from: usize, to: usize| found[from][to];
        for one in 0..7 {
            for other in one + 1..7 {
                let together = reading.cycles.iter().any(|it| it.contains(&one) && it.contains(&other));
                prop_assert_eq!(together, can(one, other) && can(other, one), "{} {}", one, other);
            }
        }
    }
}
