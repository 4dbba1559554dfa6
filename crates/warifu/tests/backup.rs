//! Proves that a backup is whole whatever goes on beside it, that a restored one is the same to the yen, and that neither
//! command leaves anything behind, or destroys anything, when it refuses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests say what is wrong by panicking")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use warifu_testkit::{Anonymous, Cashier, Engine, Member, TestDatabase};

fn warifu(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warifu"))
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What a command that must succeed says, as JSON.
fn told(folder: &Path, arguments: &[&str]) -> Value {
    let output = warifu(folder, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that must fail complains of.
fn complaint(folder: &Path, arguments: &[&str]) -> String {
    let output = warifu(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} should have failed: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder with a configuration on a free port.
fn place() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = format!(
        "issuer_prefix = '90000123'\nlisten = '{address}'\nmetrics_listen = 'off'\nlog = 'error'\nrequests_per_second = 'off'\n"
    );
    std::fs::write(folder.path().join("warifu.toml"), text).unwrap();
    (folder, format!("http://{address}"))
}

/// A folder with a small database that has seen everything, and its key file.
fn used_place() -> TempDir {
    let (folder, _) = place();
    let arguments =
        ["demo", "--once", "--listen", "127.0.0.1:0", "--database", "sqlite:warifu.db", "--keys", "warifu.keys"];
    let output = warifu(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// A process that serves in a folder, until it is ended or dropped.
struct Serving(Child);

impl Serving {
    async fn start(folder: &Path, origin: &str) -> Self {
        let binary = env!("CARGO_BIN_EXE_warifu");
        let child = Command::new(binary).arg("serve").current_dir(folder).stdin(Stdio::null()).spawn().unwrap();
        let serving = Self(child);
        let probe = origin.trim_start_matches("http://").to_owned();
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(&probe).is_err() {
            assert!(Instant::now() < deadline, "the server did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let _ = Anonymous::at(origin).get("/readyz").await.expect(200);
        serving
    }

    fn end(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tokens of a till and of members, who have 10,000 yen each.
struct People {
    till: String,
    members: Vec<String>,
}

async fn add_people(folder: &Path) -> People {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let merchant = text(&told(folder, &["merchant", "add", "--name", "Stores"]), "merchant_id");
    let shop = text(&told(folder, &["shop", "add", "--merchant", &merchant, "--name", "Shop"]), "shop_id");
    let till = text(&told(folder, &["terminal", "add", "--shop", &shop, "--name", "Till"]), "token");
    let members = (0..4).map(|_| text(&told(folder, &["member", "add"]), "phone")).collect();
    People { till, members }
}

/// Pays a yen at a time until told to stop, and notes what was acknowledged.
async fn pay_on(cashier: Cashier, member: Member, stop: Arc<AtomicBool>, paid: Arc<Mutex<Vec<String>>>) {
    while !stop.load(Ordering::Relaxed) {
        let payment = cashier.take(1, &member.show_code().await).await.expect(201).text_at("/id");
        paid.lock().unwrap().push(payment);
    }
}

fn restore_into(folder: &Path, from: &Path, backup: &str) -> Value {
    std::fs::copy(from.join("warifu.keys"), folder.join("warifu.keys")).unwrap();
    told(folder, &["restore", from.join(backup).to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_payments_holds_what_was_acknowledged_and_comes_back_to_the_yen() {
    let (folder, origin) = place();
    let people = add_people(folder.path()).await;
    let serving = Serving::start(folder.path(), &origin).await;
    let cashier = Cashier::by_token(&origin, &people.till);
    let members: Vec<_> = people.members.iter().map(|token| Member::by_handset(&origin, token)).collect();
    for member in &members {
        let _ = cashier.top_up(10_000, &member.show_code().await).await.expect(201);
    }
    let (stop, paid) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let paying: Vec<_> = members
        .iter()
        .map(|member| tokio::spawn(pay_on(cashier.clone(), member.clone(), Arc::clone(&stop), Arc::clone(&paid))))
        .collect();
    while paid.lock().unwrap().len() < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before: Vec<String> = paid.lock().unwrap().clone();
    let made = told(folder.path(), &["backup", "running.db"]);
    let after = paid.lock().unwrap().len();
    assert!(after > before.len(), "payments went on beside the backup");
    stop.store(true, Ordering::Relaxed);
    for payer in paying {
        payer.await.unwrap();
    }
    let _ = told(folder.path(), &["backup", "quiet.db"]);
    let mut known = Vec::new();
    for member in &members {
        known.push(member.snapshot().await);
    }
    serving.end();

    let (other, origin) = place();
    let restored = restore_into(other.path(), folder.path(), "running.db");
    assert_eq!(restored["transactions"], made["transactions"]);
    let serving = Serving::start(other.path(), &origin).await;
    let cashier = Cashier::by_token(&origin, &people.till);
    for payment in &before {
        let _ = cashier.payment(payment).await;
    }
    serving.end();

    let (other, origin) = place();
    let _ = restore_into(other.path(), folder.path(), "quiet.db");
    let serving = Serving::start(other.path(), &origin).await;
    for (token, known) in people.members.iter().zip(&known) {
        assert_eq!(&Member::by_handset(&origin, token).snapshot().await, known);
    }
    // It goes on as if nothing had been.
    let (cashier, member) = (Cashier::by_token(&origin, &people.till), Member::by_handset(&origin, &people.members[0]));
    let code = member.show_code().await;
    let _ = cashier.take_as("after-1", 1, &code).await.expect(201);
    serving.end();
    assert_eq!(told(other.path(), &["verify"])["violation_count"], 0);
}

#[test]
fn a_restored_backup_is_the_very_same_and_a_looked_at_one_still_restores() {
    let folder = used_place();
    let made = told(folder.path(), &["backup", "a.db"]);
    assert_eq!(
        names(folder.path()),
        ["a.db", "a.db.manifest", "warifu-demo", "warifu.db", "warifu.keys", "warifu.toml"]
    );
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.path().join("a.db.manifest")).unwrap()).unwrap();
    assert_eq!(manifest["sha256"], made["sha256"]);
    assert_eq!(manifest["keys"], serde_json::json!([1]));
    let secret = std::fs::read_to_string(folder.path().join("warifu.keys")).unwrap();
    let secret = secret.rsplit('"').nth(1).unwrap();
    assert!(secret.len() > 40 && !manifest.to_string().contains(secret), "the manifest holds no key");
    assert_eq!(told(folder.path(), &["verify", "--database", "sqlite:a.db"])["violation_count"], 0);

    std::fs::rename(folder.path().join("warifu.db"), folder.path().join("old.db")).unwrap();
    let told_json = told(folder.path(), &["restore", "a.db"]);
    assert_eq!(told_json["missing_keys"], "none");
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("a.db") == read("warifu.db"));
    assert_eq!(told(folder.path(), &["verify"]), told(folder.path(), &["verify", "--database", "sqlite:old.db"]));
}

#[test]
fn what_is_there_is_never_replaced() {
    let folder = used_place();
    for taken in ["a.db", "a.db.manifest"] {
        std::fs::write(folder.path().join(taken), "mine").unwrap();
        let text = complaint(folder.path(), &["backup", "a.db"]);
        assert!(text.contains(&format!("{taken} is there already")), "{text}");
        assert_eq!(std::fs::read(folder.path().join(taken)).unwrap(), b"mine");
        std::fs::remove_file(folder.path().join(taken)).unwrap();
    }
    let _ = told(folder.path(), &["backup", "a.db"]);
    let database = std::fs::read(folder.path().join("warifu.db")).unwrap();
    let text = complaint(folder.path(), &["restore", "a.db"]);
    assert!(text.contains("warifu.db is there already, and a restore never replaces a database"), "{text}");
    assert!(database == std::fs::read(folder.path().join("warifu.db")).unwrap());
    // A log that another database left would be read as a part of this one.
    std::fs::rename(folder.path().join("warifu.db"), folder.path().join("old.db")).unwrap();
    std::fs::write(folder.path().join("warifu.db-wal"), "left").unwrap();
    let text = complaint(folder.path(), &["restore", "a.db"]);
    assert!(text.contains("warifu.db-wal is there already"), "{text}");
    assert!(!folder.path().join("warifu.db").exists());
}

#[test]
fn a_changed_backup_is_refused_wherever_it_was_changed() {
    let folder = used_place();
    let _ = told(folder.path(), &["backup", "a.db"]);
    std::fs::remove_file(folder.path().join("warifu.db")).unwrap();
    let path = folder.path().join("a.db");
    let whole = std::fs::read(&path).unwrap();
    let left = names(folder.path());
    for at in [0, 30, 4_096, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        let text = complaint(folder.path(), &["restore", "a.db"]);
        assert!(text.contains("a.db is not what was backed up: its SHA-256 is"), "{at}: {text}");
        assert_eq!(names(folder.path()), left, "{at}");
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let text = complaint(folder.path(), &["restore", "a.db"]);
    assert!(text.contains("bytes, the manifest says"), "{text}");
    std::fs::write(&path, &whole).unwrap();

    let manifest = folder.path().join("a.db.manifest");
    let text = std::fs::read_to_string(&manifest).unwrap();
    for (from, to, reason) in [
        ("\"format\": 1", "\"format\": 2", "it has layout 2, this version reads 1"),
        ("\"format\": 1,", "", "it has no `format`"),
        ("\"wallets\"", "\"walets\"", "unknown field `walets`"),
        ("\"0\": ", "\"0\": 1", "the database says otherwise than its manifest"),
        ("90000123", "90000124", "the database says otherwise than its manifest"),
        ("{", "", "is not the manifest of a backup"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let said = complaint(folder.path(), &["restore", "a.db"]);
        assert!(said.contains(reason), "{from}: {said}");
    }
    std::fs::remove_file(&manifest).unwrap();
    let said = complaint(folder.path(), &["restore", "a.db"]);
    assert!(said.contains("a.db.manifest: No such file"), "{said}");
    assert_eq!(names(folder.path()).len(), left.len() - 1, "a refused restore leaves nothing");
}

#[test]
fn only_the_keys_of_the_backup_open_it() {
    let folder = used_place();
    let keys = folder.path().join("warifu.keys");
    let first = std::fs::read_to_string(&keys).unwrap();
    let second = format!("[[keys]]\nid = 2\nsecret = \"{}=\"\n", "A".repeat(43));
    std::fs::write(&keys, format!("{first}{second}")).unwrap();
    // A key that was used is one that the database was opened with.
    let _ = told(folder.path(), &["member", "add"]);
    let made = told(folder.path(), &["backup", "a.db"]);
    assert_eq!(made["keys"], "1, 2");
    std::fs::remove_file(folder.path().join("warifu.db")).unwrap();

    let left = names(folder.path());
    let another = format!("[[keys]]\nid = 2\nsecret = \"{}E=\"\n", "A".repeat(42));
    let stranger = another.replace("id = 2", "id = 7");
    for (ring, reason) in [
        (first.clone(), "made with key 2, and the newest key in the key file is 1"),
        (format!("{first}{another}"), "key 2 is not the one this database was used with"),
        (stranger, "key 7 is not the one this database was used with"),
    ] {
        std::fs::write(&keys, &ring).unwrap();
        let text = complaint(folder.path(), &["restore", "a.db"]);
        assert!(text.contains(reason), "{text}");
        assert_eq!(names(folder.path()), left);
    }
    std::fs::rename(&keys, folder.path().join("elsewhere")).unwrap();
    let text = complaint(folder.path(), &["restore", "a.db"]);
    assert!(text.contains("used with a key file, and warifu.keys is not there"), "{text}");
    std::fs::rename(folder.path().join("elsewhere"), &keys).unwrap();

    // An old key may have been dropped for good; what that costs is said.
    std::fs::write(&keys, second).unwrap();
    assert_eq!(told(folder.path(), &["restore", "a.db"])["missing_keys"], "1");
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing() {
    let folder = used_place();
    let left = names(folder.path());
    for target in ["none/a.db", "warifu.keys/a.db"] {
        let text = complaint(folder.path(), &["backup", target]);
        assert!(text.contains(target.split('/').next().unwrap()) && text.contains("because:"), "{text}");
    }
    // The disk is full: no file may grow beyond 64 KiB, and the system says so instead of ending the process.
    assert!(std::fs::metadata(folder.path().join("warifu.db")).unwrap().len() > 128 * 1024);
    let line = format!("trap '' XFSZ; ulimit -f 64; exec '{}' backup a.db", env!("CARGO_BIN_EXE_warifu"));
    let output = Command::new("bash").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("warifu: "), "{text}");
    assert!(text.contains("full") || text.contains("disk I/O error"), "{text}");
    assert_eq!(names(folder.path()), left);
    // A restore likewise.
    let _ = told(folder.path(), &["backup", "a.db"]);
    std::fs::remove_file(folder.path().join("warifu.db")).unwrap();
    let left = names(folder.path());
    let line = line.replace("backup", "restore");
    let output = Command::new("bash").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("File too large"), "{text}");
    assert_eq!(names(folder.path()), left);
}

#[tokio::test]
async fn a_ledger_that_does_not_hold_is_not_backed_up_as_if_it_did() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let (folder, _) = place();
    let arguments = ["demo", "--once", "--listen", "127.0.0.1:0", "--database", database.url()];
    assert!(warifu(folder.path(), &arguments).status.success());
    database.execute_raw("UPDATE wallets SET paid = paid + 1 WHERE paid > 0").await;
    let left = names(folder.path());
    let text = complaint(folder.path(), &["backup", "a.db", "--database", database.url()]);
    assert!(text.contains("violations of the invariants, the first: invariant 4: wallet wal_"), "{text}");
    assert_eq!(names(folder.path()), left);
}

#[tokio::test]
async fn a_restore_beside_a_server_is_refused() {
    let (folder, origin) = place();
    let serving = Serving::start(folder.path(), &origin).await;
    let _ = told(folder.path(), &["backup", "a.db"]);
    // Moved away under the server, which goes on writing to it.
    for name in ["warifu.db", "warifu.db-wal", "warifu.db-shm"] {
        std::fs::rename(folder.path().join(name), folder.path().join(format!("old-{name}"))).unwrap();
    }
    let text = complaint(folder.path(), &["restore", "a.db"]);
    assert!(text.contains("end the server before restoring"), "{text}");
    assert!(!folder.path().join("warifu.db").exists());
    drop(serving);
}

#[test]
fn what_is_no_file_has_other_tools() {
    let (folder, _) = place();
    for command in ["backup", "restore"] {
        let text = complaint(folder.path(), &[command, "a.db", "--database", "postgres://u@127.0.0.1:1/n"]);
        assert!(text.contains("pg_dump") && text.contains("docs/guides/backup.md"), "{text}");
    }
    let text = complaint(folder.path(), &["backup", "a.db"]);
    assert!(text.contains("there is no database at warifu.db"), "{text}");
    assert_eq!(names(folder.path()), ["warifu.toml"]);
}
