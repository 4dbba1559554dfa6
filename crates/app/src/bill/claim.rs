//! Claims: who confirmed a bill of a machine that has taken cash. Whoever stands near such a machine can open its code, so that a
//! confirmation moves nothing: the phone shows a number, and the cash goes to the one whose number is typed at the machine.

use warifu_core::id::BillId;
use warifu_store::{Bill, BillClaim, Terminal};

use super::BillState;
use crate::code::Issue;
use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::session::Phone;

/// How many may claim a bill.
const CLAIMS_MAX: i64 = 10;
/// How many numbers are drawn for a claim: one that nobody has is among them.
const DRAWN: usize = 8;

impl App {
    /// Keeps that a member has confirmed a bill, and gives it a number. The same member gets the same number again.
    pub(super) async fn claim_bill(&self, phone: &Phone, bill: Bill) -> Result<BillClaim, Fault> {
        if !self.paying(phone).await?.pays {
            return Err(Fault::NotThisDevice);
        }
        let claim = |number| BillClaim {
            bill: bill.id,
            number,
            member: phone.member,
            device: phone.device,
            created_at: self.clock.now(),
        };
        let drawn = std::iter::repeat_with(random::four_digits).take(DRAWN);
        let drawn = drawn.map(|number| number.map(claim)).collect::<Result<Vec<_>, _>>()?;
        let (id, member) = (bill.id, phone.member);
        let kept = self.database.write(move |transaction| {
            Box::pin(async move {
                // Before it is looked for: another request of this member may be making it.
                let count = transaction.count_bill_claims(id).await?;
                if let Some(known) = transaction.find_bill_claim_of(id, member).await? {
                    return Ok(Some(known));
                }
                if count >= CLAIMS_MAX {
                    return Ok(None);
                }
                for claim in drawn {
                    if transaction.create_bill_claim(&claim).await? {
                        return Ok(Some(claim));
                    }
                }
                Ok(None)
            })
        });
        kept.await?.ok_or(Fault::BillClosed)
    }

    /// Gives the cash of a bill to the member whose number was typed at the machine. What was recorded for this member before is
    /// the answer again.
    ///
    /// # Errors
    /// [`Fault::NotFound`] unless it is a bill of this terminal, [`Fault::NumberUnknown`] if no phone shows this number,
    /// [`Fault::BillClosed`] if it cannot be settled any more, [`Fault::NotThisDevice`] if the member pays from another since.
    pub async fn release_bill(&self, terminal: &Terminal, id: BillId, number: &str) -> Result<Receipt, Fault> {
        let (terminal, number) = (terminal.id, number.to_owned());
        let found = self.database.read(move |transaction| {
            Box::pin(async move {
                let bill = transaction.find_bill(id).await?.filter(|bill| bill.terminal == terminal);
                Ok((bill.is_some(), transaction.find_bill_claim(id, &number).await?))
            })
        });
        let (is_own, claim) = found.await?;
        if !is_own {
            return Err(Fault::NotFound("bill of this terminal"));
        }
        let claim = claim.ok_or(Fault::NumberUnknown)?;
        self.settle_bill(id, Issue { device: Some(claim.device), ..Issue::of(claim.member) }).await
    }
}

impl BillState {
    /// Whether it can be settled.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open | Self::Claimed(_))
    }
}
