//! What an application holds, as a part of its session.

use crate::model::api_key::Scopes;

/// What makes a session that of an application: which one, and what its owner has allowed it. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppGrant {
    /// The client's ID.
    pub client_id: String,
    /// What was allowed.
    pub scopes: Scopes,
    /// The names of the audiences that it may ask tokens for (RFC 8707); none: those of the userinfo endpoint only.
    pub resources: Vec<String>,
}

impl AppGrant {
    /// The audience of a token that is asked for: an empty name is the userinfo endpoint. `None`: it was not allowed (RFC 8707 §2.2).
    pub(crate) fn audience(&self, wanted: &Target) -> Option<&str> {
        wanted.among(&self.resources)
    }
}

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing was said: the first resource, or the userinfo endpoint if there is none.
    First,
    /// The userinfo endpoint.
    Userinfo,
    /// The audience with this name.
    Named(String),
}

impl Target {
    /// The one of these that it is; an empty name is the userinfo endpoint.
    pub(crate) fn among<'a>(&self, resources: &'a [String]) -> Option<&'a str> {
        match self {
            Self::First => Some(resources.first().map_or("", String::as_str)),
            Self::Userinfo => Some(""),
            Self::Named(name) => resources.iter().find(|one| *one == name).map(String::as_str),
        }
    }
}
