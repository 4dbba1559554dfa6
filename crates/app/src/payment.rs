//! Taking payments: at once or authorised and captured later, voided, cancelled.

use warifu_core::code::Code;
use warifu_core::id::{PaymentId, TransactionId};
use warifu_core::ledger::{Ask, Capture, Kind, Target};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_store::Terminal;

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::transaction::Asked;

/// The kinds of transactions that begin a payment.
pub(crate) const PAYMENTS: &[Kind] = &[Kind::Payment, Kind::Authorization];

/// What a terminal asks for by the code that a member shows.
#[derive(Debug)]
pub struct PaymentRequest {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// The code.
    pub code: Code,
    /// How much, in yen; more than zero.
    pub amount: Amount,
    /// When it is captured.
    pub capture: Capture,
    /// What is to be remembered with it, as JSON.
    pub note: Option<String>,
}

/// What a terminal asks for of an authorised payment.
#[derive(Debug)]
pub struct CaptureRequest {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// Which payment.
    pub payment: PaymentId,
    /// How much; all that is left, if `None`.
    pub amount: Option<Amount>,
    /// Whether what is left then is let go.
    pub is_final: bool,
}

/// What is to be cancelled.
#[derive(Debug)]
pub enum CancelTarget {
    /// What has this id.
    Id(TransactionId),
    /// What the terminal's own id stands for, or will stand for.
    Request(RequestId),
}

impl App {
    /// Takes a payment. A refusal is a receipt too.
    ///
    /// # Errors
    /// [`Fault`] if no decision was reached, or none that is known of.
    pub async fn take_payment(&self, terminal: &Terminal, request: PaymentRequest) -> Result<Receipt, Fault> {
        let PaymentRequest { request_id, code, amount, capture, note } = request;
        let asked = Asked::default().text(code.digits()).amount(amount);
        let code = self.macs_of(&code);
        let kind = if capture == Capture::Now { Kind::Payment } else { Kind::Authorization };
        let rehearsal = self.rehearse(terminal, kind, &request_id, &code).await?;
        let ask = Ask::Pay { code, amount, capture, forced: rehearsal.forced() };
        let submission = self.submission(terminal.id.into(), request_id, ask, asked, note)?;
        self.submit_rehearsed(terminal, rehearsal, submission).await
    }

    /// Captures some of an authorised payment.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop has no such payment, or another [`Fault`].
    pub async fn capture_payment(&self, terminal: &Terminal, request: CaptureRequest) -> Result<Receipt, Fault> {
        let CaptureRequest { request_id, payment, amount, is_final } = request;
        let payment = payment.into();
        self.check_parent(terminal, payment, PAYMENTS, "payment").await?;
        let asked = Asked::default()
            .text(&payment.to_string())
            .number(amount.map(Amount::get))
            .number(Some(i64::from(is_final)));
        let ask = Ask::Capture { payment, amount, is_final };
        self.submit(terminal.id.into(), request_id, ask, asked, None).await
    }

    /// Lets go what was authorised and not captured.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop has no such payment, or another [`Fault`].
    pub async fn void_payment(
        &self,
        terminal: &Terminal,
        payment: PaymentId,
        request_id: RequestId,
    ) -> Result<Receipt, Fault> {
        let payment = payment.into();
        self.check_parent(terminal, payment, PAYMENTS, "payment").await?;
        let asked = Asked::default().text(&payment.to_string());
        self.submit(terminal.id.into(), request_id, Ask::Void { payment }, asked, None).await
    }

    /// Undoes a payment, perhaps before it has arrived. Once this is accepted it is final.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop has no payment with this id, or another [`Fault`].
    pub async fn cancel_payment(
        &self,
        terminal: &Terminal,
        target: CancelTarget,
        request_id: RequestId,
        note: Option<String>,
    ) -> Result<Receipt, Fault> {
        let (target, asked) = self.cancel_target(terminal, target, PAYMENTS, "payment").await?;
        let settles = target.clone();
        let receipt = self.submit(terminal.id.into(), request_id, Ask::Cancel(target), asked, note).await?;
        self.note_cancel(terminal, &settles, &receipt).await;
        Ok(receipt)
    }

    /// What is to be cancelled, as a command names it, and what of it a retry has to repeat.
    pub(crate) async fn cancel_target(
        &self,
        terminal: &Terminal,
        target: CancelTarget,
        kinds: &'static [Kind],
        what: &'static str,
    ) -> Result<(Target, Asked), Fault> {
        match target {
            CancelTarget::Id(id) => {
                self.check_parent(terminal, id, kinds, what).await?;
                Ok((Target::Transaction(id), Asked::default().text(&id.to_string())))
            }
            CancelTarget::Request(target) => {
                let asked = Asked::default().text("").text(target.as_str());
                Ok((Target::Request(target), asked))
            }
        }
    }
}
