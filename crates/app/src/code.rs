//! Issuing payment codes.

use warifu_core::code::{CODE_LIFETIME, Code, CodeMac, IssuedCode};
use warifu_core::id::{DeviceId, MemberId};
use warifu_core::time::Time;
use warifu_store::Bill;

use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::session::Phone;

/// A code to be shown.
#[derive(Debug)]
pub struct ShownCode {
    /// The code itself, which is kept nowhere else.
    pub code: Code,
    /// From when it is good.
    pub issued_at: Time,
    /// The first moment at which it is no longer good.
    pub expires_at: Time,
}

/// A code that is to be made.
pub(crate) struct Issue {
    pub(crate) member: MemberId,
    /// The device that asks; the wallet must pay from it.
    pub(crate) device: Option<DeviceId>,
    pub(crate) use_points: bool,
    /// What the sandbox is to do when it is used.
    pub(crate) scenario: Option<&'static str>,
    /// The bill that it is made for: then its terminal alone may use it, it ends with the bill, and no newer one ends it.
    pub(crate) bill: Option<Bill>,
}

impl Issue {
    /// A code that any terminal may use.
    pub(crate) const fn of(member: MemberId) -> Self {
        Self { member, device: None, use_points: false, scenario: None, bill: None }
    }
}

impl App {
    /// Issues a code for a member's wallet, on the device that it pays from. It ends the one before. Payments by it use points
    /// if the member wants that.
    ///
    /// # Errors
    /// [`Fault::NotThisDevice`] on another device, or what the store said.
    pub async fn issue_code(&self, phone: &Phone, use_points: bool) -> Result<ShownCode, Fault> {
        self.issue(Issue { use_points, device: Some(phone.device), ..Issue::of(phone.member) }).await
    }

    /// The names of a code in storage. Another issuer's code has none, so it is recorded as unknown.
    pub(crate) fn macs_of(&self, code: &Code) -> Vec<CodeMac> {
        if code.is_issued_by(&self.issuer_prefix) { self.keys.code_macs(code) } else { Vec::new() }
    }

    pub(crate) async fn issue(&self, issue: Issue) -> Result<ShownCode, Fault> {
        let Issue { member, device, use_points, scenario, bill } = issue;
        let code = Code::new(&self.issuer_prefix, random::code_number()?)
            .ok_or_else(|| Fault::Random("a number out of its range".to_owned()))?;
        let mac = self.keys.code_macs(&code).first().copied().ok_or(Fault::NotFound("key to hash with"))?;
        let now = self.clock.now();
        let issued = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    if device.is_some() {
                        let payer = transaction.hold_payer(member).await?;
                        if payer.is_some_and(|payer| payer.device != device) {
                            return Ok(Err(Fault::NotThisDevice));
                        }
                    }
                    let Some(wallet) = transaction.find_wallet_of_member(member).await? else {
                        return Ok(Err(Fault::NotFound("wallet")));
                    };
                    // Recorded times never go back. A code that counted by a clock that did would be dead when it is shown.
                    let issued_at = now.max(transaction.last_recorded_at().await?).max(wallet.at);
                    let issued = IssuedCode {
                        mac,
                        wallet: wallet.id,
                        issued_at,
                        expires_at: bill
                            .as_ref()
                            .map_or(Time::MAX, |bill| bill.expires_at)
                            .min(issued_at.saturating_add(CODE_LIFETIME)),
                        newest: true,
                        use_points,
                        bound_to: bill.as_ref().map(|bill| bill.terminal),
                        consumed_by: None,
                    };
                    match bill {
                        Some(bill) => transaction.create_code_for_bill(&issued, bill.id).await?,
                        None => transaction.create_code(&issued, scenario).await?,
                    }
                    Ok(Ok((issued.issued_at, issued.expires_at)))
                })
            })
            .await?;
        let (issued_at, expires_at) = issued?;
        Ok(ShownCode { code, issued_at, expires_at })
    }
}
