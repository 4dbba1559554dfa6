//! Taking payments.

use warifu_core::ledger::Kind;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::transaction::ByCode;

impl App {
    /// Takes a payment, captured at once. A refusal is a receipt too.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn take_payment(&self, terminal: &Terminal, request: ByCode) -> Result<Receipt, Fault> {
        self.submit(Kind::Payment, terminal, request).await
    }
}
