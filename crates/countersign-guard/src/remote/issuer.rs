//! [`Issuer`]: an issuer that a guard trusts, with its policy, its algorithms and the place of its keys.

use countersign_fetch::{FetchUrl, UrlError};
use countersign_jwt::{Algorithm, ClaimsPolicy};

use super::error::StartError;
use super::metadata::Location;
use crate::feed::follow::Follow;

/// An issuer whose keys are fetched.
#[derive(Clone, Debug)]
pub struct Issuer {
    pub(super) policy: ClaimsPolicy,
    pub(super) algorithms: Vec<Algorithm>,
    jwks_url: Option<String>,
    pub(super) feed: Option<Follow>,
}

impl Issuer {
    /// The (first) issuer of `policy`, whose keys are where its metadata says: those of RFC 8414 §3, else
    /// those of `OpenID` Connect Discovery §4.
    #[must_use]
    pub fn discover(policy: ClaimsPolicy) -> Self {
        Self { policy, algorithms: USUAL_ALGORITHMS.into(), jwks_url: None, feed: None }
    }

    /// The issuer of `policy`, whose keys are at this `https` URL (`http` on this machine): for an issuer
    /// without metadata, or one whose metadata lead elsewhere.
    #[must_use]
    pub fn with_keys_at(policy: ClaimsPolicy, jwks_url: impl Into<String>) -> Self {
        Self { jwks_url: Some(jwks_url.into()), ..Self::discover(policy) }
    }

    /// Sets the algorithms that its tokens may be signed with. Default: RS256, ES256, ES384 and Ed25519. Keys
    /// for others are left out, as is every HMAC secret. A key without `alg` is for the only one of these
    /// that fits it.
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self { algorithms: algorithms.into_iter().collect(), ..self }
    }

    /// Also follows its feed of ended sessions, so that their tokens are refused here at once.
    #[must_use]
    pub fn follow(self, feed: Follow) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// Where that feed is.
    pub(super) fn feed_place(&self, feed: &Follow) -> Result<Location, StartError> {
        if let Some(url) = &feed.url {
            let wrong = |error| StartError::Feed { issuer: self.name().to_owned(), error };
            return FetchUrl::parse(url).map(Location::At).map_err(wrong);
        }
        match self.location()? {
            discover @ Location::Discover(_) => Ok(discover),
            Location::At(_) => Err(StartError::FeedPlace(self.name().to_owned())),
        }
    }

    /// Where the issuer is asked about sessions.
    pub(super) fn introspection_place(&self, feed: &Follow) -> Result<Location, StartError> {
        if let Some(url) = &feed.introspection_url {
            let wrong = |error| StartError::Introspection { issuer: self.name().to_owned(), error };
            return FetchUrl::parse(url).map(Location::At).map_err(wrong);
        }
        match self.location()? {
            discover @ Location::Discover(_) => Ok(discover),
            Location::At(_) => Err(StartError::IntrospectionPlace(self.name().to_owned())),
        }
    }

    /// The identifier, as the tokens say it.
    pub(super) fn name(&self) -> &str {
        self.policy.issuers().next().unwrap_or_default() // a policy has one
    }

    pub(super) fn location(&self) -> Result<Location, StartError> {
        let issuer = self.name();
        if let Some(url) = &self.jwks_url {
            let wrong = |error| StartError::Keys { issuer: issuer.to_owned(), error };
            return FetchUrl::parse(url).map(Location::At).map_err(wrong);
        }
        if issuer.contains(['?', '#']) {
            return Err(StartError::IssuerQuery(issuer.to_owned()));
        }
        let wrong = |error| StartError::Issuer { issuer: issuer.to_owned(), error };
        let [first, second] = metadata_urls(issuer).map_err(wrong)?;
        Ok(Location::Discover([
            FetchUrl::parse(&first).map_err(wrong)?,
            FetchUrl::parse(&second).map_err(wrong)?,
        ]))
    }
}

/// RFC 8414 §3.1 puts the well-known part between the host and the path; `OpenID` Connect Discovery §4 puts
/// it at the end.
fn metadata_urls(issuer: &str) -> Result<[String; 2], UrlError> {
    FetchUrl::parse(issuer)?;
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let host = issuer.find("://").ok_or(UrlError::NotAnAddress)? + "://".len();
    let end = issuer[host..].find('/').map_or(issuer.len(), |slash| host + slash);
    let (origin, path) = issuer.split_at(end);
    Ok([
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{issuer}/.well-known/openid-configuration"),
    ])
}

const USUAL_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 8414 §3.1 and of `OpenID` Connect Discovery §4.1.
    #[test]
    fn metadata_are_where_the_standards_say() {
        for (issuer, oauth, openid) in [
            (
                "https://example.com",
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ),
            (
                "https://example.com/",
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration",
            ),
            (
                "https://example.com:8443/issuer1/",
                "https://example.com:8443/.well-known/oauth-authorization-server/issuer1",
                "https://example.com:8443/issuer1/.well-known/openid-configuration",
            ),
            (
                "http://[::1]:8080/realms/a",
                "http://[::1]:8080/.well-known/oauth-authorization-server/realms/a",
                "http://[::1]:8080/realms/a/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(metadata_urls(issuer).unwrap(), [oauth, openid]);
        }
        assert_eq!(metadata_urls("http://example.com"), Err(UrlError::PlainHttp));
    }
}
