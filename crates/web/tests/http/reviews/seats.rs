//! Who gets a seat, what it allows, and that nobody gets one twice or for nothing.

use std::time::Duration;

use serde_json::json;
use warifu_testkit::{Engine, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{CAUSES, at_once, conjecture, facilitator, join, join_one};

/// Several who come at the same moment, each with this link.
async fn take_at_once(seats: &[Seat], link: &str) -> Vec<u16> {
    let take = |seat: &Seat| {
        let (seat, link) = (seat.clone(), link.to_owned());
        async move { seat.join(&link).await }
    };
    let replies = at_once(seats.iter().map(take)).await;
    for reply in &replies {
        if reply.status() != 201 {
            let _ = reply.clone().expect_problem(401, "link_refused");
        }
    }
    replies.iter().map(warifu_testkit::Reply::status).collect()
}

on_both_databases! {
    /// Of twenty who come at once by a link for seven, seven sit down; with the same key each of them is told so again.
    async fn a_link_is_good_for_exactly_its_seats(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let id = facilitator.review().await["id"].clone();
        let link = facilitator.invite("participant", 7).await;
        let takers: Vec<_> = (0..20).map(|_| server.seat()).collect();
        let first = take_at_once(&takers, &link).await;
        assert_eq!(first.iter().filter(|status| **status == 201).count(), 7, "{first:?}");
        let again = take_at_once(&takers, &link).await;
        assert_eq!(again, first, "whoever has a seat has it, and nobody else gets one");
        for (taker, status) in takers.iter().zip(&first) {
            if *status == 201 {
                let told = taker.join(&link).await.expect(201).json();
                assert_eq!(told, json!({ "id": id, "role": "participant" }));
                assert_eq!(taker.review().await["role"], "participant");
            } else {
                let _ = taker.get("/v1/review").await.expect_problem(401, "unauthorized");
            }
        }
        let people = facilitator.review().await["people"].clone();
        assert_eq!(people, json!({ "facilitators": 1, "participants": 7, "readers": 0, "programs": 0, "done": 0 }));
    }

    /// A browser that asks several times at once, as over a bad line, takes one seat of the link and no more.
    async fn a_key_that_asks_often_at_once_takes_one_seat(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        for _ in 0..5 {
            let link = facilitator.invite("participant", 2).await;
            let [one, other, late] = [server.seat(), server.seat(), server.seat()];
            let told = take_at_once(&vec![one; 8], &link).await;
            assert_eq!(told, [201; 8]);
            let _ = other.join(&link).await.expect(201);
            let _ = late.join(&link).await.expect_problem(401, "link_refused");
        }
        assert_eq!(facilitator.review().await["people"]["participants"], 10);
    }

    /// A browser that asks several times at once to begin begins one review, and is told the same one each time.
    async fn a_key_that_begins_often_at_once_begins_one_review(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let seat = server.seat();
        let begun = at_once((0..8).map(|_| { let seat = seat.clone(); async move { seat.begin("Case").await.expect(201).json() } })).await;
        let own = seat.review().await;
        for told in begun {
            assert_eq!((&told["id"], &told["role"]), (&own["id"], &json!("facilitator")));
        }
        assert_eq!(server.app().board().list_reviews().await.unwrap().len(), 1);
    }

    /// A link that was ended, is too old, was used up or never was is refused, with the same words, and takes nothing from anybody.
    async fn a_link_that_is_no_good_costs_nothing(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let [ended, also_ended] = [facilitator.invite("participant", 5).await, facilitator.invite("reader", 5).await];
        let early = server.seat();
        let _ = early.join(&ended).await.expect(201);
        let _ = facilitator.delete("/v1/review/invitations").await.expect(204);
        assert_eq!(early.review().await["role"], "participant", "a seat that was taken stays");
        let newcomer = server.seat();
        let mut details = Vec::new();
        let altered = format!("{}A", &ended[..ended.len() - 1]);
        for refused in [&ended, &also_ended, &altered, "wfi_", "", "x", newcomer.key(), &ended.replace("wfi_", "wfr_")] {
            details.push(newcomer.join(refused).await.expect_problem(401, "link_refused").text_at("/detail"));
        }
        let aged = facilitator.invite("participant", 2).await;
        server.manual_clock().advance(Duration::from_secs(7 * 86_400 - 1));
        let last = server.seat();
        let _ = last.join(&aged).await.expect(201);
        server.manual_clock().advance(Duration::from_secs(1));
        details.push(newcomer.join(&aged).await.expect_problem(401, "link_refused").text_at("/detail"));
        assert!(details.iter().all(|detail| *detail == details[0]), "one cannot tell why: {details:?}");
        let _ = last.join(&aged).await.expect(201);
        let people = facilitator.review().await["people"].clone();
        assert_eq!(people, json!({ "facilitators": 1, "participants": 2, "readers": 0, "programs": 0, "done": 0 }));
        let _ = newcomer.get("/v1/review").await.expect_problem(401, "unauthorized");
        // What was refused did not spoil the key.
        let _ = newcomer.join(&facilitator.invite("reader", 1).await).await.expect(201);
        assert_eq!(newcomer.review().await["role"], "reader");
    }

    /// Two facilitators lead alike; when both leave at once, one of them stays, for a review without any would be lost.
    async fn the_last_facilitator_cannot_leave(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let first = facilitator(&server).await;
        assert!(first.delete("/v1/review/seat").await.expect_problem(400, "invalid_request").text_at("/detail").contains("facilitator"));
        for _ in 0..4 {
            let before = first.review().await;
            let second = join_one(&server, &first, "facilitator").await;
            let _ = second.mark(CAUSES[0], 0, &conjecture("mine")).await.expect(200);
            let _ = second.collect().await.expect(200);
            let _ = second.progress("in_review", 3).await.expect(200);
            let _ = join_one(&server, &second, "participant").await;
            let left = at_once([first.clone(), second.clone()].map(|seat| async move { seat.delete("/v1/review/seat").await.status() })).await;
            assert!(left == [204, 400] || left == [400, 204], "{left:?}");
            let (gone, stays) = if left[0] == 204 { (&first, &second) } else { (&second, &first) };
            let _ = gone.get("/v1/review").await.expect_problem(401, "unauthorized");
            assert_eq!(stays.review().await["people"]["facilitators"], 1);
            if left[0] == 204 {
                let link = second.invite("facilitator", 1).await;
                let _ = first.join(&link).await.expect(201);
                let _ = second.delete("/v1/review/seat").await.expect(204);
            }
            assert_eq!(before["id"], first.review().await["id"]);
        }
    }

    /// Whoever left is nobody from then on, and what they marked is collected all the same.
    async fn whoever_left_is_nobody_and_their_marks_are_collected(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let facilitator = facilitator(&server).await;
        let [stays, goes] = [join_one(&server, &facilitator, "participant").await, join_one(&server, &facilitator, "participant").await];
        let _ = stays.mark(CAUSES[0], 0, &conjecture("of one who stays")).await.expect(200);
        let _ = goes.mark(CAUSES[0], 0, &conjecture("of one who goes")).await.expect(200);
        let _ = goes.put("/v1/review/done", &json!({ "is_done": true })).await.expect(204);
        assert_eq!(facilitator.review().await["people"]["done"], 1);
        let _ = goes.delete("/v1/review/seat").await.expect(204);
        for path in ["/v1/review", "/v1/review/marks", "/v1/review/table", "/v1/review/changes?after=0", "/v1/review/mandala", "/v1/review/live"] {
            let _ = goes.get(path).await.expect_problem(401, "unauthorized");
        }
        let _ = goes.mark(CAUSES[0], 1, &conjecture("too late")).await.expect_problem(401, "unauthorized");
        let _ = goes.delete("/v1/review/seat").await.expect_problem(401, "unauthorized");
        assert_eq!(facilitator.review().await["people"], json!({ "facilitators": 1, "participants": 1, "readers": 0, "programs": 0, "done": 0 }));
        assert_eq!(facilitator.collect().await.expect(200).number_at("/columns"), 2);
        let mut texts: Vec<_> = facilitator.column_marks(CAUSES[0]).await.iter().map(|mark| mark["body"]["text"].to_string()).collect();
        texts.sort();
        assert_eq!(texts, ["\"of one who goes\"", "\"of one who stays\""]);
    }
}

/// What is no key is nobody's; what is another's credential is told that it is the wrong one. Neither learns more.
#[tokio::test]
async fn forged_keys_are_nobody() {
    let server = Server::start(Engine::Sqlite).await;
    let facilitator = facilitator(&server).await;
    let key = facilitator.key().to_owned();
    let till = server.add_till(server.add_shop().await).await;
    let long = format!("{key}A");
    let (short, bare) = (&key[..key.len() - 1], key.trim_start_matches("wfr_"));
    let padded = format!("{key}=");
    let swapped = if key.ends_with('A') { format!("{short}B") } else { format!("{short}A") };
    let unknown = server.seat().key().to_owned();
    let upper = key.replacen("wfr_", "WFR_", 1);
    let paths = ["/v1/review", "/v1/review/marks", "/v1/review/table", "/v1/review/changes?after=0", "/v1/review/live"];
    for path in paths {
        for malformed in [long.as_str(), short, &padded, &swapped, &unknown, "wfr_", "wfr_%", "wfr_+/+/"] {
            let forged = Seat::with_key(server.origin(), malformed);
            let _ = forged.get(path).await.expect_problem(401, "unauthorized");
        }
        for other in [till.token.as_str(), bare, &upper, "wfi_x", "wfe_x", "wfp_x"] {
            let forged = Seat::with_key(server.origin(), other);
            let _ = forged.get(path).await.expect_problem(403, "forbidden");
        }
        let _ = server.anonymous().get(path).await.expect_problem(401, "unauthorized");
        let _ = server.member().await.get(path).await.expect_problem(403, "forbidden");
        let _ = server.signing_cashier().await.get(path).await.expect_problem(403, "forbidden");
        let twice = server.anonymous().request("GET", path);
        let twice =
            twice.header("authorization", format!("Bearer {key}")).header("authorization", format!("Bearer {key}"));
        let _ = twice.send().await.expect_problem(401, "unauthorized");
        let in_query = format!("{path}{}access_token={key}", if path.contains('?') { '&' } else { '?' });
        let _ = server.anonymous().get(&in_query).await.expect_problem(401, "unauthorized");
    }
    // Nor does a seat open the till.
    let _ = facilitator.get("/v1/terminal").await.expect(401);
    let _ = facilitator.get("/v1/balances").await.expect(401);
}

/// A link says where it leads, for how many and until when; more seats than a review has are not promised.
#[tokio::test]
async fn a_link_says_what_it_is_good_for() {
    let server = Server::start(Engine::Sqlite).await;
    let facilitator = facilitator(&server).await;
    let path = "/v1/review/invitations";
    let made = facilitator.post(path, &json!({ "role": "reader", "seats": 3 })).await.expect(201);
    assert!(made.text_at("/link").starts_with(&format!("{}/reviews#wfi_", server.page_origin())), "{made}");
    assert_eq!((made.text_at("/role"), made.number_at("/seats")), ("reader".to_owned(), 3));
    let expected = server.clock().now().saturating_add(Duration::from_secs(7 * 86_400)).to_string();
    assert_eq!(made.text_at("/expires_at"), expected);
    for refused in [
        json!({ "role": "reader", "seats": 0 }),
        json!({ "role": "reader", "seats": 201 }),
        json!({ "role": "reader", "seats": -1 }),
        json!({ "role": "owner", "seats": 1 }),
        json!({ "role": "reader" }),
        json!({ "role": "reader", "seats": 1, "name": "Taro" }),
        // Four are taken or promised.
        json!({ "role": "reader", "seats": 197 }),
    ] {
        let _ = facilitator.post(path, &refused).await.expect_problem(400, "invalid_request");
    }
    let _ = facilitator.invite("participant", 196).await;
    let _ =
        facilitator.post(path, &json!({ "role": "reader", "seats": 1 })).await.expect_problem(400, "invalid_request");
    let _ = facilitator.delete(path).await.expect(204);
    let _ = facilitator.invite("participant", 199).await;
}

/// Each seat is counted by itself, so that one browser that asks too often holds up nobody else.
#[tokio::test]
async fn a_seat_that_asks_too_often_is_held_up_alone() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let settings = warifu_testkit::ServerSettings {
        requests_per_second: std::num::NonZeroU32::new(20),
        ..warifu_testkit::ServerSettings::default()
    };
    let server = Server::start_with(database, settings).await;
    let facilitator = facilitator(&server).await;
    let [eager, calm] =
        [join_one(&server, &facilitator, "participant").await, join_one(&server, &facilitator, "reader").await];
    let mut refused = None;
    for _ in 0..500 {
        let reply = eager.get("/v1/review/marks").await;
        if reply.status() == 429 {
            refused = Some(reply);
            break;
        }
    }
    let _ = refused.expect("somebody is held up").expect_problem(429, "rate_limited");
    let _ = calm.get("/v1/review/marks").await.expect(200);
}

