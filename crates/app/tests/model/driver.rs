//! Runs histories against the server: a few at a time on each database, step by step, with everything compared after each.
//!
//! The histories of an era have wallets, terminals and shops of their own, and share the clock and the policy: so the
//! commands of several are decided in one batch. An era follows another on the same database.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use jiff::tz::TimeZone;
use warifu_app::{
    AccountSum, App, Caller, Clock, Course, Database, DatabaseUrl, Fault, KeyRing, ManualClock, Options, Receipt,
    StoreError,
};
use warifu_core::id::WalletId;
use warifu_core::ledger::{Account, Kind, Owner};
use warifu_core::wallet::{Wallet, WalletState};
use warifu_store::Wanted;
use warifu_testkit::{Cluster, Engine, TestDatabase};

use crate::compare::{self, Line};
use crate::history::{History, Step};
use crate::model::types::{Book, Command, Policy, Standing};
use crate::town::{ATM_SHOP, PREFIX, Town, phone, time};

/// Histories of an era. More of them share a commit, but each then leads the clock to its own edges less often.
const ERA: u64 = 16;
/// Histories of a database: making one takes longer than an era.
const DATABASE: u64 = 2 * ERA;
/// Histories of every day.
const HISTORIES: u64 = 500;
/// Databases that one PostgreSQL server is used for: they take room on the disk until it ends.
const DATABASES_MAX: usize = 32;

const PAYMENTS: &[Kind] = &[Kind::Payment, Kind::Authorization];

fn number_from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Runs the histories on one engine, on all cores.
pub(crate) fn run(engine: Engine) {
    let first = number_from_environment("WARIFU_SEED", 0);
    let end = first + number_from_environment("WARIFU_HISTORIES", HISTORIES);
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut place = Place { engine, cluster: None, made: 0 };
                    loop {
                        let seed = next.fetch_add(DATABASE, Ordering::Relaxed);
                        if seed >= end {
                            break;
                        }
                        let (url, _kept) = place.make().await;
                        let mut group = Group::open(url).await;
                        for era in (seed..end.min(seed + DATABASE)).step_by(usize::try_from(ERA).unwrap()) {
                            group.live(era..end.min(era + ERA)).await;
                        }
                        group.end().await;
                    }
                });
            });
        }
    });
}

/// Where databases are made.
struct Place {
    engine: Engine,
    cluster: Option<Cluster>,
    made: usize,
}

impl Place {
    async fn make(&mut self) -> (DatabaseUrl, Option<TestDatabase>) {
        if self.engine == Engine::Sqlite {
            let database = TestDatabase::new(Engine::Sqlite).await;
            return (database.parsed_url(), Some(database));
        }
        if self.made.is_multiple_of(DATABASES_MAX) {
            self.cluster = Some(Cluster::start());
        }
        self.made += 1;
        let cluster = self.cluster.as_ref().expect("just started");
        (cluster.create_database().await.parse().unwrap(), None)
    }
}

/// Histories that share a database.
struct Group {
    url: DatabaseUrl,
    app: App,
    clock: Arc<ManualClock>,
    towns: Vec<Town>,
    versions: BTreeMap<WalletId, i64>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seeds: Vec<u64> = self.towns.iter().map(|town| town.seed).collect();
            let (first, count) = (seeds.first().copied().unwrap_or_default(), seeds.len());
            eprintln!("on {}; run it again with WARIFU_SEED={first} WARIFU_HISTORIES={count}", self.url);
        }
    }
}

impl Group {
    async fn open(url: DatabaseUrl) -> Self {
        let options = Options { sqlite_readers: 1, postgres_connections: 6, ..Options::default() };
        let database = Database::open(&url, options).unwrap();
        database.migrate().await.unwrap();
        let clock = Arc::new(ManualClock::at(time(0)));
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let keys = KeyRing::fixed([7; 32]);
        let app = App::open_with_keys(database, keys, PREFIX.parse().unwrap(), &zone, shared).await.unwrap();
        Self { url, app, clock, towns: vec![], versions: BTreeMap::new() }
    }

