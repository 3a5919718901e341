//! The command line: its commands, and the exit code of a result.

mod api_key;
mod audit;
mod audit_chain;
mod backup;
mod calibrate;
mod client;
mod config;
mod config_check;
mod config_file;
mod config_store;
mod dev;
mod doctor;
mod failure;
mod feed_key;
mod global;
mod healthcheck;
mod init;
mod invitation;
mod key;
mod key_file;
mod key_shown;
mod key_transfer;
mod mail;
mod master_key;
mod migrate;
mod names;
mod new_file;
mod progress;
mod prompt;
mod restore;
mod restored;
mod secret;
mod serve;
mod session;
mod start_check;
mod store;
mod templates;
mod token;
mod tool;
mod usage;
mod user;
mod webhook;
mod webhook_add;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::global::Global;
use crate::output::{Output, make_remarks_json};

/// JWT authentication that you host: people sign in, services verify their tokens.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    after_help = "Exit codes: 0 success; 1 failure, or the checked thing is not valid; 2 wrong command or configuration."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a server with demo users, for trying it out: never for production
    Dev(dev::Dev),
    /// Runs the server
    Serve(serve::Listen),
    /// Asks the running server whether it is well; exit code 0 or 1, for containers
    Healthcheck(healthcheck::Healthcheck),
    /// Makes a commented configuration file, the master key and the database
    Init(init::Init),
    /// Manages accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Lists invitations that can be used, and takes one back; `user invite` sends them
    #[command(subcommand)]
    Invitation(invitation::InvitationCommand),
    /// Lists and ends sessions
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Manages the keys that sign tokens, and key files of your own
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Changes the master key while servers serve: add one, use it, seal the signing keys again, remove the old one
    #[command(subcommand)]
    MasterKey(master_key::MasterKeyCommand),
    /// Manages API keys, by which programs act for an account
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    /// Manages the keys of services that follow the feed of ended sessions
    #[command(subcommand)]
    FeedKey(feed_key::FeedKeyCommand),
    /// Shows the servers that are told of events, and sends them events again
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Manages the services that may ask about tokens and revoke them
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Tests the mail server; lists what is to be sent, tries it again, deletes it
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Brings the tables of the database up to date without serving
    Migrate(migrate::MigrateTables),
    /// Backs the database up into an encrypted file, while the server serves
    Backup(backup::Backup),
    /// Puts a backup back; no session of before lives again
    Restore(restore::Restore),
    /// Copies a whole store: to PostgreSQL, or back
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Writes the templates of mails and pages into a directory; checks changed ones
    #[command(subcommand)]
    Templates(templates::TemplatesCommand),
    /// Decodes, verifies and signs tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Prints a new secret: 256 random bits as 64 hex digits
    Secret(secret::MakeSecret),
    /// Prints the audit log; verifies it, exports it
    Audit(audit::Audit),
    /// Checks the configuration, and lists its keys
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Looks at everything that an operator answers for; says what is wrong, why it matters, and what mends it
    Doctor(doctor::Doctor),
    /// Measures password hashing on this machine, and prints settings for it
    Calibrate(calibrate::Calibrate),
    /// Prints a completion script for your shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        // Which of the arguments is wrong may say where the others are: `--json` is looked for anywhere.
        Err(error) => {
            let json = std::env::args_os().skip(1).take_while(|it| it != "--").any(|it| it == "--json");
            return failure::report_arguments(&error, Output { json });
        }
    };
    let output = Output { json: global.json };
    if output.json {
        make_remarks_json();
    }
    match dispatch(&global, command, output) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failure::report(error, output),
    }
}

fn dispatch(global: &Global, command: Command, output: Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dev(dev) => dev.run(global)?,
        Command::Serve(listen) => serve::run(global, &listen)?,
        Command::Healthcheck(check) => check.run(global, output)?,
        Command::Init(init) => init.run(global, output)?,
        Command::User(user) => user.run(global, output)?,
        Command::Invitation(invitation) => invitation.run(global, output)?,
        Command::Session(session) => session.run(global, output)?,
        Command::Key(key) => key.run(global, output)?,
        Command::MasterKey(key) => key.run(global, output)?,
        Command::ApiKey(key) => key.run(global, output)?,
        Command::FeedKey(key) => key.run(global, output)?,
        Command::Webhook(webhook) => webhook.run(global, output)?,
        Command::Client(client) => client.run(global, output)?,
        Command::Mail(mail) => mail.run(global, output)?,
        Command::Migrate(migrate) => migrate.run(global, output)?,
        Command::Backup(backup) => backup.run(global, output)?,
        Command::Restore(restore) => restore.run(global, output)?,
        Command::Store(store) => store.run(output)?,
        Command::Templates(templates) => return templates.run(global, output),
        Command::Token(token) => return token.run(global, output),
        Command::Secret(secret) => secret.run(output)?,
        Command::Audit(audit) => audit.run(global, output)?,
        Command::Config(command) => command.run(global, output)?,
        Command::Doctor(doctor) => return doctor.run(global, output),
        Command::Calibrate(calibrate) => calibrate.run(global, output)?,
        Command::Completions { shell } => {
            // `generate` panics if it cannot write, so it writes to memory.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut script);
            std::io::stdout().write_all(&script)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A closed pipe, as in `countersign user list | head`, is not a failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
