//! Answers of passkeys: signing in with one alone, showing one as the second factor, and making one. Each check goes through
//! [`attempt`](super::attempt), so whoever sends wrong ones waits; a signature is never right by chance.

use countersign_webauthn::{
    AuthenticationResponse, CeremonyError, Challenge, CredentialId, Expected, PublicKey,
    RegistrationResponse, StoredCredential, User, UserHandle, UserVerification, VerifiedAssertion,
};

use crate::Countersign;
use crate::base::digest::sha256;
use crate::base::id::FactorId;
use crate::base::master_key::Purpose;
use crate::flows::attempt::{CheckError, Checked, Guessed};
use crate::flows::login::{Authenticated, LoginError};
use crate::flows::passkey::PasskeyAnswer;
use crate::flows::passkey_error::PasskeyError;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::model::proof::Proof;
use crate::model::second_factor::{
    AccountFactors, AnsweredChallenge, FactorKind, NewFactor, Passkey, PasskeyTicket, PasskeyUse,
    RecoveryCode, SecondFactor, ShownFactor, ShownPasskey,
};
use crate::store::{Store, StoreError};

/// A passkey that its owner has just made, and the name that they give it.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// The answer to [`Countersign::offer_passkey`].
    pub answer: PasskeyAnswer<'a>,
    /// Its name; shortened to 64 characters.
    pub name: &'a str,
}

/// What an answer is checked against.
struct Expectation {
    ticket: PasskeyTicket,
    user: User,
    verification: UserVerification,
}

impl<S: Store> Countersign<S> {
    /// Takes the answer of a passkey in place of a name and a password: its authenticator has checked who is in front of it, so it is
    /// two factors. Nothing is changed but the audit log and the count of failures; [`start_session`](Self::start_session) uses the
    /// challenge up.
    ///
    /// # Errors
    /// [`LoginError::Passkey`], [`LoginError::Check`].
    pub async fn authenticate_by_passkey(
        &self,
        answer: PasskeyAnswer<'_>,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let outcome = self.prove_by_passkey(answer, context).await.map_err(LoginError::from);
        self.count_refused(&outcome);
        outcome
    }

    async fn prove_by_passkey(
        &self,
        answer: PasskeyAnswer<'_>,
        context: &Context,
    ) -> Result<Authenticated, PasskeyError> {
        self.site()?;
        let ticket = self.challenge_of(answer, PasskeyUse::SignIn, context)?;
        let response = read(answer)?;
        let expectation =
            Expectation { ticket, user: User::NamedByCredential, verification: UserVerification::Required };
        let id = response.credential_id();
        let credential = id.to_base64url();
        let mut is_known = true;
        let found = self
            .attempt_at(Guessed::passkey(&credential), context, async |_| {
                let Some(factor) = self.store.find_passkey(id.as_bytes().to_vec()).await? else {
                    is_known = false;
                    return Ok(Checked::Wrong(None));
                };
                let account = self.store.find_account(factor.account_id).await?;
                let signs_in = factor.passkey.as_deref().is_some_and(|passkey| passkey.signs_in);
                let account = account.filter(|account| signs_in && account.knows_its_owner());
                let shown = self.verified(&response, &factor, &expectation, context).await?;
                Ok(account.zip(shown).map_or(Checked::Wrong(Some(factor.account_id)), Checked::Right))
            })
            .await?;
        let Some((account, shown)) = found else {
            return Err(if is_known { PasskeyError::Invalid } else { PasskeyError::Unknown });
        };
        let (cookie, name) = (context.device_cookie.as_ref(), account.username.canonical());
        let device = Some(self.devices.remember(cookie, name, context.now, &self.random));
        let requester = self.requester(&account.username, context);
        let authenticated = Authenticated::new(account, requester, Proof::Passkey);
        Ok(Authenticated { device, shown: ShownFactor::Passkey(shown), ..authenticated })
    }

