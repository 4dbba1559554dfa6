//! The browser against two small servers: what a page requests, complains of and is told about its visitor.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on panics.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use warifu_testkit::{Browser, Viewport};

const PHONE: Viewport = Viewport { width: 390, height: 844, scale: 2.0, mobile: true };

/// Serves `page` at `/`, the language that the visitor asks for at `/language`, and nothing else. Returns its origin.
async fn serve(page: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let page = page.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(&mut stream).lines();
                let mut head = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await
                    && !line.is_empty()
                {
                    head.push(line);
                }
                let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
                let language = head.iter().find_map(|line| line.strip_prefix("Accept-Language: "));
                let (status, body) = match path {
                    path if path == "/" || path.starts_with("/?") => ("200 OK", page.as_str()),
                    "/language" => ("200 OK", language.unwrap_or_default()),
                    _ => ("404 Not Found", ""),
                };
                let length = body.len();
                let reply = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
                     Connection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(reply.as_bytes()).await;
            });
        }
    });
    origin
}

#[tokio::test]
async fn browser_shows_a_page_as_its_visitor_wants_it() {
    let page = r#"<!doctype html><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
        <p>わりふ</p><script>setTimeout(() => document.body.append(document.createElement("hr")), 200)</script>"#;
    let origin = serve(page.to_owned()).await;
    let browser = Browser::start().await;
    for (language, dark) in [("ja", true), ("en", false)] {
        let page = browser.open(&origin, PHONE, language, dark).await;
        assert_eq!(page.text().await, "わりふ");
        page.wait_for("hr").await;
        assert_eq!(page.evaluate::<String>("navigator.language").await, language);
        assert_eq!(page.evaluate::<String>("Intl.NumberFormat().resolvedOptions().locale").await, language);
        assert_eq!(page.evaluate::<String>("fetch('/language').then(reply => reply.text())").await, language);
        assert_eq!(page.evaluate::<bool>("matchMedia('(prefers-color-scheme: dark)').matches").await, dark);
        assert_eq!(
            page.evaluate::<(u32, u32, u32)>("[innerWidth, innerHeight, devicePixelRatio]").await,
            (390, 844, 2)
        );
        assert_eq!(page.evaluate::<Option<String>>("localStorage.getItem('seen')").await, None);
        page.evaluate::<()>("localStorage.setItem('seen', 'yes')").await;
        assert_eq!(page.requests().await, [format!("{origin}/"), format!("{origin}/language")]);
        assert_eq!(page.console_errors().await, [""; 0]);
        let folder = tempfile::tempdir().unwrap();
        page.screenshot(folder.path().join("page.png")).await;
        let png = std::fs::read(folder.path().join("page.png")).unwrap();
        assert!(png.starts_with(b"\x89PNG"));
    }
}

#[tokio::test]
async fn browser_tells_what_a_page_requests_elsewhere_and_complains_of() {
    let elsewhere = serve(String::new()).await;
    let page = format!(
        r#"<!doctype html><link rel="icon" href="data:,"><img src="{elsewhere}/spy.gif">
        <script>console.log("fine"); console.error("so", 1); throw new Error("thrown")</script>"#
    );
    let origin = serve(page).await;
    let browser = Browser::start().await;
    let page = browser.open(&origin, PHONE, "ja", false).await;
    assert_eq!(page.requests().await, [format!("{origin}/"), format!("{elsewhere}/spy.gif")]);
    let errors = page.console_errors().await.join("\n");
    for part in ["so 1", "Error: thrown", "404"] {
        assert!(errors.contains(part), "{part} in {errors}");
    }
    assert!(!errors.contains("fine"), "{errors}");

    let later = format!("fetch('{elsewhere}/later', {{ mode: 'no-cors' }}).then(() => null)");
    page.evaluate::<()>(&later).await;
    page.evaluate::<()>(&format!("void new WebSocket('{}/socket')", elsewhere.replace("http", "ws"))).await;
    let requests = page.requests().await;
    assert!(requests.contains(&format!("{elsewhere}/later")), "{requests:?}");
    assert!(requests.iter().any(|url| url.starts_with("ws:") && url.ends_with("/socket")), "{requests:?}");
}

/// What a hand did, as the page heard it.
const HEARD: &str = r#"<!doctype html><link rel="icon" href="data:,"><style>body { margin: 0; height: 400px; touch-action: none }</style><p>x</p>
    <a download="a.txt" href="data:text/plain,kept">file</a><script>window.heard = [];
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) addEventListener(name, (it) =>
        heard.push(`${it.pointerType} ${name.slice(7)} ${Math.round(it.clientX)},${Math.round(it.clientY)} ${it.buttons}`));</script>"#;

#[tokio::test]
async fn a_mouse_pulls_and_fingers_touch() {
    let origin = serve(HEARD.to_owned()).await;
    let browser = Browser::start().await;
    let page = browser.open(&origin, PHONE, "en", false).await;
    page.drag((10.0, 20.0), (90.0, 100.0)).await;
    let heard: Vec<String> = page.evaluate("heard.splice(0)").await;
    assert_eq!(heard.first().map(String::as_str), Some("mouse move 10,20 0"));
    assert_eq!(heard.get(1).map(String::as_str), Some("mouse down 10,20 1"));
    assert!(heard.contains(&"mouse move 50,60 1".to_owned()), "{heard:?}");
    assert_eq!(heard.last().map(String::as_str), Some("mouse up 90,100 0"));

    page.swipe((10.0, 20.0), (90.0, 100.0)).await;
    page.wait_until("heard.some((it) => it.startsWith('touch up'))").await;
    let heard: Vec<String> = page.evaluate("heard.splice(0)").await;
    assert_eq!(heard.first().map(String::as_str), Some("touch down 10,20 1"));
    assert!(heard.contains(&"touch move 50,60 1".to_owned()), "{heard:?}");
    assert_eq!(heard.last().map(String::as_str), Some("touch up 90,100 0"));

    page.pinch((100.0, 100.0), 40.0, 120.0).await;
    page.wait_until("heard.filter((it) => it.startsWith('touch up')).length === 2").await;
    let downs: usize = page.evaluate("heard.splice(0).filter((it) => it.startsWith('touch down')).length").await;
    assert_eq!(downs, 2);
}

#[tokio::test]
async fn a_file_that_is_handed_over_is_kept() {
    let origin = serve(HEARD.to_owned()).await;
    let browser = Browser::start().await;
    let page = browser.open(&origin, PHONE, "en", false).await;
    let folder = tempfile::tempdir().unwrap();
    page.keep_downloads(folder.path()).await;
    page.tap("a").await;
    let path = page.downloaded(folder.path(), "txt").await;
    assert_eq!(std::fs::read_to_string(path).unwrap(), "kept");
}

#[tokio::test]
async fn waiting_outlives_the_way_to_another_page() {
    let origin = serve(HEARD.to_owned()).await;
    let browser = Browser::start().await;
    let page = browser.open(&origin, PHONE, "en", false).await;
    for number in 0..5 {
        page.run(&format!("setTimeout(() => location.assign('/?{number}'), {})", number * 10)).await;
        page.wait_until(&format!("location.search === '?{number}'")).await;
    }
}
