//! Signed notes (c2sp.org/signed-note): keys, signature lines, verification.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// Bytes in a note at most: room for 32 signatures of the largest kind in use (ML-DSA-44, 3.3 KB each would be 104 KiB; ours are 200 B).
pub const NOTE_BYTES_MAX: usize = 128 * 1024;

/// Signature lines in a note at most: old and new key of the log, and a witness per supervising body.
pub const SIGNATURES_MAX: usize = 32;

/// Characters in a key name at most; it is an origin such as `gaoyuan.example/xiezhi`.
pub const NAME_CHARACTERS_MAX: usize = 200;

const KIND_ED25519: u8 = 0x01;
const KIND_COSIGNATURE: u8 = 0x04;
const SIGNATURE_BYTES: usize = 64;

/// A note, a key or a signature that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a signed note.
    #[error("read a signed note: {fault}; fetch it again byte for byte")]
    Malformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// A key name is empty, too long, or has spaces, control characters or a plus.
    #[error(
        "name a note key: 1..={NAME_CHARACTERS_MAX} characters without space, plus and control characters; choose another name"
    )]
    KeyName,
    /// A verifier key text is not `<name>+<hash>+<base64>` of an Ed25519 key.
    #[error("read a verifier key: {fault}; copy the published line again")]
    VerifierKey {
        /// What is wrong.
        fault: &'static str,
    },
    /// A key that we know did not make the signature that bears its name.
    #[error("verify a signed note: the signature of {key} is false; keep the note as evidence and ask its issuer")]
    BadSignature {
        /// Whose signature.
        key: KeyName,
    },
    /// None of the keys that we know signed.
    #[error("verify a signed note: none of the known keys signed it; check which verifier keys are trusted")]
    Unsigned,
}

/// Name and id of a note key: `name+1a2b3c4d`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// The name; for the key of a log it is the origin of its checkpoints.
    pub name: String,
    /// SHA-256(name ‖ "\n" ‖ kind ‖ public key)\[..4\], big-endian.
    pub id: u32,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}", self.name, self.id)
    }
}

impl KeyName {
    fn of(name: &str, kind: u8, key: &VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        let digest =
            Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key.as_bytes()).finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
        Ok(Self { name: name.to_owned(), id: u32::from_be_bytes([a, b, c, d]) })
    }
}

/// An Ed25519 key that signs notes. The secret is wiped from memory when dropped and never printed.
pub struct NoteKey {
    name: KeyName,
    secret: SigningKey,
}

impl NoteKey {
    /// Makes a key from 32 secret random bytes.
    ///
    /// # Errors
    /// [`NoteError::KeyName`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(seed);
        Ok(Self { name: KeyName::of(name, KIND_ED25519, &secret.verifying_key())?, secret })
    }

    /// Name and id.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The line to publish: `<name>+<id>+<base64 of kind and public key>`.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.verifier().to_string()
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> NoteVerifier {
        NoteVerifier { name: self.name.clone(), kind: KIND_ED25519, key: self.secret.verifying_key() }
    }

    fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature { key: self.name.clone(), bytes: self.secret.sign(text.as_bytes()).to_bytes().to_vec() }
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({})", self.name)
    }
}

/// A public key that verifies note signatures: of a log (Ed25519, kind 1) or of a witness (c2sp.org/tlog-cosignature, kind 4).
#[derive(Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: KeyName,
    kind: u8,
    key: VerifyingKey,
}

impl NoteVerifier {
    /// Reads a published verifier key.
    ///
    /// # Errors
    /// [`NoteError::VerifierKey`] when it is malformed, of another kind, or its id does not fit.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let fault = |fault| NoteError::VerifierKey { fault };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fault("it has not the form name+id+key"));
        };
        check_name(name).map_err(|_| fault("its name is not a key name"))?;
        let mut bytes = [0; 36];
        let length = STANDARD.decode_slice(key, &mut bytes).map_err(|_| fault("its key is not base64 of 33 bytes"))?;
        let Some(([kind], key)) = bytes.get(..length).and_then(<[u8]>::split_first_chunk::<1>) else {
            return Err(fault("its key is empty"));
        };
        if *kind != KIND_ED25519 && *kind != KIND_COSIGNATURE {
            return Err(fault("its kind is neither Ed25519 (1) nor a witness (4)"));
        }
        let key: &[u8; 32] = key.try_into().map_err(|_| fault("its key is not base64 of 33 bytes"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| fault("its key is not a point of the curve"))?;
        if key.is_weak() {
            return Err(fault("its key is a weak point of the curve"));
        }
        let name = KeyName::of(name, *kind, &key)?;
        if id != format!("{:08x}", name.id) {
            return Err(fault("its id does not fit name and key"));
        }
        Ok(Self { name, kind: *kind, key })
    }

    /// Name and id.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Whether this is the key of a witness, which confirms what a log signed but never speaks for it.
    #[must_use]
    pub const fn is_witness(&self) -> bool {
        self.kind == KIND_COSIGNATURE
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        if self.is_witness() {
            // A cosignature is an 8-byte time in seconds, then the signature over that time and the note.
            let Some((seconds, signature)) = signature.split_first_chunk() else { return false };
            let signed = format!("cosignature/v1\ntime {}\n{text}", u64::from_be_bytes(*seconds));
            return self.verifies_bytes(signed.as_bytes(), signature);
        }
        self.verifies_bytes(text.as_bytes(), signature)
    }

    fn verifies_bytes(&self, signed: &[u8], signature: &[u8]) -> bool {
        <&[u8; SIGNATURE_BYTES]>::try_from(signature)
            .is_ok_and(|signature| self.key.verify_strict(signed, &Signature::from_bytes(signature)).is_ok())
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [self.kind; 33];
        bytes.split_at_mut(1).1.copy_from_slice(self.key.as_bytes());
        write!(f, "{}+{}", self.name, STANDARD.encode(bytes))
    }
}

