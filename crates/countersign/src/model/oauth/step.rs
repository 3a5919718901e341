//! What has to happen before a request for authorization is granted: a sign-in, another sign-in, a question, or nothing.

use std::time::Duration;

use super::{AuthorizeError, AuthorizeRequest, Consent, OauthClient, is_loopback, is_private_scheme};
use crate::model::proof::AuthMethods;
use crate::model::session::Session;

/// What has to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Somebody signs in; `anew` even if somebody is signed in.
    SignIn {
        /// Whether a sign-in that there is does not count.
        anew: bool,
    },
    /// Somebody makes an account.
    SignUp,
    /// The owner of the account is asked whether the application may.
    Ask,
    /// It is granted.
    Grant,
    /// The client is told why not.
    Refuse(AuthorizeError),
}

/// What is known about the browser that brings a request.
pub(crate) struct Interaction<'a> {
    pub(crate) request: &'a AuthorizeRequest,
    pub(crate) client: &'a OauthClient,
    /// The session of the browser, if somebody is signed in.
    pub(crate) session: Option<&'a Session>,
    /// Whether the policy about second factors is content with that session.
    pub(crate) is_enough: bool,
    /// What was allowed before.
    pub(crate) consent: Option<&'a Consent>,
}

/// `OpenID` Connect Core §3.1.2.3 and §3.1.2.4: with `prompt=none` nobody is asked anything.
pub(crate) fn next(about: &Interaction<'_>) -> Step {
    let prompts = about.request.prompts;
    let step = match about.session {
        None if prompts.create => Step::SignUp,
        None => Step::SignIn { anew: false },
        Some(session) => next_of(about, session),
    };
    match step {
        Step::SignIn { .. } | Step::SignUp if prompts.none => Step::Refuse(AuthorizeError::LoginRequired),
        Step::Ask if prompts.none => Step::Refuse(AuthorizeError::ConsentRequired),
        step => step,
    }
}

fn next_of(about: &Interaction<'_>, session: &Session) -> Step {
    let request = about.request;
    let was_just_now = session.authenticated_at >= request.asked_at;
    if !about.is_enough || !is_fresh(request, session) {
        return Step::SignIn { anew: true };
    }
    // Signing in again is the way to another account, and to a better proof. Whoever has just done that is not sent round for ever.
    let is_expected = request.subject.as_ref().is_none_or(|sub| *sub == session.account_id.to_string());
    if !is_expected {
        return if was_just_now {
            Step::Refuse(AuthorizeError::LoginRequired)
        } else {
            Step::SignIn { anew: true }
        };
    }
    if !is_worth(&request.acr_values, session.amr) {
        let unmet = Step::Refuse(AuthorizeError::UnmetAuthenticationRequirements);
        return if was_just_now { unmet } else { Step::SignIn { anew: true } };
    }
    if needs_consent(about) { Step::Ask } else { Step::Grant }
}

/// Whether the sign-in is as recent as it was asked to be, seen from when that was: typing takes its time.
fn is_fresh(request: &AuthorizeRequest, session: &Session) -> bool {
    let was_just_now = session.authenticated_at >= request.asked_at;
    let asks_anew = request.prompts.login || request.prompts.create;
    let oldest = |seconds: u32| request.asked_at.minus(Duration::from_secs(seconds.into()));
    let is_recent = request.max_age.is_none_or(|seconds| session.authenticated_at >= oldest(seconds));
    (was_just_now || !asks_anew) && is_recent
}

/// Whether the sign-in is worth one of these. Names that mean nothing here are a wish that nobody has to meet (`OpenID` Connect Core
/// §3.1.2.1).
fn is_worth(acr_values: &[String], amr: AuthMethods) -> bool {
    let level = |name: &str| LEVELS.iter().position(|level| *level == name);
    let mut asked = acr_values.iter().filter_map(|name| level(name)).peekable();
    let reached = level(amr.context_class());
    asked.peek().is_none() || asked.any(|asked| reached.is_some_and(|reached| reached >= asked))
}

