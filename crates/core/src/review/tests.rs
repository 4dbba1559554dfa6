//! Who may write what, what can stand in a review, and how marks become a table. Knows nothing of how they are kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::chart::{Cause, Group, Names, Region, Source as ChartSource};

fn chart() -> Chart {
    let names = |text: &str| Names { ja: text.to_owned(), en: text.to_owned() };
    let cause = |key: &str| Cause { key: key.to_owned(), name: names(key), source: ChartSource::default() };
    let group = Group {
        key: "group".to_owned(),
        name: names("group"),
        source: ChartSource::default(),
        causes: vec![cause("one"), cause("two")],
    };
    let region = Region { key: "region".to_owned(), name: None, source: ChartSource::default(), groups: vec![group] };
    Chart { key: "chart".to_owned(), version: 1, name: names("chart"), regions: vec![region] }
}

fn said(text: &str) -> Statement {
    Statement { text: text.to_owned(), basis: Basis::Conjecture, sources: Vec::new() }
}

fn source(kind: SourceKind, text: &str, url: &str) -> Source {
    Source { kind, text: text.to_owned(), url: url.to_owned(), file: String::new() }
}

fn write(
    place: &Place<'_>,
    item: (Kind, &str),
    seen: u32,
    body: Option<Body>,
    stands: &Standing,
) -> Result<Outcome, Refusal> {
    decide(place, item, seen, body, stands.clone())
}

fn place(chart: &Chart, role: Role) -> Place<'_> {
    Place { role, is_complete: false, chart, items: 0 }
}

const NONE: Standing = Standing { version: 0, body: None };

/// Whoever saw what stands there may write; whoever did not is refused, unless it says already what they want.
#[test]
fn no_change_is_lost_to_one_that_did_not_see_it() {
    let chart = chart();
    let place = place(&chart, Role::Participant);
    let (why, body) = ((Kind::Why, "one"), |text| Some(Body::Statement(said(text))));
    let first = Standing { version: 1, body: body("a") };
    assert_eq!(write(&place, why, 0, body("a"), &NONE), Ok(Outcome::Recorded(first.clone())));
    assert_eq!(write(&place, why, 0, body("a"), &first), Ok(Outcome::Unchanged(first.clone())), "asked again");
    assert_eq!(write(&place, why, 0, body("b"), &first), Err(Refusal::Changed), "somebody was faster");
    let second = Standing { version: 2, body: body("b") };
    assert_eq!(write(&place, why, 1, body("b"), &first), Ok(Outcome::Recorded(second.clone())));
    assert_eq!(
        write(&place, why, 0, body("b"), &second),
        Err(Refusal::Changed),
        "two versions later it is no repetition"
    );
    let gone = Standing { version: 3, body: None };
    assert_eq!(write(&place, why, 2, None, &second), Ok(Outcome::Recorded(gone.clone())));
    assert_eq!(write(&place, why, 2, None, &gone), Ok(Outcome::Unchanged(gone.clone())));
    assert_eq!(
        write(&place, why, 3, body("c"), &gone),
        Ok(Outcome::Recorded(Standing { version: 4, body: body("c") }))
    );
    assert_eq!(write(&place, why, 0, None, &NONE), Err(Refusal::NoPlace), "nothing is there to be removed");
}

#[test]
fn a_role_and_a_state_allow_what_they_allow() {
    let chart = chart();
    let progress = Some(Body::Progress(Progress { state: State::Complete, step: 3 }));
    let why = Some(Body::Statement(said("a")));
    for (role, is_complete, may_move, may_write) in [
        (Role::Facilitator, false, Ok(()), Ok(())),
        (Role::Participant, false, Err(Refusal::Role), Ok(())),
        (Role::Reader, false, Err(Refusal::Role), Err(Refusal::Role)),
        (Role::Program, false, Err(Refusal::Role), Err(Refusal::Role)),
        (Role::Facilitator, true, Ok(()), Err(Refusal::Complete)),
        (Role::Participant, true, Err(Refusal::Role), Err(Refusal::Complete)),
        (Role::Reader, true, Err(Refusal::Role), Err(Refusal::Role)),
        (Role::Program, true, Err(Refusal::Role), Err(Refusal::Role)),
    ] {
        let place = Place { is_complete, ..place(&chart, role) };
        let moved = write(&place, (Kind::Progress, "review"), 0, progress.clone(), &NONE);
        assert_eq!(moved.map(drop), may_move, "{role:?} {is_complete}");
        assert_eq!(write(&place, (Kind::Why, "one"), 0, why.clone(), &NONE).map(drop), may_write, "{role:?}");
        assert_eq!(decide_mark(&place, "one", 0, Some(said("a")), NONE).map(drop), may_write, "{role:?} marks");
    }
}

