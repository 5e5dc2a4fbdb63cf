//! Certificates of a fleet: an authority for each partner, our certificate there with its key, and the pin of who issued it.

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData as _};
use sha2::{Digest as _, Sha256};

/// What one partner's file names.
pub struct Papers {
    /// The partner's authority, PEM.
    pub authority: String,
    /// Our certificate and its key, PEM.
    pub ours: String,
    /// SHA-256 of the authority's public key, hex.
    pub pin: String,
}

impl Papers {
    /// Makes those of one partner; no two have anything in common.
    pub fn make(partner: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate().context("making the key of an authority")?;
        let mut params = CertificateParams::new(Vec::new()).context("describing an authority")?;
        params.distinguished_name.push(DnType::CommonName, format!("{partner} authority"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).context("signing an authority")?.pem();
        let pin = engine::vault::hex(&Sha256::digest(key.subject_public_key_info()));
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().context("making our key")?;
        let params =
            CertificateParams::new(vec!["gateway.example".to_owned()]).context("describing our certificate")?;
        let certificate = params.signed_by(&own, &issuer).context("signing our certificate")?;
        Ok(Self { authority, ours: format!("{}{}", certificate.pem(), own.serialize_pem()), pin })
    }
}
