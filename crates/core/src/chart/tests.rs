//! Proves what a chart may be: every refusal by name, the walks in order, and random charts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn names(text: &str) -> Names {
    Names { ja: format!("{text}の名"), en: format!("Name of {text}") }
}

/// A chart of regions of groups, each with this many causes. Keys are `r1`, `g1`, `c1` and so on, over the whole chart.
fn chart(shape: &[&[usize]]) -> Chart {
    let (mut groups, mut causes) = (0, 0);
    let mut cause = || {
        causes += 1;
        Cause { key: format!("c{causes}"), name: names("cause"), source: Source("H S".into()) }
    };
    let mut group = |count: &usize| {
        groups += 1;
        let causes = (0..*count).map(|_| cause()).collect();
        Group { key: format!("g{groups}"), name: names("group"), source: Source::default(), causes }
    };
    let region = |(number, counts): (usize, &&[usize])| Region {
        key: format!("r{number}"),
        name: Some(names("region")),
        source: Source("ours".into()),
        groups: counts.iter().map(&mut group).collect(),
    };
    let regions = (1..).zip(shape).map(region).collect();
    Chart { key: "it-project".into(), version: 1, name: names("chart"), regions }
}

/// What is wrong with a chart of two regions, three groups and four causes after a change.
fn wrong(change: impl FnOnce(&mut Chart)) -> ChartError {
    let mut chart = chart(&[&[1, 2], &[1]]);
    chart.check().unwrap();
    change(&mut chart);
    chart.check().unwrap_err()
}

#[test]
fn a_chart_without_causes_is_refused_whatever_else_it_has() {
    for shape in [&[][..], &[&[][..]], &[&[0, 0], &[0]]] {
        let error = chart(shape).check().unwrap_err();
        assert_eq!(error, ChartError::NoCauses);
        assert!(error.to_string().contains("no cause at all"), "{error}");
    }
    assert_eq!(chart(&[&[1], &[]]).check(), Err(ChartError::NoGroups(At::Region(2))));
    assert_eq!(chart(&[&[1], &[1, 0]]).check(), Err(ChartError::EmptyGroup(At::Group(3))));
}

#[test]
fn a_chart_has_its_limits() {
    assert_eq!(chart(&[&[1][..]; 12]).check(), Ok(()));
    assert_eq!(chart(&[&[1][..]; 13]).check(), Err(ChartError::TooManyRegions));
    assert_eq!(chart(&[&[1; 12], &[1; 12]]).check(), Ok(()));
    assert_eq!(chart(&[&[1; 12], &[1; 13]]).check(), Err(ChartError::TooManyGroups));
    assert_eq!(chart(&[&[60, 60]]).check(), Ok(()));
    assert_eq!(chart(&[&[60, 61]]).check(), Err(ChartError::TooManyCauses));
    assert_eq!(wrong(|chart| chart.version = 0), ChartError::Version);
}

#[test]
fn keys_are_slugs_and_stand_once() {
    for key in ["", "A", "a b", "a_b", "é", "a\n", &"a".repeat(41)] {
        assert_eq!(wrong(|chart| chart.key = key.into()), ChartError::Key(At::Chart), "{key:?}");
        assert_eq!(wrong(|chart| chart.regions[1].key = key.into()), ChartError::Key(At::Region(2)));
        assert_eq!(wrong(|chart| chart.regions[1].groups[0].key = key.into()), ChartError::Key(At::Group(3)));
        assert_eq!(wrong(|chart| chart.regions[1].groups[0].causes[0].key = key.into()), ChartError::Key(At::Cause(4)));
    }
    let twice = |at| ChartError::DuplicateKey(at);
    assert_eq!(wrong(|chart| chart.regions[1].key = "g1".into()), twice(At::Region(2)));
    assert_eq!(wrong(|chart| chart.regions[0].groups[1].key = "r1".into()), twice(At::Group(2)));
    assert_eq!(wrong(|chart| chart.regions[1].groups[0].causes[0].key = "c2".into()), twice(At::Cause(4)));
    let mut chart = chart(&[&[1]]);
    chart.regions[0].key = chart.key.clone();
    assert_eq!(chart.check(), Ok(()), "the chart's own key is of another kind");
}

