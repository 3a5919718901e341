//! The rules about an access token, one by one (RFC 7519 §4.1, RFC 9068 §2.2 and §4).
//!
//! `validate.rs` demands them all; `inspect.rs` asks each. Neither knows what a rule looks at.

use crate::compact::ProtectedHeader;
use crate::error::VerifyError;
use crate::policy::{ClaimsPolicy, TokenType};
use crate::registered::{Registered, audiences, numeric_date, string};

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
