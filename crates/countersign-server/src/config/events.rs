//! The value of `events`: where the audit log is sent.

use std::path::{Path, PathBuf};

use super::setting::Scalar;

/// Where the rows of the audit log go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventsTarget {
    /// To the end of a file.
    File(PathBuf),
    /// To the syslog daemon of this machine, by a socket in the file system.
    SyslogSocket(PathBuf),
    /// To a host and a port by UDP.
    SyslogUdp(String),
    /// The same by TCP.
    SyslogTcp(String),
    /// The same by TLS, with the usual port where none was named.
    SyslogTls(String),
}

impl Scalar for EventsTarget {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        let host = |text: &str| {
            let (host, port) = text.rsplit_once(':')?;
            let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
            (is_host && port.parse::<u16>().is_ok_and(|port| port > 0)).then(|| text.to_owned())
        };
        let target = match text.split_once(':') {
            None if text == "syslog" => Some(Self::SyslogSocket("/dev/log".into())),
            Some(("file", path)) if !path.is_empty() => Some(Self::File(path.into())),
            Some(("syslog", rest)) => match rest.split_once(':') {
                Some(("udp", rest)) => host(rest).map(Self::SyslogUdp),
                Some(("tcp", rest)) => host(rest).map(Self::SyslogTcp),
                // RFC 5425 §4.1.
                Some(("tls", rest)) => {
                    let has_port = rest.contains(':') && !rest.ends_with(']');
                    let rest = if has_port { rest.to_owned() } else { format!("{rest}:6514") };
                    host(&rest).map(Self::SyslogTls)
                }
                _ => rest.starts_with('/').then(|| Self::SyslogSocket(rest.into())),
            },
            _ => None,
        };
        target.ok_or_else(|| {
            format!(
                "{text:?} is none of file:PATH, syslog, syslog:/SOCKET, syslog:udp:HOST:PORT, syslog:tcp:HOST:PORT and \
                 syslog:tls:HOST:PORT"
            )
        })
    }

    fn scalar_in_folder(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_spelt_in_one_of_six_ways() {
        let parsed = |text| EventsTarget::parse_scalar(text).unwrap().scalar_in_folder(Path::new("/etc/x"));
        assert_eq!(parsed("file:events.jsonl"), EventsTarget::File("/etc/x/events.jsonl".into()));
        assert_eq!(parsed("file:/var/log/c:1"), EventsTarget::File("/var/log/c:1".into()));
        assert_eq!(parsed("syslog"), EventsTarget::SyslogSocket("/dev/log".into()));
        assert_eq!(parsed("syslog:/run/log"), EventsTarget::SyslogSocket("/run/log".into()));
        assert_eq!(parsed("syslog:udp:siem.example:514"), EventsTarget::SyslogUdp("siem.example:514".into()));
        assert_eq!(parsed("syslog:tcp:[::1]:601"), EventsTarget::SyslogTcp("[::1]:601".into()));
        assert_eq!(parsed("syslog:tls:siem.example"), EventsTarget::SyslogTls("siem.example:6514".into()));
        assert_eq!(parsed("syslog:tls:[::1]"), EventsTarget::SyslogTls("[::1]:6514".into()));
        assert_eq!(parsed("syslog:tls:h:1"), EventsTarget::SyslogTls("h:1".into()));
        for bad in [
            "",
            "file:",
            "file",
            "syslog:",
            "syslog:tcp:",
            "syslog:tcp:host",
            "syslog:udp::514",
            "syslog:tls:",
            "syslog:tls:h:0",
            "syslog:tls:h:x",
            "syslog:tls:h/x",
            "syslog:udp:h:0",
            "syslog:tcp:a b:1",
            "/var/log/x",
        ] {
            assert!(EventsTarget::parse_scalar(bad).is_err(), "{bad}");
        }
    }
}
