//! Giving back what was captured.

use warifu_core::id::PaymentId;
use warifu_core::ledger::Ask;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::payment::PAYMENTS;
use crate::transaction::Asked;

/// What a terminal wants to give back.
#[derive(Debug)]
pub struct RefundRequest {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much, in yen; more than zero.
    pub amount: Amount,
    /// What is to be remembered with it, as JSON.
    pub note: Option<String>,
}

impl App {
    /// Gives back some of what was captured, into the lots that paid.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop has no such payment, or another [`Fault`].
    pub async fn refund_payment(&self, terminal: &Terminal, request: RefundRequest) -> Result<Receipt, Fault> {
        let RefundRequest { request_id, payment, amount, note } = request;
        let payment = payment.into();
        self.check_parent(terminal, payment, PAYMENTS, "payment").await?;
        let asked = Asked::default().text(&payment.to_string()).amount(amount);
        let ask = Ask::Refund { payment, amount };
        let receipt = self.submit(terminal.id.into(), request_id.clone(), ask, asked, note).await?;
        self.note_done(terminal, &request_id, receipt.record.kind).await;
        Ok(receipt)
    }
}
