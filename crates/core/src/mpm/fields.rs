//! The templates inside a merchant code: their fields, how they are read, checked and written. This room must not know
//! what a service puts into its own template.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::form::{check_ascii, check_one_of, check_text, check_two_letters};
use super::tlv::{VALUE_CHARS_MAX, read, write};
use super::{MpmError, ObjectId};

/// A template that belongs to one service: of account information (`26` to `51`), of additional data (`62.50` to
/// `62.99`) or unreserved (`80` to `99`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// `00`: whose template it is; up to 32 characters of printable ASCII. A reverse domain name, a UUID without
    /// hyphens, or an application id.
    pub unique_id: String,
    /// `01` to `99`: what the service likes, any text.
    pub objects: BTreeMap<u8, String>,
}

/// What goes with the payment (`62`). Each text up to 25 characters of printable ASCII; `***` asks the payer for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdditionalData {
    /// `01`: number of the bill or invoice.
    pub bill: Option<String>,
    /// `02`: mobile number that is topped up or billed.
    pub mobile: Option<String>,
    /// `03`: the store.
    pub store: Option<String>,
    /// `04`: number of the loyalty card.
    pub loyalty: Option<String>,
    /// `05`: reference of the transaction.
    pub reference: Option<String>,
    /// `06`: number of the customer.
    pub customer: Option<String>,
    /// `07`: the terminal.
    pub terminal: Option<String>,
    /// `08`: purpose of the transaction.
    pub purpose: Option<String>,
    /// `09`: what the payer is to tell: one to three different of `A` (address), `M` (mobile number), `E` (e-mail).
    pub data_request: Option<String>,
    /// `10` to `49`: for a payer who knows a later use of them, any text.
    pub others: BTreeMap<u8, String>,
    /// `50` to `99`: templates of services.
    pub templates: BTreeMap<u8, Template>,
}

/// The merchant in another language (`64`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTemplate {
    /// `00`: two upper-case letters of ISO 639-1.
    pub language: String,
    /// `01`: name of the merchant, up to 25 characters.
    pub name: String,
    /// `02`: city, up to 15 characters.
    pub city: Option<String>,
    /// `03` to `99`: reserved, any text.
    pub others: BTreeMap<u8, String>,
}

/// Data objects of one level by their id, as they were read.
pub(super) struct Objects<'a> {
    template: Option<ObjectId>,
    values: BTreeMap<u8, &'a str>,
}

impl<'a> Objects<'a> {
    pub(super) fn read(text: &'a str, template: Option<ObjectId>) -> Result<Self, MpmError> {
        Ok(Objects::of(read(text, template)?, template))
    }

    pub(super) fn of(objects: Vec<(u8, &'a str)>, template: Option<ObjectId>) -> Self {
        Objects { template, values: objects.into_iter().collect() }
    }

    pub(super) fn find(&self, id: u8) -> Option<String> {
        self.values.get(&id).map(|value| (*value).to_owned())
    }

    pub(super) fn need(&self, id: u8) -> Result<String, MpmError> {
        self.find(id).ok_or(MpmError::Missing(ObjectId::inside(self.template, id)))
    }

    pub(super) fn among(&self, ids: RangeInclusive<u8>) -> BTreeMap<u8, String> {
        self.values.range(ids).map(|(id, value)| (*id, (*value).to_owned())).collect()
    }

    pub(super) fn templates(&self, ids: RangeInclusive<u8>) -> Result<BTreeMap<u8, Template>, MpmError> {
        let read = |(id, value): (&u8, &&str)| {
            Template::read(value, ObjectId::inside(self.template, *id)).map(|template| (*id, template))
        };
        self.values.range(ids).map(read).collect()
    }
}

impl Template {
    const UNIQUE_ID: u8 = 0;
    const UNIQUE_ID_CHARS_MAX: usize = 32;

    fn read(text: &str, at: ObjectId) -> Result<Self, MpmError> {
        let objects = Objects::read(text, Some(at))?;
        Ok(Template { unique_id: objects.need(Self::UNIQUE_ID)?, objects: objects.among(1..=99) })
    }

    fn check(&self, at: ObjectId) -> Result<(), MpmError> {
        let unique_id = ObjectId::inside(Some(at), Self::UNIQUE_ID);
        check_ascii(unique_id, &self.unique_id, Self::UNIQUE_ID_CHARS_MAX)?;
        check_texts(Some(at), &self.objects, 1..=99)
    }

    fn text(&self, at: ObjectId) -> Result<String, MpmError> {
        let mut out = String::new();
        write(&mut out, ObjectId::inside(Some(at), Self::UNIQUE_ID), &self.unique_id)?;
        write_all(&mut out, at, &self.objects)?;
        Ok(out)
    }
}

impl AdditionalData {
    const AT: ObjectId = ObjectId::Root(62);
    const CHARS_MAX: usize = 25;
    const DATA_REQUEST: u8 = 9;
    const DATA_REQUESTS: [&str; 15] =
        ["A", "M", "E", "AM", "AE", "MA", "ME", "EA", "EM", "AME", "AEM", "MAE", "MEA", "EAM", "EMA"];