/// A key reads and writes the review that it has a seat in, whatever it asks for.
#[tokio::test]
async fn a_key_of_one_review_reads_nothing_of_another() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        let [here, there] = [facilitator(&server).await, facilitator(&server).await];
        let secret = "Geheimnis-4711";
        let _ = here.write("case/summary", 0, &conjecture(secret)).await.expect(200);
        let _ = here.write("event/e1", 0, &crate::reviews::items::event(secret)).await.expect(200);
        let _ = here.mark(CAUSES[0], 0, &conjecture(secret)).await.expect(200);
        let _ = here.collect().await.expect(200);
        let file = here.upload("a.txt", "text/plain", secret).await.expect(201).text_at("/id");
        let before = here.review().await;

        let guests = [
            there.clone(),
            join_one(&server, &there, "participant").await,
            join(&server, &there, "reader", 1).await.remove(0),
        ];
        for guest in &guests {
            for (path, reply) in crate::reviews::everything::everything_read(guest, &[&file]).await {
                let is_own = path.starts_with("/v1/charts");
                assert!(is_own || !reply.text().contains(secret), "{reply}");
                assert!(!reply.text().contains(before["id"].as_str().unwrap()), "{reply}");
            }
            let _ = guest.get(&format!("/v1/review/files/{file}")).await.expect_problem(404, "not_found");
            assert!(guest.versions("case/summary").await.is_empty());
            assert!(guest.column_marks(CAUSES[0]).await.is_empty());
        }
        let _ = there.delete(&format!("/v1/review/files/{file}")).await.expect_problem(404, "not_found");
        // What stands there is no part of a conflict here.
        let conflict = there.write("case/summary", 1, &conjecture("x")).await.expect_problem(409, "changed_meanwhile");
        assert_eq!(conflict.json()["current"], json!({ "version": 0, "body": null }));
        let _ = there.write("case/summary", 0, &conjecture("there")).await.expect(200);
        let _ = there.progress("complete", 5).await.expect(200);
        // A key that has a seat takes none elsewhere.
        let told = there.join(&here.invite("facilitator", 1).await).await.expect(201);
        assert_eq!(told.text_at("/id"), there.review().await["id"].as_str().unwrap());
        assert_eq!(here.review().await, before);
    }
}
