//! Reads keys in PEM, as JWK or as JWK Set. The contents decide the form, never the file name.

use anyhow::{anyhow, ensure};
use countersign_jwt::inspect::{KeyNote, KeyText, KeyTextError, Keys, Material};
use countersign_jwt::{Algorithm, JwkSet, KeyError, KeySetError, SigningKey, SkippedKey, VerifyingKey};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::usage::usage;
use crate::output::escape;

/// The keys that verify a token.
pub(in crate::cli) struct Public(KeyText);

impl Public {
    /// The shared secret, even if it is too short for a verifier: then the notes say so.
    pub(super) fn of_secret(secret: &[u8], algorithm: Algorithm) -> anyhow::Result<Self> {
        Ok(Self(KeyText::of_secret(secret, algorithm)?))
    }

    /// For an inspection.
    pub(super) fn to_inspect(&self) -> Keys<'_> {
        self.0.keys()
    }

    pub(in crate::cli) fn keys(&self) -> &[VerifyingKey] {
        match &self.0.material {
            Material::One(key) => std::slice::from_ref(key),
            Material::Set(set, _) => set.keys(),
            _ => &[],
        }
    }

    /// The set, if it is one.
    pub(super) fn set(&self) -> Option<&JwkSet> {
        if let Material::Set(set, _) = &self.0.material { Some(set) } else { None }
    }

    /// The keys of a set that cannot be used, and why.
    pub(in crate::cli) fn skipped(&self) -> Vec<String> {
        let Material::Set(_, skipped) = &self.0.material else { return Vec::new() };
        skipped.iter().map(describe_skipped).collect()
    }

    /// What else is notable about the keys.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = self.0.notes.iter().filter(|note| !matches!(note, KeyNote::Skipped(_)));
        notes.map(ToString::to_string).collect()
    }
}

fn describe_skipped(key: &SkippedKey) -> String {
    format!("key {} ({}): {}", key.index + 1, key.key_id.as_deref().unwrap_or("without kid"), key.reason)
}

