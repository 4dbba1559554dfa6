//! Bills: the shop's own code. A member opens it, sees shop and amount, confirms with the passkey, and the payment is recorded
//! under the `request_id` of the terminal whose bill it is. So the till inquires and cancels as it does for every payment.
//!
//! When a member confirms, a payment code is made that this terminal alone may use, and is used at once: the decision is the
//! one that a scanned code gets. A bill of a machine that has taken cash waits for a number first, see `claim`.

mod claim;

use std::time::Duration;

use warifu_core::id::{BillId, CeremonyId, MemberId, TerminalId};
use warifu_core::ledger::{Ask, Capture, Kind};
use warifu_core::money::Amount;
use warifu_core::mpm::{Pointer, ShopCode};
use warifu_core::place::Book;
use warifu_core::request::{RequestId, RequestKey};
use warifu_store::{Bill, BillClaim, Terminal};
use webauthn_rs::prelude::{PublicKeyCredential, RequestChallengeResponse};

use crate::code::Issue;
use crate::commit::Receipt;
use crate::enrollment::Station;
use crate::fault::Fault;
use crate::open::App;
use crate::passkey::Begun;
use crate::random;
use crate::session::Phone;
use crate::transaction::{Asked, Course, course};

/// How long a bill can be paid.
pub const BILL_LIFE: Duration = Duration::from_secs(300);
/// How long a bill is kept after that, for whoever looks what became of it.
pub(crate) const KEPT: Duration = Duration::from_secs(86_400);
/// How long after its end a payment of a bill may still become visible: longer than any request lives.
const SETTLING: Duration = Duration::from_secs(60);
/// How many bills a member may have made at once by entering amounts, so that nobody fills the store with them.
const OPEN_MAX: i64 = 20;

/// What a terminal asks for.
#[derive(Debug)]
pub struct BillRequest {
    /// The terminal's own id, under which it will be paid.
    pub request_id: RequestId,
    /// [`Kind::Payment`]; or [`Kind::TopUp`], where the terminal took cash.
    pub kind: Kind,
    /// How much, in yen; more than zero.
    pub amount: Amount,
    /// What is to be remembered with the payment, as JSON.
    pub note: Option<String>,
}

/// A code of the shop, as it is drawn and as a link.
#[derive(Clone, Debug)]
pub struct ShownShopCode {
    /// The text of the QR code (EMVCo, merchant-presented).
    pub code: String,
    /// Opens the same in a browser.
    pub link: String,
}

/// A bill with its code.
#[derive(Clone, Debug)]
pub struct ShownBill {
    /// The bill.
    pub bill: Bill,
    /// Its code.
    pub shown: ShownShopCode,
}

/// What a code of a shop leads to.
#[derive(Debug)]
pub enum Found {
    /// A bill: somebody asks for an amount.
    Bill(BillId),
    /// A place, where the member says how much.
    Place(Box<Station>),
}

/// A bill, where it is to be paid, and what became of it.
#[derive(Debug)]
pub struct OpenBill {
    /// The bill.
    pub bill: Bill,
    /// Whose it is.
    pub station: Station,
    /// What became of it.
    pub state: BillState,
}

/// What became of a bill, as a member is told.
#[derive(Debug)]
pub enum BillState {
    /// It can be paid.
    Open,
    /// The member has confirmed it and was given this number, to be typed at the machine.
    Claimed(String),
    /// The member's own payment is recorded under it, done or refused.
    Mine(Box<Course>),
    /// It was paid by somebody else, or cancelled.
    Closed,
    /// Its time is over, but a payment may still be on its way.
    Settling,
    /// Its time is over and it was not paid.
    Expired,
}

/// What a member's confirmation came to.
#[derive(Debug)]
pub enum Confirmed {
    /// It is recorded.
    Settled(Receipt),
    /// It waits for its number at the machine.
    Claimed(Bill, BillClaim),
}

impl App {
    /// Makes a bill. The same request gets the same bill again.
    ///
    /// # Errors
    /// [`Fault::RequestIdConflict`] if the id stands for something else, [`Fault::Invalid`] for an amount of zero.
    pub async fn make_bill(&self, terminal: &Terminal, request: BillRequest) -> Result<ShownBill, Fault> {
        self.make_bill_for(terminal, request, None).await
    }