/// A mark that was taken back counts on, can be made anew, and what was never there can be taken back.
#[test]
fn a_mark_that_was_taken_back_is_not_forgotten() {
    let chart = chart();
    let place = place(&chart, Role::Participant);
    let mark =
        |seen, text: Option<&str>, stands: &Standing| decide_mark(&place, "one", seen, text.map(said), stands.clone());
    let stands = |version, text: Option<&str>| Standing { version, body: text.map(|text| Body::Statement(said(text))) };
    assert_eq!(mark(0, Some("a"), &NONE), Ok(Outcome::Recorded(stands(1, Some("a")))));
    assert_eq!(mark(0, Some("a"), &stands(1, Some("a"))), Ok(Outcome::Unchanged(stands(1, Some("a")))));
    assert_eq!(mark(1, None, &stands(1, Some("a"))), Ok(Outcome::Recorded(stands(2, None))));
    assert_eq!(mark(1, None, &stands(2, None)), Ok(Outcome::Unchanged(stands(2, None))));
    assert_eq!(mark(0, Some("b"), &stands(2, None)), Ok(Outcome::Recorded(stands(3, Some("b")))));
    assert_eq!(mark(1, Some("c"), &stands(3, Some("b"))), Err(Refusal::Changed), "it saw the first");
    assert_eq!(mark(1, Some("c"), &stands(2, None)), Err(Refusal::Changed));
    assert_eq!(mark(0, None, &NONE), Ok(Outcome::Unchanged(NONE)));
}

#[test]
fn an_item_stands_only_where_there_is_a_place_for_it() {
    let chart = chart();
    let place = place(&chart, Role::Facilitator);
    let statement = Some(Body::Statement(said("a")));
    for (kind, key) in [
        (Kind::Progress, "other"),
        (Kind::Case, "nothing"),
        (Kind::Why, "group"),
        (Kind::WhyNot, "three"),
        (Kind::Event, ""),
        (Kind::Open, "Upper"),
        (Kind::Comment, "with space"),
        (Kind::File, "fil_00000000000000000000000000000000"),
    ] {
        assert_eq!(write(&place, (kind, key), 0, statement.clone(), &NONE), Err(Refusal::NoPlace), "{kind:?} {key}");
    }
    assert_eq!(
        write(&place, (Kind::Progress, "review"), 1, None, &Standing { version: 1, body: None }),
        Err(Refusal::NoPlace)
    );
    let full = Place { items: ITEMS_MAX, ..place };
    assert_eq!(write(&full, (Kind::Why, "one"), 0, statement.clone(), &NONE), Err(Refusal::Full));
    let stands = Standing { version: 1, body: None };
    assert!(write(&full, (Kind::Why, "one"), 1, statement, &stands).is_ok(), "what is there can still be changed");
}

#[test]
fn a_fact_can_be_looked_up() {
    let fact = |sources| Statement { basis: Basis::Fact, sources, ..said("a") };
    assert_eq!(fact(Vec::new()).check(), Err(TextError::NoSource));
    assert_eq!(fact(vec![source(SourceKind::Document, "the report", "")]).check(), Ok(()));
    assert_eq!(fact(vec![source(SourceKind::Link, "", "https://example.com/a")]).check(), Ok(()));
    assert_eq!(fact(vec![source(SourceKind::Place, " ", "")]).check(), Err(TextError::EmptySource));
    for url in ["javascript:alert(1)", "//example.com", "data:text/html,a", "https://a b", "ftp://a"] {
        assert_eq!(fact(vec![source(SourceKind::Link, "a", url)]).check(), Err(TextError::Url), "{url}");
    }
    let many = vec![source(SourceKind::Thing, "a", ""); 11];
    assert_eq!(fact(many).check(), Err(TextError::TooManySources));
}

