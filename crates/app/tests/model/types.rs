//! The plain things that the model is made of. No rules here.

use super::civil::{Date, SECOND};

/// A word of the list of refusals.
pub type Word = &'static str;

/// Every refusal, in the order of the checks.
pub const WORDS: [Word; 18] = [
    "terminal_frozen",
    "shop_closed",
    "code_unknown",
    "code_bound",
    "code_consumed",
    "code_expired",
    "wallet_closed",
    "wallet_frozen",
    "not_cancelable",
    "already_canceled",
    "already_refunded",
    "hold_expired",
    "hold_closed",
    "capture_exceeds_authorized",
    "refund_exceeds_captured",
    "top_up_spent",
    "insufficient_balance",
    "limit_exceeded",
];

/// How long a code is good.
pub const CODE_LIFE: i64 = 300 * SECOND;

/// An account of a wallet. Their order is that of the spending order on a tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    Points,
    Bonus,
    Paid,
}

/// All accounts, in the order of every array that has one figure for each.
pub const ACCOUNTS: [Account; 3] = [Account::Paid, Account::Bonus, Account::Points];

/// A lot, or some of a lot. `origin` is the number of the event that opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub account: Account,
    pub number: u64,
    pub origin: usize,
    pub expiry: Option<i64>,
    pub amount: i64,
}

/// What a wallet may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Active,
    Frozen,
    Closing,
    Closed,
}

/// A wallet: its lots by number, none of them empty.
#[derive(Clone, Debug)]
pub struct Wallet {
    pub id: u32,
    pub standing: Standing,
    pub lots: Vec<Part>,
    pub lots_opened: u64,
}

/// A shop. `yen_per_point` 0 gives no points.
#[derive(Clone, Debug)]
pub struct Shop {
    pub id: u32,
    pub frozen: bool,
    pub yen_per_point: i64,
    pub closing_minutes: i64,
}

/// A terminal, named by its caller number. Without a shop it is an ATM.
#[derive(Clone, Debug)]
pub struct Terminal {
    pub caller: u32,
    pub shop: Option<u32>,
    pub frozen: bool,
}

/// A code. Of a wallet only the newest is good.
#[derive(Clone, Debug)]
pub struct Code {
    pub number: u64,
    pub wallet: u32,
    pub issued_at: i64,
    pub expires_at: i64,
    pub use_points: bool,
    pub bound: Option<u32>,
    pub used: bool,
}

/// What became of the hold of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// Never there: refused, or captured at once.
    None,
    Open,
    /// Captured whole, or closed by a final capture.
    Closed,
    Voided,
    /// Released because its expiry had come.
    Lapsed,
    /// Released by a cancel.
    Canceled,
}

/// A captured part, and how much of it was not refunded yet.
#[derive(Clone, Debug)]
pub struct Captured {
    pub part: Part,
    pub left: i64,
}

/// One refund: `asked` is the share of the points that fell to it, of which `taken` were there.
#[derive(Clone, Debug)]
pub struct Refund {
    pub amount: i64,
    pub asked: i64,
    pub taken: i64,
    pub kept: i64,
    pub forgiven: i64,
}

/// A payment, refused ones too. Its number is its place in `Model::payments`.
#[derive(Clone, Debug)]
pub struct Payment {
    pub caller: u32,
    pub request: String,
    pub shop: u32,
    pub wallet: Option<u32>,
    pub amount: i64,
    pub refused: Option<Word>,
    pub hold: HoldState,
    pub hold_expires: Option<i64>,
    pub hold_parts: Vec<Part>,
    pub captured: Vec<Captured>,
    /// Number of the lot and points, for each capture that gave any.
    pub earned: Vec<(u64, i64)>,
    pub refunds: Vec<Refund>,
    pub canceled: bool,
    /// Captures, voids and refunds.
    pub followers: usize,
}

/// A cash top-up, refused ones too. Its number is its place in `Model::top_ups`.
#[derive(Clone, Debug)]
pub struct TopUp {
    pub caller: u32,
    pub request: String,
    pub shop: Option<u32>,
    pub wallet: Option<u32>,
    pub amount: i64,
    pub lot: Option<u64>,
    pub refused: Option<Word>,
    pub canceled: bool,
}

