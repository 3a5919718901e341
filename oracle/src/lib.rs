//! Other JWT libraries behind one interface, each asked the same question as `countersign-jwt`: is this an access
//! token of this issuer for this audience, signed with this key, valid now?
//!
//! Each is set as strictly as its options go without work of its caller's own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType, VerifyingKey, verify_access_token};
use josekit::jws::JwsVerifier;
use jwt_simple::prelude::{
    Duration as SimpleDuration, ECDSAP256PublicKeyLike as _, EdDSAPublicKeyLike as _, HS256Key, MACLike as _,
    NoCustomClaims, RSAPublicKeyLike as _, VerificationOptions,
};

/// The issuer that every library is told to expect.
pub const ISSUER: &str = "https://auth.example";
/// The audience that every library is told to expect.
pub const AUDIENCE: &str = "api";

/// Seconds since 1970: two of the libraries ask the clock themselves.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "two of the libraries compared take their time from the clock")]
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    elapsed.as_secs().try_into().unwrap_or_default()
}

/// What a library says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is accepted.
    Accepts,
    /// It is refused.
    Refuses,
    /// The library panics on it.
    Panics,
}

/// A library with a key loaded.
pub struct Library {
    /// Its name.
    pub name: &'static str,
    verify: Box<dyn Fn(&str) -> bool>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Library {
    fn new(name: &'static str, verify: impl Fn(&str) -> bool + 'static) -> Self {
        Self { name, verify: Box::new(verify) }
    }

    /// Asks the library.
    #[must_use]
    pub fn verdict(&self, token: &str) -> Verdict {
        match catch_unwind(AssertUnwindSafe(|| (self.verify)(token))) {
            Ok(true) => Verdict::Accepts,
            Ok(false) => Verdict::Refuses,
            Err(_) => Verdict::Panics,
        }
    }
}

/// The key that tokens are checked with.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// An HS256 secret.
    Secret(&'a [u8]),
    /// An RS256, ES256 or Ed25519 key as a PEM block `PUBLIC KEY`.
    Pem(Algorithm, &'a str),
}

/// `countersign-jwt` itself, with no leeway.
///
/// # Errors
/// The key is refused.
pub fn countersign(key: Key<'_>) -> Result<Library, Box<dyn std::error::Error>> {
    let key = match key {
        Key::Secret(secret) => VerifyingKey::hmac(Algorithm::Hs256, secret)?,
        Key::Pem(algorithm, pem) => VerifyingKey::from_pem(pem, algorithm)?,
    };
    let keys = JwkSet::new(vec![key])?;
    let policy = ClaimsPolicy::new(ISSUER, AUDIENCE, TokenType::AccessToken, Duration::ZERO);
    Ok(Library::new("countersign-jwt", move |token| {
        verify_access_token(token, &keys, &policy, now()).is_ok()
    }))
}

/// The others.
///
/// # Errors
/// A library refuses the key.
pub fn others(key: Key<'_>) -> Result<Vec<Library>, Box<dyn std::error::Error>> {
    Ok(vec![jsonwebtoken(key)?, jwt_simple(key)?, josekit(key)?])
}

fn jsonwebtoken(key: Key<'_>) -> Result<Library, Box<dyn std::error::Error>> {
    use jsonwebtoken::{Algorithm as Theirs, DecodingKey, Validation, decode};
    let (key, algorithm) = match key {
        Key::Secret(secret) => (DecodingKey::from_secret(secret), Theirs::HS256),
        Key::Pem(Algorithm::Rs256, pem) => (DecodingKey::from_rsa_pem(pem.as_bytes())?, Theirs::RS256),
        Key::Pem(Algorithm::Es256, pem) => (DecodingKey::from_ec_pem(pem.as_bytes())?, Theirs::ES256),
        Key::Pem(_, pem) => (DecodingKey::from_ed_pem(pem.as_bytes())?, Theirs::EdDSA),
    };
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    Ok(Library::new("jsonwebtoken", move |token| {
        decode::<serde_json::Map<String, serde_json::Value>>(token, &key, &validation).is_ok()
    }))
}

fn jwt_simple_options() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some([ISSUER.to_owned()].into()),
        allowed_audiences: Some([AUDIENCE.to_owned()].into()),
        time_tolerance: Some(SimpleDuration::from_secs(0)),
        required_signature_type: Some("at+jwt".to_owned()),
        ..VerificationOptions::default()
    }
}

fn jwt_simple(key: Key<'_>) -> Result<Library, Box<dyn std::error::Error>> {
    use jwt_simple::prelude::{ES256PublicKey, Ed25519PublicKey, RS256PublicKey};
    let options = jwt_simple_options();
    let name = "jwt-simple";
    Ok(match key {
        Key::Secret(secret) => {
            let key = HS256Key::from_bytes(secret);
            Library::new(name, move |token| {
                key.verify_token::<NoCustomClaims>(token, Some(options.clone())).is_ok()
            })
        }
        Key::Pem(Algorithm::Rs256, pem) => {
            let key = RS256PublicKey::from_pem(pem)?;
            Library::new(name, move |token| {
                key.verify_token::<NoCustomClaims>(token, Some(options.clone())).is_ok()
            })
        }
        Key::Pem(Algorithm::Es256, pem) => {
            let key = ES256PublicKey::from_pem(pem)?;
            Library::new(name, move |token| {
                key.verify_token::<NoCustomClaims>(token, Some(options.clone())).is_ok()
            })
        }
        Key::Pem(_, pem) => {
            let key = Ed25519PublicKey::from_pem(pem)?;
            Library::new(name, move |token| {
                key.verify_token::<NoCustomClaims>(token, Some(options.clone())).is_ok()
            })
        }
    })
}

fn josekit(key: Key<'_>) -> Result<Library, Box<dyn std::error::Error>> {
    use josekit::jws::{ES256, EdDSA, HS256, RS256};
    let verifier: Box<dyn JwsVerifier> = match key {
        Key::Secret(secret) => Box::new(HS256.verifier_from_bytes(secret)?),
        Key::Pem(Algorithm::Rs256, pem) => Box::new(RS256.verifier_from_pem(pem)?),
        Key::Pem(Algorithm::Es256, pem) => Box::new(ES256.verifier_from_pem(pem)?),
        Key::Pem(_, pem) => Box::new(EdDSA.verifier_from_pem(pem)?),
    };
    Ok(Library::new("josekit", move |token| {
        let Ok((payload, _)) = josekit::jwt::decode_with_verifier(token, &*verifier) else {
            return false;
        };
        let mut validator = josekit::jwt::JwtPayloadValidator::new();
        validator.set_issuer(ISSUER);
        validator.set_audience(AUDIENCE);
        let base = UNIX_EPOCH + Duration::from_secs(now().unsigned_abs());
        validator.set_base_time(base);
        validator.validate(&payload).is_ok()
    }))
}
