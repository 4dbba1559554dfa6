//! Collecting marks, again and again, and completing a review: what was published stays, and nothing is lost on the way.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use warifu_testkit::{Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{CAUSES, conjecture, each, facilitator, join};

/// The columns with what each says about the causes: `(letter, cause, text)`.
async fn columns(seat: &Seat) -> BTreeSet<(String, String, String)> {
    let table = seat.get("/v1/review/table").await.expect(200).json();
    let mut found = BTreeSet::new();
    for cause in CAUSES {
        let marks = seat.column_marks(cause).await;
        let letters: Vec<Value> = marks.iter().map(|mark| mark["column"].clone()).collect();
        assert_eq!(json!(letters), table["causes"].get(cause).cloned().unwrap_or(json!([])), "{table}");
        for mark in marks {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            found.insert((text(&mark["column"]), cause.to_owned(), text(&mark["body"]["text"])));
        }
    }
    let letters: BTreeSet<_> = found.iter().map(|mark| json!(mark.0)).collect_values();
    assert_eq!(letters, table["columns"].as_array().unwrap().iter().cloned().collect_values());
    found
}

/// JSON has no order; its text has.
trait CollectValues {
    fn collect_values(self) -> BTreeSet<String>;
}

impl<I: Iterator<Item = Value>> CollectValues for I {
    fn collect_values(self) -> BTreeSet<String> {
        self.map(|value| value.to_string()).collect()
    }
}

/// What was said about which cause, whatever the letters.
fn without_letters(columns: &BTreeSet<(String, String, String)>) -> BTreeSet<(&str, &str)> {
    columns.iter().map(|(_, cause, text)| (cause.as_str(), text.as_str())).collect()
}

