//! What the interface description promises, held against a running server by a program that reads nothing else.
//!
//! `schemathesis` makes requests of the description, well-formed and not, as nobody, as a terminal, as a member and as a partner, and
//! checks every reply against it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use warifu_core::lot::LotAccount;
use warifu_testkit::actors::refund;
use warifu_testkit::{Cashier, Engine, Member, Partner, Server, ServerSettings, TestDatabase};

/// Needs a browser, a passkey or a recovery code, or ends what this test goes on with; `wallet` does these.
const BY_BROWSER: [&str; 14] = [
    "POST /v1/sign-up/finish",
    "POST /v1/sign-in/finish",
    "POST /v1/recovery",
    "GET /v1/live",
    "POST /v1/passkeys/finish",
    "DELETE /v1/passkeys/{id}",
    "DELETE /v1/sessions/{id}",
    "POST /v1/sign-out",
    "POST /v1/device/consent",
    "POST /v1/device/dispute",
    "POST /v1/bills/{id}/confirm",
    "POST /v1/bills/{id}/pay",
    "POST /v1/bills/{id}/release",
    "POST /v1/enrollments",
];

/// Left out for a member's phone, which signs each request as it goes over the wire: a credential cannot be taken away from it.
const UNSIGNED_CHECKS: [&str; 3] = ["negative_data_rejection", "missing_required_header", "ignored_auth"];

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,negative_data_rejection,missing_required_header,unsupported_method,\
    allow_header_conformance,ignored_auth";

/// The program that `cargo xtask setup` installs, else the one on the PATH.
fn program() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv/bin/schemathesis");
    if installed.is_file() {
        return installed;
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join("schemathesis")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("this test runs `schemathesis`: run `cargo xtask setup`"))
}

/// What one caller's run needs besides the server's address.
struct Run<'a> {
    server: &'a Server,
    phone: &'a str,
    known: String,
    folder: &'a Path,
}

