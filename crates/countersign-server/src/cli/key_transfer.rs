//! `countersign key import|export`: the signing key of another system comes in, and a copy of one of ours goes out.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use countersign::Activation;
use countersign_jwt::Algorithm;

use super::global::Global;
use super::key_file::{Form, hand_over, show_public};
use super::key_shown::{as_json, signs_from};
use super::token::{algorithm, parse_private, read_file};
use super::tool::Tool;
use super::usage::usage;
use crate::output::{Output, remark};
use crate::serve::instance::Task;

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The private key: PEM (PKCS#8, PKCS#1, SEC 1) or JWK; `-` is standard input
    file: PathBuf,
    /// Its algorithm, if the key itself does not say
    #[arg(long, value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// The ID that its tokens name [default: the one in the JWK, or the RFC 7638 thumbprint]
    #[arg(long, value_name = "KID")]
    kid: Option<String>,
    /// Signs with it at once: verifiers that do not know it yet refuse its tokens until they fetch the keys again
    #[arg(long)]
    now: bool,
}

impl Import {
    pub(super) async fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let key = parse_private(&read_file(&self.file)?, self.alg)?;
        let key = match self.kid {
            Some(kid) => key.with_key_id(kid),
            None => key,
        };
        let tool = Tool::open(global, Task::ImportKey).await?;
        let activation = if self.now { Activation::AtOnce } else { Activation::WhenPublished };
        let key = tool.instance.import_key(&key, activation, &tool.context()).await?;
        output.show(&as_json(&key), || signs_from("The imported key", &key))?;
        remark(IMPORTED);
        Ok(())
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The key ID, as `key list` shows it
    kid: String,
    /// Writes the private key: whoever has it can sign as this issuer. It needs the master key
    #[arg(long)]
    private: bool,
    /// The new file for the private key (mode 0600)
    #[arg(long, value_name = "FILE", requires = "private")]
    out: Option<PathBuf>,
    /// Prints the private key
    #[arg(long, requires = "private", conflicts_with = "out")]
    stdout: bool,
    /// The form to write [default: JWK for the public key, PEM for the private one]
    #[arg(long, value_enum)]
    form: Option<Form>,
}

impl Export {
    pub(super) async fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let tool = Tool::open(global, Task::ViewKeys).await?;
        if !self.private {
            let keys = tool.instance.jwk_set(tool.now())?;
            let key = keys.find(&self.kid).context("no published key has this ID")?;
            return show_public(key, self.form.unwrap_or(Form::Jwk), output);
        }
        let path = match &self.out {
            Some(path) => path.as_path(),
            None if self.stdout => Path::new("-"),
            None => {
                return Err(usage(
                    "name a new file for the private key with --out FILE, or print it with --stdout",
                ));
            }
        };
        let key = tool.instance.export_key(&self.kid, &tool.context()).await?;
        hand_over(&key, self.form.unwrap_or(Form::Pem), path, output)?;
        remark(EXPORTED);
        Ok(())
    }
}

const IMPORTED: &str = "countersign: its old tokens pass as far as they have the issuer, an audience and the `typ` that are \
                        configured here. Servers publish it within a second";
const EXPORTED: &str = "countersign: whoever has this key can sign as this issuer. Once it is somewhere else, delete the file; if it \
                        gets lost: countersign key withdraw";
