//! What each answer must be, judged by what the auditor knows, and what it does to the client.

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::flows::login::LoginError;
use countersign::internal::flows::password_change::PasswordChangeError;
use countersign::internal::flows::refresh::RefreshError;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::Context;
use countersign::store::SessionStore as _;

use super::undo::NOBODY_KNOWS;
use super::{Call, Done, Event, GUESSES, Jar, Request, Running, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::now;

impl World {
    pub(super) fn done(&mut self, running: &Running, done: Done) -> Verdict {
        let Running { request, node, context, .. } = running;
        let jar = match (done, &request.call) {
            (Done::Refreshed(outcome), Call::Refresh { token, thief }) => {
                self.refreshed(outcome, request.client, (token, *thief), (*node, context))?
            }
            (Done::LoggedIn(outcome), Call::Login { .. }) => self.login_done(outcome, running)?,
            (Done::Second(outcome), Call::Second(call)) => {
                self.under_way(running)?;
                self.second_done(outcome, running, call)?
            }
            (Done::LoggedOut(outcome), Call::Logout { token, everywhere }) => {
                outcome.map_err(|error| error.to_string())?;
                self.logged_out(token, *everywhere, *node)?;
                Jar::Clear
            }
            (Done::PasswordChanged(outcome), Call::ChangePassword { token, new }) => {
                self.password_changed(&outcome, (request.client, *node), token, new)?;
                Jar::Keep
            }
            (Done::Key(done), Call::Key(call)) => {
                self.key_done(done, call, (*node, context))?;
                Jar::Keep
            }
            (Done::Mail(done), Call::Mail(call)) => {
                self.under_way(running)?;
                self.mail_done(done, running, call)?;
                Jar::Keep
            }
            (Done::SignedInByMail(done), Call::SignIn(call)) => {
                self.under_way(running)?;
                self.signed_in_by_mail(done, running, call)?
            }
            (Done::Registered(outcome), Call::Register(call)) => {
                self.audit_records(&[], Some(*node))?;
                self.registered(outcome, running, call)?;
                Jar::Keep
            }
            (Done::Invited(done), Call::Invite(call)) => {
                self.audit_records(&[], Some(*node))?;
                self.invited(done, running, call)?;
                Jar::Keep
            }
            _ => return Err("a task that answers something else".to_owned()),
        };
        self.auditor.check(&self.nodes, self.moment(), false)?;
        if !request.answer_lost && !request.cut_off {
            let Request { client, tab, attempt, .. } = *request;
            let delay = self.delay();
            self.soon(delay, Event::Answered { client, tab, attempt, jar });
        }
        Ok(())
    }

    fn login_done(
        &mut self,
        outcome: Result<SignedIn, LoginError>,
        running: &Running,
    ) -> Result<Jar, String> {
        let Running { request, node, context, .. } = running;
        let Call::Login { password, new, replaces, changes } = &request.call else {
            return Err("a login that nobody asked for".to_owned());
        };
        self.count_guess(request.client, &outcome, (context.now, self.now(*node)))?;
        let (whose, when) = ((request.client, *node), (replaces.as_deref(), *changes));
        if let Err(error) = &outcome {
            let shown = (Some(password.as_str()), None, new.clone());
            self.asked_for_second(error, running, shown, when)?;
        }
        let jar = self.logged_in(outcome, whose, (password, new), when)?;
        if let (Jar::Set(_), Some(new)) = (&jar, new) {
            self.password_is(request.client, new);
        }
        Ok(jar)
    }

    fn refreshed(
        &mut self,
        outcome: Result<SignedIn, RefreshError>,
        client: usize,
        (token, thief): (&str, bool),
        (node, context): (usize, &Context),
    ) -> Result<Jar, String> {
        self.audit_records(&["reuse"], Some(node))?;
        let id = self.presented(token).session_id;
        let error = match outcome {
            Ok(signed_in) => {
                let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
                let generation = cookie.as_deref().map(|cookie| self.presented(cookie).generation);
                let at = (context.now, self.jump);
                self.auditor.granted((node, &self.nodes), &signed_in, generation, at)?;
                if let Some(generation) = generation {
                    self.auditor.succeeded(id, self.presented(token).generation, generation)?;
                }
                if !self.is_bound(id) {
                    self.auditor.seen(id, thief, self.time)?;
                } else if thief {
                    let has_key = self.clients[client].key_stolen;
                    ensure(has_key, || format!("RF-15: {id} was refreshed without its key"))?;
                }
                if thief {
                    self.clients[client].thief = cookie.or_else(|| Some(token.to_owned()));
                    return Ok(Jar::Keep);
                }
                return Ok(cookie.map_or(Jar::Keep, Jar::Set));
            }
            Err(error) => error,
        };
        if thief {
            self.clients[client].thief = None;
            return Ok(Jar::Keep);
        }
        if matches!(error, RefreshError::Device(_)) {
            // The same proof came twice: once more, with another.
            self.soon(1_000, Event::Refreshes { client, tab: 0 });
            return Ok(Jar::Keep);
        }
        let known = self.auditor.sessions.get(&id).ok_or("a session that never began")?;
        let stored = now(self.server(node).store().inner.find_session(id));
        let stored = stored.map_err(|error| error.to_string())?;
        let policy = &self.options.sessions;
        let over = stored.as_ref().is_none_or(|session| !session.is_alive(policy, context.now));
        ensure(over, || format!("J2: {id} is alive, and its owner was refused: {error}"))?;
        let reuse = known.reason() == Some("reuse");
        ensure(!reuse || known.stolen, || format!("J2: {id} was nobody's but its owner's: {error}"))?;
        Ok(Jar::Clear)
    }

    fn logged_in(
        &mut self,
        outcome: Result<SignedIn, LoginError>,
        (client, node): (usize, usize),
        (password, new): (&str, &Option<String>),
        (replaces, changes): (Option<&str>, u32),
    ) -> Result<Jar, String> {
        let others = if new.is_some() { "password_changed" } else { "too_many" };
        let records = self.audit_records(&["replaced", others], Some(node))?;
        let person = &self.people[self.clients[client].person];
        let right = person.enabled && person.password == password && password != NOBODY_KNOWS;
        match outcome {
            Ok(signed_in) => {
                ensure(right, || "CC-3: a login with a password that is not right any more".to_owned())?;
                let met = new.is_some() || !person.required;
                ensure(met, || "PP-7: a login without the new password that is required".to_owned())?;
                let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
                let at = (self.now(node), self.jump);
                self.auditor.granted((node, &self.nodes), &signed_in, Some(0), at)?;
                if let Some(old) = replaces {
                    let old = self.presented(old).session_id;
                    let alive = now(self.server(node).store().inner.find_session(old))
                        .map_err(|error| error.to_string())?
                        .is_some_and(|session| session.is_alive(&self.options.sessions, self.now(node)));
                    ensure(!alive, || format!("SE-1: {old} lives on beside the one that replaces it"))?;
                }
                let alive = self.alive(person.account)?;
                ensure(alive.len() <= 4, || format!("SE-8: {} sessions", alive.len()))?;
                ensure(new.is_none() || alive.len() == 1, || {
                    "PP-8: others outlived a new password".to_owned()
                })?;
                Ok(cookie.map_or(Jar::Keep, Jar::Set))
            }
            Err(LoginError::InvalidCredentials) => {
                ensure(!right || changes != person.changes, || {
                    "a login with the right password was refused".to_owned()
                })?;
                let recorded = records.contains(&AuditKind::LoginFailed);
                ensure(recorded, || "LG-4: a failed login is not in the audit log".to_owned())?;
                Ok(Jar::Keep)
            }
            Err(LoginError::SecondFactorRequired(_)) => {
                ensure(right || changes != person.changes, || {
                    "MF-2: somebody was asked for a code whose password is wrong".to_owned()
                })?;
                ensure(person.authenticator.is_some(), || {
                    "MF-2: a code of somebody who has none".to_owned()
                })?;
                Ok(Jar::Keep)
            }
            Err(LoginError::PasswordChangeRequired) => {
                let told = right && person.required && new.is_none();
                ensure(told || changes != person.changes, || {
                    "PP-7: somebody was told to choose another password who need not".to_owned()
                })?;
                Ok(Jar::Keep)
            }
            // Wrong passwords were tried before: whoever asks now has to wait, right or wrong.
            Err(LoginError::Check(CheckError::Throttled(_))) => Ok(Jar::Keep),
            Err(error) => Err(format!("a login failed: {error}")),
        }
    }

    /// J8: of the guesses that arrive within a second no more are checked than cost nothing, in parallel too; by each node,
    /// since it hears of the others' only then (TH-6). Those that arrived before a right password no longer count.
    fn count_guess(
        &mut self,
        client: usize,
        outcome: &Result<SignedIn, LoginError>,
        (arrived, now): (Timestamp, Timestamp),
    ) -> Verdict {
        let allowed = GUESSES * self.nodes.len();
        let person = &mut self.people[self.clients[client].person];
        match outcome {
            Ok(_) | Err(LoginError::PasswordChangeRequired | LoginError::SecondFactorRequired(_)) => {
                person.right_at = Some(now);
            }
            Err(LoginError::InvalidCredentials) if person.right_at.is_none_or(|right| arrived > right) => {
                person.wrong.push(arrived);
            }
            Err(_) => {}
        }
        person.wrong.retain(|wrong| person.right_at.is_none_or(|right| *wrong > right));
        let second = std::time::Duration::from_millis(999);
        let at_once = |from: &Timestamp| {
            person.wrong.iter().filter(|wrong| *wrong >= from && **wrong <= from.plus(second)).count()
        };
        let most = person.wrong.iter().map(at_once).max().unwrap_or_default();
        ensure(most <= allowed, || format!("J8: {most} wrong passwords were checked within a second"))
    }

    fn logged_out(&mut self, token: &str, everywhere: bool, node: usize) -> Verdict {
        let presented = self.presented(token);
        let before =
            self.auditor.sessions.get(&presented.session_id).is_some_and(|known| known.ended.is_none());
        self.audit_records(&["logout"], Some(node))?;
        let known = self.auditor.sessions.get(&presented.session_id).ok_or("a session that never began")?;
        let stored = now(self.server(node).store().inner.find_session(presented.session_id))
            .map_err(|error| error.to_string())?;
        let gone =
            stored.as_ref().is_none_or(|stored| !stored.is_alive(&self.options.sessions, self.now(node)));
        ensure(gone, || "SE-3: a logout was answered, and the session lives".to_owned())?;
        if everywhere
            && before
            && known.ended.is_some()
            && stored.is_some_and(|stored| {
                stored.generation <= presented.generation + 1 && known.reason() == Some("logout")
            })
        {
            ensure(self.alive(known.account)?.is_empty(), || "SE-6: a session outlived it".to_owned())?;
        }
        Ok(())
    }

    fn password_changed(
        &mut self,
        outcome: &Result<(), PasswordChangeError>,
        (client, node): (usize, usize),
        token: &str,
        new: &str,
    ) -> Verdict {
        let keep = self.presented(token).session_id;
        let alive = self.auditor.sessions.get(&keep).is_some_and(|known| known.ended.is_none());
        self.audit_records(&["password_changed"], Some(node))?;
        if outcome.is_err() {
            return Ok(());
        }
        let account = self.password_is(client, new);
        let known = self.auditor.sessions.get(&keep).ok_or("a session that never began")?;
        let ended = alive && known.ended.is_some();
        ensure(!ended, || format!("PP-8: {keep} was ended by its own password change"))?;
        let others = self.alive(account)?.into_iter().filter(|id| *id != keep).count();
        ensure(others == 0, || format!("CC-3: {others} sessions outlived a password change"))
    }

    /// Its owner has chosen it; gives whose it is.
    fn password_is(&mut self, client: usize, new: &str) -> AccountId {
        self.password_of(self.clients[client].person, new)
    }

    pub(super) fn password_of(&mut self, person: usize, new: &str) -> AccountId {
        let now = self.now(0);
        let person = &mut self.people[person];
        person.right_at = Some(now);
        new.clone_into(&mut person.password);
        (person.required, person.changes) = (false, person.changes + 1);
        person.account
    }

    pub(super) fn alive(&self, account: AccountId) -> Result<Vec<SessionId>, String> {
        let alive = now(self.server(0).store().inner.list_sessions(Some(account), self.now(0), 100));
        Ok(alive.map_err(|error| error.to_string())?.into_iter().map(|session| session.id).collect())
    }
}
