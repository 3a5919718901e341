//! [`GuardLayer`]: what a route demands of its callers.

use tower_layer::Layer;

use super::demands::Demands;
use super::service::GuardService;
use crate::guard::Guard;

/// Lets through only requests with a valid access token; see [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    demands: Demands,
}

impl Guard {
    /// A tower layer that lets through only requests with a valid access token, and puts its
    /// [`AccessClaims`](crate::AccessClaims) into the request's extensions.
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer { guard: self.clone(), demands: Demands::default() }
    }
}

impl GuardLayer {
    /// Also demands this role; called again, each of the roles. Other callers get 403 `forbidden`.
    ///
    /// Roles are read as [`ClaimsPolicy::require_role`](countersign_jwt::ClaimsPolicy::require_role) says.
    #[must_use]
    pub fn require_role(mut self, role: impl Into<Box<str>>) -> Self {
        self.demands.add_role(role.into());
        self
    }

    /// Also demands this scope; called again, each of the scopes. Other callers get 403 `insufficient_scope`
    /// (RFC 6750 §3.1).
    ///
    /// Scopes are read as [`ClaimsPolicy::require_scope`](countersign_jwt::ClaimsPolicy::require_scope) says.
    #[must_use]
    pub fn require_scope(mut self, scope: impl Into<Box<str>>) -> Self {
        self.demands.add_scope(scope.into());
        self
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;
    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { inner, guard: self.guard.clone(), demands: self.demands.clone() }
    }
}
