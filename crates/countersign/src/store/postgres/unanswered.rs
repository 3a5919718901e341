//! Rotations that may be durable though their callers were told that nothing is known: the connection was lost, or the
//! database answered too late. Nobody holds the successor, so the grace in which the parent still gets it begins when the
//! parent comes again. Otherwise an outage that is longer than the grace would make an honest client's next try a reuse.
//!
//! What another node was in the middle of is not known here; that remainder is what a crash leaves too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::context::Origin;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{Session, SessionPolicy};

/// A refresh token, with what the rule needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented {
    pub(super) token: PresentedToken,
    pub(super) origin: Origin,
    pub(super) policy: SessionPolicy,
}

/// The last such rotation of each session.
#[derive(Debug, Default)]
pub(super) struct Unanswered(Mutex<HashMap<SessionId, (i64, Timestamp)>>);

/// A rotation: the session's generation and instant after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    id: SessionId,
    generation: i64,
    rotated_at: Timestamp,
}

impl Late {
    pub(super) fn of(session: &Session) -> Self {
        let Session { id, generation, rotated_at, .. } = *session;
        Self { id, generation: generation.into(), rotated_at }
    }
}

impl Unanswered {
    pub(super) fn add(&self, late: Late) {
        let mut all = self.all();
        if all.len() < MOST {
            all.insert(late.id, (late.generation, late.rotated_at));
        }
    }

    /// Remembers these rotations, unless it is settled what came of them before this is dropped.
    pub(super) fn unless_settled(&self, presented: &[Presented]) -> Unclear<'_> {
        let late = |presented: &Presented| Late {
            id: presented.token.session_id,
            generation: i64::from(presented.token.generation) + 1,
            rotated_at: presented.origin.now,
        };
        Unclear { unanswered: self, rotations: presented.iter().map(late).collect() }
    }

    /// Before these tokens are looked at: those of their sessions that were rotated unheard of are rotated now.
    pub(super) async fn begin_graces_anew(
        &self,
        db: &Connection,
        presented: &[Presented],
    ) -> Result<(), Failure> {
        let (mut late, mut now) = (Vec::new(), Vec::new());
        {
            let all = self.all();
            for it in presented.iter().filter(|_| !all.is_empty()) {
                let id = it.token.session_id;
                if let Some((generation, rotated_at)) = all.get(&id) {
                    late.push(Late { id, generation: *generation, rotated_at: *rotated_at });
                    now.push(it.origin.now);
                }
            }
        }
        if late.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE sessions s SET rotated_at = v.now FROM unnest($1, $2, $3, $4) AS v (id, generation, at, now)
                   WHERE s.id = v.id AND s.generation = v.generation AND s.rotated_at = v.at";
        db.query_and_commit(
            sql,
            &[
                &late.iter().map(|late| late.id).collect::<Vec<_>>(),
                &late.iter().map(|late| late.generation).collect::<Vec<_>>(),
                &late.iter().map(|late| late.rotated_at).collect::<Vec<_>>(),
                &now,
            ],
            late.len(),
        )
        .await?;
        let mut all = self.all();
        for late in late {
            all.remove(&late.id);
        }
        Ok(())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<SessionId, (i64, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rotations of which it is not known yet whether they are durable.
pub(super) struct Unclear<'a> {
    unanswered: &'a Unanswered,
    rotations: Vec<Late>,
}

impl Unclear<'_> {
    /// It is known, one way or the other.
    pub(super) fn settle(mut self) {
        self.rotations.clear();
    }
}

impl Drop for Unclear<'_> {
    fn drop(&mut self) {
        for late in self.rotations.drain(..) {
            self.unanswered.add(late);
        }
    }
}

/// Half an hour of refreshes of a million people, in a few megabytes.
const MOST: usize = 100_000;
