//! `countersign token sign`: signs a token for tests and tools.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use countersign::Clock;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::claims_json;
use super::input::read_file;
use super::material::PrivateKeyArguments;
use super::time::TIMES;
use crate::cli::global::Global;
use crate::cli::usage::usage;
use crate::config::parse_duration;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sign {
    #[command(flatten)]
    key: PrivateKeyArguments,
    /// A claim; its value is read as JSON, or else as a string. May be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// A file with a JSON object of claims, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    claims_file: Option<PathBuf>,
    /// The lifetime, which sets `exp` and `iat` unless the claims contain them
    #[arg(long, default_value = "15m", value_parser = parse_duration)]
    expires_in: Duration,
    /// The `typ` of the header
    #[arg(long = "type", value_name = "TYPE", default_value = "JWT")]
    token_type: String,
}

impl Sign {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let mut claims = self.claims()?;
        let now = Clock::system().now();
        claims.entry("iat").or_insert_with(|| now.as_unix_seconds().into());
        let expires_at = now.plus(self.expires_in).as_unix_seconds();
        if !TIMES.contains(&expires_at) {
            return Err(usage("--expires-in ends after the year 9999, which no verifier accepts"));
        }
        claims.entry("exp").or_insert_with(|| expires_at.into());
        let key = self.key.load(global)?;
        let token = Zeroizing::new(countersign_jwt::sign(&claims, &key, &self.token_type)?);
        output.show(&json!({ "token": *token }), || token.to_string())?;
        Ok(())
    }

    fn claims(&self) -> anyhow::Result<Map<String, Value>> {
        let mut claims = match &self.claims_file {
            Some(path) => claims_json::parse(&read_file(path)?)
                .with_context(|| format!("{} is not a JSON object of claims", path.display()))?,
            None => Map::new(),
        };
        for claim in &self.claims {
            let (name, value) =
                claim.split_once('=').ok_or_else(|| usage(format!("{claim:?} is not NAME=VALUE")))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            claims.insert(name.to_owned(), value);
        }
        Ok(claims)
    }
}
