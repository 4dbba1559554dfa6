//! Hands on a page: a mouse that pulls, fingers on glass, files that the browser is handed.
#![allow(clippy::float_arithmetic, reason = "places on a screen")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chromiumoxide::cdp::browser_protocol::browser::{SetDownloadBehaviorBehavior, SetDownloadBehaviorParams};
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, DispatchTouchEventReturns, MouseButton, TouchPoint,
};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::Serialize;

use super::{PATIENCE, Page};

/// How many moves a pull is made of.
const MOVES: u32 = 8;

/// As `Input.dispatchTouchEvent` is sent. The library leaves an empty list out, without which no finger is ever lifted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Touch {
    r#type: &'static str,
    touch_points: Vec<TouchPoint>,
}

impl Method for Touch {
    fn identifier(&self) -> MethodId {
        "Input.dispatchTouchEvent".into()
    }
}

impl Command for Touch {
    type Response = DispatchTouchEventReturns;
}

/// The places on the way from one to another, the last one included.
fn way((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    (1..=MOVES).map(move |step| {
        let part = f64::from(step) / f64::from(MOVES);
        (x + (to_x - x) * part, y + (to_y - y) * part)
    })
}

impl Page {
    /// Pulls from one place to another with the left button of a mouse, in pixels of the window.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) {
        self.mouse(DispatchMouseEventType::MouseMoved, from, false).await;
        self.mouse(DispatchMouseEventType::MousePressed, from, true).await;
        for place in way(from, to) {
            self.mouse(DispatchMouseEventType::MouseMoved, place, true).await;
        }
        self.mouse(DispatchMouseEventType::MouseReleased, to, false).await;
    }

    async fn mouse(&self, kind: DispatchMouseEventType, (x, y): (f64, f64), is_down: bool) {
        let is_press = kind != DispatchMouseEventType::MouseMoved;
        let mut event = DispatchMouseEventParams::new(kind, x, y);
        event.button = Some(if is_press || is_down { MouseButton::Left } else { MouseButton::None });
        event.buttons = Some(i64::from(is_down));
        event.click_count = Some(i64::from(is_press));
        self.page.execute(event).await.expect("the mouse is moved");
    }

    /// Puts a finger down in one place, pulls it to another and lifts it, in pixels of the window.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn swipe(&self, from: (f64, f64), to: (f64, f64)) {
        self.fingers("touchStart", &[from]).await;
        for place in way(from, to) {
            self.fingers("touchMove", &[place]).await;
        }
        self.fingers("touchEnd", &[]).await;
    }

    /// Puts a finger down and lifts it.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn touch(&self, at: (f64, f64)) {
        self.fingers("touchStart", &[at]).await;
        self.fingers("touchEnd", &[]).await;
    }

    /// Puts two fingers down on both sides of a place, so far apart, and lifts them when they are as far apart as they are to be.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn pinch(&self, (x, y): (f64, f64), apart: f64, to: f64) {
        let both = |apart: f64| [(x - apart / 2.0, y), (x + apart / 2.0, y)];
        self.fingers("touchStart", &both(apart)).await;
        for (apart, _) in way((apart, 0.0), (to, 0.0)) {
            self.fingers("touchMove", &both(apart)).await;
        }
        self.fingers("touchEnd", &[]).await;
    }

    async fn fingers(&self, kind: &'static str, places: &[(f64, f64)]) {
        let points = (0_u32..).zip(places).map(|(number, (x, y))| {
            let mut point = TouchPoint::new(*x, *y);
            point.id = Some(f64::from(number));
            point
        });
        let touch = Touch { r#type: kind, touch_points: points.collect() };
        self.page.execute(touch).await.expect("the glass is touched");
    }

    /// Has the browser put what the page hands it into a folder.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn keep_downloads(&self, folder: &Path) {
        let mut keep = SetDownloadBehaviorParams::new(SetDownloadBehaviorBehavior::Allow);
        keep.browser_context_id = Some(self.visitor.context.clone());
        keep.download_path = Some(folder.display().to_string());
        self.page.execute(keep).await.expect("files are kept");
    }

    /// Waits until a whole file with this ending is in a folder.
    ///
    /// # Panics
    /// If there is none in time.
    pub async fn downloaded(&self, folder: &Path, ending: &str) -> PathBuf {
        let deadline = Instant::now() + PATIENCE;
        let mut there = Vec::new();
        while Instant::now() < deadline {
            there = std::fs::read_dir(folder).expect("the folder is there").flatten().map(|it| it.path()).collect();
            // While it is written it has another name, and an empty file may keep its own for it.
            let is_written = |path: &Path| path.metadata().is_ok_and(|file| file.len() > 0);
            let found = there.iter().find(|path| path.extension().is_some_and(|it| it == ending) && is_written(path));
            if let Some(path) = found {
                return path.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no file that ends in .{ending}; there is {there:?}");
    }
}
