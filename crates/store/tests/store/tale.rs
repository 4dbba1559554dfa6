//! What happens in the small town: everything that the rules know, once at least.

use warifu_core::code::CODE_LIFETIME;
use warifu_core::correction::Direction;
use warifu_core::id::{TerminalId, TransactionId};
use warifu_core::ledger::{Ask, Capture, Target};
use warifu_core::limit::{Policy, days};
use warifu_core::lot::LotAccount;
use warifu_core::request::{CallerId, RequestId};
use warifu_core::time::Time;
use warifu_store::{Database, StoreError, Transaction};

use crate::story::{
    ATM, MEMBERS, OTHER_TILL, Story, TILL, TRIAL_TILL, WALLETS, add_up, code, code_mac, command, create_people, record,
    time, transaction_id, yen,
};

const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
const TRIAL: usize = 3;

/// Tells it all, in one transaction of the database, so that it is quick.
pub(crate) async fn tell(database: &Database) -> Story {
    database.write(|transaction| Box::pin(happen(transaction))).await.unwrap()
}

struct Teller<'t> {
    transaction: &'t mut Transaction,
    story: Story,
    number: u8,
    codes: u8,
    at: Time,
}

type Told<T = TransactionId> = Result<T, StoreError>;

impl Teller<'_> {
    /// Something happens a minute after what happened before.
    async fn ask(&mut self, name: &'static str, caller: impl Into<CallerId>, ask: Ask) -> Told {
        self.number += 1;
        self.at = self.at.saturating_add(std::time::Duration::from_secs(60));
        let told = record(self.transaction, &command(self.number, caller, ask), self.at).await?;
        let id = told.id;
        self.story.records.push(told);
        self.story.names.push(name);
        Ok(id)
    }

    /// Shows a new code of a wallet.
    async fn show(&mut self, owner: usize, use_points: bool) -> Told<u8> {
        self.codes += 1;
        let code = warifu_core::code::IssuedCode { use_points, ..code(self.codes, owner, self.at) };
        self.transaction.create_code(&code, None).await?;
        Ok(self.codes)
    }

    async fn top_up(&mut self, name: &'static str, terminal: TerminalId, owner: usize, amount: i64) -> Told {
        let code = vec![code_mac(self.show(owner, false).await?)];
        self.ask(name, terminal, Ask::TopUp { code, amount: yen(amount), forced: None }).await
    }

    async fn pay(&mut self, name: &'static str, owner: usize, amount: i64) -> Told {
        self.pay_at(name, TILL, owner, amount, Capture::Now).await
    }

    async fn pay_at(
        &mut self,
        name: &'static str,
        terminal: TerminalId,
        owner: usize,
        amount: i64,
        capture: Capture,
    ) -> Told {
        let code = vec![code_mac(self.show(owner, false).await?)];
        self.ask(name, terminal, Ask::Pay { code, amount: yen(amount), capture, forced: None }).await
    }

    async fn hold(&mut self, name: &'static str, owner: usize, amount: i64) -> Told {
        self.pay_at(name, TILL, owner, amount, Capture::Later).await
    }

    async fn capture(&mut self, name: &'static str, payment: TransactionId, amount: i64, is_final: bool) -> Told {
        self.ask(name, TILL, Ask::Capture { payment, amount: Some(yen(amount)), is_final }).await
    }

    async fn refund(&mut self, name: &'static str, payment: TransactionId, amount: i64) -> Told {
        self.ask(name, OTHER_TILL, Ask::Refund { payment, amount: yen(amount) }).await
    }

    async fn by_issuer(&mut self, name: &'static str, ask: Ask) -> Told {
        self.ask(name, CallerId::ISSUER, ask).await
    }

    async fn grant(&mut self, name: &'static str, owner: usize, amount: i64, lives: u16) -> Told {
        let expires_at = Some(self.at.saturating_add(days(lives)));
        self.by_issuer(name, Ask::Grant { wallet: WALLETS[owner], amount: yen(amount), expires_at }).await
    }

    async fn correct(&mut self, name: &'static str, direction: Direction, amount: i64) -> Told {
        let (wallet, account) = (WALLETS[C], LotAccount::Paid);
        self.by_issuer(name, Ask::Correct { wallet, account, direction, amount: yen(amount) }).await
    }

    fn wait(&mut self, count: u16) {
        self.at = self.at.saturating_add(days(count));
    }

    /// The till's own id of the last command.
    fn request_id(&self) -> RequestId {
        format!("r-{:03}", self.number).parse().unwrap()
    }
}

