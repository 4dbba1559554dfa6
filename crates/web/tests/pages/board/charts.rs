//! Charts of the group's own: brought as a file, refused with the line that is wrong, and brought again as the next version; reviews keep to
//! theirs, and several are compared.

use serde_json::json;
use std::fmt::Write as _;
use warifu_testkit::{Browser, Page};

use crate::board::room::{conjecture, link, place, quoted, ready, seated, shows};
use crate::board::{judge, judge_refused};
use crate::visit::{DESK, PHONE, TABLET, serve};

/// The text of a chart of one group with these causes.
pub(crate) fn chart(key: &str, version: u32, causes: &[(&str, &str)]) -> String {
    let mut text = format!("key = \"{key}\"\nversion = {version}\nja = \"わが社の図\"\nen = \"Our chart\"\n\n");
    text.push_str(
        "[[regions]]\nkey = \"all\"\n\n[[regions.groups]]\nkey = \"group\"\nja = \"群\"\nen = \"Group\"\ncauses = [\n",
    );
    for (cause, name) in causes {
        writeln!(text, "  {{ key = \"{cause}\", ja = \"{name}\", en = \"{name}\" }},").unwrap();
    }
    text + "]\n"
}

/// Puts a file into the page's field.
async fn choose(page: &Page, text: &str) {
    let js = format!(
        "(() => {{ const list = new DataTransfer(); list.items.add(new File([{}], 'ours.toml', {{ type: 'text/plain' }})); \
         const field = document.getElementById('chart-file'); field.files = list.files; field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        quoted(text)
    );
    page.run(&js).await;
    shows(page, "#chart-told", "ours.toml").await;
}

async fn save(page: &Page, end: &str) {
    page.tap("#chart-save").await;
    page.wait_until(&format!("document.getElementById('chart-told').dataset.kind === '{end}'")).await;
}

/// A chart comes in as a file; what is no chart is refused with its line, at which the cursor then stands, and nothing is kept of it; a
/// change becomes the next version, also when somebody else was quicker with that number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chart_of_ones_own_comes_in_version_by_version() {
    let (browser, server) = (Browser::start().await, serve().await);
    let page = browser.open(&format!("{}/charts", server.page_origin()), DESK, "en", false).await;
    ready(&page).await;
    judge(&page, "charts-desk-en").await;
    let listed = "document.querySelectorAll('#charts [data-chart]').length";
    assert_eq!(page.evaluate::<usize>(listed).await, 2);
    let wrong = chart("ours", 1, &[("one", "First"), ("one", "Second")]);
    choose(&page, &wrong).await;
    save(&page, "bad").await;
    let line = 1 + wrong.lines().position(|it| it.contains("Second")).unwrap();
    shows(&page, "#chart-told", &format!("Line {line} ")).await;
    let at: String = page
        .evaluate("(() => { const it = document.getElementById('chart-toml'); return it.value.slice(it.selectionStart, it.selectionEnd); })()")
        .await;
    assert_eq!(at.trim(), wrong.lines().nth(line - 1).unwrap().trim());
    judge_refused(&page, "charts-wrong-line-desk-en", &[400]).await;
    assert_eq!(page.evaluate::<usize>(listed).await, 2);

    choose(&page, &chart("ours", 1, &[("one", "First"), ("two", "Second")])).await;
    save(&page, "good").await;
    page.wait_until("document.querySelector(\"[data-chart='ours/1']\")?.getAttribute('aria-current') === 'page'").await;
    shows(&page, "#chart-list", "Second").await;
    choose(&page, &chart("ours", 1, &[("one", "First"), ("two", "Second"), ("three", "Third")])).await;
    assert!(page.evaluate::<String>("document.getElementById('chart-toml').value").await.contains("version = 2"));
    // Somebody else brings a second version first.
    let _ =
        server.seat().post("/v1/charts", &json!({ "toml": chart("ours", 2, &[("one", "Quicker")]) })).await.expect(201);
    save(&page, "good").await;
    page.wait_until("document.querySelector(\"[data-chart='ours/3']\")?.getAttribute('aria-current') === 'page'").await;
    shows(&page, "#chart-list", "Third").await;
    judge_refused(&page, "charts-saved-desk-en", &[400, 409]).await;
    page.tap("[data-chart='ours/2']").await;
    shows(&page, "#chart-list", "Quicker").await;
    let other = browser.open(&format!("{}/charts#ours/3", server.page_origin()), PHONE, "ja", true).await;
    ready(&other).await;
    shows(&other, "#chart-list", "Third").await;
    judge(&other, "charts-phone-ja-dark").await;
}

