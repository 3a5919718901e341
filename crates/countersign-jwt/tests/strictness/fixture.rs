//! One issuer, one audience, one secret; tokens are put together by hand, byte by byte.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::inspect::{Keys, inspect};
use countersign_jwt::{
    Algorithm, ClaimsPolicy, JwkSet, TokenType, VerifyError, VerifyingKey, verify_access_token,
};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const SECRET: [u8; 32] = *b"a secret of 32 bytes for tests..";
pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#;

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A claims set that passes, with some members replaced; `None` removes.
pub(crate) fn claims_with(changes: &[(&str, Option<&str>)]) -> String {
    let mut members: BTreeMap<&str, String> = [
        ("iss", r#""https://auth.example""#),
        ("aud", r#""api""#),
        ("sub", r#""alice""#),
        ("jti", r#""j1""#),
        ("iat", "1800000000"),
        ("exp", "1800000900"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    for (name, value) in changes {
        match value {
            Some(value) => members.insert(name, (*value).to_owned()),
            None => members.remove(name),
        };
    }
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

pub(crate) fn claims() -> String {
    claims_with(&[])
}

/// Signs two encoded parts, whatever they are.
pub(crate) fn sign_encoded(header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), input.as_bytes());
    format!("{input}.{}", b64(tag))
}

/// Signs two texts, whatever they are.
pub(crate) fn sign(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_encoded(&b64(header), &b64(payload))
}

pub(crate) fn policy() -> ClaimsPolicy {
    ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, Duration::ZERO)
}

pub(crate) fn keys() -> JwkSet {
    let key = VerifyingKey::hmac(Algorithm::Hs256, &SECRET).unwrap().with_key_id("k1");
    JwkSet::new(vec![key]).unwrap()
}

/// Counts the cases of each class and collects every deviation.
#[derive(Default)]
pub(crate) struct Corpus {
    counts: BTreeMap<&'static str, usize>,
    deviations: Vec<String>,
}

impl Corpus {
    /// The token, under the fixture's key and policy, meets `expected`; `None` is acceptance.
    pub(crate) fn token(
        &mut self,
        class: &'static str,
        case: &str,
        token: &str,
        expected: Option<VerifyError>,
    ) {
        self.under(&policy(), (class, case), token, expected);
    }

    /// The token, under the fixture's key and this policy, meets `expected`; `None` is acceptance.
    pub(crate) fn under(
        &mut self,
        policy: &ClaimsPolicy,
        (class, case): (&'static str, &str),
        token: &str,
        expected: Option<VerifyError>,
    ) {
        self.case(class, case, verify_access_token(token, &keys(), policy, NOW).err(), expected);
        // The inspection must tell people the very same.
        let inspection = inspect(token, Keys::Set(&keys()), Some(policy), NOW);
        let told = inspection.first_failure().map(|(_, error)| error);
        if told != expected || inspection.is_accepted() != expected.is_none() {
            self.deviations.push(format!("{class}: {case}: inspection says {told:?}, expected {expected:?}"));
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the cases are values, and read better so")]
    pub(crate) fn case<E: Debug + PartialEq>(
        &mut self,
        class: &'static str,
        case: &str,
        met: Option<E>,
        expected: Option<E>,
    ) {
        *self.counts.entry(class).or_default() += 1;
        if met != expected {
            self.deviations.push(format!("{class}: {case}: met {met:?}, expected {expected:?}"));
        }
    }

    pub(crate) fn finish(self, at_least: usize) {
        let total: usize = self.counts.values().sum();
        println!("{total} cases: {:#?}", self.counts);
        assert!(self.deviations.is_empty(), "{} deviations: {:#?}", self.deviations.len(), self.deviations);
        assert!(total >= at_least, "only {total} cases");
    }
}
