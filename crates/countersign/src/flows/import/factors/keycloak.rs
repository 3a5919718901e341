//! The second factors in a realm export of Keycloak: credentials of a user beside the password.

use serde_json::Value;
use zeroize::Zeroizing;

use super::problem::FactorProblem;
use super::totp::{Found, ImportedFactor, Shape, base32_secret, secret, shown};

/// What a user has beside a password.
pub(in crate::flows::import) fn factors(credentials: &[Value]) -> Vec<Found> {
    credentials.iter().filter_map(factor).collect()
}

fn factor(credential: &Value) -> Option<Found> {
    match credential.get("type").and_then(Value::as_str)? {
        "password" | "password-history" | "kerberos" => None,
        "otp" => Some(otp(credential)),
        "recovery-authn-codes" => Some(Err(FactorProblem::RecoveryCodes)),
        kind => Some(Err(FactorProblem::Kind(shown(kind)))),
    }
}

fn otp(credential: &Value) -> Found {
    let part = |name: &str| -> Option<Value> { serde_json::from_str(credential.get(name)?.as_str()?).ok() };
    let (data, kept) = part("credentialData").zip(part("secretData")).ok_or(FactorProblem::Malformed)?;
    let word = |name: &str| data.get(name).and_then(Value::as_str);
    let shape = Shape {
        kind: word("subType"),
        algorithm: word("algorithm"),
        digits: data.get("digits"),
        period: data.get("period"),
    };
    shape.check()?;
    let value = kept.get("value").and_then(Value::as_str).ok_or(FactorProblem::Malformed)?;
    // Keycloak's own secrets are the bytes of the text; only those that it got from elsewhere say that they are Base32.
    let secret = match word("secretEncoding") {
        None => secret(&Zeroizing::new(value.as_bytes().to_vec()))?,
        Some(encoding) if encoding.eq_ignore_ascii_case("base32") => base32_secret(value)?,
        Some(_) => return Err(FactorProblem::Malformed),
    };
    let label = credential.get("userLabel").and_then(Value::as_str).filter(|label| !label.trim().is_empty());
    Ok(ImportedFactor { name: label.unwrap_or("Keycloak").to_owned(), secret })
}
