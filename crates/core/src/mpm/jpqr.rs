//! JPQR's numbers: which shop it is, for all services that take part. This room must not know which service gave a
//! number, nor what stands behind one.

use std::fmt;
use std::str::FromStr;

use super::fields::{LanguageTemplate, Template};
use super::form::{JPY, check_digits, check_one_of};
use super::merchant::{COUNTRY, CURRENCY, POSTAL_CODE};
use super::{MerchantCode, MpmError, ObjectId};

/// The numbers of JPQR's account template, four groups of digits. As text they are joined by hyphens:
/// `0000000000001-0001-000001-000001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JpqrNumber(String);

/// Why a text is not JPQR's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JPQR number is 13, 4, 6 and 6 digits, joined by hyphens")]
pub struct JpqrNumberError;

/// The data objects that hold the numbers, and how many digits each has.
const GROUPS: [(u8, usize); 4] = [(1, 13), (2, 4), (3, 6), (4, 6)];

impl JpqrNumber {
    /// Where JPQR's account template stands.
    pub const TEMPLATE: u8 = 26;
    /// Whose template it is.
    pub const UNIQUE_ID: &'static str = "jp.or.paymentsjapan";

    /// The numbers in a merchant code; nothing if template `26` is not there or not JPQR's.
    ///
    /// # Errors
    /// The [`MpmError`] of the first of JPQR's rules that the code breaks: those of
    /// [`from_template`](JpqrNumber::from_template), the yen, Japan, a postal code, and a name in Japanese without a
    /// city.
    pub fn find(code: &MerchantCode) -> Result<Option<JpqrNumber>, MpmError> {
        let template = code.account_templates.get(&Self::TEMPLATE);
        let Some(template) = template.filter(|template| template.unique_id == Self::UNIQUE_ID) else {
            return Ok(None);
        };
        let number = JpqrNumber::from_template(template)?;
        check_one_of(ObjectId::Root(CURRENCY), &code.currency, &[JPY])?;
        check_one_of(ObjectId::Root(COUNTRY), &code.country, &["JP"])?;
        if code.postal_code.is_none() {
            return Err(MpmError::Missing(ObjectId::Root(POSTAL_CODE)));
        }
        let language = code.language.as_ref().ok_or(MpmError::Missing(LanguageTemplate::AT))?;
        check_one_of(LanguageTemplate::LANGUAGE, &language.language, &["JA"])?;
        if language.city.is_some() {
            return Err(MpmError::Unexpected(LanguageTemplate::CITY));
        }
        Ok(Some(number))
    }

    /// The numbers in JPQR's account template.
    ///
    /// # Errors
    /// [`MpmError::Malformed`] for another service's template or a group that is not digits of its length,
    /// [`MpmError::Missing`] or [`MpmError::Unexpected`] if there are not just the four groups.
    pub fn from_template(template: &Template) -> Result<JpqrNumber, MpmError> {
        let at = |id| ObjectId::Sub(Self::TEMPLATE, id);
        check_one_of(at(0), &template.unique_id, &[Self::UNIQUE_ID])?;
        let mut groups = Vec::new();
        for (id, length) in GROUPS {
            let digits = template.objects.get(&id).ok_or(MpmError::Missing(at(id)))?;
            check_digits(at(id), digits, length)?;
            groups.push(digits.as_str());
        }
        match template.objects.keys().find(|id| GROUPS.iter().all(|(group, _)| group != *id)) {
            Some(id) => Err(MpmError::Unexpected(at(*id))),
            None => Ok(JpqrNumber(groups.join("-"))),
        }
    }

    /// JPQR's account template with these numbers.
    #[must_use]
    pub fn to_template(&self) -> Template {
        let ids = GROUPS.iter().map(|(id, _)| *id);
        Template {
            unique_id: Self::UNIQUE_ID.to_owned(),
            objects: ids.zip(self.0.split('-').map(str::to_owned)).collect(),
        }
    }
}

impl fmt::Display for JpqrNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JpqrNumber {
    type Err = JpqrNumberError;

    fn from_str(text: &str) -> Result<Self, JpqrNumberError> {
        let groups: Vec<&str> = text.split('-').collect();
        let fits = groups.len() == GROUPS.len()
            && groups
                .iter()
                .zip(GROUPS)
                .all(|(group, (id, length))| check_digits(ObjectId::Sub(Self::TEMPLATE, id), group, length).is_ok());
        if fits { Ok(Self(text.to_owned())) } else { Err(JpqrNumberError) }
    }
}