async fn happen(transaction: &mut Transaction) -> Result<Story, StoreError> {
    create_people(transaction).await?;
    let story = Story { records: Vec::new(), names: Vec::new(), wallets: Vec::new(), unused_code: 0 };
    let mut teller = Teller { transaction, story, number: 0, codes: 0, at: time(0) };
    fill(&mut teller).await?;
    follow(&mut teller).await?;
    undo(&mut teller).await?;
    mend(&mut teller).await?;
    expire(&mut teller).await?;
    add_up(teller.transaction).await?;
    cap(&mut teller).await?;
    end(&mut teller).await?;
    let Teller { transaction, mut story, .. } = teller;
    for member in MEMBERS {
        story.wallets.extend(transaction.find_wallet_of_member(member).await?);
    }
    Ok(story)
}

/// Money comes in, and some is paid.
async fn fill(teller: &mut Teller<'_>) -> Told<()> {
    teller.top_up("top-up", TILL, A, 40_000).await?;
    teller.top_up("top-up at the ATM", ATM, B, 60_000).await?;
    teller.top_up("third top-up", TILL, C, 5_000).await?;
    teller.top_up("trial top-up", TRIAL_TILL, TRIAL, 7_000).await?;
    teller.grant("grant", A, 1_000, 60).await?;
    // 1,000 of bonus and 7,001 paid: 40 points.
    let payment = teller.pay("payment", A, 8_001).await?;
    teller.pay("trial payment", TRIAL, 1_234).await?;
    // At another till, for this one is not of the sandbox.
    teller.pay_at("trial payment that counts", TRIAL_TILL, TRIAL, 1_200, Capture::Now).await?;
    let code = vec![code_mac(teller.show(A, true).await?)];
    let ask = Ask::Pay { code, amount: yen(333), capture: Capture::Now, forced: None };
    // 40 points and 293 yen: 1 point.
    teller.ask("payment with points", TILL, ask).await?;
    teller.refund("refund in part", payment, 1_500).await?;
    teller.pay("big payment", A, 6_400).await?;
    let ask = Ask::Exchange { wallet: WALLETS[A], amount: yen(10) };
    teller.ask("exchange", MEMBERS[A], ask).await.map(drop)
}

/// An authorisation is captured, and given back.
async fn follow(teller: &mut Teller<'_>) -> Told<()> {
    let payment = teller.hold("authorization", B, 10_000).await?;
    teller.capture("capture", payment, 4_000, false).await?;
    teller.capture("second capture", payment, 1_111, false).await?;
    teller.capture("last capture", payment, 2_000, true).await?;
    teller.refund("refund", payment, 2_500).await?;
    teller.refund("second refund", payment, 4_611).await?;
    let payment = teller.hold("authorization to void", A, 1_010).await?;
    teller.capture("capture before the void", payment, 10, false).await?;
    teller.ask("void", TILL, Ask::Void { payment }).await.map(drop)
}

