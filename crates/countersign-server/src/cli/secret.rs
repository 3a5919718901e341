//! `countersign secret`: prints a random secret, so that nobody invents one (OP-4).

use std::fmt::Write as _;

use countersign::Random;
use serde_json::json;
use zeroize::Zeroizing;

use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct MakeSecret {
    /// Prints a line for `.env`: `JWT_SECRET=...`
    #[arg(long)]
    env: bool,
}

impl MakeSecret {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let mut hex = Zeroizing::new(String::with_capacity(64));
        for byte in Random::system().bytes::<32>() {
            write!(hex, "{byte:02x}")?;
        }
        let prefix = if self.env { "JWT_SECRET=" } else { "" };
        output.show(&json!({ "secret": *hex }), || format!("{prefix}{}", *hex))?;
        Ok(())
    }
}
