//! The registered claims of a claims set, found and read by their types (RFC 7519 §4.1, RFC 9068 §2.2).
//!
//! Decides what a value means; what it must be is decided by `rules.rs`.

use serde_json::{Map, Value};

use crate::error::VerifyError;
use crate::proof::JwkThumbprint;

/// The claims that rules are about, found in one pass over the claims set.
pub(crate) struct Registered<'a> {
    /// The whole claims set, for what only some policies look at.
    pub(crate) all: &'a Map<String, Value>,
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
    pub(crate) acr: Claim<'a>,
    pub(crate) amr: Claim<'a>,
    pub(crate) cnf: Claim<'a>,
}

impl<'a> Registered<'a> {
    pub(crate) fn find(claims: &'a Map<String, Value>) -> Self {
        let absent = |name| Claim { name, value: None };
        let mut found = Self {
            all: claims,
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
            acr: absent("acr"),
            amr: absent("amr"),
            cnf: absent("cnf"),
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
                "acr" => &mut found.acr,
                "amr" => &mut found.amr,
                "cnf" => &mut found.cnf,
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
    pub(crate) fn find(claims: &'a Map<String, Value>, name: &'static str) -> Self {
        Self { name, value: claims.get(name) }
    }

    /// Where the scopes are: in `scope` (RFC 8693 §4.2), or where that is absent in `scp`.
    pub(crate) fn of_scopes(claims: &'a Map<String, Value>) -> Self {
        Self::find(claims, "scope").or(Self::find(claims, "scp"))
    }

    /// Where the roles are: in `role`, or where that is absent in `roles` (RFC 9068 §2.2.3.1).
    pub(crate) fn of_roles(claims: &'a Map<String, Value>) -> Self {
        Self::find(claims, "role").or(Self::find(claims, "roles"))
    }

    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// This claim, or the other where this is absent.
    fn or(self, other: Self) -> Self {
        if self.value.is_some() { self } else { other }
    }

    pub(crate) fn required<T>(
        self,
        read: impl Fn(&'a Value) -> Result<T, Unreadable>,
    ) -> Result<T, VerifyError> {
        self.optional(read)?.ok_or(VerifyError::MissingClaim { claim: self.name })
    }

    /// As `required`, unless the claim `may_be_absent`.
    pub(crate) fn required_unless<T>(
        self,
        may_be_absent: bool,
        read: impl Fn(&'a Value) -> Result<T, Unreadable>,
    ) -> Result<Option<T>, VerifyError> {
        if may_be_absent { self.optional(read) } else { self.required(read).map(Some) }
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

/// The key in `cnf` that a token is bound to (RFC 9449 §6.1), if it is bound in that way. What should be a thumbprint and
/// is none is an error: read as absent, it would make a bound token one that anybody can use.
pub(crate) fn confirmation(value: &Value) -> Result<Option<JwkThumbprint>, Unreadable> {
    let members = value.as_object().ok_or(Unreadable::Type)?;
    let Some(thumbprint) = members.get("jkt") else { return Ok(None) };
    thumbprint.as_str().and_then(|text| text.parse().ok()).map(Some).ok_or(Unreadable::Type)
}

/// An array of strings; one element of another type spoils it all.
pub(crate) fn array(value: &Value) -> Result<impl Iterator<Item = &str> + Clone, Unreadable> {
    let list = value.as_array().ok_or(Unreadable::Type)?;
    strings_of(list)
}

/// One string, or an array of strings: the shape of `aud` (RFC 7519 §4.1.3).
pub(crate) fn strings(value: &Value) -> Result<impl Iterator<Item = &str> + Clone, Unreadable> {
    strings_of(value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
}

fn strings_of(list: &[Value]) -> Result<impl Iterator<Item = &str> + Clone, Unreadable> {
    if list.iter().all(Value::is_string) {
        Ok(list.iter().filter_map(Value::as_str))
    } else {
        Err(Unreadable::Type)
    }
}

/// Names separated by spaces (RFC 6749 §3.3), or an array of names.
pub(crate) fn scopes(value: &Value) -> Result<impl Iterator<Item = &str> + Clone, Unreadable> {
    let separator = if value.is_string() { Some(' ') } else { None };
    let names = strings(value)?.flat_map(move |text| text.split(move |c| Some(c) == separator));
    Ok(names.filter(|name| !name.is_empty()))
}
