//! How should a ledger lay out a captured payment: one table per notion
//! ("spread"), or one journal row that carries everything ("compact")?
//!
//! ```text
//! layout sqlite DIR          [--quick] [--seconds N] [--wallets N] [--part main|indexes|aged]
//! layout postgres URL [DIR]  [--quick] [--seconds N] [--wallets N]
//! ```
//!
//! DIR must be on the disk that is to be measured; SQLite files and the
//! raw-append yardstick are made there (and removed again). PostgreSQL gets a
//! schema per layout (`layout_a`, ...), which is dropped and made anew.
//!
//! Both layouts make the same decisions from the same inputs, and every
//! database is checked afterwards (as many payments, consumed codes and wallet
//! versions as were counted), so neither can win by leaving work out.
//! Every configuration is run once per round and the rounds are interleaved:
//! a noisy minute then hurts all configurations and not just one. The tables
//! show the median round.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio_postgres::{Client, NoTls};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

const TERMINALS: u64 = 2_000;
const SHOPS: u64 = 500;
const START_MS: i64 = 1_790_000_000_000;
const HOUR_MS: i64 = 3_600_000;
/// Simulated time between payments. It only decides how many rolling buckets
/// come into being: at 50 ms a wallet nearly always opens a new hourly bucket,
/// as real wallets (a few payments a day) do.
const STEP_MS: i64 = 50;
/// Codes are short-lived, so a code bucket stands for a window of issue time.
const CODES_PER_BUCKET: u64 = 65_536;
const WINDOW_HOURS: i64 = 24;
const LIMIT: i64 = 1 << 50;

// ---------------------------------------------------------------- workload

/// splitmix64: everything about payment `n` follows from `n`, so both layouts
/// and both engines see the same payments without storing a script.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bytes<const N: usize>(n: u64, salt: u64) -> [u8; N] {
    let mut out = [0; N];
    for (i, part) in out.chunks_mut(8).enumerate() {
        let word = mix(mix(n) ^ salt ^ ((i as u64) << 56)).to_be_bytes();
        part.copy_from_slice(&word[..part.len()]);
    }
    out
}

struct Payment {
    position: i64,
    id: [u8; 16],
    at: i64,
    bucket: i16,
    mac: [u8; 32],
    terminal: i64,
    terminal_id: [u8; 16],
    request_id: String,
    body_hash: [u8; 32],
    shop: i64,
    amount: i64,
    bonus: i64,
}

fn code_key(n: u64) -> (i16, [u8; 32]) {
    ((n / CODES_PER_BUCKET) as i16, bytes(n, 1))
}

fn code_wallet(n: u64, wallets: u64) -> i64 {
    (mix(n ^ 0xabcd) % wallets) as i64
}

/// Payment `n`, as taken in by batcher `stream` of `streams`. Terminals belong
/// to one batcher each, so that two batchers do not queue for a terminal's row.
fn payment(n: u64, stream: u64, streams: u64) -> Payment {
    let at = START_MS + n as i64 * STEP_MS;
    let (bucket, mac) = code_key(n);
    let terminal = mix(n ^ 0x7e57) % (TERMINALS / streams) * streams + stream;
    // A uuidv7: time first, so the unique index over it grows at its right edge.
    let mut id: [u8; 16] = bytes(n, 2);
    id[..6].copy_from_slice(&at.to_be_bytes()[2..]);
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    id[15] &= 0xf0; // the low bits number the transfers of the spread layout
    let amount = 100 + (mix(n ^ 3) % 3_000) as i64;
    Payment {
        position: ((stream as i64) << 48) | n as i64,
        id,
        at,
        bucket,
        mac,
        terminal: terminal as i64,
        terminal_id: bytes(terminal, 4),
        request_id: format!("{:020}", mix(n ^ 5)),
        body_hash: bytes(n, 6),
        shop: (terminal % SHOPS) as i64,
        amount,
        bonus: if n.is_multiple_of(2) { amount / 10 } else { 0 },
    }
}

// ---------------------------------------------------------------- decision

#[derive(Clone)]
struct Lot {
    id: i64,
    kind: u8,
    expires: u32,
    left: i64,
}

/// Hour -> amount. Only the rolling window is kept.
type Spent = Vec<(u32, i64)>;

#[derive(Default)]
struct Wallet {
    paid: i64,
    bonus: i64,
    points: i64,
    version: i64,
    lots: Vec<Lot>,
    spent: Spent,
}

/// One side-to-side movement; `balance` is the wallet's balance after it.
struct Leg {
    kind: u8, // 0 paid -> shop, 1 bonus -> shop, 2 points earned
    amount: i64,
    balance: i64,
}

struct Outcome {
    legs: Vec<Leg>,
    version: i64,
    drawn: Vec<(i64, i64)>, // lot id, amount left
}

fn spend(spent: &mut Spent, at: i64, amount: i64) -> Result<()> {
    let hour = (at / HOUR_MS) as u32;
    spent.retain(|(h, _)| *h as i64 > hour as i64 - WINDOW_HOURS);
    if spent.iter().map(|(_, a)| a).sum::<i64>() + amount > LIMIT {
        return Err("over the limit".into());
    }
    match spent.iter_mut().find(|(h, _)| *h == hour) {
        Some((_, a)) => *a += amount,
        None => spent.push((hour, amount)),
    }
    Ok(())
}

fn draw(lots: &mut [Lot], kind: u8, mut amount: i64, drawn: &mut Vec<(i64, i64)>) -> Result<()> {
    for lot in lots.iter_mut().filter(|l| l.kind == kind && l.left > 0) {
        let take = amount.min(lot.left);
        lot.left -= take;
        amount -= take;
        drawn.push((lot.id, lot.left));
        if amount == 0 {
            return Ok(());
        }
    }
    Err("not enough in the lots".into())
}

fn decide(w: &mut Wallet, terminal: &mut Spent, p: &Payment) -> Result<Outcome> {
    spend(&mut w.spent, p.at, p.amount)?;
    spend(terminal, p.at, p.amount)?;
    let mut drawn = Vec::with_capacity(2);
    let mut legs = Vec::with_capacity(3);
    let paid = p.amount - p.bonus;
    draw(&mut w.lots, 0, paid, &mut drawn)?;
    w.paid -= paid;
    legs.push(Leg {
        kind: 0,
        amount: paid,
        balance: w.paid,
    });
    if p.bonus > 0 {
        draw(&mut w.lots, 1, p.bonus, &mut drawn)?;
        w.bonus -= p.bonus;
        legs.push(Leg {
            kind: 1,
            amount: p.bonus,
            balance: w.bonus,
        });
    }
    let earned = p.amount / 100;
    w.points += earned;
    legs.push(Leg {
        kind: 2,
        amount: earned,
        balance: w.points,
    });
    w.version += 1;
    Ok(Outcome {
        legs,
        version: w.version,
        drawn,
    })
}

// ---------------------------------------------------------------- encodings

fn lots_blob(lots: &[Lot]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lots.len() * 14);
    for l in lots {
        out.extend([l.id as u8, l.kind]);
        out.extend(l.expires.to_be_bytes());
        out.extend(l.left.to_be_bytes());
    }
    out
}

fn lots_from(blob: &[u8]) -> Vec<Lot> {
    blob.chunks_exact(14)
        .map(|c| Lot {
            id: c[0].into(),
            kind: c[1],
            expires: u32::from_be_bytes(c[2..6].try_into().unwrap()),
            left: i64::from_be_bytes(c[6..14].try_into().unwrap()),
        })
        .collect()
}

/// Always eight slots or more (96 bytes): a row that keeps its length is
/// rewritten in place and does not split its page.
fn spent_blob(spent: &Spent) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    for (hour, amount) in spent {
        out.extend(hour.to_be_bytes());
        out.extend(amount.to_be_bytes());
    }
    if out.len() < 96 {
        out.resize(96, 0);
    }
    out
}

