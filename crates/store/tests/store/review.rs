//! Charts and failure reviews: each column of each table comes back as it was kept, and one review never touches another.

use warifu_core::id::{FileId, ReviewId};
use warifu_core::review::Role;
use warifu_core::time::Time;
use warifu_store::{
    Change, Database, Invitation, KeptChart, KeptDraft, KeptFile, KeptItem, KeptMark, People, Review, Seat, StoreError,
};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::blob;
use crate::round_trip::BYTES;
use crate::story::time;

const REVIEW: ReviewId = ReviewId::from_bytes(BYTES);
const OTHER: ReviewId = ReviewId::from_bytes([0xff; 16]);
/// JSON that a database could take for something else.
const BODY: &str = r#"{"text":"O'Neill \"x\" \\ %_ $1 ?1 𠮷 \u0000","sources":[ ]}"#;
const MINUTE: i64 = 60_000_000;

fn mac(byte: u8) -> [u8; 32] {
    let mut mac = [byte; 32];
    (mac[0], mac[31]) = (0, 0xff);
    mac
}

fn review() -> Review {
    let chart = "key = \"図\"\n'\\".to_owned();
    Review { id: REVIEW, chart, is_complete: false, round: 0, collected: 0, items: 0, change_number: 0 }
}

/// Two reviews, with nothing in them.
async fn begun(database: &TestDatabase) -> Database {
    let opened = database.open().await;
    let made = opened.write(|transaction| {
        Box::pin(async move {
            transaction.create_review(REVIEW, &review().chart, Time::MAX).await?;
            transaction.create_review(OTHER, "", Time::EPOCH).await
        })
    });
    made.await.unwrap();
    opened
}

fn item(kind: &str, key: &str, version: u32, body: Option<&str>) -> KeptItem {
    KeptItem { kind: kind.to_owned(), key: key.to_owned(), version, body: body.map(str::to_owned) }
}

fn draft(author: u8, cause: &str, version: u32) -> KeptDraft {
    KeptDraft {
        author: mac(author),
        cause: cause.to_owned(),
        version,
        body: Some(format!("{BODY}{author}")),
        is_collected: false,
    }
}

fn mark(column: u32, cause: &str) -> KeptMark {
    KeptMark { column, cause: cause.to_owned(), body: format!("{BODY}{column}") }
}

