//! The key ring: a file outside the database, from which every keyed hash and every derived secret comes.
//!
//! The newest key makes, every key checks, so that a key is replaced by adding one and dropped when nothing it made is
//! still needed. The file is readable by its owner only.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use warifu_core::code::{Code, CodeMac};
use warifu_core::id::{TerminalId, WebhookId};
use warifu_core::request::BodyHash;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::random;

/// What a keyed hash is for. Each use has a key of its own, so that one hash never stands for another.
#[derive(Clone, Copy)]
enum Purpose {
    Code,
    Token,
    Recovery,
    Body,
    Signing,
    Webhook,
    Seat,
    Author,
    Check,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Code => b"warifu v1 payment code",
            Self::Token => b"warifu v1 bearer token",
            Self::Recovery => b"warifu v1 recovery code",
            Self::Body => b"warifu v1 request body",
            Self::Signing => b"warifu v1 terminal signing secret",
            Self::Webhook => b"warifu v1 webhook signing secret",
            Self::Seat => b"warifu v1 review seat",
            Self::Author => b"warifu v1 review author",
            Self::Check => b"warifu v1 key check",
        }
    }
}

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a key ring.
    #[error("key file {path}: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Others can read the file.
    #[error("key file {0} can be read by others; run `chmod 600` on it")]
    Exposed(PathBuf),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

struct Key {
    id: u32,
    secret: Zeroizing<[u8; 32]>,
}

impl Key {
    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let derived = Zeroizing::new(hmac(&*self.secret, &[purpose.label()]));
        hmac(&*derived, parts)
    }
}

/// HMAC-SHA256 (RFC 2104) over parts that follow each other; each part is preceded by its length.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The keys, newest first. Never printed.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "KeyRing({} keys)", self.keys.len())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing {
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    id: u32,
    secret: String,
}

impl KeyRing {
    /// Reads the ring in `path`.
    ///
    /// # Errors
    /// [`KeyError`] says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File { path: path.to_owned(), source };
        let malformed = |reason: &str| KeyError::Malformed { path: path.to_owned(), reason: reason.to_owned() };
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(file)?);
        if is_exposed(path).map_err(file)? {
            return Err(KeyError::Exposed(path.to_owned()));
        }
        // The parser's own message would quote the line, and with it the secret.
        let stored: StoredRing =
            toml::from_str(&text).map_err(|_| malformed("it is not a list of [[keys]] with id and secret"))?;
        let mut keys = Vec::with_capacity(stored.keys.len());
        for StoredKey { id, secret } in stored.keys {
            let secret = Zeroizing::new(secret);
            let bytes = Zeroizing::new(BASE64.decode(secret.as_bytes()).unwrap_or_default());
            let secret = <[u8; 32]>::try_from(bytes.as_slice())
                .map_err(|_| malformed(&format!("the secret of key {id} is not Base64 of 32 bytes")))?;
            keys.push(Key { id, secret: Zeroizing::new(secret) });
        }
        keys.sort_by_key(|key| std::cmp::Reverse(key.id));
        if keys.windows(2).any(|pair| matches!(pair, [a, b] if a.id == b.id)) {
            return Err(malformed("two keys have the same id"));
        }
        if keys.is_empty() {
            return Err(malformed("it holds no key"));
        }
        Ok(Self { keys })
    }

    /// Makes a ring of one key in `path`, where there must be no file yet.
    ///
    /// # Errors
    /// [`KeyError`] if the file is there or cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File { path: path.to_owned(), source };
        let secret = Zeroizing::new(random::bytes::<32>().map_err(|error| KeyError::Random(error.to_string()))?);
        let stored = StoredRing { keys: vec![StoredKey { id: 1, secret: BASE64.encode(*secret) }] };
        let text = Zeroizing::new(toml::to_string(&stored).unwrap_or_default());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(path).map_err(file)?;
        out.write_all(b"# The keys of one Warifu. Keep a copy apart from the database; without them no code, token or\n# signature can be checked. To rotate, add a [[keys]] with a higher id; the highest is used for what is new.\n")
            .and_then(|()| out.write_all(text.as_bytes()))
            .and_then(|()| out.sync_all())
            .map_err(file)?;
        Ok(Self { keys: vec![Key { id: 1, secret }] })
    }

    /// A ring that is in no file, for tests.
    #[must_use]
    pub fn fixed(secret: [u8; 32]) -> Self {
        Self { keys: vec![Key { id: 1, secret: Zeroizing::new(secret) }] }
    }

    /// For each key its id and a text that tells it from other keys of this id, to be kept in the database.
    pub(crate) fn checks(&self) -> Vec<(u32, String)> {
        self.keys.iter().map(|key| (key.id, BASE64.encode(key.mac(Purpose::Check, &[])))).collect()
    }

    /// The id of the newest key.
    pub(crate) fn newest(&self) -> u32 {
        self.keys.first().map_or(0, |key| key.id)
    }

    /// The ids of all keys, the newest first.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.keys.iter().map(|key| key.id).collect()
    }

    /// A payment code under every key, the newest first.
    pub(crate) fn code_macs(&self, code: &Code) -> Vec<CodeMac> {
        let mac = |key: &Key| {
            let full = key.mac(Purpose::Code, &[code.digits().as_bytes()]);
            let mut mac = [0; 16];
            mac.copy_from_slice(full.split_at(16).0);
            CodeMac { bucket: code.bucket(), mac }
        };
        self.keys.iter().map(mac).collect()
    }

    /// A bearer token under every key, the newest first.
    pub(crate) fn token_macs(&self, token: &str) -> Vec<[u8; 32]> {
        self.keys.iter().map(|key| key.mac(Purpose::Token, &[token.as_bytes()])).collect()
    }

    /// A random bearer token and its hash under the newest key.
    pub(crate) fn new_token(&self, prefix: &str) -> Result<(SecretString, [u8; 32]), Fault> {
        let bytes = Zeroizing::new(random::bytes::<32>()?);
        let token =
            Zeroizing::new(format!("{prefix}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes)));
        let mac = self.token_macs(&token).first().copied().ok_or(Fault::NotFound("key to hash with"))?;
        Ok((token.to_string().into(), mac))
    }

    /// The key of a seat in a review, under every key of the ring, the newest first: what the seat is known by, and what its marks are
    /// known by. Neither leads to the other.
    pub(crate) fn seat_macs(&self, key: &str) -> Vec<([u8; 32], [u8; 32])> {
        let macs = |it: &Key| (it.mac(Purpose::Seat, &[key.as_bytes()]), it.mac(Purpose::Author, &[key.as_bytes()]));
        self.keys.iter().map(macs).collect()
    }

    /// A recovery code under every key, the newest first.
    pub(crate) fn recovery_macs(&self, code: &str) -> Vec<[u8; 32]> {
        self.keys.iter().map(|key| key.mac(Purpose::Recovery, &[code.as_bytes()])).collect()
    }

    /// What was asked, under every key, the newest first. Keyed, for a code may be in it.
    pub(crate) fn body_hashes(&self, parts: &[&[u8]]) -> Vec<BodyHash> {
        self.keys.iter().map(|key| BodyHash(key.mac(Purpose::Body, parts))).collect()
    }

    /// The secret by which a terminal signs, from the key it was made with; `None` if that key is gone.
    pub(crate) fn signing_secret(&self, key_id: u32, terminal: TerminalId) -> Option<Zeroizing<String>> {
        let key = self.keys.iter().find(|key| key.id == key_id)?;
        let secret = Zeroizing::new(key.mac(Purpose::Signing, &[&terminal.bytes()]));
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*secret);
        Some(Zeroizing::new(format!("wfs_{text}")))
    }

    /// The secret by which deliveries to a webhook are signed, from the key it was made with; `None` if that key is gone.
    pub(crate) fn webhook_secret(&self, key_id: u32, webhook: WebhookId) -> Option<Zeroizing<[u8; 32]>> {
        let key = self.keys.iter().find(|key| key.id == key_id)?;
        Some(Zeroizing::new(key.mac(Purpose::Webhook, &[&webhook.bytes()])))
    }
}

