//! An application as it is configured.

use std::fmt;

use countersign_jwt::Algorithm;
use subtle::{Choice, ConstantTimeEq as _};

use super::{ClientKeys, OPENID, redirect};
use crate::base::digest::sha256;
use crate::base::id::ApiKeyId;
use crate::base::out_of_range::{Broken, OutOfRange};
use crate::model::api_key::Scopes;

/// An application that people sign in to with their account here (RFC 6749 §2).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct OauthClient {
    /// Its `client_id`: 1 to 64 letters, digits, dots, hyphens, underscores and tildes; not in the form of an API key's ID.
    pub id: String,
    /// What people are shown. Not empty, 64 characters at most.
    pub name: String,
    /// Where responses go, each compared as a text (RFC 9700 §2.1); of programs on the own computer without the port (RFC 8252
    /// §7.3). At least one, unless it only acts for itself.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after it was signed out for the application, each compared as a text (RP-Initiated Logout §3). Default none.
    pub post_logout_redirect_uris: Vec<String>,
    /// SHA-256 of its secrets: none for a public client (RFC 6749 §2.1) and one that has keys, two while one takes the place of the other.
    pub secret_hashes: Vec<[u8; 32]>,
    /// The public keys of what it signs to say who it is (`private_key_jwt`, RFC 7523). Default none.
    pub keys: ClientKeys,
    /// What it may ask for. Default `openid profile email offline_access`.
    pub scopes: Scopes,
    /// The names of the further audiences that it may ask tokens for (RFC 8707). Default none.
    pub resources: Vec<String>,
    /// What it may do by itself at its resources, without anybody who has signed in (RFC 6749 §4.4). Default nothing.
    pub client_credentials_scopes: Scopes,
    /// The names of the further audiences whose service it is: about tokens for them it may ask (RFC 7662). Default none.
    pub own_audiences: Vec<String>,
    /// Whether it has to use PKCE. Default yes; without it a confidential client has to send a `nonce` (RFC 9700 §2.1.1).
    pub require_pkce: bool,
    /// Whether it has to push its requests beforehand (RFC 9126). Default no: it may.
    pub require_par: bool,
    /// Whether it is a part of the same service, so that nobody is asked what it may do. Default no.
    pub first_party: bool,
    /// Whether it gets refresh tokens. Default yes.
    pub refresh_tokens: bool,
    /// What its ID tokens are signed with. Default RS256, which every client understands (`OpenID` Connect Core §15.1).
    pub id_token_algorithm: Algorithm,
}

impl OauthClient {
    /// A public client with the defaults.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            secret_hashes: Vec::new(),
            keys: ClientKeys::default(),
            scopes: Scopes::parse(DEFAULT_SCOPES).unwrap_or_default(),
            resources: Vec::new(),
            client_credentials_scopes: Scopes::default(),
            own_audiences: Vec::new(),
            require_pkce: true,
            require_par: false,
            first_party: false,
            refresh_tokens: true,
            id_token_algorithm: Algorithm::Rs256,
        }
    }

    /// The same with this secret, for a confidential client.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Self {
        self.secret_hashes.push(sha256(secret.as_bytes()));
        self
    }

    /// Whether it cannot keep a secret (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.secret_hashes.is_empty() && self.keys.is_empty()
    }

    /// Whether this is a secret of it, in constant time.
    pub(crate) fn fits(&self, secret: &str) -> bool {
        let hash = sha256(secret.as_bytes());
        let fits = self.secret_hashes.iter().map(|known| known.ct_eq(&hash));
        fits.fold(Choice::from(0), |all, one| all | one).into()
    }

    /// Whether a response may go there.
    pub(crate) fn has_redirect_uri(&self, asked: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect::is_registered(registered, asked))
    }

    /// Whether it is acceptable by itself.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        let is_id = (1..=64).contains(&self.id.len()) && self.id.bytes().all(is_fine);
        broken.unless(is_id, "id", "is not 1 to 64 letters, digits, dots, hyphens, underscores and tildes");
        let is_key = self.id.parse::<ApiKeyId>().is_ok();
        broken.unless(!is_key, "id", "has the form of an API key's ID, for which it would be taken");
        let is_name = !self.name.trim().is_empty()
            && self.name.chars().count() <= 64
            && !self.name.contains(char::is_control);
        broken.unless(is_name, "name", "is empty, longer than 64 characters, or has control characters");
        let acts_for_itself = !self.client_credentials_scopes.is_empty();
        broken.unless(
            acts_for_itself || !self.redirect_uris.is_empty(),
            "redirect_uris",
            "is empty: no response could go anywhere",
        );
        self.check_own_scopes(&mut broken);
        for uri in &self.redirect_uris {
            let why = redirect::check(uri).err().unwrap_or_default();
            broken.unless(why.is_empty(), "redirect_uris", format!("has {uri:?}, which {why}"));
        }
        for uri in &self.post_logout_redirect_uris {
            let why = redirect::check(uri).err().unwrap_or_default();
            let rule = format!("has {uri:?}, which {why}");
            broken.unless(why.is_empty(), "post_logout_redirect_uris", rule);
        }
        broken.unless(self.secret_hashes.len() <= 2, "secrets", "are more than two");
        broken.unless(!self.scopes.is_empty(), "scopes", "is empty: nothing could be asked for");
        let rule = "is set, and the client is public: anybody could ask in its name (RFC 7662 section 2.1)";
        broken.unless(self.own_audiences.is_empty() || !self.is_public(), "own_audiences", rule);
        let rule =
            "is off, and the client is public: anybody who sees a code could use it (RFC 9700 section 2.1.1)";
        broken.unless(self.require_pkce || !self.is_public(), "require_pkce", rule);
        let rule = "is an HMAC, of which there is no key pair: the client could make ID tokens itself";
        broken.unless(!self.id_token_algorithm.is_symmetric(), "id_token_algorithm", rule);
        broken
    }
}

