//! The command line: what can be asked, and how an answer becomes text and an exit code.

mod audit;
mod calibrate;
mod config;
mod dev;
mod global;
mod init;
mod key;
mod key_file;
mod new_file;
mod prompt;
mod secret;
mod serve;
mod session;
mod token;
mod tool;
mod usage;
mod user;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::global::Global;
use self::usage::UsageError;
use crate::config::ConfigError;
use crate::output::{Output, remark};

/// JWT authentication that you run: people sign in, services verify.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done; 1 not done, or the answer is no; 2 the command or the configuration is wrong."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one go for trying it out, with demo users: never for production
    Dev(serve::Listen),
    /// The server
    Serve(serve::Listen),
    /// Writes a commented configuration file and makes the master key
    Init(init::Init),
    /// Accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Who is signed in
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// The keys that sign tokens
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Looks at tokens, checks them, makes them
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Makes a secret of 256 random bits, as 64 hex digits
    Secret(secret::MakeSecret),
    /// Reads the audit log
    Audit(audit::Audit),
    /// The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Measures what a password hash may cost on this machine; prints the settings for it
    Calibrate(calibrate::Calibrate),
    /// Prints a script that completes commands in your shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs what the arguments say.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            remark(&format!("countersign: {error:#}"));
            let is_usage = error.is::<ConfigError>() || error.is::<UsageError>();
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { global, command } = cli;
    let output = Output { json: global.json };
    match command {
        Command::Dev(listen) => dev::run(&global, &listen)?,
        Command::Serve(listen) => serve::run(&global, &listen)?,
        Command::Init(init) => init.run(&global, output)?,
        Command::User(user) => user.run(&global, output)?,
        Command::Session(session) => session.run(&global, output)?,
        Command::Key(key) => key.run(&global, output)?,
        Command::Token(token) => return token.run(&global, output),
        Command::Secret(secret) => secret.run(output)?,
        Command::Audit(audit) => audit.run(&global, output)?,
        Command::Config(command) => command.run(&global, output)?,
        Command::Calibrate(calibrate) => calibrate.run(&global, output)?,
        Command::Completions { shell } => {
            // It panics if it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut script);
            std::io::stdout().write_all(&script)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `countersign user list | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