    async fn make_bill_for(
        &self,
        terminal: &Terminal,
        request: BillRequest,
        made_for: Option<MemberId>,
    ) -> Result<ShownBill, Fault> {
        let BillRequest { request_id, kind, amount, note } = request;
        if amount.is_zero() {
            return Err(Fault::Invalid("the amount must be more than zero".to_owned()));
        }
        let now = self.clock.now();
        let key = RequestKey { caller: terminal.id.into(), request_id: request_id.clone() };
        let bill = Bill {
            id: BillId::generate(now, random::bytes()?),
            terminal: terminal.id,
            request_id,
            kind,
            amount,
            note,
            issued_at: now,
            expires_at: now.saturating_add(BILL_LIFE),
            made_for,
        };
        let kept = self.database.write(move |transaction| {
            Box::pin(async move {
                let known = transaction.find_bill_by_request(bill.terminal, &bill.request_id).await?;
                if let Some(known) = known {
                    return Ok(Some(known).filter(|known| is_same(known, &bill)));
                }
                if transaction.find_transaction_by_request(&key).await?.is_some() {
                    return Ok(None);
                }
                if let Some(member) = bill.made_for
                    && transaction.count_bills_for(member, now).await? >= OPEN_MAX
                {
                    return Ok(None);
                }
                // Another request made it at the same moment, where it is not new.
                if transaction.create_bill(&bill).await? {
                    return Ok(Some(bill));
                }
                let made = transaction.find_bill_by_request(bill.terminal, &bill.request_id).await?;
                Ok(made.filter(|made| is_same(made, &bill)))
            })
        });
        let bill = kept.await?.ok_or(Fault::RequestIdConflict)?;
        let shown = self.draw(&self.station(terminal.id).await?, Some(&bill))?;
        Ok(ShownBill { bill, shown })
    }

    /// The code of a terminal's place, to be printed: whoever opens it says how much.
    ///
    /// # Errors
    /// What the store said.
    pub async fn shop_code(&self, terminal: &Terminal) -> Result<ShownShopCode, Fault> {
        self.draw(&self.station(terminal.id).await?, None)
    }

    fn draw(&self, station: &Station, bill: Option<&Bill>) -> Result<ShownShopCode, Fault> {
        let jpqr = station.terminal.jpqr.as_ref();
        let code = ShopCode {
            bill: bill.map(|bill| bill.id),
            amount: bill.map(|bill| bill.amount),
            jpqr: jpqr.and_then(|(number, _)| number.parse().ok()),
            postal_code: jpqr.map(|(_, postal_code)| postal_code.clone()),
            ..ShopCode::new(self.issuer_prefix.clone(), station.terminal.id, station.shop.name.as_str())
        };
        let code = code.encode().map_err(|error| Fault::Invalid(error.to_string()))?;
        let path = bill.map_or_else(|| format!("shop/{}", station.terminal.id), |bill| format!("bill/{}", bill.id));
        Ok(ShownShopCode { code, link: format!("{}/{path}", self.origin()) })
    }

    /// What a scanned code of a shop leads to: the text of the QR code, or a link.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if it is none of this service's, [`Fault::NotFound`] if there is no such bill or place any more.
    pub async fn read_shop_code(&self, scanned: &str) -> Result<Found, Fault> {
        let foreign = || Fault::Invalid("this is not a code of a shop that takes this money".to_owned());
        let pointer = match scanned.strip_prefix(&format!("{}/", self.origin())) {
            Some(path) => self.read_link(path).ok_or_else(foreign)?,
            None => ShopCode::read(scanned).map_err(|_| foreign())?,
        };
        let (issuer, found) = match pointer {
            Pointer::Bill(issuer, bill) => (issuer, Ok(bill)),
            Pointer::Place(issuer, place) => (issuer, Err(place)),
            Pointer::Jpqr(number) => {
                let number = number.to_string();
                let found = self
                    .database
                    .read(move |transaction| Box::pin(async move { transaction.find_terminal_by_jpqr(&number).await }));
                (self.issuer_prefix.clone(), Err(found.await?.ok_or_else(foreign)?.id))
            }
        };
        if issuer != self.issuer_prefix {
            return Err(foreign());
        }
        match found {
            Ok(bill) => self.real_bill(bill).await.map(|(bill, _)| Found::Bill(bill.id)),
            Err(place) => Ok(Found::Place(Box::new(self.open_station(place).await?))),
        }
    }

