//! ID tokens (`OpenID` Connect Core §2): who has signed in, when and how, for one client alone. The scopes that say more about
//! somebody are answered by the userinfo endpoint (§5.4).

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::{Algorithm, SignError, UnverifiedJws};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::model::oauth::IdTokenHint;
use crate::model::proof::AuthMethods;
use crate::model::session::Grant;
use crate::options::OauthClient;
use crate::store::Store;

/// What an ID token is for.
pub(super) struct IdTokenFor<'a> {
    pub(super) client: &'a OauthClient,
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: &'static str,
    amr: AuthMethods,
    sid: String,
    at_hash: String,
}

impl<S: Store> Countersign<S> {
    pub(super) fn id_token(
        &self,
        grant: &Grant,
        about: &IdTokenFor<'_>,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, SignError> {
        let (session, algorithm) = (grant.session(), about.client.id_token_algorithm);
        let claims = IdClaims {
            iss: &self.options.issuer,
            sub: grant.account().id.to_string(),
            aud: &about.client.id,
            iat: now.as_unix_seconds(),
            exp: now.plus(LIFETIME).as_unix_seconds(),
            auth_time: session.authenticated_at.as_unix_seconds(),
            nonce: about.nonce,
            acr: session.amr.context_class(),
            amr: session.amr,
            sid: session.id.to_string(),
            at_hash: half_hash(algorithm, about.access_token),
        };
        self.sign_with(&claims, algorithm, TYP, now)
    }

    /// Whom an ID token names that we have made for this client; it may have expired since (`OpenID` Connect Core §3.1.2.1).
    pub(super) fn subject_of_hint(&self, token: &str, client: &str, now: Timestamp) -> Option<String> {
        self.id_token_hint(token, now).filter(|hint| hint.client_id == client).map(|hint| hint.subject)
    }

    /// What an ID token of ours says, however old it is: as long as its key is known.
    pub(super) fn id_token_hint(&self, token: &str, now: Timestamp) -> Option<IdTokenHint> {
        let keys = self.jwk_set(now).ok()?;
        let verified = UnverifiedJws::parse(token).ok()?.verify_with_set(&keys).ok()?;
        let is_id_token = verified.header().token_type() == Some(TYP);
        let claims = verified.claims_set().ok().filter(|_| is_id_token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(&self.options.issuer) {
            return None;
        }
        let session_id = text("sid").and_then(|sid| sid.parse().ok());
        Some(IdTokenHint { client_id: text("aud")?.to_owned(), subject: text("sub")?.to_owned(), session_id })
    }
}

/// The left half of the hash that the signature uses (`OpenID` Connect Core §3.1.3.6). For Ed25519 that is SHA-512.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm.name() {
        name if name.ends_with("384") => &digest::SHA384,
        name if name.ends_with("256") => &digest::SHA256,
        _ => &digest::SHA512,
    };
    let hash = digest::digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// It is read once, at the sign-in.
const LIFETIME: Duration = Duration::from_mins(10);
/// An access token has another (TK-5).
const TYP: &str = "JWT";

#[cfg(test)]
mod tests {
    use super::*;

    /// `OpenID` Connect Core, appendix A.3: an access token and its `at_hash`.
    #[test]
    fn the_hash_of_an_access_token_is_that_of_the_specification() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!([Algorithm::Es384, Algorithm::EdDsa].map(|it| half_hash(it, token).len()), [32, 43]);
    }
}
