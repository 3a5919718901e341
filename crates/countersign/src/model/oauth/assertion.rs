//! `private_key_jwt` (RFC 7523 §2.2 and §3): a client shows that it holds a private key, by a short-lived statement about itself that is
//! good once. What is known of the key is in its configuration.

use std::time::Duration;

use countersign_jwt::UnverifiedJws;
use serde_json::Value;

use super::OauthClient;
use super::usage::Use;
use crate::base::clock::Timestamp;
use crate::base::digest::sha256;

/// What an assertion of this client, for this issuer, is used up by, by clocks that differ by this at most; `None` if it is none, or not
/// good now.
pub(crate) fn verify(
    assertion: &str,
    client: &OauthClient,
    (issuer, leeway): (&str, Duration),
    now: Timestamp,
) -> Option<Use> {
    let verified = UnverifiedJws::parse(assertion).ok()?.verify_with_set(client.keys.set()).ok()?;
    let is_one = matches!(verified.header().token_type(), None | Some("JWT" | "client-authentication+jwt"));
    let claims = verified.claims_set().ok().filter(|_| is_one)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_its = text("iss") == Some(&client.id) && text("sub") == Some(&client.id);
    // SECURITY: the issuer alone, as a string. One for a token endpoint, or for several servers, could be used at another.
    let is_ours = text("aud") == Some(issuer);
    let second = now.as_unix_seconds();
    let exp = claims.get("exp").and_then(Value::as_i64)?;
    let is_short = second < exp && exp <= second.saturating_add(LONGEST.as_secs().cast_signed());
    // Libraries send the second in which they sign, by a clock that may be ahead of ours.
    let begun = second.saturating_add(leeway.as_secs().cast_signed());
    let has_begun = claims.get("nbf").is_none_or(|nbf| nbf.as_i64().is_some_and(|nbf| nbf <= begun));
    let id = text("jti").filter(|id| (1..=256).contains(&id.len()))?;
    let hash = sha256(format!("client assertion\n{}\n{id}", client.id).as_bytes());
    let is_good = is_its && is_ours && is_short && has_begun;
    is_good.then(|| Use { hash, expires_at: Timestamp::from_unix_millis(exp.saturating_mul(1000)) })
}

/// The longest life of an assertion. It is made for one request.
const LONGEST: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use countersign_jwt::{Algorithm, JwkSet, SigningKey, sign};
    use serde_json::json;

    use super::super::ClientKeys;
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const ISSUER: &str = "https://auth.example";
    const US: (&str, Duration) = (ISSUER, Duration::from_secs(30));

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap()
    }

    fn client(key: &SigningKey) -> OauthClient {
        let mut client = OauthClient::new("bank", "Bank");
        let set = JwkSet::new(vec![key.verifying_key().clone()]).unwrap();
        client.keys = ClientKeys::parse(&set.to_json()).unwrap();
        client
    }

    /// RFC 7523 §3: each claim, and the exact second.
    #[test]
    fn an_assertion_is_the_clients_for_us_and_short() {
        let key = key();
        let client = client(&key);
        let at = |changes: Value, typ: &str, now: Timestamp| {
            let mut claims =
                json!({ "iss": "bank", "sub": "bank", "aud": ISSUER, "exp": 1_700_000_300, "jti": "a" });
            for (name, value) in changes.as_object().unwrap() {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(name);
                } else {
                    claims[name] = value.clone();
                }
            }
            verify(&sign(&claims, &key, typ).unwrap(), &client, US, now)
        };
        let is_good = |changes: Value| at(changes, "JWT", T).is_some();
        assert!(is_good(json!({})) && is_good(json!({ "nbf": 1_700_000_030, "iat": 1, "more": 1 })));
        for changes in [
            json!({ "iss": "shop" }),
            json!({ "sub": "shop" }),
            json!({ "iss": null }),
            json!({ "sub": null }),
            json!({ "aud": [ISSUER] }),
            json!({ "aud": "https://auth.example/oauth2/token" }),
            json!({ "aud": "https://auth.example/" }),
            json!({ "aud": null }),
            json!({ "exp": 1_700_000_301 }),
            json!({ "exp": 1_700_000_000 }),
            json!({ "exp": null }),
            json!({ "exp": "1700000100" }),
            json!({ "nbf": 1_700_000_031 }),
            json!({ "nbf": "now" }),
            json!({ "jti": null }),
            json!({ "jti": "" }),
            json!({ "jti": "x".repeat(257) }),
        ] {
            assert!(!is_good(changes.clone()), "{changes}");
        }
        assert!(at(json!({}), "client-authentication+jwt", T).is_some());
        assert!(at(json!({}), "at+jwt", T).is_none());
        let late = |seconds| T.plus(Duration::from_secs(seconds));
        assert!(at(json!({}), "JWT", late(299)).is_some() && at(json!({}), "JWT", late(300)).is_none());
        let id = |jti: &str| at(json!({ "jti": jti }), "JWT", T).unwrap().hash;
        assert!(id("a") == id("a") && id("a") != id("b"));
        let other = verify(&sign(&json!({}), &self::key(), "JWT").unwrap(), &client, US, T);
        assert_eq!(other, None);
    }

    #[test]
    fn keys_are_public_and_all_of_them_usable() {
        let set = |keys: &str| ClientKeys::parse(&format!("{{\"keys\":[{keys}]}}"));
        assert!(set("").is_err() && ClientKeys::parse("x").is_err());
        assert!(
            set(r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}"#).is_err()
        );
        let good = JwkSet::new(vec![key().verifying_key().clone()]).unwrap().to_json();
        let good = good.trim_start_matches("{\"keys\":[").trim_end_matches("]}");
        assert!(set(good).is_ok_and(|keys| !keys.is_empty()));
        assert!(set(&format!("{good},{{\"kty\":\"EC\"}}")).is_err());
    }
}
