//! [`GuardLayer`]: what a route demands of its callers.

use std::time::Duration;

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

    /// Also demands a sign-in of one of these classes (`acr`), the most wanted first. Others get 401
    /// `insufficient_user_authentication` with `acr_values`, and can sign in anew (RFC 9470). Called again, the last list
    /// counts; an empty one refuses everybody.
    ///
    /// Which names there are is the issuer's to say. A token without `acr` is of no class.
    #[must_use]
    pub fn require_acr<N: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.demands.set_acr_values(names.into_iter().map(Into::into).collect());
        self
    }

    /// Also demands that the user has signed in (`auth_time`) at most this long ago, in whole seconds. Others get 401
    /// `insufficient_user_authentication` with `max_age`, and can sign in anew (RFC 9470). For what a stolen session must
    /// not do: changing a password, paying.
    ///
    /// A token without `auth_time` is not enough.
    #[must_use]
    pub fn require_recent(mut self, max_age: Duration) -> Self {
        self.demands.set_max_age(max_age);
        self
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;
    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { inner, guard: self.guard.clone(), demands: self.demands.clone() }
    }
}