fn spent_from(blob: &[u8]) -> Spent {
    blob.chunks_exact(12)
        .map(|c| {
            let hour = u32::from_be_bytes(c[..4].try_into().unwrap());
            (hour, i64::from_be_bytes(c[4..12].try_into().unwrap()))
        })
        .filter(|(hour, _)| *hour != 0)
        .collect()
}

fn hex(b: &[u8]) -> String {
    b.iter().map(|x| format!("{x:02x}")).collect()
}

/// The reply as sent (about 400 bytes); only the spread layout stores it.
fn reply_json(p: &Payment, wallet: i64, o: &Outcome) -> String {
    let points = o.legs.last().map_or(0, |l| l.balance);
    format!(
        r#"{{"id":"{}","status":"captured","created_at":{},"terminal_id":"{}","request_id":"{}","shop":{{"id":"shop-{:06}","name":"Example Shop No. {}"}},"amount":{{"total":{},"paid":{},"bonus":{},"currency":"JPY"}},"points":{{"earned":{},"balance":{}}},"wallet":{{"masked":"****{:04}","version":{}}},"message":"Thank you for your purchase","receipt":"R-{:012}"}}"#,
        hex(&p.id),
        p.at,
        hex(&p.terminal_id),
        p.request_id,
        p.shop,
        p.shop,
        p.amount,
        p.amount - p.bonus,
        p.bonus,
        p.amount / 100,
        points,
        wallet % 10_000,
        o.version,
        p.position
    )
}

/// What the reply needs and no column of the journal holds.
fn detail_json(p: &Payment, wallet: i64) -> String {
    format!(
        r#"{{"s":"Example Shop No. {}","m":"****{:04}","r":"R-{:012}","t":"Thank you for your purchase","c":"JPY"}}"#,
        p.shop,
        wallet % 10_000,
        p.position
    )
}

fn legs_json(o: &Outcome) -> String {
    let legs: Vec<_> = o
        .legs
        .iter()
        .map(|l| format!(r#"["{}",{},{}]"#, l.kind, l.amount, l.balance))
        .collect();
    format!("[{}]", legs.join(","))
}

fn event_json(p: &Payment, wallet: i64) -> String {
    format!(
        r#"{{"type":"payment.captured","id":"{}","wallet":{},"shop":{},"terminal":"{}","amount":{},"bonus":{},"at":{}}}"#,
        hex(&p.id),
        wallet,
        p.shop,
        hex(&p.terminal_id),
        p.amount,
        p.bonus,
        p.at
    )
}

/// The spread layout's transfers, each with its debit and credit entry.
struct Transfer {
    id: [u8; 16],
    kind: i16,
    amount: i64,
    /// account, signed amount, (balance after, version) on the wallet's side
    entries: [(i64, i64, Option<i64>, Option<i64>); 2],
}

fn transfers(p: &Payment, wallet: i64, o: &Outcome) -> Vec<Transfer> {
    o.legs
        .iter()
        .enumerate()
        .map(|(n, l)| {
            let mut id = p.id;
            id[15] |= n as u8;
            let sign = if l.kind == 2 { 1 } else { -1 };
            let ours = wallet * 4 + i64::from(l.kind);
            let theirs = if l.kind == 2 { -1 } else { -10 - p.shop };
            Transfer {
                id,
                kind: l.kind.into(),
                amount: l.amount,
                entries: [
                    (ours, sign * l.amount, Some(l.balance), Some(o.version)),
                    (theirs, -sign * l.amount, None, None),
                ],
            }
        })
        .collect()
}

fn new_wallet(n: i64) -> Wallet {
    let expires = 1_900_000_000 + n as u32 % 1000;
    let lot = |id, kind, left| Lot {
        id,
        kind,
        expires,
        left,
    };
    Wallet {
        paid: 40_000_000,
        bonus: 10_000_000,
        lots: vec![
            lot(0, 0, 20_000_000),
            lot(1, 0, 20_000_000),
            lot(2, 1, 10_000_000),
        ],
        ..Wallet::default()
    }
}

/// What a payment comes to when nothing but its facts are appended: the fields
/// of the compact layout, without any page, index or record overhead.
fn logical_bytes() -> u64 {
    let mut w = new_wallet(1);
    let p = payment(2, 0, 1);
    let o = decide(&mut w, &mut Spent::new(), &p).unwrap();
    let journal = 8 * 6 + 16 + 16 + 20 + 32 + 32 + legs_json(&o).len() + detail_json(&p, 1).len();
    let wallet = 8 * 5 + lots_blob(&w.lots).len() + spent_blob(&w.spent).len();
    (journal + wallet + 16 + 20 + 32 + 8 + 2 + 32 + 8) as u64
}

// ---------------------------------------------------------------- options

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layout {
    Spread,
    Compact,
    /// Compact, with the request lookup as a unique index of the journal.
    CompactIndex,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Layout::Spread => "A spread",
            Layout::Compact => "B compact",
            Layout::CompactIndex => "B2 compact, no requests table",
        }
    }
    fn schema(self) -> &'static str {
        match self {
            Layout::Spread => "layout_a",
            Layout::Compact => "layout_b",
            Layout::CompactIndex => "layout_b2",
        }
    }
}

struct Options {
    seconds: f64,
    rounds: usize,
    wallets: u64,
    /// SQLite only: one part of the run instead of all.
    part: Option<String>,
    aged_rows: u64,
}

fn median(values: &[f64]) -> f64 {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
}

/// (bytes handed to write calls, bytes that went to storage) of this process.
fn io_bytes() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .find_map(|l| l.strip_prefix(name))
            .and_then(|v| v.trim().parse().ok())
            .unwrap_or(0)
    };
    (field("wchar:"), field("write_bytes:"))
}

/// Appends `size` bytes and waits for the disk, over and over: no database can
/// commit more often than this. Returns appends a second.
fn raw_append(dir: &Path, size: usize, seconds: f64) -> Result<f64> {
    let path = dir.join("yardstick.raw");
    let mut file = File::create(&path)?;
    let data = vec![0x5a; size];
    let start = Instant::now();
    let mut appends = 0u64;
    while start.elapsed().as_secs_f64() < seconds {
        file.write_all(&data)?;
        file.sync_data()?;
        appends += 1;
    }
    let rate = appends as f64 / start.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(rate)
}

// ---------------------------------------------------------------- SQLite

const SQLITE_COMMON: &str = "
    create table codes(bucket integer not null, mac blob not null, wallet_id integer not null,
        expires_at integer not null, consumed_by integer, primary key(bucket, mac)) without rowid;";

const SQLITE_SPREAD: &str = "
    create table requests(terminal_id blob not null, request_id text not null, body_hash blob not null,
        position integer not null, primary key(terminal_id, request_id)) without rowid;
    create table wallets(id integer primary key, paid integer not null, bonus integer not null,
        points integer not null, version integer not null);
    create table lots(wallet_id integer not null, id integer not null, kind integer not null,
        expires_at integer not null, remaining integer not null, primary key(wallet_id, id)) without rowid;
    create table limit_buckets(kind integer not null, owner integer not null, slot integer not null,
        amount integer not null, primary key(kind, owner, slot)) without rowid;
    create table transfers(id blob primary key, kind integer not null, at integer not null,
        amount integer not null, debit integer not null, credit integer not null) without rowid;
    create table entries(transfer_id blob not null, side integer not null, account integer not null,
        amount integer not null, balance_after integer, version integer,
        primary key(transfer_id, side)) without rowid;
    create unique index entries_version on entries(account, version) where version is not null;
    create table outbox(position integer primary key, event text not null);
    create table replies(position integer primary key, body text not null);";

