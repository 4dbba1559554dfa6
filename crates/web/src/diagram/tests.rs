//! Where boxes stand: none on another, causes before what they lead to, and moved ones where they were moved.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};
use warifu_app::chart_file::{SHIPPED_CHARTS, read as read_chart};

use super::*;

fn chart() -> Chart {
    read_chart(SHIPPED_CHARTS[1]).unwrap()
}

fn item(kind: &str, key: &str, body: &Value) -> KeptItem {
    KeptItem { kind: kind.to_owned(), key: key.to_owned(), version: 1, body: Some(body.to_string()) }
}

fn node(key: &str, text: &str) -> KeptItem {
    item("node", key, &json!({ "of": "", "text": text, "at": null }))
}

fn arrow(key: &str, from: &str, to: &str) -> KeptItem {
    let statement = json!({ "text": "", "basis": "conjecture", "sources": [] });
    item("arrow", key, &json!({ "from": from, "to": to, "strength": 2, "is_kept": false, "statement": statement }))
}

fn laid_out(items: &[KeptItem]) -> Diagram {
    let chart = chart();
    let gathered = Gathered::new(items, &chart);
    let places = gathered.shape().lay_out();
    gathered.laid_out(&places, true)
}

fn overlaps(diagram: &Diagram) -> usize {
    let apart = |a: &DrawnNode, b: &DrawnNode| {
        (a.x - b.x).abs() >= (a.width + b.width) / 2.0 - 0.2 || (a.y - b.y).abs() >= (a.height + b.height) / 2.0 - 0.2
    };
    let pairs = diagram
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(number, a)| diagram.nodes[number + 1..].iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| !apart(a, b)).count()
}

fn at<'a>(diagram: &'a Diagram, key: &str) -> &'a DrawnNode {
    diagram.nodes.iter().find(|node| node.key == key).unwrap()
}

#[test]
fn causes_stand_left_of_what_they_lead_to() {
    let items = [
        node("a", "no rehearsal"),
        node("b", "weak check"),
        node("c", "list attack"),
        node("d", "money lost"),
        node("e", "by itself"),
        arrow("1", "a", "b"),
        arrow("2", "b", "c"),
        arrow("3", "c", "d"),
        arrow("4", "a", "d"),
    ];
    let diagram = laid_out(&items);
    let x: Vec<_> = ["a", "b", "c", "d"].iter().map(|key| at(&diagram, key).x).collect();
    assert!(x.windows(2).all(|pair| pair[0] + BOX_WIDE < pair[1]), "{x:?}");
    assert_eq!(overlaps(&diagram), 0);
    let line = &diagram.arrows[0].points;
    assert!((line[0][0] - (at(&diagram, "a").x + BOX_WIDE / 2.0)).abs() < 0.2, "it leaves from the right: {line:?}");
    assert!(diagram.nodes.iter().all(|it| it.x - it.width / 2.0 >= 0.0 && it.x + it.width / 2.0 <= diagram.width));
}

/// Of a cycle one arrow points back; what most leads to still stands on the right.
#[test]
fn in_a_cycle_most_arrows_point_to_the_right() {
    let items = [
        node("a", "a"),
        node("b", "b"),
        node("c", "c"),
        node("d", "d"),
        arrow("1", "a", "b"),
        arrow("2", "a", "d"),
        arrow("3", "b", "d"),
        arrow("4", "c", "d"),
        arrow("5", "b", "c"),
        arrow("6", "d", "a"),
    ];
    let diagram = laid_out(&items);
    let back = diagram.arrows.iter().filter(|it| at(&diagram, &it.from).x > at(&diagram, &it.to).x).count();
    assert_eq!(back, 1, "{:?}", diagram.arrows);
    assert!(diagram.nodes.iter().all(|it| it.x <= at(&diagram, "d").x));
}

