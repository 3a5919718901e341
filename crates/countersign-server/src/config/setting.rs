//! Reads one value from text, whichever source the text comes from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::Accent;
use countersign::Timestamp;
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
    /// The address of a database: a string, in which a password is a secret.
    Address,
    /// Not allowed in the file, which people copy.
    Secret,
}

/// A type that a key can have. A text is never empty, but a list may have no texts.
pub(crate) trait Setting: Sized {
    const KIND: Kind;

    /// Reads the value from one text, or from the texts of a list. The error says what was expected.
    fn parse(texts: &[Zeroizing<String>]) -> Result<Self, String>;

    /// The same value, with a relative path joined to `folder`.
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
            [] => Err("it needs a value".to_owned()),
            _ => Err("it takes one value, not a list".to_owned()),
        }
    }

    fn in_folder(self, folder: &Path) -> Self {
        self.scalar_in_folder(folder)
    }
}

/// `None` if there is no text.
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

/// In the form of RFC 3339, with any offset.
impl Scalar for Timestamp {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not an instant like 2027-03-01T00:00:00Z"))
    }
}

impl Scalar for u32 {
    const SCALAR_KIND: Kind = Kind::Number;
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not a whole number from 0 to {}", Self::MAX))
    }
}

/// A port alone is one of this machine only.
impl Scalar for SocketAddr {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        if let Ok(port) = text.parse::<u16>() {
            return Ok((Ipv4Addr::LOCALHOST, port).into());
        }
        text.parse().map_err(|_| {
            // A name is not looked up, and a port behind a colon means every address elsewhere.
            let port = text.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or(3000);
            format!(
                "{text:?} is not an address with a port, like 127.0.0.1:{port}, or 0.0.0.0:{port} and [::]:{port} for every \
                 address of this machine"
            )
        })
    }
}

impl Scalar for Accent {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{text:?}: {error}"))
    }
}

impl Scalar for IpNet {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        text.parse()
            .or_else(|_| text.parse::<IpAddr>().map(Self::from))
            .map_err(|_| format!("{text:?} is not an address or a network, like 10.0.0.7 or 10.0.0.0/8"))
    }
}

/// A whole number with one unit: `90m`, not `1h30m`.
impl Scalar for Duration {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        duration(text)
            .ok_or_else(|| format!("{text:?} is not a duration like \"10s\", \"15m\", \"24h\" or \"30d\""))
    }
}

/// Reads a duration in the spelling of the configuration.
///
/// # Errors
/// The text has another form; the error says which one is expected.
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

/// The duration in the largest unit that divides it, spelt as in the file.
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

/// A secret as it was written. `Debug` does not show it.
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

/// `; did you mean "x"?` with the most similar name, if one is similar enough.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = String>) -> String {
    let best = known.map(|known| (strsim::damerau_levenshtein(name, &known), known)).min();
    best.filter(|(distance, known)| *distance <= known.len() / 3)
        .map_or_else(String::new, |(_, known)| format!("; did you mean {known:?}?"))
}

/// Accepts one of the known words; the error lists them.
pub(super) fn one_of(value: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&value) {
        return Ok(());
    }
    let like = known.iter().find(|known| known.eq_ignore_ascii_case(value));
    let hint = like.map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    Err(format!("{value:?} is not one of {}{hint}", known.join(", ")))
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

pub(super) use choice;

choice! {
    /// The `typ` of access tokens.
    TokenType {
        /// RFC 9068.
        AtJwt = "at+jwt",
        /// For verifiers that accept nothing else.
        Jwt = "JWT"
    }
}

impl From<TokenType> for countersign_jwt::TokenType {
    fn from(token_type: TokenType) -> Self {
        match token_type {
            TokenType::AtJwt => Self::AccessToken,
            TokenType::Jwt => Self::Exactly("JWT".into()),
        }
    }
}

choice! {
    /// What the throttle does after the last allowed failure.
    ThrottleStop {
        /// One attempt a day.
        OneADay = "one-a-day",
        /// None until the password is set again.
        Strict = "strict"
    }
}

choice! {
    /// On or off.
    Toggle {
        /// On.
        On = "on",
        /// Off.
        Off = "off"
    }
}

choice! {
    /// The format of the log.
    LogFormat {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json"
    }
}
