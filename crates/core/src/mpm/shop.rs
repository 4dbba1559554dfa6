//! Warifu's own merchant codes: the static one of a terminal and the dynamic one of a bill, with JPQR's numbers beside
//! them. This room must not know whether the terminal or the bill exists.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::fields::{LanguageTemplate, Template};
use super::form::{JPY, check_one_of};
use super::merchant::{AMOUNT, CURRENCY, NAME_CHARS_MAX};
use super::{Initiation, JpqrNumber, MerchantCode, MpmError, ObjectId};
use crate::code::IssuerPrefix;
use crate::id::{BillId, TerminalId};
use crate::money::Amount;

/// What a shop shows: a sticker for any number of payments, or a bill on a screen.
///
/// Warifu's account template stands at [`ShopCode::TEMPLATE`]: [`ShopCode::UNIQUE_ID`] in `00`, the issuer prefix in
/// `01`, and 32 lower-case hex digits, of the bill in `02` or else of the terminal in `03`.
///
/// ```
/// # use warifu_core::{id::TerminalId, mpm::{Pointer, ShopCode}};
/// let (issuer, place) = ("90000123".parse()?, TerminalId::from_bytes([1; 16]));
/// let text = ShopCode::new(issuer, place, "カフェ").encode()?;
/// assert!(matches!(ShopCode::read(&text)?, Pointer::Place(_, read) if read == place));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopCode {
    /// Whose Warifu it is.
    pub issuer: IssuerPrefix,
    /// The terminal that takes the payment; written if there is no bill, for a bill has its own terminal.
    pub place: TerminalId,
    /// The bill; without one the code is static.
    pub bill: Option<BillId>,
    /// What the bill asks for, 1 to 9,999,999,999,999 yen; only with a bill. It is for the payer's eyes: what counts
    /// is the bill.
    pub amount: Option<Amount>,
    /// Name of the shop in its own language. Its first 25 characters are written, and for readers of ASCII those that
    /// have an ASCII form, or "SHOP" if they have less than three letters and digits.
    pub shop_name: String,
    /// The shop's numbers with JPQR; they need a postal code.
    pub jpqr: Option<JpqrNumber>,
    /// City, up to 15 characters of printable ASCII; "JAPAN" unless it is told.
    pub city: String,
    /// Postal code, up to 10 characters of printable ASCII.
    pub postal_code: Option<String>,
    /// Merchant category code of ISO 18245, four digits; 5999, retail of any kind, unless it is told.
    pub category: String,
}

/// Where a merchant code leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointer {
    /// To a bill of an issuer.
    Bill(IssuerPrefix, BillId),
    /// To a terminal of an issuer, where the payer enters the amount.
    Place(IssuerPrefix, TerminalId),
    /// To a shop that is known by JPQR's numbers only.
    Jpqr(JpqrNumber),
}

const ISSUER: u8 = 1;
const BILL: u8 = 2;
const PLACE: u8 = 3;
const ASCII_NAME_MIN: usize = 3;

impl ShopCode {
    /// Where Warifu's account template stands: beside JPQR's, always the same place.
    pub const TEMPLATE: u8 = 27;
    /// Whose template it is: a UUID version 4 that was drawn once, without hyphens as EMVCo wants it.
    pub const UNIQUE_ID: &'static str = "ac65e7239ee5414a920f4f35cb83bf8f";

    /// The static code of a terminal, with nothing told that can be left out.
    #[must_use]
    pub fn new(issuer: IssuerPrefix, place: TerminalId, shop_name: impl Into<String>) -> Self {
        ShopCode {
            issuer,
            place,
            bill: None,
            amount: None,
            shop_name: shop_name.into(),
            jpqr: None,
            city: "JAPAN".to_owned(),
            postal_code: None,
            category: "5999".to_owned(),
        }
    }

    /// The text of the QR code.
    ///
    /// # Errors
    /// [`MpmError::Unexpected`] for an amount without a bill, [`MpmError::Missing`] for JPQR's numbers without a postal
    /// code, and the [`MpmError`] of a value that does not fit.
    pub fn encode(&self) -> Result<String, MpmError> {
        if self.amount.is_some() && self.bill.is_none() {
            return Err(MpmError::Unexpected(ObjectId::Root(AMOUNT)));
        }
        let mut account_templates = BTreeMap::from([(Self::TEMPLATE, self.template())]);
        account_templates.extend(self.jpqr.as_ref().map(|number| (JpqrNumber::TEMPLATE, number.to_template())));
        let language = LanguageTemplate {
            language: "JA".to_owned(),
            name: self.shop_name.chars().take(LanguageTemplate::NAME_CHARS_MAX).collect(),
            city: None,
            others: BTreeMap::new(),
        };
        let code = MerchantCode {
            initiation: Some(if self.bill.is_some() { Initiation::Dynamic } else { Initiation::Static }),
            accounts: BTreeMap::new(),
            account_templates,
            category: self.category.clone(),
            currency: JPY.to_owned(),
            amount: self.amount.map(|amount| amount.get().to_string()),
            tip: None,
            country: "JP".to_owned(),
            name: ascii_name(&self.shop_name),
            city: self.city.clone(),
            postal_code: self.postal_code.clone(),
            additional: None,
            language: Some(language),
            reserved: BTreeMap::new(),
            unreserved: BTreeMap::new(),
        };
        // JPQR has rules of its own, which must hold before other services read the code.
        JpqrNumber::find(&code)?;
        code.encode()
    }

