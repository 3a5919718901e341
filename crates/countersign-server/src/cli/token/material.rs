//! Which key: the arguments that say it, and where its text comes from.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::fetch::{as_url, fetch};
use super::input::read_file;
use super::key_text::{Public, parse_private, parse_public, parse_set};
use crate::cli::global::Global;
use crate::cli::usage::usage;
use crate::config::parse_duration;

/// Which key to check with.
#[derive(Debug, clap::Args)]
pub(super) struct PublicKeyArguments {
    /// A file with a key: PEM, JWK or JWK Set, `-` is standard input; or the https address of a JWK Set
    #[arg(long, value_name = "FILE|URL", conflicts_with = "secret")]
    key: Option<PathBuf>,
    #[command(flatten)]
    rest: SecretArguments,
    /// How long an address may take to answer in full
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    timeout: Duration,
}

/// Which key to sign with.
#[derive(Debug, clap::Args)]
pub(super) struct PrivateKeyArguments {
    /// A file with a private key: PEM or JWK; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    key: Option<PathBuf>,
    #[command(flatten)]
    rest: SecretArguments,
}

#[derive(Debug, clap::Args)]
struct SecretArguments {
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

impl PublicKeyArguments {
    pub(super) fn is_given(&self) -> bool {
        self.key.is_some() || self.rest.secret
    }

    /// The key to check with. `claimed` is the algorithm that the token names.
    pub(super) fn load(&self, global: &Global, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
        // "The answer is no" is about a token: a key that cannot be had is another end.
        self.try_load(global, claimed).map_err(|error| usage(format!("{error:#}")))
    }

    fn try_load(&self, global: &Global, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
        let given = self.rest.alg;
        if self.rest.secret {
            let claimed = claimed.filter(|claimed| claimed.is_symmetric());
            let algorithm = for_secret(given.or(claimed))?;
            return Ok(Public::One(VerifyingKey::hmac(algorithm, shared_secret(global)?.as_bytes())?));
        }
        let source = self.key.as_deref().ok_or_else(|| {
            usage("with which key? --key FILE (PEM, JWK or JWK Set; - is standard input), --key URL or --secret")
        })?;
        let claimed = claimed.or(Some(Algorithm::Rs256));
        let key = match as_url(source) {
            Some(url) => fetch(url, self.timeout).and_then(|text| parse_set(&text, given, claimed)),
            None => parse_public(&read_file(source)?, given, claimed),
        };
        key.with_context(|| source.display().to_string())
    }
}

impl PrivateKeyArguments {
    /// The key to sign with.
    pub(super) fn load(&self, global: &Global) -> anyhow::Result<SigningKey> {
        if self.rest.secret {
            let algorithm = for_secret(self.rest.alg)?;
            return Ok(SigningKey::hmac(algorithm, shared_secret(global)?.as_bytes())?);
        }
        let path = self.key.as_deref().ok_or_else(|| {
            usage("with which key? --key FILE (PEM or JWK; - is standard input) or --secret")
        })?;
        if as_url(path).is_some() {
            return Err(usage("what an address shows is public: sign with a key in a file"));
        }
        parse_private(&read_file(path)?, self.rest.alg).with_context(|| path.display().to_string())
    }
}

fn for_secret(algorithm: Option<Algorithm>) -> anyhow::Result<Algorithm> {
    let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
    if algorithm.is_symmetric() {
        Ok(algorithm)
    } else {
        Err(usage("--secret is for HS256, HS384 and HS512"))
    }
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