    /// Looks whether the answer of one of an account's passkeys is right and new.
    pub(crate) async fn check_passkey(
        &self,
        (account, held): (&Account, &AccountFactors),
        answer: PasskeyAnswer<'_>,
        purpose: PasskeyUse,
        context: &Context,
    ) -> Result<ShownPasskey, PasskeyError> {
        self.site()?;
        let ticket = self.challenge_of(answer, purpose, context)?;
        if held.answered.contains(&sha256(&ticket.challenge)) {
            return Err(PasskeyError::Expired);
        }
        let response = read(answer)?;
        let id = response.credential_id().as_bytes();
        let is_it = |passkey: &Passkey| passkey.credential_id == id;
        let factor = held.factors.iter().find(|factor| factor.passkey.as_deref().is_some_and(is_it));
        let expectation =
            Expectation { ticket, user: User::IdentifiedBefore, verification: UserVerification::Preferred };
        let guessed = Guessed::second_factor(account.username.canonical());
        let found = self
            .attempt_at(guessed, context, async |_| {
                let shown = match factor {
                    Some(factor) => self.verified(&response, factor, &expectation, context).await?,
                    None => None,
                };
                Ok(shown.map_or(Checked::Wrong(Some(account.id)), Checked::Right))
            })
            .await?;
        found.ok_or(if factor.is_some() { PasskeyError::Invalid } else { PasskeyError::Unknown })
    }

    /// What an answer shows, if it is right. Of a counter that did not rise, the audit log is told.
    async fn verified(
        &self,
        response: &AuthenticationResponse,
        factor: &SecondFactor,
        expectation: &Expectation,
        context: &Context,
    ) -> Result<Option<ShownPasskey>, CheckError> {
        let assertion = match self.verify(response, factor, expectation) {
            Ok(assertion) => assertion,
            Err(error) => {
                tracing::info!(factor = %factor.id, %error, "the answer of a passkey is not right");
                return Ok(None);
            }
        };
        if assertion.counter_fell {
            let event = AuditEvent::new(AuditKind::PasskeyCounterFell).of_account(factor.account_id);
            self.store.record(event.with_detail(factor.id.to_string()), context).await?;
            return Ok(None);
        }
        let PasskeyTicket { challenge, expires_at, .. } = expectation.ticket;
        Ok(Some(ShownPasskey {
            factor: factor.id,
            challenge: AnsweredChallenge { hash: sha256(&challenge), expires_at },
            sign_count: assertion.sign_count,
            backed_up: assertion.backed_up,
            is_verified: assertion.user_verified,
        }))
    }

    fn verify(
        &self,
        response: &AuthenticationResponse,
        factor: &SecondFactor,
        expectation: &Expectation,
    ) -> Result<VerifiedAssertion, Refused> {
        let relying_party = self.relying_party.as_ref().ok_or(Refused::Unreadable)?;
        let passkey = factor.passkey.as_deref().ok_or(Refused::Unreadable)?;
        let place = place(factor, passkey);
        let key = self.outbox_key.open(Purpose::PasskeyKey, &factor.sealed, &place);
        let key = key.map_err(|error| {
            tracing::error!(factor = %factor.id, %error, "a passkey cannot be read");
            Refused::Unreadable
        })?;
        let stored = StoredCredential {
            id: CredentialId::from_bytes(passkey.credential_id.clone())?,
            public_key: PublicKey::from_cose(&key).map_err(CeremonyError::PublicKey)?,
            sign_count: passkey.sign_count,
            backup_eligible: passkey.backup_eligible,
            user_handle: UserHandle::from_bytes(passkey.user_handle.clone())?,
        };
        let Expectation { ticket, user, verification } = expectation;
        let challenge = Challenge::from_random(ticket.challenge);
        let expected = Expected { relying_party, challenge, user_verification: *verification };
        Ok(response.verify(expected, *user, &stored)?)
    }

    /// Takes a passkey that was just made into a sign-in that needs a second factor, as
    /// [`start_session`](Self::start_session) stores it with recovery codes.
    pub(crate) async fn with_new_passkey(
        &self,
        authenticated: Authenticated,
        new: NewPasskey<'_>,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let account = &authenticated.account;
        let held = self.store.second_factors(account.id).await.map_err(CheckError::from)?;
        let factor = self.make_passkey((account, &held), new, context).await?;
        let recovery_codes = RecoveryCode::set(&self.random);
        let codes = recovery_codes.iter().map(|code| code.hash(&self.outbox_key, account.id)).collect();
        let shown = ShownFactor::New(Box::new(NewFactor { factor, codes }));
        Ok(Authenticated { shown, recovery_codes, ..authenticated })
    }

