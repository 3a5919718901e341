//! What is to be delivered to somebody outside: sealing it for the plan of its cause, and what an operator does about it.
//! `deliver.rs` delivers it.

use std::sync::Arc;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::base::master_key::{MasterKeys, SealError};
use crate::base::out_of_range::OutOfRange;
use crate::base::random::Random;
use crate::flows::keys::KeysError;
use crate::flows::sealed_keys::open_or_make;
use crate::model::context::Context;
use crate::model::outbox::{
    Contents, Delivery, DeliveryFailure, DeliveryKind, DeliveryQuery, DeliveryState, LONGEST_WAIT,
    MailContents, MailTemplate, NewDelivery, OutboxKey,
};
use crate::model::sealed_key::SealedKey;
use crate::options::MailOptions;
use crate::store::{Store, StoreError};

/// A delivery, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueuedDelivery {
    /// Its ID; a mail's Message-ID begins with it.
    pub id: DeliveryId,
    /// How it is delivered.
    pub kind: DeliveryKind,
    /// What became of it.
    pub state: DeliveryState,
    /// Whom it goes to; none if its contents cannot be read.
    pub recipient: Option<String>,
    /// Which mail it is.
    pub template: Option<MailTemplate>,
    /// How often the other side was asked to take it.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub not_before: Timestamp,
    /// From when on it is not tried any more.
    pub expires_at: Timestamp,
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
}

/// Why a delivery is not tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError {
    /// There is none with this ID that was not sent, or it is being sent at this moment.
    #[error("there is no such delivery that waits or was given up, or it is being sent at this moment")]
    NotFound,
    /// The link in it has expired at this instant.
    #[error("what it says is of no use since {0}: a new one has to be asked for")]
    Useless(Timestamp),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key of the outbox, which is made if there is none.
pub(crate) async fn open_key(
    store: &impl Store,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<OutboxKey, KeysError> {
    let secret = open_or_make(store, SealedKey::Outbox, master_keys, random).await?;
    let (key, error) = (SealedKey::Outbox, SealError::Forged);
    OutboxKey::new(&secret).ok_or(KeysError::Sealed { key, error })
}

impl<S: Store> Countersign<S> {
    /// Sends mails in another way from now on, also those that wait; [`Options::mail`](crate::Options) stays what it was at the
    /// start, and so does what people can do by mail.
    ///
    /// # Errors
    /// [`OutOfRange`] with the field that cannot be used; nothing is changed then.
    pub fn set_mail(&self, options: MailOptions) -> Result<(), OutOfRange> {
        options.broken().into_result()?;
        self.mail.store(Some(Arc::new(options)));
        Ok(())
    }

    /// Seals what is to be delivered, for the plan of its cause.
    ///
    /// # Errors
    /// [`SealError`], never in practice: the contents are too long for the cipher.
    pub(crate) fn delivery(&self, contents: &Contents, now: Timestamp) -> Result<NewDelivery, SealError> {
        self.outbox_key.delivery(contents, now, &self.random)
    }

    /// What is in the outbox, the oldest first: all of it, or what is in one state.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_deliveries(
        &self,
        state: Option<DeliveryState>,
        limit: u32,
    ) -> Result<Vec<QueuedDelivery>, StoreError> {
        let query = DeliveryQuery { state, limit, ..DeliveryQuery::default() };
        let found = self.store.list_deliveries(query).await?;
        Ok(found.into_iter().map(|delivery| self.queued(delivery)).collect())
    }

    /// Tries a delivery at once, as if it were new.
    ///
    /// # Errors
    /// Each variant of [`RetryError`].
    pub async fn retry_delivery(&self, id: DeliveryId, context: &Context) -> Result<(), RetryError> {
        let query = DeliveryQuery { id: Some(id), limit: 1, ..DeliveryQuery::default() };
        let found = self.store.list_deliveries(query).await?.pop().ok_or(RetryError::NotFound)?;
        let until = self.useful_until(&found, context.now)?;
        let is_done = self.store.retry_delivery(id, until, context).await?;
        if is_done { Ok(()) } else { Err(RetryError::NotFound) }
    }

    /// Tries everything again that was given up and is still of use; gives how many that are.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; what was done until then stays.
    pub async fn retry_dead_deliveries(&self, context: &Context) -> Result<usize, StoreError> {
        let query = DeliveryQuery { state: Some(DeliveryState::Dead), limit: u32::MAX, id: None };
        let mut count = 0;
        for delivery in self.store.list_deliveries(query).await? {
            let Ok(until) = self.useful_until(&delivery, context.now) else { continue };
            count += usize::from(self.store.retry_delivery(delivery.new.id, until, context).await?);
        }
        Ok(count)
    }

    /// Forgets a delivery; gives whether there was one that nobody was sending.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn drop_delivery(&self, id: DeliveryId, context: &Context) -> Result<bool, StoreError> {
        self.store.drop_delivery(id, context).await
    }

    /// Sends a mail that says that mails work, now and past the outbox; gives its ID.
    ///
    /// # Errors
    /// Each variant of [`DeliveryFailure`]; [`DeliveryFailure::Unavailable`] without [`Options::mail`](crate::Options::mail).
    pub async fn send_test_mail(&self, address: &str) -> Result<DeliveryId, DeliveryFailure> {
        let id = DeliveryId::random(&self.random);
        self.send_mail(id, &MailContents::new(address, MailTemplate::Test)).await.map(|()| id)
    }

    /// Puts such a mail into the outbox, from where a process that serves sends it; gives its ID.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn queue_test_mail(&self, address: &str, context: &Context) -> Result<DeliveryId, StoreError> {
        let contents = Contents::Mail(MailContents::new(address, MailTemplate::Test));
        let sealed = self.delivery(&contents, context.now);
        let delivery = sealed.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let id = delivery.id;
        self.store.add_delivery(delivery, context).await?;
        Ok(id)
    }

    fn useful_until(&self, delivery: &Delivery, now: Timestamp) -> Result<Timestamp, RetryError> {
        let day = now.plus(LONGEST_WAIT);
        let useless_from =
            self.outbox_key.contents(delivery).ok().and_then(|contents| contents.useless_from());
        match useless_from {
            Some(at) if at <= now => Err(RetryError::Useless(at)),
            Some(at) => Ok(at.min(day)),
            None => Ok(day),
        }
    }

    fn queued(&self, delivery: Delivery) -> QueuedDelivery {
        let contents = self.outbox_key.contents(&delivery).ok();
        let NewDelivery { id, kind, created_at, not_before, expires_at, .. } = delivery.new;
        let recipient = contents.as_ref().map(|contents| contents.recipient().to_owned());
        let template = contents.map(|Contents::Mail(mail)| mail.template);
        let Delivery { attempts, last_error, state, ended_at, .. } = delivery;
        QueuedDelivery {
            id,
            kind,
            state,
            recipient,
            template,
            attempts,
            last_error,
            created_at,
            not_before,
            expires_at,
            ended_at,
        }
    }
}