impl fmt::Debug for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteVerifier({self})")
    }
}

/// One signature line, verified or not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NoteSignature {
    key: KeyName,
    bytes: Vec<u8>,
}

/// A text with signatures, not yet verified.
///
/// ```text
///   text, ending in a newline
///                                           ◀── empty line
///   — <key name> <base64 of 4-byte key id and signature>
///   …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Signs a text with each of the keys.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] when the text cannot stand in a note, or there are no keys or too many.
    pub fn sign(text: String, keys: &[&NoteKey]) -> Result<Self, NoteError> {
        if !text.ends_with('\n') || text.contains("\n\n") || text.starts_with('\n') {
            return Err(NoteError::Malformed { fault: "its text must be non-empty lines, each with a newline" });
        }
        check_characters(text.as_bytes())?;
        if keys.is_empty() || keys.len() > SIGNATURES_MAX {
            return Err(NoteError::Malformed { fault: "it needs a signature, and not more than 32" });
        }
        let signatures = keys.iter().map(|key| key.sign(&text)).collect();
        Ok(Self { text, signatures })
    }

    /// Reads a note; says nothing yet about its signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let malformed = |fault| NoteError::Malformed { fault };
        let note = check_characters(bytes)?;
        let (text, lines) =
            note.rsplit_once("\n\n").ok_or(malformed("there is no empty line before its signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(malformed("it does not end with a newline"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() >= SIGNATURES_MAX {
                return Err(malformed("it has more than 32 signatures"));
            }
            signatures.push(parse_signature(line).ok_or(malformed("a signature line is malformed"))?);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, up to and with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Verifies the signatures of the keys that are known and says which signed; lines of other keys are left out, as C2SP demands, so
    /// that keys can be rotated and witnesses added.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when one line of a known key is false, even beside a good one; [`NoteError::Unsigned`] when no
    /// known key signed.
    pub fn verify<'k>(&self, known: &'k [NoteVerifier]) -> Result<Vec<&'k NoteVerifier>, NoteError> {
        let mut signed_by: Vec<&NoteVerifier> = Vec::new();
        for signature in &self.signatures {
            let Some(verifier) = known.iter().find(|verifier| verifier.name == signature.key) else { continue };
            if !verifier.verifies(&self.text, &signature.bytes) {
                return Err(NoteError::BadSignature { key: signature.key.clone() });
            }
            if !signed_by.contains(&verifier) {
                signed_by.push(verifier);
            }
        }
        if signed_by.is_empty() { Err(NoteError::Unsigned) } else { Ok(signed_by) }
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let mut bytes = signature.key.id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signature.bytes);
            writeln!(f, "— {} {}", signature.key.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, text) = line.strip_prefix("— ")?.split_once(' ')?;
    check_name(name).ok()?;
    let bytes = STANDARD.decode(text).ok()?;
    let (id, signature) = bytes.split_first_chunk()?;
    if signature.is_empty() {
        return None;
    }
    let key = KeyName { name: name.to_owned(), id: u32::from_be_bytes(*id) };
    Some(NoteSignature { key, bytes: signature.to_vec() })
}

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.contains(bad) {
        return Err(NoteError::KeyName);
    }
    Ok(())
}

/// A note is UTF-8 without control characters but newlines, within the limit.
fn check_characters(bytes: &[u8]) -> Result<&str, NoteError> {
    if bytes.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Malformed { fault: "it is longer than 128 KiB" });
    }
    let text = str::from_utf8(bytes).map_err(|_| NoteError::Malformed { fault: "it is not UTF-8" })?;
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Malformed { fault: "it has control characters" });
    }
    Ok(text)
}
