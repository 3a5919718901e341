//! Scopes and roles that one route demands of tokens that the guard has accepted.

use std::sync::Arc;

use crate::claims::AccessClaims;
use crate::refusal::Refusal;

/// The scopes and roles that a route demands beyond the guard's policy, all of them. Services are cloned for
/// each request, so clones share the lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands {
    scopes: Arc<[Box<str>]>,
    roles: Arc<[Box<str>]>,
}

impl Demands {
    pub(super) fn add_scope(&mut self, name: Box<str>) {
        self.scopes = with(&self.scopes, name);
    }

    pub(super) fn add_role(&mut self, name: Box<str>) {
        self.roles = with(&self.roles, name);
    }

    pub(super) fn check(&self, claims: &AccessClaims) -> Result<(), Refusal> {
        if !self.scopes.iter().all(|scope| claims.has_scope(scope)) {
            return Err(Refusal::ScopeRequired);
        }
        if !self.roles.iter().all(|role| claims.has_role(role)) {
            return Err(Refusal::RoleRequired);
        }
        Ok(())
    }
}

fn with(list: &[Box<str>], name: Box<str>) -> Arc<[Box<str>]> {
    list.iter().cloned().chain([name]).collect()
}
