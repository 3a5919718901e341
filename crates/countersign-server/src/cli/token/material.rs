//! Keys as people have them: PEM, JWK, a JWK Set, a shared secret. Recognised by what is inside, never by a file's name.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_jwt::{Algorithm, JwkSet, KeyError, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::read_stdin;
use crate::cli::{Global, usage};

/// Which key to use.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArguments {
    /// A file with a key: PEM, JWK or JWK Set; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    key: Option<PathBuf>,
    /// A shared secret: `JWT_SECRET` from the environment or `.env`, else it is asked for
    #[arg(long)]
    secret: bool,
    /// The key's algorithm, where the key itself does not say it
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
    alg: Option<Algorithm>,
}

pub(in crate::cli) fn algorithm(name: &str) -> Result<Algorithm, String> {
    let names = || Algorithm::ALL.map(Algorithm::name).join(", ");
    Algorithm::from_name(name).ok_or_else(|| format!("there are: {}", names()))
}

/// What a token is checked with.
pub(in crate::cli) enum Public {
    One(VerifyingKey),
    Set(JwkSet),
}

impl KeyArguments {
    /// The key to check with. `claimed` is the algorithm that the token names, for keys that fit several.
    pub(super) fn public(&self, global: &Global, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
        if self.secret {
            let algorithm =
                self.alg.or(claimed.filter(|claimed| claimed.is_symmetric())).unwrap_or(Algorithm::Hs256);
            return Ok(Public::One(VerifyingKey::hmac(algorithm, shared_secret(global)?.as_bytes())?));
        }
        let path = self.key.as_deref().ok_or_else(no_key)?;
        let text = read_file(path)?;
        parse_public(&text, self.alg.or(claimed)).with_context(|| format!("the key in {}", path.display()))
    }

    /// The key to sign with.
    pub(super) fn private(&self, global: &Global) -> anyhow::Result<SigningKey> {
        if self.secret {
            let algorithm = self.alg.unwrap_or(Algorithm::Hs256);
            return Ok(SigningKey::hmac(algorithm, shared_secret(global)?.as_bytes())?);
        }
        let path = self.key.as_deref().ok_or_else(no_key)?;
        parse_private(&read_file(path)?, self.alg).with_context(|| format!("the key in {}", path.display()))
    }
}

fn no_key() -> anyhow::Error {
    usage("with which key? --key FILE (PEM, JWK or JWK Set; - is standard input) or --secret")
}

/// The text of a file, or of standard input for `-`.
pub(in crate::cli) fn read_file(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    if path == Path::new("-") {
        return read_stdin();
    }
    let read = std::fs::read_to_string(path).map(Zeroizing::new);
    read.with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a public key, the public half of a private one, a secret in a JWK, or a JWK Set.
pub(in crate::cli) fn parse_public(text: &str, algorithm: Option<Algorithm>) -> anyhow::Result<Public> {
    if !is_json(text) {
        let algorithm = algorithm.ok_or_else(ambiguous)?;
        return match VerifyingKey::from_pem(text, algorithm) {
            Err(KeyError::PemLabel) => {
                Ok(Public::One(SigningKey::from_pem(text, algorithm)?.verifying_key()))
            }
            key => Ok(Public::One(key?)),
        };
    }
    if serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.get("keys").is_some()) {
        return Ok(Public::Set(JwkSet::parse_foreign(text, &Algorithm::ALL)?.0));
    }
    match VerifyingKey::from_jwk(text) {
        Err(KeyError::PrivateKey) => Ok(Public::One(SigningKey::from_jwk(text)?.verifying_key())),
        key => Ok(Public::One(key?)),
    }
}

/// Reads a private key or a secret: PEM, or a JWK.
pub(in crate::cli) fn parse_private(text: &str, algorithm: Option<Algorithm>) -> anyhow::Result<SigningKey> {
    if is_json(text) {
        return Ok(SigningKey::from_jwk(text)?);
    }
    if let Some(algorithm) = algorithm {
        return Ok(SigningKey::from_pem(text, algorithm)?);
    }
    // A curve leaves no choice of algorithm; RSA does.
    let curves = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
    curves.into_iter().find_map(|algorithm| SigningKey::from_pem(text, algorithm).ok()).ok_or_else(ambiguous)
}

fn ambiguous() -> anyhow::Error {
    usage("the key does not say which algorithm it is for; say it with --alg, such as --alg RS256")
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The secret from where `serve` takes it, else from a prompt.
fn shared_secret(global: &Global) -> anyhow::Result<Zeroizing<String>> {
    if let Some(secret) = global.load()?.jwt_secret {
        return Ok(secret.0);
    }
    rpassword::prompt_password("Secret: ")
        .map(Zeroizing::new)
        .context("the secret cannot be asked for here; set JWT_SECRET")
}
