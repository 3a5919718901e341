//! A configuration that was read again while the server runs: what of it is taken over, and what needs a restart.

use super::keys::Config;
use super::{audiences, oauth, webhooks};

/// The keys whose values have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// These are in force now.
    pub(crate) taken_over: Vec<&'static str>,
    /// These will be when the server is started again.
    pub(crate) need_restart: Vec<&'static str>,
}

impl Config {
    /// Takes the live keys over from `new`, and says what else differs.
    pub(crate) fn take_over(&mut self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        // Whether there are mails at all decides which pages there are, and what people can do.
        let begins_or_ends = self.mail_url.is_some() != new.mail_url.is_some();
        for key in self.settings.changed(&new.settings) {
            let is_live = key.is_live && !(begins_or_ends && key.name.starts_with("mail."));
            if is_live { &mut changes.taken_over } else { &mut changes.need_restart }.push(key.name);
        }
        if self.settings.audiences() != new.settings.audiences() {
            changes.need_restart.push(audiences::KEY);
        }
        if self.settings.oauth_clients() != new.settings.oauth_clients() {
            changes.need_restart.push(oauth::KEY);
        }
        if self.settings.webhooks() != new.settings.webhooks() {
            changes.taken_over.push(webhooks::KEY);
            self.settings.adopt_webhooks(&new.settings);
        }
        self.adopt_live(&changes.taken_over, new);
        self.settings.adopt(&changes.taken_over, &new.settings);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KEYS, Place, Settings};

    fn config(values: &[(&str, &str)]) -> Config {
        let all = values.iter();
        let settings =
            all.fold(Settings::default(), |all, (key, value)| all.with(key, value, Place::Command("test")));
        Config::load(settings).unwrap()
    }

    #[test]
    fn live_keys_are_taken_over_and_stay_until_they_change_again() {
        let mut running = config(&[("listen", "127.0.0.1:1"), ("log.level", "debug")]);
        let new = config(&[("listen", "127.0.0.1:2"), ("throttle.delay_from", "7"), ("log.access", "off")]);
        let first = running.take_over(&new);
        assert_eq!(
            first.taken_over,
            ["throttle.delay_from", "log.level"],
            "a default that is written is no change"
        );
        assert_eq!(first.need_restart, ["listen"]);
        assert_eq!((running.throttle_delay_from, running.log_level.as_str()), (7, "info"));
        assert_eq!(running.listen[0].port(), 1, "what needs a restart is as it was");
        let again = running.take_over(&new);
        assert_eq!((again.taken_over, again.need_restart), (vec![], vec!["listen"]), "and is said again");
    }

    #[test]
    fn webhooks_are_taken_over() {
        let config = |text: &str| {
            Config::load(Settings::default().with_text(std::path::Path::new("c.toml"), text)).unwrap()
        };
        let crm = "[[webhooks]]\nname = \"crm\"\nurl = \"https://crm.example\"\nsecret_file = \"s\"";
        let mut running = config("");
        assert_eq!(running.take_over(&config(crm)).taken_over, ["webhooks"]);
        assert_eq!(running.settings.webhooks()[0].name, "crm");
        assert_eq!(running.take_over(&config(crm)), Changes::default());
    }

    #[test]
    fn another_mail_server_is_taken_over_and_the_first_or_none_is_not() {
        let one = [("mail.url", "smtp://localhost"), ("mail.from", "a@b.example")];
        let other = [("mail.url", "smtp://localhost:2525"), ("mail.from", "c@b.example")];
        let mut running = config(&one);
        assert_eq!(running.take_over(&config(&other)).taken_over, ["mail.url", "mail.from"]);
        assert_eq!(running.mail_from.as_ref().unwrap().0, "c@b.example");
        for (before, after) in [(&[][..], &one[..]), (&one[..], &[][..])] {
            let mut running = config(before);
            let changes = running.take_over(&config(after));
            assert_eq!((changes.taken_over, changes.need_restart), (vec![], vec!["mail.url", "mail.from"]));
            assert_eq!(running.mail_url.is_some(), !before.is_empty(), "it stays as it was");
        }
    }

    /// The guide says which keys these are.
    #[test]
    fn the_live_keys_are_those_of_the_guide() {
        let live = |name: &str| {
            let is_of_people =
                ["mail.proof_", "mail.sign_in", "mail.notices"].iter().any(|it| name.starts_with(it));
            let of_mail = name.starts_with("mail.") && !is_of_people;
            let others = ["cors_origins", "log.level", "log.access", "templates"];
            name.starts_with("throttle.") || of_mail || others.contains(&name)
        };
        for key in KEYS {
            assert_eq!(key.is_live, live(key.name), "{}", key.name);
        }
    }
}
