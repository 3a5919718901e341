//! The registered claims of a claims set, found and read by their types (RFC 7519 §4.1, RFC 9068 §2.2).
//!
//! Decides what a value means; what it must be is decided by `rules.rs`.

use serde_json::{Map, Value};

use crate::error::VerifyError;

/// The claims that rules are about, found in one pass over the claims set.
pub(crate) struct Registered<'a> {
    pub(crate) iss: Claim<'a>,
    pub(crate) aud: Claim<'a>,
    pub(crate) exp: Claim<'a>,
    pub(crate) nbf: Claim<'a>,
    pub(crate) iat: Claim<'a>,
    pub(crate) sub: Claim<'a>,
    pub(crate) jti: Claim<'a>,
    pub(crate) sid: Claim<'a>,
    pub(crate) auth_time: Claim<'a>,
    pub(crate) client_id: Claim<'a>,
    pub(crate) scope: Claim<'a>,
}

impl<'a> Registered<'a> {
    pub(crate) fn find(claims: &'a Map<String, Value>) -> Self {
        let absent = |name| Claim { name, value: None };
        let mut found = Self {
            iss: absent("iss"),
            aud: absent("aud"),
            exp: absent("exp"),
            nbf: absent("nbf"),
            iat: absent("iat"),
            sub: absent("sub"),
            jti: absent("jti"),
            sid: absent("sid"),
            auth_time: absent("auth_time"),
            client_id: absent("client_id"),
            scope: absent("scope"),
        };
        for (name, value) in claims {
            let claim = match name.as_str() {
                "iss" => &mut found.iss,
                "aud" => &mut found.aud,
                "exp" => &mut found.exp,
                "nbf" => &mut found.nbf,
                "iat" => &mut found.iat,
                "sub" => &mut found.sub,
                "jti" => &mut found.jti,
                "sid" => &mut found.sid,
                "auth_time" => &mut found.auth_time,
                "client_id" => &mut found.client_id,
                "scope" => &mut found.scope,
                _ => continue,
            };
            claim.value = Some(value);
        }
        found
    }
}

/// A claim that may be there. Read as the wrong type it is an error, never absent.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    name: &'static str,
    value: Option<&'a Value>,
}

impl<'a> Claim<'a> {
    pub(crate) fn required<T>(
        self,
        read: impl Fn(&'a Value) -> Result<T, Unreadable>,
    ) -> Result<T, VerifyError> {
        self.optional(read)?.ok_or(VerifyError::MissingClaim { claim: self.name })
    }

    pub(crate) fn optional<T>(
        self,
        read: impl Fn(&'a Value) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, VerifyError> {
        let claim = self.name;
        self.value.map(read).transpose().map_err(|unreadable| match unreadable {
            Unreadable::Type => VerifyError::ClaimType { claim },
            Unreadable::Range => VerifyError::TimeOutOfRange { claim },
        })
    }
}

/// Why a claim's value cannot be used.
pub(crate) enum Unreadable {
    Type,
    Range,
}

/// A time with its fraction of a second rounded both ways; the caller takes the stricter.
#[derive(Clone, Copy)]
pub(crate) struct NumericDate {
    pub(crate) floor: i64,
    pub(crate) ceil: i64,
}

/// Reads a `NumericDate` (RFC 7519 §2) between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
pub(crate) fn numeric_date(value: &Value) -> Result<NumericDate, Unreadable> {
    let Value::Number(number) = value else {
        return Err(Unreadable::Type);
    };
    let date = match (number.as_i64(), number.as_f64()) {
        (Some(seconds), _) => NumericDate { floor: seconds, ceil: seconds },
        #[expect(clippy::cast_possible_truncation, reason = "checked to be far within i64")]
        (None, Some(seconds)) if (0.0..=MAX_NUMERIC_DATE_F64).contains(&seconds) => {
            NumericDate { floor: seconds.floor() as i64, ceil: seconds.ceil() as i64 }
        }
        _ => return Err(Unreadable::Range),
    };
    if (0..=MAX_NUMERIC_DATE).contains(&date.floor) { Ok(date) } else { Err(Unreadable::Range) }
}

/// 9999-12-31T23:59:59Z. Later times are mistakes, most often milliseconds.
const MAX_NUMERIC_DATE: i64 = 253_402_300_799;
const MAX_NUMERIC_DATE_F64: f64 = 253_402_300_799.0;

pub(crate) fn string(value: &Value) -> Result<&str, Unreadable> {
    value.as_str().ok_or(Unreadable::Type)
}

/// `aud` is one string or an array of strings (RFC 7519 §4.1.3); one element of another type spoils it all.
pub(crate) fn audiences(value: &Value) -> Result<impl Iterator<Item = &str>, Unreadable> {
    let list = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(list) => list.as_slice(),
        _ => return Err(Unreadable::Type),
    };
    if !list.iter().all(Value::is_string) {
        return Err(Unreadable::Type);
    }
    Ok(list.iter().filter_map(Value::as_str))
}
