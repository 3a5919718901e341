//! Secrets from people: typed without echo, twice where they are new, or one line of standard input. Never an argument:
//! everybody on a machine can read those (OP-1).

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::usage::usage;

/// Catches `--password x`, to explain why there is no such thing.
#[derive(Debug, clap::Args)]
pub(super) struct NoPasswordArgument {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_name = "x")]
    password: Option<String>,
}

impl NoPasswordArgument {
    /// # Errors
    /// When it was used.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.password.is_none() {
            return Ok(());
        }
        Err(usage(
            "a password is never an argument: everybody on this machine could read it with `ps`, and it would stay in \
             your shell's history. Leave --password out and type it when asked, or pipe it in: \
             countersign user add NAME < password-file",
        ))
    }
}

/// A new password.
///
/// # Errors
/// When the two that were typed differ, or nothing came.
pub(super) fn new_password(of: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line_of_stdin();
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).map(Zeroizing::new);
    let first = ask(format!("New password for {of}: "))?;
    let second = ask("The same again: ".to_owned())?;
    anyhow::ensure!(*first == *second, "the two are not the same; nothing was changed");
    Ok(first)
}

/// The first line of standard input, without its end.
fn line_of_stdin() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).context("standard input")?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned());
    anyhow::ensure!(!text.is_empty(), "no password came on standard input");
    Ok(text)
}

/// Asks before something that cannot be taken back; `sure` answers for scripts.
///
/// # Errors
/// When the answer is no, or nobody can be asked.
pub(super) fn confirm(question: &str, sure: bool) -> anyhow::Result<()> {
    if sure {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(usage(format!("{question} Say --yes to do it without being asked")));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was changed");
    Ok(())
}
