//! Private databases: both engines, side by side, gone when dropped.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test that cannot go on panics; one prints what its parent reads.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use warifu_testkit::{Cluster, Engine, TestDatabase, on_both_databases};

on_both_databases! {
    async fn a_database_is_migrated_when_it_is_opened(database: TestDatabase) {
        database.open().await.check_schema().await.unwrap();
        database.open().await.check_schema().await.unwrap();
        assert_eq!(database.parsed_url(), database.url().parse().unwrap());
        assert_eq!(database.query_raw("SELECT count(*) FROM journal").await, [["0"]]);
    }

    async fn raw_sql_goes_past_the_guards_only_when_it_should(database: TestDatabase) {
        let _open = database.open().await;
        let bytes = match database.engine() {
            Engine::Sqlite => "x'00112233445566778899aabbccddeeff'",
            Engine::Postgres => r"'\x00112233445566778899aabbccddeeff'",
        };
        let orphan = format!("INSERT INTO shops (id, merchant_id, name, created_at) VALUES ({bytes}, {bytes}, 'a', 1)");
        let refusal = database.attempt_raw(&orphan).await.unwrap_err();
        assert!(refusal.to_lowercase().contains("foreign key"), "{refusal}");
        database.execute_raw(&orphan).await;
        let found = database.query_raw("SELECT id, name, created_at, NULL FROM shops").await;
        assert_eq!(found, [[r"\x00112233445566778899aabbccddeeff", "a", "1", "NULL"]]);
    }

    async fn the_last_of_several_statements_is_what_is_found(database: TestDatabase) {
        let sql = "CREATE TABLE t (a bigint); INSERT INTO t VALUES (1); SELECT 7; SELECT a FROM t";
        assert_eq!(database.query_raw(sql).await, [["1"]]);
    }
}

#[tokio::test]
async fn two_postgres_clusters_run_at_once_and_are_gone_after_drop() {
    let started = Instant::now();
    let first = Cluster::start();
    println!("started after {:?}", started.elapsed());
    let second = Cluster::start();
    println!("started after {:?}", started.elapsed());
    assert_ne!(first.port(), second.port());
    let url = first.create_database().await;
    println!("created after {:?}", started.elapsed());
    assert_ne!(url, first.create_database().await);
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok());
    let stopped = Instant::now();
    drop(first);
    println!("stopped in {:?}", stopped.elapsed());
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err());
    second.create_database().await;
}

/// Set in the process that is killed: the test runs itself.
const VICTIM: &str = "WARIFU_TESTKIT_VICTIM";

#[tokio::test]
async fn a_postgres_cluster_ends_with_a_test_that_is_killed() {
    let name = "a_postgres_cluster_ends_with_a_test_that_is_killed";
    if std::env::var_os(VICTIM).is_some() {
        let cluster = Cluster::start();
        println!("\nport {}", cluster.port());
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.find_map(|line| line.strip_prefix("port ")?.parse::<u16>().ok()).unwrap();
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(listens());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while listens() {
        assert!(Instant::now() < deadline, "the server outlives the test");
        std::thread::sleep(Duration::from_millis(20));
    }
}
