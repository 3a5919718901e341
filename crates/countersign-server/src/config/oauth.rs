//! `[[oauth.clients]]`: the applications that people sign in to with their account here. They are in the file only, as
//! `[[audiences]]` are.

use std::path::{Path, PathBuf};

use countersign::Scopes;
use countersign::options::{ClientKeys, OauthClient};
use countersign_jwt::Algorithm;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::limits::ALGORITHMS;
use super::place::{Place, Problem};
use super::setting::{nearest, one_of};

/// The section of the file that they are in.
pub(super) const SECTION: &str = "oauth";
/// The key of the file that they are under.
pub(super) const KEY: &str = "oauth.clients";

/// An application, and the file with its secret, which is read later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfiguredClient {
    pub(crate) client: OauthClient,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) jwks_file: Option<PathBuf>,
}

impl ConfiguredClient {
    /// As it is before its secret is read: confidential, and no secret fits.
    pub(super) fn without_secret(&self) -> OauthClient {
        let mut client = self.client.clone();
        let unread = self.secret_file.as_ref().or(self.jwks_file.as_ref());
        client.secret_hashes.extend(unread.map(|_| [0; 32]));
        client
    }
}

/// Reads the section; adds what is wrong to `problems`.
pub(super) fn read(
    value: &Spanned<DeValue<'_>>,
    place: &dyn Fn(usize) -> Place,
    problems: &mut Vec<Problem>,
) -> Vec<ConfiguredClient> {
    let here = |value: &Spanned<DeValue<'_>>| place(value.span().start);
    let Some(section) = value.get_ref().as_table() else {
        problems.push(Problem::at(
            &here(value),
            "oauth: expects tables, each under a line [[oauth.clients]]".to_owned(),
        ));
        return Vec::new();
    };
    let mut read = Vec::new();
    for (name, value) in section {
        if name.get_ref() != "clients" {
            let hint = nearest(name.get_ref(), ["clients".to_owned()].into_iter());
            let why = format!("there is no key \"oauth.{}\"{hint}", name.get_ref());
            problems.push(Problem::at(&place(name.span().start), why));
            continue;
        }
        let Some(tables) = value.get_ref().as_array() else {
            let why = "oauth.clients: expects tables, each under a line [[oauth.clients]]".to_owned();
            problems.push(Problem::at(&here(value), why));
            continue;
        };
        for element in tables {
            let table = element.get_ref().as_table().ok_or("expects a table");
            match table.map_err(str::to_owned).and_then(|table| client(table)) {
                Ok(client) => read.push(client),
                Err(why) => problems.push(Problem::at(&here(element), format!("oauth.clients: {why}"))),
            }
        }
    }
    read
}

