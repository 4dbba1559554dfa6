//! What the issuer does by hand in a test, behind the counter: gifts, mendings, freezes, the policy, the sweep.

use futures::future::BoxFuture;
use warifu_app::CorrectionRequest;
use warifu_core::correction::Direction;
use warifu_core::id::ShopId;
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_core::time::Time;
use warifu_core::wallet::WalletState;

use crate::actors::Member;
use crate::server::{Server, Till};

const WHY: &str = "as the test wants it";

impl Server {
    /// Changes entries of the policy; `None` is off.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn set_policy<'a>(&'a self, changes: &'a [(&'a str, Option<i64>)]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            self.app().set_policy(changes).await.expect("a policy can be set");
        })
    }

    /// Freezes a terminal, or lets it work again.
    ///
    /// # Panics
    /// If it is not there.
    pub fn freeze_till<'a>(&'a self, till: &'a Till, is_frozen: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let id = till.terminal.parse().expect("a till has the id of a terminal");
            self.app().freeze_terminal(id, is_frozen).await.expect("a terminal can be frozen");
        })
    }

    /// Freezes a shop, or lets it work again.
    ///
    /// # Panics
    /// If it is not there.
    pub fn freeze_shop(&self, shop: ShopId, is_frozen: bool) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.app().freeze_shop(shop, is_frozen).await.expect("a shop can be frozen") })
    }

    /// Sets what a shop gives in points and when its day ends.
    ///
    /// # Panics
    /// If it cannot be so.
    pub fn set_shop(
        &self,
        shop: ShopId,
        yen_per_point: Option<i64>,
        closing_minutes: Option<i64>,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.app().set_shop(shop, yen_per_point, closing_minutes).await.expect("a shop can be set");
        })
    }

    /// Changes what a member may do.
    ///
    /// # Panics
    /// If the wallet cannot be so.
    pub fn set_wallet_state<'a>(&'a self, member: &'a Member, state: WalletState) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.app().set_wallet_state(member.wallet().await, state).await.expect("a wallet can be so");
        })
    }

    /// Gives a member bonus yen, until `expires_at` or as long as the policy says.
    ///
    /// # Panics
    /// If they are refused.
    pub fn grant<'a>(&'a self, member: &'a Member, yen: i64, expires_at: Option<Time>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (wallet, amount) = (member.wallet().await, amount(yen));
            let granted = self.app().grant_bonus(self.issuer_request(), wallet, amount, expires_at, WHY).await;
            assert_eq!(granted.expect("a grant is decided").refusal(), None);
        })
    }

    /// Adds to an account of a member's wallet.
    ///
    /// # Panics
    /// If it is refused.
    pub fn add_by_hand<'a>(&'a self, member: &'a Member, account: LotAccount, units: i64) -> BoxFuture<'a, ()> {
        self.correct(member, account, Direction::Add, units)
    }

    /// Takes from an account of a member's wallet.
    ///
    /// # Panics
    /// If it is refused.
    pub fn take_by_hand<'a>(&'a self, member: &'a Member, account: LotAccount, units: i64) -> BoxFuture<'a, ()> {
        self.correct(member, account, Direction::Take, units)
    }

    fn correct<'a>(
        &'a self,
        member: &'a Member,
        account: LotAccount,
        direction: Direction,
        units: i64,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let request = CorrectionRequest {
                request_id: self.issuer_request(),
                wallet: member.wallet().await,
                account,
                direction,
                amount: amount(units),
                reason: WHY.to_owned(),
            };
            let corrected = self.app().correct_wallet(request).await.expect("a correction is decided");
            assert_eq!(corrected.refusal(), None);
        })
    }

    /// Makes a loss of a member good.
    ///
    /// # Panics
    /// If it is refused.
    pub fn compensate<'a>(&'a self, member: &'a Member, yen: i64) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (wallet, amount) = (member.wallet().await, amount(yen));
            let compensated = self.app().compensate_wallet(self.issuer_request(), wallet, amount, WHY).await;
            assert_eq!(compensated.expect("a compensation is decided").refusal(), None);
        })
    }

    /// Books all that has expired.
    ///
    /// # Panics
    /// If the database does not let it.
    pub fn sweep(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { while self.app().sweep_expired().await.expect("a sweep is done") > 0 {} })
    }

    /// A `request_id` that the issuer did not use before.
    fn issuer_request(&self) -> RequestId {
        warifu_app::new_trace_id().parse().expect("a trace id is short and printable")
    }
}

fn amount(units: i64) -> Amount {
    Amount::new(units).expect("an amount is not negative")
}