#[test]
fn texts_have_bounds_and_hide_nothing() {
    assert_eq!(said(&"漢".repeat(10_000)).check(), Ok(()));
    assert!(matches!(said(&"漢".repeat(10_001)).check(), Err(TextError::TooLong(_, 10_000))));
    assert_eq!(said("line\n\ttab <script> 👩‍🔬").check(), Ok(()));
    for hidden in ["\0", "\r", "\u{1b}[31m", "\u{202e}", "\u{2066}", "\u{85}"] {
        assert!(matches!(said(hidden).check(), Err(TextError::Character(_))), "{hidden:?}");
    }
}

#[test]
fn an_event_has_a_moment_that_the_calendar_has() {
    let chart = chart();
    let check = |kind, at: &str| {
        let when = When { kind, at: at.to_owned() };
        Body::Event(Event { statement: said("a"), when, rank: 0 }).check(&chart)
    };
    for at in ["2019", "2019-07", "2019-07-03", "2019-07-03T10:05", "2020-02-29"] {
        assert_eq!(check(WhenKind::About, at), Ok(()), "{at}");
    }
    for at in [
        "",
        "19",
        "2019-13",
        "2019-02-29",
        "2019-07-03T25:00",
        "2019-7-3",
        "2019-07-03 10:05",
        "+019",
        "-201",
        "２０１９",
    ] {
        assert!(check(WhenKind::Exact, at).is_err(), "{at}");
    }
    assert_eq!(check(WhenKind::Unknown, ""), Ok(()));
    assert!(check(WhenKind::Unknown, "2019").is_err());
}

