//! The pass over what follows payments and top-ups: captures, voids, refunds and cancels, in the order in which they came.

use warifu_core::ledger::{Account, Done, Kind, Transaction as Record};
use warifu_core::lot::{Part, Step};
use warifu_core::time::Time;

use super::course::Course;
use super::{Complaints, Invariant, PAGE, Run, transaction_name};
use crate::error::StoreError;
use crate::journal::{journal_columns, read_recorded};
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_FOLLOWING (Blob, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(),
            "WHERE j.parent_id IS NOT NULL AND j.refusal IS NULL AND (j.parent_id, j.position) > ($1, $2) \
             ORDER BY j.parent_id, j.position LIMIT $3");
    FIND_FOLLOWED (Blob)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        concat!(journal_columns!(), "WHERE j.id = $1");
}

/// How many may follow one payment, the cancel included. More are not kept.
const FOLLOWERS: usize = 1_001;

/// What follows one payment or top-up.
#[derive(Default)]
struct Followers {
    parent: Vec<u8>,
    records: Vec<Record>,
    too_many: bool,
}

impl Run<'_> {
    pub(super) async fn payments(&mut self) -> Result<(), StoreError> {
        let mut last = (Vec::new(), -1);
        let (mut followers, mut rows) = (Followers::default(), 0_u64);
        loop {
            let params = [Value::Blob(last.0), last.1.into(), PAGE.into()];
            let page = self.transaction.rows(&LIST_FOLLOWING, &params).await?;
            let Some(end) = page.last() else { break };
            last = (end.blob(14)?.to_vec(), end.int(0)?);
            for row in page {
                let parent = row.blob(14)?;
                if parent != followers.parent {
                    let next = Followers { parent: parent.to_vec(), ..Followers::default() };
                    self.followed(std::mem::replace(&mut followers, next)).await?;
                }
                followers.add(&row);
                rows = rows.saturating_add(1);
            }
            self.tell("payments", rows);
        }
        self.followed(followers).await
    }

    /// Looks at one payment or top-up with all that follows it.
    async fn followed(&mut self, mut followers: Followers) -> Result<(), StoreError> {
        if followers.records.is_empty() {
            return Ok(());
        }
        let object = transaction_name(&followers.parent);
        if followers.too_many {
            self.report.violated(Invariant::Refunds, &object, format!("more than {FOLLOWERS} transactions follow it"));
        }
        followers.sort();
        let Some(row) = self.transaction.row(&FIND_FOLLOWED, &[Value::Blob(followers.parent)]).await? else {
            for record in followers.records {
                let object = transaction_name(&record.id.bytes());
                self.report.violated(Invariant::Refunds, object, "what it follows is not in the journal");
            }
            return Ok(());
        };
        // A row that cannot be read was named by the pass over the streams.
        let Ok(parent) = read_recorded(&row) else { return Ok(()) };
        let mut parent = Parent::new(&parent.record);
        for record in &followers.records {
            let Some(done) = record.done() else { continue };
            let mut complaints = Complaints::default();
            parent.follow(record, done, &mut complaints);
            self.report.take(&transaction_name(&record.id.bytes()), complaints);
        }
        Ok(())
    }
}

impl Followers {
    fn add(&mut self, row: &Row) {
        let Ok(recorded) = read_recorded(row) else { return };
        if self.records.len() < FOLLOWERS {
            self.records.push(recorded.record);
        } else {
            self.too_many = true;
        }
    }

    /// In the order in which they came: by the version of the wallet, for streams know nothing of each other. What has no
    /// version changed nothing and can only be the last.
    fn sort(&mut self) {
        self.records.sort_by_key(|record| (record.wallet_version().unwrap_or(i64::MAX), record.at));
    }
}

/// What is followed.
struct Parent<'a> {
    record: &'a Record,
    course: What,
    /// When the last of what followed was recorded.
    last_at: Time,
    is_canceled: bool,
}

enum What {
    Payment(Course),
    TopUp(Option<Part>, Option<Account>),
    /// It was refused, so there is nothing to undo.
    Refused,
    /// Nothing that anything may follow.
    Other,
}

