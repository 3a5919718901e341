//! The rules about an access token, one by one (RFC 7519 §4.1, RFC 9068 §2.2 and §4).
//!
//! `claims.rs` demands them all; `inspect.rs` asks each. Neither knows what a rule looks at.

use serde_json::{Map, Value};

use crate::claims::{ClaimsPolicy, TokenType};
use crate::compact::ProtectedHeader;
use crate::error::VerifyError;

/// The claims that rules are about, found in one pass over the claims set.
pub(crate) struct Registered<'a> {
    iss: Claim<'a>,
    aud: Claim<'a>,
    pub(crate) exp: Claim<'a>,
    nbf: Claim<'a>,
    pub(crate) iat: Claim<'a>,
    pub(crate) sub: Claim<'a>,
    jti: Claim<'a>,
    sid: Claim<'a>,
    pub(crate) auth_time: Claim<'a>,
    client_id: Claim<'a>,
    scope: Claim<'a>,
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

/// One rule about an access token. `validate` demands them all; `inspect` asks each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Type,
    Issuer,
    Audience,
    Expiry,
    NotBefore,
    IssuedAt,
    Subject,
    TokenId,
    OtherClaims,
}

impl Rule {
    /// In the order in which they are checked.
    pub(crate) const ALL: [Self; 9] = [
        Self::Type,
        Self::Issuer,
        Self::Audience,
        Self::Expiry,
        Self::NotBefore,
        Self::IssuedAt,
        Self::Subject,
        Self::TokenId,
        Self::OtherClaims,
    ];

    pub(crate) fn check(
        self,
        header: &ProtectedHeader,
        claims: &Registered<'_>,
        policy: &ClaimsPolicy,
        now: i64,
    ) -> Result<(), VerifyError> {
        let latest = now.saturating_add(policy.leeway_seconds());
        match self {
            Self::Type => holds(policy.token_type().accepts(header.token_type()), VerifyError::WrongType),
            Self::Issuer => holds(claims.iss.required(string)? == policy.issuer(), VerifyError::WrongIssuer),
            Self::Audience => {
                let mut audiences = claims.aud.required(audiences)?;
                holds(audiences.any(|audience| audience == policy.audience()), VerifyError::WrongAudience)
            }
            // RFC 7519 §4.1.4: "on or after" exp the token must not be accepted.
            Self::Expiry => {
                let expires_at = claims.exp.required(numeric_date)?.floor;
                holds(now < expires_at.saturating_add(policy.leeway_seconds()), VerifyError::Expired)
            }
            Self::NotBefore => {
                let not_before = claims.nbf.optional(numeric_date)?;
                holds(not_before.is_none_or(|date| date.ceil <= latest), VerifyError::NotYetValid)
            }
            Self::IssuedAt => {
                holds(claims.iat.required(numeric_date)?.ceil <= latest, VerifyError::IssuedInTheFuture)
            }
            Self::Subject => {
                holds(!claims.sub.required(string)?.is_empty(), VerifyError::ClaimType { claim: "sub" })
            }
            // RFC 9068 §2.2: REQUIRED in an access token of that type.
            Self::TokenId if *policy.token_type() == TokenType::AccessToken => {
                claims.jti.required(string).map(|_| ())
            }
            Self::TokenId => claims.jti.optional(string).map(|_| ()),
            Self::OtherClaims => {
                claims.auth_time.optional(numeric_date)?;
                for claim in [claims.sid, claims.client_id, claims.scope] {
                    claim.optional(string)?;
                }
                Ok(())
            }
        }
    }
}

fn holds(condition: bool, error: VerifyError) -> Result<(), VerifyError> {
    if condition { Ok(()) } else { Err(error) }
}

/// A time with its fraction of a second rounded both ways; the caller takes the stricter.
#[derive(Clone, Copy)]
pub(crate) struct NumericDate {
    pub(crate) floor: i64,
    ceil: i64,
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
