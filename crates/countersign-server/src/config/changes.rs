//! A configuration that was read again while the server runs: what of it is taken over, and what needs a restart.

use super::keys::Config;
use super::{audiences, webhooks};

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
        for key in self.settings.changed(&new.settings) {
            if key.is_live { &mut changes.taken_over } else { &mut changes.need_restart }.push(key.name);
        }
        if self.settings.audiences() != new.settings.audiences() {
            changes.need_restart.push(audiences::KEY);
        }
        if self.settings.webhooks() != new.settings.webhooks() {
            changes.need_restart.push(webhooks::KEY);
        }
        self.adopt_live(new);
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

    /// The guide says which keys these are.
    #[test]
    fn the_live_keys_are_those_of_the_guide() {
        let live = |name: &str| {
            name.starts_with("throttle.") || ["cors_origins", "log.level", "log.access"].contains(&name)
        };
        for key in KEYS {
            assert_eq!(key.is_live, live(key.name), "{}", key.name);
        }
    }
}
