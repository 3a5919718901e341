//! What SIGHUP changes in a running server: the values of the live keys of the configuration. A configuration that cannot be
//! used changes nothing.

use std::sync::Arc;

use axum::Router;

use crate::config::{Changes, Config};
use crate::logging::Log;
use crate::net::listen::Routes;
use crate::serve::instance::Instance;

/// Reads the configuration from its sources.
pub(crate) type Read<'a> = &'a dyn Fn() -> anyhow::Result<Config>;

/// What is in force, and what it is in force in.
pub(super) struct Live<'a> {
    pub(super) config: &'a mut Config,
    pub(super) read: Read<'a>,
    pub(super) log: &'a Log,
    pub(super) instance: &'a Arc<Instance>,
    pub(super) routes: &'a Routes,
    /// Makes the routes of a configuration.
    pub(super) make_router: &'a dyn Fn(&Config) -> Router,
}

impl Live<'_> {
    /// Reads the configuration again, takes over what can be, and says what cannot.
    pub(super) fn reload(&mut self) {
        let Changes { taken_over, need_restart } = match (self.read)() {
            Ok(new) => self.config.take_over(&new),
            Err(error) => return tracing::error!("SIGHUP: the configuration is not taken over: {error:#}"),
        };
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

    fn apply(&self) {
        self.log.set_level(&self.config.log_level);
        self.routes.store(Arc::new((self.make_router)(self.config)));
        if let Err(error) = self.instance.set_throttle(self.config.throttle_options()) {
            tracing::error!(%error, "SIGHUP: the throttle stays as it was");
        }
    }
}
