//! Asking the system that people come from, and taking the password over when it says yes, so that the next
//! sign-in needs this system only. It is a part of one attempt of [`login`](super::login): counted, throttled
//! and recorded like any other.
//!
//! Its outage is no wrong password, and no concern of anybody who has a password here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::timeout;
use tracing::Instrument as _;

use crate::Countersign;
use crate::base::id::AccountId;
use crate::base::requester::Requester;
use crate::flows::attempt::CheckError;
use crate::hashing::{Attempt, Verification};
use crate::model::account::{Credentials, PasswordTakeover, TakeoverOutcome, Username, name_to_ask};
use crate::model::context::Context;
use crate::options::{Upstream, UpstreamAnswer, UpstreamError, UpstreamFailure, UpstreamQuestion};
use crate::password::{Password, Reading};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Asks the old system, if there is one and the name is one to ask about. Gives the account with the
    /// password that it has now; `None` when the password is wrong.
    ///
    /// # Errors
    /// [`CheckError::Upstream`], [`CheckError::Hashing`], [`CheckError::Store`].
    pub(crate) async fn take_over(
        &self,
        typed: &Username,
        found: Option<&Credentials>,
        (password, requester): (&Password, Requester),
        context: &Context,
    ) -> Result<Option<Credentials>, CheckError> {
        let Some(upstream) = &self.options.upstream else { return Ok(None) };
        let Some(name) = name_to_ask(typed, found) else { return Ok(None) };
        let username = name.as_str().to_owned();
        let question = UpstreamQuestion { username, password: password.read(Reading::Typed) };
        match ask(upstream, question).await? {
            UpstreamAnswer::Wrong => return Ok(None),
            UpstreamAnswer::Right => {}
        }
        // The policy is not applied. It is for passwords that are chosen, and this one was chosen long ago: a
        // refusal would lock its owner out.
        let hash = self.hasher.hash(password.clone(), requester).await?;
        let new_id = AccountId::random(&self.random);
        let takeover = PasswordTakeover { new_id, username: name.clone(), hash };
        match self.store.take_over_password(takeover, context).await? {
            TakeoverOutcome::TakenOver(now) => {
                tracing::info!(account = %now.account.id, "password taken over");
                if now.account.id == new_id {
                    self.tell_after_create(&now.account, context).await;
                }
                Ok(Some(*now))
            }
            TakeoverOutcome::NameRefused => {
                tracing::warn!("a name was not taken over: it looks like the one of another account");
                Ok(None)
            }
            TakeoverOutcome::Overtaken(now) => self.recheck(*now, password, requester).await,
        }
    }

    /// The account was given a password while the old system was asked, perhaps by another sign-in like this
    /// one: that is the password which counts.
    async fn recheck(
        &self,
        now: Credentials,
        password: &Password,
        requester: Requester,
    ) -> Result<Option<Credentials>, CheckError> {
        let stored = now.password_hash.clone();
        let verification =
            self.hasher.verify(Attempt { password: password.clone(), stored, requester }).await?;
        let is_right = verification != Verification::Mismatch && now.account.is_enabled();
        Ok(is_right.then_some(now))
    }
}

/// Asks in a task of its own, which keeps its place to the end: a client that hangs up must not make room for
/// one more question while the old system works on the first.
async fn ask(upstream: &Upstream, question: UpstreamQuestion) -> Result<UpstreamAnswer, UpstreamError> {
    let limit = upstream.timeout;
    let place = timeout(limit, Arc::clone(&upstream.places).acquire_owned()).await;
    let Ok(Ok(place)) = place else { return Err(UpstreamError::Busy) };
    let ask = Arc::clone(&upstream.ask);
    let asking = async move {
        let answer = timeout(limit, ask(question)).await;
        drop(place);
        answer
    };
    let answer = match tokio::spawn(asking.in_current_span()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(format!("no answer within {limit:?}").into()),
        Err(_) => Err("the question panicked".into()),
    };
    answer.inspect(|_| note_answer(upstream)).map_err(|failure| {
        note_outage(upstream, &failure);
        UpstreamError::Unavailable(failure)
    })
}

/// One line an outage: strangers can cause any number of sign-ins in it (LG-7).
fn note_outage(upstream: &Upstream, failure: &UpstreamFailure) {
    if !upstream.is_down.swap(true, Ordering::Relaxed) {
        tracing::warn!(error = %failure, "the system that passwords are taken over from gave no answer");
    }
}

fn note_answer(upstream: &Upstream) {
    if upstream.is_down.swap(false, Ordering::Relaxed) {
        tracing::info!("the system that passwords are taken over from answers again");
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    fn question() -> UpstreamQuestion {
        UpstreamQuestion { username: "zoe".to_owned(), password: "swordfish".to_owned().into() }
    }

    /// LM-1: clients that hang up do not open more questions than there are places.
    #[tokio::test]
    async fn a_question_keeps_its_place_until_it_is_answered() {
        let (answer, answered) = oneshot::channel::<()>();
        let answered = answered.shared();
        let upstream = Upstream::new(move |_| {
            let answered = answered.clone();
            async move { Ok(answered.await.map(|()| UpstreamAnswer::Right)?) }
        });
        let upstream = upstream.at_once(1);
        let mut first = Box::pin(ask(&upstream, question()));
        assert!(first.as_mut().now_or_never().is_none());
        drop(first);
        assert!(ask(&upstream, question()).now_or_never().is_none());
        assert_eq!(upstream.places.available_permits(), 0, "its client has gone");
        answer.send(()).unwrap();
        assert_eq!(ask(&upstream, question()).await.unwrap(), UpstreamAnswer::Right);
        assert_eq!(upstream.places.available_permits(), 1);
    }

    /// And a question that is never answered, or never asked, ends.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_limit() {
        let upstream = Upstream::new(|_| std::future::pending()).at_once(1);
        let refused = ask(&upstream, question()).await.unwrap_err();
        assert!(
            matches!(&refused, UpstreamError::Unavailable(why) if why.to_string() == "no answer within 5s")
        );
        let _place = Arc::clone(&upstream.places).try_acquire_owned().unwrap();
        assert!(matches!(ask(&upstream, question()).await, Err(UpstreamError::Busy)));
    }

    #[tokio::test]
    async fn a_question_that_panics_is_an_outage() {
        let later = Upstream::new(async |_| if true { panic!() } else { Ok(UpstreamAnswer::Right) });
        let at_once = Upstream::new(|_| if true { panic!() } else { std::future::pending() });
        for upstream in [later, at_once] {
            assert!(matches!(ask(&upstream, question()).await, Err(UpstreamError::Unavailable(_))));
            assert_eq!(upstream.places.available_permits(), 8);
        }
    }
}
