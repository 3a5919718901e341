//! Keys as people have them, for [`inspect`](super::inspect): PEM, a certificate, a JWK, a JWK Set, a secret.
//!
//! Decides what a text without `alg` is taken for: the algorithm that the caller names, or else the token's own, as
//! far as the key's type allows. A verifier must never let the token decide, so that is noted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, KeyKind};
use crate::error::{KeyError, KeySetError};
use crate::json;
use crate::key::{self, PublicNumbers, VerifyingKey};
use crate::key_set::{JwkSet, SkipReason, SkippedKey};

/// The key or keys of a text, and what is notable about them.
#[derive(Debug)]
#[non_exhaustive]
pub struct KeyText {
    /// The keys themselves.
    pub material: Material,
    /// How the text was read, where it left something open.
    pub notes: Vec<KeyNote>,
}

/// The keys of a [`KeyText`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Material {
    /// One key.
    One(VerifyingKey),
    /// A set, and the keys of it that cannot be used.
    Set(JwkSet, Vec<SkippedKey>),
    /// A secret that is too short for a verifier.
    Short(ShortSecret),
}

/// The keys to check the signature with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Keys<'a> {
    /// No key: the signature is not checked.
    None,
    /// This key, whatever the token's `kid` is.
    One(&'a VerifyingKey),
    /// The key of this set that the token's `kid` names.
    Set(&'a JwkSet),
    /// This secret, which no verifier takes.
    Short(&'a ShortSecret),
}

/// An HMAC secret that is shorter than its hash. Only [`inspect`](super::inspect) takes it: no verifier does.
#[derive(Debug)]
pub struct ShortSecret(pub(super) VerifyingKey);

/// A remark about how a key was read. [`Display`](fmt::Display) is a sentence for people, with names in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyNote {
    /// The key does not name its algorithm; the token's was taken.
    AlgorithmFromToken {
        /// The one that was taken.
        algorithm: Algorithm,
    },
    /// It is the key of a certificate, of which nothing else was read.
    Certificate,
    /// The JWK has private members, which were left out.
    PrivateKey,
    /// The secret has fewer bytes than RFC 7518 §3.2 demands.
    ShortSecret {
        /// How many bytes it has.
        bytes: usize,
        /// How many it needs.
        needed: usize,
    },
    /// A key of the set that cannot be used.
    Skipped(SkippedKey),
}

/// Why a text holds no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// It is not a key, or the key is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is not a JWK Set.
    #[error(transparent)]
    Set(#[from] KeySetError),
    /// The key is for another algorithm than the caller named.
    #[error("the key is for {0}")]
    ForAnother(Algorithm),
    /// It is an RSA key, and the caller named no RSA algorithm.
    #[error("the key is for RS256 and other RSA algorithms")]
    ForRsa,
    /// The set has no usable key.
    #[error("the set has no usable key: {}", reasons(.0))]
    NoUsableKey(Vec<SkippedKey>),
}

impl KeyText {
    /// Reads PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`, `CERTIFICATE`; the first of a chain), the same without its BEGIN and
    /// END lines, a JWK, or a JWK Set, whose unusable keys are left out. `given` is the algorithm that the key must
    /// be for; `claimed` the token's own, taken for a key that names none.
    ///
    /// Nothing about a certificate is checked: neither its signature nor its dates.
    ///
    /// # Errors
    /// - [`Key`](KeyTextError::Key): the text is not a key, or a key that is refused;
    ///   [`AmbiguousAlgorithm`](KeyError::AmbiguousAlgorithm) if neither the key nor the caller names the algorithm.
    /// - [`Set`](KeyTextError::Set), [`NoUsableKey`](KeyTextError::NoUsableKey): about a JWK Set.
    /// - [`ForAnother`](KeyTextError::ForAnother), [`ForRsa`](KeyTextError::ForRsa): the key is not for `given`.
    pub fn read(
        text: &str,
        given: Option<Algorithm>,
        claimed: Option<Algorithm>,
    ) -> Result<Self, KeyTextError> {
        if !text.trim_start().starts_with('{') {
            return from_der(text, given, claimed);
        }
        let members = json::parse_object(text.trim().as_bytes()).map_err(KeyError::Json)?;
        if members.contains_key("keys") {
            return from_set(text.trim(), given, claimed);
        }
        from_jwk(members, given, claimed)
    }

    /// Takes `secret` as the key of `algorithm`, even if it is too short.
    ///
    /// # Errors
    /// - [`AlgorithmMismatch`](KeyError::AlgorithmMismatch): `algorithm` is not HS256, HS384 or HS512.
    /// - [`SecretTooShort`](KeyError::SecretTooShort): it is empty.
    /// - [`SecretLooksLikeKey`](KeyError::SecretLooksLikeKey): it is a key of another kind.
    pub fn of_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        match VerifyingKey::hmac(algorithm, secret) {
            Err(KeyError::SecretTooShort { bytes: bytes @ 1.., needed }) => Ok(Self {
                material: Material::Short(ShortSecret(VerifyingKey::hmac_of_any_length(algorithm, secret)?)),
                notes: vec![KeyNote::ShortSecret { bytes, needed }],
            }),
            key => Ok(Self { material: Material::One(key?), notes: Vec::new() }),
        }
    }

    /// The keys, for [`inspect`](super::inspect).
    #[must_use]
    pub fn keys(&self) -> Keys<'_> {
        match &self.material {
            Material::One(key) => Keys::One(key),
            Material::Set(set, _) => Keys::Set(set),
            Material::Short(secret) => Keys::Short(secret),
        }
    }

    /// Whether the text is a key without its PEM lines, as some issuers show theirs, and not a secret.
    #[must_use]
    pub fn is_bare_key(text: &str) -> bool {
        bare(text).is_some_and(|der| key::numbers_of_der(&der).is_ok())
    }
}