impl Run<'_> {
    /// Runs the program as a caller and returns the operations that succeeded, each as `METHOD path`.
    async fn as_caller(&self, caller: &str, authorization: Option<&str>) -> BTreeSet<String> {
        let seen = self.folder.join(caller);
        let is_member = caller == "member";
        let is_run = |check: &&str| !(is_member && UNSIGNED_CHECKS.contains(check));
        let checks = CHECKS.split(',').filter(is_run).collect::<Vec<_>>().join(",");
        let mut command = tokio::process::Command::new(program());
        command
            .args(["run", &format!("{}/openapi.json", self.server.origin()), "--checks", &checks])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--generation-deterministic"])
            .args(["--seed", "7", "--no-color", "--warnings", "off"])
            .args(["--continue-on-failure", "--suppress-health-check", "all"]);
        if is_member {
            // It finds the id of its own session in the list of them.
            command.args(["--exclude-operation-id", "signOut", "--exclude-operation-id", "endSession"]);
        }
        if caller != "anonymous" {
            // What seats in reviews do is refused to all others alike; `reviews` and `prevent` do it.
            command.args(["--exclude-path-regex", "^/v1/(review|charts|seats|measures)"]);
        }
        if caller == "sandbox" {
            command.args(["--include-path-regex", "^/v1/sandbox/"]);
        }
        if let Some(authorization) = authorization {
            command.args(["-H", &format!("Authorization: {authorization}")]);
        }
        command
            .env("SCHEMATHESIS_HOOKS", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/http/schemathesis_hooks.py"))
            .env("WARIFU_ORIGIN", self.server.origin())
            .env("WARIFU_PHONE", self.phone)
            .env("WARIFU_CALLER", caller)
            .env("WARIFU_KNOWN", &self.known)
            .env("WARIFU_SEEN", &seen)
            // It leaves files where it runs.
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.expect("schemathesis runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "as {caller}:\n{said}\n{complaint}");
        let seen = std::fs::read_to_string(&seen).expect("the hooks were run");
        let succeeded = seen.lines().filter_map(|line| {
            let (operation, status) = line.rsplit_once(' ').unwrap();
            status.starts_with('2').then(|| operation.to_owned())
        });
        succeeded.collect()
    }
}

/// What the requests that shall succeed name in their paths and say in their bodies, by the path of the operation.
async fn known(server: &Server, [cashier, trial]: [&Cashier; 2], member: &Member, partner: &Partner) -> Value {
    // Nobody listens there; only the interface is looked at.
    let webhook = partner.add_webhook("http://127.0.0.1:9/", None).await.expect(201).text_at("/id");
    let top_up =
        cashier.top_up_as("known_top_up", 1_000_000, &member.show_code().await).await.expect(201).text_at("/id");
    let undone = cashier.top_up(100, &member.show_code().await).await.expect(201).text_at("/id");
    let payment = cashier.take_as("known_payment", 10_000, &member.show_code().await).await.expect(201).text_at("/id");
    let refund = cashier.post("/v1/refunds", &refund("known_refund", &payment, 1)).await.expect(201).text_at("/id");
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(cashier.authorise(10_000, &member.show_code().await).await.expect(201).text_at("/id"));
    }
    server.add_by_hand(member, LotAccount::Points, 10_000).await;
    while partner.get(&format!("/v1/webhooks/{webhook}/deliveries")).await.expect(200).json()["items"][0].is_null() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let event = top_up.replace("top_", "evt_");
    let asked = json!({ "request_id": "known_bill", "amount": 1, "currency": "JPY" });
    let bill = cashier.post("/v1/bills", &asked).await.expect(201).text_at("/id");
    let place = cashier.get("/v1/shop-code").await.expect(200).text_at("/code");
    let trial_bill = trial.post("/v1/bills", &asked).await.expect(201).text_at("/id");
    json!({
        "/v1/bills/{id}": { "path": { "id": bill } },
        "/v1/shop-codes/open": { "body": { "code": place, "amount": null } },
        "/v1/sandbox/bills/{id}/pay": { "path": { "id": trial_bill } },
        "/v1/sandbox/codes": { "body": { "scenario": "plain" } },
        "/v1/payments/{id}": { "path": { "id": payment } },
        "/v1/payments/{id}/capture": { "path": { "id": held[0] }, "body": { "amount": 1, "final": false } },
        "/v1/payments/{id}/void": { "path": { "id": held[1] } },
        "/v1/payments/{id}/cancel": { "path": { "id": held[2] }, "body": { "reason": null } },
        "/v1/payments/by-request/{request_id}": { "path": { "request_id": "known_payment" } },
        "/v1/payments/by-request/{request_id}/cancel": { "path": { "request_id": "a_new_one" }, "body": { "reason": null } },
        "/v1/receipts/{payment_id}": { "path": { "payment_id": payment } },
        "/v1/refunds": { "body": { "payment_id": payment, "amount": 1, "reason": "known" } },
        "/v1/refunds/{id}": { "path": { "id": refund } },
        "/v1/refunds/by-request/{request_id}": { "path": { "request_id": "known_refund" } },
        "/v1/top-ups/{id}": { "path": { "id": top_up } },
        "/v1/top-ups/{id}/cancel": { "path": { "id": undone }, "body": { "reason": null } },
        "/v1/top-ups/by-request/{request_id}": { "path": { "request_id": "known_top_up" } },
        "/v1/top-ups/by-request/{request_id}/cancel": { "path": { "request_id": "a_new_one" }, "body": { "reason": null } },
        "/v1/top-ups/from-points": { "body": { "amount": 1 } },
        "/v1/payments": { "body": { "items": [], "metadata": {} } },
        "/v1/top-ups": { "body": { "metadata": {} } },
        "/v1/webhooks/{id}": { "path": { "id": webhook } },
        "/v1/webhooks/{id}/deliveries": { "path": { "id": webhook } },
        "/v1/webhooks/{id}/deliveries/{event_id}/redeliver": { "path": { "id": webhook, "event_id": event } },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reply_is_as_the_description_says() {
    // Phones sign at the present time, and this takes longer than a signature lives.
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let till = server.add_till(server.add_shop().await).await;
    let cashier = Cashier::by_token(server.origin(), &till.token);
    let phone = server.add_member().await;
    let member = Member::by_handset(server.origin(), &phone);
    let added = server.app().add_partner(None, "Issuer").await.unwrap();
    let partner_token = added.token.expose_secret().to_owned();
    let partner = Partner::by_token(server.origin(), &partner_token);
    server.set_policy(&[("till_top_up_max", None), ("balance_max", None)]).await;
    let trial_till = server.add_sandbox_till(till.shop).await;
    let trial = Cashier::by_token(server.origin(), &trial_till.token);
    let known = known(&server, [&cashier, &trial], &member, &partner).await;
    let folder = tempfile::tempdir().unwrap();
    let run = Run { server: &server, phone: &phone, known: known.to_string(), folder: folder.path() };

    let anonymous = run.as_caller("anonymous", None).await;
    let terminal = run.as_caller("terminal", Some(&format!("Bearer {}", till.token))).await;
    let in_sandbox = run.as_caller("sandbox", Some(&format!("Bearer {}", trial_till.token))).await;
    let by_partner = run.as_caller("partner", Some(&format!("Bearer {partner_token}"))).await;
    let by_member = run.as_caller("member", None).await;

    let allowed: BTreeSet<String> =
        ["GET /livez", "GET /readyz", "GET /v1/charts", "POST /v1/sign-in/begin", "POST /v1/sign-up/begin"]
            .map(str::to_owned)
            .into();
    assert_eq!(anonymous, allowed, "nobody in particular may do nothing else");
    let description = warifu_web::openapi();
    let every: BTreeSet<String> = description
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = [("GET", &item.get), ("POST", &item.post), ("DELETE", &item.delete)];
            methods
                .into_iter()
                .filter(|(_, operation)| operation.is_some())
                .map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    let reached: BTreeSet<String> =
        terminal.iter().chain(&in_sandbox).chain(&by_member).chain(&by_partner).cloned().collect();
    // What seats in reviews do, `reviews` and `prevent` do.
    let is_of_seats =
        |it: &String| ["/v1/review", "/v1/charts", "/v1/seats", "/v1/measures"].iter().any(|path| it.contains(path));
    let every: BTreeSet<String> =
        every.into_iter().filter(|it| !BY_BROWSER.contains(&it.as_str()) && !is_of_seats(it)).collect();
    let missed: Vec<_> = every.difference(&reached).collect();
    assert!(
        missed.len() * 100 <= every.len() * 5,
        "only {} of {} succeeded; never: {missed:?}",
        reached.len(),
        every.len()
    );
    server.verify().await;
}
