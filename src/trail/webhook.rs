//! Signatures of deliveries after Standard Webhooks: `v1` (HMAC-SHA-256) and `v1a` (Ed25519) over `id.time.body`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of a shared secret at least, as Standard Webhooks asks.
pub const SECRET_BYTES_MIN: usize = 24;
/// Bytes of a shared secret at most, as Standard Webhooks asks.
pub const SECRET_BYTES_MAX: usize = 64;

/// A key that cannot be used. What was given is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookKeyError {
    /// Neither `whsec_` nor `whsk_`.
    #[error(
        "read a delivery key: it begins neither with whsec_ (shared secret) nor with whsk_ (Ed25519); write one of them"
    )]
    Prefix,
    /// Not base64.
    #[error("read a delivery key: what follows its prefix is not base64; copy it again")]
    Base64,
    /// A shared secret of another length.
    #[error("read a delivery key: a shared secret has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes; draw another")]
    Length,
    /// Not an Ed25519 key.
    #[error(
        "read a delivery key: whsk_ holds 32 bytes of seed, or 64 of seed and public key that belong together; draw another"
    )]
    Ed25519,
}

/// A key that deliveries are signed with. It cannot be printed:
///
/// ```compile_fail,E0277
/// fn print<T: std::fmt::Debug>(_: T) {}
/// print(trail::WebhookKey::from_seed(&[0; 32]));
/// ```
#[derive(Clone)]
pub struct WebhookKey(Kind);

#[derive(Clone)]
enum Kind {
    Shared(Box<Hmac<Sha256>>),
    Own(Box<SigningKey>),
}

impl WebhookKey {
    /// Reads `whsec_…` or `whsk_…`.
    ///
    /// # Errors
    /// [`WebhookKeyError`].
    pub fn parse(text: &str) -> Result<Self, WebhookKeyError> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| WebhookKeyError::Base64);
        if let Some(text) = text.strip_prefix("whsec_") {
            let secret = decode(text)?;
            if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.len()) {
                return Err(WebhookKeyError::Length);
            }
            let keyed = Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| WebhookKeyError::Length)?;
            return Ok(Self(Kind::Shared(Box::new(keyed))));
        }
        let text = text.strip_prefix("whsk_").ok_or(WebhookKeyError::Prefix)?;
        let bytes = decode(text)?;
        let (seed, public) = bytes.split_first_chunk::<32>().ok_or(WebhookKeyError::Ed25519)?;
        let key = SigningKey::from_bytes(seed);
        let fits = public.is_empty() || public == key.verifying_key().as_bytes();
        if fits { Ok(Self(Kind::Own(Box::new(key)))) } else { Err(WebhookKeyError::Ed25519) }
    }

    /// An Ed25519 key from 32 secret random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Kind::Own(Box::new(SigningKey::from_bytes(seed))))
    }

    /// What the receiver checks with, `whpk_…`; `None` for a shared secret, which the receiver has already.
    #[must_use]
    pub fn public(&self) -> Option<String> {
        match &self.0 {
            Kind::Shared(_) => None,
            Kind::Own(key) => Some(format!("whpk_{}", STANDARD.encode(key.verifying_key().as_bytes()))),
        }
    }

    /// One signature as it stands in `webhook-signature`; `sent_at_s` is in seconds since 1970.
    #[must_use]
    pub fn sign(&self, id: &str, sent_at_s: i64, body: &[u8]) -> String {
        let head = format!("{id}.{sent_at_s}.");
        match &self.0 {
            Kind::Shared(keyed) => {
                let mac = Hmac::clone(keyed).chain_update(head.as_bytes()).chain_update(body).finalize().into_bytes();
                format!("v1,{}", STANDARD.encode(mac))
            }
            Kind::Own(key) => {
                let signed = [head.as_bytes(), body].concat();
                format!("v1a,{}", STANDARD.encode(key.sign(&signed).to_bytes()))
            }
        }
    }
}

impl fmt::Display for WebhookKey {
    /// Only what may be known: the public half, or that it is a shared secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.public().as_deref().unwrap_or("a shared secret"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_of_standard_webhooks() {
        // https://github.com/standard-webhooks/standard-webhooks, the example that its libraries test with.
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").ok().unwrap();
        let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(key.public(), None);
    }

    #[test]
    fn an_ed25519_signature_is_believed_with_the_public_half_alone() {
        use ed25519_dalek::{Signature, VerifyingKey};
        let key = WebhookKey::from_seed(&[7; 32]);
        let signed = key.sign("req_1-2", 17, b"{}");
        let public = STANDARD.decode(key.public().unwrap().strip_prefix("whpk_").unwrap()).unwrap();
        let verifier = VerifyingKey::from_bytes(public.as_slice().try_into().unwrap()).unwrap();
        let signature = STANDARD.decode(signed.strip_prefix("v1a,").unwrap()).unwrap();
        let signature = Signature::from_bytes(signature.as_slice().try_into().unwrap());
        assert!(verifier.verify_strict(b"req_1-2.17.{}", &signature).is_ok());
        assert!(verifier.verify_strict(b"req_1-2.18.{}", &signature).is_err());
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let fault = |text: &str| WebhookKey::parse(text).err().unwrap();
        assert_eq!(fault("secret"), WebhookKeyError::Prefix);
        assert_eq!(fault("whsec_***"), WebhookKeyError::Base64);
        assert_eq!(fault("whsec_c2hvcnQ="), WebhookKeyError::Length);
        assert_eq!(fault("whsk_c2hvcnQ="), WebhookKeyError::Ed25519);
        let torn = STANDARD.encode([1; 64]);
        assert_eq!(fault(&format!("whsk_{torn}")), WebhookKeyError::Ed25519);
        assert!(WebhookKey::parse(&format!("whsk_{}", STANDARD.encode([1; 32]))).is_ok());
        for text in ["secret", "whsec_c2hvcnQ="] {
            assert!(!fault(text).to_string().contains("c2hvcnQ"));
        }
    }
}
