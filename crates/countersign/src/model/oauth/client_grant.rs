//! What a client may do by itself (RFC 6749 §4.4), without anybody who has signed in: what its configuration names, and nothing else.
//! There is no row of that anywhere. A token has an ID of a session that never was, so it can be ended as one of a session can: by
//! a line of the revocation log.

use super::{OauthClient, Target};
use crate::base::id::SessionId;
use crate::model::api_key::Scopes;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::session::{EndedSession, Kept, PolicyAt, tokens_matter_until};

/// A client that has authenticated, and what a token for itself may say. Only the rule below makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGrant {
    client_id: String,
    audience: String,
    scopes: Scopes,
    session_id: SessionId,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientGrantRefusal {
    /// It is public, or its configuration names nothing that it may do by itself.
    NotAllowed,
    /// A scope was asked for that it may not have by itself.
    Scope,
    /// The token was asked for something else than one of its resources.
    Target,
}

impl ClientGrant {
    /// Grants what is asked for, or all that may be. `session_id` is what the token can be ended by.
    ///
    /// # Errors
    /// [`ClientGrantRefusal`].
    pub(crate) fn decide(
        client: &OauthClient,
        asked: Option<&Scopes>,
        target: &Target,
        session_id: SessionId,
    ) -> Result<Self, ClientGrantRefusal> {
        let allowed = &client.client_credentials_scopes;
        // SECURITY: whoever cannot keep a secret does not act for itself: anybody can name it (RFC 6749 §4.4).
        if client.is_public() || allowed.is_empty() {
            return Err(ClientGrantRefusal::NotAllowed);
        }
        let scopes = asked.filter(|scopes| !scopes.is_empty()).unwrap_or(allowed);
        if !scopes.are_among(allowed) {
            return Err(ClientGrantRefusal::Scope);
        }
        // SECURITY: never for the userinfo endpoint: nobody has signed in.
        let audience = target.among(&client.resources).filter(|name| !name.is_empty());
        Ok(Self {
            client_id: client.id.clone(),
            audience: audience.ok_or(ClientGrantRefusal::Target)?.to_owned(),
            scopes: scopes.clone(),
            session_id,
        })
    }

    /// The client: it is the subject too.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The name of the audience.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// What it may do there.
    #[must_use]
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// What its token can be ended by.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }
}

/// The end of a token that a client holds for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTokenEnd {
    /// What it has in the place of a session.
    pub session_id: SessionId,
    /// The client.
    pub client_id: String,
}

impl ClientTokenEnd {
    /// Ends it, unless that was done before.
    pub(crate) fn decide(self, kept: &Kept, at: PolicyAt) -> Plan<Option<EndedSession>> {
        if kept.log.contains(&self.session_id) {
            return Plan::nothing(None);
        }
        let ended = EndedSession { id: self.session_id, until: tokens_matter_until(at.now, at) };
        let event = AuditEvent::new(AuditKind::SessionEnded).of_session(self.session_id);
        let writes = vec![
            Write::InsertRevocation { ended, account_id: None, at: at.now },
            Write::Record(event.with_detail(format!("client {}", self.client_id))),
        ];
        Plan::new(Some(ended), writes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::base::random::Random;
    use crate::model::session::testing::{T, at};

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    fn client() -> OauthClient {
        let mut client = OauthClient::new("sync", "Sync").with_secret("secret");
        client.client_credentials_scopes = scopes("files:read files:write");
        client.resources = vec!["files".to_owned(), "reports".to_owned()];
        client
    }

    fn decide(
        client: &OauthClient,
        asked: &str,
        target: &Target,
    ) -> Result<(String, String), ClientGrantRefusal> {
        let id = SessionId::random(&Random::insecure_seeded(1));
        let grant = ClientGrant::decide(client, Some(&scopes(asked)), target, id)?;
        Ok((grant.audience().to_owned(), grant.scopes().to_string()))
    }

    /// RFC 6749 §4.4: what is not named is refused.
    #[test]
    fn a_client_does_by_itself_what_it_is_configured_for() {
        use ClientGrantRefusal::{NotAllowed, Scope};
        let first = &Target::First;
        let granted = |audience: &str, scopes: &str| Ok((audience.to_owned(), scopes.to_owned()));
        assert_eq!(decide(&client(), "", first), granted("files", "files:read files:write"));
        assert_eq!(decide(&client(), "files:read", first), granted("files", "files:read"));
        let reports = &Target::Named("reports".to_owned());
        assert_eq!(decide(&client(), "files:read", reports), granted("reports", "files:read"));
        for asked in ["openid", "files:read openid", "profile"] {
            assert_eq!(decide(&client(), asked, first), Err(Scope), "{asked}");
        }
        for target in [Target::Userinfo, Target::Named("other".to_owned()), Target::Named(String::new())] {
            assert_eq!(decide(&client(), "", &target), Err(ClientGrantRefusal::Target), "{target:?}");
        }
        let none = OauthClient { resources: Vec::new(), ..client() };
        assert_eq!(decide(&none, "", first), Err(ClientGrantRefusal::Target));
        let closed = OauthClient { client_credentials_scopes: Scopes::default(), ..client() };
        let public = OauthClient { secret_hashes: Vec::new(), ..client() };
        for other in [closed, public] {
            assert_eq!(decide(&other, "", first), Err(NotAllowed));
        }
    }

    #[test]
    fn its_token_ends_once() {
        let id = SessionId::random(&Random::insecure_seeded(1));
        let end = ClientTokenEnd { session_id: id, client_id: "sync".to_owned() };
        let mut kept = Kept { sessions: HashMap::new(), log: HashSet::new() };
        let (outcome, writes) = end.clone().decide(&kept, at(T)).into_parts();
        let ended = EndedSession { id, until: tokens_matter_until(T, at(T)) };
        assert_eq!((outcome, writes.len()), (Some(ended), 2));
        kept.log.insert(id);
        let (outcome, writes) = end.decide(&kept, at(T)).into_parts();
        assert_eq!((outcome, writes.len()), (None, 0));
    }
}
