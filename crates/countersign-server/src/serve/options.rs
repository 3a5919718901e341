//! Turns the configuration and its files, the pepper and the logo, into the options of the library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use countersign::MasterKeys;
use countersign::Options;
use countersign::http::{Logo, PagesOptions};
use countersign::options::{HashingOptions, VerifyOnlyKey};
use countersign::render::{self, Brand, Faults, Templates};
use countersign_jwt::{JwkSet, VerifyingKey};

use crate::config::{Config, Toggle, read_oauth_keys, read_oauth_secret};

/// All options but the signing method. `origin` is the issuer.
///
/// # Errors
/// The pepper or the keys of another system cannot be read.
pub(crate) fn options(config: &Config, origin: &str) -> anyhow::Result<Options> {
    let mut options = config.library_options(origin)?;
    options.hashing.pepper = pepper(config)?;
    options.verify_only = verify_only(config)?;
    add_oauth_secrets(config, &mut options)?;
    if !options.oauth.clients.is_empty() {
        options.oauth.templates = Some(Arc::new(templates(config)?));
    }
    Ok(options)
}

/// The secrets of applications that are in files. One that cannot be read is an error: nobody could sign in to it.
fn add_oauth_secrets(config: &Config, options: &mut Options) -> anyhow::Result<()> {
    for (configured, client) in config.settings.oauth_clients().iter().zip(&mut options.oauth.clients) {
        let wrong = |key: &str, why: String| {
            anyhow::anyhow!("oauth.clients: the {key} of {:?}: {why}", configured.client.id)
        };
        *client = configured.client.clone();
        if let Some(path) = &configured.secret_file {
            let secret = read_oauth_secret(&config.settings.in_folder(path));
            *client = client.clone().with_secret(&secret.map_err(|why| wrong("secret_file", why))?);
        }
        if let Some(path) = &configured.jwks_file {
            let keys = read_oauth_keys(&config.settings.in_folder(path));
            client.keys = keys.map_err(|why| wrong("jwks_file", why))?;
        }
    }
    Ok(())
}

/// How passwords are hashed.
///
/// # Errors
/// The pepper cannot be read.
pub(crate) fn hashing(config: &Config) -> anyhow::Result<HashingOptions> {
    let mut hashing = config.hashing_options()?;
    hashing.pepper = pepper(config)?;
    Ok(hashing)
}

/// Whose pages they are, and which of them there are.
///
/// # Errors
/// The logo cannot be read, or is none.
pub(crate) fn pages(config: &Config) -> anyhow::Result<PagesOptions> {
    let read = |path: &PathBuf| {
        Logo::read_file(path).with_context(|| format!("pages.logo_file: {} cannot be used", path.display()))
    };
    Ok(PagesOptions {
        product_name: config.pages_name.clone(),
        logo: config.pages_logo_file.as_ref().map(read).transpose()?,
        accent: config.pages_accent_color.unwrap_or_default(),
        languages: config.languages.clone(),
        home: (config.pages_front == Toggle::On).then(|| "./".to_owned()),
        account: config.pages_account == Toggle::On,
        admin: config.pages_admin == Toggle::On,
        debugger: config.pages_debugger == Toggle::On,
        docs: config.pages_docs == Toggle::On,
        device_proof: config.pages_device_proof == Toggle::On,
        demo_users: Vec::new(), // of `countersign dev` only
    })
}

/// The keys of another system. One that cannot be used is an error: its tokens would be refused without a word.
fn verify_only(config: &Config) -> anyhow::Result<Vec<VerifyOnlyKey>> {
    let (Some(path), Some(until)) = (&config.keys_verify_only_file, config.keys_verify_only_until) else {
        return Ok(Vec::new());
    };
    let place = || format!("keys.verify_only_file: {} cannot be used", path.display());
    let text = std::fs::read_to_string(path).with_context(place)?;
    let keys = if text.contains("\"keys\"") {
        JwkSet::parse(&text).with_context(place)?.keys().to_vec()
    } else {
        vec![VerifyingKey::from_jwk(&text).with_context(place)?]
    };
    Ok(keys.into_iter().map(|key| VerifyOnlyKey { key, until }).collect())
}

/// What mails and pages say.
///
/// # Errors
/// Everything that is wrong with the files of `templates`, and languages without sentences.
pub(crate) fn templates(config: &Config) -> anyhow::Result<Templates> {
    templates_of(config, config.templates.as_deref()).map_err(|faults| {
        anyhow::anyhow!(
            "templates: they cannot be used; `countersign templates check` says this too:\n{faults}"
        )
    })
}

/// Whether mails and pages can say it, for servers that send no mails, too. What is in the program can: its tests try it, and no
/// start compiles it to throw it away.
///
/// # Errors
/// Those of [`templates`].
pub(crate) fn check_templates(config: &Config) -> anyhow::Result<()> {
    let is_built_in =
        |tag: &String| render::embedded().iter().any(|(path, _)| *path == format!("words/{tag}.ftl"));
    if config.templates.is_none() && config.languages.iter().all(is_built_in) {
        return Ok(());
    }
    templates(config).map(drop)
}

/// The same with the files of this directory.
///
/// # Errors
/// The same.
pub(crate) fn templates_of(config: &Config, directory: Option<&Path>) -> Result<Templates, Faults> {
    let brand = Brand {
        product_name: config.pages_name.clone(),
        accent: config.pages_accent_color.unwrap_or_default(),
        has_logo: config.pages_logo_file.is_some(),
    };
    Templates::load(directory, &config.languages, brand)
}

/// A configured file must exist: without it, new hashes would be stored unencrypted.
fn pepper(config: &Config) -> anyhow::Result<Option<MasterKeys>> {
    if let Some(secret) = &config.password_pepper {
        return MasterKeys::parse(&secret.0).map(Some).context("password.pepper");
    }
    let Some(path) = &config.password_pepper_file else { return Ok(None) };
    let keys = MasterKeys::read_file(path).context("password.pepper_file")?;
    let missing = || {
        format!(
            "password.pepper_file: {} does not exist; put it back, or for the first time make one with: \
             (umask 077; countersign secret > {0})",
            path.display()
        )
    };
    keys.with_context(missing).map(Some)
}
