//! [`OauthOptions`]: which applications people can sign in to with their account here.

use crate::base::out_of_range::Broken;
use crate::model::audience::Audiences;
pub use crate::model::oauth::{ClientKeys, OauthClient};

/// The server as a provider for other applications (OAuth 2.1, `OpenID` Connect). Its routes need the feature `oidc`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OauthOptions {
    /// The applications, each with an ID of its own. Default none.
    pub clients: Vec<OauthClient>,
    /// What the pages say that people see in between. Default none: those of mails, or the templates of the program, in English.
    #[cfg(feature = "mail")]
    pub templates: Option<std::sync::Arc<crate::render::Templates>>,
}

impl OauthOptions {
    /// The client with this ID.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&OauthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// `client_id`: what the tokens of sign-ins to this server itself name as their client.
    pub(super) fn broken(&self, client_id: &str, audiences: &Audiences) -> Broken {
        let mut broken = Broken::default();
        for (index, client) in self.clients.iter().enumerate() {
            let place = format!("clients.{index}");
            broken.within(&place, client.broken());
            let id = format!("{place}.id");
            let is_first = self.clients[..index].iter().all(|earlier| earlier.id != client.id);
            broken.unless(is_first, &id, "is the ID of another client");
            let is_apart = client.id != client_id;
            broken.unless(is_apart, &id, "is the `client_id` of sign-ins to this server itself");
            // An ID token is for its client: none of them may pass as an access token (TK-5).
            let is_apart = audiences.iter().all(|audience| audience.name != client.id);
            broken.unless(
                is_apart,
                &id,
                "is the name of an audience, whose services would take its ID tokens",
            );
            check_audiences(client, audiences, &place, &mut broken);
        }
        broken
    }
}

fn check_audiences(client: &OauthClient, audiences: &Audiences, place: &str, broken: &mut Broken) {
    let find = |name: &str| audiences.find(Some(name)).filter(|_| !is_default(audiences, name));
    for name in &client.own_audiences {
        let why = format!("has {name:?}, which is not the name of a further audience");
        broken.unless(find(name).is_some(), &format!("{place}.own_audiences"), why);
    }
    let field = format!("{place}.resources");
    for name in &client.resources {
        let found = find(name);
        let why = format!(
            "has {name:?}, which is not the name of a further audience (the default audience is for this server itself: with a \
             token for it an application could manage accounts)"
        );
        broken.unless(found.is_some(), &field, why);
        let is_word = !name.contains(|c: char| !c.is_ascii_graphic()) && !name.contains('#');
        broken.unless(is_word, &field, "has a space or a fragment (RFC 8707 section 2)");
        // Their sessions have no key, and such an audience serves nobody without one.
        let is_for_all = !found.is_some_and(|audience| audience.dpop_bound);
        let why =
            format!("has {name:?}, which binds its tokens to a key (dpop_bound): applications have none");
        broken.unless(is_for_all, &field, why);
    }
}

fn is_default(audiences: &Audiences, name: &str) -> bool {
    audiences.default.name == name
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_jwt::Algorithm;

    use crate::options::{Audience, Options, Signing};

    fn field(change: impl FnOnce(&mut Options)) -> Result<(), String> {
        let mut options = Options::new("https://auth.example", "api");
        options.audiences.others.push(Audience::new("https://files.example"));
        let mut client = OauthClient::new("shop", "Shop");
        client.redirect_uris.push("https://app.example/cb".to_owned());
        options.oauth.clients.push(client);
        change(&mut options);
        options.check().map_err(|error| error.field)
    }

    #[test]
    fn clients_fit_together_and_to_the_audiences() {
        assert_eq!(field(|_| {}), Ok(()));
        let bad = |field: &str| Err(field.to_owned());
        assert_eq!(field(|it| it.oauth.clients.push(it.oauth.clients[0].clone())), bad("oauth.clients.1.id"));
        assert_eq!(field(|it| it.oauth.clients[0].name.clear()), bad("oauth.clients.0.name"));
        for id in ["countersign", "api"] {
            assert_eq!(field(|it| it.oauth.clients[0].id = id.to_owned()), bad("oauth.clients.0.id"), "{id}");
        }
        let resource = |name: &str| field(|it| it.oauth.clients[0].resources.push(name.to_owned()));
        assert_eq!(resource("https://files.example"), Ok(()));
        for name in ["api", "https://other.example", ""] {
            let own = |client: &mut OauthClient| {
                *client = client.clone().with_secret("x");
                client.own_audiences.push(name.to_owned());
            };
            assert_eq!(field(|it| own(&mut it.oauth.clients[0])), bad("oauth.clients.0.own_audiences"));
            assert_eq!(resource(name), bad("oauth.clients.0.resources"), "{name}");
        }
        let binds = |it: &mut Options| {
            it.audiences.others[0].dpop_bound = true;
            it.oauth.clients[0].resources.push("https://files.example".to_owned());
        };
        assert_eq!(field(binds), bad("oauth.clients.0.resources"));
    }

    /// ID tokens need key pairs, and all keys have to fit into one set.
    #[test]
    fn id_tokens_are_signed_with_key_pairs() {
        use Algorithm::{EdDsa, Es256, Es384, Rs256};
        let secret = countersign_jwt::SigningKey::hmac(Algorithm::Hs256, &[7; 32]);
        let shared = |options: &mut Options| {
            options.audiences.others.clear();
            options.signing = Signing::SharedSecret(secret.unwrap());
        };
        assert_eq!(field(shared), Err("oauth.clients".to_owned()));
        let mut options = Options::new("https://auth.example", "api");
        let with = |algorithm: Algorithm| {
            let mut client = OauthClient::new(algorithm.name(), "x");
            client.redirect_uris.push("https://app.example/cb".to_owned());
            client.id_token_algorithm = algorithm;
            client
        };
        options.oauth.clients = [Rs256, Es256, EdDsa].map(with).into();
        assert_eq!((options.check(), options.algorithms()), (Ok(()), vec![Es256, Rs256, EdDsa]));
        options.oauth.clients.push(with(Es384));
        assert_eq!(options.check().map_err(|error| error.field), Err("oauth.clients".to_owned()));
    }
}
