//! What came of proofs, handed in by programs and people: to which measures it belongs, that the latest counts, that a retry changes
//! nothing, and that a program learns nothing of the review.

use serde_json::{Value, json};
use warifu_testkit::{Reply, Seat, Server, TestDatabase, on_both_databases};

use crate::reviews::{conjecture, facilitator, join_one};

const AT: &str = "2019-01-02T10:05";

fn measure(kind: &str, proof: &str) -> Value {
    json!({
        "text": "Do it", "causes": [], "role": "platform", "due": "", "remind": "", "state": "doing",
        "proof": { "kind": kind, "text": proof, "url": "", "file": "" }, "learned": "", "is_shared": false,
    })
}

fn result(kind: &str, proof: &str, is_passed: bool, at: &str) -> Value {
    json!({ "kind": kind, "proof": proof, "is_passed": is_passed, "at": at, "text": format!("{proof} {is_passed}") })
}

async fn hand_in(seat: &Seat, results: &[Value]) -> Reply {
    seat.post("/v1/review/results", &json!({ "results": results })).await
}

/// What became of each measure, as `key version became`.
fn became(reply: &Reply) -> Vec<String> {
    let line = |it: &Value| {
        format!("{} {} {}", it["measure"].as_str().unwrap(), it["version"], it["became"].as_str().unwrap())
    };
    reply.json()["measures"].as_array().unwrap().iter().map(line).collect()
}

/// A review with measures that are proved by a test, by the same test once more, by a command, and by nothing; and a program in it.
async fn measured(server: &Server) -> (Seat, Seat) {
    let lead = facilitator(server).await;
    for (key, body) in [
        ("measure/first", measure("test", "a_test")),
        ("measure/second", measure("test", " a_test\n")),
        ("measure/third", measure("command", "a_test")),
        ("measure/none", measure("none", "")),
    ] {
        let _ = lead.write(key, 0, &body).await.expect(200);
    }
    let program = join_one(server, &lead, "program").await;
    (lead, program)
}

