//! API keys: a key works until it is revoked, expires or its account may have no session, and so do its tokens (AK-3, AK-4).

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, ApiKeyId};
use countersign::internal::flows::issue::AccessToken;
use countersign::internal::model::audit::{AuditEvent, AuditKind, RecordedKind};
use countersign::store::{AnyStore, ApiKeyStore as _};

use super::tokens::Token;
use super::{Auditor, End, Verdict, ensure};
use crate::executor::now;
use crate::world::Node;

/// What the auditor knows of an API key.
#[derive(Debug)]
pub(crate) struct KnownKey {
    account: AccountId,
    pub(crate) is_revoked: bool,
}

/// The tokens of a key that are cut off together.
#[derive(Debug)]
pub(super) struct KeyTokens {
    key: ApiKeyId,
    pub(super) access: Vec<Token>,
    pub(super) ended: Option<End>,
}

impl Auditor {
    /// Takes over what the audit log says about keys, and about accounts that may have no session any more.
    pub(super) fn read_of_keys(
        &mut self,
        event: &AuditEvent<RecordedKind>,
        end: &impl Fn(&str) -> End,
    ) -> Verdict {
        let kind = event.kind.known();
        match kind {
            Some(AuditKind::ApiKeyCreated) => {
                let account = event.account_id.ok_or("a key of nobody")?;
                let id = key_in(event)?;
                let is_new = self.keys.insert(id, KnownKey { account, is_revoked: false }).is_none();
                ensure(is_new, || format!("{id} was made twice"))
            }
            Some(AuditKind::ApiKeyRevoked) => {
                let id = key_in(event)?;
                let known = self.keys.get_mut(&id).ok_or("an unknown key was revoked")?;
                let was = std::mem::replace(&mut known.is_revoked, true);
                ensure(!was, || format!("J10: {id} was revoked twice"))?;
                self.end_key_tokens(|key, _| key == id, &end("revoked"));
                Ok(())
            }
            Some(AuditKind::AccountDisabled | AuditKind::PasswordChangeRequired) => {
                let account = event.account_id;
                self.end_key_tokens(|_, of| Some(of) == account, &end("account"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end_key_tokens(&mut self, is_meant: impl Fn(ApiKeyId, AccountId) -> bool, end: &End) {
        for tokens in self.key_tokens.values_mut().filter(|tokens| tokens.ended.is_none()) {
            if is_meant(tokens.key, self.keys[&tokens.key].account) {
                tokens.ended = Some(end.clone());
            }
        }
    }

    /// A key was exchanged for a token at this node.
    pub(crate) fn exchanged(
        &mut self,
        (id, expires_at): (ApiKeyId, Option<Timestamp>),
        token: &AccessToken,
        (number, node): (usize, &Node),
        (clock, jump): (Timestamp, i64),
    ) -> Verdict {
        let known = self.keys.get(&id).ok_or("a key that was never made")?;
        ensure(!known.is_revoked, || format!("AK-4: {id} was exchanged after it was revoked"))?;
        let text = token.token.as_str();
        let claims =
            node.server.guard().verify(text).map_err(|refusal| format!("J6: refused: {refusal:?}"))?;
        ensure(claims.subject() == known.account.to_string(), || format!("{id} acts for somebody else"))?;
        ensure(claims.client_id() == Some(&id.to_string()), || format!("{id} made the token of another"))?;
        if let Some(end) = expires_at {
            ensure(clock < end, || format!("AK-3: {id} was exchanged after it had expired"))?;
            let most = end.as_unix_seconds().max(clock.as_unix_seconds() + 1);
            ensure(claims.expires_at() <= most, || format!("AK-3: a token outlives {id}"))?;
        }
        let sid = claims.session_id().and_then(|sid| sid.parse().ok()).ok_or("a token without a session")?;
        let new = KeyTokens { key: id, access: Vec::new(), ended: None };
        let tokens = self.key_tokens.entry(sid).or_insert(new);
        ensure(tokens.key == id, || format!("{id} shares the session of another"))?;
        ensure(tokens.ended.is_none(), || format!("AK-4: {id} goes on with a session that was cut off"))?;
        tokens.access.push(Token { text: text.to_owned(), expires: claims.expires_at(), jump, node: number });
        Ok(())
    }

    /// LG-5: what is stored of each key is what the log says. A key that is not stored any more has been revoked or expired
    /// for long.
    pub(super) fn check_keys(&self, store: &AnyStore) -> Verdict {
        let stored = now(store.list_api_keys(None, 1_000)).map_err(|error| error.to_string())?;
        for key in stored {
            let known = self.keys.get(&key.id).ok_or_else(|| format!("J10: {} is not in the log", key.id))?;
            ensure(known.is_revoked == key.revoked_at.is_some(), || {
                format!("J5: {} is stored as {:?}, the log says {known:?}", key.id, key.revoked_at)
            })?;
        }
        Ok(())
    }
}

/// The ID ends the detail, behind the name.
fn key_in(event: &AuditEvent<RecordedKind>) -> Result<ApiKeyId, String> {
    let detail = event.detail.as_deref().unwrap_or_default();
    detail.rsplit(' ').next().and_then(|id| id.parse().ok()).ok_or_else(|| format!("no key in {detail:?}"))
}
