//! EMVCo's merchant code: which data objects it has, and the rules between them. This room must not know what a service
//! puts into its own template.

use std::collections::BTreeMap;

use super::fields::{
    AdditionalData, LanguageTemplate, Objects, Template, check_templates, check_texts, template_texts,
};
use super::form::{JPY, check_amount, check_ascii, check_digits, check_percentage, check_two_letters};
use super::tlv::{TEXT_BYTES_MAX, VALUE_CHARS_MAX, checksum, read, write};
use super::{MpmError, ObjectId};
use crate::money::Amount;

/// An EMVCo merchant code, version 1.1.
///
/// Values are text as it stands in the code. At least one account is named. A template's value, which is all that is
/// in it, has at most 99 characters, the whole code at most [`TEXT_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantCode {
    /// `01`: whether the code is for one payment.
    pub initiation: Option<Initiation>,
    /// `02` to `25`: accounts with the card schemes, printable ASCII.
    pub accounts: BTreeMap<u8, String>,
    /// `26` to `51`: accounts with other services.
    pub account_templates: BTreeMap<u8, Template>,
    /// `52`: merchant category code of ISO 18245, four digits.
    pub category: String,
    /// `53`: currency of ISO 4217, three digits; 392 is the yen.
    pub currency: String,
    /// `54`: amount above zero, digits with at most one `.`, up to 13 characters. The payer enters it if it is absent.
    pub amount: Option<String>,
    /// `55` to `57`: what is paid on top of the amount.
    pub tip: Option<Tip>,
    /// `58`: country of ISO 3166-1, two upper-case letters.
    pub country: String,
    /// `59`: name of the merchant, up to 25 characters of printable ASCII.
    pub name: String,
    /// `60`: city, up to 15 characters of printable ASCII.
    pub city: String,
    /// `61`: postal code, up to 10 characters of printable ASCII.
    pub postal_code: Option<String>,
    /// `62`.
    pub additional: Option<AdditionalData>,
    /// `64`.
    pub language: Option<LanguageTemplate>,
    /// `65` to `79`: reserved, any text.
    pub reserved: BTreeMap<u8, String>,
    /// `80` to `99`: templates of services.
    pub unreserved: BTreeMap<u8, Template>,
}

/// For how many payments a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiation {
    /// `11`: for any number.
    Static,
    /// `12`: for one.
    Dynamic,
}

/// What is paid on top of the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tip {
    /// The payer enters a tip.
    Asked,
    /// A convenience fee, written like the amount.
    Fixed(String),
    /// A convenience fee in percent of the amount, `0.01` to `99.99`, with at most two decimals.
    Percentage(String),
}

const FORMAT: u8 = 0;
const INITIATION: u8 = 1;
const CATEGORY: u8 = 52;
pub(super) const CURRENCY: u8 = 53;
pub(super) const AMOUNT: u8 = 54;
const TIP: u8 = 55;
const FEE_FIXED: u8 = 56;
const FEE_PERCENTAGE: u8 = 57;
pub(super) const COUNTRY: u8 = 58;
const NAME: u8 = 59;
const CITY: u8 = 60;
pub(super) const POSTAL_CODE: u8 = 61;
const ADDITIONAL: u8 = 62;
const CRC: u8 = 63;
const LANGUAGE: u8 = 64;

const VERSION: &str = "01";
pub(super) const NAME_CHARS_MAX: usize = 25;

impl MerchantCode {
    /// The text of the QR code. Data objects stand in the order of their ids, the checksum last.
    ///
    /// # Errors
    /// The [`MpmError`] of the first rule that is broken.
    pub fn encode(&self) -> Result<String, MpmError> {
        self.check()?;
        let mut text = String::new();
        for (id, value) in self.values()? {
            write(&mut text, ObjectId::Root(id), &value)?;
        }
        text.push_str("6304");
        text.push_str(&checksum(&text));
        if text.len() > TEXT_BYTES_MAX { Err(MpmError::TooLong) } else { Ok(text) }
    }

