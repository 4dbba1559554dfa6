//! Taking cash for top-ups.

use warifu_core::ledger::Kind;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::transaction::ByCode;

impl App {
    /// Puts the value of cash that a till took into a wallet. A refusal is a receipt too.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn take_top_up(&self, terminal: &Terminal, request: ByCode) -> Result<Receipt, Fault> {
        self.submit(Kind::TopUp, terminal, request).await
    }
}
