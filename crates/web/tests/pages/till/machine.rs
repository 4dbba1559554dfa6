//! The module that drives a till, in thousands of simulated schedules: a model of the server, a network that delays and loses, a till
//! that dies at every step. `machine.js` is the simulation; here it runs in the browser that the module is for.
//!
//! `WARIFU_SCHEDULES` says how many schedules there are.

use serde_json::Value;
use warifu_testkit::Browser;

use crate::visit::{DESK, serve};

#[tokio::test]
async fn what_the_module_says_is_what_became_of_the_money() {
    let count = std::env::var("WARIFU_SCHEDULES").map_or(2_000, |count| count.parse::<u64>().expect("a number"));
    let (browser, server) = (Browser::start().await, serve().await);
    let page = browser.open(&format!("{}/livez", server.page_origin()), DESK, "en", false).await;
    let simulation = include_str!("machine.js").replace("export async function", "async function");
    let simulation = simulation.replace("import.meta.url", "location.href");
    let came: Value = page
        .evaluate(&format!("(async () => {{ {simulation}\n return run({count}, '/assets/app/till.js'); }})()"))
        .await;
    assert_eq!(came["failures"], serde_json::json!([]), "{came}");
    assert!(came["schedules"].as_u64() >= Some(count), "{came}");
    // Each kind of fault was played; a simulation without faults proves nothing.
    let faults = came["faults"].as_object().expect("counts");
    assert!(faults.values().all(|count| count.as_u64() > Some(0)), "{came}");
}
