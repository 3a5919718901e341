//! Looks at the store, and at what is kept in it.

use std::net::SocketAddr;

use countersign::options::HashingOptions;
use countersign::store::postgres::{self, OpenError as PostgresError};
use countersign::store::sqlite::{self, OpenError as SqliteError};
use countersign::store::{
    AccountStore as _, AnyStore, AuditReaderStore as _, KeyStore as _, SchemaStatus, StoreError, Upkeep as _,
};
use countersign::{AccountFilter, AuditReader, Clock, Role};

use super::{consumer, file, passwords};
use crate::cli::doctor::consumers::Consumer;
use crate::cli::doctor::seen::{
    BackupSeen, KeysSeen, PasswordsSeen, PeopleSeen, PostgresSeen, Refused, RefusedKind, SchemaSeen, Seen,
    SigningKeySeen, StoreSeen, WebhookSeen,
};
use crate::config::{Config, Toggle};
use crate::serve::{master_key_file, store};

/// Adds what is seen. What the store does not answer is a reason why it cannot be used.
pub(super) async fn store(config: &Config, asked: StoreAsked<'_>, seen: &mut Seen) {
    let place = store::shown(config);
    let refused = match look(config, asked, seen).await {
        Ok(()) => None,
        Err(error) => Some(Refused { kind: kind(&error), why: format!("{error:#}") }),
    };
    let schema = match &refused {
        Some(refused) if refused.kind != RefusedKind::Schema => None,
        _ => store::schema(config).await.ok().map(|status| schema(status, config)),
    };
    seen.store = Some(StoreSeen { place, refused, schema });
}

/// What password hashes cost, if they are looked at; and a token that a consumer is to take.
pub(super) type StoreAsked<'a> = (Option<(PasswordsSeen, HashingOptions)>, Option<(Consumer, &'a str)>);

async fn look(config: &Config, (costs, token): StoreAsked<'_>, seen: &mut Seen) -> anyhow::Result<()> {
    let (mut passwords, hashing) = costs.unzip();
    seen.passwords.clone_from(&passwords);
    store::require(config)?;
    match &config.store {
        None => {
            let path = store::shown_path(&config.database_path());
            seen.file = Some(file::file(&path, &sqlite::inspect(&path)?));
        }
        Some(url) => {
            let found = postgres::inspect(url, &Clock::system()).await?;
            seen.postgres = Some(PostgresSeen::new(&found, url, config.store_direct.is_some()));
            if found.schema.is_none() {
                anyhow::bail!("{url} has no tables yet; make them with: countersign init");
            }
        }
    }
    let opened = store::open_to_look(config).await?;
    contents(&opened, config, seen).await?;
    if let (Some(passwords), Some(hashing)) = (&mut passwords, &hashing) {
        passwords::sample(&opened, hashing, passwords).await?;
    }
    seen.passwords = passwords;
    if let Some((name, token)) = token {
        let options =
            config.library_options(&config.issuer(config.listen.first().map_or(0, SocketAddr::port)))?;
        let keys = consumer::keys(&opened, config).await?;
        seen.consumer = Some(consumer::consumer(name, token, &keys, &options));
    }
    Ok(())
}

async fn contents(opened: &AnyStore, config: &Config, seen: &mut Seen) -> Result<(), StoreError> {
    let now = Clock::system().now();
    let administrators = AccountFilter {
        role: Some(Role::admin()),
        disabled: Some(false),
        has_password: Some(true),
        ..AccountFilter::default()
    };
    let accounts = opened.count_accounts(AccountFilter::default()).await?;
    seen.people = Some(PeopleSeen { accounts, administrators: opened.count_accounts(administrators).await? });
    if config.store.is_none() {
        seen.backup = Some(BackupSeen { last: opened.last_backup().await?, now, accounts });
    }
    seen.keys = Some(keys(opened, config).await?);
    let mut webhooks = Vec::new();
    for webhook in config.settings.webhooks() {
        let AuditReader { failing, off, .. } = opened.audit_reader(webhook.reader()).await?;
        let (failing_since, off_since) = (failing.map(|failing| failing.since), off.map(|off| off.at));
        webhooks.push(WebhookSeen { name: webhook.name.clone(), failing_since, off_since });
    }
    seen.webhooks = Some(webhooks);
    Ok(())
}

async fn keys(opened: &AnyStore, config: &Config) -> Result<KeysSeen, StoreError> {
    let configured = master_key_file::require(config).ok();
    let options = config.library_options(&config.issuer(0)).ok();
    let audiences = options
        .iter()
        .flat_map(|options| std::iter::once(&options.audiences.default).chain(&options.audiences.others));
    let id_tokens = options.iter().flat_map(|options| &options.oauth.clients);
    let id_tokens = id_tokens.map(|client| client.id_token_algorithm);
    let algorithms = audiences.map(|audience| audience.algorithm).chain(id_tokens);
    let mut in_use: Vec<_> = algorithms.map(|algorithm| algorithm.name().to_owned()).collect();
    in_use.sort();
    in_use.dedup();
    let signing = opened.signing_keys().await?.into_iter().map(|key| SigningKeySeen {
        sealed_under: key.sealed_under(),
        kid: key.kid,
        algorithm: key.algorithm,
        active_from: key.active_from,
    });
    Ok(KeysSeen {
        fingerprints: opened.master_key_fingerprints().await?,
        current: configured.as_ref().map_or(0, countersign::MasterKeys::current_id),
        configured: configured.map(|keys| keys.fingerprints().into_iter().collect()).unwrap_or_default(),
        is_shared_secret: config.jwt_secret.is_some(),
        in_use,
        signing: signing.collect(),
        rotate_every: config.keys_rotate_every,
        publish_before: config.keys_publish_before,
        now: Some(Clock::system().now()),
    })
}

fn schema(status: SchemaStatus, config: &Config) -> SchemaSeen {
    SchemaSeen {
        version: status.version,
        to_expand: status.to_expand,
        to_contract: status.to_contract,
        expands_by_itself: config.auto_migrate == Toggle::On,
    }
}

/// What kind of refusal it is.
fn kind(error: &anyhow::Error) -> RefusedKind {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(SqliteError::OldSqlite(_)), _) | (_, Some(PostgresError::OldServer { .. })) => {
            RefusedKind::Version
        }
        (Some(SqliteError::Schema { .. }), _) | (_, Some(PostgresError::Schema { .. })) => {
            RefusedKind::Schema
        }
        (_, Some(PostgresError::NotPrimary { .. })) => RefusedKind::NotPrimary,
        (_, Some(PostgresError::NotDurable { .. })) => RefusedKind::NotDurable,
        _ => RefusedKind::Other,
    }
}