on_both_databases! {
    /// A review comes back as it was begun and as it was saved, at the ends of its ranges; its chart stays.
    async fn reviews_round_trip(database: TestDatabase) {
        let opened = begun(&database).await;
        opened.write(|transaction| Box::pin(async move {
            let fresh = review();
            assert_eq!(transaction.find_review(REVIEW).await?, Some(fresh.clone()));
            assert_eq!(transaction.lock_review(REVIEW).await?, Some(fresh.clone()));
            assert_eq!(transaction.find_change_number(REVIEW).await?, Some(0));
            let saved = Review { is_complete: true, round: i64::MAX, collected: i64::MAX - 1, items: 5_000, change_number: i64::MAX, ..fresh.clone() };
            transaction.save_review(&Review { chart: "another".to_owned(), ..saved.clone() }).await?;
            assert_eq!(transaction.find_review(REVIEW).await?, Some(saved.clone()));
            assert_eq!(transaction.find_change_number(REVIEW).await?, Some(i64::MAX));
            let other = Review { id: OTHER, chart: String::new(), ..fresh };
            assert_eq!(transaction.list_reviews().await?, [saved, other]);
            let nobody = ReviewId::from_bytes([1; 16]);
            assert_eq!((transaction.find_review(nobody).await?, transaction.lock_review(nobody).await?), (None, None));
            assert_eq!(transaction.find_change_number(nobody).await?, None);
            Ok(())
        })).await.unwrap();
        let again = opened.write(|transaction| Box::pin(async move { transaction.create_review(REVIEW, "x", Time::MAX).await }));
        assert!(matches!(again.await, Err(StoreError::Constraint(_))), "an id is of one review");
    }

    /// A seat comes back by its key alone; a key has one seat. They are counted by what they allow.
    async fn seats_round_trip(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            for (byte, role) in [(1, Role::Facilitator), (2, Role::Participant), (3, Role::Participant), (4, Role::Reader), (5, Role::Program)] {
                assert!(transaction.create_seat(mac(byte), REVIEW, role).await?);
                assert!(!transaction.create_seat(mac(byte), OTHER, Role::Reader).await?);
                let seat = Seat { mac: mac(byte), review: REVIEW, role, is_done: false };
                assert_eq!(transaction.find_seat(mac(byte)).await?, Some(seat));
            }
            for byte in [1, 2, 3] {
                transaction.save_seat_done(mac(byte), true).await?;
            }
            transaction.save_seat_done(mac(3), false).await?;
            assert!(transaction.find_seat(mac(2)).await?.unwrap().is_done);
            let people = People { facilitators: 1, participants: 2, readers: 1, programs: 1, done: 2 };
            assert_eq!((transaction.count_seats(REVIEW).await?, people.count()), (people, 5));
            assert_eq!(transaction.count_seats(OTHER).await?, People::default());
            transaction.delete_seat(mac(2)).await?;
            assert_eq!(transaction.find_seat(mac(2)).await?, None);
            assert_eq!(transaction.count_seats(REVIEW).await?, People { participants: 1, done: 1, ..people });
            Ok(())
        })).await.unwrap();
    }

    /// A link gives as many seats as it has, before its end; the links of a review are ended without those of another.
    async fn invitations_round_trip(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            let made = |byte, review, seats_left, expires_at| Invitation { mac: mac(byte), review, role: Role::Reader, seats_left, expires_at };
            for link in [made(1, REVIEW, 2, time(10)), made(2, REVIEW, 200, Time::MAX), made(3, OTHER, 1, time(5))] {
                transaction.create_invitation(&link).await?;
            }
            assert_eq!(transaction.sum_invitations(REVIEW).await?, 202);
            assert_eq!(transaction.take_invitation(mac(1), time(10)).await?, None, "its end is not in its life");
            let before = Time::from_unix_micros(time(10).unix_micros() - 1).unwrap();
            assert_eq!(transaction.take_invitation(mac(1), before).await?, Some(made(1, REVIEW, 1, time(10))));
            assert_eq!(transaction.take_invitation(mac(1), time(0)).await?, Some(made(1, REVIEW, 0, time(10))));
            assert_eq!(transaction.take_invitation(mac(1), time(0)).await?, None);
            assert_eq!(transaction.take_invitation(mac(9), time(0)).await?, None);
            transaction.delete_invitations_of(REVIEW).await?;
            assert_eq!((transaction.sum_invitations(REVIEW).await?, transaction.sum_invitations(OTHER).await?), (0, 1));
            assert_eq!(transaction.take_invitation(mac(2), time(0)).await?, None);
            transaction.delete_old_of_reviews(time(5)).await?;
            assert_eq!(transaction.sum_invitations(OTHER).await?, 1);
            transaction.delete_old_of_reviews(time(6)).await?;
            assert_eq!(transaction.sum_invitations(OTHER).await?, 0);
            Ok(())
        })).await.unwrap();
    }

    /// An item stands as it was saved last; one that was removed is found and not listed.
    async fn items_round_trip(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            let [first, second] = [item("case", "name", 1, Some(BODY)), item("event", "名", u32::MAX, Some(""))];
            for kept in [&second, &first] {
                transaction.save_item(REVIEW, kept).await?;
                assert_eq!(transaction.find_item(REVIEW, &kept.kind, &kept.key).await?.as_ref(), Some(kept));
            }
            transaction.save_item(OTHER, &item("case", "name", 7, Some("other"))).await?;
            assert_eq!(transaction.list_items(REVIEW).await?, [first.clone(), second.clone()]);
            let removed = KeptItem { version: 2, body: None, ..first };
            transaction.save_item(REVIEW, &removed).await?;
            assert_eq!(transaction.list_items(REVIEW).await?, [second]);
            assert_eq!(transaction.list_items_of(REVIEW, "case").await?, std::slice::from_ref(&removed));
            assert_eq!(transaction.list_items_of(REVIEW, "nothing").await?, []);
            assert_eq!(transaction.find_item(REVIEW, "case", "name").await?, Some(removed));
            assert_eq!(transaction.find_item(REVIEW, "case", "place").await?, None);
            Ok(())
        })).await.unwrap();
    }

    /// Changes are read forwards, backwards and by item, as they were recorded; no number is used twice, and none is changed later.
    async fn changes_round_trip(database: TestDatabase) {
        let opened = begun(&database).await;
        let change = |number: i64| {
            let at = Time::from_unix_micros(if number == 1 { 0 } else { number * MINUTE }).unwrap();
            let body = (number != 2).then_some(BODY);
            Change { number, at, item: item(if number % 2 == 0 { "case" } else { "table" }, "name", u32::try_from(number).unwrap(), body) }
        };
        opened.write(move |transaction| Box::pin(async move {
            for number in [3, 1, 2, 4] {
                transaction.create_change(REVIEW, &change(number)).await?;
            }
            transaction.create_change(OTHER, &change(1)).await?;
            assert_eq!(transaction.list_changes_after(REVIEW, 1, 2).await?, [change(2), change(3)]);
            assert_eq!(transaction.list_changes_before(REVIEW, 4, 2).await?, [change(3), change(2)]);
            assert_eq!(transaction.list_changes_of(REVIEW, "case", "name", 9).await?, [change(4), change(2)]);
            assert_eq!(transaction.list_changes_of(REVIEW, "case", "name", 1).await?, [change(4)]);
            assert_eq!(transaction.list_changes_after(OTHER, 0, 9).await?, [change(1)]);
            Ok(())
        })).await.unwrap();
        let again = opened.write(move |transaction| Box::pin(async move { transaction.create_change(REVIEW, &change(4)).await }));
        assert!(matches!(again.await, Err(StoreError::Constraint(_))));
        let seconds = Change { at: Time::from_unix_micros(1).unwrap(), ..change(9) };
        let exact = opened.write(move |transaction| Box::pin(async move { transaction.create_change(REVIEW, &seconds).await }));
        assert!(matches!(exact.await, Err(StoreError::Constraint(_))), "a time is in whole minutes");
        for sql in ["UPDATE review_changes SET body = 'forged' WHERE number = 4", "UPDATE review_changes SET at = 0"] {
            assert!(database.attempt_raw(sql).await.unwrap_err().contains("never changed"));
        }
    }

    /// Somebody's marks are theirs: saved, read, taken back and noted as collected without another's.
    async fn drafts_round_trip(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            for kept in [draft(2, "a", 1), draft(1, "b", u32::MAX), draft(1, "a", 1)] {
                transaction.save_draft(REVIEW, &kept).await?;
            }
            transaction.save_draft(OTHER, &draft(1, "a", 3)).await?;
            assert_eq!(transaction.list_drafts_of(REVIEW, mac(1)).await?, [draft(1, "a", 1), draft(1, "b", u32::MAX)]);
            assert_eq!(transaction.find_draft(REVIEW, mac(2), "a").await?, Some(draft(2, "a", 1)));
            assert_eq!(transaction.find_draft(REVIEW, mac(2), "b").await?, None);
            assert_eq!(transaction.list_drafts(REVIEW).await?, [draft(1, "a", 1), draft(1, "b", u32::MAX), draft(2, "a", 1)]);
            let back = KeptDraft { body: None, is_collected: true, ..draft(1, "b", u32::MAX) };
            transaction.save_draft(REVIEW, &back).await?;
            assert_eq!(transaction.find_draft(REVIEW, mac(1), "b").await?, Some(back), "taken back, not forgotten");
            transaction.save_drafts_collected(REVIEW).await?;
            assert!(!transaction.has_uncollected(REVIEW).await? && transaction.has_uncollected(OTHER).await?);
            let collected = KeptDraft { is_collected: true, ..draft(2, "a", 1) };
            assert_eq!(transaction.find_draft(REVIEW, mac(2), "a").await?, Some(collected));
            transaction.save_draft(REVIEW, &draft(2, "a", 2)).await?;
            assert_eq!(transaction.find_draft(REVIEW, mac(2), "a").await?, Some(draft(2, "a", 2)), "changed is not collected");
            assert!(transaction.has_uncollected(REVIEW).await?);
            transaction.delete_drafts(REVIEW).await?;
            assert!(transaction.list_drafts(REVIEW).await?.is_empty() && !transaction.has_uncollected(REVIEW).await?);
            assert_eq!(transaction.list_drafts(OTHER).await?.len(), 1);
            Ok(())
        })).await.unwrap();
    }

    /// Columns come back by column and cause, the marks of one cause by column; a round is removed without the rounds before it, and without another review's.
    async fn marks_round_trip(database: TestDatabase) {
        let opened = begun(&database).await;
        opened.write(|transaction| Box::pin(async move {
            assert_eq!(transaction.count_columns(REVIEW).await?, 0);
            transaction.create_marks(REVIEW, 0, &[]).await?;
            transaction.create_marks(REVIEW, 0, &[mark(0, "b"), mark(1, "a"), mark(0, "a")]).await?;
            transaction.create_marks(REVIEW, 1, &[mark(3, "a"), mark(2, "c")]).await?;
            transaction.create_marks(OTHER, 1, &[mark(8, "a")]).await?;
            let marked = |found: &[(&str, u32)]| found.iter().map(|(cause, column)| ((*cause).to_owned(), *column)).collect::<Vec<_>>();
            assert_eq!(transaction.list_marked(REVIEW).await?, marked(&[("a", 0), ("b", 0), ("a", 1), ("c", 2), ("a", 3)]));
            assert_eq!(transaction.list_marks_of(REVIEW, "a").await?, [mark(0, "a"), mark(1, "a"), mark(3, "a")]);
            assert_eq!((transaction.count_columns(REVIEW).await?, transaction.count_columns(OTHER).await?), (4, 9));
            assert_eq!(transaction.delete_marks(REVIEW, 1).await?, 2);
            assert_eq!(transaction.list_marked(REVIEW).await?, marked(&[("a", 0), ("b", 0), ("a", 1)]));
            assert_eq!(transaction.delete_marks(REVIEW, 5).await?, 2);
            assert_eq!(transaction.list_marks_of(OTHER, "a").await?, [mark(8, "a")]);
            Ok(())
        })).await.unwrap();
        let twice = opened.write(|transaction| Box::pin(async move { transaction.create_marks(REVIEW, 9, &[mark(0, "a")]).await }));
        assert!(matches!(twice.await, Err(StoreError::Constraint(_))));
    }

    /// A file comes back to the byte, in its review alone, until it is erased.
    async fn files_round_trip(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            let contents = [Vec::new(), (0..=u8::MAX).cycle().take(5 * 1_024 * 1_024).collect::<Vec<_>>()];
            for (number, content) in (1..).zip(contents) {
                let file = KeptFile { id: FileId::from_bytes([number; 16]), media_type: "text/'\\".to_owned(), content };
                transaction.create_file(REVIEW, &file).await?;
                assert_eq!(transaction.find_file(REVIEW, file.id).await?.as_ref(), Some(&file));
                assert_eq!(transaction.find_file(OTHER, file.id).await?, None);
            }
            assert_eq!((transaction.sum_files(REVIEW).await?, transaction.sum_files(OTHER).await?), (5 * 1_024 * 1_024, 0));
            let large = FileId::from_bytes([2; 16]);
            transaction.delete_file(OTHER, large).await?;
            assert!(transaction.find_file(REVIEW, large).await?.is_some());
            transaction.delete_file(REVIEW, large).await?;
            assert_eq!((transaction.find_file(REVIEW, large).await?, transaction.sum_files(REVIEW).await?), (None, 0));
            Ok(())
        })).await.unwrap();
    }

    /// A version of a chart is kept once and never changed.
    async fn charts_round_trip(database: TestDatabase) {
        database.open().await.write(|transaction| Box::pin(async move {
            let chart = |key: &str, version| KeptChart { key: key.to_owned(), version, body: format!("{BODY}{key}{version}") };
            assert_eq!((transaction.count_charts().await?, transaction.find_chart_version("図").await?), (0, 0));
            for kept in [chart("図", 2), chart("図", 1), chart("b", u32::MAX)] {
                assert!(transaction.create_chart(&kept).await?);
                assert!(!transaction.create_chart(&KeptChart { body: "another".to_owned(), ..kept.clone() }).await?);
                assert_eq!(transaction.find_chart(&kept.key, kept.version).await?, Some(kept));
            }
            assert_eq!(transaction.list_charts().await?, [chart("b", u32::MAX), chart("図", 1), chart("図", 2)]);
            assert_eq!((transaction.count_charts().await?, transaction.find_chart_version("図").await?), (3, 2));
            assert_eq!(transaction.find_chart("図", 3).await?, None);
            Ok(())
        })).await.unwrap();
    }

    /// Who looks is added up over the nodes, for as long as each is believed.
    async fn presence_round_trips(database: TestDatabase) {
        begun(&database).await.write(|transaction| Box::pin(async move {
            assert_eq!(transaction.count_presence(REVIEW, time(0)).await?, 0);
            transaction.save_presence(REVIEW, [1; 16], 5, time(10)).await?;
            transaction.save_presence(REVIEW, [2; 16], 7, time(20)).await?;
            transaction.save_presence(OTHER, [1; 16], u32::MAX, Time::MAX).await?;
            assert_eq!(transaction.count_presence(REVIEW, time(9)).await?, 12);
            assert_eq!(transaction.count_presence(REVIEW, time(10)).await?, 7);
            transaction.save_presence(REVIEW, [2; 16], 1, time(30)).await?;
            assert_eq!(transaction.count_presence(REVIEW, time(9)).await?, 6);
            transaction.delete_old_of_reviews(time(25)).await?;
            assert_eq!(transaction.count_presence(REVIEW, time(0)).await?, 1);
            assert_eq!(transaction.count_presence(OTHER, time(0)).await?, u32::MAX);
            Ok(())
        })).await.unwrap();
    }

    /// The schema refuses what no review has, and whatever is of no review.
    async fn the_schema_refuses_what_no_review_has(database: TestDatabase) {
        let _ = begun(&database).await;
        let engine: Engine = database.engine();
        let [id, none] = [blob(engine, &REVIEW.bytes()), blob(engine, &[7; 16])];
        let [hash, short] = [blob(engine, &mac(1)), blob(engine, &[1; 31])];
        for sql in [
            format!("INSERT INTO review_seats VALUES ({hash}, {id}, 'owner', 0)"),
            format!("INSERT INTO review_seats VALUES ({short}, {id}, 'reader', 0)"),
            format!("INSERT INTO review_seats VALUES ({hash}, {none}, 'reader', 0)"),
            format!("INSERT INTO review_seats VALUES ({hash}, {id}, 'reader', 2)"),
            format!("INSERT INTO review_invitations VALUES ({hash}, {id}, 'reader', -1, 0)"),
            format!("INSERT INTO review_items VALUES ({id}, 'case', 'name', 0, 'x')"),
            format!("INSERT INTO review_changes VALUES ({id}, 0, 0, 'case', 'name', 1, 'x')"),
            format!("INSERT INTO review_changes VALUES ({id}, 1, 60000001, 'case', 'name', 1, 'x')"),
            format!("INSERT INTO review_drafts VALUES ({id}, {short}, 'a', 1, 'x', 0)"),
            format!("INSERT INTO review_drafts VALUES ({none}, {hash}, 'a', 1, 'x', 0)"),
            format!("INSERT INTO review_marks VALUES ({id}, 'a', -1, 0, 'x')"),
            format!("INSERT INTO review_files VALUES ({none}, {none}, 'x', {hash})"),
            format!("INSERT INTO review_presence VALUES ({id}, {short}, 0, 0)"),
            "INSERT INTO charts VALUES ('a', 0, 'x')".to_owned(),
        ] {
            assert!(database.attempt_raw(&sql).await.is_err(), "{sql}");
        }
    }
}
