//! The command line: what can be asked, and how an answer becomes text and an exit code.

mod audit;
mod calibrate;
mod config;
mod dev;
mod init;
mod key;
mod key_file;
mod new_file;
mod prompt;
mod secret;
mod serve;
mod session;
mod token;
mod user;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use countersign::base::clock::Timestamp;
use countersign::model::audit::{Actor, Context};

use crate::config::{Config, ConfigError, Environment, Place, Settings};
use crate::core_dumps;
use crate::output::{Output, remark};
use crate::serve::dev_mark;
use crate::serve::instance::{self, Instance, Purpose};

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

#[derive(Clone, Debug, clap::Args)]
struct Global {
    /// The configuration file [default: countersign.toml here, else /etc/countersign/countersign.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the data is: short for `--set data_dir=DIR`
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Sets one key of the configuration; can be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
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
    User(user::User),
    /// Who is signed in
    #[command(subcommand)]
    Session(session::Session),
    /// The keys that sign tokens
    #[command(subcommand)]
    Key(key::Key),
    /// Looks at tokens, checks them, makes them
    #[command(subcommand)]
    Token(token::Token),
    /// Makes a secret of 256 random bits, as 64 hex digits
    Secret(secret::Secret),
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

impl Global {
    /// The configuration from all its sources.
    fn load(&self) -> Result<Config, ConfigError> {
        let environment = Environment::new(std::env::vars_os());
        let file = self.config.clone().or_else(|| environment.config_file()).or_else(usual_file);
        let settings = file.map_or_else(Settings::default, |file| Settings::default().with_file(&file));
        Config::load(self.on_top(settings, &environment))
    }

    /// `.env`, the environment and the flags on top of `settings`.
    fn on_top(&self, settings: Settings, environment: &Environment) -> Settings {
        let mut settings = settings.with_dotenv(Path::new("")).with_environment(environment);
        if let Some(folder) = &self.data_dir {
            settings =
                settings.with("data_dir", &folder.to_string_lossy(), Place::Flag("--data-dir".to_owned()));
        }
        for set in &self.set {
            let (name, value) = set.split_once('=').unwrap_or((set, ""));
            settings =
                settings.with(name.trim(), value.trim(), Place::Flag(format!("--set {}", name.trim())));
        }
        settings
    }
}

fn usual_file() -> Option<PathBuf> {
    ["countersign.toml", "/etc/countersign/countersign.toml"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
}

/// The command was used wrongly, in a way that its parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

fn usage(text: impl Into<String>) -> anyhow::Error {
    UsageError(text.into()).into()
}

/// An open database.
struct Tool {
    instance: Instance,
}

impl Tool {
    /// Opens the configured database, which must be there.
    async fn open(global: &Global, purpose: Purpose) -> anyhow::Result<Self> {
        let config = global.load()?;
        let path = config.database_path();
        if !path.exists() {
            let dev = Path::new(DEV_DATA_DIR);
            let hint = if dev_mark::is_marked(dev) {
                "; for the data of `countersign dev` add: --data-dir countersign-dev"
            } else {
                ""
            };
            anyhow::bail!("there is no database {}{hint}", path.display());
        }
        Self::open_or_make(&config, purpose).await
    }

    async fn open_or_make(config: &Config, purpose: Purpose) -> anyhow::Result<Self> {
        core_dumps::prevent(config);
        // Accounts and sessions do not depend on the issuer, which a server knows only when it listens.
        let instance = instance::open(config, &config.origin(0), purpose).await?;
        Ok(Self { instance })
    }

    fn now(&self) -> Timestamp {
        self.instance.clock().now()
    }

    fn context(&self) -> Context {
        Context::local(Actor::CommandLine, self.now())
    }
}

const DEV_DATA_DIR: &str = "countersign-dev";

/// Runs a command that only talks to the database.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("the async runtime cannot start")?.block_on(work)
}

/// `countersign user list | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
