//! An application that an account is connected to.

use crate::model::oauth::{ConnectedApp, host_of};
use crate::options::OauthClient;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// An application that may do something for an account.
    ConnectedAppView {
        client_id: &'a str,
        /// What it is called; its ID if it is not configured any more.
        name: &'a str,
        /// Where responses to it go: hosts, or schemes of programs. None if it is not configured any more.
        hosts: Vec<&'a str>,
        /// What it may do.
        scope: String,
        /// The names of the audiences that it may ask tokens for.
        resources: &'a [String],
        /// Since when.
        since: Instant,
        /// When it last got a token; none if it has no session.
        last_used_at: Option<Instant>,
    }
}

impl<'a> ConnectedAppView<'a> {
    /// The view of an application, with how it is configured.
    #[must_use]
    pub fn new(app: &'a ConnectedApp, client: Option<&'a OauthClient>) -> Self {
        let mut hosts: Vec<_> =
            client.into_iter().flat_map(|client| &client.redirect_uris).map(|uri| host_of(uri)).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Self {
            client_id: &app.client_id,
            name: client.map_or(app.client_id.as_str(), |client| client.name.as_str()),
            hosts,
            scope: app.scopes.to_string(),
            resources: &app.resources,
            since: Instant(app.since),
            last_used_at: app.last_used_at.map(Instant),
        }
    }
}
