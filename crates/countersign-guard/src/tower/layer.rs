//! What a route asks of its callers.

use tower_layer::Layer;

use super::GuardService;
use crate::Guard;

/// Lets through only requests with a good access token; see [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    role: Option<Box<str>>,
}

impl GuardLayer {
    pub(crate) const fn new(guard: Guard) -> Self {
        Self { guard, role: None }
    }

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
