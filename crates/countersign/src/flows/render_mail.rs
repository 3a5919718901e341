//! The words of a mail: from the operator's templates, with the secrets of its ticket, which are nowhere before.

#[cfg(feature = "mail")]
use std::sync::Arc;

#[cfg(feature = "mail")]
use zeroize::Zeroizing;

use crate::Countersign;
use crate::mail::OutgoingMail;
use crate::model::outbox::{DeliveryFailure, MailContents};
#[cfg(feature = "mail")]
use crate::render::{MailValues, Templates};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Fills in the words of this mail; nothing if it is not to be sent, because nobody can use its link (any more).
    ///
    /// # Errors
    /// [`DeliveryFailure::Transient`]: the store did not answer, or this program has no words for the mail.
    #[cfg(feature = "mail")]
    pub(crate) async fn render_mail(
        &self,
        mail: &MailContents,
        mut outgoing: OutgoingMail,
    ) -> Result<Option<OutgoingMail>, DeliveryFailure> {
        let failed = |error: &dyn std::error::Error| DeliveryFailure::Transient(error.to_string());
        let secrets = match &mail.parameters.ticket {
            Some(ticket) => match self.secrets_for_mail(ticket).await {
                Ok(Some(secrets)) => Some((secrets, ticket.has_code)),
                Ok(None) => return Ok(None),
                Err(error) => return Err(failed(&error)),
            },
            None => None,
        };
        let secrets = secrets.filter(|_| mail.template.shows_secrets());
        let home = &self.options.issuer;
        let link = secrets.as_ref().map(|(secrets, _)| Zeroizing::new(format!("{home}/m/{}", *secrets.link)));
        let code =
            secrets.as_ref().filter(|(_, has_code)| *has_code).map(|(secrets, _)| secrets.code.as_str());
        let values = MailValues {
            code,
            link: link.as_ref().map(|link| link.as_str()),
            ..MailValues::of(mail, home, self.clock.now())
        };
        let rendered =
            self.templates()?.mail(mail.template.name(), &values).map_err(|error| failed(&error))?;
        outgoing.set_subject(&rendered.subject);
        (outgoing.text, outgoing.html) = (rendered.text, Some(rendered.html));
        Ok(Some(outgoing))
    }

    /// What mails and their pages say.
    ///
    /// # Errors
    /// [`DeliveryFailure::Transient`], never in practice.
    #[cfg(feature = "mail")]
    pub(crate) fn templates(&self) -> Result<Arc<Templates>, DeliveryFailure> {
        let of_mails = self.mail.load().as_ref().and_then(|mail| mail.templates.clone());
        match of_mails.or_else(|| self.options.oauth.templates.clone()) {
            Some(templates) => Ok(templates),
            None => {
                Templates::of_the_program().map_err(|faults| DeliveryFailure::Transient(faults.to_string()))
            }
        }
    }

    /// Without the feature `mail` there are no words.
    #[cfg(not(feature = "mail"))]
    pub(crate) async fn render_mail(
        &self,
        _mail: &MailContents,
        _outgoing: OutgoingMail,
    ) -> Result<Option<OutgoingMail>, DeliveryFailure> {
        Err(DeliveryFailure::Unavailable("this program is built without mails".to_owned()))
    }
}
