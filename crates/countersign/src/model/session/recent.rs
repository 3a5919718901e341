//! What stands in for the current password where somebody changes what an open session must not be enough for (SE-9): what its owner has
//! shown in this session a moment ago.

use std::time::Duration;

use super::{PolicyAt, Session};
use crate::model::account::Credentials;
use crate::model::proof::{AuthMethod, Proof};

/// As long as it takes to read what will happen, and to decide (ASVS 7.5.1).
const RECENT: Duration = Duration::from_mins(5);

/// Why nothing stands in for the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRecent {
    /// The account has one, and no passkey was shown lately whose authenticator has checked who is in front of it.
    Password,
    /// The account has none, and its owner has not signed in lately, nor shown again who they are.
    SignIn,
}

/// What stands in for the password: a passkey that was shown in this session in the last five minutes, whose authenticator has checked who
/// is in front of it. Where the account has no password, whatever its owner has shown then.
///
/// SECURITY: a password and a code do not. Whoever finds the session a moment later would need nothing that its owner knows.
pub(crate) fn recent_proof(
    found: &Credentials,
    session: Option<&Session>,
    at: PolicyAt,
) -> Result<Proof, NotRecent> {
    let has_password = found.password_hash.is_some();
    let is_enough = |session: &Session| {
        session.account_id == found.account.id
            && session.is_alive(&at.policy, at.now)
            && at.now.since(session.authenticated_at) <= RECENT
            && (!has_password || session.amr.has(AuthMethod::UserVerified))
    };
    let missing = if has_password { NotRecent::Password } else { NotRecent::SignIn };
    let proof = Proof::Recent { version: found.password_version };
    session.is_some_and(is_enough).then_some(proof).ok_or(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::AccountId;
    use crate::base::random::Random;
    use crate::model::password_hash::PasswordHash;
    use crate::model::proof::AuthMethods;
    use crate::model::session::EndReason;
    use crate::model::session::testing::{T, account, at, session_of};

    /// SE-9: in every case.
    #[test]
    fn a_passkey_of_the_last_minutes_stands_in_for_the_password() {
        type Edit<'a> = &'a dyn Fn(Session) -> Session;
        const MS: Duration = Duration::from_millis(1);
        let password = AuthMethods::of(AuthMethod::Password);
        let key = AuthMethods::of(AuthMethod::HardwareKey).and(AuthMethod::UserPresence);
        let key = key.and(AuthMethod::MultipleFactors);
        let verified = key.and(AuthMethod::UserVerified);
        let code = password.and(AuthMethod::OneTimePassword).and(AuthMethod::MultipleFactors);
        let ended = |session: Session| Session { revoked: Some((T, EndReason::Logout)), ..session };
        let other = AccountId::random(&Random::insecure_seeded(9));
        let of_another = |session: Session| Session { account_id: other, ..session };
        let same = |session: Session| session;
        for (name, edit, amr, age, with_password, without) in [
            ("at once", &same as Edit<'_>, verified, Duration::ZERO, true, true),
            ("in the last moment", &same, verified, RECENT, true, true),
            ("too late", &same, verified, RECENT + MS, false, false),
            ("beside the password", &same, password.and(AuthMethod::UserVerified), MS, true, true),
            ("nobody was verified", &same, key, MS, false, true),
            ("a password and a code", &same, code, MS, false, true),
            ("a password", &same, password, MS, false, true),
            ("a mail", &same, AuthMethods::NONE, RECENT, false, true),
            ("a mail, too late", &same, AuthMethods::NONE, RECENT + MS, false, false),
            ("the session is over", &ended, verified, MS, false, false),
            ("a session of another account", &of_another, verified, MS, false, false),
        ] {
            let session = edit(Session { amr, authenticated_at: T, ..session_of(&account(), 1) });
            for (has_password, is_enough, missing) in
                [(true, with_password, NotRecent::Password), (false, without, NotRecent::SignIn)]
            {
                let password_hash = has_password.then(|| PasswordHash::from_stored("x".to_owned()));
                let found = Credentials { account: account(), password_hash, password_version: 5 };
                let proof = recent_proof(&found, Some(&session), at(T.plus(age)));
                let expected = is_enough.then_some(Proof::Recent { version: 5 }).ok_or(missing);
                assert_eq!(proof, expected, "{name}, {has_password}");
                assert_eq!(recent_proof(&found, None, at(T)), Err(missing), "no session");
            }
        }
    }
}
