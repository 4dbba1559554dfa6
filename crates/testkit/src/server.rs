//! A running Warifu in the test's own process: a fresh database, the use cases, and HTTP on a port of its own.
//!
//! The test may look behind the counter (`app`, `journal_count`, `verify`), move the clock, and take the database away;
//! whoever uses the server does so through the people that it hands out.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use warifu_app::{App, Begin, Clock, Database, KeyRing, ManualClock, PrivateAddresses, SystemClock};
use warifu_core::id::{MerchantId, ShopId};
use warifu_core::place::{Book, Channel};
use warifu_web::{Limits, Web};

use crate::actors::{Anonymous, Cashier, Member, Partner};
use crate::database::{Engine, TestDatabase};
use crate::proxy::Proxy;
use crate::seat::Seat;

/// The first digits of every code that a test's server issues.
pub const ISSUER_PREFIX: &str = "90000123";

/// What a server is started with.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerSettings {
    /// As [`Limits::requests_per_second`]: no limit unless a test is about it.
    pub requests_per_second: Option<NonZeroU32>,
    /// Whether the clock runs. Otherwise it stands at the present until the test moves it.
    pub clock_runs: bool,
    /// Whether members come to it through a proxy of the test's, see [`Server::proxy`].
    pub is_behind_proxy: bool,
    /// Whether ATMs have no buttons that play a machine. In a test they do, unless it is about this.
    pub refuses_played_notes: bool,
    /// Whether webhooks may not lead to private addresses. In a test they do, unless it is about this.
    pub refuses_private_addresses: bool,
    /// Whether only the operator begins reviews. In a test whoever comes does, unless it is about this.
    pub reviews_begun_by_operator: bool,
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    web: Web,
    clock: Arc<dyn Clock>,
    hands: Option<Arc<ManualClock>>,
    origin: String,
    metrics_origin: String,
    shops: AtomicU64,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
    proxy: Option<Proxy>,
    // Last: the database goes after all that speaks to it.
    database: Option<TestDatabase>,
}

/// A terminal and its two secrets.
#[derive(Clone, Debug)]
pub struct Till {
    /// Its shop.
    pub shop: ShopId,
    /// Its id.
    pub terminal: String,
    /// Its bearer token.
    pub token: String,
    /// The secret that it signs with.
    pub secret: String,
}

