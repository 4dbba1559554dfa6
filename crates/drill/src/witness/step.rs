//! One command as the witness remembers it: what was sent, under which id, and about which other command.

use serde_json::{Value, json};

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Payment,
    Authorisation,
    Capture,
    Refund,
    Cancel,
    TopUp,
    TopUpCancel,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Payment, "payment"),
    (Kind::Authorisation, "authorisation"),
    (Kind::Capture, "capture"),
    (Kind::Refund, "refund"),
    (Kind::Cancel, "cancel"),
    (Kind::TopUp, "top_up"),
    (Kind::TopUpCancel, "top_up_cancel"),
];

impl Kind {
    fn word(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A command, ready to be sent as often as needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// Whose wallet it is about; also says which till sends it.
    pub(super) member: usize,
    pub(super) path: String,
    pub(super) body: String,
    /// The `request_id` of the payment or top-up that it follows.
    pub(super) follows: Option<String>,
}

impl Step {
    /// Where its outcome is asked for; captures and cancels have no such route.
    pub(super) fn inquiry(&self) -> Option<String> {
        let noun = match self.kind {
            Kind::Payment | Kind::Authorisation => "payments",
            Kind::Refund => "refunds",
            Kind::TopUp => "top-ups",
            Kind::Capture | Kind::Cancel | Kind::TopUpCancel => return None,
        };
        Some(format!("/v1/{noun}/by-request/{}", self.id))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "kind": self.kind.word(), "member": self.member, "path": self.path, "body": self.body,
            "follows": self.follows,
        })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: text("id")?,
            kind: Kind::parse(&text("kind")?)?,
            member: usize::try_from(value.get("member")?.as_u64()?).ok()?,
            path: text("path")?,
            body: text("body")?,
            follows: text("follows"),
        })
    }
}