impl<'a> Parent<'a> {
    fn new(record: &'a Record) -> Self {
        let course = match (record.kind, record.done()) {
            (Kind::Payment | Kind::Authorization, Some(done)) => What::Payment(Course::begin(record, done)),
            (Kind::TopUp, Some(done)) => {
                let opened = done.moves.iter().find(|step| step.step == Step::In).map(|step| step.part.clone());
                let is_cash = |account: &Account| matches!(account, Account::ShopCash | Account::AtmCash);
                What::TopUp(opened, done.transfers.iter().map(|transfer| transfer.debit).find(is_cash))
            }
            (Kind::Payment | Kind::Authorization | Kind::TopUp, None) => What::Refused,
            _ => What::Other,
        };
        Self { record, course, last_at: record.at, is_canceled: false }
    }

    fn follow(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        self.belongs(record, complaints);
        complaints.unless(!self.is_canceled, Invariant::Refunds, || "it follows what was cancelled".to_owned());
        complaints.unless(record.at >= self.last_at, Invariant::Refunds, || {
            "it is older than what it follows, or than what followed before it".to_owned()
        });
        self.last_at = self.last_at.max(record.at);
        match &mut self.course {
            What::Payment(course) => course.follow(record, done, complaints),
            What::TopUp(opened, cash) => undo(opened.as_ref(), *cash, record, done, complaints),
            What::Refused => nothing(record, done, complaints),
            What::Other => complaints.add(Invariant::Refunds, format!("nothing follows a {}", self.record.kind.text())),
        }
        if matches!(record.kind, Kind::Cancel | Kind::TopUpCancel) {
            self.is_canceled = true;
        }
    }

    /// Whether it is of the same wallet, shop and book, and later.
    fn belongs(&self, record: &Record, complaints: &mut Complaints) {
        let parent = self.record;
        let is_refused = matches!(self.course, What::Refused);
        let same_wallet = record.wallet == parent.wallet || is_refused && record.wallet.is_none();
        complaints
            .unless(same_wallet, Invariant::Refunds, || "it belongs to another wallet than what it follows".to_owned());
        let same_shop = record.shop == parent.shop || is_refused && parent.shop.is_none();
        complaints.unless(same_shop && record.book == parent.book, Invariant::Refunds, || {
            "it belongs to another shop or book than what it follows".to_owned()
        });
        let is_later = record.wallet_version().is_none_or(|version| Some(version) > parent.wallet_version());
        complaints.unless(is_later, Invariant::Refunds, || "its wallet's version is not after that".to_owned());
    }
}

/// A top-up that is undone gives back the very lot that it opened, to where the cash came from.
fn undo(opened: Option<&Part>, cash: Option<Account>, record: &Record, done: &Done, complaints: &mut Complaints) {
    if record.kind != Kind::TopUpCancel {
        complaints.add(Invariant::Refunds, format!("a {} does not follow a top-up", record.kind.text()));
        return;
    }
    let taken: Vec<&Part> = done.moves.iter().filter(|step| step.step == Step::Out).map(|step| &step.part).collect();
    // A refund may have brought the lot back, with another expiry.
    let is_lot = |part: &Part, opened: &Part| *part == Part { expires_at: part.expires_at, ..opened.clone() };
    let gave_back = opened.is_some_and(|opened| matches!(taken.as_slice(), [part] if is_lot(part, opened)));
    complaints.unless(gave_back, Invariant::Refunds, || "it does not take away what the top-up put in".to_owned());
    let is_cash = |account: &Account| matches!(account, Account::ShopCash | Account::AtmCash);
    let to = done.transfers.iter().map(|transfer| transfer.credit).find(is_cash);
    complaints.unless(to == cash, Invariant::Refunds, || "the cash goes where it did not come from".to_owned());
}

fn nothing(record: &Record, done: &Done, complaints: &mut Complaints) {
    let cancels = matches!(record.kind, Kind::Cancel | Kind::TopUpCancel);
    let moves_nothing = done.wallet_version.is_none() && record.amount.is_zero() && done.totals.is_none();
    complaints.unless(cancels && moves_nothing, Invariant::Refunds, || {
        "what it follows was refused, which can be cancelled and nothing else".to_owned()
    });
}