    /// Where the text of a QR code leads: where Warifu's template says, if there is one, else where JPQR's does.
    ///
    /// # Errors
    /// [`MpmError::OtherService`] if there is neither, [`MpmError::Unexpected`] or [`MpmError::Malformed`] if the rest
    /// of the code contradicts the template, and the [`MpmError`] of the first fault found.
    pub fn read(text: &str) -> Result<Pointer, MpmError> {
        let code = MerchantCode::decode(text)?;
        let ours = code.account_templates.get(&Self::TEMPLATE);
        match ours.filter(|template| template.unique_id == Self::UNIQUE_ID) {
            Some(template) => read_ours(&code, template),
            None => JpqrNumber::find(&code)?.map(Pointer::Jpqr).ok_or(MpmError::OtherService),
        }
    }

    fn template(&self) -> Template {
        let (id, bytes) = match self.bill {
            Some(bill) => (BILL, bill.bytes()),
            None => (PLACE, self.place.bytes()),
        };
        Template {
            unique_id: Self::UNIQUE_ID.to_owned(),
            objects: BTreeMap::from([
                (ISSUER, self.issuer.as_str().to_owned()),
                (id, Uuid::from_bytes(bytes).simple().to_string()),
            ]),
        }
    }
}

/// Warifu's template, where nothing else may stand: what a later version says with more, this one cannot judge.
fn read_ours(code: &MerchantCode, template: &Template) -> Result<Pointer, MpmError> {
    let at = |id| ObjectId::Sub(ShopCode::TEMPLATE, id);
    let find = |id| template.objects.get(&id);
    if let Some(id) = template.objects.keys().find(|id| !matches!(**id, ISSUER | BILL | PLACE)) {
        return Err(MpmError::Unexpected(at(*id)));
    }
    let issuer = find(ISSUER).ok_or(MpmError::Missing(at(ISSUER)))?;
    let issuer: IssuerPrefix = issuer.parse().map_err(|_| MpmError::Malformed(at(ISSUER)))?;
    check_one_of(ObjectId::Root(CURRENCY), &code.currency, &[JPY])?;
    match (find(BILL), find(PLACE)) {
        (Some(_), Some(_)) => Err(MpmError::Unexpected(at(PLACE))),
        (None, None) => Err(MpmError::Missing(at(PLACE))),
        (Some(_), None) if code.initiation != Some(Initiation::Dynamic) => Err(MpmError::Malformed(Initiation::AT)),
        (None, Some(_)) if code.initiation != Some(Initiation::Static) => Err(MpmError::Malformed(Initiation::AT)),
        (None, Some(_)) if code.amount.is_some() => Err(MpmError::Unexpected(ObjectId::Root(AMOUNT))),
        (Some(digits), None) => {
            let bill = format!("{}{digits}", BillId::PREFIX).parse().map_err(|_| MpmError::Malformed(at(BILL)))?;
            Ok(Pointer::Bill(issuer, bill))
        }
        (None, Some(digits)) => {
            let place =
                format!("{}{digits}", TerminalId::PREFIX).parse().map_err(|_| MpmError::Malformed(at(PLACE)))?;
            Ok(Pointer::Place(issuer, place))
        }
    }
}

/// The characters of `name` that have an ASCII form, full-width ones in it, without needless spaces; "SHOP" if that
/// leaves nothing to know a shop by.
fn ascii_name(name: &str) -> String {
    let ascii: String = name.chars().filter_map(ascii_form).collect();
    let words: Vec<&str> = ascii.split(' ').filter(|word| !word.is_empty()).collect();
    let cut: String = words.join(" ").chars().take(NAME_CHARS_MAX).collect();
    let known_by = cut.bytes().filter(u8::is_ascii_alphanumeric).count();
    if known_by < ASCII_NAME_MIN { "SHOP".to_owned() } else { cut.trim_end().to_owned() }
}

fn ascii_form(character: char) -> Option<char> {
    match character {
        ' '..='~' => Some(character),
        '\u{3000}' => Some(' '),
        // Full-width forms stand in the order of ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character).checked_sub(0xFEE0)?),
        _ => None,
    }
}