impl Server {
    /// Starts a server on a fresh database, without rate limit, with a clock that stands at the present.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(engine: Engine) -> Self {
        Self::start_on(TestDatabase::new(engine).await).await
    }

    /// As [`Server::start`], on a database that the test made.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_on(database: TestDatabase) -> Self {
        Self::start_with(database, ServerSettings::default()).await
    }

    /// Starts a server.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(database: TestDatabase, settings: ServerSettings) -> Self {
        begin(database.open().await, Some(database), settings).await
    }

    /// Starts a second server on the same database, with a clock of its own. The first one keeps the database.
    ///
    /// # Panics
    /// If it does not start, or the test took the database away.
    pub fn start_beside(&self, settings: ServerSettings) -> BoxFuture<'_, Self> {
        Box::pin(async move { begin(self.database().open().await, None, settings).await })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `http://localhost:PORT`, where members open their wallets.
    #[must_use]
    pub fn page_origin(&self) -> String {
        self.app.origin()
    }

    /// What members come through, where the network can be cut.
    ///
    /// # Panics
    /// If the server was not started behind one.
    #[must_use]
    pub const fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("this server is behind no proxy")
    }

    /// The origin where `/metrics` is.
    #[must_use]
    pub fn metrics_origin(&self) -> &str {
        &self.metrics_origin
    }

    /// The use cases behind the server.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The web server's state.
    #[must_use]
    pub const fn web(&self) -> &Web {
        &self.web
    }

    /// The server's clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The hands of a clock that stands still.
    ///
    /// # Panics
    /// If the clock runs.
    #[must_use]
    pub fn manual_clock(&self) -> &ManualClock {
        self.hands.as_deref().expect("this server's clock runs by itself")
    }

    /// The database.
    ///
    /// # Panics
    /// If the test took it away.
    #[must_use]
    pub const fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("the test took the database away")
    }

    /// Takes the database away while the server runs: PostgreSQL is stopped, the files of SQLite are unlinked.
    pub async fn lose_database(&mut self) {
        let database = self.database.take();
        tokio::task::spawn_blocking(move || drop(database)).await.expect("a database can be dropped");
    }

    /// How many transactions the journal holds, refused ones included.
    ///
    /// # Panics
    /// If the database does not say.
    pub fn journal_count(&self) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            let found = self.database().query_raw("SELECT count(*) FROM journal").await;
            found[0][0].parse().expect("a count is a number")
        })
    }

    /// Checks the invariants of the money.
    ///
    /// # Panics
    /// If one does not hold.
    pub fn verify(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let report = self.app.database().verify(|_| {}).await.expect("the database can be read");
            assert!(report.violations.is_empty(), "{:?}", report.violations);
        })
    }

    /// Ends the server as an operator would: requests under way are answered, commands that wait are committed.
    ///
    /// # Panics
    /// If serving failed.
    pub fn stop(mut self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.web.begin_draining();
            let _ = self.stop.send(true);
            for task in std::mem::take(&mut self.tasks) {
                task.await.expect("serving does not panic").expect("serving ends well");
            }
            self.app.drain().await;
        })
    }

    /// [`Server::stop`], and then a start on the same database, at another port.
    ///
    /// # Panics
    /// If serving failed, or the test took the database away.
    pub fn restart(mut self, settings: ServerSettings) -> BoxFuture<'static, Self> {
        Box::pin(async move {
            let database = self.database.take().expect("the test took the database away");
            self.stop().await;
            begin(database.open().await, Some(database), settings).await
        })
    }

    /// How many of them changed something: were not refused.
    ///
    /// # Panics
    /// If the database does not say.
    pub fn done_count(&self) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            let found = self.database().query_raw("SELECT count(*) FROM journal WHERE refusal IS NULL").await;
            found[0][0].parse().expect("a count is a number")
        })
    }

    /// Adds a merchant.
    ///
    /// # Panics
    /// If it cannot be added.
    pub fn add_merchant(&self) -> BoxFuture<'_, MerchantId> {
        Box::pin(async move {
            let number = self.shops.fetch_add(1, Ordering::Relaxed);
            self.app.add_merchant(&format!("Merchant {number}")).await.expect("a merchant can be added").id
        })
    }

    /// Adds a shop of a new merchant.
    ///
    /// # Panics
    /// If it cannot be added.
    pub fn add_shop(&self) -> BoxFuture<'_, ShopId> {
        Box::pin(async move { self.add_shop_of(self.add_merchant().await).await })
    }

    /// Adds a shop of `merchant`.
    ///
    /// # Panics
    /// If it cannot be added.
    pub fn add_shop_of(&self, merchant: MerchantId) -> BoxFuture<'_, ShopId> {
        Box::pin(async move {
            let number = self.shops.fetch_add(1, Ordering::Relaxed);
            self.app.add_shop(merchant, &format!("Shop {number}")).await.expect("a shop can be added").id
        })
    }

    /// Adds a till to `shop`.
    pub fn add_till(&self, shop: ShopId) -> BoxFuture<'_, Till> {
        self.add_terminal(shop, Channel::Till, Book::Real)
    }

    /// Adds an ATM to `shop`.
    pub fn add_atm(&self, shop: ShopId) -> BoxFuture<'_, Till> {
        self.add_terminal(shop, Channel::Atm, Book::Real)
    }

    /// Adds a till for trials to `shop`.
    pub fn add_sandbox_till(&self, shop: ShopId) -> BoxFuture<'_, Till> {
        self.add_terminal(shop, Channel::Till, Book::Sandbox)
    }

    /// Adds a terminal to `shop`.
    ///
    /// # Panics
    /// If it cannot be added.
    fn add_terminal(&self, shop: ShopId, channel: Channel, book: Book) -> BoxFuture<'_, Till> {
        Box::pin(async move {
            let added = self.app.add_terminal(shop, "Till", channel, book).await.expect("a terminal can be added");
            Till {
                shop,
                terminal: added.terminal.id.to_string(),
                token: added.token.expose_secret().to_owned(),
                secret: added.signing_secret.expose_secret().to_owned(),
            }
        })
    }

    /// What stands behind the `#` of a new link by which a browser becomes this terminal.
    ///
    /// # Panics
    /// If none can be made.
    pub fn terminal_token<'a>(&'a self, terminal: &'a str) -> BoxFuture<'a, String> {
        Box::pin(async move {
            let id = terminal.parse().expect("a terminal's id");
            let made = self.app.make_terminal_link(id).await.expect("a link can be made");
            let (_, token) = made.link.expose_secret().split_once('#').expect("a link has a token");
            token.to_owned()
        })
    }

    /// Adds a member with an empty wallet and returns the phone, as a text.
    ///
    /// # Panics
    /// If none can be added.
    pub fn add_member(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            self.app.add_member().await.expect("a member can be added").handset.text().expose_secret().to_owned()
        })
    }

    /// Somebody without a credential.
    #[must_use]
    pub fn anonymous(&self) -> Anonymous {
        Anonymous::at(&self.origin)
    }

    /// Somebody with a new key, who has no seat in any review yet.
    #[must_use]
    pub fn seat(&self) -> Seat {
        Seat::at(&self.origin)
    }

    /// A cashier at a new till of a new shop, by bearer token.
    pub async fn cashier(&self) -> Cashier {
        self.cashier_at(self.add_shop().await).await
    }

    /// A cashier at a new till of `shop`, by bearer token.
    pub async fn cashier_at(&self, shop: ShopId) -> Cashier {
        Cashier::by_token(&self.origin, &self.add_till(shop).await.token)
    }

    /// Whoever puts notes into a new ATM of a new shop.
    pub async fn atm(&self) -> Cashier {
        Cashier::by_token(&self.origin, &self.add_atm(self.add_shop().await).await.token)
    }

    /// Somebody who tries out a new till for trials, of a new shop.
    pub async fn sandbox_cashier(&self) -> Cashier {
        Cashier::by_token(&self.origin, &self.add_sandbox_till(self.add_shop().await).await.token)
    }

    /// A cashier at a new till of a new shop, which signs its requests.
    pub async fn signing_cashier(&self) -> Cashier {
        let till = self.add_till(self.add_shop().await).await;
        Cashier::by_signature(&self.origin, &till.terminal, &till.secret, self.clock())
    }

    /// A program of the issuer, who sees everything.
    ///
    /// # Panics
    /// If none can be added.
    pub async fn issuers_partner(&self) -> Partner {
        let added = self.app.add_partner(None, "Issuer").await.expect("a partner can be added");
        Partner::by_token(&self.origin, added.token.expose_secret())
    }

    /// A program of the merchant of `shop`.
    ///
    /// # Panics
    /// If none can be added.
    pub async fn partner_at(&self, shop: ShopId) -> Partner {
        let found = self.app.database().read(move |transaction| Box::pin(transaction.find_shop(shop)));
        let merchant = found.await.expect("the database can be read").expect("the shop is there").merchant;
        let added = self.app.add_partner(Some(merchant), "Merchant").await.expect("a partner can be added");
        Partner::by_token(&self.origin, added.token.expose_secret())
    }

    /// A member with an empty wallet.
    pub async fn member(&self) -> Member {
        Member::by_handset_at(&self.origin, &self.add_member().await, self.clock())
    }

    /// A member whose wallet was topped up with `amount` yen, 49,000 at most, at a shop that nobody else uses.
    ///
    /// # Panics
    /// If the top-up is refused.
    pub async fn member_with(&self, amount: i64) -> Member {
        let member = self.member().await;
        let code = member.show_code().await;
        let _ = self.cashier().await.top_up(amount, &code).await.expect(201);
        member
    }

    /// All figures, as whoever watches reads them.
    pub async fn metrics(&self) -> String {
        Anonymous::at(&self.metrics_origin).get("/metrics").await.expect(200).text()
    }
}

