//! `WWW-Authenticate` of a refusal: by which scheme a client is to come again (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3).

use countersign_jwt::VerifyError;
use http::HeaderValue;

use super::reason::Refusal;
use super::scheme::{Offer, Scheme};

impl Refusal {
    /// The challenges, the one with the error first; none with 503, which challenges nobody: another token would fare
    /// no better.
    pub(super) fn challenges(&self, offer: Offer) -> Vec<HeaderValue> {
        let Some(parameters) = self.parameters() else { return Vec::new() };
        let is_about_proof =
            matches!(self, Self::Proof(_) | Self::NonceRequired { .. } | Self::TokenNotBound);
        let mut challenges = Vec::new();
        if is_about_proof || offer == Offer::Both(Scheme::Dpop) {
            challenges.push(format!("DPoP {parameters}, {ALGORITHMS}"));
        } else {
            challenges.push(format!("Bearer {parameters}"));
            if offer != Offer::Bearer {
                challenges.push(format!("DPoP {REALM}, {ALGORITHMS}"));
            }
        }
        challenges.into_iter().filter_map(|text| HeaderValue::try_from(text).ok()).collect()
    }

    /// The parameters that both schemes have. A request without a token gets no error code (RFC 6750 §3.1, last
    /// paragraph).
    fn parameters(&self) -> Option<String> {
        let (error, rest) = match self {
            Self::KeysUnavailable | Self::FeedLate | Self::ProofsFull => return None,
            Self::TokenRequired => return Some(REALM.to_owned()),
            Self::Invalid(VerifyError::Expired) => {
                ("invalid_token", r#", error_description="The access token expired""#.to_owned())
            }
            Self::TokenBound => {
                ("invalid_token", r#", error_description="The access token is bound to a key""#.to_owned())
            }
            Self::TokenNotBound => (
                "invalid_token",
                r#", error_description="The access token is not bound to a key""#.to_owned(),
            ),
            Self::Malformed | Self::Invalid(_) | Self::Revoked | Self::TooOld => {
                ("invalid_token", String::new())
            }
            Self::Proof(error) => (error.code(), String::new()),
            Self::NonceRequired { .. } => {
                ("use_dpop_nonce", r#", error_description="The proof needs a nonce""#.to_owned())
            }
            Self::RoleRequired | Self::ScopeRequired => ("insufficient_scope", String::new()),
            Self::SignInRequired(step_up) => {
                let why = r#", error_description="Another sign-in is needed""#;
                ("insufficient_user_authentication", format!("{why}{}", step_up.parameters()))
            }
        };
        Some(format!("{REALM}, error=\"{error}\"{rest}"))
    }
}

const REALM: &str = r#"realm="api""#;
/// As `DpopPolicy::ALGORITHMS` has them.
const ALGORITHMS: &str = r#"algs="ES256 EdDSA""#;

#[cfg(test)]
mod tests {
    use countersign_jwt::DpopPolicy;

    #[test]
    fn the_algorithms_are_those_that_are_accepted() {
        let names = DpopPolicy::ALGORITHMS.map(countersign_jwt::Algorithm::name).join(" ");
        assert_eq!(super::ALGORITHMS, format!("algs=\"{names}\""));
    }
}
