//! Warnings about values that are allowed but risky: printed at each start and by `config check`.

use super::keys::Config;
use super::limits::is_loopback_name;
use super::place::Place;
use super::registration::Registration;
use super::setting::Toggle;

impl Config {
    /// One sentence a warning.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = self.settings.warnings().to_vec();
        let place = |key| self.settings.place(key);
        // OP-1: every child process inherits the environment, and many tools show it.
        for key in ["master_key", "jwt_secret", "password.pepper", "store_password", "hooks.secret"] {
            if let Place::Environment(name) = place(key) {
                all.push(format!(
                    "{name} is in the environment, where other programs may see it; a file is safer: {key}_file"
                ));
            }
        }
        let is_in_address = self.store_password.is_none() && self.store_password_file.is_none();
        for (key, url) in [
            ("store", self.store.as_ref().filter(|_| is_in_address)),
            ("store_direct", self.store_direct.as_ref()),
        ] {
            if let (Place::Environment(name), Some(url)) = (place(key), url)
                && url.has_password()
            {
                all.push(format!(
                    "{name} has a password in the environment, where other programs may see it; a file is safer: \
                     store_password_file"
                ));
            }
        }
        // Without TLS or proxies, every request behind a proxy comes from one address, which one guesser can exhaust.
        let is_public = self.public_origin.as_ref().is_some_and(|origin| !is_loopback_name(origin.host()));
        if is_public && self.tls_files().is_none() && self.behind_proxy.is_empty() {
            all.push(format!(
                "{}: public_origin is set, but neither tls nor behind_proxy: if a reverse proxy is in front, all its \
                 clients count as one; set behind_proxy to its address",
                place("public_origin")
            ));
        }
        // OP-5.
        if let Some(open) = self.metrics.filter(|address| !address.ip().is_loopback()) {
            all.push(format!(
                "{}: metrics on {open} can be read by everybody who reaches that address, without a password: how many sign in, and \
                 when; use a firewall, or listen on 127.0.0.1",
                place("metrics")
            ));
        }
        if self.registration_mode != Registration::Off && self.mail_url.is_none() {
            all.push(format!(
                "{}: registration.mode needs mails, and mail.url is not set: nobody can register or be invited",
                place("registration.mode")
            ));
        }
        if self.registration_mode == Registration::Invite && !self.registration_domains.is_empty() {
            all.push(format!(
                "{}: registration.domains is for registration.mode = \"open\": invitations go to any domain",
                place("registration.domains")
            ));
        }
        all.extend(self.binding_without_https());
        // PP-1.
        if self.password_min_length < NIST_MIN_LENGTH {
            all.push(format!(
                "{}: password.min_length is {}; where the password is the only factor, NIST SP 800-63B-4 asks \
                 for {NIST_MIN_LENGTH}",
                place("password.min_length"),
                self.password_min_length
            ));
        }
        all
    }

    fn binding_without_https(&self) -> Option<String> {
        let is_plain = self.public_origin.as_ref().is_some_and(|origin| !origin.is_https());
        let place = self.settings.place("device_binding.dbsc");
        (self.device_binding_dbsc == Toggle::On && is_plain).then(|| {
            format!("{place}: browsers bind sessions over https only, and public_origin is http: device_binding.dbsc does nothing")
        })
    }
}

const NIST_MIN_LENGTH: u32 = 15;
