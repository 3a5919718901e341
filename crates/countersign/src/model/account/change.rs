//! Changing and deleting accounts. Somebody who can administer is always left, and not only a program; and an account that may not
//! sign in has no sessions (RF-7).

use super::{Account, CustomClaims, Locale, LocaleChange, NameUse, Role, Username};
use crate::base::clock::Timestamp;
use crate::model::api_key::{ApiKey, cut_off};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::session::{EndReason, EndedSession, PolicyAt, Session, end_all};

/// What to change of an account; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The new name. Its owner signs in with it from now on; sessions and the password stay, and tokens that are issued from
    /// now on have it.
    pub username: Option<Username>,
    /// The new role.
    pub role: Option<Role>,
    /// The new claims, in place of the old.
    pub claims: Option<CustomClaims>,
    /// The new language of mails about it.
    pub locale: LocaleChange,
    /// Whether it may not sign in any more. Saying so, either way, cancels a deletion that its owner has asked for.
    pub disabled: Option<bool>,
    /// Whether its owner has to choose another password before a session begins.
    pub password_change_required: Option<bool>,
}

/// What came of changing or deleting an account.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeAccountOutcome {
    /// It is done: the account as it is now (or was, when deleted), and the sessions that this ended; also those
    /// that tokens of its API keys name.
    Done(Box<Account>, Vec<EndedSession>),
    /// There is no such account.
    NotFound,
    /// Refused: what its owner had shown does not hold any more.
    Overtaken,
    /// Refused: nobody could administer any more.
    LastAdministrator,
    /// Refused: another account has the new name, perhaps in another spelling.
    NameTaken,
    /// Refused: the new name looks like the one of another account.
    LooksAlike,
}

/// An enabled administrator who can take the place of another. An account without a password may be a program's, which nobody
/// signs in to (OP-11); but where all owners prove themselves elsewhere, nobody has a password here. So it is needed of a
/// successor only where the other has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Successor {
    /// Whether it has to have a password.
    pub(crate) has_password: bool,
}

/// A change that may still be refused. It says what else has to be loaded for [`decide`](Self::decide).
#[derive(Debug)]
pub(crate) struct PendingChange {
    before: Account,
    /// `None`: it is deleted.
    after: Option<Account>,
}

impl PendingChange {
    /// The account as it would be.
    pub(crate) fn of(
        found: Option<Account>,
        change: AccountChange,
        now: Timestamp,
    ) -> Result<Self, Plan<ChangeAccountOutcome>> {
        let before = found.ok_or(Plan::nothing(ChangeAccountOutcome::NotFound))?;
        let after = Account {
            username: change.username.unwrap_or_else(|| before.username.clone()),
            role: change.role.unwrap_or_else(|| before.role.clone()),
            claims: change.claims.unwrap_or_else(|| before.claims.clone()),
            language: before.language.changed(change.locale, now),
            disabled_at: match change.disabled {
                Some(true) => before.disabled_at.or(Some(now)),
                Some(false) => None,
                None => before.disabled_at,
            },
            delete_at: before.delete_at.filter(|_| change.disabled.is_none()),
            password_change_required: change
                .password_change_required
                .unwrap_or(before.password_change_required),
            ..before.clone()
        };
        Ok(Self { before, after: Some(after) })
    }

    /// `None`: the account would be gone.
    pub(super) const fn between(before: Account, after: Option<Account>) -> Self {
        Self { before, after }
    }

    /// The new name, if it is more than another spelling of the old: whether it is in use has to be asked.
    pub(crate) fn new_name(&self) -> Option<&Username> {
        let after = &self.after.as_ref()?.username;
        (after.canonical() != self.before.username.canonical()).then_some(after)
    }

    /// Who has to be there besides this account, if that matters.
    pub(crate) fn needs(&self) -> Option<Successor> {
        let takes_one =
            self.before.can_administer() && !self.after.as_ref().is_some_and(Account::can_administer);
        takes_one.then_some(Successor { has_password: self.before.has_password })
    }

    /// Why the account's open sessions end with this change; `None` when they go on.
    pub(crate) const fn ends_sessions(&self) -> Option<EndReason> {
        match &self.after {
            Some(account) => account.refuses_sessions(),
            None => Some(EndReason::AccountDisabled),
        }
    }

