//! What could be lost: what wallets hold that was not spent, and what could leave them in one day under the present limits. Exact, in
//! yen; a point counts as the yen that it pays. Every figure comes with its formula, so that an insurer can follow it.

use crate::chart::Names;
use crate::limit::Policy;
use crate::lot::LotAccount;
use crate::money::Amount;
use crate::time::Time;
use crate::wallet::{Wallet, WalletState};

/// What a wallet holds, as far as it matters here. What has expired is not in it, booked or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// What its member may do.
    pub state: WalletState,
    /// Whether it pays from a device, so that it cools when it is moved to another.
    pub is_bound: bool,
    /// Paid yen, what is held of them included; likewise the next two.
    pub paid: Amount,
    /// Bonus yen.
    pub bonus: Amount,
    /// Points.
    pub points: Amount,
    /// How much of the three is held for payments that were authorised.
    pub held: Amount,
}

/// More than can be counted. Never of a sound book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wallets hold more than can be counted")]
pub struct TooMuch;

/// The sums over all wallets of the real book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// How many wallets there are.
    pub wallets: u64,
    /// How many of them hold anything.
    pub wallets_holding: u64,
    /// Paid yen that were not spent.
    pub paid: u64,
    /// Bonus yen.
    pub bonus: u64,
    /// Points.
    pub points: u64,
    /// How much of the three is held for payments that were authorised.
    pub held: u64,
    /// How much of the three is in wallets that cannot pay now.
    pub stopped: u64,
    /// What the fullest wallet holds.
    pub largest: u64,
    /// What could leave in a day if every wallet were moved to a thief's device.
    pub taken_over: u64,
    /// What could leave in a day if every member's own device paid for a thief.
    pub stolen: u64,
    /// The most that could leave one wallet in a day.
    pub one_wallet: u64,
}

impl Holding {
    /// What a wallet holds at `at`.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn of(wallet: &Wallet, is_bound: bool, at: Time) -> Result<Self, TooMuch> {
        let live = |account| wallet.available(account, at).checked_add(wallet.held_of(account)).ok_or(TooMuch);
        let mut held = Amount::ZERO;
        for account in LotAccount::ALL {
            held = held.checked_add(wallet.held_of(account)).ok_or(TooMuch)?;
        }
        Ok(Self {
            state: wallet.state,
            is_bound,
            paid: live(LotAccount::Paid)?,
            bonus: live(LotAccount::Bonus)?,
            points: live(LotAccount::Points)?,
            held,
        })
    }

    /// All that it holds.
    fn total(&self) -> Result<u64, TooMuch> {
        [self.paid, self.bonus, self.points].into_iter().try_fold(0, |sum, amount| add(sum, count(amount)?))
    }
}

impl Exposure {
    /// Counts one more wallet. `yen_per_point` is that of the shop that gives the most points, if any gives some: what is paid by a
    /// thief earns points, which the thief spends too.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn count(&mut self, holding: &Holding, policy: &Policy, yen_per_point: Option<u64>) -> Result<(), TooMuch> {
        let total = holding.total()?;
        self.wallets = add(self.wallets, 1)?;
        if total == 0 {
            return Ok(());
        }
        self.wallets_holding = add(self.wallets_holding, 1)?;
        self.paid = add(self.paid, count(holding.paid)?)?;
        self.bonus = add(self.bonus, count(holding.bonus)?)?;
        self.points = add(self.points, count(holding.points)?)?;
        self.held = add(self.held, count(holding.held)?)?;
        self.largest = self.largest.max(total);
        match holding.state {
            WalletState::Active | WalletState::Closing => {}
            WalletState::Frozen | WalletState::Closed => {
                self.stopped = add(self.stopped, total)?;
                return Ok(());
            }
        }
        // A wallet that pays from no device yet does not cool when it gets one.
        let cools = holding.is_bound && policy.cooling_days.is_some();
        // Points that pay earn none.
        let yen = add(count(holding.paid)?, count(holding.bonus)?)?;
        let earned = yen_per_point.and_then(|each| yen.checked_div(each)).unwrap_or(0);
        let all = add(total, earned)?;
        let (moved, stolen) = (day_max(policy, cools, all)?, day_max(policy, false, all)?);
        self.taken_over = add(self.taken_over, moved)?;
        self.stolen = add(self.stolen, stolen)?;
        self.one_wallet = self.one_wallet.max(stolen);
        Ok(())
    }

    /// All that was not spent.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn unused(&self) -> Result<u64, TooMuch> {
        add(add(self.paid, self.bonus)?, self.points)
    }
}

