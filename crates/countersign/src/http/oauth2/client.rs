//! How a client says who it is, in one place for everything under `/oauth2`: `client_secret_basic`, `client_secret_post` (RFC 6749
//! §2.3.1), `private_key_jwt` (RFC 7523 §2.2) or `none`, and not in two ways. Three kinds of clients share the endpoints: applications of the configuration, services
//! that verify tokens, and API keys. What is shown says which one it is: a request that names one and shows the secret of another
//! is neither.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::http::app::App;
use crate::http::error::oauth::OauthError;
#[cfg(feature = "oidc")]
use crate::model::context::Context;
#[cfg(feature = "oidc")]
use crate::options::OauthClient;
use crate::store::{Store, StoreError};

/// Who a client says that it is, and what it shows for that. RFC 6749 §2.3.1 wants both halves of Basic encoded as in a form. Many
/// clients do not do that, so there each has two readings.
pub(super) struct Shown {
    ids: Vec<Zeroizing<String>>,
    /// None: the client has named itself, and that is all.
    secrets: Vec<Zeroizing<String>>,
    /// What it has signed. It shows no secret then.
    assertion: Option<Zeroizing<String>>,
}

/// The parameters of a body that are about the client. An empty one is none (RFC 6749 §3.2).
#[derive(Clone, Copy, Default)]
pub(super) struct Stated<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) secret: Option<&'a Zeroizing<String>>,
    pub(super) assertion_type: Option<&'a str>,
    pub(super) assertion: Option<&'a Zeroizing<String>>,
}

impl Shown {
    /// What the header and the parameters say.
    ///
    /// # Errors
    /// [`OauthError::Request`] when it comes in two ways; [`OauthError::Client`] when it is missing or malformed.
    pub(super) fn of(headers: &HeaderMap, stated: Stated<'_>) -> Result<Self, OauthError> {
        let id = stated.id.filter(|id| !id.is_empty());
        let secret = stated.secret.filter(|secret| !secret.is_empty());
        let two = OauthError::Request("The client authenticates in more than one way");
        if let Some(assertion) = stated.assertion()? {
            if secret.is_some() || headers.contains_key(header::AUTHORIZATION) {
                return Err(two);
            }
            let ids = id.map(|id| Zeroizing::new(id.to_owned())).into_iter().collect();
            return Ok(Self { ids, secrets: Vec::new(), assertion: Some(assertion) });
        }
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            let id = Zeroizing::new(id.ok_or(OauthError::Client)?.to_owned());
            return Ok(Self {
                ids: vec![id],
                secrets: secret.into_iter().cloned().collect(),
                assertion: None,
            });
        };
        if values.next().is_some() || secret.is_some() {
            return Err(two);
        }
        let (name, secret) = value.to_str().ok().and_then(basic).ok_or(OauthError::Client)?;
        let shown = Self { ids: readings(name), secrets: readings(secret), assertion: None };
        if id.is_some_and(|id| !shown.names(id)) {
            return Err(OauthError::Request("client_id names another client"));
        }
        Ok(shown)
    }

    /// Whether it says that it is this one.
    pub(super) fn names(&self, id: &str) -> bool {
        self.ids.iter().any(|name| name.as_str() == id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(|id| id.as_str())
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|secret| secret.as_str())
    }

    /// The application that this is: a public one names itself, a confidential one shows a secret of its own or what it has signed,
    /// which is used up by that.
    #[cfg(feature = "oidc")]
    pub(super) async fn application<S: Store>(
        &self,
        app: &App<S>,
        context: &Context,
    ) -> Result<Option<OauthClient>, StoreError> {
        if let Some(assertion) = &self.assertion {
            let id = self.ids().next();
            let found = app.countersign.client_of_assertion(assertion, id, context).await?;
            return Ok(found.cloned());
        }
        let mut clients = app.countersign.options().oauth.clients.iter();
        let Some(client) = clients.find(|client| self.names(&client.id)) else { return Ok(None) };
        let is_it = if self.secrets.is_empty() {
            client.is_public()
        } else {
            self.secrets().any(|secret| client.fits(secret))
        };
        Ok(is_it.then(|| client.clone()))
    }

    /// Whether this is a service that may ask about tokens.
    pub(super) async fn is_service<S: Store>(&self, app: &App<S>) -> Result<bool, StoreError> {
        for id in self.ids() {
            for secret in self.secrets() {
                if app.countersign.is_client(id, secret).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Stated<'_> {
    /// The assertion, if that is the way.
    fn assertion(self) -> Result<Option<Zeroizing<String>>, OauthError> {
        let kind = self.assertion_type.filter(|kind| !kind.is_empty());
        match (kind, self.assertion.filter(|text| !text.is_empty())) {
            (None, None) => Ok(None),
            (Some(JWT_BEARER), Some(assertion)) => Ok(Some(assertion.clone())),
            (Some(JWT_BEARER), None) => Err(OauthError::Request("The parameter client_assertion is missing")),
            _ => Err(OauthError::Request("The parameter client_assertion_type is not the one for a JWT")),
        }
    }
}

/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A half of Basic as it came, and what a form would say, if that is something else.
fn readings(text: Zeroizing<String>) -> Vec<Zeroizing<String>> {
    let pair = Zeroizing::new(format!("x={}", text.replace('&', "%26")));
    let decoded = serde_urlencoded::from_str::<Vec<(String, Zeroizing<String>)>>(&pair).ok();
    let decoded = decoded.and_then(|mut pairs| pairs.pop()).map(|(_, value)| value);
    let other = decoded.filter(|other| *other != text);
    std::iter::once(text).chain(other).collect()
}

fn basic(value: &str) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?);
    let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("Basic");
    is_basic.then(|| (Zeroizing::new(name.to_owned()), Zeroizing::new(secret.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 §2.3.1, and appendix B: either reading counts, and no third.
    #[test]
    fn a_half_of_basic_has_at_most_two_readings() {
        for (text, all) in [
            ("plain", &["plain"][..]),
            ("a+b", &["a+b", "a b"]),
            ("100%", &["100%"]),
            ("p%40ss&w=1", &["p%40ss&w=1", "p@ss&w=1"]),
            ("", &[""]),
        ] {
            let read = readings(Zeroizing::new(text.to_owned()));
            assert_eq!(read.iter().map(|one| one.as_str()).collect::<Vec<_>>(), all, "{text}");
        }
    }
}