impl OauthClient {
    fn check_own_scopes(&self, broken: &mut Broken) {
        let (field, scopes) = ("client_credentials_scopes", &self.client_credentials_scopes);
        let rule = "is set, and the client is public: anybody could act in its name (RFC 6749 section 4.4)";
        broken.unless(scopes.is_empty() || !self.is_public(), field, rule);
        let rule = "is set, and there are no resources: its tokens would be for nothing";
        broken.unless(scopes.is_empty() || !self.resources.is_empty(), field, rule);
        let rule = "has openid or offline_access, and nobody signs in";
        broken.unless(!scopes.has(OPENID) && !scopes.has("offline_access"), field, rule);
    }
}

impl fmt::Debug for OauthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthClient").field("id", &self.id).finish_non_exhaustive()
    }
}

const DEFAULT_SCOPES: &str = "openid profile email offline_access";

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> OauthClient {
        let mut client = OauthClient::new("shop", "Shop");
        client.redirect_uris.push("https://app.example/cb".to_owned());
        client
    }

    fn field(change: impl FnOnce(&mut OauthClient)) -> Result<(), String> {
        let mut client = client();
        change(&mut client);
        client.check().map_err(|error| error.field)
    }

    #[test]
    fn a_client_is_checked_at_the_start() {
        assert_eq!(field(|_| {}), Ok(()));
        let bad = |name: &str| Err(name.to_owned());
        for id in ["", "a b", "a:b", "\u{fc}", &"x".repeat(65), "00000000-0000-4000-8000-000000000000"] {
            assert_eq!(field(|client| client.id = id.to_owned()), bad("id"), "{id}");
        }
        assert_eq!(field(|client| client.name = " ".to_owned()), bad("name"));
        assert_eq!(field(|client| client.name = "x\u{7}".to_owned()), bad("name"));
        assert_eq!(field(|client| client.redirect_uris.clear()), bad("redirect_uris"));
        assert_eq!(field(|client| client.redirect_uris.push("/cb".to_owned())), bad("redirect_uris"));
        let bad_uri = |client: &mut OauthClient| client.post_logout_redirect_uris.push("/bye".to_owned());
        assert_eq!(field(bad_uri), bad("post_logout_redirect_uris"));
        assert_eq!(field(|client| client.secret_hashes = vec![[1; 32]; 3]), bad("secrets"));
        assert_eq!(field(|client| client.scopes = Scopes::default()), bad("scopes"));
        let own = |scopes: &str, resources: &[&str], secret: &str| {
            field(|client| {
                *client = if secret.is_empty() { client.clone() } else { client.clone().with_secret(secret) };
                client.redirect_uris.clear();
                client.client_credentials_scopes = Scopes::parse(scopes).unwrap();
                client.resources = resources.iter().map(|&name| name.to_owned()).collect();
            })
        };
        assert_eq!(own("files:read", &["files"], "secret"), Ok(()));
        assert_eq!(own("files:read", &["files"], ""), bad("client_credentials_scopes"));
        assert_eq!(own("files:read", &[], "secret"), bad("client_credentials_scopes"));
        for scopes in ["openid", "files:read offline_access"] {
            assert_eq!(own(scopes, &["files"], "secret"), bad("client_credentials_scopes"), "{scopes}");
        }
        assert_eq!(field(|client| client.own_audiences.push("x".to_owned())), bad("own_audiences"));
        assert_eq!(field(|client| client.require_pkce = false), bad("require_pkce"));
        assert_eq!(field(|client| client.id_token_algorithm = Algorithm::Hs256), bad("id_token_algorithm"));
    }

    /// LG-1: and nothing prints a secret, or its hash.
    #[test]
    fn either_of_two_secrets_fits_and_no_other() {
        let client = client().with_secret("one").with_secret("two");
        assert!(!client.is_public() && client.fits("one") && client.fits("two"));
        assert!(!client.fits("") && !client.fits("three") && !self::client().fits(""));
        assert_eq!(format!("{client:?}"), "OauthClient { id: \"shop\", .. }");
    }
}
