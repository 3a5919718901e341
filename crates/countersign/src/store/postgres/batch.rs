//! What there is much of, done many at a time: refreshes, and lines of the audit log that go with no change. Durability
//! then costs one commit a batch, and a refresh a quarter of the processor that a statement of its own would take, or less.
//!
//! One statement rotates every session of a batch for which [`decide`](crate::model::session::decide) says `Advance`: its
//! condition is that rule once more, and a test compares the two. What it leaves is looked up and decided one by one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::lane::{Reply, Running, Work};
use super::engine::transaction::{REPEATED, in_transactions};
use super::engine::value::Value;
use super::lines::{Signer, record_and_commit, text};
use super::load;
use super::rows::{self, ACCOUNT_COLUMNS, SESSION_COLUMNS};
use super::unanswered::{Late, Presented, Unanswered};
use crate::base::id::SessionId;
use crate::model::account::Account;
use crate::model::audit::AuditEvent;
use crate::model::context::Origin;
use crate::model::plan::Plan;
use crate::model::session::{PolicyAt, Rotation, StoredSession, advanced, rotate};

/// One of many.
#[derive(Debug)]
pub(super) enum Pending {
    Rotation(PendingRotation),
    Record(PendingRecord),
}

/// A refresh that waits.
#[derive(Debug)]
pub(super) struct PendingRotation {
    pub(super) presented: Presented,
    pub(super) unanswered: Arc<Unanswered>,
    pub(super) signer: Signer,
    pub(super) reply: Reply<(Rotation, Vec<AuditEvent>)>,
}

/// A line of the audit log that waits.
#[derive(Debug)]
pub(super) struct PendingRecord {
    pub(super) event: AuditEvent,
    pub(super) origin: Origin,
    pub(super) signer: Signer,
    pub(super) reply: Reply<()>,
}

/// More than can wait while one commit runs; few enough that nobody waits long for the rest of the batch.
pub(super) const WORK: Work<Pending> = Work { most: 256, run };

fn run(db: Arc<Connection>, batch: Vec<Pending>) -> Running {
    let (mut rotations, mut records) = (Vec::new(), Vec::new());
    for pending in batch {
        match pending {
            Pending::Rotation(pending) if pending.reply.is_wanted() => rotations.push(pending),
            Pending::Record(pending) if pending.reply.is_wanted() => records.push(pending),
            Pending::Rotation(_) | Pending::Record(_) => {}
        }
    }
    Box::pin(async move {
        rotate_all(&db, rotations).await;
        record_all(&db, records).await;
    })
}

async fn rotate_all(db: &Arc<Connection>, batch: Vec<PendingRotation>) {
    let Some(first) = batch.first() else { return };
    let unanswered = Arc::clone(&first.unanswered);
    let presented: Vec<_> = batch.iter().map(|pending| pending.presented).collect();
    let unclear = unanswered.unless_settled(&presented);
    let outcome = match unanswered.begin_graces_anew(db, &presented).await {
        Ok(()) => advance(db, &presented).await,
        Err(failure) => Err(failure),
    };
    let mut moved = match outcome {
        Ok(moved) => moved,
        // Nothing is written; what needs no write can still be answered.
        Err(failure) if failure.is_refusal() => HashMap::new(),
        // Dropping the replies says that nothing is known.
        Err(failure) => return tracing::error!(error = %failure, "a batch of refreshes failed"),
    };
    unclear.settle();
    let mut others = Vec::new();
    for pending in batch {
        // Of two presentations of one token, the first has rotated.
        match moved.remove(&pending.presented.token.session_id) {
            Some((account, stored)) => {
                pending.answer(Ok((advanced(account, stored.session), Vec::new())));
            }
            None => others.push(pending),
        }
    }
    decide_each(db, others).await;
}

/// Rotates the session of each token for which the rule says `Advance`, in one statement and one commit; gives those
/// sessions, with their accounts. A session occurs once; another presentation of it is for the rule to judge after this one.
pub(super) async fn advance(
    db: &Connection,
    presented: &[Presented],
) -> Result<HashMap<SessionId, (Account, StoredSession)>, Failure> {
    let mut seen = HashSet::new();
    let mut tokens: Vec<_> =
        presented.iter().filter(|presented| seen.insert(presented.token.session_id)).collect();
    // Every batch locks in one order.
    tokens.sort_by_key(|presented| presented.token.session_id);
    let now = |it: &Presented| it.origin.now;
    let ids: Vec<_> = tokens.iter().map(|it| it.token.session_id).collect();
    let secrets: Vec<_> = tokens.iter().map(|it| it.token.secret_hash.as_slice()).collect();
    let generations: Vec<_> = tokens.iter().map(|it| i64::from(it.token.generation)).collect();
    let proven: Vec<_> =
        tokens.iter().map(|it| it.token.proven_key.as_ref().map(|key| key.as_bytes().as_slice())).collect();
    let addresses: Vec<_> = tokens.iter().map(|it| text(it.origin.address)).collect();
    let instants: Vec<_> = tokens.iter().map(|it| now(it)).collect();
    let not_young: Vec<_> = tokens.iter().map(|it| now(it).minus(it.policy.min_age)).collect();
    let not_idle: Vec<_> = tokens.iter().map(|it| now(it).minus(it.policy.idle_ttl)).collect();
    let values: [&dyn Value; 8] =
        [&ids, &secrets, &generations, &addresses, &instants, &not_young, &not_idle, &proven];
    let mut attempts = 0;
    let rows = loop {
        match db.query_and_commit(&ADVANCE, &values, tokens.len()).await {
            Err(failure) if failure.is_crossed() && attempts < REPEATED => {
                db.begins_again(&failure);
                attempts += 1;
            }
            rows => break rows?,
        }
    };
    rows.iter()
        .map(|row| {
            let (account, stored) = rows::account_and_session(row)?;
            Ok((stored.session.id, (account, stored)))
        })
        .collect()
}

