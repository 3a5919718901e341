//! A mail in the form of RFC 5322: text and HTML, one ID for all attempts.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::OutgoingMail;
use crate::model::outbox::DeliveryFailure;

/// Whether this is an address, or a name with an address in angle brackets (RFC 5322 §3.4).
#[must_use]
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// The message, with the addresses of its envelope.
///
/// # Errors
/// [`DeliveryFailure::Permanent`] where something cannot be said in a message, such as an address that is none.
pub(super) fn message(mail: &OutgoingMail) -> Result<Message, DeliveryFailure> {
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|error| permanent("an address", &error));
    let from = mailbox(&mail.from)?;
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let mut message = Message::builder()
        .message_id(Some(id))
        // RFC 3834 §5: no program replies to it with a note of somebody's holiday.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .from(from)
        .to(Mailbox::new(None, mailbox(&mail.to)?.email))
        .subject(mail.subject.clone());
    if let Some(reply_to) = &mail.reply_to {
        message = message.reply_to(mailbox(reply_to)?);
    }
    let built = match &mail.html {
        Some(html) => message.multipart(MultiPart::alternative_plain_html(mail.text.clone(), html.clone())),
        None => message.singlepart(SinglePart::plain(mail.text.clone())),
    };
    built.map_err(|error| permanent("the message", &error))
}

fn permanent(what: &str, error: &dyn std::error::Error) -> DeliveryFailure {
    DeliveryFailure::Permanent(format!("{what} cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::DeliveryId;
    use crate::base::random::Random;

    fn mail(from: &str, to: &str, subject: &str) -> OutgoingMail {
        let mut mail = OutgoingMail::new(DeliveryId::random(&Random::insecure_seeded(1)), from, to);
        mail.set_subject(subject);
        mail
    }

    #[test]
    fn a_message_has_one_id_and_says_that_a_program_has_sent_it() {
        let mut mail = mail("Ünï <no-reply@auth.example>", "bob@example.com", "Grüße");
        (mail.text, mail.html) = ("Text".to_owned(), Some("<p>HTML".to_owned()));
        mail.reply_to = Some("help@auth.example".to_owned());
        let text = String::from_utf8(message(&mail).unwrap().formatted()).unwrap();
        for header in [
            &format!("Message-ID: <{}@auth.example>\r\n", mail.id),
            "Auto-Submitted: auto-generated\r\n",
            "To: bob@example.com\r\n",
            "Reply-To: help@auth.example\r\n",
            "Subject: =?utf-8?b?",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(text.contains(header), "{header}: {text}");
        }
    }

    #[test]
    fn what_is_no_address_is_never_sent() {
        for to in [
            "",
            "bob",
            "bob@",
            "a@b.example, c@d.example",
            "<a@b.example> x",
            "a b@c.example",
            "a@b.example\r\nBcc: c@d.example",
        ] {
            let failed = message(&mail("no-reply@auth.example", to, ""));
            assert!(matches!(failed, Err(DeliveryFailure::Permanent(_))), "{to}: {failed:?}");
        }
        assert!(is_mailbox("A B <a@b.example>") && is_mailbox("a@b.example"));
        assert!(!is_mailbox("A B") && !is_mailbox("a@b.example\nBcc: c@d.example"));
    }
}
