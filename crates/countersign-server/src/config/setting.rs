//! How one value is read from text, whatever source the text came from.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use zeroize::Zeroizing;

/// The shape of a value in the TOML file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// A string, or an array of strings.
    List,
    /// Nothing: it must not be in a file that people copy about.
    Secret,
}

/// A type of value that a key can have. The text is never empty, except that a list may have no entries.
pub(crate) trait Setting: Sized {
    const KIND: Kind;

    /// Reads the value from one text (or the several of a list); the error says what was expected.
    fn parse(texts: &[Zeroizing<String>]) -> Result<Self, String>;

    /// The same value; a relative path is taken from `folder`.
    #[must_use]
    fn in_folder(self, _folder: &Path) -> Self {
        self
    }
}

impl<T: Scalar> Setting for T {
    const KIND: Kind = T::SCALAR_KIND;

    fn parse(texts: &[Zeroizing<String>]) -> Result<Self, String> {
        match texts {
            [one] => T::parse_scalar(one),
            [] => Err("needs a value".to_owned()),
            _ => Err("has one value, not a list".to_owned()),
        }
    }

    fn in_folder(self, folder: &Path) -> Self {
        self.scalar_in_folder(folder)
    }
}

/// Unset when there is no text.
impl<T: Scalar> Setting for Option<T> {
    const KIND: Kind = T::SCALAR_KIND;

    fn parse(texts: &[Zeroizing<String>]) -> Result<Self, String> {
        if texts.is_empty() { Ok(None) } else { T::parse(texts).map(Some) }
    }

    fn in_folder(self, folder: &Path) -> Self {
        self.map(|value| value.scalar_in_folder(folder))
    }
}

impl<T: Scalar> Setting for Vec<T> {
    const KIND: Kind = Kind::List;

    fn parse(texts: &[Zeroizing<String>]) -> Result<Self, String> {
        texts.iter().map(|text| T::parse_scalar(text)).collect()
    }
}

/// A value that is one text.
pub(crate) trait Scalar: Sized {
    const SCALAR_KIND: Kind = Kind::Text;
    fn parse_scalar(text: &str) -> Result<Self, String>;
    #[must_use]
    fn scalar_in_folder(self, _folder: &Path) -> Self {
        self
    }
}

impl Scalar for String {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Scalar for PathBuf {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn scalar_in_folder(self, folder: &Path) -> Self {
        folder.join(self)
    }
}

impl Scalar for u32 {
    const SCALAR_KIND: Kind = Kind::Number;
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not a whole number from 0 to {}", Self::MAX))
    }
}

impl Scalar for SocketAddr {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an address with a port, like 127.0.0.1:3000 or [::]:8443"))
    }
}

impl Scalar for IpNet {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse()
            .or_else(|_| text.parse::<IpAddr>().map(Self::from))
            .map_err(|_| format!("{text:?} is not an address or a network, like 10.0.0.7 or 10.0.0.0/8"))
    }
}

/// A duration as a number with a unit. One unit only: `90m`, not `1h30m`.
impl Scalar for Duration {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        duration(text)
            .ok_or_else(|| format!("{text:?} is not a duration like \"10s\", \"15m\", \"24h\" or \"30d\""))
    }
}

/// Reads a duration as it is written in the configuration.
///
/// # Errors
/// What was expected instead.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    Duration::parse_scalar(text)
}

fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let millis = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    // Checked: a number that wraps must not become a short time (TH-10).
    number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
}

/// The duration in the largest unit that fits, the way it is written in the file.
pub(crate) fn duration_text(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis.is_multiple_of(size) && millis >= size {
            return format!("{}{unit}", millis / size);
        }
    }
    if millis == 0 { "0s".to_owned() } else { format!("{millis}ms") }
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub(crate) u64);

impl Scalar for ByteSize {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        let size = || {
            let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
            let unit = match unit.trim_start() {
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.parse::<u64>().ok()?.checked_mul(unit)
        };
        size().map(Self).ok_or_else(|| format!("{text:?} is not a size like \"19MiB\""))
    }
}

/// A secret as it was written. `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Scalar for Secret {
    const SCALAR_KIND: Kind = Kind::Secret;
    fn parse_scalar(text: &str) -> Result<Self, String> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

/// Whether this is one of the words that a key can have; the error names them.
pub(super) fn one_of(value: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&value) {
        return Ok(());
    }
    let like = known.iter().find(|known| known.eq_ignore_ascii_case(value));
    let hint = like.map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    Err(format!("{value:?} is none of {}{hint}", known.join(", ")))
}

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$doc])* $variant),+ }

        impl Scalar for $name {
            fn parse_scalar(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(one_of(text, &[$($text),+]).err().unwrap_or_default()),
                }
            }
        }
    };
}

choice! {
    /// The `typ` of access tokens.
    TokenType {
        /// RFC 9068.
        AtJwt = "at+jwt",
        /// For verifiers that know no other.
        Jwt = "JWT"
    }
}

choice! {
    /// What "stopped" means to the throttle.
    ThrottleStop {
        /// One attempt a day.
        OneADay = "one-a-day",
        /// None, until the password is set anew.
        Strict = "strict"
    }
}

choice! {
    /// Something that is on or off.
    Toggle {
        /// It happens.
        On = "on",
        /// It does not.
        Off = "off"
    }
}

choice! {
    /// How the log is written.
    LogFormat {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json"
    }
}
