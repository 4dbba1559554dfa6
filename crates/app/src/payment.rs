//! Taking payments.

use warifu_core::code::Code;
use warifu_core::ledger::Kind;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;

/// What a terminal asks for.
#[derive(Debug)]
pub struct TakePayment {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// The code that the member showed.
    pub code: Code,
    /// How much, in yen; more than zero.
    pub amount: Amount,
}

impl App {
    /// Takes a payment, captured at once. A refusal is a receipt too.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn take_payment(&self, terminal: &Terminal, request: TakePayment) -> Result<Receipt, Fault> {
        self.submit(Kind::Payment, terminal, request.request_id, &request.code, request.amount).await
    }
}