on_both_databases! {
    /// Collecting publishes all marks as they are, a column for each who marked something; collected again, the same marks stand there.
    async fn marks_are_collected_as_they_are(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let _ = facilitator.collect().await.expect_problem(400, "invalid_request");
        let empty = facilitator.get("/v1/review/table").await.expect(200).json();
        assert_eq!(empty, json!({ "columns": [], "causes": {}, "collected": 0 }));
        let people = join(&server, &facilitator, "participant", 3).await;
        let _ = people[0].mark(CAUSES[0], 0, &conjecture("p0 c0")).await.expect(200);
        let _ = people[0].mark(CAUSES[4], 0, &conjecture("p0 c4")).await.expect(200);
        let _ = people[1].mark(CAUSES[0], 0, &conjecture("p1 c0")).await.expect(200);
        // The third marks nothing and is no column.
        let told = facilitator.collect().await.expect(200);
        assert_eq!(told.number_at("/columns"), 2);
        let number = told.number_at("/number");
        let review = people[2].review().await;
        assert_eq!((&review["collected"], &review["columns"], &review["number"]), (&json!(number), &json!(2), &json!(number)));
        let last = facilitator.changes_after(number - 1).await;
        assert_eq!((&last[0]["kind"], &last[0]["key"], &last[0]["body"]), (&json!("table"), &json!("review"), &json!({ "columns": 2 })));
        let first = columns(&people[2]).await;
        assert_eq!(without_letters(&first), BTreeSet::from([(CAUSES[0], "p0 c0"), (CAUSES[0], "p1 c0"), (CAUSES[4], "p0 c4")]));
        let letter = |text: &str| first.iter().find(|mark| mark.2 == text).unwrap().0.clone();
        assert_eq!(letter("p0 c0"), letter("p0 c4"), "one column is one participant");
        assert_ne!(letter("p0 c0"), letter("p1 c0"));
        assert_eq!(each(&people[0].marks().await, "/is_collected"), [&json!(true); 2]);
        let _ = facilitator.collect().await.expect(200);
        assert_eq!(without_letters(&columns(&facilitator).await), without_letters(&first));
    }

    /// What is changed after it was collected stays unseen until it is collected again.
    async fn the_table_changes_when_it_is_collected_again(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 2).await;
        for (number, seat) in people.iter().enumerate() {
            let _ = seat.mark(CAUSES[0], 0, &conjecture(&format!("p{number}"))).await.expect(200);
        }
        let _ = facilitator.collect().await.expect(200);
        let before = columns(&facilitator).await;
        let _ = people[0].mark(CAUSES[0], 1, &conjecture("p0 anew")).await.expect(200);
        let _ = people[0].mark(CAUSES[1], 0, &conjecture("p0 more")).await.expect(200);
        let _ = people[1].unmark(CAUSES[0], 1).await.expect(204);
        assert_eq!(columns(&facilitator).await, before);
        assert_eq!(each(&people[0].marks().await, "/is_collected"), [&json!(false); 2]);
        let _ = facilitator.progress("complete", 5).await.expect_problem(409, "not_collected");
        assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), 1);
        assert_eq!(without_letters(&columns(&facilitator).await), BTreeSet::from([(CAUSES[0], "p0 anew"), (CAUSES[1], "p0 more")]));
    }

    /// Who takes everything back is gone from the table when it is collected again, as the last one too.
    async fn what_everybody_took_back_does_not_stay_in_the_table(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let _ = facilitator.mark(CAUSES[0], 0, &conjecture("regretted")).await.expect(200);
        let _ = facilitator.collect().await.expect(200);
        let _ = facilitator.unmark(CAUSES[0], 1).await.expect(204);
        let _ = facilitator.collect().await;
        assert!(columns(&facilitator).await.is_empty(), "what was taken back can be taken out of the table");
    }

    /// A completed review takes nothing more; opened again it has a new round, whose columns stand after those before, which stay.
    async fn a_new_round_adds_columns_after_the_old_ones(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let people = join(&server, &facilitator, "participant", 3).await;
        for (number, seat) in people.iter().enumerate() {
            let _ = seat.mark(CAUSES[0], 0, &conjecture(&format!("first {number}"))).await.expect(200);
        }
        let _ = people[1].progress("complete", 5).await.expect_problem(403, "forbidden");
        let refused = facilitator.progress("complete", 5).await.expect_problem(409, "not_collected");
        assert_eq!(facilitator.review().await["state"], "open", "{refused}");
        assert_eq!(people[0].marks().await.len(), 1, "nothing is lost by trying");
        let _ = facilitator.collect().await.expect(200);
        let _ = facilitator.progress("complete", 5).await.expect(200);
        let first = columns(&facilitator).await;
        assert!(people[0].marks().await.is_empty(), "nothing leads from somebody to a column any more");
        let _ = people[0].mark(CAUSES[0], 0, &conjecture("late")).await.expect_problem(409, "review_complete");
        let _ = people[0].unmark(CAUSES[0], 0).await.expect_problem(409, "review_complete");
        let _ = facilitator.collect().await.expect_problem(409, "review_complete");
        assert_eq!(columns(&facilitator).await, first);

        let _ = facilitator.progress("open", 1).await.expect(200);
        let _ = facilitator.collect().await.expect_problem(400, "invalid_request");
        assert_eq!(columns(&facilitator).await, first);
        for (number, seat) in people[1..].iter().enumerate() {
            let _ = seat.mark(CAUSES[number], 0, &conjecture(&format!("second {number}"))).await.expect(200);
        }
        for _ in 0..3 {
            assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), 5);
            let both = columns(&facilitator).await;
            assert!(both.is_superset(&first), "the old columns stay as they are: {both:?}");
            let added: BTreeSet<_> = both.difference(&first).map(|mark| mark.0.as_str()).collect();
            assert_eq!(added, BTreeSet::from(["D", "E"]));
        }
        let _ = facilitator.progress("complete", 5).await.expect(200);
        let both = columns(&facilitator).await;
        let _ = facilitator.progress("in_review", 5).await.expect(200);
        let _ = facilitator.mark(CAUSES[5], 0, &conjecture("third")).await.expect(200);
        assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), 6);
        assert!(columns(&facilitator).await.is_superset(&both));
    }

    /// Columns after Z go on with AA.
    async fn many_columns_have_names_of_two_letters(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        for seat in join(&server, &facilitator, "participant", 28).await {
            let _ = seat.mark(CAUSES[0], 0, &conjecture("")).await.expect(200);
        }
        assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), 28);
        let table = facilitator.get("/v1/review/table").await.expect(200).json();
        let mut names: Vec<String> = (b'A'..=b'Z').map(|letter| char::from(letter).to_string()).collect();
        names.extend(["AA".to_owned(), "AB".to_owned()]);
        assert_eq!((&table["columns"], &table["causes"][CAUSES[0]]), (&json!(names), &json!(names)));
    }
}