    /// Reads the text of a QR code. The indicator stands first and the checksum last; between them, and in a template,
    /// the order is free.
    ///
    /// # Errors
    /// The [`MpmError`] of the first fault found.
    pub fn decode(text: &str) -> Result<MerchantCode, MpmError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(MpmError::TooLong);
        }
        let objects = read(text, None)?;
        match objects.first() {
            None => return Err(MpmError::Missing(ObjectId::Root(FORMAT))),
            Some((FORMAT, VERSION)) => {}
            Some((FORMAT, _)) => return Err(MpmError::OtherVersion),
            Some((id, _)) => return Err(MpmError::Unexpected(ObjectId::Root(*id))),
        }
        match objects.last() {
            Some((CRC, crc)) if crc.len() != 4 => return Err(MpmError::Malformed(ObjectId::Root(CRC))),
            Some((CRC, crc)) if text.strip_suffix(crc).map(checksum).as_deref() != Some(*crc) => {
                return Err(MpmError::Checksum);
            }
            Some((CRC, _)) => {}
            _ if objects.iter().any(|(id, _)| *id == CRC) => return Err(MpmError::Unexpected(ObjectId::Root(CRC))),
            _ => return Err(MpmError::Missing(ObjectId::Root(CRC))),
        }
        let code = MerchantCode::from_objects(&Objects::of(objects, None))?;
        code.check()?;
        Ok(code)
    }

    /// The amount in whole yen; nothing if the code has no amount, has it in another currency or malformed.
    #[must_use]
    pub fn yen(&self) -> Option<Amount> {
        let text = self.amount.as_deref()?;
        if self.currency != JPY || check_amount(ObjectId::Root(AMOUNT), text, JPY).is_err() {
            return None;
        }
        // What was checked has no digits behind the point.
        text.trim_end_matches('.').parse().ok().and_then(Amount::new)
    }

    fn from_objects(objects: &Objects<'_>) -> Result<MerchantCode, MpmError> {
        Ok(MerchantCode {
            initiation: objects.find(INITIATION).map(|word| Initiation::parse(&word)).transpose()?,
            accounts: objects.among(2..=25),
            account_templates: objects.templates(26..=51)?,
            category: objects.need(CATEGORY)?,
            currency: objects.need(CURRENCY)?,
            amount: objects.find(AMOUNT),
            tip: Tip::read(objects)?,
            country: objects.need(COUNTRY)?,
            name: objects.need(NAME)?,
            city: objects.need(CITY)?,
            postal_code: objects.find(POSTAL_CODE),
            additional: objects.find(ADDITIONAL).map(|text| AdditionalData::read(&text)).transpose()?,
            language: objects.find(LANGUAGE).map(|text| LanguageTemplate::read(&text)).transpose()?,
            reserved: objects.among(65..=79),
            unreserved: objects.templates(80..=99)?,
        })
    }

    /// The rules that go beyond spelling, the same for writer and reader.
    fn check(&self) -> Result<(), MpmError> {
        if self.accounts.is_empty() && self.account_templates.is_empty() {
            return Err(MpmError::NoAccount);
        }
        check_texts(None, &self.accounts, 2..=25)?;
        for (id, value) in &self.accounts {
            check_ascii(ObjectId::Root(*id), value, VALUE_CHARS_MAX)?;
        }
        check_templates(None, &self.account_templates, 26..=51)?;
        check_digits(ObjectId::Root(CATEGORY), &self.category, 4)?;
        check_digits(ObjectId::Root(CURRENCY), &self.currency, 3)?;
        if let Some(amount) = &self.amount {
            check_amount(ObjectId::Root(AMOUNT), amount, &self.currency)?;
        }
        match &self.tip {
            Some(Tip::Fixed(fee)) => check_amount(ObjectId::Root(FEE_FIXED), fee, &self.currency)?,
            Some(Tip::Percentage(fee)) => check_percentage(ObjectId::Root(FEE_PERCENTAGE), fee)?,
            Some(Tip::Asked) | None => {}
        }
        check_two_letters(ObjectId::Root(COUNTRY), &self.country)?;
        check_ascii(ObjectId::Root(NAME), &self.name, NAME_CHARS_MAX)?;
        check_ascii(ObjectId::Root(CITY), &self.city, 15)?;
        if let Some(postal_code) = &self.postal_code {
            check_ascii(ObjectId::Root(POSTAL_CODE), postal_code, 10)?;
        }
        if let Some(additional) = &self.additional {
            additional.check()?;
        }
        if let Some(language) = &self.language {
            language.check()?;
        }
        check_texts(None, &self.reserved, 65..=79)?;
        check_templates(None, &self.unreserved, 80..=99)
    }

    /// The values of all data objects but the checksum. None is overwritten: the ids were checked, and no two fields
    /// share one.
    fn values(&self) -> Result<BTreeMap<u8, String>, MpmError> {
        let mut values = BTreeMap::from([
            (FORMAT, VERSION.to_owned()),
            (CATEGORY, self.category.clone()),
            (CURRENCY, self.currency.clone()),
            (COUNTRY, self.country.clone()),
            (NAME, self.name.clone()),
            (CITY, self.city.clone()),
        ]);
        values.extend(self.initiation.map(|initiation| (INITIATION, initiation.word().to_owned())));
        values.extend(self.accounts.clone());
        values.extend(template_texts(None, &self.account_templates)?);
        values.extend(self.amount.clone().map(|amount| (AMOUNT, amount)));
        values.extend(self.tip.as_ref().map(|tip| (TIP, tip.word().to_owned())));
        match &self.tip {
            Some(Tip::Fixed(fee)) => values.extend([(FEE_FIXED, fee.clone())]),
            Some(Tip::Percentage(fee)) => values.extend([(FEE_PERCENTAGE, fee.clone())]),
            Some(Tip::Asked) | None => {}
        }
        values.extend(self.postal_code.clone().map(|postal_code| (POSTAL_CODE, postal_code)));
        if let Some(additional) = &self.additional {
            values.insert(ADDITIONAL, additional.text()?);
        }
        if let Some(language) = &self.language {
            values.insert(LANGUAGE, language.text()?);
        }
        values.extend(self.reserved.clone());
        values.extend(template_texts(None, &self.unreserved)?);
        Ok(values)
    }
}