#[test]
fn columns_have_letters() {
    let names: Vec<_> = [0, 1, 25, 26, 27, 51, 52, 701, 702].into_iter().map(column_name).collect();
    assert_eq!(names, ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
}

proptest! {
    /// Whatever was marked is there once, each author in one column, and nothing but the drawn bytes decides which.
    #[test]
    fn what_was_marked_is_in_the_table_and_nothing_else(
        marked in prop::collection::btree_set((0_u8..8, 0_u8..5), 0..30),
        drawn in prop::collection::vec(any::<[u8; 16]>(), 8),
        first in 0_u32..3,
    ) {
        let drafts: Vec<_> = marked
            .iter()
            .map(|(author, cause)| Draft { author: [*author; 32], cause: cause.to_string(), body: (*author, *cause) })
            .collect();
        let mut lots = drawn.into_iter();
        let marks = collect(drafts, first, || Ok::<_, Infallible>(lots.next().unwrap())).unwrap();
        let found: BTreeSet<_> = marks.iter().map(|mark| mark.body).collect();
        prop_assert_eq!(&found, &marked);
        prop_assert_eq!(marks.len(), marked.len());
        let pairs: BTreeSet<_> = marks.iter().map(|mark| (mark.body.0, mark.column)).collect();
        let authors: BTreeSet<_> = marked.iter().map(|(author, _)| author).collect();
        prop_assert_eq!(pairs.len(), authors.len());
        let columns: Vec<_> = pairs.iter().map(|(_, column)| *column).collect::<BTreeSet<_>>().into_iter().collect();
        let expected: Vec<_> = (first..).take(authors.len()).collect();
        prop_assert_eq!(columns, expected);
        prop_assert!(marks.is_sorted_by_key(|mark| (mark.cause.clone(), mark.column)));
    }
}

fn handed(whose: Whose, is_passed: bool, at: &str) -> Handed {
    Handed { whose, result: ProofResult { is_passed, at: at.to_owned(), text: String::new() } }
}

fn by_test(text: &str) -> Whose {
    Whose::Proof(ProofKind::Test, text.to_owned())
}

const LATEST: &str = "2026-11-23T10:05";

/// A result finds its measures by the whole text of the proof; of several the latest counts, of one minute that which failed.
#[test]
fn a_result_finds_its_measures() {
    let measure = |kind, proof: &str| Measure {
        text: "a".to_owned(),
        causes: Vec::new(),
        role: String::new(),
        due: String::new(),
        remind: String::new(),
        state: MeasureState::Doing,
        proof: Proof { kind, text: proof.to_owned(), url: String::new(), file: String::new() },
        learned: String::new(),
        is_shared: false,
    };
    let measures = [
        ("a".to_owned(), measure(ProofKind::Test, "one")),
        ("b".to_owned(), measure(ProofKind::Test, " one ")),
        ("c".to_owned(), measure(ProofKind::Drill, "one")),
        ("d".to_owned(), measure(ProofKind::None, "")),
    ];
    let results = [
        handed(by_test("one"), true, "2026-11-22T10:05"),
        handed(by_test("one"), false, "2026-11-22T10:05"),
        handed(by_test("one"), true, "2026-11-22T10:05"),
        handed(by_test("one"), true, "2026-11-22T10:04"),
        handed(by_test("on"), true, "2026-11-22T10:06"),
        handed(Whose::Measure("b".to_owned()), true, "2026-11-22T10:06"),
        handed(Whose::Measure("d".to_owned()), true, "2026"),
        handed(Whose::Measure("e".to_owned()), true, "2026"),
    ];
    let (latest, unmatched) = latest_of_each(&results, &measures);
    let found: Vec<_> = latest.iter().map(|(key, it)| (key.as_str(), it.is_passed, it.at.as_str())).collect();
    let expected = [("a", false, "2026-11-22T10:05"), ("b", true, "2026-11-22T10:06"), ("d", true, "2026")];
    assert_eq!(found, expected);
    assert_eq!(unmatched, [4, 7]);
}

/// What is later stays; the same is no change; what nobody can have seen yet keeps nothing out.
#[test]
fn a_later_result_is_not_written_over() {
    let result = |is_passed, at: &str| handed(by_test("one"), is_passed, at).result;
    let stands = |version, result: &ProofResult| Standing { version, body: Some(Body::Result(result.clone())) };
    let of = |new: &ProofResult, standing| decide_result(new, standing, 7, LATEST);
    let (early, late) = (result(true, "2026-11-22T10:05"), result(false, "2026-11-22T10:06"));
    assert_eq!(of(&early, NONE), Ok(Some(Outcome::Recorded(stands(1, &early)))));
    assert_eq!(of(&late, stands(1, &early)), Ok(Some(Outcome::Recorded(stands(2, &late)))));
    assert_eq!(of(&late, stands(2, &late)), Ok(Some(Outcome::Unchanged(stands(2, &late)))));
    assert_eq!(of(&early, stands(2, &late)), Ok(None));
    let other = result(true, "2026-11-22T10:06");
    assert_eq!(of(&other, stands(2, &late)), Ok(Some(Outcome::Recorded(stands(3, &other)))), "of the same minute");
    let typo = result(true, "2996-11-22T10:05");
    assert_eq!(of(&early, stands(4, &typo)), Ok(Some(Outcome::Recorded(stands(5, &early)))));
    let gone = Standing { version: 5, body: None };
    assert_eq!(of(&early, gone), Ok(Some(Outcome::Recorded(stands(6, &early)))));
    assert_eq!(decide_result(&early, NONE, ITEMS_MAX, LATEST), Err(Refusal::Full));
    let full = decide_result(&late, stands(1, &early), ITEMS_MAX, LATEST);
    assert_eq!(full, Ok(Some(Outcome::Recorded(stands(2, &late)))), "what is there already needs no room");
}

#[test]
fn a_result_that_does_not_fit_is_refused() {
    let at = "2026-11-22T10:05";
    assert_eq!(handed(by_test("one"), true, LATEST).check(LATEST), Ok(()));
    assert_eq!(handed(Whose::Measure("a-1".to_owned()), true, at).check(LATEST), Ok(()));
    for wrong in [
        handed(by_test("one"), true, "2026-11-23T10:06"),
        handed(by_test("one"), true, "2026-11-22"),
        handed(by_test(" "), true, at),
        handed(by_test(&"x".repeat(301)), true, at),
        handed(Whose::Proof(ProofKind::None, "one".to_owned()), true, at),
        handed(Whose::Measure("A".to_owned()), true, at),
        handed(Whose::Measure(String::new()), true, at),
    ] {
        assert!(wrong.check(LATEST).is_err(), "{wrong:?}");
    }
}
