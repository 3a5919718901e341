//! A request of an application to sign somebody out here (`OpenID` Connect RP-Initiated Logout 1.0 §2): what of it can be followed.

use serde::{Deserialize, Serialize};

use super::OauthClient;
use crate::base::id::SessionId;
use crate::model::named::named;

named! {
    /// Why a request to sign out is refused, on a page of ours: nobody is sent to an address that is not the client's.
    pub enum LogoutRefusal {
        /// The client is missing where it is needed, unknown, or another than the one of the hint; or a parameter is there twice.
        Client = "client",
        /// `post_logout_redirect_uri` is not one of the client's.
        RedirectUri = "redirect_uri",
        /// A parameter is too long.
        TooLong = "too_long",
    }
}

/// What an ID token of ours says, however old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdTokenHint {
    /// The client that it was made for.
    pub(crate) client_id: String,
    /// The account.
    pub(crate) subject: String,
    /// The session of the application, if it says one.
    pub(crate) session_id: Option<SessionId>,
}

/// A request that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogoutRequest {
    /// The client, if there is one.
    pub(crate) client_id: Option<String>,
    /// Whom the hint names. Whoever is signed in as somebody else, or without a hint, is asked.
    pub(crate) subject: Option<String>,
    /// The session of the application that the hint names.
    pub(crate) session_id: Option<SessionId>,
    /// Where the browser goes then, which is one of the client's addresses.
    pub(crate) redirect_uri: Option<String>,
    /// What the client wants back there.
    pub(crate) state: Option<String>,
}

/// Reads a request. `hint_of` says what an ID token of ours says. A hint that is none, or of an application that is gone, is as good as
/// no hint: people are asked.
///
/// # Errors
/// Each variant of [`LogoutRefusal`].
pub(crate) fn parse_logout(
    parameters: &[(String, String)],
    clients: &[OauthClient],
    hint_of: impl FnOnce(&str) -> Option<IdTokenHint>,
) -> Result<LogoutRequest, LogoutRefusal> {
    let find = |wanted: &str| -> Result<Option<&str>, LogoutRefusal> {
        let mut all = parameters.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let value = all.next().filter(|value| !value.is_empty());
        // RFC 6749 §3.1: which of the two is meant?
        if all.next().is_some() { Err(LogoutRefusal::Client) } else { Ok(value) }
    };
    if parameters.iter().any(|(_, value)| value.len() > MAX_BYTES) {
        return Err(LogoutRefusal::TooLong);
    }
    let client_of = |id: &str| clients.iter().find(|client| client.id == id);
    let hint = find("id_token_hint")?.and_then(hint_of).filter(|hint| client_of(&hint.client_id).is_some());
    let named = find("client_id")?;
    let is_other = named.zip(hint.as_ref()).is_some_and(|(named, hint)| named != hint.client_id);
    if is_other {
        return Err(LogoutRefusal::Client);
    }
    let id = named.or(hint.as_ref().map(|hint| hint.client_id.as_str()));
    let client = id.map(|id| client_of(id).ok_or(LogoutRefusal::Client)).transpose()?;
    let redirect_uri = find("post_logout_redirect_uri")?;
    if let Some(asked) = redirect_uri {
        let client = client.ok_or(LogoutRefusal::Client)?;
        let is_its = client.post_logout_redirect_uris.iter().any(|registered| registered == asked);
        is_its.then_some(()).ok_or(LogoutRefusal::RedirectUri)?;
    }
    Ok(LogoutRequest {
        client_id: client.map(|client| client.id.clone()),
        subject: hint.as_ref().map(|hint| hint.subject.clone()),
        session_id: hint.and_then(|hint| hint.session_id),
        redirect_uri: redirect_uri.map(str::to_owned),
        state: find("state")?.map(str::to_owned),
    })
}

/// Longer than an ID token of ours is.
const MAX_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "https://app.example/bye";

    fn read(pairs: &[(&str, &str)]) -> Result<LogoutRequest, LogoutRefusal> {
        let client = |id: &str| {
            let mut client = OauthClient::new(id, "x");
            client.post_logout_redirect_uris.push(format!("{BACK}/{id}"));
            client
        };
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let hint_of = |text: &str| {
            let (client_id, subject) = text.split_once(' ')?;
            let (client_id, subject) = (client_id.to_owned(), subject.to_owned());
            Some(IdTokenHint { client_id, subject, session_id: None })
        };
        parse_logout(&pairs, &[client("shop"), client("wiki")], hint_of)
    }

    /// OI-15: nobody is sent to an address that is not the client's, as text.
    #[test]
    fn an_address_to_go_back_to_is_one_of_the_clients() {
        let to = |uri: &str, more: &[(&str, &str)]| {
            read(&[&[("post_logout_redirect_uri", uri)], more].concat()).map(|request| request.redirect_uri)
        };
        let its = format!("{BACK}/shop");
        let by = |name, value| [(name, value)];
        assert_eq!(to(&its, &by("client_id", "shop")), Ok(Some(its.clone())));
        assert_eq!(to(&its, &by("id_token_hint", "shop ada")), Ok(Some(its.clone())));
        assert_eq!(to(&its, &[]), Err(LogoutRefusal::Client), "whose?");
        assert_eq!(to(&its, &by("id_token_hint", "junk")), Err(LogoutRefusal::Client));
        assert_eq!(to(&its, &by("client_id", "wiki")), Err(LogoutRefusal::RedirectUri));
        for near in [
            "https://app.example/bye/shop/",
            "https://app.example/bye/shop?x",
            "HTTPS://app.example/bye/shop",
        ] {
            assert_eq!(to(near, &by("client_id", "shop")), Err(LogoutRefusal::RedirectUri), "{near}");
        }
    }

    #[test]
    fn a_hint_names_the_client_and_whoever_is_to_be_signed_out() {
        let said = |pairs: &[(&str, &str)]| read(pairs).map(|request| (request.client_id, request.subject));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(said(&[]), Ok((None, None)));
        assert_eq!(said(&[("id_token_hint", "shop ada"), ("x", "y")]), Ok((some("shop"), some("ada"))));
        assert_eq!(said(&[("id_token_hint", "gone ada")]), Ok((None, None)));
        assert_eq!(said(&[("client_id", "gone")]), Err(LogoutRefusal::Client));
        assert_eq!(said(&[("client_id", "wiki"), ("id_token_hint", "shop ada")]), Err(LogoutRefusal::Client));
        assert_eq!(said(&[("client_id", "wiki"), ("client_id", "wiki")]), Err(LogoutRefusal::Client));
        assert_eq!(said(&[("state", &"x".repeat(4097))]), Err(LogoutRefusal::TooLong));
    }
}
