//! What is connected to an account, and how it is disconnected: what its owner has allowed an application and the sessions that it
//! has are one thing to them. An application may have either without the other.

use super::Consent;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::api_key::Scopes;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::session::{EndReason, EndedSession, PolicyAt, Session, end_all};

/// An application that may do something for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectedApp {
    /// The client's ID.
    pub client_id: String,
    /// What it may do, for any of the resources.
    pub scopes: Scopes,
    /// The names of the audiences that it may ask tokens for, in alphabetical order.
    pub resources: Vec<String>,
    /// Since when: the first of what there is now.
    pub since: Timestamp,
    /// When it last got a token; none if it has no session.
    pub last_used_at: Option<Timestamp>,
}

/// The applications of an account, by its consents and its live sessions: the one that was used last is the first.
pub(crate) fn connected(consents: &[Consent], sessions: &[Session]) -> Vec<ConnectedApp> {
    let of_consents = consents
        .iter()
        .map(|consent| (&consent.client_id, &consent.scopes, &consent.resources, consent.granted_at, None));
    let of_sessions = sessions.iter().filter_map(|session| {
        let app = session.app.as_ref()?;
        Some((&app.client_id, &app.scopes, &app.resources, session.created_at, Some(session.rotated_at)))
    });
    let mut apps: Vec<ConnectedApp> = Vec::new();
    for (client_id, scopes, resources, since, last_used_at) in of_consents.chain(of_sessions) {
        match apps.iter_mut().find(|app| app.client_id == *client_id) {
            Some(app) => {
                app.scopes = app.scopes.and(scopes);
                app.resources.extend(resources.iter().cloned());
                app.since = app.since.min(since);
                app.last_used_at = app.last_used_at.max(last_used_at);
            }
            None => apps.push(ConnectedApp {
                client_id: client_id.clone(),
                scopes: scopes.clone(),
                resources: resources.clone(),
                since,
                last_used_at,
            }),
        }
    }
    for app in &mut apps {
        app.resources.sort_unstable();
        app.resources.dedup();
    }
    apps.sort_by(|one, other| {
        other.last_used_at.cmp(&one.last_used_at).then_with(|| one.client_id.cmp(&other.client_id))
    });
    apps
}

/// Ends the sessions of an application, and lets the owner of the account be asked again (OI-6). `None`: it is not connected.
pub(crate) fn disconnect(
    (account_id, client_id): (AccountId, &str),
    consents: &[Consent],
    open: &[Session],
    at: PolicyAt,
) -> Plan<Option<Vec<EndedSession>>> {
    let is_its = |session: &&Session| session.app.as_ref().is_some_and(|app| app.client_id == client_id);
    let is_allowed = consents.iter().any(|consent| consent.client_id == client_id);
    let mut writes = Vec::new();
    let ended = end_all(open.iter().filter(is_its), EndReason::Ended, at, &mut writes);
    if ended.is_empty() && !is_allowed {
        return Plan::nothing(None);
    }
    writes.push(Write::ForgetConsents { account_id, client_id: client_id.to_owned() });
    let event = AuditEvent::new(AuditKind::AppDisconnected).of_account(account_id);
    writes.push(Write::Record(event.with_detail(client_id.to_owned())));
    Plan::new(Some(ended), writes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::oauth::AppGrant;
    use crate::model::session::testing::{T, account, at, session_of};

    fn later(seconds: u64) -> Timestamp {
        T.plus(Duration::from_secs(seconds))
    }

    fn consent(client_id: &str, scopes: &str, resources: &[&str], granted_at: Timestamp) -> Consent {
        Consent {
            account_id: account().id,
            client_id: client_id.to_owned(),
            resources: resources.iter().map(|&name| name.to_owned()).collect(),
            scopes: Scopes::parse(scopes).unwrap(),
            granted_at,
        }
    }

    fn session(seed: u64, client_id: &str, scopes: &str, used: Timestamp) -> Session {
        let app = AppGrant {
            client_id: client_id.to_owned(),
            scopes: Scopes::parse(scopes).unwrap(),
            resources: vec!["files".to_owned()],
        };
        Session { app: Some(Box::new(app)), rotated_at: used, ..session_of(&account(), seed) }
    }

    #[test]
    fn an_application_is_one_thing_however_it_is_connected() {
        let consents = [
            consent("shop", "openid", &[], later(3)),
            consent("shop", "email", &["reports", "files"], later(1)),
            consent("wiki", "openid", &[], later(5)),
        ];
        let sessions = [
            session_of(&account(), 1),
            session(2, "shop", "openid", later(10)),
            session(3, "shop", "profile", later(20)),
            session(4, "part", "openid", later(15)),
        ];
        let apps = connected(&consents, &sessions);
        let said: Vec<_> = apps
            .iter()
            .map(|app| {
                (app.client_id.as_str(), app.scopes.to_string(), app.resources.join(" "), app.last_used_at)
            })
            .collect();
        assert_eq!(
            said,
            [
                ("shop", "email openid profile".to_owned(), "files reports".to_owned(), Some(later(20))),
                ("part", "openid".to_owned(), "files".to_owned(), Some(later(15))),
                ("wiki", "openid".to_owned(), String::new(), None),
            ]
        );
        assert_eq!([apps[0].since, apps[2].since], [T, later(5)]);
    }

    /// OI-6: its sessions and what it was allowed, and nothing of anybody else.
    #[test]
    fn an_application_is_disconnected_as_a_whole() {
        let (bob, consents) = (account().id, [consent("wiki", "openid", &[], T)]);
        let open =
            [session_of(&account(), 1), session(2, "shop", "openid", T), session(3, "part", "openid", T)];
        let ids = |client: &str| {
            let plan = disconnect((bob, client), &consents, &open, at(T));
            let forgets = Write::ForgetConsents { account_id: bob, client_id: client.to_owned() };
            let is_forgotten = plan.writes().contains(&forgets);
            let ended = plan.carried_out();
            assert_eq!(is_forgotten, ended.is_some(), "{client}");
            ended.map(|ended| ended.iter().map(|ended| ended.id).collect::<Vec<_>>())
        };
        assert_eq!(ids("shop"), Some(vec![open[1].id]));
        assert_eq!(ids("wiki"), Some(vec![]), "allowed, and without a session");
        assert_eq!(ids("other"), None);
        assert_eq!(ids(""), None);
    }
}