/// The issuer's policy. `None` is off. Lives in days of 24 hours and in calendar months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub till_top_up_max: Option<i64>,
    pub atm_top_up_max: Option<i64>,
    pub exchange_max: Option<i64>,
    pub payment_max: Option<i64>,
    pub balance_max: Option<i64>,
    pub wallet_top_up_day: Option<i64>,
    pub wallet_top_up_month: Option<i64>,
    pub wallet_payment_day: Option<i64>,
    pub wallet_payment_month: Option<i64>,
    pub terminal_top_up_day: Option<i64>,
    pub terminal_payment_day: Option<i64>,
    pub hold_days: Option<i64>,
    pub paid_days: Option<i64>,
    pub bonus_days: Option<i64>,
    pub points_months: Option<i64>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            till_top_up_max: Some(49_000),
            atm_top_up_max: Some(100_000),
            exchange_max: None,
            payment_max: None,
            balance_max: Some(100_000),
            wallet_top_up_day: None,
            wallet_top_up_month: None,
            wallet_payment_day: None,
            wallet_payment_month: None,
            terminal_top_up_day: None,
            terminal_payment_day: None,
            hold_days: Some(7),
            paid_days: None,
            bonus_days: Some(180),
            points_months: Some(12),
        }
    }
}

/// Who asks, under which key, and when it was recorded (microseconds from 1970 UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub caller: u32,
    pub request: String,
    pub body: String,
    pub time: i64,
}

/// Everything that can be asked of the model. The last six, and the sweep, have no request key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Pay {
        code: u64,
        amount: i64,
        later: bool,
    },
    Capture {
        payment: usize,
        amount: i64,
        last: bool,
    },
    Void {
        payment: usize,
    },
    Refund {
        payment: usize,
        amount: i64,
    },
    CancelPayment {
        payment: usize,
    },
    CancelPaymentByRequest {
        request: String,
    },
    TopUp {
        code: u64,
        amount: i64,
    },
    CancelTopUp {
        top_up: usize,
    },
    CancelTopUpByRequest {
        request: String,
    },
    Grant {
        wallet: u32,
        amount: i64,
        expiry: Option<i64>,
    },
    Exchange {
        wallet: u32,
        amount: i64,
    },
    /// Adds if positive, takes if negative.
    Correct {
        wallet: u32,
        account: Account,
        amount: i64,
    },
    Compensate {
        wallet: u32,
        amount: i64,
    },
    /// Of all wallets.
    Sweep,
    IssueCode {
        code: u64,
        wallet: u32,
        use_points: bool,
    },
    FreezeTerminal {
        caller: u32,
        frozen: bool,
    },
    FreezeShop {
        shop: u32,
        frozen: bool,
    },
    SetWallet {
        wallet: u32,
        standing: Standing,
    },
    SetYenPerPoint {
        shop: u32,
        yen: i64,
    },
    SetPolicy {
        policy: Box<Policy>,
    },
}

/// What was done. What does not apply is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub payment: Option<usize>,
    pub top_up: Option<usize>,
    pub wallet: Option<u32>,
    /// Parts held, captured, released, drawn, or given back to their lots, in that command's order.
    pub parts: Vec<Part>,
    /// Parts that a final capture or a cancel released besides.
    pub released: Vec<Part>,
    /// Number of the lot that was opened (or that earned points were added to).
    pub lot: Option<u64>,
    pub points_earned: i64,
    /// The points that this refund was to take: really taken, plus kept back in yen, plus forgiven.
    pub points_asked: i64,
    pub points_taken: i64,
    pub yen_kept: i64,
    pub points_forgiven: i64,
    /// Only of what comes from a terminal.
    pub business_date: Option<Date>,
    pub policy: u64,
}

/// The answer that the model expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The answer of this event of `Model::events` again.
    Replay(usize),
    Conflict,
    Refused(Word),
    Done(Box<Done>),
}

/// What an event was, for sums and for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Payment,
    Capture,
    Void,
    Refund,
    CancelPayment,
    TopUp,
    CancelTopUp,
    Grant,
    Exchange,
    Correction,
    Compensation,
    Sweep,
}

/// Something that was decided, with its answer (never a replay or a conflict).
#[derive(Clone, Debug)]
pub struct Event {
    pub call: Call,
    pub kind: Kind,
    pub wallet: Option<u32>,
    pub amount: i64,
    /// Whether it counts at its terminal: only while a limit of terminals is on.
    pub counts_at_terminal: bool,
    pub answer: Expected,
}

/// An account of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    Wallet(u32, Account),
    Payable(u32),
    Cash(u32),
    AtmCash,
    PointsExpense,
    BonusExpense,
    Breakage,
    Compensation,
    Suspense,
}

/// What a book is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Yen,
    Points,
}

/// One line of the books; `amount` is positive for a debit.
#[derive(Clone, Debug)]
pub struct Entry {
    pub event: usize,
    pub book: Book,
    pub unit: Unit,
    pub amount: i64,
}