    /// Lives an era: its histories from their beginning to their end.
    async fn live(&mut self, seeds: Range<u64>) {
        let mut first = History::new(seeds.start);
        let policy = first.policy();
        let start = first.clock().max(self.latest());
        self.clock.set(time(start));
        let number = self.set_policy(&policy).await;
        let era = self.towns.len()..;
        for seed in seeds {
            let mut history = History::new(seed);
            history.set_clock(start);
            self.towns.push(Town::found(self.app.database(), history, seed, policy.clone(), number - 1).await);
        }
        for round in 0.. {
            let alive = era.clone().take(self.towns.len() - era.start);
            let alive: Vec<usize> = alive.filter(|town| !self.towns[*town].history.over()).collect();
            if alive.is_empty() {
                break;
            }
            self.round(&alive, alive[round % alive.len()]).await;
            self.compare_wallets(era.start).await;
        }
    }

    /// When the last of all transactions was recorded.
    fn latest(&self) -> i64 {
        self.towns.iter().map(|town| town.latest).max().unwrap_or_default()
    }

    /// Compares all that is left when all eras are over.
    async fn end(mut self) {
        self.clock.set(self.clock.now().max(time(self.latest())));
        self.compare_wallets(0).await;
        for town in 0..self.towns.len() {
            for payment in 0..self.towns[town].payments.len() {
                self.compare_course(town, payment).await;
            }
            for (member, _) in self.towns[town].wallets.values() {
                let shown = self.app.balance(*member).await.unwrap();
                let stored = self.app.find_wallet(shown.wallet.id).await.unwrap();
                assert_eq!(shown.wallet, stored.after_lapse(shown.at));
            }
        }
        self.app.drain().await;
        self.compare_books().await;
    }

    async fn set_policy(&mut self, policy: &Policy) -> i64 {
        self.towns.iter_mut().for_each(|town| town.model.set_policy(policy.clone()));
        self.app.set_policy(entries(policy)).await.unwrap().number
    }

    /// One step of each history: settings one after another, then commands all at once.
    async fn round(&mut self, alive: &[usize], leader: usize) {
        let leading = &mut self.towns[leader];
        let clock = leading.history.advance(&leading.model);
        self.clock.set(time(clock));
        let mut commands: Vec<(usize, Step)> = vec![];
        for index in alive.iter().copied() {
            let town = &mut self.towns[index];
            town.history.set_clock(clock);
            let mut step = town.history.next(&town.model);
            while let Command::IssueCode { .. } = step.command {
                self.set(index, &step).await;
                let town = &mut self.towns[index];
                step = town.history.next(&town.model);
            }
            if step.request.is_empty() {
                self.set(index, &step).await;
            } else {
                commands.push((index, step));
            }
        }
        let answers =
            join_all(commands.iter().map(|(town, step)| answer_of(&self.towns[*town], &self.app, step))).await;
        for ((town, step), answer) in commands.iter().zip(answers) {
            self.compare_answer(*town, step, &answer);
        }
    }

    /// Does what has no key, on the server and in the model.
    async fn set(&mut self, index: usize, step: &Step) {
        let clock = self.towns[index].history.clock();
        self.towns[index].log.push(format!("{clock} {:?}", step.command));
        let (app, town) = (&self.app, &mut self.towns[index]);
        match &step.command {
            Command::Sweep => return self.sweep(clock).await,
            Command::SetPolicy { policy } => {
                let number = self.set_policy(policy).await - self.towns[index].policies_before;
                assert_eq!(number, i64::try_from(self.towns[index].model.policy_number).unwrap());
                return;
            }
            Command::IssueCode { code, wallet, use_points } => {
                let shown = app.issue_code(&phone(town.wallets[wallet].0), *use_points).await.unwrap();
                let at = shown.issued_at.unix_micros();
                town.model.issue_code(at, *code, *wallet, *use_points);
                town.codes.insert(*code, shown.code);
                assert_eq!(shown.expires_at.unix_micros(), town.model.codes.last().unwrap().expires_at);
                return;
            }
            Command::SetWallet { wallet, standing } => {
                let state = match standing {
                    Standing::Active => WalletState::Active,
                    Standing::Frozen => WalletState::Frozen,
                    Standing::Closing => WalletState::Closing,
                    Standing::Closed => WalletState::Closed,
                };
                let is_set = match app.set_wallet_state(town.wallets[wallet].1, state).await {
                    Ok(()) => true,
                    Err(Fault::Invalid(_)) => false,
                    Err(other) => panic!("{other}"),
                };
                let expected = town.model.set_wallet(*wallet, *standing);
                if is_set != expected {
                    self.fail(index, &format!("whether it can be set\n  server: {is_set}\n  model:  {expected}"));
                }
                return;
            }
            Command::FreezeTerminal { caller, frozen } => {
                app.freeze_terminal(town.terminals[caller].id, *frozen).await.unwrap();
            }
            Command::FreezeShop { shop, frozen } => app.freeze_shop(town.shops[shop], *frozen).await.unwrap(),
            Command::SetYenPerPoint { shop, yen } => app.set_shop(town.shops[shop], Some(*yen), None).await.unwrap(),
            other => panic!("{other:?} needs a key"),
        }
        town.model.apply(&step.call(clock), &step.command);
    }

