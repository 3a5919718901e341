//! How far those are who are sent the audit log.

use countersign::internal::model::session::SessionPolicy;
use countersign::store::AuditReaderStore as _;

use crate::world::*;

pub(crate) async fn a_reader_moves_from_where_it_is(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert_eq!(store.audit_position("events".to_owned()).await.unwrap(), 0);
    assert!(!store.move_audit_position("events".to_owned(), 3, 7).await.unwrap(), "it is not there");
    assert_eq!(store.audit_position("events".to_owned()).await.unwrap(), 0);
    assert!(store.move_audit_position("events".to_owned(), 0, 7).await.unwrap());
    assert!(!store.move_audit_position("events".to_owned(), 0, 9).await.unwrap(), "another has moved it");
    assert!(store.move_audit_position("events".to_owned(), 7, 5).await.unwrap(), "back, too");
    assert_eq!(store.audit_position("events".to_owned()).await.unwrap(), 5);
    assert_eq!(store.audit_position("other".to_owned()).await.unwrap(), 0);
}