    /// Decides, with what was asked for: the use of the new name, whether another administrator is there as
    /// [`Successor`] says, and the account's open sessions and API keys. The keys of a disabled account stay, and their tokens fail.
    pub(crate) fn decide(
        self,
        new_name: NameUse,
        has_another_administrator: bool,
        (open, keys): (&[Session], &[ApiKey]),
        at: PolicyAt,
    ) -> Plan<ChangeAccountOutcome> {
        match new_name {
            NameUse::Free => {}
            NameUse::Taken => return Plan::nothing(ChangeAccountOutcome::NameTaken),
            NameUse::LooksAlike => return Plan::nothing(ChangeAccountOutcome::LooksAlike),
        }
        if self.needs().is_some() && !has_another_administrator {
            return Plan::nothing(ChangeAccountOutcome::LastAdministrator);
        }
        let mut writes = Vec::new();
        if let Some(after) = &self.after {
            writes.push(Write::UpdateAccount(Box::new(after.clone())));
            writes.extend(events(&self.before, after).map(Write::Record));
        }
        let mut ended = Vec::new();
        if let Some(reason) = self.ends_sessions() {
            ended.extend(end_all(open, reason, at, &mut writes));
            ended.extend(cut_off(keys, at, &mut writes));
        }
        if self.after.is_none() {
            let id = self.before.id;
            writes.push(Write::DeleteAccount(id));
            // The last chance to say who it was: nothing else knows the name from now on.
            let deleted = AuditEvent::new(AuditKind::AccountDeleted).of_account(id);
            writes.push(Write::Record(deleted.with_detail(self.before.username.as_str())));
        }
        let account = Box::new(self.after.unwrap_or(self.before));
        Plan::new(ChangeAccountOutcome::Done(account, ended), writes)
    }
}

