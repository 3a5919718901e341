//! `countersign key generate|convert|thumbprint`: key files of one's own. Needs no server and no database.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_jwt::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::token::{Public, algorithm, parse_private, parse_public, read_file};
use super::usage;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Generate {
    /// What it will sign with
    #[arg(long, default_value = "ES256", value_parser = algorithm)]
    alg: Algorithm,
    /// Where the private key goes: PKCS#8 in PEM, mode 0600; an existing file is never overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Generate {
    /// Prints the public key.
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        if self.alg.is_symmetric() {
            return Err(usage("a shared secret is made with: countersign secret"));
        }
        let key = SigningKey::generate(self.alg)?;
        write_private(&self.out, &key)?;
        show_public(&key, output)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Convert {
    /// The key: PEM (PKCS#8, PKCS#1, SEC 1, SPKI) or JWK; `-` is standard input
    file: PathBuf,
    /// Its algorithm, where the key itself does not say it
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// Writes the private key there, as PKCS#8 in PEM, mode 0600; without it the public JWK is printed
    #[arg(long, value_name = "FILE")]
    private_out: Option<PathBuf>,
}

impl Convert {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let text = read_file(&self.file)?;
        if let Some(path) = &self.private_out {
            let key = parse_private(&text, self.alg)?;
            write_private(path, &key)?;
            return show_public(&key, output);
        }
        for jwk in public_jwks(&text, self.alg)? {
            output.show(&jwk, || jwk.to_string())?;
        }
        Ok(())
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Thumbprint {
    /// The key: PEM, JWK or JWK Set; `-` is standard input
    file: PathBuf,
    /// Its algorithm, where the key itself does not say it
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
}

impl Thumbprint {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let keys = match parse_public(&read_file(&self.file)?, self.alg)? {
            Public::One(key) => vec![key],
            Public::Set(set) => set.keys().to_vec(),
        };
        for key in keys {
            let thumbprint =
                key.thumbprint().context("a shared secret has no thumbprint: it could be guessed from it")?;
            output.show(&json!({ "thumbprint": thumbprint }), || thumbprint.clone())?;
        }
        Ok(())
    }
}

fn public_jwks(text: &str, algorithm: Option<Algorithm>) -> anyhow::Result<Vec<Value>> {
    let keys = match parse_public(text, algorithm)? {
        Public::One(key) => vec![key],
        Public::Set(set) => set.keys().to_vec(),
    };
    let jwk = |key: &countersign_jwt::VerifyingKey| {
        let jwk = key.to_jwk().context("a shared secret has no public half")?;
        Ok(serde_json::from_str(&jwk)?)
    };
    keys.iter().map(jwk).collect()
}

fn show_public(key: &SigningKey, output: Output) -> anyhow::Result<()> {
    let jwk = key.verifying_key().to_jwk().context("a shared secret has no public half")?;
    output.show(&serde_json::from_str(&jwk)?, || jwk.clone())?;
    Ok(())
}

/// KM-9.
fn write_private(path: &Path, key: &SigningKey) -> anyhow::Result<()> {
    let pem = key.to_pkcs8_pem()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(pem.as_bytes())?;
    Ok(())
}