impl From<VerifyingKey> for KeyText {
    fn from(key: VerifyingKey) -> Self {
        Self { material: Material::One(key), notes: Vec::new() }
    }
}

fn from_der(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> Result<KeyText, KeyTextError> {
    let (numbers, is_certificate) = match bare(text) {
        Some(der) => key::numbers_of_der(&der)?,
        None => key::numbers_of_pem(text)?,
    };
    let own = match &numbers {
        PublicNumbers::Rsa { .. } => None,
        other => Algorithm::ALL.into_iter().find(|algorithm| other.check(*algorithm).is_ok()),
    };
    let mut notes = Vec::new();
    if is_certificate {
        notes.push(KeyNote::Certificate);
    }
    let algorithm = match (own, given) {
        (Some(own), given) if given.is_none_or(|given| given == own) => own,
        (Some(own), _) => return Err(KeyTextError::ForAnother(own)),
        (None, Some(given)) if given.key_kind() != KeyKind::Rsa => {
            numbers.check(Algorithm::Rs256)?;
            return Err(KeyTextError::ForRsa);
        }
        (None, given) => named(given, claimed, "RSA", &mut notes)?,
    };
    Ok(KeyText { material: Material::One(VerifyingKey::from_numbers(algorithm, numbers)?), notes })
}

/// What is between the lines of a PEM block.
fn bare(text: &str) -> Option<Vec<u8>> {
    let base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    // Every structure that is a key begins with a SEQUENCE: 0x30.
    base64.starts_with('M').then(|| STANDARD.decode(base64).ok()).flatten()
}

fn from_jwk(
    mut members: Map<String, Value>,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> Result<KeyText, KeyTextError> {
    let mut notes = Vec::new();
    let kty = members.get("kty").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !members.contains_key("alg") && ["RSA", "oct"].contains(&kty.as_str()) {
        let algorithm = named(given, claimed, &kty, &mut notes)?;
        members.insert("alg".into(), algorithm.name().into());
    }
    if kty != "oct" && key::PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        notes.push(KeyNote::PrivateKey);
        // `key_ops` of a private key says that it signs.
        members.retain(|name, _| name != "key_ops" && !key::PRIVATE_MEMBERS.contains(&name.as_str()));
    }
    let key = match VerifyingKey::from_jwk_members(&members, &Algorithm::ALL) {
        Err(KeyError::SecretTooShort { .. }) => return short_jwk(&members, notes),
        key => key?,
    };
    match given {
        Some(given) if given != key.algorithm() => Err(KeyTextError::ForAnother(key.algorithm())),
        _ => Ok(KeyText { material: Material::One(key), notes }),
    }
}

/// An `oct` JWK whose secret is too short.
fn short_jwk(members: &Map<String, Value>, mut notes: Vec<KeyNote>) -> Result<KeyText, KeyTextError> {
    let (algorithm, secret) = key::secret_of_jwk(members)?;
    let text = KeyText::of_secret(&secret, algorithm)?;
    notes.extend(text.notes);
    Ok(KeyText { material: text.material, notes })
}

fn from_set(
    text: &str,
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
) -> Result<KeyText, KeyTextError> {
    let (set, mut skipped) = JwkSet::parse_foreign(text, &Algorithm::ALL)?;
    let mut keys = set.keys().to_vec();
    let mut notes = Vec::new();
    let algorithm = given.or(claimed.map(|claimed| of_type("RSA", claimed)));
    if let Some(algorithm) = algorithm {
        let (fitting, unfit) = JwkSet::parse_foreign(text, &[algorithm])?;
        let ambiguous = SkipReason::Key(KeyError::AmbiguousAlgorithm);
        skipped.retain(|key| key.reason != ambiguous || unfit.iter().any(|other| other.index == key.index));
        let known = keys.len();
        keys.extend(fitting.keys().iter().filter(|key| set.find(key.key_id()).is_none()).cloned());
        if given.is_none() && keys.len() > known {
            notes.push(KeyNote::AlgorithmFromToken { algorithm });
        }
    }
    if keys.is_empty() {
        return Err(KeyTextError::NoUsableKey(skipped));
    }
    notes.extend(skipped.iter().cloned().map(KeyNote::Skipped));
    Ok(KeyText { material: Material::Set(JwkSet::new(keys)?, skipped), notes })
}

/// The algorithm of a key of type `kty` that names none.
fn named(
    given: Option<Algorithm>,
    claimed: Option<Algorithm>,
    kty: &str,
    notes: &mut Vec<KeyNote>,
) -> Result<Algorithm, KeyError> {
    if let Some(given) = given {
        return Ok(given);
    }
    let algorithm = of_type(kty, claimed.ok_or(KeyError::AmbiguousAlgorithm)?);
    notes.push(KeyNote::AlgorithmFromToken { algorithm });
    Ok(algorithm)
}

/// The algorithm `claimed` if keys of this `kty` can be for it. If not, another of theirs: then the key does not fit
/// the token, and the check of the key says so.
fn of_type(kty: &str, claimed: Algorithm) -> Algorithm {
    match kty {
        _ if claimed.key_kind().kty() == kty => claimed,
        "oct" => Algorithm::Hs256,
        _ => Algorithm::Rs256,
    }
}

impl KeyNote {
    /// A stable name for programs, for example `"short_secret"`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmFromToken { .. } => "algorithm_from_token",
            Self::Certificate => "certificate",
            Self::PrivateKey => "private_key",
            Self::ShortSecret { .. } => "short_secret",
            Self::Skipped(_) => "skipped_key",
        }
    }
}

