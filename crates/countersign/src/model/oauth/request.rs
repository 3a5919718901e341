//! A request for authorization (RFC 6749 §4.1.1, `OpenID` Connect Core §3.1.2.1, RFC 7636, RFC 8707): which parameters it may have,
//! and where what is wrong with it is said. Before the address of the response is known to be the client's, that is a page of our
//! own: a redirect would make us an open redirector (RFC 9700 §4.11.2).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::pkce::Challenge;
use super::{OPENID, OauthClient};
use crate::base::clock::Timestamp;
use crate::model::api_key::Scopes;
use crate::model::named::named;

/// A request that was found good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AuthorizeRequest {
    /// The client's ID.
    pub client_id: String,
    /// Where the response goes.
    pub redirect_uri: String,
    /// What is asked for, as words with spaces between them.
    pub scope: String,
    /// The names of the audiences that tokens are asked for, each once and in order.
    pub resources: Vec<String>,
    /// What the client wants back.
    pub state: Option<String>,
    /// What the client wants in the ID token.
    pub nonce: Option<String>,
    /// What the verifier has to fit; none for a client that may do without.
    pub challenge: Option<Challenge>,
    /// How people are asked.
    pub prompts: Prompts,
    /// The most seconds since the sign-in.
    pub max_age: Option<u32>,
    /// What the sign-in has to be worth, one of them.
    pub acr_values: Vec<String>,
    /// The name that is likely to be typed.
    pub login_hint: Option<String>,
    /// The account that is expected: the `sub` of an ID token of ours. Whoever asks has verified that.
    pub subject: Option<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Whether the response comes in a form, and not in the address.
    #[serde(default)]
    pub form_post: bool,
}

impl AuthorizeRequest {
    /// What is asked for.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scope).unwrap_or_default()
    }
}

/// The values of `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a value that is there or not")]
pub struct Prompts {
    /// Nobody is asked anything.
    pub none: bool,
    /// A sign-in, even of somebody who is signed in: `login` and `select_account`.
    pub login: bool,
    /// What the application may do, even if it was allowed before.
    pub consent: bool,
    /// The way to a new account.
    pub create: bool,
}

named! {
    /// What a client is told (RFC 6749 §4.1.2.1, `OpenID` Connect Core §3.1.2.6, RFC 8707 §2, RFC 9470 §4).
    pub enum AuthorizeError {
        /// A parameter is missing, malformed or there twice.
        InvalidRequest = "invalid_request",
        /// Anything but a code is asked for.
        UnsupportedResponseType = "unsupported_response_type",
        /// The scope is malformed, missing, or more than the client may have.
        InvalidScope = "invalid_scope",
        /// The resource is none of the client's.
        InvalidTarget = "invalid_target",
        /// A request object.
        RequestNotSupported = "request_not_supported",
        /// A request by its address.
        RequestUriNotSupported = "request_uri_not_supported",
        /// The owner of the account has refused, or may not use the resource.
        AccessDenied = "access_denied",
        /// Nobody is signed in as is asked for, and nobody may be asked.
        LoginRequired = "login_required",
        /// What the application may do would have to be asked, and nobody may be asked.
        ConsentRequired = "consent_required",
        /// The sign-in is worth less than is asked for, and another one is no better.
        UnmetAuthenticationRequirements = "unmet_authentication_requirements",
        /// The server failed.
        ServerError = "server_error",
    }
}

/// What is wrong with a request that can get no response at the address it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// There is no such client, or none was named, or more than one.
    Client,
    /// The redirect URI is missing, there twice, or not one of the client's; the registered one that comes closest.
    RedirectUri(Option<String>),
    /// There is more than 4 KiB of it.
    TooLong,
}

/// An error on its way back to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRedirect {
    /// Where it goes: one of the client's addresses.
    pub redirect_uri: String,
    /// What the client wants back.
    pub state: Option<String>,
    /// What is wrong.
    pub error: AuthorizeError,
    /// The same for people.
    pub description: &'static str,
    /// Whether it goes in a form, and not in the address.
    pub form_post: bool,
}

impl ErrorRedirect {
    /// What is wrong with a request whose address is known to be the client's.
    pub(crate) fn of(request: &AuthorizeRequest, error: AuthorizeError, description: &'static str) -> Self {
        let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
        Self { redirect_uri, state, error, description, form_post: request.form_post }
    }
}

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeRefusal {
    /// On a page of ours.
    Page(PageFault),
    /// At the client.
    Redirect(Box<ErrorRedirect>),
}

/// A request, and the ID token that it may name somebody by, which is not verified.
pub(crate) type Parsed = (AuthorizeRequest, Option<String>);

