//! The random key of the outbox. Rows are sealed under it, lanes are named with it, and one-time secrets are derived from it
//! when they are sent: whoever has the database without the master key reads no mail, and follows no link.

use zeroize::Zeroizing;

use super::{Contents, Delivery, LONGEST_WAIT, NewDelivery};
use crate::base::clock::Timestamp;
use crate::base::digest::mac16;
use crate::base::id::DeliveryId;
use crate::base::master_key::{MasterKeys, Purpose, SealError};
use crate::base::random::Random;

/// The key. It stays the same when another master key takes over, so a link in a mail works before and after.
#[derive(Clone, Debug)]
pub struct OutboxKey(MasterKeys);

/// Why the contents of a delivery cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableDelivery {
    /// Somebody has changed the row, or put it in another's place.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// Another version of the program has written what this one does not understand.
    #[error("its contents are of another version of the program")]
    Form(#[from] serde_json::Error),
}

impl OutboxKey {
    /// With a secret of 32 bytes; `None` for another length.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        Some(Self(MasterKeys::of(Zeroizing::new(secret.try_into().ok()?))))
    }

    /// Seals what is to be delivered, at once. It is tried for a day, or until it is of no use any more.
    ///
    /// # Errors
    /// [`SealError`], never in practice: the contents are too long for the cipher.
    pub(crate) fn delivery(
        &self,
        contents: &Contents,
        now: Timestamp,
        random: &Random,
    ) -> Result<NewDelivery, SealError> {
        let id = DeliveryId::random(random);
        let plain = Zeroizing::new(serde_json::to_vec(contents).map_err(|_| SealError::Forged)?);
        let day = now.plus(LONGEST_WAIT);
        Ok(NewDelivery {
            id,
            kind: contents.kind(),
            lane: self.lane(contents),
            sealed: self.seal(Purpose::OutboxContents, &plain, id.as_bytes(), random)?,
            created_at: now,
            not_before: now,
            expires_at: contents.useless_from().map_or(day, |at| at.min(day)),
        })
    }

    /// What is in a delivery.
    ///
    /// # Errors
    /// Every variant of [`UnreadableDelivery`].
    pub(crate) fn contents(&self, delivery: &Delivery) -> Result<Contents, UnreadableDelivery> {
        let NewDelivery { id, sealed, .. } = &delivery.new;
        Ok(serde_json::from_slice(&self.open(Purpose::OutboxContents, sealed, id.as_bytes())?)?)
    }

    /// 32 hexadecimal digits that are the same for the same recipient, and name nobody.
    fn lane(&self, contents: &Contents) -> String {
        let recipient = contents.recipient().to_lowercase();
        let key = self.0.current_mac_key(Purpose::OutboxLane);
        format!("{:032x}", u128::from_be_bytes(mac16(&key, &[recipient.as_bytes()])))
    }

    /// A secret of something, such as a ticket: the same each time, and in no database.
    pub(crate) fn derive(&self, purpose: Purpose, of: &[u8]) -> Zeroizing<[u8; 32]> {
        self.0.derive(purpose, of)
    }

    /// Seals something, bound to what it belongs to.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        plain: &[u8],
        context: &[u8],
        random: &Random,
    ) -> Result<Vec<u8>, SealError> {
        self.0.seal(purpose, plain, context, random)
    }

    /// Opens what was sealed.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.0.open(purpose, sealed, context)
    }
}

#[cfg(test)]
mod tests {
    use crate::base::id::TicketId;
    use std::time::Duration;

    use super::*;
    use crate::model::outbox::{DeliveryState, MailContents, MailTemplate, MailTicket};

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    fn stored(new: NewDelivery) -> Delivery {
        let state = DeliveryState::Waiting;
        Delivery { new, attempts: 0, lease: None, state, last_error: None, ended_at: None }
    }

    fn mail(to: &str) -> MailContents {
        MailContents::new(to, MailTemplate::Test)
    }

    /// EM-10.
    #[test]
    fn a_delivery_is_read_with_its_key_and_in_its_own_row_only() {
        let random = Random::insecure_seeded(1);
        let [key, other] = [[1; 32], [2; 32]].map(|secret| OutboxKey::new(&secret).unwrap());
        let contents = Contents::Mail(mail("Bob@example.com"));
        let delivery = stored(key.delivery(&contents, T, &random).unwrap());
        assert_eq!(key.contents(&delivery).unwrap(), contents);
        assert!(other.contents(&delivery).is_err());
        let mut moved = delivery.clone();
        moved.new.id = DeliveryId::random(&random);
        assert!(key.contents(&moved).is_err());
        let text = format!("{delivery:?}");
        assert!(!text.to_lowercase().contains("bob") && !delivery.new.lane.contains('@'), "{text}");
        assert!(OutboxKey::new(&[0; 31]).is_none());
    }

    /// Order is kept by lane, however an address is written.
    #[test]
    fn one_recipient_has_one_lane() {
        let key = OutboxKey::new(&[1; 32]).unwrap();
        let lane = |to: &str| key.lane(&Contents::Mail(mail(to)));
        assert_eq!(lane("Bob@Example.com"), lane("bob@example.com"));
        assert_ne!(lane("bob@example.com"), lane("eve@example.com"));
        assert_ne!(
            lane("bob@example.com"),
            OutboxKey::new(&[2; 32]).unwrap().lane(&Contents::Mail(mail("bob@example.com")))
        );
    }

    #[test]
    fn a_mail_with_a_ticket_is_of_no_use_after_it() {
        let random = Random::insecure_seeded(1);
        let key = OutboxKey::new(&[1; 32]).unwrap();
        let expiry = |ticket_lives: Option<Duration>| {
            let mut mail = mail("bob@example.com");
            let id = TicketId::random(&random);
            mail.parameters.ticket =
                ticket_lives.map(|ttl| MailTicket { id, expires_at: T.plus(ttl), has_code: false });
            key.delivery(&Contents::Mail(mail), T, &random).unwrap().expires_at.since(T)
        };
        let (ten_minutes, day) = (Duration::from_mins(10), Duration::from_hours(24));
        assert_eq!(expiry(Some(ten_minutes)), ten_minutes);
        assert_eq!(expiry(Some(7 * day)), day);
        assert_eq!(expiry(None), day);
    }
}