// Whatever awaits an `async fn` compiles all that is in it. Boxed here, a server is compiled once and not in every test.

fn begin(opened: Database, database: Option<TestDatabase>, settings: ServerSettings) -> BoxFuture<'static, Server> {
    Box::pin(async move {
        let hands = (!settings.clock_runs).then(|| Arc::new(ManualClock::at(SystemClock.now())));
        let clock: Arc<dyn Clock> = match &hands {
            Some(hands) => Arc::clone(hands) as Arc<dyn Clock>,
            None => Arc::new(SystemClock),
        };
        let zone = TimeZone::get("Asia/Tokyo").expect("Japan has a time zone");
        let prefix = ISSUER_PREFIX.parse().expect("the prefix of a test is one");
        let keys = KeyRing::fixed([7; 32]);
        let app = App::open_with_keys(opened, keys, prefix, &zone, Arc::clone(&clock)).await;
        let addresses =
            if settings.refuses_private_addresses { PrivateAddresses::Refuse } else { PrivateAddresses::Allow };
        let (listener, origin) = listen().await;
        let port = listener.local_addr().expect("a listener has an address").port();
        let proxy = if settings.is_behind_proxy { Some(Proxy::start(port).await) } else { None };
        // Passkeys are for names.
        let page_origin = format!("http://localhost:{}", proxy.as_ref().map_or(port, Proxy::port));
        let app = app.expect("a fresh database opens").with_webhook_addresses(addresses);
        let begin = if settings.reviews_begun_by_operator { Begin::Operator } else { Begin::Anyone };
        let app = app.with_reviews_begun_by(begin);
        let app = Arc::new(app.with_origin(&page_origin).expect("an origin for trials"));
        app.start_webhooks();
        let web = Web::new(Arc::clone(&app), Limits { requests_per_second: settings.requests_per_second });
        let web = if settings.refuses_played_notes { web } else { web.playing_notes() };

        let (stop, stopped) = watch::channel(false);
        let (metrics_listener, metrics_origin) = listen().await;
        let tasks = vec![
            tokio::spawn(warifu_web::serve(listener, warifu_web::router(web.clone()), ended(stopped.clone()))),
            tokio::spawn(warifu_web::serve(metrics_listener, warifu_web::metrics_router(web.clone()), ended(stopped))),
        ];
        let shops = AtomicU64::new(0);
        Server { app, web, clock, hands, origin, metrics_origin, shops, stop, tasks, proxy, database }
    })
}

/// A listener on a free port, and its origin.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, format!("http://{address}"))
}

/// Ready when the server is told to stop, or is dropped.
async fn ended(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
