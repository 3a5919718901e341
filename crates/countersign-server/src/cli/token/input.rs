//! Where texts come from: an argument, a file, standard input. Tokens are taken as people paste them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use countersign_jwt::JwkSet;
use zeroize::Zeroizing;

use crate::cli::usage::usage;
use crate::output::remark;

/// The token to look at.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgument {
    /// The token, also with `Bearer` or `Authorization: Bearer` in front; from standard input if `-` or left out
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

impl TokenArgument {
    pub(super) fn read(&self) -> anyhow::Result<Zeroizing<String>> {
        let raw = match self.token.as_deref() {
            None | Some("-") => read_stdin()?,
            Some(token) => Zeroizing::new(token.to_owned()),
        };
        let pasted = without_wrapping(&raw);
        let token = without_spaces(pasted);
        if token.len() < pasted.len() {
            remark(
                "countersign: line breaks and spaces in the token were taken out; a verifier refuses it with them",
            );
        }
        Ok(token)
    }
}

/// The token in what people copy: from a header, from JSON, from a shell.
fn without_wrapping(text: &str) -> &str {
    let is_wrapping = |c: char| c.is_whitespace() || "\"'`,;".contains(c);
    let mut token = text.trim_matches(is_wrapping);
    for word in ["authorization:", "bearer "] {
        let (first, rest) = token.split_at_checked(word.len()).unwrap_or_default();
        // Any white space is as good as the one in `word`.
        if first.trim_end().eq_ignore_ascii_case(word.trim_end()) {
            token = rest.trim_matches(is_wrapping);
        }
    }
    token
}

/// Terminals and mails break long lines.
fn without_spaces(text: &str) -> Zeroizing<String> {
    // Room for all of it at once: a string that grows leaves its old bytes behind in memory.
    let mut token = Zeroizing::new(String::with_capacity(text.len()));
    token.extend(text.chars().filter(|c| !c.is_whitespace()));
    token
}

/// Standard input, for the first that asks for it.
fn read_stdin() -> anyhow::Result<Zeroizing<String>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(usage("only one thing can be on standard input (-): give the other in another way"));
    }
    read_text(io::stdin().lock()).context("standard input")
}

/// The text of a file, or of standard input for `-`.
pub(in crate::cli) fn read_file(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    if path == Path::new("-") {
        return read_stdin();
    }
    let text = File::open(path).and_then(read_text);
    text.with_context(|| format!("cannot read {}", path.display()))
}

/// The whole text of a file or a pipe, whatever that is: with a bound.
fn read_text(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    match from.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(io::Error::new(
            error.kind(),
            "it is not text (a key in DER becomes PEM with: openssl pkey -inform der)",
        )),
        Ok(read) if read as u64 > MAX_TEXT_BYTES => {
            Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 128 KiB"))
        }
        read => read.map(|_| {
            // Some editors write a byte-order mark.
            let mark = '\u{feff}';
            if text.starts_with(mark) {
                text.drain(..mark.len_utf8());
            }
            text
        }),
    }
}

/// Twice a JWK Set, which is the longest of what is read.
const MAX_TEXT_BYTES: u64 = 2 * JwkSet::MAX_BYTES as u64;
