//! What the issuer does by hand: bonus grants, corrections, compensations; freezing and closing; the policy.

use warifu_core::correction::Direction;
use warifu_core::id::{MerchantId, ShopId, TerminalId, WalletId};
use warifu_core::ledger::Ask;
use warifu_core::limit::Policy;
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::request::{CallerId, RequestId};
use warifu_core::time::Time;
use warifu_core::wallet::{Wallet, WalletState};

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::transaction::Asked;

/// A correction by hand.
#[derive(Debug)]
pub struct CorrectionRequest {
    /// The issuer's own id for this request.
    pub request_id: RequestId,
    /// Which wallet.
    pub wallet: WalletId,
    /// Which account of it.
    pub account: LotAccount,
    /// Whether it gets more or less.
    pub direction: Direction,
    /// How much; more than zero.
    pub amount: Amount,
    /// Why, for whoever reads the books.
    pub reason: String,
}

impl App {
    /// Gives bonus yen, until `expires_at` or as long as the policy says.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such wallet, or another [`Fault`].
    pub async fn grant_bonus(
        &self,
        request_id: RequestId,
        wallet: WalletId,
        amount: Amount,
        expires_at: Option<Time>,
        reason: &str,
    ) -> Result<Receipt, Fault> {
        self.find_wallet(wallet).await?;
        let asked = Asked::default().text(&wallet.to_string()).amount(amount).number(expires_at.map(Time::unix_micros));
        let ask = Ask::Grant { wallet, amount, expires_at };
        self.submit(CallerId::ISSUER, request_id, ask, asked, Some(reason_note(reason)?)).await
    }

    /// Mends an account of a wallet.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such wallet, or another [`Fault`].
    pub async fn correct_wallet(&self, request: CorrectionRequest) -> Result<Receipt, Fault> {
        let CorrectionRequest { request_id, wallet, account, direction, amount, reason } = request;
        self.find_wallet(wallet).await?;
        let adds = i64::from(direction == Direction::Add);
        let asked = Asked::default().text(&wallet.to_string()).text(account.text()).number(Some(adds)).amount(amount);
        let ask = Ask::Correct { wallet, account, direction, amount };
        self.submit(CallerId::ISSUER, request_id, ask, asked, Some(reason_note(&reason)?)).await
    }

    /// Makes a loss good.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such wallet, or another [`Fault`].
    pub async fn compensate_wallet(
        &self,
        request_id: RequestId,
        wallet: WalletId,
        amount: Amount,
        reason: &str,
    ) -> Result<Receipt, Fault> {
        self.find_wallet(wallet).await?;
        let asked = Asked::default().text(&wallet.to_string()).amount(amount);
        let note = Some(reason_note(reason)?);
        self.submit(CallerId::ISSUER, request_id, Ask::Compensate { wallet, amount }, asked, note).await
    }

    /// Changes what a wallet's member may do. A wallet is closed only when nothing is left in it.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Invalid`] if it is not empty or is closed for good, or what the store said.
    pub async fn set_wallet_state(&self, id: WalletId, state: WalletState) -> Result<(), Fault> {
        // Whoever pays meanwhile changes the wallet's version; then it is looked at again.
        for _ in 0..TRIES {
            let wallet = self.find_wallet(id).await?;
            if wallet.state == state {
                return Ok(());
            }
            if wallet.state == WalletState::Closed {
                return Err(Fault::Invalid("a closed wallet stays closed".to_owned()));
            }
            if state == WalletState::Closed && !(wallet.lots.is_empty() && wallet.holds.is_empty()) {
                return Err(Fault::Invalid("the wallet is not empty; let it be spent or correct it first".to_owned()));
            }
            let saved = self
                .database
                .write(move |transaction| Box::pin(async move { transaction.save_wallet_state(&wallet, state).await }))
                .await?;
            if saved {
                tracing::info!(wallet = %id, state = state.text(), "the state of a wallet was changed");
                return Ok(());
            }
        }
        Err(Fault::Overloaded)
    }

