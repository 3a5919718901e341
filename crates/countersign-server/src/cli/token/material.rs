//! The arguments that select a key, and the reading of that key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use countersign_jwt::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use super::fetch::{as_url, fetch};
use super::input::read_file;
use super::key_text::{Public, parse_private, parse_public, parse_set};
use crate::cli::global::Global;
use crate::cli::usage::usage;
use crate::config::parse_duration;

/// The key that verifies.
#[derive(Debug, clap::Args)]
pub(super) struct PublicKeyArguments {
    /// A file with a key (PEM, JWK or JWK Set), `-` for standard input, or the https address of a JWK Set
    #[arg(long, value_name = "FILE|URL", conflicts_with = "secret")]
    key: Option<PathBuf>,
    #[command(flatten)]
    rest: SecretArguments,
    /// The longest time to wait for the complete response of an address
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    timeout: Duration,
}

/// The key that signs.
#[derive(Debug, clap::Args)]
pub(super) struct PrivateKeyArguments {
    /// A file with a private key (PEM or JWK), or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    key: Option<PathBuf>,
    #[command(flatten)]
    rest: SecretArguments,
}

#[derive(Debug, clap::Args)]
struct SecretArguments {
    /// Uses a shared secret: `JWT_SECRET` from the environment or `.env`, or else typed in
    #[arg(long)]
    secret: bool,
    /// The key's algorithm, if the key itself does not say
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
    alg: Option<Algorithm>,
}

pub(in crate::cli) fn algorithm(name: &str) -> Result<Algorithm, String> {
    let names = || Algorithm::ALL.map(Algorithm::name).join(", ");
    Algorithm::from_name(name).ok_or_else(|| format!("the algorithms are: {}", names()))
}

impl PublicKeyArguments {
    pub(super) fn is_given(&self) -> bool {
        self.key.is_some() || self.rest.secret
    }

    /// Reads the key that verifies. `claimed` is the algorithm that the token names.
    pub(super) fn load(&self, global: &Global, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
        // Exit code 1 means that the token is not valid. A missing key needs another code.
        self.try_load(global, claimed).map_err(|error| usage(format!("{error:#}")))
    }

    fn try_load(&self, global: &Global, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
        let given = self.rest.alg;
        if self.rest.secret {
            let claimed = claimed.filter(|claimed| claimed.is_symmetric());
            let algorithm = for_secret(given.or(claimed))?;
            return Public::of_secret(secret_of_token(global)?.as_bytes(), algorithm);
        }
        let source = self.key.as_deref().ok_or_else(|| {
            usage("a key is needed: --key FILE (PEM, JWK or JWK Set; - for standard input), --key URL or --secret")
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
    /// Reads the key that signs.
    pub(super) fn load(&self, global: &Global) -> anyhow::Result<SigningKey> {
        if self.rest.secret {
            let algorithm = for_secret(self.rest.alg)?;
            return Ok(SigningKey::hmac(algorithm, shared_secret(global)?.as_bytes())?);
        }
        let path = self.key.as_deref().ok_or_else(|| {
            usage("a key is needed: --key FILE (PEM or JWK; - for standard input) or --secret")
        })?;
        if as_url(path).is_some() {
            return Err(usage("keys at an address are public: sign with a key in a file"));
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

/// As [`shared_secret`], but `serve` need not accept it: the token may be of another server.
fn secret_of_token(global: &Global) -> anyhow::Result<Zeroizing<String>> {
    Global::secret_in_environment().map_or_else(|| shared_secret(global), Ok)
}

/// The secret that `serve` would use, or else one from a prompt.
fn shared_secret(global: &Global) -> anyhow::Result<Zeroizing<String>> {
    if let Some(secret) = global.load()?.jwt_secret {
        return Ok(secret.0);
    }
    rpassword::prompt_password("Secret: ")
        .map(Zeroizing::new)
        .context("cannot ask for the secret here; set JWT_SECRET")
}