/// Payments and top-ups are cancelled, by id, by request, and before they arrive.
async fn undo(teller: &mut Teller<'_>) -> Told<()> {
    let payment = teller.pay("payment to cancel", C, 700).await?;
    teller.ask("cancel", OTHER_TILL, Ask::Cancel(Target::Transaction(payment))).await?;
    teller.hold("authorization to cancel", C, 320).await?;
    let target = Target::Request(teller.request_id());
    teller.ask("cancel by request", TILL, Ask::Cancel(target)).await?;
    let target = Target::Request("r-late".parse().unwrap());
    teller.ask("cancel in advance", TILL, Ask::Cancel(target)).await?;
    let top_up = teller.top_up("top-up to cancel", ATM, C, 900).await?;
    teller.ask("top-up cancel", TILL, Ask::CancelTopUp(Target::Transaction(top_up))).await?;
    let refused = teller.pay("refused payment", C, 99_999).await?;
    teller.ask("cancel of a refused one", TILL, Ask::Cancel(Target::Transaction(refused))).await?;
    teller.ask("cancel once more", TILL, Ask::Cancel(Target::Transaction(payment))).await.map(drop)
}

/// The issuer mends.
async fn mend(teller: &mut Teller<'_>) -> Told<()> {
    teller.correct("correction", Direction::Add, 555).await?;
    teller.correct("correction that takes", Direction::Take, 111).await?;
    let ask = Ask::Compensate { wallet: WALLETS[C], amount: yen(250) };
    teller.by_issuer("compensation", ask).await.map(drop)
}

/// Bonus yen and holds expire, booked by whoever comes first.
async fn expire(teller: &mut Teller<'_>) -> Told<()> {
    teller.grant("grant that a payment finds expired", A, 60, 1).await?;
    teller.grant("grant that a sweep finds expired", C, 70, 1).await?;
    let lapsed = teller.hold("authorization that expires", C, 400).await?;
    let half = teller.hold("authorization that half expires", B, 500).await?;
    teller.capture("capture of half", half, 200, false).await?;
    teller.wait(2);
    teller.pay("payment with a lapse", A, 100).await?;
    teller.by_issuer("expiry", Ask::Expire { wallet: WALLETS[C] }).await?;
    teller.wait(6);
    teller.by_issuer("expiry of a hold", Ask::Expire { wallet: WALLETS[C] }).await?;
    teller.refund("refund that finds the hold expired", half, 50).await?;
    teller.ask("cancel of what expired", TILL, Ask::Cancel(Target::Transaction(lapsed))).await.map(drop)
}

/// The policy caps wallets and terminals.
async fn cap(teller: &mut Teller<'_>) -> Told<()> {
    let mut policy = Policy { number: 1, ..Policy::default() };
    for (name, value) in [
        ("payment_max", 3_000),
        ("terminal_payment_day", 5_000),
        ("terminal_top_up_day", 9_000),
        ("wallet_payment_day", 6_000),
        ("wallet_top_up_month", 90_000),
    ] {
        assert!(policy.set(name, Some(value)));
    }
    teller.transaction.create_policy(&policy, teller.at).await?;
    teller.pay_at("capped payment", OTHER_TILL, A, 2_900, Capture::Now).await?;
    teller.pay_at("second capped payment", OTHER_TILL, A, 2_050, Capture::Now).await?;
    teller.pay_at("payment above the cap", OTHER_TILL, B, 60, Capture::Now).await?;
    teller.top_up("capped top-up", OTHER_TILL, B, 8_800).await.map(drop)
}

/// What is refused, and what is open at the end.
async fn end(teller: &mut Teller<'_>) -> Told<()> {
    let ask = |code| Ask::Pay { code: vec![code_mac(code)], amount: yen(1), capture: Capture::Now, forced: None };
    teller.ask("unknown code", TILL, ask(250)).await?;
    let code = teller.show(A, false).await?;
    teller.at = teller.at.saturating_add(CODE_LIFETIME);
    teller.ask("expired code", TILL, ask(code)).await?;
    teller.hold("open authorization", B, 2_222).await?;
    teller.grant("grant at the end", B, 88, 30).await?;
    teller.show(A, false).await?;
    teller.story.unused_code = teller.codes;
    assert_eq!(transaction_id(teller.number), teller.story.records.last().unwrap().id);
    Ok(())
}