/// Checks a request: its parameters, decoded and in their order, among these clients.
///
/// # Errors
/// [`AuthorizeRefusal`]: where and what the refusal says.
pub(crate) fn parse(
    pairs: &[(String, String)],
    clients: &[OauthClient],
    now: Timestamp,
) -> Result<Parsed, AuthorizeRefusal> {
    let page = |fault| Err(AuthorizeRefusal::Page(fault));
    if pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_BYTES {
        return page(PageFault::TooLong);
    }
    let parameters = Parameters(pairs);
    let Some(client) = parameters.only("client_id").and_then(|id| clients.iter().find(|one| one.id == id))
    else {
        return page(PageFault::Client);
    };
    let redirect_uri = parameters.only("redirect_uri");
    let Some(redirect_uri) = redirect_uri.filter(|uri| client.has_redirect_uri(uri)) else {
        return page(PageFault::RedirectUri(closest(client, redirect_uri)));
    };
    let refused = |(error, description)| {
        AuthorizeRefusal::Redirect(Box::new(ErrorRedirect {
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.only("state").map(str::to_owned),
            error,
            description,
            form_post: parameters.only("response_mode") == Some(FORM_POST),
        }))
    };
    checked(&parameters, client, redirect_uri, now).map_err(refused)
}

type Wrong = (AuthorizeError, &'static str);

fn checked(
    parameters: &Parameters<'_>,
    client: &OauthClient,
    redirect_uri: &str,
    now: Timestamp,
) -> Result<Parsed, Wrong> {
    let invalid = |why| Err((AuthorizeError::InvalidRequest, why));
    if parameters.has_repeated() {
        return invalid("a parameter is there twice");
    }
    if parameters.find("request").is_some() {
        return Err((AuthorizeError::RequestNotSupported, "request objects are not supported"));
    }
    if parameters.find("request_uri").is_some() {
        return Err((AuthorizeError::RequestUriNotSupported, "request_uri is not supported"));
    }
    match parameters.find("response_type") {
        Some("code") => {}
        Some(_) => return Err((AuthorizeError::UnsupportedResponseType, "response_type must be code")),
        None => return invalid("response_type is missing"),
    }
    let form_post = match parameters.find("response_mode") {
        None | Some("query") => false,
        Some(FORM_POST) => true,
        Some(_) => return invalid("response_mode must be query or form_post"),
    };
    let scopes = scopes(parameters, client)?;
    let nonce = parameters.find("nonce").map(str::to_owned);
    let challenge = challenge(parameters, client, scopes.has(OPENID) && nonce.is_some())?;
    let max_age = parameters.find("max_age").map(str::parse).transpose();
    let max_age =
        max_age.map_err(|_| (AuthorizeError::InvalidRequest, "max_age is not a number of seconds"))?;
    let text = |name| parameters.find(name).map(str::to_owned);
    let request = AuthorizeRequest {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scopes.to_string(),
        resources: resources(parameters, client)?,
        state: text("state"),
        nonce,
        challenge,
        prompts: prompts(parameters)?,
        max_age,
        acr_values: words(parameters.find("acr_values")).map(str::to_owned).collect(),
        login_hint: text("login_hint"),
        subject: None,
        asked_at: now,
        form_post,
    };
    Ok((request, text("id_token_hint")))
}

fn scopes(parameters: &Parameters<'_>, client: &OauthClient) -> Result<Scopes, Wrong> {
    let wrong = |why| (AuthorizeError::InvalidScope, why);
    let text = words(parameters.find("scope")).collect::<Vec<_>>().join(" ");
    let scopes = Scopes::parse(&text).map_err(|_| wrong("the scope is malformed"))?;
    if scopes.is_empty() {
        return Err(wrong("the scope is missing"));
    }
    if scopes.are_among(&client.scopes) {
        Ok(scopes)
    } else {
        Err(wrong("the client may not ask for this scope"))
    }
}

/// RFC 7636 §4.3, OAuth 2.1 §7.5: without a method it would be `plain`, which protects from nobody who sees the request.
fn challenge(
    parameters: &Parameters<'_>,
    client: &OauthClient,
    has_nonce: bool,
) -> Result<Option<Challenge>, Wrong> {
    let invalid = |why| Err((AuthorizeError::InvalidRequest, why));
    match (parameters.find("code_challenge"), parameters.find("code_challenge_method")) {
        (Some(text), Some("S256")) => match Challenge::parse(text) {
            Some(challenge) => Ok(Some(challenge)),
            None => invalid("code_challenge is not 43 characters of base64url"),
        },
        (Some(_), _) => invalid("code_challenge_method must be S256"),
        (None, Some(_)) => invalid("code_challenge is missing"),
        (None, None) if client.require_pkce => invalid("code_challenge is missing: PKCE is required"),
        (None, None) if !has_nonce => invalid("without PKCE, the scope openid and a nonce are required"),
        (None, None) => Ok(None),
    }
}

/// RFC 8707 §2.
fn resources(parameters: &Parameters<'_>, client: &OauthClient) -> Result<Vec<String>, Wrong> {
    let asked: BTreeSet<&str> = parameters.all("resource").collect();
    if asked.iter().all(|name| client.resources.iter().any(|one| one == name)) {
        return Ok(asked.into_iter().map(str::to_owned).collect());
    }
    Err((AuthorizeError::InvalidTarget, "the client may not ask for this resource"))
}

fn prompts(parameters: &Parameters<'_>) -> Result<Prompts, Wrong> {
    let invalid = |why| Err((AuthorizeError::InvalidRequest, why));
    let mut prompts = Prompts::default();
    for word in words(parameters.find("prompt")) {
        match word {
            "none" => prompts.none = true,
            "login" | "select_account" => prompts.login = true,
            "consent" => prompts.consent = true,
            "create" => prompts.create = true,
            _ => return invalid("prompt has a value that is not known"),
        }
    }
    if prompts.none && (prompts.login || prompts.consent || prompts.create) {
        return invalid("prompt=none allows no other value beside it");
    }
    Ok(prompts)
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(' ').filter(|word| !word.is_empty())
}

/// The registered address that has the longest beginning in common with the one that was asked for.
fn closest(client: &OauthClient, asked: Option<&str>) -> Option<String> {
    let asked = asked?;
    let common =
        |uri: &&String| uri.bytes().zip(asked.bytes()).take_while(|(one, other)| one == other).count();
    client.redirect_uris.iter().max_by_key(common).cloned()
}

/// An empty parameter is none (RFC 6749 §3.1).
struct Parameters<'a>(&'a [(String, String)]);