on_both_databases! {
    /// A result belongs to every measure with its proof, or to the one that it names; what belongs to none is told by its number.
    async fn results_find_their_measures(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, program) = measured(&server).await;
        let named = json!({ "measure": "none", "is_passed": false, "at": AT });
        let results = [
            result("test", "another", true, AT),
            result("test", "a_test ", true, AT),
            result("drill", "a_test", true, AT),
            named.clone(),
            json!({ "measure": "nowhere", "is_passed": true, "at": AT }),
        ];
        let mut live = lead.look().await;
        let told = hand_in(&program, &results).await.expect(200);
        assert_eq!(became(&told), ["first 1 written", "none 1 written", "second 1 written"]);
        assert_eq!(told.json()["unmatched"], json!([1, 3, 5]));
        for key in ["first", "none", "second"] {
            let change = live.next_of("change").await.data;
            assert_eq!((&change["kind"], &change["key"]), (&json!("result"), &json!(key)), "told as it happens");
        }
        let stands = json!({ "is_passed": true, "at": AT, "text": "a_test  true" });
        assert_eq!(lead.item("result/first").await["body"], stands);
        assert_eq!(lead.item("result/second").await["body"], stands);
        assert_eq!(lead.item("result/none").await["body"], json!({ "is_passed": false, "at": AT, "text": "" }));
        assert_eq!(lead.item("result/third").await, Value::Null);

        // The reply was lost: the same again changes nothing.
        let number = lead.review().await["number"].clone();
        let again = hand_in(&program, &results).await.expect(200);
        assert_eq!(became(&again), ["first 1 unchanged", "none 1 unchanged", "second 1 unchanged"]);
        assert_eq!((&again.json()["number"], &lead.review().await["number"]), (&number, &number));

        // Whoever removed a measure wants nothing of its proof.
        let _ = lead.remove("measure/second", 1).await.expect(200);
        let told = hand_in(&program, &[result("test", "a_test", false, "2019-01-02T10:06")]).await.expect(200);
        assert_eq!(became(&told), ["first 2 written"]);
        let versions = lead.versions("result/first").await;
        assert_eq!(versions.len(), 2, "each is kept: {versions:?}");
    }

    /// What is older than what stands there is not written; of several at once the latest counts, of one minute that which failed.
    async fn the_latest_result_counts(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, program) = measured(&server).await;
        let (early, late) = ("2019-01-02T10:04", "2019-01-03T00:00");
        let of = |is_passed, at| result("command", "a_test", is_passed, at);
        let told = hand_in(&program, &[of(true, late), of(false, early), of(true, early)]).await.expect(200);
        assert_eq!(became(&told), ["third 1 written"]);
        assert_eq!(lead.item("result/third").await["body"]["at"], late);
        let told = hand_in(&program, &[of(false, AT)]).await.expect(200);
        assert_eq!(became(&told), ["third 1 older"]);
        assert_eq!(lead.item("result/third").await["body"]["is_passed"], true);
        let minute = [of(false, "2019-01-04T00:00"), of(true, "2019-01-04T00:00")];
        let told = hand_in(&program, &minute).await.expect(200);
        assert_eq!((became(&told), &lead.item("result/third").await["body"]["is_passed"]), (vec!["third 2 written".to_owned()], &json!(false)));
        assert_eq!(became(&hand_in(&program, &minute).await.expect(200)), ["third 2 unchanged"]);
        // The same minute, said anew by a later hand.
        assert_eq!(became(&hand_in(&program, &[of(true, "2019-01-04T00:00")]).await.expect(200)), ["third 3 written"]);
        // A year that somebody mistyped keeps nothing out.
        let typo = json!({ "is_passed": true, "at": "2996-01-04T00:00", "text": "" });
        let _ = lead.write("result/third", 3, &typo).await.expect(200);
        assert_eq!(became(&hand_in(&program, &[of(true, "2019-01-05T00:00")]).await.expect(200)), ["third 5 written"]);
        // What a person took away comes again with the next run.
        let _ = lead.remove("result/third", 5).await.expect(200);
        assert_eq!(became(&hand_in(&program, &[of(true, "2019-01-05T00:00")]).await.expect(200)), ["third 7 written"]);
    }

    /// Proofs go on in a complete review, and nothing else does.
    async fn proofs_go_on_in_a_complete_review(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, program) = measured(&server).await;
        let writer = join_one(&server, &lead, "participant").await;
        let _ = lead.progress("complete", 5).await.expect(200);
        assert_eq!(became(&hand_in(&program, &[result("test", "a_test", true, AT)]).await.expect(200)).len(), 2);
        let told = hand_in(&writer, &[result("test", "a_test", false, "2019-01-02T10:06")]).await.expect(200);
        assert_eq!(became(&told), ["first 2 written", "second 2 written"]);
        let by_hand = json!({ "is_passed": true, "at": AT, "text": "" });
        let _ = writer.write("result/first", 2, &by_hand).await.expect_problem(409, "review_complete");
        let _ = lead.write("measure/first", 1, &measure("test", "b")).await.expect_problem(409, "review_complete");
        assert_eq!(lead.review().await["state"], "complete");
        let away = lead.get("/v1/review/export?as=json").await.expect(200).json();
        let results = away["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "result").count();
        assert_eq!(results, 2);
        let back = server.seat();
        let _ = back.post("/v1/reviews/import", &away).await.expect(201);
        assert_eq!(back.get("/v1/review/export?as=json").await.expect(200).json(), away);
    }

    /// What does not fit is refused with the number of the result, and nothing of the others is written.
    async fn what_does_not_fit_is_refused_whole(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, program) = measured(&server).await;
        let number = lead.review().await["number"].clone();
        let good = result("test", "a_test", true, AT);
        let with = |name: &str, value: Value| {
            let mut wrong = good.clone();
            wrong[name] = value;
            wrong
        };
        let without = |name: &str| {
            let mut wrong = good.clone();
            wrong.as_object_mut().unwrap().remove(name);
            wrong
        };
        for (wrong, told) in [
            (with("kind", json!("none")), "drill, test, command or document"),
            (with("kind", json!("guess")), "unknown variant"),
            (with("proof", json!(" ")), "empty"),
            (with("proof", json!("x".repeat(301))), "300"),
            (with("proof", json!("a\u{0}")), "control character"),
            (with("measure", json!("first")), "instead of both"),
            (without("kind"), "instead of both"),
            (without("is_passed"), "is_passed"),
            (with("is_passed", json!("true")), "expected a boolean"),
            (with("at", json!("2019-02-30T10:05")), "2026-11-22T10:05"),
            (with("at", json!("2019-01-02")), "2026-11-22T10:05"),
            (with("at", json!("2019-01-02T10:05:00")), "2026-11-22T10:05"),
            (with("at", json!("2996-01-02T10:05")), "future"),
            (with("text", json!("x".repeat(10_000))), "1000"),
            (with("text", json!("\u{202e}x")), "control character"),
            (with("who", json!("Yamada")), "unknown field"),
            (json!({ "measure": "A key", "is_passed": true, "at": AT }), "key of a measure"),
            (json!(["test", "a_test", true, AT]), "expected an object"),
        ] {
            let reply = hand_in(&program, &[good.clone(), wrong.clone()]).await;
            let detail = reply.expect_problem(400, "invalid_request").text_at("/detail");
            assert!(detail.starts_with("Result 2: ") && detail.contains(told), "{wrong}: {detail}");
        }
        let _ = hand_in(&program, &[]).await.expect_problem(400, "invalid_request");
        let many = vec![good.clone(); 501];
        let _ = hand_in(&program, &many).await.expect_problem(400, "invalid_request");
        let _ = program.post("/v1/review/results", &json!({})).await.expect_problem(400, "invalid_request");
        assert_eq!(lead.review().await["number"], number);
        // More than 64 KiB of them is no more than a program says.
        let long: Vec<_> = (0..500).map(|_| with("text", json!("長".repeat(1_000)))).collect();
        assert_eq!(became(&hand_in(&program, &long).await.expect(200)), ["first 1 written", "second 1 written"]);
    }

    /// A program reads nothing, marks nothing, writes nothing by any other way, invites nobody; nor is it counted among people. It leaves.
    async fn a_program_only_hands_in(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, program) = measured(&server).await;
        let _ = lead.write("case/summary", 0, &conjecture("hidden-from-programs")).await.expect(200);
        for (path, reply) in crate::reviews::everything::everything_read(&program, &[]).await {
            if path.starts_with("/v1/charts") {
                continue;
            }
            let reply = reply.expect_problem(403, "forbidden");
            assert!(!reply.text().contains("hidden-from-programs"), "{path}");
        }
        let _ = program.mark("hand-over", 0, &conjecture("x")).await.expect_problem(403, "forbidden");
        let _ = program.write("result/first", 0, &json!({})).await.expect(400);
        let by_hand = json!({ "is_passed": true, "at": AT, "text": "" });
        let _ = program.write("result/first", 0, &by_hand).await.expect_problem(403, "forbidden");
        let _ = program.put("/v1/review/done", &json!({ "is_done": true })).await.expect_problem(403, "forbidden");
        let people = json!({ "facilitators": 1, "participants": 0, "readers": 0, "programs": 1, "done": 0 });
        assert_eq!(lead.review().await["people"], people);
        // A reply tells it of no measure but those whose proof it names.
        let told = hand_in(&program, &[result("test", "unknown", true, AT)]).await.expect(200);
        assert_eq!((told.json()["measures"].clone(), told.json()["unmatched"].clone()), (json!([]), json!([1])));
        let reader = join_one(&server, &lead, "reader").await;
        let _ = hand_in(&reader, &[result("test", "a_test", true, AT)]).await.expect_problem(403, "forbidden");
        let _ = hand_in(&server.seat(), &[result("test", "a_test", true, AT)]).await.expect_problem(401, "unauthorized");
        assert_eq!(lead.item("result/first").await, Value::Null);
        // Its key names its seat for as long as it has one.
        let again = program.join(&lead.invite("facilitator", 1).await).await.expect(201);
        assert_eq!(again.text_at("/role"), "program");
        let _ = program.delete("/v1/review/seat").await.expect(204);
        let _ = hand_in(&program, &[result("test", "a_test", true, AT)]).await.expect_problem(401, "unauthorized");
    }

    /// Programs that hand in at once lose nothing, and what stands in the end is the latest.
    async fn programs_at_once_end_with_the_latest(database: TestDatabase) {
        let server = Server::start_on(database).await;
        let (lead, _) = measured(&server).await;
        let programs = crate::reviews::join(&server, &lead, "program", 6).await;
        let minutes = programs.iter().enumerate().map(|(place, seat)| {
            let seat = seat.clone();
            async move {
                let at = format!("2019-01-02T10:1{place}");
                hand_in(&seat, &[result("command", "a_test", place % 2 == 0, &at)]).await.status()
            }
        });
        assert_eq!(crate::reviews::at_once(minutes).await, [200; 6]);
        assert_eq!(lead.item("result/third").await["body"]["at"], "2019-01-02T10:15");
        let versions = lead.versions("result/third").await;
        assert!(versions.windows(2).all(|pair| pair[0]["body"]["at"].as_str() > pair[1]["body"]["at"].as_str()), "{versions:?}");
    }
}
