//! Mails that tell the owner of an account what was done to it. Nobody asks for them; an operator chooses which are sent.

use crate::Countersign;
use crate::model::account::{Credentials, EmailAddress};
use crate::model::context::Context;
use crate::model::notice::Notice;
use crate::model::outbox::{MailContents, MailTemplate};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Whether such mails are sent.
    pub(crate) fn is_told(&self, notice: Notice) -> bool {
        self.options.email.enabled && self.options.email.notices.has(notice)
    }

    /// A mail that says what has just been done, from where and with which device. It is in the operator's language.
    pub(crate) fn notice(
        &self,
        to: &EmailAddress,
        template: MailTemplate,
        found: &Credentials,
        context: &Context,
    ) -> MailContents {
        let mut mail = MailContents::new(to.as_str(), template);
        mail.parameters.username = Some(found.account.username.as_str().to_owned());
        mail.parameters.requester = context.address;
        mail.parameters.user_agent.clone_from(&context.user_agent);
        mail.parameters.at = Some(context.now);
        mail
    }
}
