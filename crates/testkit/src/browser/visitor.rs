//! What a visitor does on a page: taps, types, proves who it is by a passkey that Chromium plays, goes offline, is judged.

use std::time::{Duration, Instant};

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchKeyEventType, DispatchMouseEventParams, DispatchMouseEventType, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::network::{CookieParam, GetCookiesParams, SetCookiesParams};
use chromiumoxide::cdp::browser_protocol::web_authn::{
    AddVirtualAuthenticatorParams, AuthenticatorId, AuthenticatorProtocol, AuthenticatorTransport,
    ClearCredentialsParams, EnableParams, GetCredentialsParams, SetUserVerifiedParams, VirtualAuthenticatorOptions,
};
use serde_json::Value;

use super::{PATIENCE, Page};

/// The accessibility checks that pages are judged by (axe-core, Mozilla Public License 2.0).
const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// Finds the middle of an element, whether it is free there, and has the page judge the press and the click that follow: what does not hit it
/// is kept from what does stand there.
const AIM: &str = include_str!("aim.js");

/// A passkey store that Chromium plays, as a phone has one: it makes passkeys, and says that it knows its owner.
#[derive(Clone, Debug)]
pub struct Authenticator(AuthenticatorId);

impl Page {
    /// Gives the page an authenticator like that of a phone.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn add_authenticator(&self) -> Authenticator {
        self.page.execute(EnableParams::default()).await.expect("passkeys are played");
        let options = VirtualAuthenticatorOptions::builder()
            .protocol(AuthenticatorProtocol::Ctap2)
            .transport(AuthenticatorTransport::Internal)
            .has_resident_key(true)
            .has_user_verification(true)
            .is_user_verified(true)
            .automatic_presence_simulation(true)
            .build()
            .expect("the options are whole");
        let added = self.page.execute(AddVirtualAuthenticatorParams::new(options)).await;
        Authenticator(added.expect("an authenticator is added").result.authenticator_id)
    }

    /// Has the authenticator know its owner, or not.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn set_user_verified(&self, authenticator: &Authenticator, is_verified: bool) {
        let set = SetUserVerifiedParams::new(authenticator.0.clone(), is_verified);
        self.page.execute(set).await.expect("the authenticator is told");
    }

    /// How many passkeys the authenticator keeps.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn passkeys(&self, authenticator: &Authenticator) -> usize {
        let found = self.page.execute(GetCredentialsParams::new(authenticator.0.clone())).await;
        found.expect("the authenticator tells").result.credentials.len()
    }

    /// Has the authenticator forget its passkeys.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn forget_passkeys(&self, authenticator: &Authenticator) {
        let clear = ClearCredentialsParams::new(authenticator.0.clone());
        self.page.execute(clear).await.expect("the authenticator forgets");
    }

    /// Taps the element in its middle, as a finger or a mouse does; again if the page moved it, or drew it anew, under the finger.
    ///
    /// # Panics
    /// If it is not there, not visible, not enabled in time, something lies over it, or it could not be hit.
    pub async fn tap(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (x, y) = self.middle_of(selector).await;
            for kind in [DispatchMouseEventType::MousePressed, DispatchMouseEventType::MouseReleased] {
                let mut event = DispatchMouseEventParams::new(kind, x, y);
                event.button = Some(MouseButton::Left);
                event.click_count = Some(1);
                self.page.execute(event).await.expect("the mouse is moved");
            }
            // Where the tap led to another page, there is nobody left to say that it missed.
            if self.try_evaluate::<bool>("window.hasMissed()").await != Ok(true) {
                return;
            }
            assert!(Instant::now() < deadline, "`{selector}` could not be hit");
        }
    }

    /// Where the middle of the element is, once nothing lies over it; from then on the page notes whether the next press and release hit it,
    /// and keeps those that do not from what stands there instead.
    async fn middle_of(&self, selector: &str) -> (f64, f64) {
        self.wait_for_visible(selector).await;
        let quoted = serde_json::to_string(selector).expect("a text is JSON");
        self.wait_until(&format!("[false, undefined].includes(document.querySelector({quoted})?.disabled)")).await;
        let find = format!("({AIM})({quoted})");
        let (x, y, is_free) = self.evaluate::<(f64, f64, bool)>(&find).await;
        assert!(is_free, "something lies over `{selector}`");
        (x, y)
    }

    /// Presses a key of the keyboard, such as `Tab` or `Enter`.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn press(&self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            _ => 0,
        };
        for kind in [DispatchKeyEventType::KeyDown, DispatchKeyEventType::KeyUp] {
            let mut event = DispatchKeyEventParams::new(kind.clone());
            event.key = Some(key.to_owned());
            event.code = Some(if key == " " { "Space".to_owned() } else { key.to_owned() });
            event.windows_virtual_key_code = Some(code);
            if kind == DispatchKeyEventType::KeyDown && matches!(key, "Enter" | " ") {
                event.text = Some(if key == "Enter" { "\r".to_owned() } else { " ".to_owned() });
            }
            self.page.execute(event).await.expect("the key is pressed");
        }
    }

    /// Types a text wherever the cursor stands, key by key, as a scanner does.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn type_keys(&self, text: &str) {
        for letter in text.chars() {
            for kind in [DispatchKeyEventType::KeyDown, DispatchKeyEventType::KeyUp] {
                let mut event = DispatchKeyEventParams::new(kind.clone());
                event.key = Some(letter.to_string());
                event.text = (kind == DispatchKeyEventType::KeyDown).then(|| letter.to_string());
                self.page.execute(event).await.expect("the key is pressed");
            }
        }
    }

    /// Puts a text into a field, as typing does.
    ///
    /// # Panics
    /// If it is not there.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.tap(selector).await;
        let insert = chromiumoxide::cdp::browser_protocol::input::InsertTextParams::new(text);
        self.page.execute(insert).await.expect("the text is typed");
    }

    /// Waits until an element that matches the selector is shown.
    ///
    /// # Panics
    /// If none appears in time.
    pub async fn wait_for_visible(&self, selector: &str) {
        let quoted = serde_json::to_string(selector).expect("a text is JSON");
        self.wait_until(&format!(
            "document.querySelector({quoted})?.checkVisibility({{ visibilityProperty: true }}) === true"
        ))
        .await;
    }

    /// Waits until the page shows a text.
    ///
    /// # Panics
    /// If it does not in time.
    pub async fn wait_for_text(&self, text: &str) {
        let quoted = serde_json::to_string(text).expect("a text is JSON");
        self.wait_until(&format!("document.body.innerText.includes({quoted})")).await;
    }

    /// Waits until a JavaScript expression is true. The page may go to another meanwhile: between two documents it cannot be asked.
    ///
    /// # Panics
    /// If it is not in time, or threw until then; with what the page shows instead.
    pub async fn wait_until(&self, js: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = self.try_evaluate::<bool>(js).await;
            if asked == Ok(true) {
                return;
            }
            if Instant::now() > deadline {
                let (text, errors) = (self.text().await, self.console_errors().await);
                panic!("not so in time: {js}; {asked:?}; errors: {errors:?}; the page shows:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs JavaScript, whatever it is.
    ///
    /// # Panics
    /// If it throws.
    pub async fn run(&self, js: &str) {
        self.evaluate::<Value>(&format!("Promise.resolve({js}).then(() => null)")).await;
    }

    /// Loads the page anew.
    ///
    /// # Panics
    /// If it does not load.
    pub async fn reload(&self) {
        self.page.reload().await.expect("the page loads");
    }

    /// Goes to another page.
    ///
    /// # Panics
    /// If it does not load.
    pub async fn go(&self, url: &str) {
        self.page.goto(url).await.unwrap_or_else(|error| panic!("{url} cannot be opened: {error}"));
    }

    /// Every cookie of the page, those that scripts cannot see included.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn cookies(&self) -> Vec<CookieParam> {
        let found = self.page.execute(GetCookiesParams::default()).await.expect("the cookies are told");
        let cookies = serde_json::to_value(&found.result.cookies).expect("cookies are JSON");
        cookies
            .as_array()
            .expect("a list")
            .iter()
            .map(|cookie| {
                let text = |name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
                let mut param = CookieParam::new(text("name"), text("value"));
                param.url = Some(format!("http://localhost{}", text("path")));
                param.secure = cookie["secure"].as_bool();
                param.http_only = cookie["httpOnly"].as_bool();
                param.path = Some(text("path"));
                param
            })
            .collect()
    }

    /// Puts cookies into the page's browser, as a thief would.
    ///
    /// # Panics
    /// If the browser does not take them.
    pub async fn set_cookies(&self, cookies: Vec<CookieParam>) {
        self.page.execute(SetCookiesParams::new(cookies)).await.expect("the cookies are taken");
    }

    /// What is wrong with the page for people with disabilities, by WCAG 2.2 A and AA: a line for each rule and element.
    ///
    /// # Panics
    /// If the check does not run.
    pub async fn accessibility_faults(&self) -> Vec<String> {
        self.evaluate::<Value>(&format!("{AXE}; null")).await;
        // A colour on its way to another is neither. What goes on and on is not waited for.
        let is_still = "(it) => it.playState !== 'running' || it.effect.getComputedTiming().endTime > 5000";
        self.wait_until(&format!("document.getAnimations().every({is_still})")).await;
        let run = "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })\
            .then((it) => it.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}: ${node.failureSummary.split('\\n').pop()}`)))";
        self.evaluate(run).await
    }
}
