//! How far those are who are sent the audit log.

use std::time::Duration;

use countersign::internal::model::audit_reader::{AuditReader, OFF_AFTER, OffReason, ReaderNews};
use countersign::internal::model::session::SessionPolicy;
use countersign::store::AuditReaderStore as _;

use crate::world::*;

pub(crate) async fn a_reader_moves_from_where_it_is(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert_eq!(store.audit_reader("events".to_owned()).await.unwrap().position, 0);
    assert!(!store.move_audit_position("events".to_owned(), 3, 7).await.unwrap(), "it is not there");
    assert_eq!(store.audit_reader("events".to_owned()).await.unwrap().position, 0);
    assert!(store.move_audit_position("events".to_owned(), 0, 7).await.unwrap());
    assert!(!store.move_audit_position("events".to_owned(), 0, 9).await.unwrap(), "another has moved it");
    assert!(store.move_audit_position("events".to_owned(), 7, 5).await.unwrap(), "back, too");
    assert_eq!(store.audit_reader("events".to_owned()).await.unwrap().position, 5);
    assert_eq!(store.audit_reader("other".to_owned()).await.unwrap().position, 0);
}

/// WH-4: the rule is that of the model; what it says is there for everybody, and moving is something else.
pub(crate) async fn a_reader_that_is_off_is_so_until_it_is_switched_on(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let note = |news, now| store.note_audit_reader("webhook:crm".to_owned(), news, now);
    let found = || store.audit_reader("webhook:crm".to_owned());
    assert!(store.move_audit_position("webhook:crm".to_owned(), 0, 7).await.unwrap());
    let (before, failing) = note(ReaderNews::Failed, at(0)).await.unwrap();
    assert_eq!((before.failing, failing.failing.unwrap().since), (None, at(0)));
    assert_eq!(found().await.unwrap(), failing);
    assert!(store.move_audit_position("webhook:crm".to_owned(), 7, 9).await.unwrap());
    assert_eq!(found().await.unwrap(), AuditReader { position: 9, ..failing }, "moved, and nothing else");
    let mut now = at(0);
    while now < at(0).plus(OFF_AFTER) {
        assert_eq!(found().await.unwrap().off, None);
        now = now.plus(Duration::from_secs(1800));
        note(ReaderNews::Failed, now).await.unwrap();
    }
    let off = found().await.unwrap();
    assert_eq!(off.off.map(|off| (off.at, off.reason)), Some((now, OffReason::Failing)));
    assert_eq!((off.position, off.failing.unwrap().last), (9, now));
    assert_eq!(note(ReaderNews::Answered, now).await.unwrap(), (off, off));
    note(ReaderNews::SwitchedOn, now).await.unwrap();
    assert_eq!(found().await.unwrap(), AuditReader { position: 9, ..AuditReader::default() });
    note(ReaderNews::Gone, now).await.unwrap();
    assert_eq!(found().await.unwrap().off.map(|off| off.reason), Some(OffReason::Gone));
    let other = store.audit_reader("webhook:erp".to_owned()).await.unwrap();
    assert_eq!(other, AuditReader::default());
}
