//! `countersign token`: decodes, verifies and signs tokens, without a server.

mod claims_json;
mod decode;
mod fetch;
mod input;
mod key_text;
mod material;
mod own_keys;
mod sign;
mod time;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

pub(super) use self::input::read_file;
pub(super) use self::key_text::{Public, parse_private, parse_public};
pub(super) use self::material::algorithm;
use super::global::Global;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Prints the contents of a token, without verifying it
    Decode(decode::Decode),
    /// Verifies a token against a key, an issuer and an audience; says which rule fails and what would make
    /// it pass
    Verify(verify::Verify),
    /// Signs claims with a key of your own
    Sign(sign::Sign),
}

impl TokenCommand {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        match self {
            Self::Decode(decode) => decode.run(global, output),
            Self::Verify(verify) => verify.run(global, output),
            Self::Sign(sign) => sign.run(global, output).map(|()| ExitCode::SUCCESS),
        }
    }
}
