//! A client.

use serde::Serialize;

use crate::model::client::Client;
use crate::wire::Instant;

/// A service that may ask about tokens; never its secret. The web side knows none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientView<'a> {
    name: &'a str,
    created_at: Instant,
}

impl<'a> From<&'a Client> for ClientView<'a> {
    fn from(client: &'a Client) -> Self {
        Self { name: client.name.as_str(), created_at: Instant(client.created_at) }
    }
}