/// Reads a public key, the public half of a private key, a certificate, a secret in a JWK, or a JWK Set. The key
/// must be for the algorithm `given`. A key that does not name its algorithm is read for `claimed`, if its type
/// allows.
pub(in crate::cli) fn parse_public(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> anyhow::Result<Public> {
    let read = match KeyText::read(text, given, claimed) {
        Err(KeyTextError::Key(KeyError::PemLabel)) => {
            let key = from_pem(text, given, claimed.map(of_rsa), SigningKey::from_pem)?;
            return Ok(Public(key.verifying_key().into()));
        }
        read => read.map_err(|error| explain_public(text, error))?,
    };
    if read.notes.contains(&KeyNote::PrivateKey) {
        // A private key whose halves do not belong together is refused.
        SigningKey::from_jwk(&with_algorithm(text, given, claimed)).map_err(name_ambiguous)?;
    }
    Ok(Public(read))
}

/// As [`parse_public`], for a JWK Set and nothing else.
pub(super) fn parse_set(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> anyhow::Result<Public> {
    ensure!(is_set(text), KeySetError::NoKeys);
    parse_public(text, given, claimed)
}

fn explain_public(text: &str, error: KeyTextError) -> anyhow::Error {
    match error {
        KeyTextError::Key(KeyError::AmbiguousAlgorithm) => ambiguous(),
        KeyTextError::Key(error) if !is_json(text) => explain(text, error),
        KeyTextError::NoUsableKey(skipped) if !skipped.is_empty() => {
            let reasons: Vec<_> = skipped.iter().map(describe_skipped).collect();
            anyhow!("the set has no usable key: {}", escape(&reasons.join("; ")))
        }
        error => error.into(),
    }
}

/// Reads the key in a PEM block. Only an RSA key leaves the algorithm open.
fn from_pem<K>(
    text: &str,
    given: Option<Algorithm>,
    for_rsa: Option<Algorithm>,
    read: impl Fn(&str, Algorithm) -> Result<K, KeyError>,
) -> anyhow::Result<K> {
    let own = UNMISTAKABLE.into_iter().find_map(|own| read(text, own).ok().map(|key| (own, key)));
    if let Some((own, key)) = own {
        ensure!(given.is_none_or(|given| given == own), "the key is for {own}");
        return Ok(key);
    }
    match read(text, given.or(for_rsa).unwrap_or(Algorithm::Rs256)) {
        Ok(_) if given.or(for_rsa).is_none() => Err(ambiguous()),
        Err(_) if read(text, Algorithm::Rs256).is_ok() => {
            Err(anyhow!("the key is for RS256 and other RSA algorithms"))
        }
        key => key.map_err(|error| explain(text, error)),
    }
}

/// Explains why a text is not one PEM block with a key.
fn explain(text: &str, error: KeyError) -> anyhow::Error {
    let begin = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"));
    match (error, begin.map_or("", |(label, _)| label)) {
        (KeyError::Pem, "") => {
            anyhow!("this is neither PEM nor JSON (a shared secret is for `countersign token` with --secret)")
        }
        (KeyError::Pem, _) => anyhow!("this is not exactly one complete PEM block"),
        (KeyError::PemLabel | KeyError::Der, "CERTIFICATE") => {
            anyhow!(
                "this is a certificate that cannot be read; extract its key with: openssl x509 -pubkey -noout -in FILE"
            )
        }
        (KeyError::PemLabel, "PUBLIC KEY" | "RSA PUBLIC KEY") => {
            anyhow!(NEEDS_PRIVATE)
        }
        (KeyError::PemLabel, label) => {
            anyhow!("a PEM block {label:?} is not supported; PRIVATE KEY and PUBLIC KEY are")
        }
        (KeyError::Inconsistent | KeyError::Unsupported | KeyError::AlgorithmMismatch, _) => anyhow!(
            "this is not a supported key: RSA with 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or ML-DSA"
        ),
        (error, _) => error.into(),
    }
}

/// Reads a private key or a secret: PEM, or a JWK.
pub(in crate::cli) fn parse_private(text: &str, given: Option<Algorithm>) -> anyhow::Result<SigningKey> {
    if !is_json(text) {
        return from_pem(text, given, None, SigningKey::from_pem);
    }
    ensure!(!is_set(text), "this is a JWK Set: use one of its keys as a JWK");
    let key = SigningKey::from_jwk(&with_algorithm(text, given, None)).map_err(|error| match error {
        KeyError::MissingMember { name: "d" | "priv" } => anyhow!(NEEDS_PRIVATE),
        error => name_ambiguous(error),
    })?;
    ensure!(given.is_none_or(|given| given == key.algorithm()), "the key is for {}", key.algorithm());
    Ok(key)
}

/// A JWK may leave out its algorithm (RFC 7517 §4.4). An RSA key or a secret without one gets `given`, or an RSA
/// key `claimed`.
fn with_algorithm(jwk: &str, given: Option<Algorithm>, claimed: Option<Algorithm>) -> Zeroizing<String> {
    let json: Value = serde_json::from_str(jwk).unwrap_or_default();
    let algorithm = match json["kty"].as_str() {
        Some("RSA" | "oct") if json.get("alg").is_none() => given.or(claimed.map(of_rsa)),
        _ => None,
    };
    Zeroizing::new(match algorithm {
        Some(algorithm) => jwk.replacen('{', &format!("{{\"alg\":\"{algorithm}\","), 1),
        None => jwk.to_owned(),
    })
}

/// The algorithm `claimed` if it is one of RSA, else another of them: then the key does not fit the token.
fn of_rsa(claimed: Algorithm) -> Algorithm {
    let is_rsa = matches!(claimed.name().get(..2), Some("RS" | "PS"));
    if is_rsa { claimed } else { Algorithm::Rs256 }
}

/// Algorithms whose keys fit no other algorithm; an RSA key fits six.
const UNMISTAKABLE: [Algorithm; 7] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

fn name_ambiguous(error: KeyError) -> anyhow::Error {
    if error == KeyError::AmbiguousAlgorithm { ambiguous() } else { error.into() }
}

fn ambiguous() -> anyhow::Error {
    usage("the key does not say its algorithm; add --alg, such as --alg RS256 (HS256 for a secret)")
}

const NEEDS_PRIVATE: &str = "this is a public key, but a private key is needed";

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn is_set(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|json| json.get("keys").is_some())
}