    /// The passkey of an offer.
    pub(crate) async fn make_passkey(
        &self,
        (account, held): (&Account, &AccountFactors),
        new: NewPasskey<'_>,
        context: &Context,
    ) -> Result<SecondFactor, PasskeyError> {
        let relying_party = self.site()?;
        let of = |purpose| self.challenge_of(new.answer, purpose, context);
        let (ticket, user_verification) = match of(PasskeyUse::New(account.id)) {
            Ok(ticket) => (ticket, UserVerification::Required),
            Err(_) => (of(PasskeyUse::NewForSecondStep(account.id))?, UserVerification::Preferred),
        };
        let challenge = Challenge::from_random(ticket.challenge);
        let expected = Expected { relying_party, challenge, user_verification };
        let response = RegistrationResponse::from_value(new.answer.credential.clone());
        let made = response.and_then(|response| response.verify(expected)).map_err(|error| {
            tracing::info!(account = %account.id, %error, "a new passkey is not accepted");
            PasskeyError::Invalid
        })?;
        // WebAuthn §7.1, step 26: whosever it is.
        if self.store.find_passkey(made.id.as_bytes().to_vec()).await?.is_some() {
            return Err(PasskeyError::Exists);
        }
        let passkey = Passkey {
            credential_id: made.id.as_bytes().to_vec(),
            user_handle: self.user_handle(account.id, held).as_bytes().to_vec(),
            sign_count: made.sign_count,
            backup_eligible: made.backup_eligible,
            backed_up: made.backed_up,
            signs_in: user_verification == UserVerification::Required,
            transports: made.transports,
            aaguid: *made.aaguid.as_bytes(),
        };
        let mut factor = SecondFactor {
            id: FactorId::random(&self.random),
            account_id: account.id,
            kind: FactorKind::Passkey,
            name: SecondFactor::name_of(new.name),
            sealed: Vec::new(),
            last_step: 0,
            passkey: None,
            created_at: context.now,
            last_used_at: None,
        };
        let place = place(&factor, &passkey);
        let key = made.public_key.as_cose();
        let sealed = self.outbox_key.seal(Purpose::PasskeyKey, key, &place, &self.random);
        factor.sealed = sealed.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        factor.passkey = Some(Box::new(passkey));
        Ok(factor)
    }
}

/// Why an answer is not right. For the log; whoever sent it is told nothing of it.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    #[error("it cannot be read")]
    Unreadable,
}

fn read(answer: PasskeyAnswer<'_>) -> Result<AuthenticationResponse, PasskeyError> {
    AuthenticationResponse::from_value(answer.credential.clone()).map_err(|error| {
        tracing::info!(%error, "the answer of a passkey cannot be read");
        PasskeyError::Invalid
    })
}

/// SECURITY: whoever can write to the database can neither make a passkey nor give an account another one's: its key is sealed in its
/// own row, of its own account, for its own credential and user.
fn place(factor: &SecondFactor, passkey: &Passkey) -> Vec<u8> {
    let handle = sha256(&passkey.user_handle);
    [factor.id.as_bytes(), factor.account_id.as_bytes(), handle.as_slice(), &passkey.credential_id].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::AccountId;
    use crate::base::random::Random;
    use crate::model::second_factor::testing::passkey;

    /// MF-4: a sealed key is read in its own row alone, of its own account, credential and user.
    #[test]
    fn every_part_of_a_row_is_bound_to_its_key() {
        let factor = passkey(5, 1);
        let kept = factor.passkey.as_deref().unwrap();
        let other = SecondFactor { id: passkey(6, 1).id, ..factor.clone() };
        let account_id = AccountId::random(&Random::insecure_seeded(9));
        let of_another = SecondFactor { account_id, ..factor.clone() };
        let credential = Passkey { credential_id: vec![8; 20], ..kept.clone() };
        let user = Passkey { user_handle: vec![6; 32], ..kept.clone() };
        // Where one part ends and the next begins makes a difference.
        let longer = Passkey {
            user_handle: [kept.user_handle.as_slice(), &[7]].concat(),
            credential_id: vec![7; 19],
            ..kept.clone()
        };
        for (factor, passkey) in [
            (&other, kept),
            (&of_another, kept),
            (&factor, &credential),
            (&factor, &user),
            (&factor, &longer),
        ] {
            assert_ne!(place(factor, passkey), place(&passkey_of(), kept));
        }
        assert_eq!(place(&factor, kept), place(&passkey_of(), kept));
    }

    fn passkey_of() -> SecondFactor {
        passkey(5, 1)
    }
}
