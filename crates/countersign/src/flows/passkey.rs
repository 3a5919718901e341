//! Challenges for passkeys (WebAuthn Level 3): what a browser gets before `navigator.credentials.create()` or `.get()`. A challenge is
//! sealed and kept by the browser, good for five minutes, for one purpose and once: the transaction that takes an answer remembers it.

use std::time::Duration;

use countersign_webauthn::{
    Challenge, CreationOptions, CredentialDescriptor, CredentialId, NewUser, RelyingParty, RequestOptions,
    ResidentKey, UserHandle, UserVerification,
};
use serde_json::Value;

use crate::Countersign;
use crate::base::id::AccountId;
use crate::base::master_key::Purpose;
use crate::flows::passkey_error::PasskeyError;
use crate::model::account::Account;
use crate::model::context::Context;
use crate::model::second_factor::{AccountFactors, FactorKind, PasskeyTicket, PasskeyUse, SecondFactor};
use crate::store::{Store, StoreError};

/// What a browser gets to ask for a passkey, or for a new one.
#[derive(Clone, Debug)]
pub struct PasskeyRequest {
    /// What comes back with the answer.
    pub ticket: String,
    /// For `PublicKeyCredential.parseRequestOptionsFromJSON()` (WebAuthn §5.1.8), or `parseCreationOptionsFromJSON()` (§5.1.9).
    pub public_key: Value,
}

impl PasskeyRequest {
    /// For how long an answer is accepted.
    pub const LIFETIME: Duration = PasskeyTicket::LIFETIME;
}

/// An answer to a [`PasskeyRequest`].
#[derive(Clone, Copy, Debug)]
pub struct PasskeyAnswer<'a> {
    /// The ticket of the request.
    pub ticket: &'a str,
    /// What `PublicKeyCredential.toJSON()` gave.
    pub credential: &'a Value,
    /// SHA-256 of what the browser keeps in a cookie, if the request was made for a browser.
    pub browser_hash: Option<[u8; 32]>,
}