    /// Sweeps every wallet of the database, and those of the models at the time at which the server did.
    async fn sweep(&mut self, clock: i64) {
        while self.app.sweep_expired().await.unwrap() > 0 {}
        let wallets = self.wallets(0).await;
        for town in &mut self.towns {
            for (number, (_, id)) in &town.wallets {
                let wallet = &wallets[id];
                let is_swept = self.versions.insert(*id, wallet.version).is_some_and(|before| before != wallet.version);
                let at = if is_swept { wallet.at.unix_micros() } else { clock };
                town.latest = town.latest.max(at);
                town.model.sweep(at, *number);
                town.records.push(None);
            }
        }
    }

    /// The wallets of the towns from this one on, as a batch of commands gathers them: that is one statement for all.
    async fn wallets(&self, from: usize) -> BTreeMap<WalletId, Wallet> {
        let ids = self.towns[from..].iter().flat_map(|town| town.wallets.values().map(|it| it.1));
        let ids: BTreeSet<WalletId> = ids.collect();
        let wanted = Wanted { wallets: ids.clone(), ..Wanted::default() };
        let gather =
            self.app.database().write(move |transaction| Box::pin(async move { transaction.gather(&wanted).await }));
        let loaded = gather.await.unwrap();
        ids.into_iter().map(|id| (id, loaded.wallet(id).expect("a wallet of the town").clone())).collect()
    }

    /// Gives the model what the server was asked, at the time at which it was recorded.
    fn compare_answer(&mut self, index: usize, step: &Step, answer: &Result<Receipt, Fault>) {
        let clock = self.clock.now();
        let town = &mut self.towns[index];
        let at = answer.as_ref().map_or(clock, |receipt| receipt.record.at);
        town.latest = town.latest.max(at.unix_micros());
        let latest = time(town.latest);
        let before = town.model.events.len();
        let expected = town.model.apply(&step.call(at.unix_micros()), &step.command);
        let (times, request) = (format!("{} at {}", clock.unix_micros(), at.unix_micros()), &step.request);
        town.log.push(format!("{times} {request} {:?} -> {expected:?}", step.command));
        let event = (town.model.events.len() > before).then_some(before);
        if event.is_some() {
            town.remember(answer.as_ref().ok().map(|receipt| receipt.record.clone()));
        }
        let town = &self.towns[index];
        let mut compared = compare::answer(town, answer, &expected, event);
        if let (Ok(()), Some(payment)) = (&compared, touched(town, step)) {
            compared = compare::payment(town, payment, town.folded[payment].as_ref(), clock.max(latest));
        }
        compared.unwrap_or_else(|difference| self.fail(index, &difference));
    }

    /// The wallets of the towns from this one on.
    async fn compare_wallets(&mut self, from: usize) {
        let (wallets, now) = (self.wallets(from).await, self.clock.now());
        for (index, town) in self.towns.iter().enumerate().skip(from) {
            for (number, (_, id)) in &town.wallets {
                let wallet = &wallets[id];
                if let Err(difference) = compare::wallet(town, *number, wallet, now.max(wallet.at)) {
                    self.fail(index, &difference);
                }
            }
        }
        self.versions.extend(wallets.into_iter().map(|(id, wallet)| (id, wallet.version)));
    }

    /// Looks a payment up by its id or by the terminal's own id.
    async fn compare_course(&self, index: usize, payment: usize) {
        let town = &self.towns[index];
        let terminal = town.terminal(town.model.payments[payment].caller);
        let course: Option<Course> = if payment.is_multiple_of(2) {
            let caller = Caller::Terminal(terminal.clone());
            self.app.find_transaction(PAYMENTS, &caller, town.payments[payment]).await.unwrap()
        } else {
            self.app.find_by_request(PAYMENTS, terminal, town.request_of_payment(payment)).await.unwrap()
        };
        if let Err(difference) = compare::course(town, payment, course.as_ref()) {
            self.fail(index, &difference);
        }
    }

