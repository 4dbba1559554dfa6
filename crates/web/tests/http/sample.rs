//! The review that comes with the service: it comes in and goes out as the very text that it is, says the same in both languages, rests its
//! facts on sources, and claims no proof that is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use warifu_testkit::{Engine, Seat, Server};

/// Those in which it is written.
const LANGUAGES: [&str; 2] = ["ja", "en"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn text_of(language: &str) -> String {
    std::fs::read_to_string(root().join(format!("crates/app/samples/7pay.{language}.json"))).unwrap()
}

fn sample(language: &str) -> Value {
    serde_json::from_str(&text_of(language)).unwrap()
}

/// Keys and bodies of the items of a kind.
fn of<'a>(sample: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let items = sample["items"].as_array().unwrap().iter();
    items.filter(|it| it["kind"] == kind).map(|it| (it["key"].as_str().unwrap(), &it["body"])).collect()
}

fn texts<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list[name].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
}

/// Everything in a document that has a basis.
fn statements<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value.get("basis").is_some() {
        found.push(value);
    }
    let inner: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    inner.into_iter().for_each(|it| statements(it, found));
}

/// Every Rust file of the workspace, in its crates and in `xtask`.
fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// What is left of a sample if every text for people is taken out: what both languages share.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(shape).collect(),
        Value::Object(map) => {
            let is_proof =
                map.contains_key("kind") && map.get("kind").is_some_and(|it| it == "test" || it == "command");
            let part = |(name, inner): (&String, &Value)| {
                let is_said = ["text", "role", "learned"].contains(&name.as_str()) && inner.is_string() && !is_proof;
                // Only whether anything is said there.
                let kept = if is_said { json!(inner.as_str().is_some_and(str::is_empty)) } else { shape(inner) };
                (name.clone(), kept)
            };
            Value::Object(map.iter().map(part).collect())
        }
        other => other.clone(),
    }
}

/// Taken in and away again it is the same text, on both databases.
#[tokio::test]
async fn the_sample_comes_back_as_the_same_text() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = Server::start(engine).await;
        for language in LANGUAGES {
            let seat = Seat::at(server.origin());
            let _ = seat.post("/v1/reviews/import", &sample(language)).await.expect(201);
            let away = seat.get("/v1/review/export?as=json").await.expect(200);
            assert_eq!(away.json(), sample(language), "{language}");
            assert_eq!(
                away.text().trim_end(),
                text_of(language).trim_end(),
                "{language}: sorted and written as it is taken away"
            );
            let review = seat.review().await;
            assert_eq!((&review["state"], &review["step"]), (&json!("complete"), &json!(5)));
        }
    }
}

