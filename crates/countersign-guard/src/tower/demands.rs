//! Scopes, roles and a kind of sign-in that one route demands of tokens that the guard has accepted.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::ClaimsPolicy;

use crate::claims::AccessClaims;
use crate::refusal::{Refusal, StepUp};

/// What a route demands beyond the guard's policy: of scopes and roles, all of them. Services are cloned for
/// each request, so clones share the lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands {
    scopes: Arc<[Box<str>]>,
    roles: Arc<[Box<str>]>,
    sign_in: StepUp,
}

impl Demands {
    pub(super) fn add_scope(&mut self, name: Box<str>) {
        self.scopes = with(&self.scopes, name);
    }

    pub(super) fn add_role(&mut self, name: Box<str>) {
        self.roles = with(&self.roles, name);
    }

    pub(super) fn set_acr_values(&mut self, names: Arc<[Box<str>]>) {
        self.sign_in.acr_values = Some(names);
    }

    pub(super) fn set_max_age(&mut self, max_age: Duration) {
        self.sign_in.max_age_seconds = Some(max_age.as_secs());
    }

    /// Whoever may not do this at all is not asked to sign in again for it.
    pub(super) fn check(&self, claims: &AccessClaims, now: i64) -> Result<(), Refusal> {
        if !self.scopes.iter().all(|scope| claims.has_scope(scope)) {
            return Err(Refusal::ScopeRequired);
        }
        if !self.roles.iter().all(|role| claims.has_role(role)) {
            return Err(Refusal::RoleRequired);
        }
        if !self.is_enough(claims, now) {
            return Err(Refusal::SignInRequired(self.sign_in.clone()));
        }
        Ok(())
    }

    /// A token that does not say how or when its owner signed in is not enough.
    fn is_enough(&self, claims: &AccessClaims, now: i64) -> bool {
        let StepUp { acr_values, max_age_seconds } = &self.sign_in;
        let is_class = acr_values.as_ref().is_none_or(|accepted| {
            claims.acr().is_some_and(|acr| accepted.iter().any(|accepted| **accepted == *acr))
        });
        let is_recent = max_age_seconds.is_none_or(|max_age| {
            let earliest = now.saturating_sub(i64::try_from(max_age).unwrap_or(i64::MAX));
            // A sign-in that is to come is none; two clocks differ by no more than this.
            let latest = now.saturating_add(ClaimsPolicy::MAX_LEEWAY.as_secs().cast_signed());
            claims.auth_time().is_some_and(|at| (earliest..=latest).contains(&at))
        });
        is_class && is_recent
    }
}

fn with(list: &[Box<str>], name: Box<str>) -> Arc<[Box<str>]> {
    list.iter().cloned().chain([name]).collect()
}
