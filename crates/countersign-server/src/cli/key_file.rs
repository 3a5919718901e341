//! `countersign key generate|convert|thumbprint`: work on key files, without a server or a database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign_jwt::{Algorithm, SigningKey, VerifyingKey};
use serde_json::json;

use super::new_file::write_new;
use super::token::{Public, algorithm, parse_private, parse_public, read_file};
use super::usage::usage;
use crate::output::{Output, escape, remark};

#[derive(Debug, clap::Args)]
pub(super) struct Generate {
    /// The algorithm that the key is for: ES256, ES384, ES512, `EdDSA`, RS256 to RS512, PS256 to PS512, ML-DSA-44, -65 or -87
    #[arg(long, default_value = "ES256", value_parser = algorithm)]
    alg: Algorithm,
    /// The new file for the private key (PKCS#8 in PEM, mode 0600); `-` prints it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Generate {
    /// Makes the key, and prints its public half.
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        if self.alg.is_symmetric() {
            return Err(usage("make a shared secret with: countersign secret"));
        }
        hand_over(&SigningKey::generate(self.alg)?, Form::Pem, &self.out, output)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Convert {
    /// The key: PEM (PKCS#8, PKCS#1, SEC 1, SPKI) or JWK; `-` is standard input
    file: PathBuf,
    /// Its algorithm, if the key itself does not say
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// The form to write [default: JWK for a public key, PEM for a private one]
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// Writes the private key to this new file (mode 0600), or prints it for `-`, instead of printing the
    /// public key
    #[arg(long, value_name = "FILE")]
    private_out: Option<PathBuf>,
}

/// The form of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// RFC 7517
    Jwk,
    /// PKCS#8 for a private key, SPKI for a public one
    Pem,
}

impl Convert {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let text = read_file(&self.file)?;
        let Some(path) = &self.private_out else {
            for key in read_public(&text, self.alg, None)?.keys() {
                show_public(key, self.form.unwrap_or(Form::Jwk), output)?;
            }
            return Ok(());
        };
        let key = parse_private(&text, self.alg)?;
        hand_over(&key, self.form.unwrap_or(Form::Pem), path, output)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Thumbprint {
    /// The key: PEM, JWK or JWK Set; `-` is standard input
    file: PathBuf,
    /// Its algorithm, if the key itself does not say
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
}

impl Thumbprint {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        // All RSA algorithms have one thumbprint (RFC 7638 §3.2).
        for key in read_public(&read_file(&self.file)?, self.alg, Some(Algorithm::Rs256))?.keys() {
            let thumbprint = key
                .thumbprint()
                .context("a shared secret has no thumbprint: guesses could be checked against it")?;
            output.show(&json!({ "thumbprint": thumbprint }), || thumbprint.clone())?;
        }
        Ok(())
    }
}

/// The public keys in a text. A remark names each key of a set that cannot be used.
fn read_public(text: &str, given: Option<Algorithm>, claimed: Option<Algorithm>) -> anyhow::Result<Public> {
    let keys = parse_public(text, given, claimed)?;
    for skipped in keys.skipped() {
        remark(&format!("countersign: not usable: {}", escape(&skipped)));
    }
    Ok(keys)
}

pub(super) fn show_public(key: &VerifyingKey, form: Form, output: Output) -> anyhow::Result<()> {
    let text = if form == Form::Jwk { key.to_jwk() } else { key.to_pem() };
    show(&text.context("a shared secret has no public half")?, form, output)
}

fn show(text: &str, form: Form, output: Output) -> anyhow::Result<()> {
    let value = if form == Form::Jwk { serde_json::from_str(text)? } else { json!({ "pem": text }) };
    output.show(&value, || text.to_owned())?;
    Ok(())
}

/// Writes the private key to `path` and prints the public key; for `-`, prints the private key (KM-9).
pub(super) fn hand_over(key: &SigningKey, form: Form, path: &Path, output: Output) -> anyhow::Result<()> {
    let text = if form == Form::Jwk { key.to_private_jwk()? } else { key.to_pkcs8_pem()? };
    if path == Path::new("-") {
        return show(&text, form, output);
    }
    write_new(path, &text, 0o600)?;
    show_public(&key.verifying_key(), Form::Jwk, output)
}
