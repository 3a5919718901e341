//! API keys: people and the administrator make them, programs use them, somebody revokes them.

use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, ApiKeyId};
use countersign::internal::flows::api_keys::{AddApiKeyError, ApiKeySpec};
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::issue::AccessToken;
use countersign::internal::model::api_key::{ApiKey, ApiKeyName, ApiKeySecret, Scopes};
use countersign::internal::model::context::Context;
use countersign::store::sqlite::OpenMode;
use countersign::store::{ApiKeyStore as _, StoreError};

use super::undo::NOBODY_KNOWS;
use super::{Call, Done, Server, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::{Task, now};

/// A key that somebody has.
pub(super) struct Key {
    id: ApiKeyId,
    person: usize,
    secret: String,
    expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(super) enum KeyCall {
    /// With the password of its owner, or without one for the administrator. How often the account had changed by then.
    Make {
        person: usize,
        password: Option<String>,
        lifetime: Option<i64>,
        changes: u32,
    },
    /// Which key, and how often its account had changed by then.
    Use(usize, u32),
    Revoke(usize),
}

pub(super) enum KeyDone {
    Made(Result<(ApiKey, ApiKeySecret), AddApiKeyError>),
    Used(Result<Option<AccessToken>, String>),
    Revoked(Result<bool, StoreError>),
}

impl World {
    pub(super) fn makes_key(&mut self, person: usize, is_owner: bool, lifetime: Option<i64>) {
        let found = &self.people[person];
        let (changes, password) = (found.changes, is_owner.then(|| found.password.clone()));
        self.send(0, Call::Key(KeyCall::Make { person, password, lifetime, changes }));
    }

    pub(super) fn uses_key(&mut self) {
        if let Some(key) = self.any_key() {
            let changes = self.people[self.api_keys[key].person].changes;
            self.send(0, Call::Key(KeyCall::Use(key, changes)));
        }
    }

    /// Somebody who is signed in, or the command line.
    pub(super) fn revokes_key(&mut self, by_tool: bool) -> Verdict {
        let Some(key) = self.any_key() else { return Ok(()) };
        if !by_tool {
            self.send(0, Call::Key(KeyCall::Revoke(key)));
            return Ok(());
        }
        let tool = self.place.open(OpenMode::Tool, self.options.sessions);
        let revoked = now(tool.revoke_api_key(self.api_keys[key].id, None, &self.operator(0)));
        revoked.map_err(|error| error.to_string())?;
        self.audit(&[], None)
    }

    fn any_key(&self) -> Option<usize> {
        let count = self.api_keys.len() as u64;
        (count > 0).then(|| usize::try_from(self.below(count)).unwrap())
    }

    pub(super) fn start_with_key(&self, call: KeyCall, server: Server, context: Context) -> Task<Done> {
        match call {
            KeyCall::Make { person, password, lifetime, .. } => {
                let account = self.people[person].account;
                let name = ApiKeyName::parse("nightly").unwrap();
                let after = |ms: i64| context.now.plus(Duration::from_millis(ms.unsigned_abs()));
                let expires_at = lifetime.map(after);
                let spec = ApiKeySpec { name, audience: None, scopes: Scopes::default(), expires_at };
                Box::pin(async move {
                    Done::Key(KeyDone::Made(make(&server, (account, password), spec, &context).await))
                })
            }
            KeyCall::Use(key, _) => {
                let secret = self.api_keys[key].secret.clone();
                Box::pin(async move { Done::Key(KeyDone::Used(exchange(&server, &secret, &context).await)) })
            }
            KeyCall::Revoke(key) => {
                let Key { id, person, .. } = self.api_keys[key];
                let account = self.people[person].account;
                Box::pin(async move {
                    Done::Key(KeyDone::Revoked(server.revoke_api_key(id, Some(account), &context).await))
                })
            }
        }
    }

    pub(super) fn key_done(
        &mut self,
        done: KeyDone,
        call: &KeyCall,
        (node, context): (usize, &Context),
    ) -> Verdict {
        self.audit_records(&[], Some(node))?;
        match (done, call) {
            (KeyDone::Made(made), KeyCall::Make { person, password, changes, .. }) => {
                self.key_made(made, (*person, *changes), password.as_deref(), self.now(node))
            }
            (KeyDone::Used(used), KeyCall::Use(key, changes)) => {
                self.key_used(used?, (*key, *changes), node, context.now)
            }
            (KeyDone::Revoked(revoked), KeyCall::Revoke(key)) => {
                revoked.map_err(|error| error.to_string())?;
                let id = self.api_keys[*key].id;
                ensure(self.auditor.keys[&id].is_revoked, || format!("AK-4: {id} was revoked, and is not"))
            }
            _ => Err("a task that answers something else".to_owned()),
        }
    }

    fn key_made(
        &mut self,
        made: Result<(ApiKey, ApiKeySecret), AddApiKeyError>,
        (number, changes): (usize, u32),
        password: Option<&str>,
        clock: Timestamp,
    ) -> Verdict {
        let person = &mut self.people[number];
        let right = password.is_none_or(|password| person.password == password && password != NOBODY_KNOWS);
        let may = person.enabled && !person.required;
        let has_changed = changes != person.changes;
        match made {
            Ok((key, secret)) => {
                ensure(right, || "CC-3: a key for a password that is not right any more".to_owned())?;
                ensure(may, || "AK-3: a key for an account that may have no session".to_owned())?;
                let (secret, expires_at) = (secret.as_str().to_owned(), key.expires_at);
                self.api_keys.push(Key { id: key.id, person: number, secret, expires_at });
            }
            Err(AddApiKeyError::WrongPassword) => {
                ensure(!right || !may || has_changed, || {
                    "a right password was refused for a key".to_owned()
                })?;
                return Ok(());
            }
            Err(AddApiKeyError::NoAccount) => {
                ensure(!may || has_changed, || "an account was refused a key".to_owned())?;
            }
            Err(AddApiKeyError::Overtaken) => {
                ensure(has_changed, || "a password was not changed in the meantime".to_owned())?;
            }
            Err(AddApiKeyError::TooMany | AddApiKeyError::Check(CheckError::Throttled(_))) => return Ok(()),
            Err(error) => return Err(format!("a key was not made: {error}")),
        }
        if password.is_some() {
            self.people[number].right_at = Some(clock);
        }
        Ok(())
    }

    fn key_used(
        &mut self,
        used: Option<AccessToken>,
        (number, changes): (usize, u32),
        node: usize,
        clock: Timestamp,
    ) -> Verdict {
        let Key { id, person, expires_at, .. } = self.api_keys[number];
        let person = &self.people[person];
        let may = person.enabled && !person.required;
        let has_changed = changes != person.changes;
        let Some(token) = used else {
            let is_over = self.auditor.keys[&id].is_revoked || expires_at.is_some_and(|end| clock >= end);
            return ensure(is_over || !may || has_changed, || format!("{id} works, and was refused"));
        };
        ensure(may, || format!("AK-3: {id} was exchanged, and its account may have no session"))?;
        let at = (clock, self.jump);
        self.auditor.exchanged((id, expires_at), &token, (node, &self.nodes[node]), at)
    }
}

async fn make(
    server: &Server,
    (account, password): (AccountId, Option<String>),
    spec: ApiKeySpec,
    context: &Context,
) -> Result<(ApiKey, ApiKeySecret), AddApiKeyError> {
    let Some(password) = password else { return server.add_api_key(account, spec, context).await };
    let owner = server.check_owner(account, &password, context).await?;
    server.add_own_api_key(owner, spec, context).await
}

/// As the token endpoint does it.
async fn exchange(server: &Server, secret: &str, context: &Context) -> Result<Option<AccessToken>, String> {
    let found = server.find_by_api_key(secret, context).await.map_err(|error| error.to_string())?;
    let Some(grant) = found else { return Ok(None) };
    let exchanged = server.exchange_api_key(&grant, None, context.now).await;
    exchanged.map(|(token, _)| Some(token)).map_err(|error| error.to_string())
}
