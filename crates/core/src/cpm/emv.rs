//! EMVCo's payload: up to two applications, and what they have in common. This room must not know how a value is coded
//! within.

use std::collections::BTreeMap;
use std::fmt;

use super::tlv::{Object, end, open, read_template, seal, take, unseal, write};
use super::{CpmError, Tag};

/// An EMVCo payload, version 1.1: `85` "CPV01", then one application, or two of them, the preferred
/// one first, and what they have in common.
///
/// Each application carries its name (`4F`), and track 2 data (`57`) or an account number (`5A`)
/// unless the common template does. No data object stands both in an application and in the common
/// template. Values are bytes as they are; their inner coding (packed digits, text) is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmvCpm {
    /// One `61`.
    One(EmvTemplate),
    /// Two `61` and, where used, one `62`.
    Two {
        /// The application that the consumer prefers.
        first: EmvTemplate,
        /// The other one.
        second: EmvTemplate,
        /// Data objects that hold for both.
        common: Option<EmvTemplate>,
    },
}

/// The content of an application template (`61`) or of the common template (`62`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EmvTemplate {
    /// What the till reads: `4F` (in `61` only), `50`, `57`, `5A`, `5F20`, `5F2D`, `5F50`, `9F08`,
    /// `9F19`, `9F24`, `9F25`.
    pub objects: BTreeMap<Tag, Vec<u8>>,
    /// What the till passes on unread, in `63` inside `61` and in `64` inside `62`: any primitive
    /// data objects. Left out if there are none.
    pub transparent: BTreeMap<Tag, Vec<u8>>,
}

/// What may stand in `61` or in `62`, besides the application's name and the transparent template.
pub(super) const EMV_OBJECTS: [Tag; 10] = [
    Tag::LABEL,
    Tag::TRACK_2,
    Tag::ACCOUNT_NUMBER,
    Tag::CARDHOLDER,
    Tag::LANGUAGE,
    Tag::ISSUER_URL,
    Tag::VERSION,
    Tag::TOKEN_REQUESTOR,
    Tag::ACCOUNT_REFERENCE,
    Tag::LAST_FOUR,
];

impl EmvCpm {
    const FORMAT: &'static [u8] = b"CPV01";

    /// The payload as the text of the QR code. Data objects stand in the order of their tags, the
    /// transparent template last.
    ///
    /// # Errors
    /// The [`CpmError`] of the first rule that is broken.
    pub fn encode(&self) -> Result<String, CpmError> {
        self.check()?;
        let mut payload = Vec::new();
        match self {
            EmvCpm::One(only) => only.write_as(Tag::APPLICATION, &mut payload)?,
            EmvCpm::Two { first, second, common } => {
                first.write_as(Tag::APPLICATION, &mut payload)?;
                second.write_as(Tag::APPLICATION, &mut payload)?;
                if let Some(common) = common {
                    common.write_as(Tag::COMMON, &mut payload)?;
                }
            }
        }
        seal(Self::FORMAT, &payload)
    }

    /// Reads a payload. Inside a template the order is free, as it is in EMV; templates themselves
    /// stand in the order `61`, `61`, `62`.
    ///
    /// # Errors
    /// The [`CpmError`] of the first fault found.
    pub fn decode(payload: &str) -> Result<EmvCpm, CpmError> {
        let payload = unseal(payload)?;
        let mut top = open(&payload, Self::FORMAT)?;
        let first = EmvTemplate::take(Tag::APPLICATION, &mut top)?;
        let cpm = if top.len() == 0 {
            EmvCpm::One(first)
        } else {
            let second = EmvTemplate::take(Tag::APPLICATION, &mut top)?;
            let common = if top.len() == 0 { None } else { Some(EmvTemplate::take(Tag::COMMON, &mut top)?) };
            EmvCpm::Two { first, second, common }
        };
        end(top)?;
        cpm.check()?;
        Ok(cpm)
    }

    /// The rules that go beyond spelling, the same for writer and reader.
    fn check(&self) -> Result<(), CpmError> {
        let nothing = EmvTemplate::default();
        match self {
            EmvCpm::One(only) => only.check_application(&nothing),
            EmvCpm::Two { first, second, common } => {
                let common = common.as_ref().unwrap_or(&nothing);
                common.check_objects(Tag::COMMON)?;
                first.check_application(common)?;
                second.check_application(common)
            }
        }
    }
}

impl EmvTemplate {
    fn check_application(&self, common: &EmvTemplate) -> Result<(), CpmError> {
        if !self.objects.contains_key(&Tag::APPLICATION_NAME) {
            return Err(CpmError::Missing(Tag::APPLICATION_NAME));
        }
        self.check_objects(Tag::APPLICATION)?;
        if let Some(tag) = self.tags().find(|tag| common.tags().any(|shared| shared == *tag)) {
            return Err(CpmError::Duplicate(tag));
        }
        if !self.tells_account() && !common.tells_account() {
            return Err(CpmError::NoAccount);
        }
        Ok(())
    }

    fn check_objects(&self, template: Tag) -> Result<(), CpmError> {
        let name = (template == Tag::APPLICATION).then_some(Tag::APPLICATION_NAME);
        let unlisted = self.objects.keys().find(|tag| !EMV_OBJECTS.contains(tag) && name != Some(**tag));
        let nested = self.transparent.keys().find(|tag| tag.is_constructed());
        match unlisted.or(nested) {
            Some(tag) => Err(CpmError::Unexpected(*tag)),
            None => Ok(()),
        }
    }

    fn tells_account(&self) -> bool {
        self.objects.contains_key(&Tag::TRACK_2) || self.objects.contains_key(&Tag::ACCOUNT_NUMBER)
    }

    fn tags(&self) -> impl Iterator<Item = Tag> {
        self.objects.keys().chain(self.transparent.keys()).copied()
    }

    fn write_as(&self, template: Tag, out: &mut Vec<u8>) -> Result<(), CpmError> {
        let mut content = Vec::new();
        for (tag, value) in &self.objects {
            write(&mut content, *tag, value)?;
        }
        let mut transparent = Vec::new();
        for (tag, value) in &self.transparent {
            write(&mut transparent, *tag, value)?;
        }
        if !transparent.is_empty() {
            write(&mut content, transparent_of(template), &transparent)?;
        }
        write(out, template, &content)
    }

    fn take<'a>(template: Tag, top: &mut impl Iterator<Item = Object<'a>>) -> Result<EmvTemplate, CpmError> {
        let mut read = EmvTemplate::default();
        for (tag, value) in read_template(take(top, template)?)? {
            if tag == transparent_of(template) {
                for (tag, value) in read_template(value)? {
                    read.transparent.insert(tag, value.to_vec());
                }
            } else {
                read.objects.insert(tag, value.to_vec());
            }
        }
        Ok(read)
    }
}

/// Shows tags and no values: among them are names and account numbers.
impl fmt::Debug for EmvTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmvTemplate")
            .field("objects", &self.objects.keys())
            .field("transparent", &self.transparent.keys())
            .finish()
    }
}

fn transparent_of(template: Tag) -> Tag {
    if template == Tag::COMMON { Tag::COMMON_TRANSPARENT } else { Tag::APPLICATION_TRANSPARENT }
}