/// The diagram leaves nothing undecided, and goes against its own score where the group says so.
#[tokio::test]
async fn the_samples_diagram_is_decided() {
    let server = Server::start(Engine::Sqlite).await;
    for language in LANGUAGES {
        let seat = Seat::at(server.origin());
        let _ = seat.post("/v1/reviews/import", &sample(language)).await.expect(201);
        let diagram = seat.get("/v1/review/diagram").await.expect(200).json();
        assert_eq!((&diagram["undecided"], &diagram["cycles"]), (&json!([]), &json!([])), "{language}");
        let arrows = diagram["arrows"].as_array().unwrap();
        assert!(arrows.iter().all(|it| it["standing"] == "counts"), "{diagram}");
        assert_eq!(arrows.len(), of(&sample(language), "arrow").len(), "each arrow runs between boxes that there are");
        assert!((15..=25).contains(&arrows.len()), "{diagram}");
        let nodes = diagram["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), of(&sample(language), "node").len(), "each box stands for something that there is");
        assert!(nodes.iter().all(|it| it["is_moved"] == false), "laid out by the server");
        for node in nodes.iter().filter(|it| it["is_proposed"] == true) {
            assert!(!node["is_true"].is_null(), "somebody said yes or no to {node}");
        }
        for (is_true, is_proposed) in [(true, false), (false, true)] {
            let against = nodes.iter().any(|it| it["is_true"] == is_true && it["is_proposed"] == is_proposed);
            assert!(against, "one that is {is_true} where the score says {is_proposed}");
        }
    }
}

/// Facts have sources, true causes have measures, arrows and measures have boxes.
#[test]
fn the_samples_facts_have_sources_and_its_true_causes_measures() {
    for language in LANGUAGES {
        let sample = sample(language);
        let mut said = Vec::new();
        statements(&sample, &mut said);
        assert!(said.iter().filter(|it| it["basis"] == "fact").count() > 30, "{language}");
        for statement in said {
            let is_looked_up = statement["basis"] != "fact" || !statement["sources"].as_array().unwrap().is_empty();
            assert!(is_looked_up, "{language}: a fact without a source: {statement}");
        }
        let boxes: BTreeSet<_> = of(&sample, "node").into_iter().map(|(key, _)| key).collect();
        let measures = of(&sample, "measure");
        let answered: BTreeSet<_> = measures.iter().flat_map(|(_, body)| texts(body, "causes")).collect();
        assert!(answered.is_subset(&boxes), "{language}: measures answer boxes that there are");
        for (key, body) in of(&sample, "true_cause") {
            assert!(boxes.contains(key), "{language}: {key}");
            assert!(body["is_true"] == false || answered.contains(key), "{language}: nothing answers {key}");
        }
        for (key, body) in of(&sample, "arrow") {
            let ends = [body["from"].as_str().unwrap(), body["to"].as_str().unwrap()];
            assert!(ends.iter().all(|it| boxes.contains(it)), "{language}: {key}");
        }
        for (key, _) in of(&sample, "result") {
            assert!(measures.iter().any(|(it, body)| *it == key && body["state"] == "done"), "{language}: {key}");
        }
    }
}

/// What is done is proved by something that is there under this very name; what is not there is said to be not there yet.
#[test]
fn the_sample_claims_no_proof_that_is_not_there() {
    let (root, mut code) = (root(), String::new());
    sources(&root.join("crates"), &mut code);
    sources(&root.join("xtask"), &mut code);
    let documents: String =
        ["README.md", "docs/guides/operating.md", "docs/guides/verifying.md", "docs/reliability.md"]
            .iter()
            .map(|name| std::fs::read_to_string(root.join(name)).unwrap())
            .collect();
    for (language, not_yet) in [("ja", "まだ"), ("en", "not yet")] {
        for (key, body) in of(&sample(language), "measure") {
            let proof = &body["proof"];
            let name = proof["text"].as_str().unwrap();
            assert_eq!(body["is_shared"], false, "{language}: {key} is this project's own");
            match (body["state"].as_str().unwrap(), proof["kind"].as_str().unwrap()) {
                ("done", "test") => {
                    for name in name.split(", ") {
                        assert!(code.contains(&format!("fn {name}(")), "{language}: {key}: no test is called {name}");
                    }
                }
                ("done", "document") => assert!(root.join(name).is_file(), "{language}: {key}: there is no {name}"),
                ("done", "command") => {
                    let words: Vec<_> = name.split(' ').take_while(|word| !word.contains('=')).collect();
                    assert!(["warifu", "cargo"].contains(&words[0]), "{language}: {key}: {name}");
                    assert!(documents.contains(&words.join(" ")), "{language}: {key}: no document tells of {name}");
                }
                ("proposed", "none") => {
                    assert!(body["text"].as_str().unwrap().contains(not_yet), "{language}: {key} says so");
                }
                other => panic!("{language}: {key} is {other:?}"),
            }
        }
    }
}

/// Both languages have the same items and marks, which say the same but for the words; both keep to the chart that is shipped.
#[test]
fn the_sample_is_the_same_in_both_languages() {
    let [japanese, english] = LANGUAGES.map(sample);
    let keys = |sample: &Value| {
        let items = sample["items"].as_array().unwrap().iter();
        items.map(|it| (it["kind"].to_string(), it["key"].to_string())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&japanese), keys(&english));
    assert!(keys(&japanese).is_sorted(), "in the order in which a review is taken away");
    assert_eq!(shape(&japanese["items"]), shape(&english["items"]));
    assert_eq!(shape(&japanese["marks"]), shape(&english["marks"]));
    let chart = std::fs::read_to_string(root().join("crates/app/charts/it-project.toml")).unwrap();
    assert_eq!((japanese["chart"].as_str(), english["chart"].as_str()), (Some(chart.as_str()), Some(chart.as_str())));
}