fn client(table: &DeTable<'_>) -> Result<ConfiguredClient, String> {
    let find =
        |key: &str| table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value.get_ref());
    let text = |key: &str| find(key).map(|value| text(key, value)).transpose();
    let flag = |key: &str| find(key).map(|value| flag(key, value)).transpose();
    let list = |key: &str| find(key).map(|value| list(key, value)).transpose();
    if let Some((name, _)) = table.iter().find(|(name, _)| !KEYS.contains(&&**name.get_ref())) {
        let hint = nearest(name.get_ref(), KEYS.iter().map(|key| (*key).to_owned()));
        return Err(format!("there is no key {:?}{hint}", name.get_ref()));
    }
    let id = text("id")?.ok_or("id is missing")?;
    let mut client = OauthClient::new(id, text("name")?.unwrap_or(id));
    let own = list("client_credentials_scopes")?.unwrap_or_default();
    let read = |scopes: &[String]| Scopes::parse(&scopes.join(" "));
    client.client_credentials_scopes =
        read(&own).map_err(|error| format!("client_credentials_scopes: {error}"))?;
    client.redirect_uris = match list("redirect_uris")? {
        None if own.is_empty() => return Err("redirect_uris is missing".to_owned()),
        found => found.unwrap_or_default(),
    };
    client.post_logout_redirect_uris = list("post_logout_redirect_uris")?.unwrap_or_default();
    if let Some(scopes) = list("scopes")? {
        client.scopes = read(&scopes).map_err(|error| format!("scopes: {error}"))?;
    }
    client.resources = list("resources")?.unwrap_or_default();
    client.own_audiences = list("own_audiences")?.unwrap_or_default();
    client.require_pkce = flag("require_pkce")?.unwrap_or(client.require_pkce);
    client.require_par = flag("require_par")?.unwrap_or(client.require_par);
    client.first_party = flag("first_party")?.unwrap_or(client.first_party);
    client.refresh_tokens = flag("refresh_tokens")?.unwrap_or(client.refresh_tokens);
    if let Some(name) = text("id_token_algorithm")? {
        one_of(name, ALGORITHMS).map_err(|why| format!("id_token_algorithm: {why}"))?;
        client.id_token_algorithm = Algorithm::from_name(name).unwrap_or(client.id_token_algorithm);
    }
    let hashes = list("secret_hashes")?.unwrap_or_default();
    client.secret_hashes = hashes.iter().map(|text| hash(text)).collect::<Result<_, _>>()?;
    let secret_file = text("secret_file")?.map(PathBuf::from);
    let jwks_file = text("jwks_file")?.map(PathBuf::from);
    let has_secret = !client.secret_hashes.is_empty() || secret_file.is_some() || jwks_file.is_some();
    match text("type")?.unwrap_or("confidential") {
        "confidential" if has_secret => {}
        "confidential" => {
            return Err(
                "has no secret: set secret_hashes, secret_file or jwks_file, or say type = \"public\""
                    .to_owned(),
            );
        }
        "public" if !has_secret => {}
        "public" => return Err("type is public, and there is a secret; which is meant?".to_owned()),
        other => {
            let why = one_of(other, &["confidential", "public"]).err().unwrap_or_default();
            return Err(format!("type: {why}"));
        }
    }
    Ok(ConfiguredClient { client, secret_file, jwks_file })
}

fn text<'a>(key: &str, value: &'a DeValue<'_>) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{key}: expects a string in quotes"))
}

fn flag(key: &str, value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{key}: expects true or false"))
}

fn list(key: &str, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let texts = value.as_array().map(|values| {
        values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.flatten().ok_or_else(|| format!("{key}: expects a list of strings, like [\"...\"]"))
}

/// `sha256:` and 64 hex digits, as `sha256sum` writes them.
fn hash(text: &str) -> Result<[u8; 32], String> {
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64 && digits.is_ascii());
    let byte = |at: usize| u8::from_str_radix(digits?.get(2 * at..2 * at + 2)?, 16).ok();
    let mut hash = [0; 32];
    for (at, place) in hash.iter_mut().enumerate() {
        // Not the text itself: it may be the secret.
        *place = byte(at)
            .ok_or("secret_hashes: expects \"sha256:\" and 64 hex digits; see docs/guides/oidc.md")?;
    }
    Ok(hash)
}

/// The secret in a file, which is long enough not to be guessed.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn read_secret(path: &Path) -> Result<zeroize::Zeroizing<String>, String> {
    let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let secret = zeroize::Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if secret.len() < LEAST_SECRET {
        return Err(format!(
            "{} has fewer than {LEAST_SECRET} characters; make a good secret with: countersign secret",
            path.display()
        ));
    }
    Ok(secret)
}

/// The public keys in a file.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn read_keys(path: &Path) -> Result<ClientKeys, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    ClientKeys::parse(&text)
        .map_err(|why| format!("{} is not a JWK Set of public keys: {why}", path.display()))
}

/// 192 bits of base64: it is stored without a slow hash, and nobody counts wrong ones.
const LEAST_SECRET: usize = 32;

const KEYS: &[&str] = &[
    "id",
    "name",
    "type",
    "redirect_uris",
    "post_logout_redirect_uris",
    "secret_hashes",
    "secret_file",
    "jwks_file",
    "scopes",
    "resources",
    "client_credentials_scopes",
    "own_audiences",
    "require_pkce",
    "require_par",
    "first_party",
    "refresh_tokens",
    "id_token_algorithm",
];

