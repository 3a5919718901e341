//! `countersign token`: looking at tokens, checking them, making them. Needs no server and no database.

mod decode;
mod fetch;
mod key_text;
mod material;
mod sign;
mod verify;

use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use clap::Subcommand;
use countersign_jwt::JwkSet;
use zeroize::Zeroizing;

pub(super) use self::key_text::{Public, parse_private, parse_public};
pub(super) use self::material::{algorithm, read_file};
use super::{Global, usage};
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
    /// The token, also with `Bearer` or `Authorization: Bearer` in front; from standard input if `-` or left out
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl TokenArgument {
    fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let raw = match self.token.as_deref() {
            None | Some("-") => read_stdin()?,
            Some(token) => Zeroizing::new(token.to_owned()),
        };
        let after = |text: &str, word: &str| {
            let (first, rest) = text.split_once(char::is_whitespace)?;
            first.eq_ignore_ascii_case(word).then(|| Zeroizing::new(rest.trim_start().to_owned()))
        };
        let token = Zeroizing::new(raw.trim().to_owned());
        let token = after(&token, "authorization:").unwrap_or(token);
        Ok(after(&token, "bearer").unwrap_or(token))
    }
}

/// Standard input, for the first that asks for it.
fn read_stdin() -> anyhow::Result<Zeroizing<String>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(usage("only one thing can be on standard input (-): give the other in another way"));
    }
    read_text(io::stdin().lock()).context("standard input")
}

/// The whole text of a file or a pipe, whatever that is: with a bound.
fn read_text(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    match from.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(io::Error::new(
            error.kind(),
            "it is not text; DER becomes PEM with: openssl pkey -inform der",
        )),
        Ok(read) if read as u64 > MAX_TEXT_BYTES => {
            Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 128 KiB"))
        }
        read => read.map(|_| text),
    }
}

/// Twice a JWK Set, which is the longest of what is read.
const MAX_TEXT_BYTES: u64 = 2 * JwkSet::MAX_BYTES as u64;