/// A review that began with the first version shows it for ever; one that begins later has the newest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_keeps_the_chart_with_which_it_began() {
    let (browser, server) = (Browser::start().await, serve().await);
    let any = server.seat();
    let bring = async |version, causes: &[(&str, &str)]| {
        let _ = any.post("/v1/charts", &json!({ "toml": chart("ours", version, causes) })).await.expect(201);
    };
    bring(1, &[("one", "First"), ("two", "Second")]).await;
    let page = browser.open(&format!("{}/reviews", server.page_origin()), PHONE, "en", false).await;
    let begin_on = async |name: &str| {
        page.wait_for_visible("#begin-name").await;
        page.run("document.getElementById('begin-chart').value = 'ours'").await;
        page.fill("#begin-name", name).await;
        page.tap("#begin-send").await;
        seated(&page).await;
        place(&page, "extract").await;
    };
    begin_on("Before").await;
    let old: String = page.evaluate("location.pathname").await;
    bring(2, &[("one", "First"), ("three", "Third")]).await;
    page.reload().await;
    seated(&page).await;
    place(&page, "extract").await;
    let causes = "[...document.querySelectorAll('#chart .mandala-list .cause')].map((it) => it.dataset.key).join(' ')";
    assert_eq!(page.evaluate::<String>(causes).await, "one two");
    page.go(&format!("{}/reviews", server.page_origin())).await;
    begin_on("After").await;
    assert_eq!(page.evaluate::<String>(causes).await, "one three");
    page.go(&format!("{}{old}", server.page_origin())).await;
    seated(&page).await;
    place(&page, "extract").await;
    assert_eq!(page.evaluate::<String>(causes).await, "one two");
}

/// Two finished cases beside each other: how many voices each cause had in which, by review and by year, and both together on the
/// picture; one that is not wanted is left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_of_one_chart_are_compared() {
    let (browser, server) = (Browser::start().await, serve().await);
    let page = browser.open(&format!("{}/reviews/compare", server.page_origin()), TABLET, "en", false).await;
    ready(&page).await;
    page.wait_for_visible("#compare-empty").await;
    judge(&page, "compare-empty-tablet-en").await;
    for (name, year) in [("The first delay", "2017-10-01"), ("The second delay", "2019")] {
        let (lead, seats) = crate::board::room::collected(&server, name).await;
        let _ = seats[0].write("case/date", 0, &conjecture(year)).await.expect(200);
        page.go("about:blank").await;
        page.go(&link(&server, &lead.invite("reader", 1).await)).await;
        page.tap("#take-seat").await;
        seated(&page).await;
    }
    page.go(&format!("{}/reviews/compare", server.page_origin())).await;
    ready(&page).await;
    let row = "[...document.querySelectorAll('#compare-table tr[data-cause=hand-over] td')].map((it) => it.innerText.trim()).join(' ')";
    page.wait_until(&format!("{row} === '6 3 3'")).await;
    shows(&page, "#compare-table thead", "The first delay").await;
    page.wait_until("document.querySelector('#chart .cause[data-key=hand-over] .count').textContent === '6'").await;
    judge(&page, "compare-tablet-en").await;
    page.tap("#compare-by label:has(input[value=year])").await;
    shows(&page, "#compare-table thead", "2017").await;
    page.wait_until(&format!("{row} === '6 3 3'")).await;
    page.tap("#compare-reviews label:nth-of-type(1)").await;
    page.wait_until(&format!("{row} === '3 3'")).await;
    page.wait_until("document.querySelector('#chart .cause[data-key=hand-over] .count').textContent === '3'").await;
    let desk = browser.open_beside(&page, &format!("{}/reviews/compare", server.page_origin())).await;
    ready(&desk).await;
    desk.wait_until(&format!("{row} === '6 3 3'")).await;
}

/// Whoever comes to a finished case goes round the mandala alone first, sees nothing of the group's until they ask, and then both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_case_is_practised_and_compared() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (lead, _) = crate::board::full::full(&server, "Late by a year").await;
    let _ = lead.progress("complete", 3).await.expect(200);
    for (screen, language, name) in [(PHONE, "ja", "phone-ja"), (DESK, "en", "desk-en")] {
        let page = crate::board::room::join(&browser, &server, &lead, "reader", (screen, language, false)).await;
        let address: String = page.evaluate("location.pathname").await;
        page.go(&format!("{}{address}?practise", server.page_origin())).await;
        seated(&page).await;
        shows(&page, "#practise-case", "夜間処理が3日止まった").await;
        for cause in ["hand-over", "different-culture"] {
            page.tap(&format!("#chart .mandala-list .cause[data-key='{cause}']")).await;
        }
        shows(&page, "#practise-count", "2").await;
        judge(&page, &format!("practise-{name}")).await;
        page.reload().await;
        seated(&page).await;
        shows(&page, "#practise-count", "2").await;
        let asked: usize = page
            .evaluate(
                "performance.getEntriesByType('resource').filter((it) => it.name.includes('/v1/review/table')).length",
            )
            .await;
        assert_eq!(asked, 0, "nothing of the group's is asked for yet");
        page.tap("#practise-compare").await;
        let found =
            "['both', 'you', 'group'].map((it) => document.querySelectorAll(`#compare-${it} li`).length).join(' ')";
        page.wait_until(&format!("{found} === '1 1 1'")).await;
        judge(&page, &format!("practise-compared-{name}")).await;
        page.tap("#practise-again").await;
        shows(&page, "#practise-count", "0").await;
    }
    assert_eq!(lead.review().await["people"]["readers"], 2);
}