/// What the file that `init` writes says of them.
pub(super) const EXAMPLE: &str = r#"
# Applications that people sign in to with their account here (OAuth 2.1, OpenID Connect), each in a table.
# See docs/guides/oidc.md.
# [[oauth.clients]]
# id = "wiki"
# name = "The Wiki"
# redirect_uris = ["https://wiki.example.com/callback"]
# secret_file = "/run/secrets/wiki-oauth-secret"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sources::Settings;

    fn read(text: &str) -> (Vec<ConfiguredClient>, Vec<String>) {
        let settings = Settings::default().with_text(Path::new("c.toml"), text);
        let problems = settings.problems().iter().map(|problem| problem.0.clone()).collect();
        (settings.oauth_clients().to_vec(), problems)
    }

    #[test]
    fn a_table_is_a_client() {
        let (clients, problems) = read(
            r#"
            audience = "api"
            [[oauth.clients]]
            id = "wiki"
            name = "The Wiki"
            redirect_uris = ["https://wiki.example/cb"]
            secret_hashes = ["sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
            scopes = ["openid", "email"]
            resources = ["https://files.example"]
            require_pkce = false
            require_par = true
            first_party = true
            refresh_tokens = false
            id_token_algorithm = "ES256"
            [[oauth.clients]]
            id = "spa"
            type = "public"
            redirect_uris = ["http://127.0.0.1/cb"]
            "#,
        );
        assert_eq!(problems, [""; 0]);
        let [wiki, spa] = &clients[..] else { panic!("{clients:?}") };
        let wiki = &wiki.client;
        assert_eq!((wiki.name.as_str(), wiki.secret_hashes[0][..2].to_vec()), ("The Wiki", vec![0xba, 0x78]));
        assert_eq!(
            (wiki.scopes.to_string().as_str(), wiki.id_token_algorithm),
            ("email openid", Algorithm::Es256)
        );
        assert!(!wiki.require_pkce && wiki.require_par && wiki.first_party && !wiki.refresh_tokens);
        assert!(spa.client.is_public() && spa.client.require_pkce && spa.client.name == "spa");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let wiki = "[[oauth.clients]]\nid = \"wiki\"\nredirect_uris = [\"https://wiki.example/cb\"]\n";
        for (text, why) in [
            ("oauth = 1".to_owned(), "c.toml:1: oauth: expects tables"),
            ("[oauth]\nclient = 1".to_owned(), "c.toml:2: there is no key \"oauth.client\"; did you mean"),
            ("[oauth]\nclients = 1".to_owned(), "c.toml:2: oauth.clients: expects tables"),
            ("\n[[oauth.clients]]".to_owned(), "c.toml:2: oauth.clients: id is missing"),
            ("[[oauth.clients]]\nid = \"x\"".to_owned(), "c.toml:1: oauth.clients: redirect_uris is missing"),
            (wiki.to_owned(), "c.toml:1: oauth.clients: has no secret"),
            (format!("{wiki}type = \"open\""), "c.toml:1: oauth.clients: type: \"open\" is not one of"),
            (format!("{wiki}secret = \"x\""), "c.toml:1: oauth.clients: there is no key \"secret\""),
            (format!("{wiki}secret_hashes = [\"x\"]"), "c.toml:1: oauth.clients: secret_hashes: expects"),
            (
                format!("{wiki}type = \"public\"\nsecret_file = \"x\""),
                "c.toml:1: oauth.clients: type is public, and there is a secret",
            ),
            (
                format!("{wiki}require_pkce = 1"),
                "c.toml:1: oauth.clients: require_pkce: expects true or false",
            ),
            (format!("{wiki}scopes = \"openid\""), "c.toml:1: oauth.clients: scopes: expects a list"),
        ] {
            let (_, problems) = read(&text);
            assert!(problems.len() == 1 && problems[0].starts_with(why), "{text}: {problems:?}");
        }
    }
}