impl fmt::Display for KeyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmFromToken { algorithm } => write!(
                f,
                "The key does not name its algorithm: {algorithm} was taken from the token. A verifier must fix the \
                 algorithm in advance."
            ),
            Self::Certificate => f.write_str(
                "This is the key of a certificate. The certificate itself was not checked: neither its signature nor \
                 its dates.",
            ),
            Self::PrivateKey => f.write_str(
                "This JWK is a private key: whoever has it can sign. Verifying needs only its public members.",
            ),
            Self::ShortSecret { bytes, needed } => write!(
                f,
                "The secret has {bytes} bytes, and the algorithm needs {needed} (RFC 7518 §3.2): it can be guessed from \
                 any token. Countersign refuses it everywhere but here."
            ),
            Self::Skipped(key) => write!(f, "Not usable: {}.", describe(key)),
        }
    }
}

fn describe(key: &SkippedKey) -> String {
    // Quoted with escapes: the ID is a stranger's text.
    let id = key.key_id.as_ref().map_or("without `kid`".to_owned(), |id| format!("{id:?}"));
    format!("key {} ({id}): {}", key.index + 1, key.reason)
}

fn reasons(skipped: &[SkippedKey]) -> String {
    if skipped.is_empty() {
        return "it is empty".into();
    }
    skipped.iter().map(describe).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
    /// RFC 7515 A.2.1.
    const RSA: &str = r#""kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB""#;

    fn read(text: &str, given: Option<Algorithm>, claimed: Option<Algorithm>) -> (Algorithm, Vec<KeyNote>) {
        let text = KeyText::read(text, given, claimed).unwrap();
        match text.keys() {
            Keys::One(key) => (key.algorithm(), text.notes),
            Keys::Set(set) => (set.keys()[0].algorithm(), text.notes),
            _ => panic!("a short secret"),
        }
    }

    #[test]
    fn a_key_that_names_no_algorithm_takes_the_named_one_or_else_that_of_the_token() {
        let (rs512, ps256) = (Algorithm::Rs512, Algorithm::Ps256);
        let from_token = |algorithm| vec![KeyNote::AlgorithmFromToken { algorithm }];
        let jwk = format!("{{{RSA}}}");
        let set = format!("{{\"keys\":[{{{RSA},\"kid\":\"a\"}}]}}");
        for text in [&jwk, &set] {
            assert_eq!(read(text, None, Some(rs512)), (rs512, from_token(rs512)));
            assert_eq!(read(text, Some(ps256), Some(rs512)), (ps256, vec![]));
            // An RSA key is no secret, whatever the token says (RFC 8725 §2.1).
            let rs256 = Algorithm::Rs256;
            assert_eq!(read(text, None, Some(Algorithm::Hs256)), (rs256, from_token(rs256)));
        }
        assert_eq!(read(&format!("{{{P256}}}"), None, Some(rs512)), (Algorithm::Es256, vec![]));
        let said = KeyText::read(&jwk, None, None).unwrap_err();
        assert_eq!(said, KeyTextError::Key(KeyError::AmbiguousAlgorithm));
        let said = KeyText::read(&format!("{{{P256}}}"), Some(rs512), None).unwrap_err();
        assert_eq!(said, KeyTextError::ForAnother(Algorithm::Es256));
    }

    #[test]
    fn a_key_without_its_pem_lines_is_a_key_and_no_secret() {
        assert!(KeyText::is_bare_key(ED25519));
        assert!(!KeyText::is_bare_key("MAsecretthatbeginslikeakeyandisnone=="));
        assert_eq!(read(ED25519, None, None), (Algorithm::EdDsa, vec![]));
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{ED25519}\n-----END PUBLIC KEY-----\n");
        assert_eq!(read(&pem, None, Some(Algorithm::Rs256)), (Algorithm::EdDsa, vec![]));
    }

    #[test]
    fn a_private_jwk_is_read_without_its_private_members() {
        let text = format!("{{{P256},\"d\":\"AAAA\",\"key_ops\":[\"sign\"]}}");
        assert_eq!(read(&text, None, None), (Algorithm::Es256, vec![KeyNote::PrivateKey]));
    }

    #[test]
    fn a_short_secret_is_taken_and_said_and_an_empty_one_is_not() {
        let short = vec![KeyNote::ShortSecret { bytes: 6, needed: 32 }];
        let text = KeyText::of_secret(b"secret", Algorithm::Hs256).unwrap();
        assert!(matches!(text.keys(), Keys::Short(_)));
        assert_eq!(text.notes, short);
        let jwk = KeyText::read(r#"{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}"#, None, None).unwrap();
        assert_eq!(jwk.notes, short);
        let empty = KeyText::of_secret(b"", Algorithm::Hs256).unwrap_err();
        assert_eq!(empty, KeyError::SecretTooShort { bytes: 0, needed: 32 });
        assert_eq!(KeyText::of_secret(b"secret", Algorithm::Rs256).unwrap_err(), KeyError::AlgorithmMismatch);
    }

    #[test]
    fn a_set_says_which_keys_it_cannot_use() {
        let set = format!(r#"{{"keys":[{{{P256}}},{{"kty":"RSA","kid":"x","n":"AQAB","e":"AQAB"}}]}}"#);
        let (_, notes) = read(&set, None, Some(Algorithm::Es256));
        assert!(notes[0].to_string().starts_with("Not usable: key 2 (\"x\"): "), "{notes:?}");
        let none = KeyText::read(r#"{"keys":[]}"#, None, None).unwrap_err();
        assert_eq!(none.to_string(), "the set has no usable key: it is empty");
    }
}
