//! The parts of an authenticator, however a system writes them: which ones are taken, and their secrets.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use serde_json::Value;
use zeroize::Zeroizing;

use super::problem::FactorProblem;
use crate::flows::import::rows::Row;
use crate::flows::import::words::normal;
use crate::model::second_factor::TotpSecret;

/// An authenticator that comes over. Secret.
#[derive(Clone)]
pub(in crate::flows::import) struct ImportedFactor {
    pub(in crate::flows::import) name: String,
    pub(in crate::flows::import) secret: TotpSecret,
}

impl std::fmt::Debug for ImportedFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImportedFactor({:?})", self.name)
    }
}

pub(in crate::flows::import) type Found = Result<ImportedFactor, FactorProblem>;

/// How the codes of an authenticator are made; what a system does not say is as everywhere.
#[derive(Default)]
pub(super) struct Shape<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) algorithm: Option<&'a str>,
    pub(super) digits: Option<&'a Value>,
    pub(super) period: Option<&'a Value>,
}

impl Shape<'_> {
    /// Only what every app knows: RFC 6238 with SHA-1, six digits and 30 seconds.
    pub(super) fn check(&self) -> Result<(), FactorProblem> {
        let kind = self.kind.unwrap_or("totp");
        if !kind.eq_ignore_ascii_case("totp") {
            return Err(FactorProblem::Kind(shown(kind)));
        }
        let algorithm = normal(self.algorithm.unwrap_or("SHA1"));
        if !matches!(algorithm.strip_prefix("hmac").unwrap_or(&algorithm), "sha1") {
            return Err(FactorProblem::Algorithm(shown(self.algorithm.unwrap_or_default())));
        }
        match number(self.digits, 6)? {
            6 => {}
            digits => return Err(FactorProblem::Digits(digits)),
        }
        match number(self.period, 30)? {
            30 => Ok(()),
            period => Err(FactorProblem::Period(period)),
        }
    }
}

/// A word of a file in the report: nothing that moves the cursor of a terminal, and no secret in the wrong column.
pub(super) fn shown(word: &str) -> String {
    word.chars().filter(|char| char.is_ascii_alphanumeric() || "-_ ".contains(*char)).take(24).collect()
}

fn number(value: Option<&Value>, absent: u64) -> Result<u64, FactorProblem> {
    match value {
        None | Some(Value::Null) => Ok(absent),
        Some(Value::Number(number)) => number.as_u64().ok_or(FactorProblem::Malformed),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(absent),
        Some(Value::String(text)) => text.trim().parse().map_err(|_| FactorProblem::Malformed),
        Some(_) => Err(FactorProblem::Malformed),
    }
}

/// The bytes of a secret.
pub(super) fn secret(bytes: &[u8]) -> Result<TotpSecret, FactorProblem> {
    TotpSecret::from_bytes(bytes).ok_or(FactorProblem::Size)
}

/// A secret in Base32 (RFC 4648 §6), as apps take it: in any case, with spaces, hyphens and padding or without.
pub(super) fn base32_secret(text: &str) -> Result<TotpSecret, FactorProblem> {
    let plain: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|char| !char.is_whitespace() && !"-=".contains(*char)).collect());
    let bytes = BASE32.as_ref().and_then(|base32| base32.decode(plain.as_bytes()).ok()).map(Zeroizing::new);
    secret(&bytes.ok_or(FactorProblem::Malformed)?)
}

/// Bits that are left over at the end are not looked at: apps do not either.
static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut base32 = Specification::new();
    base32.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    base32.translate.from.push_str("abcdefghijklmnopqrstuvwxyz");
    base32.translate.to.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    base32.check_trailing_bits = false;
    base32.encoding().ok()
});

/// A field by its [`normal`] name.
pub(super) fn field<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    row.iter().find(|(key, _)| normal(key) == name).map(|(_, value)| value)
}

/// A field that has a text.
pub(super) fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    field(row, name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty() && *text != "\\N")
}

/// Whether a field says yes.
pub(super) fn says_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_u64() != Some(0),
        Value::String(text) => {
            matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_app_knows_is_taken() {
        let (eight, sixty, one) = (Value::from(8), Value::from("60"), Value::from("x"));
        let shape = Shape::default;
        for (name, shape, expected) in [
            ("nothing said", shape(), Ok(())),
            ("Keycloak's word", Shape { algorithm: Some("HmacSHA1"), ..shape() }, Ok(())),
            ("with a hyphen", Shape { algorithm: Some("sha-1"), ..shape() }, Ok(())),
            (
                "SHA-256",
                Shape { algorithm: Some("HmacSHA256"), ..shape() },
                Err(FactorProblem::Algorithm("HmacSHA256".to_owned())),
            ),
            ("HOTP", Shape { kind: Some("hotp"), ..shape() }, Err(FactorProblem::Kind("hotp".to_owned()))),
            ("eight digits", Shape { digits: Some(&eight), ..shape() }, Err(FactorProblem::Digits(8))),
            ("a minute", Shape { period: Some(&sixty), ..shape() }, Err(FactorProblem::Period(60))),
            ("no number", Shape { period: Some(&one), ..shape() }, Err(FactorProblem::Malformed)),
        ] {
            assert_eq!(shape.check(), expected, "{name}");
        }
        assert_eq!(shown("a\u{1b}[31m\nb"), "a31mb");
    }

    #[test]
    fn a_secret_is_read_however_it_is_written() {
        let expected = secret(b"12345678901234567890").unwrap();
        for text in ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "gezd gnbv gy3t-qojq GEZDGNBVGY3TQOJQ===="] {
            assert_eq!(base32_secret(text).unwrap(), expected, "{text}");
        }
        let loose = base32_secret("GEZDGNBVGY3TQOJQGEZDGNBVGZ").unwrap();
        assert_eq!(loose, secret(b"1234567890123456").unwrap(), "bits that are left over");
        assert_eq!(base32_secret("GEZDGNBVGY3TQOJQ"), Err(FactorProblem::Size));
        assert_eq!(base32_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1"), Err(FactorProblem::Malformed));
        assert_eq!(base32_secret(""), Err(FactorProblem::Size));
    }
}
