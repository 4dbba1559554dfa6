//! How a request says who sends it: a bearer token, or what a member's phone is as a text, a session's token and the key of its
//! device, which signs each request as the interface says.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

/// What the text of a member's phone begins with.
pub(crate) const PHONE: &str = "wfm_";

/// Who sends a request.
#[derive(Debug)]
pub(crate) enum Credential {
    /// Nobody, or whoever has a bearer token.
    Bearer(String),
    /// A member's phone.
    Phone {
        /// The session's token.
        token: String,
        /// The device's key.
        key: Box<EcdsaKeyPair>,
    },
}

impl Credential {
    /// Reads a text. One that is no phone's is taken for a bearer token.
    pub(crate) fn parse(text: &str) -> Self {
        let phone = text.strip_prefix(PHONE).and_then(|_| text.split_once('.')).and_then(|(token, key)| {
            let pkcs8 = URL_SAFE_NO_PAD.decode(key).ok()?;
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new()).ok()?;
            Some(Self::Phone { token: token.to_owned(), key: Box::new(key) })
        });
        phone.unwrap_or_else(|| Self::Bearer(text.to_owned()))
    }

    /// The headers of a request, by name.
    pub(crate) fn headers(&self, method: &str, path: &str, body: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Bearer(token) => vec![("authorization", format!("Bearer {token}"))],
            Self::Phone { token, key } => {
                vec![("cookie", format!("__Host-warifu={token}")), ("warifu-device", sign(key, method, path, body))]
            }
        }
    }
}

/// An unsigned one where the system gives no random bytes, which the server then refuses.
fn sign(key: &EcdsaKeyPair, method: &str, path: &str, body: &str) -> String {
    let (random, mut nonce) = (SystemRandom::new(), [0; 16]);
    let _ = random.fill(&mut nonce);
    let nonce = URL_SAFE_NO_PAD.encode(nonce);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut text = format!("WARIFU-DEVICE\n{method}\n{path}\n{time}\n{nonce}\n");
    for byte in digest(&SHA256, body.as_bytes()).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    let signature = key.sign(&random, text.as_bytes()).map(|signature| URL_SAFE_NO_PAD.encode(signature));
    format!("time={time}, nonce={nonce}, signature={}", signature.unwrap_or_default())
}