/// What a change is called in the audit log; nothing when it changes nothing.
fn events(before: &Account, after: &Account) -> impl Iterator<Item = AuditEvent> {
    let (old, new) = (before.username.as_str(), after.username.as_str());
    let name = (old != new).then(|| format!("name {old} to {new}"));
    let role = (before.role != after.role).then(|| format!("role {} to {}", before.role, after.role));
    let claims = (before.claims != after.claims).then(|| "claims".to_owned());
    let languages =
        [before, after].map(|account| account.language.locale.as_ref().map_or("none", Locale::as_str));
    let language =
        (languages[0] != languages[1]).then(|| format!("language {} to {}", languages[0], languages[1]));
    let detail: Vec<String> = name.into_iter().chain(role).chain(claims).chain(language).collect();
    let changed = (!detail.is_empty())
        .then(|| AuditEvent::new(AuditKind::AccountChanged).with_detail(detail.join(", ")));
    let deletion = match (before.delete_at, after.delete_at) {
        (None, Some(at)) => {
            Some(AuditEvent::new(AuditKind::AccountDeletionRequested).with_detail(at.to_string()))
        }
        (Some(_), None) => Some(AuditEvent::new(AuditKind::AccountDeletionCancelled)),
        (Some(_), Some(_)) | (None, None) => None,
    };
    // That of a deletion says already that it is disabled for it, or enabled again.
    let is_disabled = |account: &Account| !account.is_enabled() && account.delete_at.is_none();
    let enabled = match (is_disabled(before), is_disabled(after)) {
        (false, true) => Some(AuditKind::AccountDisabled),
        (true, false) => Some(AuditKind::AccountEnabled),
        (true, true) | (false, false) => None,
    };
    let required = match (before.password_change_required, after.password_change_required) {
        (false, true) => Some(AuditKind::PasswordChangeRequired),
        (true, false) => Some(AuditKind::PasswordChangeWaived),
        (true, true) | (false, false) => None,
    };
    let id = after.id;
    let others = [enabled, required].into_iter().flatten().map(AuditEvent::new);
    changed.into_iter().chain(deletion).chain(others).map(move |event| event.of_account(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};

    fn decided(
        before: &Account,
        change: AccountChange,
        has_another: bool,
        open: &[Session],
    ) -> (ChangeAccountOutcome, Vec<Write>) {
        let pending = PendingChange::of(Some(before.clone()), change, T).unwrap();
        let plan = pending.decide(NameUse::Free, has_another, (open, &[]), at(T));
        let writes = plan.writes().to_vec();
        (plan.carried_out(), writes)
    }

    fn kinds(writes: &[Write]) -> Vec<AuditKind> {
        let kind = |write: &Write| match write {
            Write::Record(event) => Some(event.kind),
            _ => None,
        };
        writes.iter().filter_map(kind).collect()
    }

    /// An administrator may go, or be disabled, or lose the role, when another one is left: at none and at
    /// one.
    #[test]
    fn somebody_who_can_administer_is_left() {
        let admin = Account { role: Role::admin(), ..account() };
        let disabled = Account { disabled_at: Some(T), ..admin.clone() };
        let demote = AccountChange { role: Some(Role::default()), ..AccountChange::default() };
        let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
        let require = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
        for (before, change, is_refused_alone) in [
            (&admin, demote.clone(), true),
            (&admin, disable, true),
            (&admin, require, false),
            (&admin, AccountChange::default(), false),
            (&disabled, demote, false),
        ] {
            for has_another in [false, true] {
                let (outcome, writes) = decided(before, change.clone(), has_another, &[]);
                let is_refused = outcome == ChangeAccountOutcome::LastAdministrator;
                assert_eq!(is_refused, is_refused_alone && !has_another, "{change:?}");
                assert_eq!(writes.is_empty(), is_refused);
            }
        }
        // Whoever has a password is not replaced by a program.
        for has_password in [false, true] {
            let pending = PendingChange::between(Account { has_password, ..admin.clone() }, None);
            assert_eq!(pending.needs(), Some(Successor { has_password }));
        }
        for (before, has_another, is_refused) in
            [(&admin, false, true), (&admin, true, false), (&disabled, false, false)]
        {
            let pending = PendingChange::between(before.clone(), None);
            let plan = pending.decide(NameUse::Free, has_another, (&[], &[]), at(T));
            assert_eq!(plan.writes().is_empty(), is_refused);
            assert_eq!(plan.carried_out() == ChangeAccountOutcome::LastAdministrator, is_refused);
        }
    }

    #[test]
    fn what_is_not_said_stays_and_is_not_recorded() {
        let before = Account { disabled_at: Some(T.minus(std::time::Duration::from_secs(9))), ..account() };
        let again = AccountChange { disabled: Some(true), ..AccountChange::default() };
        for change in [AccountChange::default(), again] {
            let (outcome, writes) = decided(&before, change, false, &[]);
            assert_eq!(outcome, ChangeAccountOutcome::Done(Box::new(before.clone()), Vec::new()));
            assert_eq!(writes, [Write::UpdateAccount(Box::new(before.clone()))]);
        }
    }

    #[test]
    fn each_change_has_its_event() {
        use AuditKind::*;
        let on = account();
        let off = Account { disabled_at: Some(T), password_change_required: true, ..account() };
        let (disable, enable) = (
            AccountChange { disabled: Some(true), ..AccountChange::default() },
            AccountChange { disabled: Some(false), ..AccountChange::default() },
        );
        let require =
            |required| AccountChange { password_change_required: Some(required), ..AccountChange::default() };
        let all = AccountChange {
            role: Some(Role::admin()),
            ..AccountChange { disabled: Some(true), ..require(true) }
        };
        for (before, change, expected) in [
            (&on, disable, vec![AccountDisabled]),
            (&off, enable, vec![AccountEnabled]),
            (&on, require(true), vec![PasswordChangeRequired]),
            (&off, require(false), vec![PasswordChangeWaived]),
            (&on, all, vec![AccountChanged, AccountDisabled, PasswordChangeRequired]),
        ] {
            assert_eq!(kinds(&decided(before, change.clone(), false, &[]).1), expected, "{change:?}");
        }
    }

    /// CC-4: a name is asked for unless it is the account's own in another spelling; sessions go on.
    #[test]
    fn a_new_name_is_one_that_nobody_has() {
        let (before, open) = (account(), [session_of(&account(), 1)]);
        let rename = |name: &str| {
            let username = Some(Username::parse(name).unwrap());
            PendingChange::of(Some(before.clone()), AccountChange { username, ..AccountChange::default() }, T)
                .unwrap()
        };
        let own = before.username.as_str();
        assert_eq!(rename(&own.to_uppercase()).new_name(), None);
        assert_eq!(rename("someone else").new_name(), Some(&Username::parse("someone else").unwrap()));
        assert_eq!(PendingChange::between(before.clone(), None).new_name(), None);
        for (name_use, expected) in [
            (NameUse::Taken, ChangeAccountOutcome::NameTaken),
            (NameUse::LooksAlike, ChangeAccountOutcome::LooksAlike),
        ] {
            let plan = rename("someone else").decide(name_use, false, (&open, &[]), at(T));
            assert_eq!(plan.writes(), []);
            assert_eq!(plan.carried_out(), expected);
        }
        let plan = rename("someone else").decide(NameUse::Free, false, (&open, &[]), at(T));
        let detail = format!("name {own} to someone else");
        let event = AuditEvent::new(AuditKind::AccountChanged).of_account(before.id).with_detail(detail);
        assert!(plan.writes().contains(&Write::Record(event)), "{:?}", plan.writes());
        let ChangeAccountOutcome::Done(after, ended) = plan.carried_out() else { panic!("refused") };
        assert_eq!((after.username.as_str(), ended.len()), ("someone else", 0));
    }

    /// RF-7: an account that may not sign in has no open session, whichever change it was that said so.
    #[test]
    fn disabling_requiring_and_deleting_end_every_session() {
        let before = account();
        let open = [session_of(&before, 1), session_of(&before, 2)];
        let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
        let require = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
        for (change, ends) in [(disable, 2), (require, 2), (AccountChange::default(), 0)] {
            let (outcome, _) = decided(&before, change.clone(), false, &open);
            let ChangeAccountOutcome::Done(_, ended) = outcome else { panic!("{outcome:?}") };
            assert_eq!(ended.len(), ends, "{change:?}");
        }
        let pending = PendingChange::between(before.clone(), None);
        let plan = pending.decide(NameUse::Free, false, (&open, &[]), at(T));
        assert_eq!(
            kinds(plan.writes()),
            [AuditKind::SessionEnded, AuditKind::SessionEnded, AuditKind::AccountDeleted]
        );
        assert!(matches!(plan.carried_out(), ChangeAccountOutcome::Done(_, ended) if ended.len() == 2));
    }
}
