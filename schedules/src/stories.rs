//! What the commit queue promises, whatever the order of its steps. That an answer is true, given once, and stays true is
//! looked at in every story, by `books`.

use std::sync::Arc;
use std::time::Duration;

use shuttle::future::yield_now;

use crate::books::Nature::{Plain, Poison, Taken};
use crate::books::Outcome::{Away, Corrupt, Done, Failed, GaveWay, LostAfter, LostBefore};
use crate::queue::Bounds;
use crate::stage::{ROOMY, all, play};

/// Whoever submits is answered once, from the commit that holds the command, with its own receipt or its own refusal.
#[test]
fn everybody_is_answered_from_the_commit_that_holds_the_command() {
    play(ROOMY, &[Done], &["done", "refused by itself"], |stage| async move {
        let mut people = stage.crowd(3, &[Plain, Plain]);
        people.push(stage.somebody(&[Taken, Plain]));
        all(people).await;
        assert_eq!((stage.books.count("done"), stage.books.count("refused by itself")), (7, 1));
    });
}

/// Whenever the queue is drained, and whoever else drains it: what was taken is done before the drain returns, the rest is
/// told and not done, and nothing is committed afterwards.
#[test]
fn a_drain_at_any_moment_finishes_what_waits_and_takes_nothing_new() {
    play(ROOMY, &[Done], &["done", "shutting down"], |stage| async move {
        let mut people = stage.crowd(4, &[Plain, Plain]);
        for _ in 0..2 {
            let closing = Arc::clone(&stage);
            people.push(tokio::spawn(async move { closing.drain().await }));
        }
        all(people).await;
        assert_eq!(stage.books.count("done") + stage.books.count("shutting down"), 8);
    });
}

/// More than may wait: those beyond are told at once and certainly not done, the others are done.
#[test]
fn a_full_queue_tells_at_once_and_does_nothing() {
    let bounds = Bounds { queue_max: 2, batch_max: 2, ..ROOMY };
    play(bounds, &[Done], &["done", "overloaded"], |stage| async move {
        all(stage.crowd(6, &[Plain])).await;
        let (done, overloaded) = (stage.books.count("done"), stage.books.count("overloaded"));
        assert_eq!(done + overloaded, 6);
        assert!(done >= 2, "there was room for two");
    });
}

/// Whoever waited past the deadline is told so and certainly not done, also while a drain goes on.
#[test]
fn who_waits_past_the_deadline_is_certainly_not_done() {
    let must_see = ["done", "timed out", "shutting down"];
    play(Bounds { batch_max: 2, ..ROOMY }, &[Done], &must_see, |stage| async move {
        let mut people = stage.crowd(5, &[Plain]);
        people.push(stage.clock(3, Duration::from_secs(6)));
        let closing = Arc::clone(&stage);
        people.push(tokio::spawn(async move { closing.drain().await }));
        all(people).await;
    });
}

/// A batch that holds a command that the database refuses is taken apart, so that only this one fails; who has waited too
/// long by then is certainly not done.
#[test]
fn a_batch_that_fails_as_a_whole_is_taken_apart() {
    let must_see = ["done", "refused by the database", "timed out", "a batch of several failed"];
    play(ROOMY, &[Done], &must_see, |stage| async move {
        let mut people = stage.crowd(4, &[Plain]);
        people.push(stage.somebody(&[Poison]));
        people.push(stage.clock(2, Duration::from_secs(6)));
        all(people).await;
        let refused = stage.books.count("refused by the database");
        assert_eq!(stage.books.count("done") + stage.books.count("timed out") + refused, 5);
        assert!(refused <= 1);
    });
}

/// A batch whose outcome is lost, or that gave way, is run again; who was in a lost one and finds no outcome is told that it
/// is unknown, and never that nothing was done.
#[test]
fn a_lost_outcome_is_asked_for_again_and_never_told_as_not_done() {
    let must_see = ["done", "unknown", "gave way", "unavailable", "failed", "an outcome was lost"];
    play(ROOMY, &[Done, GaveWay, LostAfter, LostBefore, Away, Failed, Corrupt], &must_see, |stage| async move {
        let mut people = stage.crowd(3, &[Plain]);
        people.push(stage.somebody(&[Poison, Plain]));
        all(people).await;
    });
}

/// Once the queue stays long, whoever comes and finds a whole batch waiting is told so at once and certainly not done.
#[test]
fn a_queue_that_stays_long_tells_whom_it_will_not_do() {
    let bounds = Bounds { batch_max: 1, long: 1, ..ROOMY };
    play(bounds, &[Done], &["done", "overloaded"], |stage| async move {
        let mut people = stage.crowd(6, &[Plain, Plain]);
        people.push(stage.clock(2, Duration::from_millis(4)));
        all(people).await;
        assert_eq!(stage.books.count("done") + stage.books.count("overloaded"), 12);
        assert_eq!(stage.books.count("timed out"), 0);
    });
}

/// What is queued for later is done before the drain is over, or never; and keeps nobody from draining.
#[test]
fn what_comes_later_is_done_before_the_drain_is_over_or_never() {
    play(ROOMY, &[Done], &["done", "later: done", "later: never"], |stage| async move {
        let later = [stage.unheard(), stage.unheard()];
        for command in later {
            stage.queue.submit_later(command, Duration::from_secs(5)).expect("not drained yet");
        }
        let people = stage.crowd(2, &[Plain]);
        yield_now().await;
        stage.drain().await;
        let committed = stage.books.state().committed.clone();
        all(people).await;
        for command in later {
            let is_done = committed.contains(&command.id);
            stage.books.seen.note(if is_done { "later: done" } else { "later: never" });
        }
        assert!(stage.books.state().committed == committed, "committed after the drain");
    });
}

/// Who hangs up takes nothing from the others, and finds a command that is done or not.
#[test]
fn who_hangs_up_takes_nothing_from_the_others() {
    play(ROOMY, &[Done], &["done", "hung up: done", "hung up: not done"], |stage| async move {
        let (caller, command) = (Arc::clone(&stage), stage.unheard());
        let impatient = tokio::spawn(async move { drop(caller.queue.submit(command).await) });
        let people = stage.crowd(3, &[Plain]);
        yield_now().await;
        impatient.abort();
        all(people).await;
        assert_eq!(stage.books.count("done"), 3);
        stage.drain().await;
        let is_done = stage.books.state().committed.contains(&command.id);
        stage.books.seen.note(if is_done { "hung up: done" } else { "hung up: not done" });
    });
}

/// All of it at once.
#[test]
fn all_of_it_at_once() {
    let bounds = Bounds { queue_max: 4, batch_max: 2, long: 2, tries: 2, ..ROOMY };
    let must_see = ["done", "unknown", "overloaded", "timed out", "shutting down", "refused by the database", "failed"];
    play(bounds, &[Done, Done, Done, GaveWay, LostAfter, LostBefore, Failed], &must_see, |stage| async move {
        stage.queue.submit_later(stage.unheard(), Duration::from_secs(1)).expect("not drained yet");
        let mut people = stage.crowd(5, &[Plain, Plain]);
        people.push(stage.somebody(&[Poison, Taken]));
        people.push(stage.clock(2, Duration::from_secs(6)));
        let closing = Arc::clone(&stage);
        people.push(tokio::spawn(async move {
            for _ in 0..4 {
                yield_now().await;
            }
            closing.drain().await;
        }));
        all(people).await;
    });
}
