//! The rules about an access token, one by one (RFC 7519 §4.1, RFC 9068 §2.2 and §4).
//!
//! `validate.rs` demands them all; `inspect` reports each. Neither knows which claims a rule reads.

use crate::compact::ProtectedHeader;
use crate::error::VerifyError;
use crate::policy::ClaimsPolicy;
use crate::registered::{Claim, Registered, array, confirmation, numeric_date, scopes, string, strings};

/// One rule about an access token. `validate` demands them all; `inspect` reports each of them.
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
    RequiredClaims,
    Scopes,
    Roles,
}

impl Rule {
    /// In the order in which they are checked. Scopes and roles come last: only a token that is otherwise
    /// valid is reported as insufficient (RFC 6750 §3.1, `insufficient_scope`).
    pub(crate) const ALL: [Self; 12] = [
        Self::Type,
        Self::Issuer,
        Self::Audience,
        Self::Expiry,
        Self::NotBefore,
        Self::IssuedAt,
        Self::Subject,
        Self::TokenId,
        Self::OtherClaims,
        Self::RequiredClaims,
        Self::Scopes,
        Self::Roles,
    ];

    /// Whether the rule demands anything: the last three demand only what a policy names.
    pub(crate) fn is_demanded(self, policy: Option<&ClaimsPolicy>) -> bool {
        match self {
            Self::RequiredClaims => policy.is_some_and(|policy| !policy.required_claims().is_empty()),
            Self::Scopes => policy.is_some_and(|policy| !policy.required_scopes().is_empty()),
            Self::Roles => policy.is_some_and(|policy| !policy.required_roles().is_empty()),
            _ => true,
        }
    }

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
            Self::Issuer => holds(
                policy.accepted_issuer(claims.iss.required(string)?).is_some(),
                VerifyError::WrongIssuer,
            ),
            // RFC 7519 §4.1.3: an `aud` that is present must name this service, also where it may be absent.
            Self::Audience => {
                let audiences = claims.aud.required_unless(policy.accepts_missing_audience(), strings)?;
                let is_for_us =
                    audiences.is_none_or(|mut audiences| audiences.any(|name| policy.accepts_audience(name)));
                holds(is_for_us, VerifyError::WrongAudience)
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
                let issued_at =
                    claims.iat.required_unless(policy.accepts_missing_issued_at(), numeric_date)?;
                holds(issued_at.is_none_or(|date| date.ceil <= latest), VerifyError::IssuedInTheFuture)
            }
            Self::Subject => {
                holds(!claims.sub.required(string)?.is_empty(), VerifyError::ClaimType { claim: "sub" })
            }
            // RFC 9068 §2.2: REQUIRED in an access token of that type.
            Self::TokenId => {
                claims.jti.required_unless(!policy.token_type().is_access_token(), string).map(|_| ())
            }
            Self::OtherClaims => {
                claims.auth_time.optional(numeric_date)?;
                claims.amr.optional(array)?;
                claims.cnf.optional(confirmation)?;
                for claim in [claims.sid, claims.client_id, claims.scope, claims.acr] {
                    claim.optional(string)?;
                }
                Ok(())
            }
            Self::RequiredClaims => policy.required_claims().iter().try_for_each(|required| {
                let mut held = Claim::find(claims.all, required.name).required(strings)?;
                let error = VerifyError::WrongClaimValue { claim: required.name };
                holds(held.any(|value| required.values.iter().any(|accepted| accepted == value)), error)
            }),
            // Read only where a policy demands it: `scp` and `role` are not registered and may hold anything.
            Self::Scopes | Self::Roles if !self.is_demanded(Some(policy)) => Ok(()),
            Self::Scopes => {
                let held = Claim::of_scopes(claims.all).optional(scopes)?;
                holds(includes_all(held.as_ref(), policy.required_scopes()), VerifyError::MissingScope)
            }
            Self::Roles => {
                let held = Claim::of_roles(claims.all).optional(strings)?;
                holds(includes_all(held.as_ref(), policy.required_roles()), VerifyError::MissingRole)
            }
        }
    }
}

/// Whether every one of `demanded` is among those that the token holds.
fn includes_all<'a>(held: Option<&(impl Iterator<Item = &'a str> + Clone)>, demanded: &[String]) -> bool {
    demanded.iter().all(|name| held.is_some_and(|held| held.clone().any(|held| held == name)))
}

fn holds(condition: bool, error: VerifyError) -> Result<(), VerifyError> {
    if condition { Ok(()) } else { Err(error) }
}