/// Any program can pretend to be one whose address is on the own computer or a scheme of its own, so a public one is asked about each
/// time (RFC 8252 §8.6).
fn needs_consent(about: &Interaction<'_>) -> bool {
    let Interaction { request, client, consent, .. } = about;
    if client.first_party {
        return false;
    }
    let is_anybodys = is_loopback(&request.redirect_uri) || is_private_scheme(&request.redirect_uri);
    let is_allowed = consent.is_some_and(|consent| request.scopes().are_among(&consent.scopes));
    request.prompts.consent || !is_allowed || client.is_public() && is_anybodys
}

/// The values of `acr`, each with those before it.
const LEVELS: [&str; 3] = ["aal1", "aal2", "phr"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::api_key::Scopes;
    use crate::model::oauth::request::Prompts;
    use crate::model::proof::AuthMethod;
    use crate::model::session::testing::{T, account, session_of};

    fn request() -> AuthorizeRequest {
        AuthorizeRequest {
            client_id: "shop".to_owned(),
            redirect_uri: "https://app.example/cb".to_owned(),
            scope: "openid profile".to_owned(),
            resources: Vec::new(),
            state: None,
            nonce: None,
            challenge: None,
            prompts: Prompts::default(),
            max_age: None,
            acr_values: Vec::new(),
            login_hint: None,
            subject: None,
            form_post: false,
            asked_at: T.plus(Duration::from_secs(100)),
        }
    }

    fn consent(scopes: &str) -> Consent {
        Consent {
            account_id: account().id,
            client_id: "shop".to_owned(),
            resources: Vec::new(),
            scopes: Scopes::parse(scopes).unwrap(),
            granted_at: T,
        }
    }

    /// With a sign-in so many seconds before the request (or after it), by these methods, and everything allowed.
    fn step_of(before: i64, amr: AuthMethods, change: impl FnOnce(&mut AuthorizeRequest)) -> Step {
        let mut request = request();
        change(&mut request);
        let at = Timestamp::from_unix_millis(request.asked_at.as_unix_millis() - before * 1000);
        let session = Session { authenticated_at: at, amr, ..session_of(&account(), 1) };
        let (client, consent) = (OauthClient::new("shop", "Shop"), consent("openid profile"));
        let (session, consent) = (Some(&session), Some(&consent));
        next(&Interaction { request: &request, client: &client, session, is_enough: true, consent })
    }

    use crate::base::clock::Timestamp;
    const PASSWORD: AuthMethods = AuthMethods::of(AuthMethod::Password);
    const ANEW: Step = Step::SignIn { anew: true };

    fn prompt(change: impl FnOnce(&mut Prompts)) -> impl FnOnce(&mut AuthorizeRequest) {
        |request| change(&mut request.prompts)
    }

    /// `OpenID` Connect Core §3.1.2.1: `prompt` and `max_age`.
    #[test]
    fn a_sign_in_is_as_recent_as_it_is_asked_to_be() {
        let step = |before, change: fn(&mut AuthorizeRequest)| step_of(before, PASSWORD, change);
        assert_eq!(step(1, |_| {}), Step::Grant);
        for (before, expected) in [(1, ANEW), (0, Step::Grant), (-5, Step::Grant)] {
            assert_eq!(step(before, |it| it.prompts.login = true), expected, "login {before}");
            assert_eq!(step(before, |it| it.prompts.create = true), expected, "create {before}");
            assert_eq!(step(before, |it| it.max_age = Some(0)), expected, "max_age {before}");
        }
        for (before, expected) in [(61, ANEW), (60, Step::Grant), (59, Step::Grant)] {
            assert_eq!(step(before, |it| it.max_age = Some(60)), expected, "{before}");
        }
        let refused = Step::Refuse(AuthorizeError::LoginRequired);
        assert_eq!(step(61, |it| (it.max_age, it.prompts.none) = (Some(60), true)), refused);
    }

    /// RFC 9470 §4, MF-2: what was proved counts, and nobody is sent round for ever.
    #[test]
    fn a_sign_in_is_worth_what_was_proved() {
        let two = PASSWORD.and(AuthMethod::MultipleFactors);
        let acr = |before, amr, value: &str| {
            step_of(before, amr, |it| it.acr_values = value.split(' ').map(str::to_owned).collect())
        };
        let unmet = Step::Refuse(AuthorizeError::UnmetAuthenticationRequirements);
        for (before, amr, value, expected) in [
            (1, PASSWORD, "aal1", Step::Grant),
            (1, two, "aal1", Step::Grant),
            (1, PASSWORD, "aal2", ANEW),
            (-1, PASSWORD, "aal2", unmet),
            (1, two, "aal2", Step::Grant),
            (1, PASSWORD, "aal2 aal1", Step::Grant),
            (1, two, "phr", ANEW),
            (1, PASSWORD, "urn:mace:incommon:iap:silver", Step::Grant),
        ] {
            assert_eq!(acr(before, amr, value), expected, "{before} {amr:?} {value}");
        }
    }

    #[test]
    fn another_account_than_the_expected_one_signs_in() {
        let other = |it: &mut AuthorizeRequest| it.subject = Some("other".to_owned());
        assert_eq!(step_of(1, PASSWORD, other), ANEW);
        assert_eq!(step_of(-1, PASSWORD, other), Step::Refuse(AuthorizeError::LoginRequired));
        assert_eq!(step_of(1, PASSWORD, |it| it.subject = Some(account().id.to_string())), Step::Grant);
    }

    /// `OpenID` Connect Core §3.1.2.6: `prompt=none` asks nobody anything.
    #[test]
    fn whoever_is_not_signed_in_signs_in() {
        let step = |change: fn(&mut Prompts)| {
            let mut request = request();
            change(&mut request.prompts);
            let client = OauthClient::new("shop", "Shop");
            next(&Interaction {
                request: &request,
                client: &client,
                session: None,
                is_enough: true,
                consent: None,
            })
        };
        assert_eq!(step(|_| {}), Step::SignIn { anew: false });
        assert_eq!(step(|it| it.create = true), Step::SignUp);
        assert_eq!(step(|it| it.none = true), Step::Refuse(AuthorizeError::LoginRequired));
    }

    /// RFC 8252 §8.6, RFC 9700 §4.16: who is asked, and who is not.
    #[test]
    fn what_was_allowed_is_not_asked_again() {
        let session = session_of(&account(), 1);
        let step = |change: &dyn Fn(&mut AuthorizeRequest, &mut OauthClient), allowed: Option<&str>| {
            let (mut request, mut client) = (request(), OauthClient::new("shop", "Shop"));
            change(&mut request, &mut client);
            let consent = allowed.map(consent);
            let (session, consent) = (Some(&session), consent.as_ref());
            next(&Interaction { request: &request, client: &client, session, is_enough: true, consent })
        };
        assert_eq!(step(&|_, _| {}, None), Step::Ask);
        assert_eq!(step(&|_, _| {}, Some("openid")), Step::Ask, "a further scope");
        assert_eq!(step(&|_, _| {}, Some("openid profile email")), Step::Grant);
        assert_eq!(step(&|it, _| it.prompts.consent = true, Some("openid profile")), Step::Ask);
        assert_eq!(
            step(&|it, _| it.prompts.none = true, None),
            Step::Refuse(AuthorizeError::ConsentRequired)
        );
        assert_eq!(step(&|_, client| client.first_party = true, None), Step::Grant);
        for native in ["http://127.0.0.1:5/cb", "com.example.app:/cb"] {
            let to = |it: &mut AuthorizeRequest, _: &mut OauthClient| it.redirect_uri = native.to_owned();
            assert_eq!(step(&to, Some("openid profile")), Step::Ask, "{native}");
            let to = |it: &mut AuthorizeRequest, client: &mut OauthClient| {
                it.redirect_uri = native.to_owned();
                client.secret_hashes.push([1; 32]);
            };
            assert_eq!(step(&to, Some("openid profile")), Step::Grant, "{native}");
        }
    }

    #[test]
    fn a_session_from_before_the_policy_signs_in_again() {
        let (request, client, session) =
            (request(), OauthClient::new("shop", "Shop"), session_of(&account(), 1));
        let consent = consent("openid profile");
        let (session, consent) = (Some(&session), Some(&consent));
        let step =
            next(&Interaction { request: &request, client: &client, session, is_enough: false, consent });
        assert_eq!(step, ANEW);
    }

    #[test]
    fn prompts_are_independent() {
        assert_eq!(step_of(1, PASSWORD, prompt(|it| it.consent = true)), Step::Ask);
    }
}