/// The most of `total` that can leave a wallet in a day.
fn day_max(policy: &Policy, cools: bool, total: u64) -> Result<u64, TooMuch> {
    let limits = [policy.payment_day(cools), policy.wallet_payment_month];
    limits.into_iter().flatten().try_fold(total, |least, limit| Ok(least.min(count(limit)?)))
}

fn count(amount: Amount) -> Result<u64, TooMuch> {
    u64::try_from(amount.get()).map_err(|_| TooMuch)
}

fn add(sum: u64, more: u64) -> Result<u64, TooMuch> {
    sum.checked_add(more).ok_or(TooMuch)
}

/// A figure with how it comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Names it to programs.
    pub key: &'static str,
    /// How much; `None` where no limit is set.
    pub amount: Option<u64>,
    /// What it is.
    pub name: Names,
    /// How it comes about.
    pub formula: Names,
    /// Whether nothing but what wallets hold bounds it, since a limit that could is off.
    pub is_unlimited: bool,
}

/// What is stated of the exposure, in the order in which it is shown. `terminals` is how many work in the real book.
///
/// # Errors
/// [`TooMuch`].
pub fn figures(exposure: &Exposure, policy: &Policy, terminals: u64) -> Result<Vec<Figure>, TooMuch> {
    let mut figures = held(exposure)?;
    figures.extend(worst(exposure, policy, terminals)?);
    Ok(figures)
}

/// What is there.
fn held(exposure: &Exposure) -> Result<Vec<Figure>, TooMuch> {
    let plain = |key, amount, (ja, en): (&str, &str), (ja_how, en_how): (&str, &str)| Figure {
        key,
        amount: Some(amount),
        name: Names { ja: ja.to_owned(), en: en.to_owned() },
        formula: Names { ja: ja_how.to_owned(), en: en_how.to_owned() },
        is_unlimited: false,
    };
    let live = ("有効期限前のもの。取り置き中を含む", "all that has not expired, what is held for payments included");
    Ok(vec![
        plain(
            "unused",
            exposure.unused()?,
            ("未使用残高", "Unused balance"),
            ("有償 + 無償 + ポイント（1ポイント = 1円）", "paid + bonus + points (a point is a yen)"),
        ),
        plain("paid", exposure.paid, ("うち有償", "of it, paid"), live),
        plain("bonus", exposure.bonus, ("うち無償", "of it, bonus"), live),
        plain("points", exposure.points, ("うちポイント", "of it, points"), live),
        plain(
            "held",
            exposure.held,
            ("うち取り置き中", "of it, held"),
            (
                "承認されたが、まだ確定していない支払いのための分",
                "set aside for payments that were authorised and not captured",
            ),
        ),
        plain(
            "stopped",
            exposure.stopped,
            ("うち凍結中", "of it, frozen"),
            ("いま支払えないウォレットの中。最大損失には数えない", "in wallets that cannot pay now; in no worst loss"),
        ),
        plain(
            "largest",
            exposure.largest,
            ("最大のウォレット", "The fullest wallet"),
            ("一つのウォレットの未使用残高の最大値", "the most that one wallet holds"),
        ),
    ])
}