/// Whether others can read a file.
#[cfg(unix)]
pub(crate) fn is_exposed(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_exposed(_path: &Path) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_written_once_and_read_back() {
        let path = std::env::temp_dir().join(format!("warifu-ring-{}.keys", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let made = KeyRing::create(&path).unwrap();
        let read = KeyRing::load(&path).unwrap();
        assert_eq!(made.checks(), read.checks());
        assert!(matches!(KeyRing::create(&path), Err(KeyError::File { .. })), "a ring is never overwritten");
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        std::fs::set_permissions(&path, permissions).unwrap();
        assert!(matches!(KeyRing::load(&path), Err(KeyError::Exposed(_))));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_malformed_ring_is_refused_without_showing_its_secret() {
        let path = std::env::temp_dir().join(format!("warifu-bad-ring-{}.keys", std::process::id()));
        for text in
            ["", "keys = []", "[[keys]]\nid = 1\nsecret = \"c2VjcmV0\"", "[[keys]]\nid = 1\nsecret = 'hush'hush"]
        {
            std::fs::write(&path, text).unwrap();
            let mut permissions = std::fs::metadata(&path).unwrap().permissions();
            std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
            std::fs::set_permissions(&path, permissions).unwrap();
            let error = KeyRing::load(&path).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }), "{text}");
            assert!(!error.to_string().contains("hush") && !error.to_string().contains("c2VjcmV0"), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn an_older_key_still_checks_what_it_made() {
        let old = KeyRing::fixed([1; 32]);
        let new = KeyRing {
            keys: vec![Key { id: 2, secret: Zeroizing::new([2; 32]) }, Key { id: 1, secret: Zeroizing::new([1; 32]) }],
        };
        assert_ne!(old.token_macs("t")[0], new.token_macs("t")[0]);
        assert_eq!(old.token_macs("t")[0], new.token_macs("t")[1]);
        let terminal = TerminalId::from_bytes([7; 16]);
        assert_eq!(old.signing_secret(1, terminal), new.signing_secret(1, terminal));
        assert_eq!(new.signing_secret(3, terminal), None);
        let webhook = WebhookId::from_bytes([7; 16]);
        assert_eq!(old.webhook_secret(1, webhook), new.webhook_secret(1, webhook));
        assert_ne!(new.webhook_secret(2, webhook), new.webhook_secret(1, webhook));
        assert_eq!(new.webhook_secret(3, webhook), None);
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let ring = KeyRing::fixed([1; 32]);
        assert_ne!(ring.body_hashes(&[b"12", b"3"]), ring.body_hashes(&[b"1", b"23"]));
    }
}