const SQLITE_COMPACT: &str = "
    create table wallets(id integer primary key, paid integer not null, bonus integer not null,
        points integer not null, version integer not null, lots blob not null, limits blob not null);
    create table terminals(id integer primary key, limits blob not null);
    create table journal(position integer primary key, id blob not null, kind integer not null,
        at integer not null, wallet_id integer not null, wallet_version integer not null,
        shop_id integer not null, terminal_id blob not null, request_id text not null,
        body_hash blob not null, code_mac blob not null, amount integer not null,
        legs text not null, detail text not null);
    create unique index journal_id on journal(id);
    create unique index journal_wallet on journal(wallet_id, wallet_version);";

const SQLITE_REQUESTS: &str = "
    create table requests(terminal_id blob not null, request_id text not null, body_hash blob not null,
        position integer not null, primary key(terminal_id, request_id)) without rowid;";

const SQLITE_REQUEST_INDEX: &str =
    "create unique index journal_request on journal(terminal_id, request_id);";

struct Sqlite {
    layout: Layout,
    label: String,
    page: u32,
    conn: Connection,
    wallets: u64,
    issued: u64,
    used: u64,
    path: PathBuf,
}

struct SqliteRun {
    per_second: f64,
    with_checkpoint: f64,
    wal_kib: f64,
    disk_kib: f64,
}

impl Sqlite {
    fn open(
        dir: &Path,
        layout: Layout,
        page: u32,
        label: &str,
        extra: &str,
        wallets: u64,
    ) -> Result<Self> {
        let name: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = dir.join(format!("layout-{name}-{page}.db"));
        Self::remove(&path);
        let conn = Connection::open(&path)?;
        conn.set_prepared_statement_cache_capacity(64);
        conn.execute_batch(&format!(
            "pragma page_size={page}; pragma journal_mode=wal; pragma synchronous=off;
             pragma cache_size=-262144; pragma temp_store=memory; {SQLITE_COMMON}"
        ))?;
        match layout {
            Layout::Spread => conn.execute_batch(SQLITE_SPREAD)?,
            Layout::Compact => conn.execute_batch(&format!("{SQLITE_COMPACT}{SQLITE_REQUESTS}"))?,
            Layout::CompactIndex => {
                conn.execute_batch(&format!("{SQLITE_COMPACT}{SQLITE_REQUEST_INDEX}"))?
            }
        }
        conn.execute_batch(extra)?;
        let db = Sqlite {
            layout,
            label: label.into(),
            page,
            conn,
            wallets,
            issued: 0,
            used: 0,
            path,
        };
        db.fill()?;
        db.conn.execute_batch("pragma synchronous=full")?;
        Ok(db)
    }

