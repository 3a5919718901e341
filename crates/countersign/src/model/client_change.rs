//! Adding and removing clients.

use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::client::StoredClient;
use crate::model::plan::{Plan, Write};

/// Adds a client, unless one has this name; gives whether it did.
pub(crate) fn add(found: Option<&StoredClient>, new: StoredClient) -> Plan<bool> {
    if found.is_some() {
        return Plan::nothing(false);
    }
    let event = AuditEvent::new(AuditKind::ClientCreated).with_detail(new.client.name.as_str());
    Plan::new(true, vec![Write::InsertClient(Box::new(new)), Write::Record(event)])
}

/// Removes a client; gives whether there was one.
pub(crate) fn remove(found: Option<&StoredClient>) -> Plan<bool> {
    let Some(StoredClient { client, .. }) = found else { return Plan::nothing(false) };
    let event = AuditEvent::new(AuditKind::ClientRemoved).with_detail(client.name.as_str());
    Plan::new(true, vec![Write::DeleteClient(client.name.clone()), Write::Record(event)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::client::{Client, ClientName};

    #[test]
    fn a_name_is_taken_once_and_only_what_is_there_goes() {
        let name = ClientName::parse("gateway").unwrap();
        let client = Client { name, created_at: Timestamp::from_unix_millis(0) };
        let client = StoredClient { client, secret_hash: [1; 32] };
        let event = |kind| Write::Record(AuditEvent::new(kind).with_detail("gateway"));
        let plan = add(None, client.clone());
        let insert = Write::InsertClient(Box::new(client.clone()));
        assert_eq!(plan.writes(), [insert, event(AuditKind::ClientCreated)]);
        assert!(plan.carried_out() && !add(Some(&client), client.clone()).carried_out());
        let plan = remove(Some(&client));
        let delete = Write::DeleteClient(client.client.name.clone());
        assert_eq!(plan.writes(), [delete, event(AuditKind::ClientRemoved)]);
        assert!(plan.carried_out() && !remove(None).carried_out());
    }
}
