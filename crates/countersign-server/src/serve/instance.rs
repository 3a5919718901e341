//! Opens the authentication system that a configuration describes: database, master key, options.

use countersign::Clock;
use countersign::Random;
use countersign::options::{MailOptions, Notices, Signing};
use countersign::store::sqlite::OpenMode;
use countersign::store::{AnyStore, KeyStore as _};
use countersign::{Countersign, OpenError};
use countersign_jwt::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use crate::config::{Config, Toggle};
use crate::serve::hooks::hooks;
use crate::serve::options::options;
use crate::serve::upstream::upstream;
use crate::serve::{master_key_file, store};

/// The authentication system with either store.
pub(crate) type Instance = Countersign<AnyStore>;

/// Why an instance is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task<'a> {
    /// To serve requests: in the data directory, as the only server.
    Serve,
    /// The same in the place of a server that is about to close the store.
    TakeOver,
    /// The same for development.
    Develop,
    /// To make what a server needs.
    Init,
    /// To manage accounts and sessions, also while the server runs.
    Manage,
    /// To list signing keys without making one.
    ViewKeys,
    /// To make the next signing key.
    RotateKeys,
    /// To import a signing key.
    ImportKey,
    /// To withdraw the signing key with this ID.
    WithdrawKey(&'a str),
}

impl Task<'_> {
    /// Whether requests are served, and not a command carried out.
    pub(crate) const fn serves(self) -> bool {
        matches!(self, Self::Serve | Self::TakeOver | Self::Develop)
    }

    /// Whether it may change the tables of the database.
    fn may_migrate(self, config: &Config) -> bool {
        config.auto_migrate == Toggle::On || matches!(self, Self::Init | Self::Develop)
    }

    /// Whether a master key may be made for a store that has been used with none. In the data directory it is made by
    /// whoever comes first. Nodes that share a store and start at once would each make one of their own.
    pub(crate) const fn makes_master_key(self, is_shared: bool) -> bool {
        !is_shared || matches!(self, Self::Init | Self::Develop)
    }
}

/// Opens the database and everything in it, and makes what is missing. `origin` is the issuer, `mail` how mails are sent.
///
/// # Errors
/// The database, the master key or the pepper cannot be used; the message is for the operator. An existing
/// database is not changed.
pub(crate) async fn open(
    config: &Config,
    origin: &str,
    task: Task<'_>,
    mail: Option<MailOptions>,
) -> anyhow::Result<Instance> {
    let random = Random::system();
    let makes_master_key = task.makes_master_key(config.store.is_some());
    // Without its key, nothing is looked for in the store.
    let given = if makes_master_key { None } else { Some(master_key_file::require(config)?) };
    let mode = if task.serves() { OpenMode::Server } else { OpenMode::Tool };
    let may_migrate = task.may_migrate(config);
    let store = match task {
        Task::TakeOver => store::open_when_free(config, may_migrate).await?,
        _ => store::open(config, mode, may_migrate).await?,
    };
    let master_keys = match given {
        Some(keys) => keys,
        None => master_key_file::load_or_make(config, &store, &random).await?,
    };
    let mut options = options(config, origin)?;
    options.email.enabled = mail.is_some();
    options.email.notices = config.mail_notices.iter().fold(Notices::NONE, |set, notice| set.and(*notice));
    options.mail = mail;
    if task.serves() {
        options.upstream = upstream(config)?;
        options.hooks = hooks(config)?;
    }
    let model = match task {
        Task::ViewKeys | Task::RotateKeys => store.signing_keys().await?.pop(),
        Task::WithdrawKey(kid) => store.signing_keys().await?.into_iter().find(|key| key.kid == kid),
        _ => None,
    };
    options.signing = match (task, &model) {
        (Task::Manage | Task::Init, _) | (Task::ViewKeys, None) => signs_nothing(&random)?,
        _ => signing(config)?,
    };
    // What signs nothing has no audiences, and a shared secret would be refused for more than one.
    if matches!(options.signing, Signing::SharedSecret(_)) && config.jwt_secret.is_none() {
        options.audiences.others.clear();
        options.oauth.clients.clear();
    }
    // A command makes no key of another algorithm than the newest, or than the one that it withdraws: that is for the
    // server to do, which may run with another configuration.
    if let Some(algorithm) = model.and_then(|key| Algorithm::from_name(&key.algorithm)) {
        options.audiences.default.algorithm = algorithm;
    }
    with_place(Countersign::open(store, options, master_keys, Clock::system(), random).await)
}

/// Whether a server could open what is there, as far as that can be said before its tables are brought up to date; gives
/// whether they have to be. Changes nothing, and makes nothing.
///
/// # Errors
/// As for [`open`].
pub(crate) async fn check(config: &Config) -> anyhow::Result<Tables> {
    let schema = store::schema(config).await?;
    if schema.version < schema.known.oldest && config.auto_migrate == Toggle::On {
        return Ok(Tables::Older);
    }
    check_current(config).await.map(|()| Tables::Current)
}

/// The tables of a database, for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    /// It can work with them.
    Current,
    /// It will change them first.
    Older,
}

async fn check_current(config: &Config) -> anyhow::Result<()> {
    let master_keys = master_key_file::require(config)?;
    let store = store::open_to_look(config).await?;
    let mut options = options(config, &config.issuer(0))?;
    options.signing = signing(config)?;
    let (clock, random) = (Clock::system(), Random::system());
    with_place(Countersign::check_open(&store, &options, &master_keys, clock, random).await)
}

/// Names the key whose value does not fit.
fn with_place<T>(opened: Result<T, OpenError>) -> anyhow::Result<T> {
    opened.map_err(|error| match error {
        OpenError::Pepper(_) => anyhow::Error::from(error).context("password.pepper_file"),
        error => error.into(),
    })
}

/// The configured signing method.
fn signing(config: &Config) -> anyhow::Result<Signing> {
    let Some(secret) = &config.jwt_secret else {
        return Ok(Signing::KeyPairs);
    };
    // The bytes of the text, not the bytes that its hex digits encode: verifying libraries do the same.
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.0.as_bytes())?))
}

/// A secret that is forgotten at once. A command that manages accounts needs no signing key, and must not
/// make one: it may run with another configuration than the server.
fn signs_nothing(random: &Random) -> anyhow::Result<Signing> {
    let secret = Zeroizing::new(random.bytes::<32>());
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.as_slice())?))
}
