//! That the histories reach what they are for, and that the model agrees with itself all the way.

use super::super::model::Model;
use super::super::model::types::{Account, Command, Done, Expected, Standing, WORDS};
use super::{COMMANDS, History, WALLETS};

/// What was seen over many histories.
#[derive(Default)]
struct Seen {
    done: Vec<String>,
    words: Vec<&'static str>,
    replays: usize,
    conflicts: usize,
    kept: i64,
    forgiven: i64,
    clock_went_back: bool,
}

/// The name of a command, with what makes it another case.
fn name(command: &Command) -> String {
    let text = format!("{command:?}");
    let name = text.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
    match command {
        Command::Pay { later, .. } => format!("{name} later={later}"),
        Command::Capture { last, .. } => format!("{name} last={last}"),
        Command::Correct { account, amount, .. } => format!("{name} {account:?} adds={}", *amount > 0),
        Command::SetWallet { standing, .. } => format!("{name} {standing:?}"),
        _ => name,
    }
}

/// The models of a history: as it is, and with a sweep before every step.
fn run(seed: u64, seen: &mut Seen) -> Model {
    let mut history = History::new(seed);
    let policy = history.policy();
    let mut model = history.world(policy);
    let mut swept = model.clone();
    let mut time = history.clock();
    while !history.over() {
        let before = history.clock();
        let clock = history.advance(&model);
        let step = history.next(&model);
        seen.clock_went_back |= clock < before;
        time = time.max(clock); // As a server does that never records backwards.
        swept.apply(&step.call(time), &Command::Sweep);
        if matches!(step.command, Command::SetWallet { standing: Standing::Closed, .. }) {
            // To close a wallet is no command on money: it wants an empty one, even of what has expired.
            model.apply(&step.call(time), &Command::Sweep);
        }
        let answer = model.apply(&step.call(time), &step.command);
        assert_eq!(unnumbered(&answer), unnumbered(&swept.apply(&step.call(time), &step.command)), "{seed} {step:?}");
        match answer {
            Expected::Replay(event) => {
                assert!(step.retry && !matches!(model.answer_of(event), Expected::Replay(_) | Expected::Conflict));
                seen.replays += 1;
            }
            Expected::Conflict => seen.conflicts += 1,
            Expected::Refused(word) => seen.words.push(word),
            Expected::Done(done) => {
                seen.kept += done.yen_kept;
                seen.forgiven += done.points_forgiven;
                seen.done.push(name(&step.command));
            }
        }
        model.audit(time);
        swept.audit(time);
    }
    for model in [&mut model, &mut swept] {
        WALLETS.iter().for_each(|wallet| model.sweep(time, *wallet));
    }
    assert_eq!(format!("{:?}", model.issuer_view()), format!("{:?}", swept.issuer_view()), "{seed}");
    model
}

/// An answer without the numbers of events, which sweeps move.
fn unnumbered(answer: &Expected) -> Expected {
    match answer {
        Expected::Replay(_) => Expected::Replay(0),
        Expected::Done(done) => {
            let mut done: Done = (**done).clone();
            done.parts.iter_mut().chain(&mut done.released).for_each(|part| part.origin = 0);
            Expected::Done(Box::new(done))
        }
        other => other.clone(),
    }
}

/// Also: a sweep before every step changes no answer.
#[test]
fn over_many_seeds_everything_is_done_and_refused() {
    let mut seen = Seen::default();
    for seed in 0..300 {
        run(seed, &mut seen);
    }
    let count = |list: &[String], word: &str| list.iter().filter(|w| *w == word).count();
    for word in WORDS {
        let times = seen.words.iter().filter(|w| **w == word).count();
        println!("{times:6} {word}");
        assert!(times > 0, "{word} is never reached");
    }
    let mut kinds = seen.done.clone();
    kinds.sort();
    kinds.dedup();
    for kind in &kinds {
        println!("{:6} {kind}", count(&seen.done, kind));
    }
    // 20 commands, of which: two ways to pay and to capture, six corrections, four standings.
    assert_eq!(kinds.len(), 20 + 1 + 1 + 5 + 3);
    for account in [Account::Paid, Account::Bonus, Account::Points] {
        assert!(count(&seen.done, &format!("Correct {account:?} adds=false")) > 0);
    }
    assert!(count(&seen.done, &format!("SetWallet {:?}", Standing::Closed)) > 0);
    println!("{} replays, {} conflicts, {} kept, {} forgiven", seen.replays, seen.conflicts, seen.kept, seen.forgiven);
    assert!(seen.replays > 0 && seen.conflicts > 0 && seen.clock_went_back);
    assert!(seen.kept > 0 && seen.forgiven > 0);
}

#[test]
fn a_seed_gives_the_same_history_each_time() {
    let (mut first, mut second) = (Seen::default(), Seen::default());
    for seed in [3, 77] {
        let a = run(seed, &mut first);
        let b = run(seed, &mut second);
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
        assert!(a.payments.len() <= COMMANDS);
    }
    assert_eq!(first.done, second.done);
}
