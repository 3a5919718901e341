//! Reads keys in PEM, as JWK or as JWK Set. The contents decide the form, never the file name.

use anyhow::{anyhow, ensure};
use countersign_jwt::{Algorithm, JwkSet, KeyError, SigningKey, SkipReason, SkippedKey, VerifyingKey};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::usage::usage;
use crate::output::escape;

/// The keys that verify a token.
pub(in crate::cli) enum Public {
    One(VerifyingKey),
    Set(JwkSet, Vec<SkippedKey>),
}

impl Public {
    pub(in crate::cli) fn keys(&self) -> &[VerifyingKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Set(set, _) => set.keys(),
        }
    }

    /// The keys of a set that cannot be used, and why.
    pub(in crate::cli) fn skipped(&self) -> Vec<String> {
        let Self::Set(_, skipped) = self else { return Vec::new() };
        skipped.iter().map(describe_skipped).collect()
    }
}

fn describe_skipped(key: &SkippedKey) -> String {
    format!("key {} ({}): {}", key.index + 1, key.key_id.as_deref().unwrap_or("without kid"), key.reason)
}

/// Reads a public key, the public half of a private key, a secret in a JWK, or a JWK Set. The key must be for
/// the algorithm `given`. A key that does not say its algorithm is read for `claimed`, if its type allows.
pub(in crate::cli) fn parse_public(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> anyhow::Result<Public> {
    if !is_json(text) {
        let for_rsa = claimed.map(|claimed| of_kind("RSA", claimed));
        return from_pem(text, given, for_rsa, public_from_pem).map(Public::One);
    }
    if is_set(text) {
        return parse_set(text, given, claimed);
    }
    let text = with_algorithm(text, given, claimed);
    let key = match VerifyingKey::from_jwk(&text) {
        Err(KeyError::PrivateKey) => SigningKey::from_jwk(&text).map(|key| key.verifying_key()),
        key => key,
    };
    let key = key.map_err(name_ambiguous)?;
    // The JWK may say another algorithm.
    ensure!(given.is_none_or(|given| given == key.algorithm()), "the key is for {}", key.algorithm());
    Ok(Public::One(key))
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
        (KeyError::PemLabel, "CERTIFICATE") => {
            anyhow!("this is a certificate; extract its key with: openssl x509 -pubkey -noout -in FILE")
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

fn public_from_pem(text: &str, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
    match VerifyingKey::from_pem(text, algorithm) {
        Err(KeyError::PemLabel) => SigningKey::from_pem(text, algorithm).map(|key| key.verifying_key()),
        key => key,
    }
}

/// Reads a JWK Set. An RSA key without an algorithm is read for `given` or `claimed`.
pub(super) fn parse_set(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> anyhow::Result<Public> {
    let algorithm = given.or(claimed.map(|claimed| of_kind("RSA", claimed)));
    let (set, mut skipped) = JwkSet::parse_foreign(text, &Algorithm::ALL)?;
    let mut keys = set.keys().to_vec();
    if let Some(algorithm) = algorithm {
        let (fitting, unfit) = JwkSet::parse_foreign(text, &[algorithm])?;
        let ambiguous = SkipReason::Key(KeyError::AmbiguousAlgorithm);
        skipped.retain(|key| key.reason != ambiguous || unfit.iter().any(|other| other.index == key.index));
        keys.extend(fitting.keys().iter().filter(|key| set.find(key.key_id()).is_none()).cloned());
    }
    let reasons = || skipped.iter().map(describe_skipped).collect::<Vec<_>>().join("; ");
    ensure!(
        !keys.is_empty(),
        "the set has no usable key: {}",
        if skipped.is_empty() { "it is empty".to_owned() } else { escape(&reasons()) }
    );
    Ok(Public::Set(JwkSet::new(keys)?, skipped))
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

/// A JWK may leave out its algorithm (RFC 7517 §4.4). An RSA key or a secret without one gets `given` or
/// `claimed`.
fn with_algorithm(jwk: &str, given: Option<Algorithm>, claimed: Option<Algorithm>) -> Zeroizing<String> {
    let json: Value = serde_json::from_str(jwk).unwrap_or_default();
    let algorithm = match json["kty"].as_str() {
        Some(kty @ ("RSA" | "oct")) if json.get("alg").is_none() => {
            given.or(claimed.map(|claimed| of_kind(kty, claimed)))
        }
        _ => None,
    };
    Zeroizing::new(match algorithm {
        Some(algorithm) => jwk.replacen('{', &format!("{{\"alg\":\"{algorithm}\","), 1),
        None => jwk.to_owned(),
    })
}

/// The algorithm `claimed` if keys of this `kty` support it. Otherwise one that they support, so that
/// verification reports that the key does not fit the token.
fn of_kind(kty: &str, claimed: Algorithm) -> Algorithm {
    let is_rsa = matches!(claimed.name().get(..2), Some("RS" | "PS"));
    match kty {
        "oct" if claimed.is_symmetric() => claimed,
        "oct" => Algorithm::Hs256,
        _ if is_rsa => claimed,
        _ => Algorithm::Rs256,
    }
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
