//! Keys as people have them: PEM, JWK, a JWK Set, a shared secret. Recognised by what is inside, never by a file's name.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use countersign_jwt::{Algorithm, JwkSet, KeyError, SigningKey, SkipReason, SkippedKey, VerifyingKey};
use serde_json::Value;
use zeroize::Zeroizing;

use super::fetch::{as_url, fetch};
use super::{read_stdin, read_text};
use crate::cli::{Global, usage};
use crate::config::parse_duration;
use crate::output::inactive;

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

/// What a token is checked with.
pub(in crate::cli) enum Public {
    One(VerifyingKey),
    Set(JwkSet, Vec<SkippedKey>),
}

impl Public {
    pub(in crate::cli) fn keys(&self) -> &[VerifyingKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Set(set, _) => set.keys(),
        }
    }

    /// What a set holds that cannot be used, and why.
    pub(in crate::cli) fn skipped(&self) -> Vec<String> {
        let Self::Set(_, skipped) = self else { return Vec::new() };
        skipped.iter().map(describe_skipped).collect()
    }
}

fn describe_skipped(key: &SkippedKey) -> String {
    format!("key {} ({}): {}", key.index + 1, key.key_id.as_deref().unwrap_or("without kid"), key.reason)
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
        // For any other kind of algorithm the answer is that the key does not fit.
        let for_rsa = claimed.filter(|claimed| matches!(claimed.name().get(..2), Some("RS" | "PS")));
        let for_rsa = Some(for_rsa.unwrap_or(Algorithm::Rs256));
        let key = match as_url(source) {
            Some(url) => fetch(url, self.timeout).and_then(|text| parse_set(&text, given.or(for_rsa))),
            None => parse_public(&read_file(source)?, given, for_rsa),
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

/// The text of a file, or of standard input for `-`.
pub(in crate::cli) fn read_file(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    if path == Path::new("-") {
        return read_stdin();
    }
    let text = File::open(path).and_then(read_text);
    text.with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a public key, the public half of a private one, a secret in a JWK, or a JWK Set. `given` is what the key must be
/// for; `for_rsa` what an RSA key is for that does not say it.
pub(in crate::cli) fn parse_public(
    text: &str,
    given: Option<Algorithm>,
    for_rsa: Option<Algorithm>,
) -> anyhow::Result<Public> {
    if !is_json(text) {
        return from_pem(text, given, for_rsa, public_from_pem).map(Public::One);
    }
    let algorithm = given.or(for_rsa);
    if is_set(text) {
        return parse_set(text, algorithm);
    }
    let text = with_algorithm(text, algorithm);
    let key = match VerifyingKey::from_jwk(&text) {
        Err(KeyError::PrivateKey) => SigningKey::from_jwk(&text).map(|key| key.verifying_key()),
        key => key,
    };
    let key = key.map_err(name_ambiguous)?;
    // A JWK that says another one has been read for that.
    ensure!(given.is_none_or(|given| given == key.algorithm()), "the key is for {}", key.algorithm());
    Ok(Public::One(key))
}

/// Reads the key in a PEM block: what it is for, only an RSA key leaves open.
fn from_pem<K>(
    text: &str,
    given: Option<Algorithm>,
    for_rsa: Option<Algorithm>,
    read: impl Fn(&str, Algorithm) -> Result<K, KeyError>,
) -> anyhow::Result<K> {
    let own = UNMISTAKABLE.into_iter().find_map(|own| read(text, own).ok().map(|key| (own, key)));
    if let Some((own, key)) = own {
        ensure!(given.is_none_or(|given| given == own), "the key is for {own}");
        return Ok(key);
    }
    match read(text, given.or(for_rsa).unwrap_or(Algorithm::Rs256)) {
        Ok(_) if given.or(for_rsa).is_none() => Err(ambiguous()),
        Err(_) if read(text, Algorithm::Rs256).is_ok() => {
            Err(anyhow!("the key is for RS256 and other RSA algorithms"))
        }
        key => key.map_err(|error| explain(text, error)),
    }
}

/// What is wrong with a text that should be one PEM block with a key.
fn explain(text: &str, error: KeyError) -> anyhow::Error {
    let begin = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"));
    match (error, begin.map_or("", |(label, _)| label)) {
        (KeyError::Pem, "") => {
            anyhow!("this is neither PEM nor JSON (a shared secret is for `countersign token` with --secret)")
        }
        (KeyError::Pem, _) => anyhow!("this is not one whole PEM block and nothing else"),
        (KeyError::PemLabel, "CERTIFICATE") => {
            anyhow!("this is a certificate; for the key in it: openssl x509 -pubkey -noout -in FILE")
        }
        (KeyError::PemLabel, "PUBLIC KEY" | "RSA PUBLIC KEY") => {
            anyhow!("this is a public key, and a private one is needed")
        }
        (KeyError::PemLabel, label) => {
            anyhow!("a PEM block {label:?} is not read; PRIVATE KEY and PUBLIC KEY are")
        }
        (KeyError::Inconsistent | KeyError::Unsupported | KeyError::AlgorithmMismatch, _) => anyhow!(
            "this is no key of the kinds there are: RSA with 2048 to 8192 bits, P-256, P-384, P-521, Ed25519, ML-DSA"
        ),
        (error, _) => error.into(),
    }
}

fn public_from_pem(text: &str, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
    match VerifyingKey::from_pem(text, algorithm) {
        Err(KeyError::PemLabel) => SigningKey::from_pem(text, algorithm).map(|key| key.verifying_key()),
        key => key,
    }
}

/// Reads a JWK Set; a key in it that does not say its algorithm is taken for `algorithm`.
fn parse_set(text: &str, algorithm: Option<Algorithm>) -> anyhow::Result<Public> {
    let (set, mut skipped) = JwkSet::parse_foreign(text, &Algorithm::ALL)?;
    let mut keys = set.keys().to_vec();
    if let Some(algorithm) = algorithm {
        let (fitting, unfit) = JwkSet::parse_foreign(text, &[algorithm])?;
        let ambiguous = SkipReason::Key(KeyError::AmbiguousAlgorithm);
        skipped.retain(|key| key.reason != ambiguous || unfit.iter().any(|other| other.index == key.index));
        keys.extend(fitting.keys().iter().filter(|key| set.find(key.key_id()).is_none()).cloned());
    }
    let reasons = || skipped.iter().map(describe_skipped).collect::<Vec<_>>().join("; ");
    ensure!(
        !keys.is_empty(),
        "the set has no usable key: {}",
        if skipped.is_empty() { "it is empty".to_owned() } else { inactive(&reasons()) }
    );
    Ok(Public::Set(JwkSet::new(keys)?, skipped))
}

/// Reads a private key or a secret: PEM, or a JWK.
pub(in crate::cli) fn parse_private(text: &str, given: Option<Algorithm>) -> anyhow::Result<SigningKey> {
    if !is_json(text) {
        return from_pem(text, given, None, SigningKey::from_pem);
    }
    ensure!(!is_set(text), "this is a JWK Set: give one of its keys as a JWK");
    let key = SigningKey::from_jwk(&with_algorithm(text, given)).map_err(name_ambiguous)?;
    ensure!(given.is_none_or(|given| given == key.algorithm()), "the key is for {}", key.algorithm());
    Ok(key)
}

/// A JWK need not say its algorithm (RFC 7517 §4.4); an RSA key that does not is taken for this one.
fn with_algorithm(jwk: &str, algorithm: Option<Algorithm>) -> Zeroizing<String> {
    let is_open = |json: Value| json["kty"] == "RSA" && json.get("alg").is_none();
    let is_open = serde_json::from_str(jwk).is_ok_and(is_open);
    Zeroizing::new(match algorithm.filter(|_| is_open) {
        Some(algorithm) => jwk.replacen('{', &format!("{{\"alg\":\"{algorithm}\","), 1),
        None => jwk.to_owned(),
    })
}

/// The algorithms whose keys are for nothing else; an RSA key is for any of six.
const UNMISTAKABLE: [Algorithm; 7] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

fn name_ambiguous(error: KeyError) -> anyhow::Error {
    if error == KeyError::AmbiguousAlgorithm { ambiguous() } else { error.into() }
}

fn ambiguous() -> anyhow::Error {
    usage("the key does not say which algorithm it is for; say it with --alg, such as --alg RS256")
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn is_set(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|json| json.get("keys").is_some())
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