    fn read_link(&self, path: &str) -> Option<Pointer> {
        let (kind, id) = path.split_once('/')?;
        match kind {
            "bill" => Some(Pointer::Bill(self.issuer_prefix.clone(), id.parse().ok()?)),
            "shop" => Some(Pointer::Place(self.issuer_prefix.clone(), id.parse().ok()?)),
            _ => None,
        }
    }

    /// A place that takes money: not one of the sandbox, and not one that was ended.
    async fn open_station(&self, place: TerminalId) -> Result<Station, Fault> {
        let station = self.station(place).await?;
        let is_open = station.terminal.book == Book::Real && station.terminal.revoked_at.is_none();
        if is_open { Ok(station) } else { Err(Fault::NotFound("shop that takes payments by this code")) }
    }

    /// A bill that a member can be told of: what the sandbox asks for is for nobody.
    async fn real_bill(&self, id: BillId) -> Result<(Bill, Station), Fault> {
        let found = self.database.read(move |transaction| Box::pin(async move { transaction.find_bill(id).await }));
        let bill = found.await?.ok_or(Fault::NotFound("bill"))?;
        let station = self.station(bill.terminal).await?;
        if station.terminal.book == Book::Real { Ok((bill, station)) } else { Err(Fault::NotFound("bill")) }
    }

    /// Makes a bill of what a member wants to pay at a place, whose code names no amount.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the place takes no payments, [`Fault::TooManyBills`], or what [`App::make_bill`] said.
    pub async fn make_bill_at(&self, phone: &Phone, place: TerminalId, amount: Amount) -> Result<BillId, Fault> {
        let station = self.open_station(place).await?;
        // Of the server's own making, and so long that no till's own id is ever the same.
        let request_id = format!("shop-code-{}", crate::random::new_trace_id());
        let request_id = request_id.parse().map_err(|_| Fault::Random("no request id was made".to_owned()))?;
        let request = BillRequest { request_id, kind: Kind::Payment, amount, note: None };
        let made = self.make_bill_for(&station.terminal, request, Some(phone.member)).await;
        made.map(|made| made.bill.id).map_err(|fault| match fault {
            // An id of our own making conflicts with nothing.
            Fault::RequestIdConflict => Fault::TooManyBills,
            fault => fault,
        })
    }

    /// A bill, as a member is told of it.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is none, or it is one of the sandbox.
    pub async fn open_bill(&self, phone: &Phone, id: BillId) -> Result<OpenBill, Fault> {
        let (_, station) = self.real_bill(id).await?;
        let (bill, state) = self.look_at(id, phone.member).await?;
        Ok(OpenBill { bill, station, state })
    }

    async fn look_at(&self, id: BillId, member: MemberId) -> Result<(Bill, BillState), Fault> {
        let (now, wallet) = (self.clock.now(), self.wallet_of(member).await?.id);
        let found = self.database.read(move |transaction| {
            Box::pin(async move {
                let Some(bill) = transaction.find_bill(id).await? else { return Ok(None) };
                let key = RequestKey { caller: bill.terminal.into(), request_id: bill.request_id.clone() };
                let state = match transaction.find_transaction_by_request(&key).await? {
                    Some(found) if found.record.key == key && found.record.wallet == Some(wallet) => {
                        BillState::Mine(Box::new(course(transaction, found.record, now).await?))
                    }
                    Some(_) => BillState::Closed,
                    None if now < bill.expires_at => {
                        let claim = transaction.find_bill_claim_of(id, member).await?;
                        claim.map_or(BillState::Open, |claim| BillState::Claimed(claim.number))
                    }
                    None if now < bill.expires_at.saturating_add(SETTLING) => BillState::Settling,
                    None => BillState::Expired,
                };
                Ok(Some((bill, state)))
            })
        });
        found.await?.ok_or(Fault::NotFound("bill"))
    }

