//! Top-ups: cash at a terminal and its undoing, points that a member makes into yen.

use warifu_core::code::Code;
use warifu_core::ledger::{Ask, Kind};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::payment::CancelTarget;
use crate::session::Phone;
use crate::transaction::Asked;

/// What a terminal asks for by the code that a member shows.
#[derive(Debug)]
pub struct TopUpRequest {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// The code.
    pub code: Code,
    /// How much cash was taken, in yen; more than zero.
    pub amount: Amount,
    /// What is to be remembered with it, as JSON.
    pub note: Option<String>,
}

impl App {
    /// Puts the value of cash that a terminal took into a wallet. A refusal is a receipt too.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn take_top_up(&self, terminal: &Terminal, request: TopUpRequest) -> Result<Receipt, Fault> {
        let TopUpRequest { request_id, code, amount, note } = request;
        let asked = Asked::default().text(code.digits()).amount(amount);
        let code = self.macs_of(&code);
        let rehearsal = self.rehearse(terminal, Kind::TopUp, &request_id, &code).await?;
        let ask = Ask::TopUp { code, amount, forced: rehearsal.forced() };
        let submission = self.submission(terminal.id.into(), request_id, ask, asked, note)?;
        self.submit_rehearsed(terminal, rehearsal, submission).await
    }

    /// Undoes a top-up whose money is still there, perhaps before it has arrived. Once this is accepted it is final.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop has no top-up with this id, or another [`Fault`].
    pub async fn cancel_top_up(
        &self,
        terminal: &Terminal,
        target: CancelTarget,
        request_id: RequestId,
        note: Option<String>,
    ) -> Result<Receipt, Fault> {
        let (target, asked) = self.cancel_target(terminal, target, &[Kind::TopUp], "top-up").await?;
        let settles = target.clone();
        let receipt = self.submit(terminal.id.into(), request_id, Ask::CancelTopUp(target), asked, note).await?;
        self.note_cancel(terminal, &settles, &receipt).await;
        Ok(receipt)
    }

    /// Makes points of a member's wallet into as many bonus yen.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn exchange_points(
        &self,
        phone: &Phone,
        request_id: RequestId,
        amount: Amount,
    ) -> Result<Receipt, Fault> {
        if !self.paying(phone).await?.pays {
            return Err(Fault::NotThisDevice);
        }
        let member = phone.member;
        let wallet = self.wallet_of(member).await?.id;
        let asked = Asked::default().text(&wallet.to_string()).amount(amount);
        self.submit(member.into(), request_id, Ask::Exchange { wallet, amount }, asked, None).await
    }
}
