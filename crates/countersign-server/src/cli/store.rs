//! `countersign store copy`: from SQLite to PostgreSQL, and back.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use countersign::Random;
use countersign::store::copy::{CopiedTable, CopyProgress, CopyStep, StoreAddress, WhileServing, copy};
use serde_json::json;
use zeroize::Zeroizing;

use super::progress::Steps;
use super::tool::block_on;
use super::usage::usage;
use crate::config::{Environment, read_line};
use crate::core_dumps;
use crate::output::{Output, remark};

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Copies a whole store into an empty one, of either kind: every token stays valid
    #[command(after_help = PASSWORDS)]
    Copy(StoreCopy),
}

impl StoreCommand {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Copy(copy) => block_on(copy.run(output)),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct StoreCopy {
    /// The store to copy: a data directory or its SQLite file, or `postgres://USER@HOST/DATABASE`
    from: String,
    /// The empty one: a directory (with `/` at its end, if it is to be made), a file that is not there, or postgres://…
    to: String,
    /// A file with the password of the PostgreSQL database FROM
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// A file with the password of the PostgreSQL database TO
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
    /// Copies one moment of a store that is in use: what is written later, log-outs too, is not in the copy
    #[arg(long)]
    while_serving: bool,
}

impl StoreCopy {
    async fn run(&self, output: Output) -> anyhow::Result<()> {
        core_dumps::prevent_always();
        let from = address(&self.from, self.from_password_file.as_deref())?;
        let to = address(&self.to, self.to_password_file.as_deref())?;
        let while_serving = if self.while_serving { WhileServing::Allow } else { WhileServing::Refuse };
        let mut steps = Steps::default();
        let mut progress = |CopyProgress { step, table, done, all }: CopyProgress| {
            let step = if step == CopyStep::Copying { "copying" } else { "comparing" };
            steps.show(done, all, &format!("{step} {table}"));
        };
        let tables = copy(&from, &to, while_serving, &Random::system(), &mut progress).await?;
        let of = |table: &CopiedTable| json!({ "name": table.name, "rows": table.rows, "checksum": table.checksum });
        let value = json!({
            "from": from.to_string(), "to": to.to_string(), "tables": tables.iter().map(of).collect::<Vec<_>>()
        });
        output.show(&value, || text(&tables))?;
        remark(&format!("countersign: {to} is a whole copy of {from}"));
        remark(if self.while_serving { LATER } else { ONE_OF_THEM });
        Ok(())
    }
}

/// Reads an address; a password is nowhere but in the environment or a file (OP-1).
fn address(text: &str, password_file: Option<&Path>) -> anyhow::Result<StoreAddress> {
    let address = StoreAddress::parse(text).map_err(|error| usage(error.to_string()))?;
    let password = match password_file {
        Some(path) => Some(read_line(path).map_err(|why| usage(format!("{}: {why}", path.display())))?),
        None => None,
    };
    match address {
        StoreAddress::Postgres(url) if url.has_password() => Err(usage(format!(
            "a password does not belong in an argument, which others can see. {PASSWORDS}"
        ))),
        StoreAddress::Postgres(url) => {
            let password = password.or_else(password_in_environment);
            Ok(StoreAddress::Postgres(match password {
                Some(password) => Box::new(url.with_password(&password)),
                None => url,
            }))
        }
        StoreAddress::Sqlite(path) if password.is_some() => {
            Err(usage(format!("{} is a SQLite file, which has no password", path.display())))
        }
        StoreAddress::Sqlite(path) => Ok(StoreAddress::Sqlite(path)),
    }
}

fn password_in_environment() -> Option<Zeroizing<String>> {
    Environment::new(std::env::vars_os()).store_password()
}

fn text(tables: &[CopiedTable]) -> String {
    let line = |table: &CopiedTable| {
        format!("{:<12}  {:>12}  {}", table.name, table.rows, table.checksum.get(..16).unwrap_or_default())
    };
    let head = format!("{:<12}  {:>12}  CHECKSUM, THE SAME IN BOTH", "TABLE", "ROWS");
    std::iter::once(head).chain(tables.iter().map(line)).collect::<Vec<_>>().join("\n")
}

const PASSWORDS: &str = "The password of a PostgreSQL database is in --from-password-file or --to-password-file, or in the \
                         environment variable COUNTERSIGN_STORE_PASSWORD.";
const ONE_OF_THEM: &str = "countersign: serve one of them from now on: neither learns of the other's log-outs. The master key \
                           is no part of a store: servers on the copy need the same master.key";
const LATER: &str = "countersign: what is written to the first from now on, log-outs too, is not in the copy: do not serve it \
                     in its place. The master key is no part of a store";