    /// Freezes a terminal, or lets it work again: from the next decision on, on all nodes.
    ///
    /// # Errors
    /// [`Fault::NotFound`], or what the store said.
    pub async fn freeze_terminal(&self, id: TerminalId, is_frozen: bool) -> Result<(), Fault> {
        let found = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.freeze_terminal(id, is_frozen).await }))
            .await?;
        tracing::info!(terminal = %id, is_frozen, "a terminal was frozen or let work again");
        if found { Ok(()) } else { Err(Fault::NotFound("terminal with this id")) }
    }

    /// Freezes a shop, or lets it work again.
    ///
    /// # Errors
    /// [`Fault::NotFound`], or what the store said.
    pub async fn freeze_shop(&self, id: ShopId, is_frozen: bool) -> Result<(), Fault> {
        let found = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.freeze_shop(id, is_frozen).await }))
            .await?;
        tracing::info!(shop = %id, is_frozen, "a shop was frozen or let work again");
        if found { Ok(()) } else { Err(Fault::NotFound("shop with this id")) }
    }

    /// Sets what a shop gives in points and when its day ends.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Invalid`], or what the store said.
    pub async fn set_shop(
        &self,
        id: ShopId,
        yen_per_point: Option<i64>,
        closing_minutes: Option<i64>,
    ) -> Result<(), Fault> {
        if yen_per_point.is_some_and(|yen| !(0..=1_000_000).contains(&yen)) {
            return Err(Fault::Invalid("yen a point are 0 (no points) to 1,000,000".to_owned()));
        }
        if closing_minutes.is_some_and(|minutes| !(0..1_440).contains(&minutes)) {
            return Err(Fault::Invalid("a shop's day ends 0 to 1,439 minutes after midnight".to_owned()));
        }
        let found = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let Some(mut shop) = transaction.find_shop(id).await? else { return Ok(false) };
                    shop.yen_per_point = yen_per_point.unwrap_or(shop.yen_per_point);
                    shop.closing_minutes = closing_minutes.unwrap_or(shop.closing_minutes);
                    transaction.save_shop(&shop).await
                })
            })
            .await?;
        if found { Ok(()) } else { Err(Fault::NotFound("shop with this id")) }
    }

    /// Gives a merchant its invoice number: `T` and thirteen digits.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::Invalid`], or what the store said.
    pub async fn set_invoice_number(&self, id: MerchantId, number: &str) -> Result<(), Fault> {
        let digits = number.strip_prefix('T').unwrap_or_default();
        if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::Invalid("an invoice number is `T` and 13 digits".to_owned()));
        }
        let number = number.to_owned();
        let found = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.save_invoice_number(id, Some(&number)).await }))
            .await?;
        if found { Ok(()) } else { Err(Fault::NotFound("merchant with this id")) }
    }

    /// The policy in force.
    ///
    /// # Errors
    /// What the store said.
    pub async fn policy(&self) -> Result<Policy, Fault> {
        Ok(self.database.read(|transaction| Box::pin(async move { transaction.find_policy().await })).await?)
    }

    /// Changes entries of the policy; `None` switches one off. In force from the next decision on, on all nodes.
    ///
    /// # Errors
    /// [`Fault::Invalid`] names an entry that there is not or that cannot be so; nothing is changed then.
    pub async fn set_policy(&self, changes: Vec<(String, Option<i64>)>) -> Result<Policy, Fault> {
        let now = self.clock.now();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let mut policy = transaction.find_policy().await?;
                    for (name, value) in &changes {
                        if !policy.set(name, *value) {
                            return Ok(Err(Fault::Invalid(format!(
                                "the policy has no `{name}`, or it cannot be that"
                            ))));
                        }
                    }
                    policy.number = policy.number.saturating_add(1);
                    transaction.create_policy(&policy, now).await?;
                    Ok(Ok(policy))
                })
            })
            .await?
    }

    /// The wallet with this id.
    ///
    /// # Errors
    /// [`Fault::NotFound`], or what the store said.
    pub async fn find_wallet(&self, id: WalletId) -> Result<Wallet, Fault> {
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.find_wallet(id).await })).await?;
        found.ok_or(Fault::NotFound("wallet with this id"))
    }
}

/// How often a wallet that changes meanwhile is looked at again.
const TRIES: u32 = 20;

/// A reason, as it is remembered with a transaction.
fn reason_note(reason: &str) -> Result<String, Fault> {
    let reason = reason.trim();
    let fits = (1..=500).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    if !fits {
        return Err(Fault::Invalid("a reason is 1 to 500 characters, none of them a control character".to_owned()));
    }
    Ok(serde_json::json!({ "reason": reason }).to_string())
}
