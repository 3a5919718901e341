//! The second step of a sign-in: what is due, the ticket that a browser keeps between the steps, and the check of what is shown.
//! Codes are guessed at, so each check goes through [`attempt`](super::attempt), with a count of its own: a right password
//! forgives no wrong code.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::master_key::Purpose;
use crate::flows::attempt::{CheckError, Checked, Guessed};
use crate::flows::login::{Authenticated, LoginError};
use crate::flows::passkey::PasskeyAnswer;
#[cfg(feature = "internal-testing")]
use crate::flows::second_factor_due::SecondFactorDue;
use crate::model::account::Account;
use crate::model::context::Context;
use crate::model::proof::AuthMethods;
use crate::model::second_factor::{
    AccountFactors, Enrolment, FactorKind, FactorTicket, FirstProof, NewFactor, PasskeyUse, RecoveryCode,
    SecondFactor, SecondStep, ShownFactor, TotpSecret,
};
use crate::model::session::{Grant, SessionProof};
use crate::store::{Store, StoreError};

/// What somebody shows in the second step.
#[derive(Clone, Copy, Debug)]
pub enum FactorProof<'a> {
    /// The code of an authenticator: six digits.
    Code(&'a str),
    /// A recovery code.
    RecoveryCode(&'a str),
    /// The answer of one of the account's passkeys.
    Passkey(PasskeyAnswer<'a>),
}

impl<'a> FactorProof<'a> {
    /// What somebody has typed into the one field of a page: six digits are a code, anything else is a recovery code.
    pub(crate) fn typed(text: &'a str) -> Self {
        let text = text.trim();
        let is_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Self::Code(text) } else { Self::RecoveryCode(text) }
    }
}

/// An authenticator that is offered to somebody. It is nothing until they show its first code. Secret.
pub struct OfferedAuthenticator {
    /// What the browser gives back with the code. It is good for ten minutes.
    pub token: String,
    /// What the authenticator gets.
    pub secret: TotpSecret,
    /// The URI that its app reads.
    pub uri: Zeroizing<String>,
}

impl std::fmt::Debug for OfferedAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OfferedAuthenticator([redacted])")
    }
}

/// The first code of an offered authenticator, and the name that its owner gives it.
#[derive(Clone, Copy, Debug)]
pub struct NewAuthenticator<'a> {
    /// The token of the offer.
    pub token: &'a str,
    /// Its code.
    pub code: &'a str,
    /// Its name; shortened to 64 characters.
    pub name: &'a str,
}

