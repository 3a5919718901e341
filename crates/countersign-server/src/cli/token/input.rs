//! Reads texts from an argument, a file or standard input. Accepts tokens as people paste them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use countersign_jwt::JwkSet;
use zeroize::Zeroizing;

use crate::cli::usage::usage;
use crate::output::remark;

/// The token to examine.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgument {
    /// The token, with or without `Bearer` or `Authorization: Bearer`; read from standard input if `-` or
    /// left out
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
                "countersign: removed line breaks and spaces from the token; verifiers would refuse it with them",
            );
        }
        Ok(token)
    }
}

/// The token without its surroundings in a header, in JSON or in a shell command.
fn without_wrapping(text: &str) -> &str {
    let is_wrapping = |c: char| c.is_whitespace() || "\"'`,;".contains(c);
    let mut token = text.trim_matches(is_wrapping);
    for word in ["authorization:", "bearer "] {
        let (first, rest) = token.split_at_checked(word.len()).unwrap_or_default();
        // Any white space may follow the word.
        if first.trim_end().eq_ignore_ascii_case(word.trim_end()) {
            token = rest.trim_matches(is_wrapping);
        }
    }
    token
}

/// Removes white space: terminals and mail programs break long lines.
fn without_spaces(text: &str) -> Zeroizing<String> {
    // Allocated once: a growing string leaves copies of its bytes in memory.
    let mut token = Zeroizing::new(String::with_capacity(text.len()));
    token.extend(text.chars().filter(|c| !c.is_whitespace()));
    token
}

/// Reads standard input; fails if it was read already.
fn read_stdin() -> anyhow::Result<Zeroizing<String>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(usage("only one thing can come from standard input (-)"));
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

/// Reads a whole file or pipe, up to a limit.
fn read_text(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    match from.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(io::Error::new(
            error.kind(),
            "it is not text (convert a DER key to PEM with: openssl pkey -inform der)",
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

/// Twice the limit of a JWK Set, which is the longest input.
const MAX_TEXT_BYTES: u64 = 2 * JwkSet::MAX_BYTES as u64;
