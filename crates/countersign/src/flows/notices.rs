//! Mails that tell the owner of an account what was done to it. Nobody asks for them; an operator chooses which are sent. They are
//! in the language of the account, not in that of the request: whoever takes an account over must not choose one that its owner cannot
//! read. One that was chosen in the last week counts for nothing here ([`AccountLanguage`](crate::AccountLanguage)).

use crate::Countersign;
use crate::model::account::{Account, EmailAddress};
use crate::model::context::Context;
use crate::model::notice::Notice;
use crate::model::outbox::{Contents, MailContents, MailTemplate, NewDelivery};
use crate::model::session::SignInNotices;
use crate::store::{Store, StoreError};

/// A mail that says what is done now, from where and with which device.
pub(crate) fn notice_of(
    to: &EmailAddress,
    template: MailTemplate,
    account: &Account,
    context: &Context,
) -> MailContents {
    let mut mail = MailContents::new(to.as_str(), template);
    mail.locale = account.language.for_notices(context.now).map(ToString::to_string);
    mail.parameters.username = Some(account.username.as_str().to_owned());
    mail.parameters.requester = context.address;
    mail.parameters.user_agent.clone_from(&context.user_agent);
    mail.parameters.at = Some(context.now);
    mail
}

impl<S: Store> Countersign<S> {
    /// Whether such mails are sent.
    pub(crate) fn is_told(&self, notice: Notice) -> bool {
        self.options.email.enabled && self.options.email.notices.has(notice)
    }

    /// The mail to the primary address of an account, for the plan of what it tells; none if such mails are not sent, or there is no
    /// such address.
    pub(crate) async fn notice_to_owner(
        &self,
        notice: Notice,
        account: &Account,
        context: &Context,
    ) -> Result<Option<NewDelivery>, StoreError> {
        let Some(template) = MailTemplate::from_name(notice.name()).filter(|_| self.is_told(notice)) else {
            return Ok(None);
        };
        let emails = self.store.emails(account.id).await?;
        let Some(primary) = emails.iter().find(|email| email.is_primary) else { return Ok(None) };
        let mail = Contents::Mail(notice_of(&primary.address, template, account, context));
        let sealed = self.delivery(&mail, context.now);
        sealed.map(Some).map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    /// The mails about a sign-in: whether a device without our cookie is news, its transaction decides.
    pub(crate) async fn sign_in_notices(
        &self,
        account: &Account,
        sets_password: bool,
        context: &Context,
    ) -> Result<SignInNotices, StoreError> {
        let name = account.username.canonical();
        let cookie = context.device_cookie.as_ref();
        let is_known = cookie.is_some_and(|cookie| self.devices.find(cookie, name, context.now).is_some());
        let mut notices = SignInNotices::default();
        if sets_password {
            notices.password_changed =
                self.notice_to_owner(Notice::PasswordChanged, account, context).await?;
        }
        if !is_known {
            notices.new_device = self.notice_to_owner(Notice::NewDevice, account, context).await?;
        }
        Ok(notices)
    }
}