impl<S: Store> Countersign<S> {
    /// Seals what a browser keeps until the second step. `browser_hash` is the SHA-256 of what it keeps in a cookie; a native app,
    /// which has no other place than this, has none.
    pub(crate) fn factor_ticket(
        &self,
        (account, first): &(Account, FirstProof),
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<String, StoreError> {
        let expires_at = context.now.plus(FactorTicket::LIFETIME);
        let ticket = FactorTicket { account_id: account.id, first: *first, browser_hash, expires_at };
        self.sealed(Purpose::FactorTicket, &ticket)
    }

    pub(crate) fn sealed<T: serde::Serialize>(&self, purpose: Purpose, of: &T) -> Result<String, StoreError> {
        let unavailable = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Unavailable(error);
        let plain = serde_json::to_vec(of).map(Zeroizing::new);
        let plain = plain.map_err(|error| unavailable(error.into()))?;
        let sealed = self.outbox_key.seal(purpose, &plain, b"", &self.random);
        Ok(URL_SAFE_NO_PAD.encode(sealed.map_err(|error| unavailable(error.into()))?))
    }

    pub(crate) fn opened<T: serde::de::DeserializeOwned>(&self, purpose: Purpose, text: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = self.outbox_key.open(purpose, &sealed, b"").ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Goes on with a sign-in whose first step was right. Nothing is changed yet.
    ///
    /// # Errors
    /// [`LoginError::FactorTicket`] when the ticket is not ours, of another browser, or over; [`LoginError::Check`] for the store.
    pub(crate) async fn resume_sign_in(
        &self,
        ticket: &str,
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let ticket: FactorTicket =
            self.opened(Purpose::FactorTicket, ticket).ok_or(LoginError::FactorTicket)?;
        if !ticket.is_good(browser_hash, context.now) {
            return Err(LoginError::FactorTicket);
        }
        let account = self.store.find_account(ticket.account_id).await.map_err(CheckError::from)?;
        let account = account.ok_or(LoginError::FactorTicket)?;
        let requester = self.requester(&account.username, context);
        let device = matches!(ticket.first, FirstProof::Password { .. }).then(|| {
            let (cookie, name) = (context.device_cookie.as_ref(), account.username.canonical());
            self.devices.remember(cookie, name, context.now, &self.random)
        });
        let authenticated = Authenticated::new(account, requester, ticket.first.proof());
        Ok(Authenticated { ticket: ticket.first.mail_ticket(), device, ..authenticated })
    }

    /// Checks what is shown in the second step, of an account that has an authenticator. Nothing is changed yet but the count of
    /// failures, and the audit log: [`start_session`](Self::start_session) uses the code up.
    ///
    /// # Errors
    /// [`LoginError::WrongFactor`], [`LoginError::Passkey`], [`LoginError::Check`].
    pub async fn with_second_factor(
        &self,
        authenticated: Authenticated,
        proof: FactorProof<'_>,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let held = self.store.second_factors(authenticated.account.id).await.map_err(CheckError::from)?;
        let account = &authenticated.account;
        let shown = match proof {
            FactorProof::Passkey(answer) => {
                let purpose = PasskeyUse::SecondStep(account.id);
                let shown = self.check_passkey((account, &held), answer, purpose, context).await?;
                Some(ShownFactor::Passkey(shown))
            }
            proof => self.check_factor(account, &held, proof, context).await?,
        };
        let shown = shown.ok_or(LoginError::WrongFactor)?;
        Ok(Authenticated { shown, ..authenticated })
    }

    /// Looks whether a code is right and new. An unknown account's codes are looked at by nobody: whoever comes here has made the first
    /// step.
    pub(crate) async fn check_factor(
        &self,
        account: &Account,
        held: &AccountFactors,
        proof: FactorProof<'_>,
        context: &Context,
    ) -> Result<Option<ShownFactor>, CheckError> {
        let guessed = Guessed::second_factor(account.username.canonical());
        self.attempt_at(guessed, context, async |_| {
            Ok(match self.find_factor(account, held, proof, context) {
                Some(shown) => Checked::Right(shown),
                None => Checked::Wrong(Some(account.id)),
            })
        })
        .await
    }

    fn find_factor(
        &self,
        account: &Account,
        held: &AccountFactors,
        proof: FactorProof<'_>,
        context: &Context,
    ) -> Option<ShownFactor> {
        match proof {
            FactorProof::Code(code) => held.of_kind(FactorKind::Totp).find_map(|factor| {
                let step = self.totp_secret(factor)?.step_of(code, context.now)?;
                (step > held.last_step()).then_some(ShownFactor::Totp { factor: factor.id, step })
            }),
            FactorProof::RecoveryCode(text) => {
                let hash = RecoveryCode::parse(text)?.hash(&self.outbox_key, account.id);
                held.codes.contains(&hash).then_some(ShownFactor::RecoveryCode(hash))
            }
            FactorProof::Passkey(_) => None,
        }
    }

    fn totp_secret(&self, factor: &SecondFactor) -> Option<TotpSecret> {
        let plain = self.outbox_key.open(Purpose::TotpSecret, &factor.sealed, factor.id.as_bytes());
        if let Err(error) = &plain {
            tracing::error!(factor = %factor.id, %error, "an authenticator cannot be read");
        }
        TotpSecret::from_bytes(&plain.ok()?)
    }

    /// Offers an authenticator to the owner of an account. Nothing is stored.
    ///
    /// # Errors
    /// [`StoreError`], never in practice: it cannot be sealed.
    pub(crate) fn offer_authenticator(
        &self,
        account: &Account,
        context: &Context,
    ) -> Result<OfferedAuthenticator, StoreError> {
        let secret = TotpSecret::random(&self.random);
        let token =
            self.sealed(Purpose::FactorEnrolment, &Enrolment::new(account.id, &secret, context.now))?;
        let uri = secret.to_secret_uri(self.product(), account.username.as_str());
        Ok(OfferedAuthenticator { token, secret, uri })
    }

    /// Takes an offered authenticator into a sign-in that needs one. [`start_session`](Self::start_session) stores it, with recovery
    /// codes that [`SignedIn`](crate::SignedIn) shows.
    ///
    /// # Errors
    /// [`LoginError::WrongFactor`] for a wrong code or an offer that is over, [`LoginError::Check`].
    pub(crate) async fn with_new_authenticator(
        &self,
        authenticated: Authenticated,
        new: NewAuthenticator<'_>,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let made = self.make_authenticator(&authenticated.account, new, context).await?;
        let factor = made.ok_or(LoginError::WrongFactor)?;
        let recovery_codes = RecoveryCode::set(&self.random);
        let id = authenticated.account.id;
        let codes = recovery_codes.iter().map(|code| code.hash(&self.outbox_key, id)).collect();
        let shown = ShownFactor::New(Box::new(NewFactor { factor, codes }));
        Ok(Authenticated { shown, recovery_codes, ..authenticated })
    }

    pub(crate) fn product(&self) -> &str {
        let host = || self.options.issuer.split_once("://").map_or("", |(_, host)| host);
        self.options.second_factor.product.as_deref().unwrap_or_else(host)
    }

    /// The authenticator of an offer, whose first code is right.
    pub(crate) async fn make_authenticator(
        &self,
        account: &Account,
        new: NewAuthenticator<'_>,
        context: &Context,
    ) -> Result<Option<SecondFactor>, CheckError> {
        let enrolment: Option<Enrolment> = self.opened(Purpose::FactorEnrolment, new.token);
        let secret = enrolment.and_then(|enrolment| enrolment.secret(account.id, context.now));
        let guessed = Guessed::second_factor(account.username.canonical());
        let found = self
            .attempt_at(guessed, context, async |_| {
                let step = secret.as_ref().and_then(|secret| secret.step_of(new.code, context.now));
                Ok(step.map_or(Checked::Wrong(Some(account.id)), Checked::Right))
            })
            .await?;
        let (Some(step), Some(secret)) = (found, secret) else { return Ok(None) };
        let made = self.factor_sealer().authenticator(account.id, (&secret, new.name), context.now)?;
        Ok(Some(SecondFactor { last_step: step, ..made }))
    }

    /// The second step, as a store's transaction looks at it.
    pub(crate) fn second_step(&self, account: &Account, shown: ShownFactor, context: &Context) -> SecondStep {
        let cookie = context.device_cookie.as_ref();
        let name = account.username.canonical();
        let device = cookie.and_then(|cookie| self.devices.find(cookie, name, context.now));
        let device = device.map(|device| sha256(device.as_bytes()));
        SecondStep { shown, device, trusts: None, policy: Arc::clone(&self.options.second_factor.policy) }
    }

    /// The session that somebody has shown, if it is alive, and its owner has shown what the policy asks for by now (MF-2).
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn vouch(
        &self,
        proof: SessionProof,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        let found = self.store.vouch(proof, now).await?;
        Ok(found.filter(|grant| self.is_enough(grant.account(), grant.session().amr, now)))
    }

    /// Whether a session that began like this may go on: the policy may have changed since.
    pub(crate) fn is_enough(&self, account: &Account, amr: AuthMethods, now: Timestamp) -> bool {
        use crate::model::proof::AuthMethod::{MultipleFactors, RiskBased};
        amr.has(MultipleFactors)
            || amr.has(RiskBased)
            || !self.options.second_factor.policy.requires(&account.role, now)
    }
}

/// The two requests of a sign-in without HTTP, for tests.
#[cfg(feature = "internal-testing")]
#[doc(hidden)]
impl<S: Store> Countersign<S> {
    pub fn ticket_of(&self, due: &SecondFactorDue, browser: [u8; 32], context: &Context) -> Option<String> {
        self.factor_ticket(due.first.as_ref()?, Some(browser), context).ok()
    }

    pub async fn resume(
        &self,
        ticket: &str,
        browser: [u8; 32],
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        self.resume_sign_in(ticket, Some(browser), context).await
    }
}

impl OfferedAuthenticator {
    /// A picture of the URI, for the camera of an app: the document of an SVG image (ISO/IEC 18004). Secret.
    #[must_use]
    pub fn qr_code(&self) -> Zeroizing<String> {
        // A URI of ours is far from the 2,331 bytes that fit.
        let Ok(code) = QrCode::encode_text(&self.uri, QrCodeEcc::Medium) else { return String::new().into() };
        let (size, mut path) = (code.size(), Zeroizing::new(String::new()));
        for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
            if code.get_module(x, y) {
                // Four modules of white around it, as readers expect.
                let _ = write!(path, "M{} {}h1v1h-1z", x + 4, y + 4);
            }
        }
        let whole = size + 8;
        Zeroizing::new(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\"{}\"/></svg>",
            path.as_str()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::base::clock::Clock;
    use crate::base::id::FactorId;
    use crate::base::master_key::MasterKeys;
    use crate::base::random::Random;
    use crate::model::context::Actor;
    use crate::model::session::testing::account;
    use crate::store::sqlite::SqliteStore;

    /// MF-1: whoever can write to the database cannot give an account the authenticator of another one.
    #[tokio::test]
    async fn a_sealed_secret_is_read_in_its_own_row_alone() {
        let options = Options::new("https://auth.example", "api");
        let store = SqliteStore::in_memory(options.sessions).unwrap();
        let (random, now) = (Random::insecure_seeded(1), Timestamp::from_unix_millis(0));
        let (keys, clock) = (MasterKeys::generate(&random), Clock::manual(now));
        let system = Countersign::open(store, options, keys, clock, random).await.unwrap();
        let context = Context::local(Actor::Anonymous, now);
        let offer = system.offer_authenticator(&account(), &context).unwrap();
        let code = offer.secret.code_at(now);
        let new = NewAuthenticator { token: &offer.token, code: &code, name: "phone" };
        let made = system.make_authenticator(&account(), new, &context).await.unwrap().unwrap();
        assert_eq!(system.totp_secret(&made), Some(offer.secret));
        let moved = SecondFactor { id: FactorId::random(&system.random), ..made };
        assert_eq!(system.totp_secret(&moved), None);
    }
}
