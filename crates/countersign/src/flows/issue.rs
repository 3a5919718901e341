//! The only place where an access token is minted. Login and refresh both come through here with a [`Grant`], which
//! only a store's transaction makes: so no pathway can hand out a token for an account that may not sign in (TH-5).

use countersign_jwt::{SignError, sign};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::store::{Grant, Store};

/// A freshly signed access token.
pub struct AccessToken {
    /// The compact JWS. Whoever holds it is the account until it expires.
    pub token: Zeroizing<String>,
    /// For how many seconds it is valid, counted from now.
    pub expires_in: u64,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessToken([redacted]; {} s)", self.expires_in)
    }
}

/// RFC 9068 §2.2, with the session and the account's own claims.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    auth_time: i64,
    username: &'a str,
    role: &'a str,
    #[serde(flatten)]
    custom: &'a Map<String, Value>,
}

impl<S: Store> Countersign<S> {
    /// Signs an access token for a session that a store's transaction has just found or made alive.
    pub(crate) fn issue(&self, grant: &Grant, now: Timestamp) -> Result<AccessToken, SignError> {
        let Grant { account, session } = grant;
        let iat = now.as_unix_seconds();
        // Never longer than the session itself (J7), and at least the second that has begun.
        let exp = now
            .plus(self.options.sessions.access_token_ttl)
            .min(session.expires_at)
            .as_unix_seconds()
            .max(iat + 1);
        let claims = Claims {
            iss: &self.options.issuer,
            sub: account.id.to_string(),
            aud: &self.options.audience,
            client_id: &self.options.client_id,
            iat,
            exp,
            jti: uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string(),
            sid: session.id.to_string(),
            auth_time: session.created_at.as_unix_seconds(),
            username: account.username.as_str(),
            role: account.role.as_str(),
            custom: account.claims.as_map(),
        };
        let token =
            sign(&claims, self.key_ring.load().signing_key(now), self.options.token_type.header_value())?;
        Ok(AccessToken { token: Zeroizing::new(token), expires_in: u64::try_from(exp - iat).unwrap_or(0) })
    }
}
