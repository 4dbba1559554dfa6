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
        (Role::Facilitator, true, Ok(()), Err(Refusal::Complete)),
        (Role::Participant, true, Err(Refusal::Role), Err(Refusal::Complete)),
        (Role::Reader, true, Err(Refusal::Role), Err(Refusal::Role)),
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
