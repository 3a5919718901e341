//! Reads secrets: typed without echo (new ones twice), or one line of standard input. Never arguments, which
//! every user of a machine can read (OP-1).

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use countersign::options::PasswordPolicy;
use countersign::{CheckError, PasswordChangeError};
use zeroize::Zeroizing;

use super::usage::usage;
use crate::output::remark;

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

/// Asks for a new password, and at a terminal again until it is typed twice the same.
///
/// # Errors
/// There is no input.
pub(super) fn new_password(of: &str, policy: &PasswordPolicy) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line_of_stdin();
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).map(Zeroizing::new);
    loop {
        let first = ask(format!("New password for {of} (at least {} characters): ", policy.min_length))?;
        anyhow::ensure!(!first.is_empty(), "no password was typed; nothing was changed");
        if first == ask("Repeat the password: ".to_owned())? {
            return Ok(first);
        }
        remark("countersign: the passwords differ; once more");
    }
}

/// Whether somebody is there to choose another password in place of a refused one; they are told why.
pub(super) fn asks_again(refused: &PasswordChangeError) -> bool {
    let is_password = matches!(
        refused,
        PasswordChangeError::Policy(_) | PasswordChangeError::Check(CheckError::Password(_))
    );
    let asks = is_password && io::stdin().is_terminal();
    if asks {
        remark(&format!("countersign: {refused}; choose another one"));
    }
    asks
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
