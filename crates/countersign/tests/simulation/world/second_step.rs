//! People with an authenticator: their sign-in has two steps, each a request of its own, perhaps to different nodes. They show codes
//! of their app, whose clock is off by a step, codes that they have used, and recovery codes (MF-1 to MF-3).

use countersign::Timestamp;
use countersign::internal::base::id::SessionId;
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::flows::login::LoginError;
use countersign::internal::flows::second_factor::FactorProof;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::Context;
use countersign::internal::model::second_factor::TotpSecret;

use super::undo::NOBODY_KNOWS;
use super::{Call, Done, Event, Jar, Person, Running, Server, World};
use crate::auditor::{Shown, Verdict, ensure};
use crate::executor::{Task, now};
use crate::faulty::Bug;

/// What somebody has beside the password.
pub(super) struct Authenticator {
    pub(super) secret: TotpSecret,
    pub(super) recovery_codes: Vec<String>,
}

/// What a browser keeps between the two steps.
#[derive(Clone, Debug)]
pub(super) struct Between {
    ticket: String,
    issued: Timestamp,
    /// What was shown first: this password, or this mail.
    password: Option<String>,
    mail: Option<usize>,
    new: Option<String>,
    replaces: Option<String>,
    /// How often the account had changed by then.
    changes: u32,
    /// So often its owner tries again.
    tries: u32,
}

/// The second step.
#[derive(Clone, Debug)]
pub(super) struct SecondCall {
    between: Between,
    shown: Shown,
    typed: String,
}

/// Longer than a step, so the next code is another one.
const NEXT_CODE: i64 = 31_000;

impl World {
    /// Somebody with an authenticator has made recovery codes before this life, with a code of it.
    pub(super) fn makes_recovery_codes(&mut self, person: usize, session: SessionId) {
        let context = self.operator(0);
        let owner = &self.people[person];
        let account = owner.account;
        self.auditor.factors.has(account, step_of(context.now));
        if self.bug == Some(Bug::SecondStepNotAsked) {
            return; // Nobody takes the code.
        }
        let code = owner.authenticator.as_ref().unwrap().secret.code_at(context.now);
        let (server, whose) = (self.server(0), (account, session));
        let shown = Some(FactorProof::Code(&code));
        let checked = server.check_owner_with_factor(whose, Some(&owner.password), shown, &context);
        let codes = now(server.renew_recovery_codes(now(checked).unwrap(), &context)).unwrap();
        let codes = codes.iter().map(|code| code.to_secret_text().to_string()).collect();
        self.people[person].authenticator.as_mut().unwrap().recovery_codes = codes;
    }

    /// The first step was right. What its browser keeps comes with the answer, or does not.
    pub(super) fn asked_for_second(
        &mut self,
        error: &LoginError,
        running: &Running,
        (password, mail, new): (Option<&str>, Option<usize>, Option<String>),
        (replaces, changes): (Option<&str>, u32),
    ) -> Result<Jar, String> {
        let LoginError::SecondFactorRequired(due) = error else { return Ok(Jar::Keep) };
        let Running { request, node, context, .. } = running;
        let ticket = self.server(*node).ticket_of(due, browser(request.client), context);
        let ticket = ticket.ok_or("MF-2: a second step that cannot be made")?;
        if request.cut_off || request.answer_lost {
            return Ok(Jar::Keep);
        }
        let between = Between {
            ticket,
            issued: context.now,
            password: password.map(str::to_owned),
            mail,
            new,
            replaces: replaces.map(str::to_owned),
            changes,
            tries: 3,
        };
        let later = self.delay() + self.pick(&[0, 1_000, 20_000]);
        self.soon(later, Event::ShowsCode { client: request.client, between: Box::new(between) });
        Ok(Jar::Keep)
    }

    /// The owner shows something: mostly the code of now. Sometimes the browser sends it twice.
    pub(super) fn shows_code(&mut self, client: usize, between: &Between) {
        let Some((shown, typed)) = self.what_is_shown(client) else { return };
        let call = SecondCall { between: between.clone(), shown, typed };
        if self.one_in(4) {
            self.send_now(client, Call::Second(call.clone()));
        }
        self.send(client, Call::Second(call));
        if between.tries > 0 && self.one_in(2) {
            // The answer is slow, and its owner does not wait for it.
            let again = Between { tries: between.tries - 1, ..between.clone() };
            self.soon(NEXT_CODE, Event::ShowsCode { client, between: Box::new(again) });
        }
    }

    fn what_is_shown(&self, client: usize) -> Option<(Shown, String)> {
        let person = &self.people[self.clients[client].person];
        let Authenticator { secret, recovery_codes } = person.authenticator.as_ref()?;
        let used = self.auditor.factors.used_codes(person.account);
        let recovery = |number: usize| (Shown::RecoveryCode(number), recovery_codes[number].clone());
        let at = |step: i64| secret.code_at(Timestamp::from_unix_millis(step * STEP));
        let current = step_of(self.now(0));
        Some(match self.below(16) {
            0 => {
                let near: Vec<_> = (current - 3..=current + 3).map(at).collect();
                let wrong = (0..8).map(|n| format!("{n:06}")).find(|code| !near.contains(code))?;
                (Shown::Wrong, wrong)
            }
            1..4 => {
                let last = self.auditor.factors.last_step(person.account)?;
                (Shown::Code(last), at(last))
            }
            4 => recovery((0..recovery_codes.len()).find(|number| !used.contains(number))?),
            5 => recovery(*used.iter().next()?),
            6 => (Shown::Code(current - 1), at(current - 1)),
            7 => (Shown::Code(current + 1), at(current + 1)),
            _ => (Shown::Code(current), at(current)),
        })
    }