    fn remove(path: &Path) {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", path.display()));
        }
    }

    fn fill(&self) -> Result<()> {
        let tx = self.conn.unchecked_transaction()?;
        for n in 0..self.wallets as i64 {
            let w = new_wallet(n);
            if self.layout == Layout::Spread {
                tx.prepare_cached("insert into wallets values(?,?,?,?,?)")?
                    .execute(params![n, w.paid, w.bonus, w.points, w.version])?;
                for l in &w.lots {
                    tx.prepare_cached("insert into lots values(?,?,?,?,?)")?
                        .execute(params![n, l.id, l.kind, l.expires, l.left])?;
                }
            } else {
                tx.prepare_cached("insert into wallets values(?,?,?,?,?,?,?)")?
                    .execute(params![
                        n,
                        w.paid,
                        w.bonus,
                        w.points,
                        w.version,
                        lots_blob(&w.lots),
                        spent_blob(&w.spent)
                    ])?;
            }
        }
        if self.layout != Layout::Spread {
            for n in 0..TERMINALS as i64 {
                tx.execute(
                    "insert into terminals values(?,?)",
                    params![n, spent_blob(&Spent::new())],
                )?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Codes are issued outside the measured time: issuing is another request.
    fn issue(&mut self, unused: u64) -> Result<()> {
        let tx = self.conn.unchecked_transaction()?;
        while self.issued < self.used + unused {
            let (bucket, mac) = code_key(self.issued);
            tx.prepare_cached("insert into codes values(?,?,?,?,null)")?
                .execute(params![
                    bucket,
                    mac,
                    code_wallet(self.issued, self.wallets),
                    START_MS + self.issued as i64 * STEP_MS
                ])?;
            self.issued += 1;
        }
        tx.commit()?;
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        self.conn
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
        Ok(())
    }

    fn batch(&mut self, size: u64) -> Result<()> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for n in self.used..self.used + size {
            let p = payment(n, 0, 1);
            match self.layout {
                Layout::Spread => sqlite_spread(&tx, &p)?,
                layout => sqlite_compact(&tx, &p, layout)?,
            }
        }
        tx.commit()?;
        self.used += size;
        Ok(())
    }

    fn run(&mut self, batch: u64, autocheckpoint: u32, seconds: f64) -> Result<SqliteRun> {
        self.issue((seconds * if batch > 100 { 36_000.0 } else { 26_000.0 }) as u64)?;
        self.conn
            .execute_batch(&format!("pragma wal_autocheckpoint={autocheckpoint}"))?;
        self.checkpoint()?;
        let (first, before) = (self.used, io_bytes());
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds && self.used + batch <= self.issued {
            self.batch(batch)?;
        }
        let took = start.elapsed().as_secs_f64();
        let ran = io_bytes();
        // What is left in the log has to be carried home some day: count it too.
        self.checkpoint()?;
        let (whole, after) = (start.elapsed().as_secs_f64(), io_bytes());
        let count = (self.used - first) as f64;
        Ok(SqliteRun {
            per_second: count / took,
            with_checkpoint: count / whole,
            wal_kib: (ran.0 - before.0) as f64 / count / 1024.0,
            disk_kib: (after.1 - before.1) as f64 / count / 1024.0,
        })
    }

    /// Stores rows quickly (no syncs), to see what a fuller database does.
    fn age(&mut self, rows: u64) -> Result<()> {
        self.conn
            .execute_batch("pragma synchronous=off; pragma wal_autocheckpoint=64000")?;
        while self.used < rows {
            self.issue(100_000)?;
            for _ in 0..100_000 / 500 {
                self.batch(500)?;
            }
        }
        self.conn.execute_batch("pragma synchronous=full")?;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let rows = if self.layout == Layout::Spread {
            "replies"
        } else {
            "journal"
        };
        for sql in [
            &format!("select count(*) from {rows}"),
            "select count(*) from codes where consumed_by is not null",
            "select sum(version) from wallets",
        ] {
            let n: i64 = self.conn.query_row(sql, [], |r| r.get(0))?;
            if n as u64 != self.used {
                return Err(format!("{}: {sql}: {n}, not {}", self.label, self.used).into());
            }
        }
        Ok(())
    }

    /// Stored bytes a payment, table by table and index by index.
    fn print_sizes(&self) -> Result<()> {
        let sql =
            "select name, sum(payload), sum(pgsize) from dbstat group by name order by 3 desc";
        println!(
            "\n| {} | payload bytes/payment | page bytes/payment |\n|---|---|---|",
            self.label
        );
        let mut statement = self.conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let (name, payload, pages): (String, i64, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
            let each = |n: i64| n as f64 / self.used as f64;
            println!("| {name} | {:.0} | {:.0} |", each(payload), each(pages));
        }
        Ok(())
    }

    fn file_bytes_per_payment(&self) -> Result<f64> {
        self.checkpoint()?;
        Ok(fs::metadata(&self.path)?.len() as f64 / self.used as f64)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        Self::remove(&self.path);
    }
}

fn sqlite_claim_and_code(tx: &Connection, p: &Payment, layout: Layout) -> Result<i64> {
    if layout == Layout::CompactIndex {
        let found = tx
            .prepare_cached(
                "select body_hash, position from journal where terminal_id=? and request_id=?",
            )?
            .query_row(params![p.terminal_id, p.request_id], |r| {
                r.get::<_, Vec<u8>>(0)
            })
            .optional()?;
        if found.is_some() {
            return Err("request seen before".into());
        }
    } else {
        tx.prepare_cached(
            "insert into requests values(?,?,?,?) on conflict do nothing returning position",
        )?
        .query_row(
            params![p.terminal_id, p.request_id, p.body_hash, p.position],
            |r| r.get::<_, i64>(0),
        )
        .optional()?
        .ok_or("request seen before")?;
    }
    let (wallet, consumed): (i64, Option<i64>) = tx
        .prepare_cached("select wallet_id, consumed_by from codes where bucket=? and mac=?")?
        .query_row(params![p.bucket, p.mac], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if consumed.is_some() {
        return Err("code already consumed".into());
    }
    tx.prepare_cached("update codes set consumed_by=? where bucket=? and mac=?")?
        .execute(params![p.position, p.bucket, p.mac])?;
    Ok(wallet)
}

fn sqlite_spread(tx: &Connection, p: &Payment) -> Result<()> {
    let id = sqlite_claim_and_code(tx, p, Layout::Spread)?;
    let mut w = tx
        .prepare_cached("select paid, bonus, points, version from wallets where id=?")?
        .query_row([id], |r| {
            Ok(Wallet {
                paid: r.get(0)?,
                bonus: r.get(1)?,
                points: r.get(2)?,
                version: r.get(3)?,
                ..Wallet::default()
            })
        })?;
    w.lots = tx
        .prepare_cached(
            "select id, kind, expires_at, remaining from lots where wallet_id=? order by id",
        )?
        .query_map([id], |r| {
            Ok(Lot {
                id: r.get(0)?,
                kind: r.get(1)?,
                expires: r.get(2)?,
                left: r.get(3)?,
            })
        })?
        .collect::<std::result::Result<_, _>>()?;
    let hour = p.at / HOUR_MS;
    let spent = |kind: i64, owner: i64| -> Result<Spent> {
        Ok(tx
            .prepare_cached(
                "select slot, amount from limit_buckets where kind=? and owner=? and slot>?",
            )?
            .query_map(params![kind, owner, hour - WINDOW_HOURS], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?
            .collect::<std::result::Result<_, _>>()?)
    };
    w.spent = spent(0, id)?;
    let mut terminal = spent(1, p.terminal)?;
    let o = decide(&mut w, &mut terminal, p)?;
    for (lot, left) in &o.drawn {
        tx.prepare_cached("update lots set remaining=? where wallet_id=? and id=?")?
            .execute(params![left, id, lot])?;
    }
    for (kind, owner) in [(0, id), (1, p.terminal)] {
        tx.prepare_cached(
            "insert into limit_buckets values(?,?,?,?)
             on conflict(kind, owner, slot) do update set amount = amount + excluded.amount",
        )?
        .execute(params![kind, owner, hour, p.amount])?;
    }
    tx.prepare_cached("update wallets set paid=?, bonus=?, points=?, version=? where id=?")?
        .execute(params![w.paid, w.bonus, w.points, w.version, id])?;
    for t in transfers(p, id, &o) {
        tx.prepare_cached("insert into transfers values(?,?,?,?,?,?)")?
            .execute(params![
                t.id,
                t.kind,
                p.at,
                t.amount,
                t.entries[0].0,
                t.entries[1].0
            ])?;
        for (side, (account, amount, balance, version)) in t.entries.iter().enumerate() {
            tx.prepare_cached("insert into entries values(?,?,?,?,?,?)")?
                .execute(params![
                    t.id,
                    side as i64,
                    account,
                    amount,
                    balance,
                    version
                ])?;
        }
    }
    tx.prepare_cached("insert into outbox values(?,?)")?
        .execute(params![p.position, event_json(p, id)])?;
    tx.prepare_cached("insert into replies values(?,?)")?
        .execute(params![p.position, reply_json(p, id, &o)])?;
    Ok(())
}

fn sqlite_compact(tx: &Connection, p: &Payment, layout: Layout) -> Result<()> {
    let id = sqlite_claim_and_code(tx, p, layout)?;
    let mut w = tx
        .prepare_cached(
            "select paid, bonus, points, version, lots, limits from wallets where id=?",
        )?
        .query_row([id], |r| {
            Ok(Wallet {
                paid: r.get(0)?,
                bonus: r.get(1)?,
                points: r.get(2)?,
                version: r.get(3)?,
                lots: lots_from(r.get_ref(4)?.as_blob()?),
                spent: spent_from(r.get_ref(5)?.as_blob()?),
            })
        })?;
    let mut terminal = tx
        .prepare_cached("select limits from terminals where id=?")?
        .query_row([p.terminal], |r| Ok(spent_from(r.get_ref(0)?.as_blob()?)))?;
    let o = decide(&mut w, &mut terminal, p)?;
    tx.prepare_cached(
        "update wallets set paid=?, bonus=?, points=?, version=?, lots=?, limits=? where id=?",
    )?
    .execute(params![
        w.paid,
        w.bonus,
        w.points,
        w.version,
        lots_blob(&w.lots),
        spent_blob(&w.spent),
        id
    ])?;
    tx.prepare_cached("update terminals set limits=? where id=?")?
        .execute(params![spent_blob(&terminal), p.terminal])?;
    tx.prepare_cached("insert into journal values(?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?
        .execute(params![
            p.position,
            p.id,
            1,
            p.at,
            id,
            o.version,
            p.shop,
            p.terminal_id,
            p.request_id,
            p.body_hash,
            p.mac,
            p.amount,
            legs_json(&o),
            detail_json(p, id)
        ])?;
    Ok(())
}

#[derive(Default)]
struct SqliteRow {
    per_second: Vec<f64>,
    with_checkpoint: Vec<f64>,
    wal_kib: Vec<f64>,
    disk_kib: Vec<f64>,
}

type SqliteKey = (usize, String, u32, u64, u32);

fn sqlite_head() {
    println!(
        "| database | page | autocheckpoint | batch | payments/s (min-max) | commits/s | payments/s incl. last checkpoint | KiB written/payment | KiB to disk/payment |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

fn sqlite_rows(rows: &BTreeMap<SqliteKey, SqliteRow>) {
    for ((_, label, page, batch, auto), r) in rows {
        let m = median(&r.per_second);
        let (lo, hi) = r
            .per_second
            .iter()
            .fold((f64::MAX, 0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        println!(
            "| {label} | {page} | {auto} | {batch} | {m:.0} ({lo:.0}-{hi:.0}) | {:.0} | {:.0} | {:.1} | {:.1} |",
            m / *batch as f64,
            median(&r.with_checkpoint),
            median(&r.wal_kib),
            median(&r.disk_kib)
        );
    }
}

fn sqlite_measure(
    dbs: &mut [(Sqlite, Vec<(u64, u32)>)],
    dir: &Path,
    o: &Options,
    yardstick: bool,
) -> Result<()> {
    let mut rows: BTreeMap<SqliteKey, SqliteRow> = BTreeMap::new();
    let mut raw: BTreeMap<(u64, bool), (usize, Vec<f64>)> = BTreeMap::new();
    for round in 0..o.rounds {
        let mut written: HashMap<u64, f64> = HashMap::new();
        for (at, (db, configs)) in dbs.iter_mut().enumerate() {
            for (batch, auto) in configs.iter() {
                let run = db.run(*batch, *auto, o.seconds)?;
                eprintln!(
                    "round {round}: {} page {} batch {batch} autocheckpoint {auto}: {:.0}/s",
                    db.label, db.page, run.per_second
                );
                if db.layout == Layout::Compact {
                    written.entry(*batch).or_insert(run.wal_kib);
                }
                let row = rows
                    .entry((at, db.label.clone(), db.page, *batch, *auto))
                    .or_default();
                row.per_second.push(run.per_second);
                row.with_checkpoint.push(run.with_checkpoint);
                row.wal_kib.push(run.wal_kib);
                row.disk_kib.push(run.disk_kib);
            }
        }
        if yardstick {
            for (batch, kib) in &written {
                for (pages, size) in [
                    (false, logical_bytes() * batch),
                    (true, (kib * 1024.0) as u64 * batch),
                ] {
                    let rate = raw_append(dir, size as usize, (o.seconds / 3.0).min(2.0))?;
                    let entry = raw.entry((*batch, pages)).or_default();
                    entry.0 = size as usize;
                    entry.1.push(rate);
                }
            }
        }
    }
    sqlite_head();
    sqlite_rows(&rows);
    print_raw(&raw);
    for (db, _) in dbs.iter() {
        db.check()?;
        eprintln!(
            "{} page {}: {} payments, {:.0} bytes of file a payment",
            db.label,
            db.page,
            db.used,
            db.file_bytes_per_payment()?
        );
    }
    Ok(())
}

fn print_raw(raw: &BTreeMap<(u64, bool), (usize, Vec<f64>)>) {
    if raw.is_empty() {
        return;
    }
    println!("\n| raw append + fdatasync | batch | bytes an append | appends/s | payments/s |");
    println!("|---|---|---|---|---|");
    for ((batch, pages), (size, rates)) in raw {
        let what = if *pages {
            "as many bytes as B wrote"
        } else {
            "the facts alone"
        };
        let m = median(rates);
        println!(
            "| {what} | {batch} | {size} | {m:.0} | {:.0} |",
            m * *batch as f64
        );
    }
}

fn sqlite(dir: &Path, o: &Options) -> Result<()> {
    use Layout::{Compact, CompactIndex, Spread};
    fs::create_dir_all(dir)?;
    println!(
        "SQLite {}, {} wallets, synchronous=full, {} rounds of {} s",
        rusqlite::version(),
        o.wallets,
        o.rounds,
        o.seconds
    );
    let open = |layout: Layout, page, what: &str, extra| {
        let label = format!("{}{what}", layout.name());
        Sqlite::open(dir, layout, page, &label, extra, o.wallets)
    };
    let wanted = |part: &str| o.part.as_deref().is_none_or(|p| p == part);
    let one = vec![(25, 64_000)];
    let two = vec![(25, 64_000), (256, 64_000)];
    if wanted("main") {
        println!("\nLayouts, batches, pages:\n");
        let all = vec![(25, 64_000), (64, 64_000), (256, 64_000), (25, 1_000)];
        let mut dbs = vec![
            (open(Spread, 4096, "", "")?, all.clone()),
            (open(Compact, 4096, "", "")?, all),
            (open(CompactIndex, 4096, "", "")?, two.clone()),
            (open(Spread, 2048, "", "")?, one.clone()),
            (open(Compact, 2048, "", "")?, two.clone()),
        ];
        sqlite_measure(&mut dbs, dir, o, true)?;
    }
    if wanted("indexes") {
        // One index less or more tells what that index costs. The cost grows
        // with the table, so the plain layouts are measured again beside them.
        println!("\nIndex by index:\n");
        let mut dbs = Vec::new();
        for (layout, what, extra) in [
            (Spread, "", ""),
            (
                Spread,
                " - index(account,version)",
                "drop index entries_version",
            ),
            (Compact, "", ""),
            (Compact, " - index(id)", "drop index journal_id"),
            (
                Compact,
                " - index(wallet,version)",
                "drop index journal_wallet",
            ),
            (
                Compact,
                " + index(shop)",
                "create index journal_shop on journal(shop_id)",
            ),
            (CompactIndex, "", ""),
        ] {
            dbs.push((open(layout, 4096, what, extra)?, one.clone()));
        }
        sqlite_measure(&mut dbs, dir, o, false)?;
    }
    if wanted("aged") {
        println!("\nWith {} payments stored before:\n", o.aged_rows);
        let mut dbs = Vec::new();
        for layout in [Spread, Compact] {
            let mut db = open(layout, 4096, ", aged", "")?;
            db.age(o.aged_rows)?;
            dbs.push((db, two.clone()));
        }
        sqlite_measure(&mut dbs, dir, o, false)?;
        for (db, _) in &dbs {
            db.print_sizes()?;
        }
    }
    Ok(())
}

// ---------------------------------------------------------------- PostgreSQL

/// fillfactor leaves room in a page for the new version of an updated row, so
/// that updates stay off the indexes (HOT).
const PG_COMMON: &str = "
    create table codes(bucket smallint, mac bytea, wallet_id bigint not null, expires_at bigint not null,
        consumed_by bigint, primary key(bucket, mac)) with (fillfactor=70);";

const PG_REQUESTS: &str = "
    create table requests(terminal_id bytea, request_id text, body_hash bytea not null,
        position bigint not null, primary key(terminal_id, request_id));";

const PG_SPREAD: &str = "
    create table wallets(id bigint primary key, paid bigint not null, bonus bigint not null,
        points bigint not null, version bigint not null) with (fillfactor=70);
    create table lots(wallet_id bigint, id bigint, kind smallint not null, expires_at bigint not null,
        remaining bigint not null, primary key(wallet_id, id)) with (fillfactor=70);
    create table limit_buckets(kind smallint, owner bigint, slot bigint, amount bigint not null,
        primary key(kind, owner, slot)) with (fillfactor=90);
    create table transfers(id bytea primary key, kind smallint not null, at bigint not null,
        amount bigint not null, debit bigint not null, credit bigint not null);
    create table entries(transfer_id bytea, side smallint, account bigint not null, amount bigint not null,
        balance_after bigint, version bigint, primary key(transfer_id, side));
    create unique index entries_version on entries(account, version) where version is not null;
    create table outbox(position bigint primary key, event text not null);
    create table replies(position bigint primary key, body text not null);";

const PG_COMPACT: &str = "
    create table wallets(id bigint primary key, paid bigint not null, bonus bigint not null,
        points bigint not null, version bigint not null, lots bytea not null, limits bytea not null)
        with (fillfactor=70);
    create table terminals(id bigint primary key, limits bytea not null) with (fillfactor=50);
    create table journal(position bigint primary key, id bytea not null, kind smallint not null,
        at bigint not null, wallet_id bigint not null, wallet_version bigint not null,
        shop_id bigint not null, terminal_id bytea not null, request_id text not null,
        body_hash bytea not null, code_mac bytea not null, amount bigint not null,
        legs text not null, detail text not null);
    create unique index journal_id on journal(id);
    create unique index journal_wallet on journal(wallet_id, wallet_version);";

const PG_REQUEST_INDEX: &str =
    "create unique index journal_request on journal(terminal_id, request_id);";

async fn pg_connect(url: &str, layout: Layout) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "set search_path={}; set client_min_messages=warning",
            layout.schema()
        ))
        .await?;
    Ok(client)
}

async fn pg_setup(c: &Client, layout: Layout, wallets: u64) -> Result<()> {
    let s = layout.schema();
    c.batch_execute(&format!(
        "drop schema if exists {s} cascade; create schema {s}; {PG_COMMON}"
    ))
    .await?;
    let spread = layout == Layout::Spread;
    c.batch_execute(if spread { PG_SPREAD } else { PG_COMPACT })
        .await?;
    c.batch_execute(if layout == Layout::CompactIndex {
        PG_REQUEST_INDEX
    } else {
        PG_REQUESTS
    })
    .await?;
    let w = new_wallet(0);
    let last = wallets as i64 - 1;
    if spread {
        c.execute(
            "insert into wallets select n, $2, $3, 0, 0 from generate_series(0, $1::bigint) n",
            &[&last, &w.paid, &w.bonus],
        )
        .await?;
        for l in &w.lots {
            c.execute(
                "insert into lots select n, $2, $3, $4, $5 from generate_series(0, $1::bigint) n",
                &[
                    &last,
                    &l.id,
                    &i16::from(l.kind),
                    &i64::from(l.expires),
                    &l.left,
                ],
            )
            .await?;
        }
    } else {
        c.execute(
            "insert into wallets select n, $2, $3, 0, 0, $4, $5 from generate_series(0, $1::bigint) n",
            &[&last, &w.paid, &w.bonus, &lots_blob(&w.lots), &spent_blob(&w.spent)],
        )
        .await?;
        c.execute(
            "insert into terminals select n, $2 from generate_series(0, $1::bigint) n",
            &[&(TERMINALS as i64 - 1), &spent_blob(&Spent::new())],
        )
        .await?;
    }
    Ok(())
}

async fn pg_issue(c: &Client, from: u64, to: u64, wallets: u64) -> Result<()> {
    let all: Vec<u64> = (from..to).collect();
    for part in all.chunks(5_000) {
        let keys: Vec<_> = part.iter().map(|n| code_key(*n)).collect();
        let buckets: Vec<i16> = keys.iter().map(|k| k.0).collect();
        let macs: Vec<&[u8]> = keys.iter().map(|k| &k.1[..]).collect();
        let owners: Vec<i64> = part.iter().map(|n| code_wallet(*n, wallets)).collect();
        c.execute(
            "insert into codes select b, m, w, 0, null from unnest($1::smallint[], $2::bytea[], $3::bigint[]) as u(b, m, w)",
            &[&buckets, &macs, &owners],
        )
        .await?;
    }
    Ok(())
}

/// A batcher: one connection with its statements prepared once.
struct Batcher {
    client: Client,
    layout: Layout,
    statements: HashMap<&'static str, tokio_postgres::Statement>,
}

const CLAIM: &str =
    "insert into requests select * from unnest($1::bytea[], $2::text[], $3::bytea[], $4::bigint[])
    on conflict do nothing returning position";
/// Without a requests table nothing is claimed up front: of two batchers with
/// the same request the later one fails on the unique index when it writes, and
/// would have to run its batch again.
const SEEN: &str = "select j.position, j.body_hash from unnest($1::bytea[], $2::text[]) as u(t, r)
    join journal j on j.terminal_id = u.t and j.request_id = u.r";
// The join order of a locking select is the planner's, so the lock order is
// made certain by sorting in a subquery before the rows are locked.
const CODES: &str = "select c.bucket, c.mac, c.wallet_id, c.consumed_by from codes c
    where (c.bucket, c.mac) in (select * from unnest($1::smallint[], $2::bytea[]))
    order by c.bucket, c.mac for update";
const CONSUME: &str = "update codes c set consumed_by = u.p
    from unnest($1::smallint[], $2::bytea[], $3::bigint[]) as u(b, m, p) where c.bucket = u.b and c.mac = u.m";
const A_WALLETS: &str = "select id, paid, bonus, points, version from wallets where id = any($1) order by id for update";
const A_LOTS: &str = "select wallet_id, id, kind, expires_at, remaining from lots where wallet_id = any($1) order by wallet_id, id";
const A_LIMITS: &str = "select owner, slot, amount from limit_buckets where kind = $1 and owner = any($2) and slot > $3";
const A_WALLETS_UP: &str = "update wallets w set paid = u.a, bonus = u.b, points = u.c, version = u.v
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as u(i, a, b, c, v) where w.id = u.i";
const A_LOTS_UP: &str = "update lots l set remaining = u.r
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as u(w, i, r) where l.wallet_id = u.w and l.id = u.i";
const A_LIMITS_UP: &str = "insert into limit_buckets as l select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[])
    on conflict (kind, owner, slot) do update set amount = l.amount + excluded.amount";
const A_TRANSFERS: &str = "insert into transfers select * from unnest($1::bytea[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])";
const A_ENTRIES: &str = "insert into entries select * from unnest($1::bytea[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])";
const A_OUTBOX: &str = "insert into outbox select * from unnest($1::bigint[], $2::text[])";
const A_REPLIES: &str = "insert into replies select * from unnest($1::bigint[], $2::text[])";
const B_WALLETS: &str = "select id, paid, bonus, points, version, lots, limits from wallets where id = any($1) order by id for update";
const B_TERMINALS: &str =
    "select id, limits from terminals where id = any($1) order by id for update";
const B_WALLETS_UP: &str = "update wallets w set paid = u.a, bonus = u.b, points = u.c, version = u.v, lots = u.l, limits = u.s
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[]) as u(i, a, b, c, v, l, s)
    where w.id = u.i";
const B_TERMINALS_UP: &str = "update terminals t set limits = u.s from unnest($1::bigint[], $2::bytea[]) as u(i, s) where t.id = u.i";
const B_JOURNAL: &str = "insert into journal select * from unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::bigint[],
    $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::text[], $10::bytea[], $11::bytea[], $12::bigint[], $13::text[], $14::text[])";

/// One column of a batch, as an array parameter.
macro_rules! column {
    ($rows:expr, $x:pat => $e:expr) => {
        $rows.iter().map(|$x| $e).collect::<Vec<_>>()
    };
}

impl Batcher {
    async fn new(url: &str, layout: Layout) -> Result<Self> {
        let client = pg_connect(url, layout).await?;
        let mut statements = HashMap::new();
        let spread = [
            CLAIM,
            CODES,
            CONSUME,
            A_WALLETS,
            A_LOTS,
            A_LIMITS,
            A_WALLETS_UP,
            A_LOTS_UP,
            A_LIMITS_UP,
            A_TRANSFERS,
            A_ENTRIES,
            A_OUTBOX,
            A_REPLIES,
        ];
        let claim = if layout == Layout::CompactIndex {
            SEEN
        } else {
            CLAIM
        };
        let compact = [
            claim,
            CODES,
            CONSUME,
            B_WALLETS,
            B_TERMINALS,
            B_WALLETS_UP,
            B_TERMINALS_UP,
            B_JOURNAL,
        ];
        for sql in if layout == Layout::Spread {
            &spread[..]
        } else {
            &compact[..]
        } {
            statements.insert(*sql, client.prepare(sql).await?);
        }
        Ok(Batcher {
            client,
            layout,
            statements,
        })
    }

    async fn batch(&mut self, pays: &[Payment]) -> Result<()> {
        let (layout, st) = (self.layout, &self.statements);
        let tx = self.client.transaction().await?;
        // Gather: claims, codes, wallets; each in key order so that two
        // batchers can wait for, but never deadlock, each other.
        let mut by_request: Vec<&Payment> = pays.iter().collect();
        by_request
            .sort_by(|a, b| (&a.terminal_id, &a.request_id).cmp(&(&b.terminal_id, &b.request_id)));
        let mut by_code: Vec<&Payment> = pays.iter().collect();
        by_code.sort_by_key(|p| (p.bucket, p.mac));
        let terminals = column!(by_request, p => &p.terminal_id[..]);
        let requests = column!(by_request, p => p.request_id.as_str());
        let hashes = column!(by_request, p => &p.body_hash[..]);
        let positions = column!(by_request, p => p.position);
        let buckets = column!(by_code, p => p.bucket);
        let macs = column!(by_code, p => &p.mac[..]);
        let code_positions = column!(by_code, p => p.position);
        // Statements joined like this go out together and cost one round trip;
        // `biased` keeps them in the order written, which the locks rely on.
        let (claimed, codes) = if layout == Layout::CompactIndex {
            let (seen, codes) = tokio::try_join!(
                biased;
                async { tx.query(&st[SEEN], &[&terminals, &requests]).await },
                async { tx.query(&st[CODES], &[&buckets, &macs]).await }
            )?;
            (pays.len() - seen.len(), codes)
        } else {
            let (claimed, codes) = tokio::try_join!(
                biased;
                async { tx.query(&st[CLAIM], &[&terminals, &requests, &hashes, &positions]).await },
                async { tx.query(&st[CODES], &[&buckets, &macs]).await }
            )?;
            (claimed.len(), codes)
        };
        if claimed != pays.len()
            || codes.len() != pays.len()
            || codes.iter().any(|r| r.get::<_, Option<i64>>(3).is_some())
        {
            return Err("a request seen before, or a code unknown or consumed".into());
        }
        let owner: HashMap<Vec<u8>, i64> = codes.iter().map(|r| (r.get(1), r.get(2))).collect();
        let ids: Vec<i64> = owner
            .values()
            .copied()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let terminal_ids: Vec<i64> = pays
            .iter()
            .map(|p| p.terminal)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut wallets: BTreeMap<i64, Wallet> = BTreeMap::new();
        let mut terminal_spent: BTreeMap<i64, Spent> =
            terminal_ids.iter().map(|t| (*t, Spent::new())).collect();
        let number = |r: &tokio_postgres::Row, n: usize| r.get::<_, i64>(n);
        if layout == Layout::Spread {
            let since = pays[0].at / HOUR_MS - WINDOW_HOURS;
            // The wallet's lock covers its lots and limits: read after it.
            let (rows, lots, limits, terminal_limits) = tokio::try_join!(
                biased;
                async { tx.query(&st[A_WALLETS], &[&ids]).await },
                async { tx.query(&st[A_LOTS], &[&ids]).await },
                async { tx.query(&st[A_LIMITS], &[&0i16, &ids, &since]).await },
                async { tx.query(&st[A_LIMITS], &[&1i16, &terminal_ids, &since]).await }
            )?;
            for r in &rows {
                let w = Wallet {
                    paid: number(r, 1),
                    bonus: number(r, 2),
                    points: number(r, 3),
                    version: number(r, 4),
                    ..Wallet::default()
                };
                wallets.insert(number(r, 0), w);
            }
            for r in &lots {
                let lot = Lot {
                    id: number(r, 1),
                    kind: r.get::<_, i16>(2) as u8,
                    expires: number(r, 3) as u32,
                    left: number(r, 4),
                };
                wallets
                    .get_mut(&number(r, 0))
                    .ok_or("no wallet")?
                    .lots
                    .push(lot);
            }
            for r in &limits {
                wallets
                    .get_mut(&number(r, 0))
                    .ok_or("no wallet")?
                    .spent
                    .push((number(r, 1) as u32, number(r, 2)));
            }
            for r in &terminal_limits {
                terminal_spent
                    .get_mut(&number(r, 0))
                    .ok_or("no terminal")?
                    .push((number(r, 1) as u32, number(r, 2)));
            }
        } else {
            let (rows, limits) = tokio::try_join!(
                biased;
                async { tx.query(&st[B_WALLETS], &[&ids]).await },
                async { tx.query(&st[B_TERMINALS], &[&terminal_ids]).await }
            )?;
            for r in &rows {
                let w = Wallet {
                    paid: number(r, 1),
                    bonus: number(r, 2),
                    points: number(r, 3),
                    version: number(r, 4),
                    lots: lots_from(r.get(5)),
                    spent: spent_from(r.get(6)),
                };
                wallets.insert(number(r, 0), w);
            }
            for r in &limits {
                terminal_spent.insert(number(r, 0), spent_from(r.get(1)));
            }
        }
        // Decide, in order: two payments of one wallet see each other.
        let mut done: Vec<(&Payment, i64, Outcome)> = Vec::with_capacity(pays.len());
        for p in pays {
            let wallet = owner[&p.mac[..]];
            let outcome = decide(
                wallets.get_mut(&wallet).ok_or("no wallet")?,
                terminal_spent.get_mut(&p.terminal).ok_or("no terminal")?,
                p,
            )?;
            done.push((p, wallet, outcome));
        }
        let paid = column!(wallets, (_, w) => w.paid);
        let bonus = column!(wallets, (_, w) => w.bonus);
        let points = column!(wallets, (_, w) => w.points);
        let versions = column!(wallets, (_, w) => w.version);
        let done_positions = column!(done, (p, _, _) => p.position);
        if layout == Layout::Spread {
            let mut lots: BTreeMap<(i64, i64), i64> = BTreeMap::new();
            let mut limits: BTreeMap<(i16, i64, i64), i64> = BTreeMap::new();
            let mut moved: Vec<(i64, Transfer)> = Vec::with_capacity(done.len() * 3);
            for (p, wallet, o) in &done {
                lots.extend(o.drawn.iter().map(|(lot, left)| ((*wallet, *lot), *left)));
                *limits.entry((0, *wallet, p.at / HOUR_MS)).or_default() += p.amount;
                *limits.entry((1, p.terminal, p.at / HOUR_MS)).or_default() += p.amount;
                moved.extend(transfers(p, *wallet, o).into_iter().map(|t| (p.at, t)));
            }
            let (l1, l2, l3) = (
                column!(lots, (k, _) => k.0),
                column!(lots, (k, _) => k.1),
                column!(lots, (_, v) => *v),
            );
            let (m1, m2) = (
                column!(limits, (k, _) => k.0),
                column!(limits, (k, _) => k.1),
            );
            let (m3, m4) = (
                column!(limits, (k, _) => k.2),
                column!(limits, (_, v) => *v),
            );
            let (t1, t2) = (
                column!(moved, (_, t) => &t.id[..]),
                column!(moved, (_, t) => t.kind),
            );
            let (t3, t4) = (
                column!(moved, (at, _) => *at),
                column!(moved, (_, t) => t.amount),
            );
            let (t5, t6) = (
                column!(moved, (_, t) => t.entries[0].0),
                column!(moved, (_, t) => t.entries[1].0),
            );
            let sides: Vec<_> = moved
                .iter()
                .flat_map(|(_, t)| {
                    t.entries
                        .iter()
                        .enumerate()
                        .map(|(side, e)| (&t.id[..], side as i16, *e))
                })
                .collect();
            let (e1, e2) = (column!(sides, s => s.0), column!(sides, s => s.1));
            let (e3, e4) = (column!(sides, s => s.2.0), column!(sides, s => s.2.1));
            let (e5, e6) = (column!(sides, s => s.2.2), column!(sides, s => s.2.3));
            let events = column!(done, (p, w, _) => event_json(p, *w));
            let replies = column!(done, (p, w, o) => reply_json(p, *w, o));
            tokio::try_join!(
                biased;
                async { tx.execute(&st[CONSUME], &[&buckets, &macs, &code_positions]).await },
                async { tx.execute(&st[A_WALLETS_UP], &[&ids, &paid, &bonus, &points, &versions]).await },
                async { tx.execute(&st[A_LOTS_UP], &[&l1, &l2, &l3]).await },
                async { tx.execute(&st[A_LIMITS_UP], &[&m1, &m2, &m3, &m4]).await },
                async { tx.execute(&st[A_TRANSFERS], &[&t1, &t2, &t3, &t4, &t5, &t6]).await },
                async { tx.execute(&st[A_ENTRIES], &[&e1, &e2, &e3, &e4, &e5, &e6]).await },
                async { tx.execute(&st[A_OUTBOX], &[&done_positions, &events]).await },
                async { tx.execute(&st[A_REPLIES], &[&done_positions, &replies]).await }
            )?;
        } else {
            let lots = column!(wallets, (_, w) => lots_blob(&w.lots));
            let limits = column!(wallets, (_, w) => spent_blob(&w.spent));
            let terminal_limits = column!(terminal_spent, (_, s) => spent_blob(s));
            let (j2, j3) = (
                column!(done, (p, _, _) => &p.id[..]),
                vec![1i16; done.len()],
            );
            let (j4, j5) = (
                column!(done, (p, _, _) => p.at),
                column!(done, (_, w, _) => *w),
            );
            let (j6, j7) = (
                column!(done, (_, _, o) => o.version),
                column!(done, (p, _, _) => p.shop),
            );
            let (j8, j9) = (
                column!(done, (p, _, _) => &p.terminal_id[..]),
                column!(done, (p, _, _) => p.request_id.as_str()),
            );
            let (j10, j11) = (
                column!(done, (p, _, _) => &p.body_hash[..]),
                column!(done, (p, _, _) => &p.mac[..]),
            );
            let j12 = column!(done, (p, _, _) => p.amount);
            let (j13, j14) = (
                column!(done, (_, _, o) => legs_json(o)),
                column!(done, (p, w, _) => detail_json(p, *w)),
            );
            tokio::try_join!(
                biased;
                async { tx.execute(&st[CONSUME], &[&buckets, &macs, &code_positions]).await },
                async { tx.execute(&st[B_WALLETS_UP], &[&ids, &paid, &bonus, &points, &versions, &lots, &limits]).await },
                async { tx.execute(&st[B_TERMINALS_UP], &[&terminal_ids, &terminal_limits]).await },
                async {
                    let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                        &[&done_positions, &j2, &j3, &j4, &j5, &j6, &j7, &j8, &j9, &j10, &j11, &j12, &j13, &j14];
                    tx.execute(&st[B_JOURNAL], row).await
                }
            )?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Of one configuration, by round: payments a second, KiB of WAL a payment.
type PgRow = (Vec<f64>, Vec<f64>);

/// Each batcher works through its own stretch of codes until time is up.
async fn pg_batcher(
    mut b: Batcher,
    stream: u64,
    streams: u64,
    from: u64,
    to: u64,
    size: u64,
    seconds: f64,
) -> Result<u64> {
    let start = Instant::now();
    let mut next = from;
    while start.elapsed().as_secs_f64() < seconds && next + size <= to {
        let pays: Vec<Payment> = (next..next + size)
            .map(|n| payment(n, stream, streams))
            .collect();
        b.batch(&pays).await?;
        next += size;
    }
    Ok(next - from)
}

async fn postgres(url: &str, dir: Option<&Path>, o: &Options) -> Result<()> {
    let layouts = [Layout::Spread, Layout::Compact, Layout::CompactIndex];
    let mut admins = Vec::new();
    for layout in layouts {
        let c = pg_connect(url, layout).await?;
        pg_setup(&c, layout, o.wallets).await?;
        admins.push(c);
    }
    let version: String = admins[0]
        .query_one("show server_version", &[])
        .await?
        .get(0);
    println!(
        "PostgreSQL {version}, {} wallets, {} rounds of {} s\n",
        o.wallets, o.rounds, o.seconds
    );
    for name in [
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "wal_sync_method",
        "shared_buffers",
        "max_wal_size",
        "autovacuum",
    ] {
        let v: String = admins[0]
            .query_one(&format!("show {name}"), &[])
            .await?
            .get(0);
        println!("- {name} = {v}");
    }
    let mut used = [0u64; 3];
    let mut counted = [0u64; 3];
    let mut rows: BTreeMap<(usize, u64, u64), PgRow> = BTreeMap::new();
    let mut raw: BTreeMap<(u64, bool), (usize, Vec<f64>)> = BTreeMap::new();
    for round in 0..o.rounds {
        for (at, layout) in layouts.into_iter().enumerate() {
            let c = &admins[at];
            for (streams, size) in [(1u64, 25u64), (1, 64), (1, 256), (2, 25), (2, 64), (2, 256)] {
                if layout == Layout::CompactIndex && size == 64 {
                    continue;
                }
                let share = (o.seconds * if size > 100 { 14_000.0 } else { 12_000.0 }) as u64;
                pg_issue(c, used[at], used[at] + share * streams, o.wallets).await?;
                c.batch_execute("analyze").await?;
                // A checkpoint at a like moment for all: page images after it
                // are part of what a commit costs here.
                c.batch_execute("checkpoint").await?;
                let mut batchers = Vec::new();
                for _ in 0..streams {
                    batchers.push(Batcher::new(url, layout).await?);
                }
                let lsn = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
                let before: i64 = c.query_one(lsn, &[]).await?.get(0);
                let start = Instant::now();
                let mut tasks = Vec::new();
                for (s, b) in batchers.into_iter().enumerate() {
                    let from = used[at] + s as u64 * share;
                    tasks.push(tokio::spawn(pg_batcher(
                        b,
                        s as u64,
                        streams,
                        from,
                        from + share,
                        size,
                        o.seconds,
                    )));
                }
                let mut count = 0;
                for t in tasks {
                    count += t.await??;
                }
                let took = start.elapsed().as_secs_f64();
                let after: i64 = c.query_one(lsn, &[]).await?.get(0);
                used[at] += share * streams;
                counted[at] += count;
                let row = rows.entry((at, streams, size)).or_default();
                row.0.push(count as f64 / took);
                row.1.push((after - before) as f64 / count as f64 / 1024.0);
                eprintln!(
                    "round {round}: {} batchers {streams} batch {size}: {:.0}/s",
                    layout.name(),
                    count as f64 / took
                );
                if let Some(dir) = dir.filter(|_| layout == Layout::Compact && streams == 1) {
                    for (pages, bytes) in [
                        (false, logical_bytes() * size),
                        (true, (after - before) as u64 / count * size),
                    ] {
                        let entry = raw.entry((size, pages)).or_default();
                        entry.0 = bytes as usize;
                        entry
                            .1
                            .push(raw_append(dir, bytes as usize, (o.seconds / 3.0).min(2.0))?);
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    println!(
        "\n| layout | batchers | batch | payments/s (min-max) | commits/s | KiB of WAL/payment |"
    );
    println!("|---|---|---|---|---|---|");
    for ((at, streams, size), (rates, wal)) in &rows {
        let m = median(rates);
        let (lo, hi) = rates
            .iter()
            .fold((f64::MAX, 0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        println!(
            "| {} | {streams} | {size} | {m:.0} ({lo:.0}-{hi:.0}) | {:.0} | {:.1} |",
            layouts[*at].name(),
            m / *size as f64,
            median(wal)
        );
    }
    print_raw(&raw);
    for (at, layout) in layouts.into_iter().enumerate() {
        let table = if layout == Layout::Spread {
            "replies"
        } else {
            "journal"
        };
        for sql in [
            &format!("select count(*) from {table}"),
            "select count(*) from codes where consumed_by is not null",
            "select sum(version)::bigint from wallets",
        ] {
            let n: i64 = admins[at].query_one(sql, &[]).await?.get(0);
            if n as u64 != counted[at] {
                return Err(format!("{}: {sql}: {n}, not {}", layout.name(), counted[at]).into());
            }
        }
    }
    Ok(())
}

// ---------------------------------------------------------------- main

fn main() -> Result<()> {
    let mut o = Options {
        seconds: 5.0,
        rounds: 3,
        wallets: 100_000,
        part: None,
        aged_rows: 1_000_000,
    };
    let mut words = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => {
                (o.seconds, o.rounds, o.wallets, o.aged_rows) = (0.5, 1, 10_000, 50_000);
            }
            "--seconds" => o.seconds = args.next().ok_or("--seconds N")?.parse()?,
            "--wallets" => o.wallets = args.next().ok_or("--wallets N")?.parse()?,
            "--part" => o.part = Some(args.next().ok_or("--part NAME")?),
            _ => words.push(arg),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["sqlite", dir] => sqlite(Path::new(dir), &o),
        ["postgres", url] | ["postgres", url, _] => {
            let dir = words.get(2).map(Path::new);
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(postgres(url, dir, &o))
        }
        _ => Err("usage: layout sqlite DIR | postgres URL [DIR]  [--quick] [--seconds N] [--wallets N] [--part main|indexes|aged]".into()),
    }
}