#[test]
fn cycles_self_arrows_doubles_and_arrows_to_nowhere_are_survived() {
    let items = [
        node("a", "a"),
        node("b", "b"),
        node("c", "c"),
        arrow("1", "a", "b"),
        arrow("2", "b", "c"),
        arrow("3", "c", "a"),
        arrow("4", "a", "b"),
        arrow("5", "a", "gone"),
    ];
    let diagram = laid_out(&items);
    assert_eq!(diagram.cycles, [["a", "b", "c"]]);
    let standings: Vec<_> = diagram.arrows.iter().map(|it| it.standing).collect();
    assert_eq!(standings, ["counts", "counts", "counts", "repeats"]);
    assert_eq!((overlaps(&diagram), diagram.left_out), (0, 1));
}

/// Whatever boxes stand alone among the others: without a cycle every arrow points to the right.
#[test]
fn without_cycles_every_arrow_points_to_the_right() {
    let mut chance = 88_172_645_463_325_252_u64;
    let mut drawn = |below: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % below
    };
    for round in 0..60 {
        let mut items: Vec<_> = (0..14).map(|number| node(&format!("n{number:02}"), "箱")).collect();
        for number in 0..drawn(18) {
            let (one, other) = (drawn(14), drawn(14));
            if one != other {
                let (from, to) = (one.min(other), one.max(other));
                items.push(arrow(&format!("a{number:02}"), &format!("n{from:02}"), &format!("n{to:02}")));
            }
        }
        let diagram = laid_out(&items);
        for arrow in &diagram.arrows {
            let (from, to) = (at(&diagram, &arrow.from), at(&diagram, &arrow.to));
            assert!(from.x + BOX_WIDE < to.x, "round {round}: {} to {}: {} {}", arrow.from, arrow.to, from.x, to.x);
        }
        assert_eq!(overlaps(&diagram), 0, "round {round}");
    }
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let empty = laid_out(&[]);
    assert!(empty.nodes.is_empty() && empty.width < 1.0);
    assert!(svg(&empty, Language::English).ends_with("</svg>"));
}

#[test]
fn a_moved_box_stands_where_it_was_moved() {
    let mut items = vec![node("a", "a"), node("b", "b"), arrow("1", "a", "b")];
    items.push(item("node", "m", &json!({ "of": "", "text": "moved", "at": { "x": -700, "y": 2_000 } })));
    let diagram = laid_out(&items);
    let moved = at(&diagram, "m");
    assert!((moved.x + diagram.left + 700.0).abs() < 0.2 && (moved.y + diagram.top - 2_000.0).abs() < 0.2, "{moved:?}");
    assert!(moved.is_moved);
}

#[test]
fn user_text_is_escaped_and_short_in_a_box() {
    let text = format!("<script>alert(1)</script> & {}", "長い話".repeat(100));
    let picture = svg(&laid_out(&[node("a", &text)]), Language::Japanese);
    assert!(!picture.contains("<script") && picture.contains("&lt;script&gt;") && picture.contains('…'), "{picture}");
    assert!(picture.len() < 3_000);
}

/// 500 boxes and 1,500 arrows, and fifty boxes of which each leads to each: no box on another.
#[test]
fn large_diagrams_are_laid_out() {
    let mut items: Vec<_> = (0..500).map(|number| node(&format!("n{number}"), "箱")).collect();
    let mut chance = 88_172_645_463_325_252_u64;
    for number in 0..1_500 {
        let mut drawn = || {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % 500
        };
        items.push(arrow(&format!("a{number}"), &format!("n{}", drawn()), &format!("n{}", drawn())));
    }
    let large = laid_out(&items);
    assert_eq!((large.nodes.len(), overlaps(&large)), (500, 0));
    let mut items: Vec<_> = (0..50).map(|number| node(&format!("n{number}"), "箱")).collect();
    for from in 0..50 {
        items.extend((0..50).map(|to| arrow(&format!("{from}-{to}"), &format!("n{from}"), &format!("n{to}"))));
    }
    let dense = laid_out(&items);
    assert_eq!((dense.nodes.len(), overlaps(&dense)), (50, 0));
}
