//! What SIGHUP changes in a running server: the values of the live keys of the configuration, the webhooks, and what is in the files for
//! mails and of secrets. A configuration or a file that cannot be used changes nothing.

use std::sync::Arc;

use axum::Router;
use tokio::sync::watch;

use crate::config::{Changes, Config};
use crate::logging::Log;
use crate::net::listen::Routes;
use crate::serve::instance::Instance;
use crate::serve::mail::mail;
use crate::serve::webhooks::{self, Receivers};

/// Reads the configuration from its sources.
pub(crate) type Read<'a> = &'a dyn Fn() -> anyhow::Result<Config>;

/// What is in force, and what it is in force in.
pub(super) struct Live<'a> {
    pub(super) config: &'a mut Config,
    pub(super) read: Read<'a>,
    pub(super) log: &'a Log,
    pub(super) instance: &'a Arc<Instance>,
    pub(super) routes: &'a Routes,
    pub(super) webhooks: &'a watch::Sender<Receivers>,
    /// Makes the routes of a configuration.
    pub(super) make_router: &'a dyn Fn(&Config) -> Router,
}

impl Live<'_> {
    /// Reads the configuration again, takes over what can be, and says what cannot.
    pub(super) fn reload(&mut self) {
        let read = (self.read)().and_then(|new| {
            // Also where no key has changed: a password or a template may have, in its file. One that cannot be used changes nothing.
            if self.config.mail_url.is_some() {
                mail(&new)?;
            }
            let receivers = webhooks::receivers(&new)?;
            Ok((new, receivers))
        });
        let Changes { taken_over, need_restart } = match read {
            Ok((new, receivers)) => {
                // Also where none has changed: a secret may have, and who has mended one need not wait for the next attempt.
                self.webhooks.send_replace(Arc::new(receivers));
                self.config.take_over(&new)
            }
            Err(error) => return tracing::error!("SIGHUP: the configuration is not taken over: {error:#}"),
        };
        self.set_mail();
        if !taken_over.is_empty() {
            self.apply();
            tracing::info!(keys = taken_over.join(", "), "SIGHUP: taken over");
        }
        if !need_restart.is_empty() {
            tracing::warn!(keys = need_restart.join(", "), "SIGHUP: has changed, and needs a restart");
        }
        if taken_over.is_empty() && need_restart.is_empty() {
            tracing::info!("SIGHUP: the configuration has not changed");
        }
    }

    /// By what is in force now: a language that needs a restart is not in mails before it is on pages.
    fn set_mail(&self) {
        let set = match mail(self.config) {
            Ok(Some(mail)) => self.instance.set_mail(mail).map_err(anyhow::Error::from),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = set {
            tracing::error!("SIGHUP: mails are sent as before: {error:#}");
        }
    }

    fn apply(&self) {
        self.log.set_level(&self.config.log_level);
        self.routes.store(Arc::new((self.make_router)(self.config)));
        if let Err(error) = self.instance.set_throttle(self.config.throttle_options()) {
            tracing::error!(%error, "SIGHUP: the throttle stays as it was");
        }
    }
}