impl<'a> Parameters<'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(own, value)| own == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    fn find(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The value of one that is there once.
    fn only(&self, name: &str) -> Option<&'a str> {
        let is_once = self.0.iter().filter(|(own, _)| own == name).count() == 1;
        self.find(name).filter(|_| is_once)
    }

    /// RFC 6749 §3.1: none may be there twice but `resource` (RFC 8707 §2).
    fn has_repeated(&self) -> bool {
        let mut seen = BTreeSet::new();
        self.0.iter().any(|(name, _)| name != "resource" && !seen.insert(name))
    }
}

/// OAuth 2.0 Form Post Response Mode §2.
const FORM_POST: &str = "form_post";
const MAX_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const CB: &str = "https://app.example/cb";

    fn clients() -> [OauthClient; 2] {
        let mut shop = OauthClient::new("shop", "Shop");
        shop.redirect_uris = vec![CB.to_owned(), "http://127.0.0.1/cb".to_owned()];
        shop.resources = vec!["https://api.example".to_owned(), "https://files.example".to_owned()];
        let mut old = OauthClient::new("old", "Old").with_secret("secret");
        old.redirect_uris = vec![CB.to_owned()];
        old.require_pkce = false;
        [shop, old]
    }

    /// The good request with these changes: a value in the place of another, or one more, or none.
    fn asked(changes: &[(&str, &str)]) -> Result<AuthorizeRequest, AuthorizeRefusal> {
        let good = [
            ("client_id", "shop"),
            ("redirect_uri", CB),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let is_changed = |name: &str| changes.iter().any(|(own, _)| *own == name);
        let kept = good.into_iter().filter(|(name, _)| !is_changed(name));
        let pairs = kept.chain(changes.iter().copied().filter(|(_, value)| *value != "-"));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        parse(&pairs, &clients(), T).map(|(request, _)| request)
    }

    fn error(changes: &[(&str, &str)]) -> &'static str {
        match asked(changes) {
            Ok(_) => "ok",
            Err(AuthorizeRefusal::Page(PageFault::Client)) => "page: client",
            Err(AuthorizeRefusal::Page(PageFault::RedirectUri(_))) => "page: redirect_uri",
            Err(AuthorizeRefusal::Page(PageFault::TooLong)) => "page: too long",
            Err(AuthorizeRefusal::Redirect(redirect)) => {
                assert_eq!(redirect.redirect_uri, CB);
                redirect.error.name()
            }
        }
    }

    #[test]
    fn a_good_request_says_what_it_asks_for() {
        let request = asked(&[
            ("nonce", "n"),
            ("prompt", "login consent"),
            ("max_age", "60"),
            ("acr_values", "aal2 aal1"),
            ("login_hint", "ada"),
            ("resource", "https://files.example"),
            ("resource", "https://api.example"),
            ("resource", "https://api.example"),
            ("ui_locales", "de"),
            ("nobody_knows", "this"),
        ]);
        let request = request.unwrap();
        assert_eq!(request.scopes(), Scopes::parse("openid profile").unwrap());
        assert_eq!(request.resources, ["https://api.example", "https://files.example"]);
        assert_eq!((request.state.as_deref(), request.nonce.as_deref()), (Some("s"), Some("n")));
        assert_eq!((request.max_age, request.acr_values.len()), (Some(60), 2));
        assert!(request.prompts.login && request.prompts.consent && !request.prompts.none);
        assert_eq!(request.asked_at, T);
    }

    /// RFC 6749 §3.1 and §4.1.2.1, RFC 7636 §4.3, RFC 8707 §2, RFC 9700 §4.11.2: each row is a rule.
    #[test]
    fn what_is_wrong_is_said_in_the_right_place() {
        let long = "x".repeat(4096);
        let rows: &[(&[(&str, &str)], &str)] = &[
            (&[], "ok"),
            // No redirect before the client and its address are known.
            (&[("client_id", "-")], "page: client"),
            (&[("client_id", "")], "page: client"),
            (&[("client_id", "other")], "page: client"),
            (&[("client_id", "Shop")], "page: client"),
            (&[("client_id", "shop"), ("client_id", "shop")], "page: client"),
            (&[("redirect_uri", "-")], "page: redirect_uri"),
            (&[("redirect_uri", "https://evil.example/cb")], "page: redirect_uri"),
            (&[("redirect_uri", "https://app.example/cb/x")], "page: redirect_uri"),
            (&[("redirect_uri", CB), ("redirect_uri", CB)], "page: redirect_uri"),
            (&[("redirect_uri", CB), ("redirect_uri", "https://evil.example/cb")], "page: redirect_uri"),
            (&[("state", &long)], "page: too long"),
            // After that, the client is told.
            (&[("response_type", "-")], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("response_type", "code"), ("response_type", "code")], "invalid_request"),
            (&[("state", "a"), ("state", "b")], "invalid_request"),
            (&[("nobody_knows", "a"), ("nobody_knows", "b")], "invalid_request"),
            (&[("response_mode", "query")], "ok"),
            (&[("response_mode", "form_post")], "ok"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("request", "e30")], "request_not_supported"),
            (&[("request_uri", "urn:x")], "request_uri_not_supported"),
            (&[("scope", "-")], "invalid_scope"),
            (&[("scope", "openid admin")], "invalid_scope"),
            (&[("scope", "openid \"")], "invalid_scope"),
            (&[("code_challenge", "-"), ("code_challenge_method", "-")], "invalid_request"),
            (&[("code_challenge_method", "-")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge_method", "s256")], "invalid_request"),
            (&[("code_challenge", "-")], "invalid_request"),
            (&[("code_challenge", "short")], "invalid_request"),
            (&[("prompt", "none")], "ok"),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("prompt", "dance")], "invalid_request"),
            (&[("max_age", "0")], "ok"),
            (&[("max_age", "-1")], "invalid_request"),
            (&[("max_age", "soon")], "invalid_request"),
            (&[("resource", "https://api.example")], "ok"),
            (&[("resource", "https://api.example/")], "invalid_target"),
            (&[("resource", "https://api.example"), ("resource", "https://other.example")], "invalid_target"),
        ];
        for (changes, expected) in rows {
            assert_eq!(error(changes), *expected, "{changes:?}");
        }
    }

    /// A client that knows nothing of PKCE has to send a nonce; one that does is not let off by that.
    #[test]
    fn without_pkce_there_is_a_nonce() {
        let old = |more: &[(&str, &str)]| {
            let changes = [("client_id", "old"), ("code_challenge", "-"), ("code_challenge_method", "-")];
            error(&[&changes, more].concat())
        };
        assert_eq!(old(&[]), "invalid_request");
        assert_eq!(old(&[("nonce", "n")]), "ok");
        assert_eq!(old(&[("nonce", "n"), ("scope", "profile")]), "invalid_request");
        assert_eq!(
            error(&[("client_id", "old"), ("code_challenge_method", "plain"), ("nonce", "n")]),
            "invalid_request"
        );
    }

    #[test]
    fn an_error_says_the_state_if_there_is_one() {
        let state = |changes: &[(&str, &str)]| match asked(changes) {
            Err(AuthorizeRefusal::Redirect(redirect)) => redirect.state,
            other => panic!("{other:?}"),
        };
        assert_eq!(state(&[("scope", "-")]).as_deref(), Some("s"));
        assert_eq!(state(&[("scope", "-"), ("state", "-")]), None);
        assert_eq!(state(&[("state", "a"), ("state", "b")]), None);
    }

    #[test]
    fn the_closest_address_is_for_the_log() {
        let refused = asked(&[("redirect_uri", "https://app.example/callback")]);
        assert_eq!(refused, Err(AuthorizeRefusal::Page(PageFault::RedirectUri(Some(CB.to_owned())))));
    }
}