    /// What the bookkeeper added up of every shop and of the issuer, and `verify`.
    async fn compare_books(&self) {
        let database = Database::open(&self.url, Options::default()).unwrap();
        let sums = database.read(|transaction| Box::pin(async move { transaction.list_sums(None, 10_000).await }));
        let sums: Vec<AccountSum> = sums.await.unwrap();
        let of = |owner: [u8; 16]| {
            let sums = sums.iter().filter(|sum| sum.owner == owner);
            let mut sums: BTreeMap<Line, i64> =
                sums.map(|sum| ((sum.account.text(), sum.unit.text()), sum.debits - sum.credits)).collect();
            sums.retain(|_, sum| *sum != 0);
            sums
        };
        let mut issuer: BTreeMap<Line, i64> = BTreeMap::new();
        for (index, town) in self.towns.iter().enumerate() {
            for (number, id) in &town.shops {
                let mut shop: BTreeMap<Line, i64> = BTreeMap::new();
                for entry in &town.model.entries {
                    if shop_of(entry.book) == Some(*number) {
                        *shop.entry(compare::line(entry.book, entry.unit)).or_default() += entry.amount;
                    }
                }
                shop.retain(|_, sum| *sum != 0);
                if let Err(difference) = compare::books(&of(id.bytes()), &shop) {
                    self.fail(index, &format!("shop {number}: {difference}"));
                }
            }
            for entry in &town.model.entries {
                let line = compare::line(entry.book, entry.unit);
                if Account::parse(line.0).is_some_and(|account| account.owner() == Owner::Issuer) {
                    *issuer.entry(line).or_default() += entry.amount;
                }
            }
        }
        issuer.retain(|_, sum| *sum != 0);
        compare::books(&of([0; 16]), &issuer).unwrap_or_else(|difference| self.fail(0, &difference));
        let report = database.verify(|_| {}).await.unwrap();
        assert_eq!((report.violation_count(), report.violations), (0, vec![]));
        database.close().await;
    }

    fn fail(&self, index: usize, difference: &str) -> ! {
        let town = &self.towns[index];
        let step = town.log.len();
        panic!("history {} differs at step {step}: {difference}\n{}", town.seed, town.log.join("\n"));
    }
}

/// Which payment a step was about.
fn touched(town: &Town, step: &Step) -> Option<usize> {
    match &step.command {
        Command::Pay { .. } => town.model.payment_of(step.caller, &step.request),
        Command::Capture { payment, .. }
        | Command::Void { payment }
        | Command::Refund { payment, .. }
        | Command::CancelPayment { payment } => Some(*payment),
        Command::CancelPaymentByRequest { request } => town.model.payment_of(step.caller, request),
        _ => None,
    }
}

/// Whose cash or sales it is.
const fn shop_of(book: Book) -> Option<u32> {
    match book {
        Book::Payable(shop) | Book::Cash(shop) => Some(shop),
        Book::AtmCash => Some(ATM_SHOP),
        _ => None,
    }
}

/// A policy as the server takes it.
fn entries(policy: &Policy) -> Vec<(String, Option<i64>)> {
    let entries = [
        ("till_top_up_max", policy.till_top_up_max),
        ("atm_top_up_max", policy.atm_top_up_max),
        ("exchange_max", policy.exchange_max),
        ("payment_max", policy.payment_max),
        ("balance_max", policy.balance_max),
        ("wallet_top_up_day", policy.wallet_top_up_day),
        ("wallet_top_up_month", policy.wallet_top_up_month),
        ("wallet_payment_day", policy.wallet_payment_day),
        ("wallet_payment_month", policy.wallet_payment_month),
        ("terminal_top_up_day", policy.terminal_top_up_day),
        ("terminal_payment_day", policy.terminal_payment_day),
        ("hold_days", policy.hold_days),
        ("paid_days", policy.paid_days),
        ("bonus_days", policy.bonus_days),
        ("points_months", policy.points_months),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Asks as a till does: what came of it is unknown while the database gives no answer, as on a machine that has too much to do, so it
/// is asked again.
async fn answer_of(town: &Town, app: &App, step: &Step) -> Result<Receipt, Fault> {
    for _ in 0..100 {
        match town.send(app, step).await {
            Err(Fault::Store(StoreError::Unavailable(_))) => tokio::time::sleep(Duration::from_millis(100)).await,
            answer => return answer,
        }
    }
    town.send(app, step).await
}