impl<S: Store> Countersign<S> {
    /// The site that passkeys are for: its RP ID, and the origins whose pages may use them; nothing where they are not offered.
    #[must_use]
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        self.relying_party.as_ref()
    }

    pub(crate) fn site(&self) -> Result<&RelyingParty, PasskeyError> {
        self.relying_party.as_ref().ok_or(PasskeyError::Off)
    }

    /// Asks for any passkey of the site, to sign in with ([`authenticate_by_passkey`](Self::authenticate_by_passkey)). Nobody is named,
    /// so there is nothing to learn from it (EN-1).
    ///
    /// `browser_hash` binds the answer to a browser: SHA-256 of what it keeps in a cookie.
    ///
    /// # Errors
    /// [`PasskeyError::Off`].
    pub fn ask_for_passkey(
        &self,
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<PasskeyRequest, PasskeyError> {
        let site = self.site()?;
        let (ticket, challenge) = self.challenge(PasskeyUse::SignIn, browser_hash, context)?;
        Ok(PasskeyRequest { ticket, public_key: json(&RequestOptions::new(site, &challenge)) })
    }

    /// Asks the owner of an account, who has a session, for one of its passkeys
    /// ([`FactorProof::Passkey`](crate::FactorProof::Passkey)).
    ///
    /// # Errors
    /// [`PasskeyError::Off`], [`PasskeyError::Check`] for the store.
    pub async fn ask_owner_for_passkey(
        &self,
        account: AccountId,
        context: &Context,
    ) -> Result<PasskeyRequest, PasskeyError> {
        self.ask_for_one_of(account, (PasskeyUse::Owner(account), None), context).await
    }

    /// The passkeys of an account, for whoever has shown already that it is theirs. Verification is asked for and not demanded: it is
    /// one factor of two.
    pub(crate) async fn ask_for_one_of(
        &self,
        account: AccountId,
        (purpose, browser_hash): (PasskeyUse, Option<[u8; 32]>),
        context: &Context,
    ) -> Result<PasskeyRequest, PasskeyError> {
        let site = self.site()?;
        let held = self.store.second_factors(account).await?;
        let known = descriptors(&held);
        if known.is_empty() {
            return Err(PasskeyError::Off);
        }
        let (ticket, challenge) = self.challenge(purpose, browser_hash, context)?;
        let options = RequestOptions::new(site, &challenge).allowing(known);
        let options = options.with_user_verification(UserVerification::Preferred);
        Ok(PasskeyRequest { ticket, public_key: json(&options) })
    }

    /// Offers the owner of an account to make a passkey ([`add_passkey`](Self::add_passkey)). Nothing is stored.
    ///
    /// # Errors
    /// [`PasskeyError::Off`], [`PasskeyError::Check`] for the store.
    pub async fn offer_passkey(
        &self,
        account: &Account,
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<PasskeyRequest, PasskeyError> {
        let purpose = PasskeyUse::New(account.id);
        let (ticket, options) = self.offer((account, purpose), browser_hash, context).await?;
        Ok(PasskeyRequest { ticket, public_key: json(&options) })
    }

    /// Offers the owner of an account to register a security key for the second step alone: one that need not keep it, and need not
    /// verify its owner. Nothing is stored before [`add_passkey`](Self::add_passkey).
    ///
    /// # Errors
    /// [`PasskeyError::Off`], [`PasskeyError::Check`] for the store.
    pub async fn offer_security_key(
        &self,
        account: &Account,
        context: &Context,
    ) -> Result<PasskeyRequest, PasskeyError> {
        let purpose = PasskeyUse::NewForSecondStep(account.id);
        let (ticket, options) = self.offer((account, purpose), None, context).await?;
        let options = options.with_selection(ResidentKey::Discouraged, UserVerification::Discouraged);
        Ok(PasskeyRequest { ticket, public_key: json(&options) })
    }

    async fn offer(
        &self,
        (account, purpose): (&Account, PasskeyUse),
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<(String, CreationOptions), PasskeyError> {
        let site = self.site()?;
        let held = self.store.second_factors(account.id).await?;
        let (ticket, challenge) = self.challenge(purpose, browser_hash, context)?;
        let handle = self.user_handle(account.id, &held);
        let name = account.username.as_str();
        let user = NewUser { handle: &handle, name, display_name: name };
        let options = &self.options.passkeys;
        let rp_name = options.rp_name.as_deref().unwrap_or_else(|| self.product());
        Ok((ticket, CreationOptions::new(site, rp_name, &user, &challenge).excluding(descriptors(&held))))
    }

    /// How authenticators know an account: that of its passkeys; for the first one, 32 bytes that nobody can tell from random ones who
    /// has not our key (WebAuthn §14.6.1). They stay the same when all passkeys are removed, so a new one takes an old one's place.
    #[must_use]
    pub fn user_handle(&self, account: AccountId, held: &AccountFactors) -> UserHandle {
        let known = held.factors.iter().find_map(|factor| factor.passkey.as_deref());
        let known = known.and_then(|passkey| UserHandle::from_bytes(passkey.user_handle.clone()).ok());
        known.unwrap_or_else(|| {
            UserHandle::from_random(*self.outbox_key.derive(Purpose::PasskeyUser, account.as_bytes()))
        })
    }

    fn challenge(
        &self,
        purpose: PasskeyUse,
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<(String, Challenge), StoreError> {
        let challenge = self.random.bytes();
        let expires_at = context.now.plus(PasskeyTicket::LIFETIME);
        let ticket = PasskeyTicket { purpose, challenge, browser_hash, expires_at };
        Ok((self.sealed(Purpose::PasskeyTicket, &ticket)?, Challenge::from_random(challenge)))
    }

    /// The challenge of an answer, if it is good for this.
    pub(crate) fn challenge_of(
        &self,
        answer: PasskeyAnswer<'_>,
        purpose: PasskeyUse,
        context: &Context,
    ) -> Result<PasskeyTicket, PasskeyError> {
        let ticket: Option<PasskeyTicket> = self.opened(Purpose::PasskeyTicket, answer.ticket);
        let is_good = |ticket: &PasskeyTicket| ticket.is_good(purpose, answer.browser_hash, context.now);
        ticket.filter(is_good).ok_or(PasskeyError::Expired)
    }
}

fn descriptors(held: &AccountFactors) -> Vec<CredentialDescriptor> {
    let descriptor = |factor: &SecondFactor| {
        let passkey = factor.passkey.as_deref()?;
        let id = CredentialId::from_bytes(passkey.credential_id.clone()).ok()?;
        Some(CredentialDescriptor::new(&id, &passkey.transports))
    };
    held.of_kind(FactorKind::Passkey).filter_map(descriptor).collect()
}

fn json(options: &impl serde::Serialize) -> Value {
    // Options are strings and numbers, which always have a JSON form.
    serde_json::to_value(options).unwrap_or_default()
}