    pub(super) fn read(text: &str) -> Result<Self, MpmError> {
        let objects = Objects::read(text, Some(Self::AT))?;
        if objects.find(0).is_some() {
            return Err(MpmError::Unexpected(ObjectId::inside(Some(Self::AT), 0)));
        }
        Ok(AdditionalData {
            bill: objects.find(1),
            mobile: objects.find(2),
            store: objects.find(3),
            loyalty: objects.find(4),
            reference: objects.find(5),
            customer: objects.find(6),
            terminal: objects.find(7),
            purpose: objects.find(8),
            data_request: objects.find(Self::DATA_REQUEST),
            others: objects.among(10..=49),
            templates: objects.templates(50..=99)?,
        })
    }

    pub(super) fn check(&self) -> Result<(), MpmError> {
        for (id, value) in self.named() {
            let at = ObjectId::inside(Some(Self::AT), id);
            if id == Self::DATA_REQUEST {
                check_one_of(at, value, &Self::DATA_REQUESTS)?;
            } else {
                check_ascii(at, value, Self::CHARS_MAX)?;
            }
        }
        check_texts(Some(Self::AT), &self.others, 10..=49)?;
        check_templates(Some(Self::AT), &self.templates, 50..=99)
    }

    pub(super) fn text(&self) -> Result<String, MpmError> {
        let mut out = String::new();
        for (id, value) in self.named() {
            write(&mut out, ObjectId::inside(Some(Self::AT), id), value)?;
        }
        write_all(&mut out, Self::AT, &self.others)?;
        write_all(&mut out, Self::AT, &template_texts(Some(Self::AT), &self.templates)?)?;
        Ok(out)
    }

    fn named(&self) -> impl Iterator<Item = (u8, &str)> {
        [
            (1, &self.bill),
            (2, &self.mobile),
            (3, &self.store),
            (4, &self.loyalty),
            (5, &self.reference),
            (6, &self.customer),
            (7, &self.terminal),
            (8, &self.purpose),
            (Self::DATA_REQUEST, &self.data_request),
        ]
        .into_iter()
        .filter_map(|(id, value)| value.as_deref().map(|value| (id, value)))
    }
}

impl LanguageTemplate {
    pub(super) const AT: ObjectId = ObjectId::Root(64);
    pub(super) const LANGUAGE: ObjectId = ObjectId::Sub(64, 0);
    const NAME: ObjectId = ObjectId::Sub(64, 1);
    pub(super) const CITY: ObjectId = ObjectId::Sub(64, 2);
    pub(super) const NAME_CHARS_MAX: usize = 25;
    const CITY_CHARS_MAX: usize = 15;

    pub(super) fn read(text: &str) -> Result<Self, MpmError> {
        let objects = Objects::read(text, Some(Self::AT))?;
        Ok(LanguageTemplate {
            language: objects.need(0)?,
            name: objects.need(1)?,
            city: objects.find(2),
            others: objects.among(3..=99),
        })
    }

    pub(super) fn check(&self) -> Result<(), MpmError> {
        check_two_letters(Self::LANGUAGE, &self.language)?;
        check_text(Self::NAME, &self.name, Self::NAME_CHARS_MAX)?;
        if let Some(city) = &self.city {
            check_text(Self::CITY, city, Self::CITY_CHARS_MAX)?;
        }
        check_texts(Some(Self::AT), &self.others, 3..=99)
    }

    pub(super) fn text(&self) -> Result<String, MpmError> {
        let mut out = String::new();
        write(&mut out, Self::LANGUAGE, &self.language)?;
        write(&mut out, Self::NAME, &self.name)?;
        if let Some(city) = &self.city {
            write(&mut out, Self::CITY, city)?;
        }
        write_all(&mut out, Self::AT, &self.others)?;
        Ok(out)
    }
}

/// Refuses ids that may not stand here, and values that are no text.
pub(super) fn check_texts(
    template: Option<ObjectId>,
    objects: &BTreeMap<u8, String>,
    ids: RangeInclusive<u8>,
) -> Result<(), MpmError> {
    for (id, value) in objects {
        let at = ObjectId::inside(template, *id);
        if !ids.contains(id) {
            return Err(MpmError::Unexpected(at));
        }
        check_text(at, value, VALUE_CHARS_MAX)?;
    }
    Ok(())
}

/// Refuses ids that may not stand here, and templates that are not in order.
pub(super) fn check_templates(
    template: Option<ObjectId>,
    templates: &BTreeMap<u8, Template>,
    ids: RangeInclusive<u8>,
) -> Result<(), MpmError> {
    for (id, inner) in templates {
        let at = ObjectId::inside(template, *id);
        if !ids.contains(id) {
            return Err(MpmError::Unexpected(at));
        }
        inner.check(at)?;
    }
    Ok(())
}

/// The values of templates, by their ids.
pub(super) fn template_texts(
    template: Option<ObjectId>,
    templates: &BTreeMap<u8, Template>,
) -> Result<BTreeMap<u8, String>, MpmError> {
    let text = |(id, inner): (&u8, &Template)| inner.text(ObjectId::inside(template, *id)).map(|text| (*id, text));
    templates.iter().map(text).collect()
}

fn write_all(out: &mut String, at: ObjectId, objects: &BTreeMap<u8, String>) -> Result<(), MpmError> {
    objects.iter().try_for_each(|(id, value)| write(out, ObjectId::inside(Some(at), *id), value))
}