/// What could be lost in a day.
fn worst(exposure: &Exposure, policy: &Policy, terminals: u64) -> Result<Vec<Figure>, TooMuch> {
    let day = ("wallet_payment_day", policy.wallet_payment_day);
    let month = ("wallet_payment_month", policy.wallet_payment_month);
    let cooling = policy.cooling_payment_day.filter(|_| policy.cooling_days.is_some());
    let (own, moved) = ([day, month], [("cooling_payment_day", cooling), day, month]);
    let through = |limit: Option<Amount>| match limit {
        Some(limit) => count(limit)?.checked_mul(terminals).map(Some).ok_or(TooMuch),
        None => Ok(None),
    };
    let paid = through(policy.terminal_payment_day)?;
    let topped_up = through(policy.terminal_top_up_day)?;
    let most = paid.map_or(exposure.stolen, |paid| paid.min(exposure.stolen));
    let figure = |key, amount, (ja, en): (&str, &str), formula, is_unlimited| Figure {
        key,
        amount,
        name: Names { ja: ja.to_owned(), en: en.to_owned() },
        formula,
        is_unlimited,
    };
    let is_off = |limits: &[(&str, Option<Amount>)]| limits.iter().all(|(_, limit)| limit.is_none());
    let (taken, stolen) = (exposure.taken_over, exposure.stolen);
    Ok(vec![
        figure(
            "taken_over",
            Some(taken),
            ("(a) 全アカウントの乗っ取り", "(a) Every account taken over"),
            by_wallet(&moved, TAKEN),
            is_off(&moved),
        ),
        figure(
            "stolen",
            Some(stolen),
            ("(b) 全端末の盗難、内部の者", "(b) Every phone stolen, or an insider"),
            by_wallet(&own, STOLEN),
            is_off(&own),
        ),
        figure(
            "one_wallet",
            Some(exposure.one_wallet),
            ("(c) 一つのウォレット", "(c) One wallet"),
            ONE.names(),
            is_off(&own),
        ),
        figure(
            "terminals",
            paid,
            ("(d) 店の端末を通る額の上限", "(d) All that terminals let through"),
            by_terminal(terminals, "terminal_payment_day", policy.terminal_payment_day),
            paid.is_none(),
        ),
        figure(
            "worst_day",
            Some(most),
            ("一日の最大損失", "Worst loss in one day"),
            WORST.names(),
            is_off(&own) && paid.is_none(),
        ),
        figure(
            "false_top_ups",
            topped_up,
            ("(e) 現金の裏付けのないチャージ", "(e) Top-ups without cash behind them"),
            by_terminal(terminals, "terminal_top_up_day", policy.terminal_top_up_day),
            topped_up.is_none(),
        ),
    ])
}

struct Words {
    ja: &'static str,
    en: &'static str,
}

impl Words {
    fn names(&self) -> Names {
        Names { ja: self.ja.to_owned(), en: self.en.to_owned() }
    }
}

const TAKEN: Words = Words {
    ja: "支払えるウォレットが全部いちどに別の端末へ移された場合",
    en: "if every wallet that can pay were moved to another device at once",
};
const STOLEN: Words = Words {
    ja: "支払えるウォレットが全部、登録済みの端末から使われた場合",
    en: "if every wallet that can pay were spent from its own device",
};
const ONE: Words = Words {
    ja: "(b) の計算で、一つのウォレットの最大値",
    en: "the most that (b) comes to for one wallet",
};
const WORST: Words = Words {
    ja: "(a) は (b) を超えないので、(b) と (d) の小さいほう",
    en: "the smaller of (b) and (d), for (a) is never more than (b)",
};

fn by_wallet(limits: &[(&str, Option<Amount>)], case: Words) -> Names {
    let on: Vec<_> = limits.iter().filter_map(|(name, limit)| limit.map(|limit| format!("{name} ({limit})"))).collect();
    if on.is_empty() {
        let off: Vec<_> = limits.iter().map(|(name, _)| *name).collect();
        return Names {
            ja: format!(
                "{}: 残高の全部と、それで付くポイントの合計。上限が設定されていません（{}）",
                case.ja,
                off.join("、")
            ),
            en: format!(
                "{}: the sum of all that is in them and of the points that paying it earns. No limit is set ({})",
                case.en,
                off.join(", ")
            ),
        };
    }
    Names {
        ja: format!("{}: ウォレットごとの min(残高とそれで付くポイント、{}) の合計", case.ja, on.join("、")),
        en: format!(
            "{}: the sum over wallets of min(what is in it and the points that paying it earns, {})",
            case.en,
            on.join(", ")
        ),
    }
}

fn by_terminal(terminals: u64, name: &str, limit: Option<Amount>) -> Names {
    match limit {
        Some(limit) => Names {
            ja: format!("稼働中の端末 {terminals}台 × {name} ({limit})"),
            en: format!("terminals that work ({terminals}) × {name} ({limit})"),
        },
        None => Names {
            ja: format!("稼働中の端末は{terminals}台。上限が設定されていません（{name}）"),
            en: format!("{terminals} terminals work. No limit is set ({name})"),
        },
    }
}