impl Initiation {
    pub(super) const AT: ObjectId = ObjectId::Root(INITIATION);

    fn parse(word: &str) -> Result<Self, MpmError> {
        match word {
            "11" => Ok(Initiation::Static),
            "12" => Ok(Initiation::Dynamic),
            _ => Err(MpmError::Malformed(Self::AT)),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Initiation::Static => "11",
            Initiation::Dynamic => "12",
        }
    }
}

impl Tip {
    fn read(objects: &Objects<'_>) -> Result<Option<Self>, MpmError> {
        let fixed = objects.find(FEE_FIXED);
        let percentage = objects.find(FEE_PERCENTAGE);
        let tip = match objects.find(TIP).as_deref() {
            None => None,
            Some("01") => Some(Tip::Asked),
            Some("02") => Some(Tip::Fixed(objects.need(FEE_FIXED)?)),
            Some("03") => Some(Tip::Percentage(objects.need(FEE_PERCENTAGE)?)),
            Some(_) => return Err(MpmError::Malformed(ObjectId::Root(TIP))),
        };
        if fixed.is_some() && !matches!(tip, Some(Tip::Fixed(_))) {
            return Err(MpmError::Unexpected(ObjectId::Root(FEE_FIXED)));
        }
        if percentage.is_some() && !matches!(tip, Some(Tip::Percentage(_))) {
            return Err(MpmError::Unexpected(ObjectId::Root(FEE_PERCENTAGE)));
        }
        Ok(tip)
    }

    fn word(&self) -> &'static str {
        match self {
            Tip::Asked => "01",
            Tip::Fixed(_) => "02",
            Tip::Percentage(_) => "03",
        }
    }
}
