//! `countersign secret`: prints a random secret, so that nobody invents one (OP-4).

use std::fmt::Write as _;

use countersign::{Random, WebhookSecret};
use serde_json::json;
use zeroize::Zeroizing;

use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct MakeSecret {
    /// Prints a line for `.env`: `JWT_SECRET=...`
    #[arg(long, conflicts_with = "webhook")]
    env: bool,
    /// Makes one for hooks and webhooks: `whsec_...`
    #[arg(long)]
    webhook: bool,
}

impl MakeSecret {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let random = Random::system();
        let secret = if self.webhook { WebhookSecret::generate(&random).to_text() } else { hex(&random)? };
        let prefix = if self.env { "JWT_SECRET=" } else { "" };
        output.show(&json!({ "secret": *secret }), || format!("{prefix}{}", *secret))?;
        Ok(())
    }
}

fn hex(random: &Random) -> anyhow::Result<Zeroizing<String>> {
    let mut hex = Zeroizing::new(String::with_capacity(64));
    for byte in random.bytes::<32>() {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}
