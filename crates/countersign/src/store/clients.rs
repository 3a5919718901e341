//! The contract for clients.

use super::answer::{Answer, Sealed};
use crate::model::client::{Client, ClientName, StoredClient};
use crate::model::context::Context;

/// Keeps the services that may ask about tokens; of their secrets, hashes only.
pub trait ClientStore: Sealed {
    /// All clients, by name.
    fn clients(&self) -> impl Answer<Vec<Client>>;

    /// The client with this name.
    fn find_client(&self, name: ClientName) -> impl Answer<Option<StoredClient>>;

    /// Adds a client, unless one has its name; gives whether it did.
    fn add_client(&self, client: StoredClient, context: &Context) -> impl Answer<bool>;

    /// Removes the client with this name; gives whether there was one.
    fn remove_client(&self, name: ClientName, context: &Context) -> impl Answer<bool>;
}
