//! Reads secrets: typed without echo (new ones twice), or one line of standard input. Never arguments, which
//! every user of a machine can read (OP-1).

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use zeroize::Zeroizing;

use super::usage::usage;

/// Accepts `--password x`, to explain why it is not possible.
#[derive(Debug, clap::Args)]
pub(super) struct NoPasswordArgument {
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_name = "x")]
    password: Option<String>,
}

impl NoPasswordArgument {
    /// # Errors
    /// The argument was given.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.password.is_none() {
            return Ok(());
        }
        Err(usage(
            "a password is never an argument: every user of this machine could read it with `ps`, and it would stay in \
             your shell's history. Leave out --password and type the password when asked, or pipe it in: \
             countersign user add NAME < password-file",
        ))
    }
}

/// Asks for a new password.
///
/// # Errors
/// The two inputs differ, or there is no input.
pub(super) fn new_password(of: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line_of_stdin();
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).map(Zeroizing::new);
    let first = ask(format!("New password for {of}: "))?;
    let second = ask("Repeat the password: ".to_owned())?;
    anyhow::ensure!(*first == *second, "the passwords differ; nothing was changed");
    Ok(first)
}

/// The first line of standard input, without its end.
fn line_of_stdin() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).context("standard input")?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned());
    anyhow::ensure!(!text.is_empty(), "standard input contains no password");
    Ok(text)
}

/// Asks before something that cannot be undone, unless `sure`.
///
/// # Errors
/// The answer is no, or standard input is not a terminal.
pub(super) fn confirm(question: &str, sure: bool) -> anyhow::Result<()> {
    if sure {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(usage(format!("{question} Confirm with --yes")));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was changed");
    Ok(())
}
