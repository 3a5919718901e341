//! Whether somebody may cause a mail at all: a proof of work while there are many requests, and the application's own say. Both
//! are asked before anything is looked up, so neither tells whether an account has an address (EN-4).

use std::borrow::Cow;

use crate::Countersign;
use crate::flows::figures::MailRequestResult;
use crate::model::account::EmailAddress;
use crate::model::context::Context;
use crate::model::ticket::TicketPurpose;
use crate::model::work::{WorkDemanded, WorkFor, demanded};
use crate::options::{HookError, MailAsked, MailRefusal};
use crate::store::Store;
use crate::throttle::mails::MailGate;

/// What somebody shows who asks for a mail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MailAdmission<'a> {
    /// What the mail is for.
    pub purpose: TicketPurpose,
    /// Where it would go.
    pub address: &'a EmailAddress,
    /// The proof of work, if they were given a challenge.
    pub proof: Option<Cow<'a, str>>,
    /// The response of a captcha, for [`Hooks::before_mail`](crate::options::Hooks::before_mail). Nobody else reads it.
    pub captcha: Option<String>,
}

impl<'a> MailAdmission<'a> {
    /// A mail for this to this address, with nothing shown.
    #[must_use]
    pub const fn new(purpose: TicketPurpose, address: &'a EmailAddress) -> Self {
        Self { purpose, address, proof: None, captcha: None }
    }
}

/// Why somebody may not cause a mail now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailGateError {
    /// There are many requests now: this has to be solved first.
    #[error("a proof of work has to be shown")]
    ProofRequired(WorkDemanded),
    /// The application does not allow it.
    #[error(transparent)]
    Refused(#[from] MailRefusal),
    /// The application's hook failed.
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl<S: Store> Countersign<S> {
    /// Whether somebody may cause a mail, by [`Countersign::request_mail`] for example. Ask it in every route of your own by which
    /// anybody can. Our routes do so.
    ///
    /// A request is counted unless it has a good proof: so a flood of them goes on to demand one, and whoever has solved a challenge
    /// does not make the next one harder.
    ///
    /// # Errors
    /// [`MailGateError::ProofRequired`] with a challenge, [`MailGateError::Refused`], and [`MailGateError::Hook`].
    pub async fn admit_mail(&self, shown: MailAdmission<'_>, context: &Context) -> Result<(), MailGateError> {
        // Nothing is sent then, so there is nothing to protect.
        if !self.options.email.enabled {
            return Ok(());
        }
        let admitted = self.ask_for_mail(shown, context).await;
        self.figures.mail_requests.increment(match &admitted {
            Ok(result) => *result,
            Err(MailGateError::ProofRequired(_)) => MailRequestResult::ProofRequired,
            Err(MailGateError::Refused(_)) => MailRequestResult::Refused,
            Err(MailGateError::Hook(_)) => MailRequestResult::Error,
        });
        admitted.map(drop)
    }

    async fn ask_for_mail(
        &self,
        shown: MailAdmission<'_>,
        context: &Context,
    ) -> Result<MailRequestResult, MailGateError> {
        let result = self.demand_work(&shown, context).map_err(MailGateError::ProofRequired)?;
        let MailAdmission { purpose, address, captcha, .. } = shown;
        let asked = || MailAsked { purpose, to: address.clone(), captcha, context: context.clone() };
        match self.ask_before_mail(asked).await? {
            Some(refusal) => Err(refusal.into()),
            None => Ok(result),
        }
    }

    fn demand_work(
        &self,
        shown: &MailAdmission<'_>,
        context: &Context,
    ) -> Result<MailRequestResult, WorkDemanded> {
        let (from, now) = (context.address, context.now);
        let MailGate { challenges, requests } = &*self.mail_gate;
        let recent = requests.recent(from, now);
        let Some(difficulty) = demanded(recent, self.options.email.work) else {
            requests.count(from, now);
            return Ok(MailRequestResult::Admitted);
        };
        let of = WorkFor { purpose: shown.purpose.name(), address: shown.address };
        let solved = shown.proof.as_deref().and_then(|proof| challenges.check(proof, of, difficulty, now));
        if solved.is_some_and(|solved| requests.use_once(solved, now)) {
            return Ok(MailRequestResult::Solved);
        }
        requests.count(from, now);
        Err(challenges.challenge(of, difficulty, now, &self.random))
    }
}
