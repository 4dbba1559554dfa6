//! Somebody at a terminal who asks for one thing after another, for the races.

use std::sync::Arc;

use warifu_app::{
    App, CancelTarget, CaptureRequest, Course, Fault, PaymentRequest, Receipt, RefundRequest, Terminal, TopUpRequest,
};
use warifu_core::code::Code;
use warifu_core::id::{MemberId, TransactionId};
use warifu_core::ledger::{Capture, Kind};
use warifu_core::refusal::Refusal;
use warifu_core::request::RequestId;

use crate::town::{phone, yen};

/// A cashier, and the member who is there.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) app: Arc<App>,
    pub(crate) terminal: Terminal,
    pub(crate) member: MemberId,
}

fn key(text: &str) -> RequestId {
    text.parse().unwrap()
}

/// What was done.
pub(crate) fn done(receipt: Receipt) -> TransactionId {
    assert_eq!(receipt.refusal(), None);
    receipt.record.id
}

/// Why it was refused.
pub(crate) fn refused(receipt: Receipt) -> Refusal {
    receipt.refusal().unwrap()
}

impl Client {
    /// A new code of the member.
    pub(crate) async fn code(&self) -> Code {
        self.app.issue_code(&phone(self.member), false).await.unwrap().code
    }

    async fn charge(&self, text: &str, code: &Code, amount: i64, capture: Capture) -> Receipt {
        let (request_id, code, amount) = (key(text), code.clone(), yen(amount));
        let request = PaymentRequest { request_id, code, amount, capture, note: None };
        self.app.take_payment(&self.terminal, request).await.unwrap()
    }

    pub(crate) async fn pay(&self, text: &str, code: &Code, amount: i64) -> Receipt {
        self.charge(text, code, amount, Capture::Now).await
    }

    pub(crate) async fn authorize(&self, text: &str, code: &Code, amount: i64) -> Receipt {
        self.charge(text, code, amount, Capture::Later).await
    }

    pub(crate) async fn top_up(&self, text: &str, code: &Code, amount: i64) -> Receipt {
        let (request_id, code, amount) = (key(text), code.clone(), yen(amount));
        self.app.take_top_up(&self.terminal, TopUpRequest { request_id, code, amount, note: None }).await.unwrap()
    }

    /// Puts cash in by a code of its own.
    pub(crate) async fn fund(&self, text: &str, amount: i64) -> TransactionId {
        done(self.top_up(text, &self.code().await, amount).await)
    }

    /// Holds an amount by a code of its own.
    pub(crate) async fn hold(&self, text: &str, amount: i64) -> TransactionId {
        done(self.authorize(text, &self.code().await, amount).await)
    }

    /// Takes a payment by a code of its own.
    pub(crate) async fn paid(&self, text: &str, amount: i64) -> TransactionId {
        done(self.pay(text, &self.code().await, amount).await)
    }

    pub(crate) async fn capture(&self, text: &str, payment: TransactionId, amount: i64) -> Receipt {
        let (request_id, amount) = (key(text), Some(yen(amount)));
        let request = CaptureRequest { request_id, payment: payment.into(), amount, is_final: false };
        self.app.capture_payment(&self.terminal, request).await.unwrap()
    }

    pub(crate) async fn void(&self, text: &str, payment: TransactionId) -> Receipt {
        self.app.void_payment(&self.terminal, payment.into(), key(text)).await.unwrap()
    }

    pub(crate) async fn refund(&self, text: &str, payment: TransactionId, amount: i64) -> Result<Receipt, Fault> {
        let (request_id, amount) = (key(text), yen(amount));
        let request = RefundRequest { request_id, payment: payment.into(), amount, note: None };
        self.app.refund_payment(&self.terminal, request).await
    }

    pub(crate) async fn cancel(&self, text: &str, payment: TransactionId) -> Receipt {
        self.app.cancel_payment(&self.terminal, CancelTarget::Id(payment), key(text), None).await.unwrap()
    }

    pub(crate) async fn cancel_request(&self, text: &str, target: &str) -> Receipt {
        self.app.cancel_payment(&self.terminal, CancelTarget::Request(key(target)), key(text), None).await.unwrap()
    }

    pub(crate) async fn cancel_top_up(&self, text: &str, top_up: TransactionId) -> Receipt {
        self.app.cancel_top_up(&self.terminal, CancelTarget::Id(top_up), key(text), None).await.unwrap()
    }

    /// The payment under a key of this terminal.
    pub(crate) async fn payment(&self, text: &str) -> Option<Course> {
        self.app.find_by_request(&[Kind::Payment, Kind::Authorization], &self.terminal, key(text)).await.unwrap()
    }
}