    pub(super) fn start_second(
        client: usize,
        call: SecondCall,
        server: Server,
        context: Context,
    ) -> Task<Done> {
        let SecondCall { between, shown, typed } = call;
        let second = async move {
            let resumed = server.resume(&between.ticket, browser(client), &context).await?;
            let proof = match shown {
                Shown::RecoveryCode(_) => FactorProof::RecoveryCode(&typed),
                Shown::Code(_) | Shown::Wrong => FactorProof::Code(&typed),
            };
            let mut proved = server.with_second_factor(resumed, proof, &context).await?;
            if let Some(new) = &between.new {
                proved = server.with_new_password(proved, new).await?;
            }
            server.start_session(proved, between.replaces.as_deref(), &context).await
        };
        Box::pin(async move { Done::Second(second.await) })
    }

    /// What one step has done: a session began, with what this request has shown and nothing else.
    pub(super) fn second_is_stored(&mut self, records: &[AuditKind], running: &Running) -> Verdict {
        let Call::Second(SecondCall { between, shown, .. }) = &running.request.call else { return Ok(()) };
        if !records.contains(&AuditKind::LoginSucceeded) {
            return Ok(());
        }
        let account = self.people[self.clients[running.request.client].person].account;
        self.auditor.factors.accepted(account, *shown)?;
        let Some(mail) = between.mail else { return Ok(()) };
        let (id, store) = (self.mails[mail].ticket, &self.nodes[0].server.store().inner);
        self.auditor.ended_by_sign_in(id, store, "used", Some(running.request.attempt))
    }

    pub(super) fn second_done(
        &mut self,
        outcome: Result<SignedIn, LoginError>,
        running: &Running,
        call: &SecondCall,
    ) -> Result<Jar, String> {
        let Running { request, context, .. } = running;
        let SecondCall { between, shown, .. } = call;
        let index = self.clients[request.client].person;
        let is_same = self.is_still_shown(&self.people[index], between, context);
        let person = &self.people[index];
        match outcome {
            Ok(signed_in) => return self.second_began(&signed_in, running, call),
            // Nobody with a right code that is new is refused, so nobody is refused for ever.
            Err(LoginError::WrongFactor) => {
                let must = self.auditor.factors.is_good(person.account, *shown, step_of(context.now));
                ensure(!must, || format!("MF-1: {shown:?} is right and new, and was refused"))?;
            }
            Err(LoginError::InvalidCredentials) => {
                ensure(!is_same, || "a second step was refused, and the first was right".to_owned())?;
            }
            Err(LoginError::PasswordChangeRequired) => {
                let told = person.required && between.new.is_none();
                ensure(told || !is_same, || {
                    "PP-7: somebody was told to choose another password who need not".to_owned()
                })?;
            }
            Err(LoginError::FactorTicket) => {
                let age = context.now.as_unix_millis() - between.issued.as_unix_millis();
                ensure(age > 599_000, || format!("MF-2: the ticket of a sign-in was over after {age} ms"))?;
            }
            Err(LoginError::Check(CheckError::Throttled(_))) => {}
            Err(error) => return Err(format!("a second step failed: {error}")),
        }
        Ok(Jar::Keep)
    }

    /// A session began: for its owner, by what was right first, and with the password that is asked for.
    fn second_began(
        &mut self,
        signed_in: &SignedIn,
        running: &Running,
        SecondCall { between, .. }: &SecondCall,
    ) -> Result<Jar, String> {
        let Running { request, node, context, .. } = running;
        let index = self.clients[request.client].person;
        let person = &self.people[index];
        let is_theirs = person.account == signed_in.account.id;
        ensure(is_theirs, || "MF-2: a code let somebody else in".to_owned())?;
        ensure(person.enabled, || "MF-2: a disabled account was let in".to_owned())?;
        let is_right = between.password.as_ref().is_none_or(|shown| *shown == person.password);
        ensure(is_right, || "CC-3: a second step for a password that is not right any more".to_owned())?;
        ensure(between.new.is_some() || !person.required, || {
            "PP-7: a second step without the new password that is required".to_owned()
        })?;
        if let Some(mail) = between.mail {
            self.auditor.acted(self.mails[mail].ticket, request.attempt, context.now)?;
        }
        let at = (self.now(*node), self.jump);
        self.auditor.granted((*node, &self.nodes), signed_in, Some(0), at)?;
        if let Some(new) = &between.new {
            self.password_of(index, new);
        }
        let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
        Ok(cookie.map_or(Jar::Keep, Jar::Set))
    }

    /// Whether what was shown first still holds.
    fn is_still_shown(&self, person: &Person, between: &Between, context: &Context) -> bool {
        let is_good =
            between.mail.is_none_or(|mail| self.auditor.is_good(self.mails[mail].ticket, context.now));
        is_good && person.enabled && person.changes == between.changes && person.password != NOBODY_KNOWS
    }
}

/// In milliseconds.
const STEP: i64 = 30_000;

fn step_of(at: Timestamp) -> i64 {
    at.as_unix_millis().div_euclid(STEP)
}

/// What a browser keeps in its cookie between the steps, hashed.
fn browser(client: usize) -> [u8; 32] {
    [u8::try_from(client).unwrap(); 32]
}