#[test]
fn names_are_seen_and_short() {
    let (at, japanese, english) = (At::Cause(3), Field::Japanese, Field::English);
    fn cause(chart: &mut Chart) -> &mut Cause {
        &mut chart.regions[0].groups[1].causes[1]
    }
    assert_eq!(wrong(|chart| cause(chart).name.ja = String::new()), ChartError::Empty(at, japanese));
    assert_eq!(wrong(|chart| cause(chart).name.en = " \u{3000}".into()), ChartError::Empty(at, english));
    assert_eq!(wrong(|chart| cause(chart).name.ja = "漢".repeat(41)), ChartError::TooLong(at, japanese));
    for hidden in ['\0', '\n', '\u{7f}', '\u{85}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{ffff}'] {
        let text = format!("a{hidden}b");
        assert_eq!(
            wrong(|chart| cause(chart).name.en = text.clone()),
            ChartError::Character(at, english),
            "{hidden:?}"
        );
        assert_eq!(
            wrong(|chart| cause(chart).source.0 = text.clone()),
            ChartError::Character(at, Field::Source),
            "{hidden:?}"
        );
    }
    assert_eq!(wrong(|chart| chart.name.ja = String::new()), ChartError::Empty(At::Chart, japanese));
    assert_eq!(wrong(|chart| chart.regions[1].source.0 = "s".repeat(81)).to_string(), {
        "the source of region 2 is longer than 80 characters"
    });
    let mut fits = chart(&[&[1]]);
    fits.regions[0].groups[0].causes[0].name = Names { ja: "<漢>&\"'".repeat(6), en: "🙂".repeat(40) };
    assert_eq!(fits.check(), Ok(()));
}

#[test]
fn only_the_one_region_of_a_chart_without_regions_has_no_name() {
    let mut one = chart(&[&[1, 1]]);
    assert!(one.has_regions());
    one.regions[0].name = None;
    assert_eq!(one.check(), Ok(()));
    assert!(!one.has_regions());
    assert_eq!(one.find("r1").unwrap().names(), None);
    assert_eq!(wrong(|chart| chart.regions[1].name = None), ChartError::Nameless(At::Region(2)));
}

#[test]
fn a_key_finds_its_item_with_all_that_it_stands_in() {
    let chart = chart(&[&[1, 2], &[1]]);
    let Some(Item::Cause(place)) = chart.find("c3") else { panic!("no cause") };
    assert_eq!((place.number, place.region.key.as_str(), place.group.key.as_str()), (3, "r1", "g2"));
    assert!(matches!(chart.find("g3"), Some(Item::Group(place)) if place.number == 3 && place.region.key == "r2"));
    assert!(matches!(chart.find("r2"), Some(Item::Region(place)) if place.number == 2));
    assert_eq!(chart.find("it-project"), None);
    assert_eq!(chart.find(""), None);
    assert_eq!(chart.find("c3").unwrap().names().unwrap().name(Language::Japanese), "causeの名");
}

fn any_shape() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0_usize..8, 0..5), 0..14)
}

proptest! {
    #[test]
    fn a_chart_passes_just_when_it_keeps_to_the_counts(shape in any_shape()) {
        let rows: Vec<&[usize]> = shape.iter().map(Vec::as_slice).collect();
        let (groups, causes) = (shape.iter().flatten().count(), shape.iter().flatten().sum::<usize>());
        let within = causes > 0 && causes <= CAUSES_MAX && groups <= GROUPS_MAX && shape.len() <= REGIONS_MAX;
        let full = shape.iter().all(|region| !region.is_empty() && !region.contains(&0));
        prop_assert_eq!(chart(&rows).check().is_ok(), within && full);
    }

    #[test]
    fn the_walks_go_in_order_and_find_agrees(shape in any_shape()) {
        let rows: Vec<&[usize]> = shape.iter().map(Vec::as_slice).collect();
        let chart = chart(&rows);
        for (expected, place) in (1..).zip(chart.causes()) {
            prop_assert_eq!((place.number, &place.cause.key), (expected, &format!("c{expected}")));
            prop_assert!(place.group.causes.contains(place.cause) && place.region.groups.contains(place.group));
            prop_assert_eq!(chart.find(&place.cause.key), Some(Item::Cause(place)));
        }
        for (expected, place) in (1..).zip(chart.groups()) {
            prop_assert_eq!((place.number, &place.group.key), (expected, &format!("g{expected}")));
            prop_assert_eq!(chart.find(&place.group.key), Some(Item::Group(place)));
        }
        for (expected, place) in (1..).zip(chart.regions()) {
            prop_assert_eq!((place.number, &place.region.key), (expected, &format!("r{expected}")));
            prop_assert_eq!(chart.find(&place.region.key), Some(Item::Region(place)));
        }
    }

    #[test]
    fn no_text_upsets_the_check(key in any::<String>(), ja in any::<String>(), en in "\\PC{1,45}") {
        let mut chart = chart(&[&[1]]);
        let short = en.chars().count() <= NAME_CHARS_MAX;
        chart.regions[0].groups[0].name = Names { ja: "名".into(), en };
        prop_assert!(short || chart.check().is_err());
        chart.regions[0].groups[0].causes[0] = Cause { name: Names { ja, en: "a".into() }, key, source: Source::default() };
        let _ = chart.check();
    }
}
