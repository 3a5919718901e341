//! [`MailUrl`]: where mails go, as an operator writes it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// Where mails go. It holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailUrl(pub(super) Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Server { tls: Tls, host: String, port: u16, user: Option<String> },
    Directory(PathBuf),
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// From its beginning (RFC 8314 §3.3).
    Always,
    /// After `STARTTLS`; without it nothing is sent (RFC 3207).
    Upgrade,
    /// Never: on this machine only.
    Never,
}

/// The text does not say where mails go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMailUrl {
    /// It is in another form.
    #[error("is not smtps://[USER@]HOST[:PORT], smtp+starttls://…, smtp://… or file:DIRECTORY")]
    Form,
    /// A password stands in it.
    #[error(
        "has a password in it, which people would copy; leave it out, and use mail.password_file or the environment"
    )]
    Password,
    /// Passwords and links would travel in clear.
    #[error("leads to another machine without encryption; use smtps:// or smtp+starttls://")]
    Clear,
}

impl MailUrl {
    /// Reads `smtps://`, `smtp+starttls://`, `smtp://` (this machine only) and `file:DIRECTORY`.
    ///
    /// # Errors
    /// Each variant of [`InvalidMailUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidMailUrl> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(InvalidMailUrl::Form)
            } else {
                Ok(Self(Place::Directory(path.into())))
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidMailUrl::Form)?;
        let (tls, usual_port) = match scheme {
            "smtps" => (Tls::Always, 465),
            "smtp+starttls" => (Tls::Upgrade, 587),
            "smtp" => (Tls::Never, 25),
            _ => return Err(InvalidMailUrl::Form),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err(InvalidMailUrl::Password);
        }
        let (host, port) = host_and_port(place, usual_port).ok_or(InvalidMailUrl::Form)?;
        if tls == Tls::Never && !is_loopback(&host) {
            return Err(InvalidMailUrl::Clear);
        }
        let user = user.map(|user| percent_decode_str(user).decode_utf8().map(String::from)).transpose();
        let user = user.map_err(|_| InvalidMailUrl::Form)?.filter(|user| !user.is_empty());
        Ok(Self(Place::Server { tls, host, port, user }))
    }

    /// The same with a relative directory joined to this folder.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        match self.0 {
            Place::Directory(path) => Self(Place::Directory(folder.join(path))),
            Place::Server { .. } => self,
        }
    }

    /// Whether it names a user, who needs a password.
    #[must_use]
    pub const fn has_user(&self) -> bool {
        matches!(&self.0, Place::Server { user: Some(_), .. })
    }
}

fn host_and_port(place: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ':');
    let port = port.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port != 0))?;
    (!host.is_empty() && host.chars().all(is_name)).then(|| (host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place::Server { tls, host, port, .. } = &self.0 else {
            let Place::Directory(path) = &self.0 else { return Ok(()) };
            return write!(f, "file:{}", path.display());
        };
        let scheme = match tls {
            Tls::Always => "smtps",
            Tls::Upgrade => "smtp+starttls",
            Tls::Never => "smtp",
        };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let shown = |text: &str| MailUrl::parse(text).map(|url| (url.to_string(), url.has_user()));
        let read = |text: &str, has_user| Ok((text.to_owned(), has_user));
        assert_eq!(shown("smtps://mail.example.com"), read("smtps://mail.example.com:465", false));
        assert_eq!(
            shown("smtps://me%40example.com@mail.example.com/"),
            read("smtps://mail.example.com:465", true)
        );
        assert_eq!(shown("smtp+starttls://u@h:2525"), read("smtp+starttls://h:2525", true));
        assert_eq!(shown("smtp://localhost"), read("smtp://localhost:25", false));
        assert_eq!(shown("smtp://[::1]:99"), read("smtp://[::1]:99", false));
        assert_eq!(shown("smtp://127.0.0.9:1"), read("smtp://127.0.0.9:1", false));
        assert_eq!(shown("file:mails"), read("file:mails", false));
        assert_eq!(shown("file:///var/mails"), read("file:/var/mails", false));
        let user = MailUrl::parse("smtps://me%40example.com@h").unwrap().0;
        assert!(matches!(user, Place::Server { user: Some(user), .. } if user == "me@example.com"));
    }

    /// EM-9, TP-1: nothing travels in clear, and no password stands where people copy it.
    #[test]
    fn what_is_unsafe_is_refused() {
        for text in
            ["smtp://mail.example.com", "smtp://10.0.0.1", "smtp://[2001:db8::1]", "smtp://localhost.example"]
        {
            assert_eq!(MailUrl::parse(text), Err(InvalidMailUrl::Clear), "{text}");
        }
        for text in ["smtps://u:p@h", "smtps://:p@h", "smtp://u:p%40@localhost"] {
            assert_eq!(MailUrl::parse(text), Err(InvalidMailUrl::Password), "{text}");
        }
        for text in [
            "",
            "file:",
            "mail.example.com",
            "http://h",
            "smtps://",
            "smtps://h:0",
            "smtps://h:x",
            "smtps://[::1",
            "smtps://h/p",
            "smtps://h?tls=off",
            "smtps://[h]",
        ] {
            assert_eq!(MailUrl::parse(text), Err(InvalidMailUrl::Form), "{text}");
        }
    }

    #[test]
    fn a_directory_is_one_beside_the_configuration() {
        let url = MailUrl::parse("file:mails").unwrap().in_folder(Path::new("/etc/it"));
        assert_eq!(url.to_string(), "file:/etc/it/mails");
    }
}
