//! `countersign token`: looking at tokens, checking them, making them. Needs no server and no database.

mod decode;
mod fetch;
mod material;
mod sign;
mod verify;

use std::io::{self, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use countersign_jwt::Limits;
use zeroize::Zeroizing;

pub(super) use self::material::{Public, algorithm, parse_private, parse_public, read_file};
use super::Global;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Shows what a token says, without checking anything
    Decode(decode::Decode),
    /// Checks a token against a key, an issuer and an audience; says which rule it breaks and what would make it pass
    Verify(verify::Verify),
    /// Signs claims with a key of yours
    Sign(sign::Sign),
}

impl Token {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::Decode(decode) => decode.run(global, output),
            Self::Verify(verify) => verify.run(global, output),
            Self::Sign(sign) => sign.run(global, output).map(|()| ExitCode::SUCCESS),
        }
    }
}

/// The token to look at.
#[derive(Debug, clap::Args)]
struct TokenArgument {
    /// The token, also with `Bearer` in front; from standard input if `-` or left out
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl TokenArgument {
    fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let raw = match self.token.as_deref() {
            None | Some("-") => read_stdin()?,
            Some(token) => Zeroizing::new(token.to_owned()),
        };
        let token = raw.trim();
        let bare =
            token.split_once(char::is_whitespace).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        Ok(Zeroizing::new(bare.map_or(token, |(_, token)| token.trim_start()).to_owned()))
    }
}

/// Standard input, up to the size of the largest token or key.
fn read_stdin() -> anyhow::Result<Zeroizing<String>> {
    let most = u64::try_from(Limits::ML_DSA.max_token_bytes() * 8)?;
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(most).read_to_string(&mut text).context("standard input")?;
    Ok(text)
}
