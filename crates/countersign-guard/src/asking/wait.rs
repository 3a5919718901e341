//! [`Asking`]: the wait for the issuer's word about one session, on any runtime.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_jwt::VerifyError;

use crate::alarm::Alarm;
use crate::claims::AccessClaims;
use crate::feed::follow::{ANSWER_WITHIN, Asker, Outcome, Question};
use crate::guard::Guard;
use crate::refusal::Refusal;

/// Resolves to the claims or a refusal, within three seconds.
pub(crate) struct Asking {
    guard: Guard,
    claims: AccessClaims,
    question: Arc<Question>,
    place: Option<usize>,
    until: Duration,
    alarm: Option<Alarm>,
}

impl Asking {
    /// `None`: it cannot be asked now.
    pub(crate) fn new(guard: &Guard, asker: &Asker, claims: &AccessClaims, token: &str) -> Option<Self> {
        let question = asker.ask(Question::new(claims.session_id()?, token, claims.expires_at()))?;
        let until = guard.alarms().now().saturating_add(ANSWER_WITHIN);
        let (guard, claims) = (guard.clone(), claims.clone());
        Some(Self { guard, claims, question, place: None, until, alarm: None })
    }

    /// The token once more: it may have expired, its session ended in another way, or the feed be back by now.
    fn verdict(&self, is_active: bool) -> Result<AccessClaims, Refusal> {
        match self.guard.verify_proved(&self.question.token) {
            Err(Refusal::FeedLate) if is_active => Ok(self.claims.clone()),
            verdict => verdict,
        }
    }
}

impl Future for Asking {
    type Output = Result<AccessClaims, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.question.outcome(cx.waker(), &mut this.place) {
            Some(Outcome::Active) => return Poll::Ready(this.verdict(true)),
            Some(Outcome::Inactive) => return Poll::Ready(Err(Refusal::Revoked)),
            Some(Outcome::Expired) => return Poll::Ready(Err(Refusal::Invalid(VerifyError::Expired))),
            Some(Outcome::Failed) => return Poll::Ready(this.verdict(false)),
            None => {}
        }
        let alarms = this.guard.alarms();
        if this.until <= alarms.now() {
            return Poll::Ready(this.verdict(false));
        }
        match alarms.set(this.until, cx.waker().clone()) {
            Ok(alarm) => this.alarm = Some(alarm),
            Err(_) => return Poll::Ready(this.verdict(false)), // nothing would end the wait
        }
        Poll::Pending
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("claims", &self.claims).finish_non_exhaustive()
    }
}
