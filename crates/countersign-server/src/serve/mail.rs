//! Who takes mails: what `[mail]` names, or in development the terminal and a page.

use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use countersign::mail::{MailServer, Mailer};
use countersign::options::MailOptions;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::serve::options::templates;

/// How mails are sent; none where no server is configured.
///
/// # Errors
/// The file with the password or with the certificate authorities, or the templates cannot be used.
pub(crate) fn mail(config: &Config) -> anyhow::Result<Option<MailOptions>> {
    let (Some(url), Some(from)) = (&config.mail_url, &config.mail_from) else { return Ok(None) };
    let mut server = MailServer::new(url.clone());
    server.password = password(config)?;
    if let Some(path) = &config.mail_ca_file {
        let read = fs::read(path).with_context(|| format!("mail.ca_file: cannot read {}", path.display()))?;
        server.ca = Some(read);
    }
    let mailer = server.mailer().context("mail.url")?;
    options(config, mailer, from.0.clone()).map(Some)
}

/// Mails that this mailer takes, from the configured address or this one.
///
/// # Errors
/// The templates cannot be used.
pub(crate) fn options(config: &Config, mailer: Mailer, from: String) -> anyhow::Result<MailOptions> {
    let mut options = MailOptions::new(mailer, from);
    options.reply_to = config.mail_reply_to.as_ref().map(|address| address.0.clone());
    options.templates = Some(Arc::new(templates(config)?));
    Ok(options)
}

fn password(config: &Config) -> anyhow::Result<Option<Zeroizing<String>>> {
    if let Some(secret) = &config.mail_password {
        return Ok(Some(secret.0.clone()));
    }
    let Some(path) = &config.mail_password_file else { return Ok(None) };
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("mail.password_file: cannot read {}", path.display()))?;
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
}
