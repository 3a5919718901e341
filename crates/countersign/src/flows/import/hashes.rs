//! What the hashes of a system have to be turned into, so that a stored hash is one text that says all that is needed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::hash_forms::is_better_auth;
use super::problem::RowProblem;
use super::rows::Row;
use super::system::{FirebaseHashConfig, System};
use crate::password::{NFKC_TAG, TYPED_TAG, UnreadableHash};

const MALFORMED: RowProblem = RowProblem::Hash(UnreadableHash::Malformed);

/// The hash to store for what a row has; `None` where it says that there is no password.
pub(super) fn stored(
    system: System,
    firebase: Option<&FirebaseHashConfig>,
    row: &Row,
    value: &Value,
) -> Result<Option<String>, RowProblem> {
    let raw = match (system, value) {
        (_, Value::Null) => return Ok(None),
        (System::Keycloak, Value::Array(credentials)) => return keycloak(credentials),
        (_, Value::String(text)) => text.trim(),
        // A number or an object where a hash should be is no account without a password.
        _ => return Err(MALFORMED),
    };
    if is_no_password(raw) {
        return Ok(None);
    }
    let text = |names: &[&str]| names.iter().find_map(|name| row.get(*name)?.as_str());
    Ok(Some(match (system, firebase) {
        (System::Countersign, _) => raw.to_owned(), // marked already, where it has to be
        (System::Firebase, Some(config)) => self::firebase(config, raw, text(&["salt"]).unwrap_or_default()),
        (System::BetterAuth, _) if is_better_auth(raw) => better_auth(raw).ok_or(MALFORMED)?,
        (System::Discourse, _) => {
            let salt = text(&["salt", "password_salt"]).ok_or(MALFORMED)?;
            let algorithm = text(&["password_algorithm"]).filter(|text| !text.is_empty());
            discourse(raw, salt, algorithm.unwrap_or("$pbkdf2-sha256$i=64000,l=32$")).ok_or(MALFORMED)?
        }
        _ => mark_reading(raw),
    }))
}

/// Empty, or one of the marks that no password matches: `!` (Django, shadow), `*` (Unix, LDAP).
fn is_no_password(raw: &str) -> bool {
    let inner = match raw.get(..7) {
        Some(begin) if begin.eq_ignore_ascii_case("{crypt}") => raw.get(7..).unwrap_or_default(),
        _ => raw,
    };
    inner.is_empty() || inner.starts_with('!') || inner == "*" || inner.starts_with("*LK*") || inner == "x"
}

/// A hash in a form that we use ourselves was computed there over the bytes as typed.
fn mark_reading(hash: &str) -> String {
    if hash.starts_with("$argon2") { format!("{TYPED_TAG}{hash}") } else { hash.to_owned() }
}

/// The credential of the type `password`; its two members are JSON in a text.
fn keycloak(credentials: &[Value]) -> Result<Option<String>, RowProblem> {
    let of_password = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("password");
    let Some(credential) = credentials.iter().find(of_password) else { return Ok(None) };
    keycloak_password(credential).map(Some).ok_or(MALFORMED)
}

fn keycloak_password(credential: &Value) -> Option<String> {
    if let Some(value) = credential.get("hashedSaltedValue") {
        return keycloak_before_4(credential, value.as_str()?);
    }
    let part = |name: &str| -> Option<Value> { serde_json::from_str(credential.get(name)?.as_str()?).ok() };
    let (secret, data) = (part("secretData")?, part("credentialData")?);
    let (value, salt) = (secret.get("value")?.as_str()?, secret.get("salt")?.as_str()?);
    let rounds = data.get("hashIterations")?.as_u64()?;
    let algorithm = data.get("algorithm")?.as_str()?;
    if algorithm != "argon2" {
        return Some(format!("${}${rounds}${salt}${value}", algorithm.to_ascii_lowercase()));
    }
    let parameter = |name: &str| {
        let all = data.get("additionalParameters")?.get(name)?;
        all.as_str().or_else(|| all.get(0)?.as_str())
    };
    let version = if parameter("version")? == "1.0" { 16 } else { 19 };
    let unpadded = |text: &str| text.trim_end_matches('=').to_owned();
    Some(format!(
        "{TYPED_TAG}$argon2{}$v={version}$m={},t={rounds},p={}${}${}",
        parameter("type")?,
        parameter("memory")?,
        parameter("parallelism")?,
        unpadded(salt),
        unpadded(value),
    ))
}

/// The same members, not yet in a text.
fn keycloak_before_4(credential: &Value, value: &str) -> Option<String> {
    let text = |name: &str| credential.get(name)?.as_str();
    let rounds = credential.get("hashIterations")?.as_u64()?;
    Some(format!("${}${rounds}${}${value}", text("algorithm")?.to_ascii_lowercase(), text("salt")?))
}

/// The tag in hexadecimal; the salt is the text itself.
fn discourse(hash: &str, salt: &str, algorithm: &str) -> Option<String> {
    let tag = BASE64_STANDARD.encode(hexadecimal(hash)?);
    Some(format!("{}${}${tag}", algorithm.trim_end_matches('$'), BASE64_STANDARD.encode(salt)))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

/// Firebase writes base64url in places; the form we keep has the standard alphabet.
fn firebase(config: &FirebaseHashConfig, hash: &str, salt: &str) -> String {
    let standard = |text: &str| text.trim().replace('-', "+").replace('_', "/");
    format!(
        "$fbscrypt$v=1,n={},r={},p=1,ss={},sk={}${}${}",
        config.mem_cost,
        config.rounds,
        standard(&config.salt_separator),
        standard(&config.signer_key),
        standard(salt),
        standard(hash),
    )
}

/// `<salt>:<key>` in hexadecimal: scrypt with N = 2^14, r = 16 over the NFKC form, where the salt is the hexadecimal text
/// itself.
fn better_auth(hash: &str) -> Option<String> {
    let (salt, key) = hash.split_once(':')?;
    let key = hexadecimal(key)?;
    let (salt, key) = (BASE64_STANDARD.encode(salt), BASE64_STANDARD.encode(key));
    Some(format!("{NFKC_TAG}$scrypt$ln=14,r=16,p=1${salt}${key}"))
}
