//! Which mails there are, and what is filled into them. Words and looks are made when a mail is sent, and so are its secrets.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::id::TicketId;
use crate::model::named::named;

named! {
    /// Every mail that there is.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum MailTemplate {
        /// Confirm that this address is yours: code and link.
        Verify = "verify",
        /// Choose another password: code and link.
        Reset = "reset",
        /// Sign in: code and link.
        SignIn = "sign_in",
        /// Make the account that was asked for: code and link.
        Register = "register",
        /// Somebody tried to register with your address, which has an account already. It has a ticket that nobody can use, and shows
        /// nothing of it.
        AlreadyRegistered = "already_registered",
        /// An administrator invites you: link.
        Invite = "invite",
        /// To the new address of an account, which has taken effect.
        AddressChanged = "address_changed",
        /// To the address that an account had: link to undo it.
        AddressUndo = "address_undo",
        /// Your password was changed.
        PasswordChanged = "password_changed",
        /// Somebody signed in to your account on a new device.
        NewDevice = "new_device",
        /// What you show beside your password was changed.
        SecondFactorChanged = "second_factor_changed",
        /// Your password was reset, and all sessions ended.
        PasswordResetDone = "password_reset_done",
        /// Mails work.
        Test = "test",
    }
}

/// A mail, before it is rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct MailContents {
    /// The address that it goes to.
    pub to: String,
    /// Which mail.
    pub template: MailTemplate,
    /// The language that its reader wants, as a tag of BCP 47; none if nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What is filled in.
    #[serde(default)]
    pub parameters: MailParameters,
}

/// What is filled into a mail. Each template uses some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct MailParameters {
    /// The name of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the link and the code are derived from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<MailTicket>,
    /// Another mail address that the mail is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
    /// The network address of whoever caused the mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<IpAddr>,
    /// What their browser calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A ticket, by its ID: whoever reads the database cannot make its secret from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct MailTicket {
    /// Its ID.
    pub id: TicketId,
    /// From when on it is refused. The mail is not sent from then on.
    pub expires_at: Timestamp,
    /// Whether the mail shows a code to type, beside the link.
    #[serde(default)]
    pub has_code: bool,
}

impl MailTemplate {
    /// Whether the mail shows the secrets of its ticket.
    pub(crate) const fn shows_secrets(self) -> bool {
        !matches!(self, Self::AlreadyRegistered)
    }
}

impl MailContents {
    /// A mail to this address.
    #[must_use]
    pub fn new(to: impl Into<String>, template: MailTemplate) -> Self {
        Self { to: to.into(), template, locale: None, parameters: MailParameters::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// A node of the next version writes what one of this version reads, and the other way round.
    #[test]
    fn what_is_stored_is_read_also_with_members_more_and_less() {
        let id = TicketId::random(&Random::insecure_seeded(1));
        let ticket = MailTicket { id, expires_at: Timestamp::from_unix_millis(5), has_code: true };
        let mut mail = MailContents::new("bob@example.com", MailTemplate::SignIn);
        mail.parameters = MailParameters { ticket: Some(ticket), ..MailParameters::default() };
        let text = serde_json::to_string(&mail).unwrap();
        let expected = format!(
            r#"{{"to":"bob@example.com","template":"sign_in","parameters":{{"ticket":{{"id":"{id}","expires_at":5,"has_code":true}}}}}}"#
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<MailContents>(&text).unwrap(), mail);
        let newer = text.replace(r#""parameters""#, r#""mood":"good","parameters""#);
        assert_eq!(serde_json::from_str::<MailContents>(&newer).unwrap(), mail);
        let older = serde_json::from_str::<MailContents>(r#"{"to":"a@b.example","template":"test"}"#);
        assert_eq!(older.unwrap(), MailContents::new("a@b.example", MailTemplate::Test));
    }

    #[test]
    fn a_template_has_the_same_name_everywhere() {
        for template in MailTemplate::ALL {
            assert_eq!(serde_json::to_value(template).unwrap(), template.name());
        }
    }
}