/// The additions and the `CASE` leave the planner no index but the primary keys, and no order of the tables but this one, once
/// the tables are not small: before they are analyzed, it takes any other index for as good.
static ADVANCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE sessions s SET generation = s.generation + 1, rotated_at = v.now, address = v.address
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
                AS v (id, secret_hash, generation, address, now, not_young, not_idle, proven), accounts a
         WHERE s.id = v.id AND s.secret_hash = v.secret_hash AND s.generation = v.generation
           AND s.generation < 4294967295 AND s.revoked_at IS NULL
           AND s.created_at + 0 >= coalesce((SELECT at FROM milestones WHERE name = 'sessions_not_before'), 0)
           AND s.expires_at + 0 > v.now AND s.rotated_at <= v.not_young AND s.rotated_at > v.not_idle
           AND (s.bound_key IS NULL OR sha256(convert_to(s.bound_key, 'UTF8')) = v.proven)
           AND a.id = CASE WHEN s.id = v.id THEN s.account_id END
           AND a.disabled_at IS NULL AND NOT a.password_change_required
         RETURNING {ACCOUNT_COLUMNS}, {SESSION_COLUMNS}"
    )
});

/// Those that the statement has left: most are young or replayed, and need no write.
async fn decide_each(db: &Arc<Connection>, batch: Vec<PendingRotation>) {
    if batch.is_empty() {
        return;
    }
    let ids: Vec<_> = batch.iter().map(|pending| pending.presented.token.session_id).collect();
    let found = match load::sessions_with_accounts(db, &ids).await {
        Ok(found) => found,
        Err(failure) => return tracing::error!(error = %failure, "a batch of refreshes failed"),
    };
    for pending in batch {
        let Presented { token, origin, policy } = pending.presented;
        let at = PolicyAt { policy, now: origin.now };
        let found = found.get(&token.session_id).cloned();
        let outcome = match without_writing(rotate(found, &token, origin.address, at)) {
            Some(rotation) => Ok((rotation, Vec::new())),
            None => decide_one(db, pending.presented, &pending.unanswered, &pending.signer).await,
        };
        pending.answer(outcome);
    }
}

/// One that needs more than a step to the next generation.
async fn decide_one(
    db: &Arc<Connection>,
    presented: Presented,
    unanswered: &Unanswered,
    signer: &Signer,
) -> Result<(Rotation, Vec<AuditEvent>), Failure> {
    let Presented { token, origin, policy } = presented;
    let unclear = unanswered.unless_settled(&[presented]);
    let outcome = in_transactions(db, || async {
        let tx = Transaction::new(Arc::clone(db), policy, origin, signer);
        let found = load::lock_session_with_account(db, token.session_id).await?;
        let rotation = tx.apply(rotate(found, &token, origin.address, tx.at)).await?;
        Ok(tx.done(rotation))
    })
    .await;
    if outcome.as_ref().err().is_none_or(Failure::is_refusal) {
        unclear.settle();
    }
    outcome
}

/// The outcome of a plan that has nothing to write.
fn without_writing<O>(plan: Plan<O>) -> Option<O> {
    plan.writes().is_empty().then(|| plan.carried_out())
}

impl PendingRotation {
    /// Answers. A rotation whose caller was told in the meantime that nothing is known begins its grace when it is asked for
    /// again.
    fn answer(self, outcome: Result<(Rotation, Vec<AuditEvent>), Failure>) {
        let late = match &outcome {
            Ok((Rotation::Advanced(grant), _)) => Some(Late::of(grant.session())),
            _ => None,
        };
        if let (Err(_), Some(late)) = (self.reply.send(outcome), late) {
            self.unanswered.add(late);
        }
    }
}

async fn record_all(db: &Connection, batch: Vec<PendingRecord>) {
    let Some(first) = batch.first() else { return };
    let signer = Arc::clone(&first.signer);
    let events: Vec<_> = batch.iter().map(|pending| (&pending.origin, &pending.event)).collect();
    match record_and_commit(db, &events, signer.get()).await {
        Ok(()) => {
            for pending in batch {
                let _ = pending.reply.send(Ok(()));
            }
        }
        Err(failure) => tracing::error!(error = %failure, "lines of the audit log were not written"),
    }
}
