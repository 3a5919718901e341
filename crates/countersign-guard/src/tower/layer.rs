//! What a route asks of its callers.

use tower_layer::Layer;

use super::service::GuardService;
use crate::guard::Guard;

/// Lets through only requests with a good access token; see [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    role: Option<Box<str>>,
}

impl Guard {
    /// A tower layer that lets through only requests with a valid access token, and puts its
    /// [`AccessClaims`](crate::AccessClaims) into the request's extensions.
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer { guard: self.clone(), role: None }
    }
}

impl GuardLayer {
    /// Also asks that the token's `role` claim is exactly this; other callers get 403.
    #[must_use]
    pub fn require_role(mut self, role: impl Into<Box<str>>) -> Self {
        self.role = Some(role.into());
        self
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;
    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { inner, guard: self.guard.clone(), role: self.role.clone() }
    }
}