    /// Begins to ask a member to confirm a bill with a passkey.
    ///
    /// # Errors
    /// [`Fault::NotFound`], [`Fault::NotThisDevice`], [`Fault::BillClosed`], [`Fault::Passkey`] if the member has none.
    pub async fn begin_paying_bill(&self, phone: &Phone, id: BillId) -> Result<Begun<RequestChallengeResponse>, Fault> {
        let open = self.open_bill(phone, id).await?;
        if !self.paying(phone).await?.pays {
            return Err(Fault::NotThisDevice);
        }
        if !open.state.is_open() {
            return Err(Fault::BillClosed);
        }
        self.begin_confirming(phone.member, id.bytes()).await
    }

    /// Pays a bill that a member confirms with a passkey; one of a machine that has taken cash is claimed by it. What was recorded
    /// for this member before is the answer again, whatever became of the ceremony: its first answer may have been lost.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such bill, [`Fault::Passkey`] if the confirmation is not believed, [`Fault::BillClosed`] if it cannot be paid any more, or another
    /// [`Fault`].
    pub async fn pay_bill(
        &self,
        phone: &Phone,
        id: BillId,
        ceremony: CeremonyId,
        response: &PublicKeyCredential,
        use_points: bool,
    ) -> Result<Confirmed, Fault> {
        let OpenBill { bill, state, .. } = self.open_bill(phone, id).await?;
        if let BillState::Mine(course) = state {
            return Ok(Confirmed::Settled(again(*course)));
        }
        self.finish_confirming(phone.member, id.bytes(), ceremony, response).await?;
        if bill.kind == Kind::TopUp {
            if !state.is_open() {
                return Err(Fault::BillClosed);
            }
            return Ok(Confirmed::Claimed(bill.clone(), self.claim_bill(phone, bill).await?));
        }
        let issue = Issue { device: Some(phone.device), use_points, ..Issue::of(phone.member) };
        self.settle_bill(id, issue).await.map(Confirmed::Settled)
    }

    /// Has a terminal's trial member pay a bill in the sandbox.
    ///
    /// # Errors
    /// [`Fault::NotFound`] unless it is a bill of this sandbox terminal, or as for a member.
    pub async fn pay_sandbox_bill(&self, terminal: &Terminal, id: BillId) -> Result<Receipt, Fault> {
        let found = self.database.read(move |transaction| Box::pin(async move { transaction.find_bill(id).await }));
        let is_own = |bill: &Bill| bill.terminal == terminal.id && terminal.book == Book::Sandbox;
        found.await?.filter(is_own).ok_or(Fault::NotFound("bill of this terminal in the sandbox"))?;
        let member = self.fill_sandbox_wallet(terminal).await?;
        self.settle_bill(id, Issue::of(member)).await
    }

    async fn settle_bill(&self, id: BillId, issue: Issue) -> Result<Receipt, Fault> {
        let member = issue.member;
        let (bill, state) = self.look_at(id, member).await?;
        match state {
            BillState::Open | BillState::Claimed(_) => {}
            BillState::Mine(course) => return Ok(again(*course)),
            BillState::Closed | BillState::Settling | BillState::Expired => return Err(Fault::BillClosed),
        }
        let code = self.issue(Issue { bill: Some(bill.clone()), ..issue }).await?.code;
        let key = RequestKey { caller: bill.terminal.into(), request_id: bill.request_id };
        let asked = Asked::default().text(code.digits()).amount(bill.amount);
        let (code, amount) = (self.macs_of(&code), bill.amount);
        let ask = match bill.kind {
            Kind::TopUp => Ask::TopUp { code, amount, forced: None },
            _ => Ask::Pay { code, amount, capture: Capture::Now, forced: None },
        };
        match self.submit(key.caller, key.request_id, ask, asked, bill.note).await {
            // Somebody was faster, perhaps this member with the same tap.
            Err(Fault::RequestIdConflict) => match self.look_at(id, member).await?.1 {
                BillState::Mine(course) => Ok(again(*course)),
                _ => Err(Fault::BillClosed),
            },
            answer => answer,
        }
    }
}

/// What was recorded before, as the answer to the same again.
fn again(course: Course) -> Receipt {
    Receipt { record: course.record, replayed: true, was_canceled: false }
}

/// Whether a bill that is there is what was asked for again.
fn is_same(known: &Bill, asked: &Bill) -> bool {
    (known.kind, known.amount, &known.note) == (asked.kind, asked.amount, &asked.note)
}
