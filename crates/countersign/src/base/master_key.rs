//! The key that everything secret hangs from, and what is derived from it. It lives outside the database: whoever
//! steals only the database can neither make a refresh token nor read a signing key (RF-13, KM-4).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::base::random::Random;

/// One or more master keys, each with a number. The first makes new things; all of them open old ones, so that the
/// master key can be changed without a flag day.
#[derive(Clone)]
pub struct MasterKeys {
    pub(super) current: MasterKey,
    pub(super) older: Vec<MasterKey>,
}

#[derive(Clone)]
pub(super) struct MasterKey {
    pub(super) id: u8,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

/// What a derived key is for. Two purposes never share a key, so nothing made for one is ever taken for another (TK-5).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    RefreshToken,
    SealSigningKey,
    Fingerprint,
    AccountName,
    DeviceCookie,
    SealPasswordHash,
    FeedKey,
    SessionCookie,
    SealFile,
    ReachProof,
    SealAuditKey,
    SealOutboxKey,
    OutboxContents,
    OutboxLane,
    TicketLink,
    TicketCode,
    TicketCodeHash,
    MailWork,
    TicketDigits,
    TicketFacts,
    TicketPayload,
    TotpSecret,
    RecoveryCode,
    FactorTicket,
    FactorEnrolment,
    PasskeyKey,
    PasskeyTicket,
    PasskeyUser,
    DpopNonce,
    AppRefreshToken,
    AuthorizeFlow,
    ConsentForm,
    BoundCookie,
    DeviceChallenge,
    DeviceIdentifier,
    PushedRequest,
    LogoutFlow,
    LogoutForm,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshToken => b"countersign refresh token v1",
            Self::SealSigningKey => b"countersign signing key at rest v1",
            Self::Fingerprint => b"countersign master key fingerprint v1",
            Self::AccountName => b"countersign account name in counters v1",
            Self::DeviceCookie => b"countersign device cookie v1",
            Self::SealPasswordHash => b"countersign password hash at rest v1",
            Self::FeedKey => b"countersign feed key v1",
            Self::SessionCookie => b"countersign session cookie v1",
            Self::SealFile => b"countersign sealed file v1",
            Self::ReachProof => b"countersign reach proof v1",
            Self::SealAuditKey => b"countersign audit key at rest v1",
            Self::SealOutboxKey => b"countersign outbox key at rest v1",
            Self::OutboxContents => b"countersign outbox contents v1",
            Self::OutboxLane => b"countersign outbox lane v1",
            Self::TicketLink => b"countersign ticket link v1",
            Self::TicketCode => b"countersign ticket code v1",
            Self::TicketCodeHash => b"countersign ticket code hash v1",
            Self::MailWork => b"countersign work before a mail v1",
            Self::TicketDigits => b"countersign ticket digits v1",
            Self::TicketFacts => b"countersign ticket facts v1",
            Self::TicketPayload => b"countersign ticket payload v1",
            Self::TotpSecret => b"countersign totp secret v1",
            Self::RecoveryCode => b"countersign recovery code v1",
            Self::FactorTicket => b"countersign factor ticket v1",
            Self::FactorEnrolment => b"countersign factor enrolment v1",
            Self::PasskeyKey => b"countersign passkey key v1",
            Self::PasskeyTicket => b"countersign passkey ticket v1",
            Self::PasskeyUser => b"countersign passkey user v1",
            Self::DpopNonce => b"countersign dpop nonce v1",
            Self::AppRefreshToken => b"countersign refresh token of an application v1",
            Self::AuthorizeFlow => b"countersign authorize flow v1",
            Self::ConsentForm => b"countersign consent form v1",
            Self::BoundCookie => b"countersign bound cookie v1",
            Self::DeviceChallenge => b"countersign device challenge v1",
            Self::DeviceIdentifier => b"countersign device identifier v1",
            Self::PushedRequest => b"countersign pushed authorization request v1",
            Self::LogoutFlow => b"countersign logout flow v1",
            Self::LogoutForm => b"countersign logout form v1",
        }
    }
}

impl MasterKeys {
    /// One fresh key with the number 1.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self::of(Zeroizing::new(random.bytes()))
    }

    /// One key with the number 1, made elsewhere.
    pub(crate) const fn of(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { current: MasterKey { id: 1, bytes }, older: Vec::new() }
    }

    /// Reads the text form: one key a line, `<number 1-255> <64 hex digits>`, the newest first; blank lines and lines
    /// that begin with `#` are passed over. A single line of 64 hex digits alone is key number 1.
    ///
    /// # Errors
    /// [`MasterKeyError::Line`] with the number of the line that is neither, [`MasterKeyError::Duplicate`] when two
    /// keys have one number, [`MasterKeyError::Empty`] when there is none.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, hex) = line.split_once(char::is_whitespace).unwrap_or(("1", line));
            let id = id.parse().ok().filter(|id| *id != 0);
            let (Some(id), Some(bytes)) = (id, decode_hex(hex.trim())) else {
                return Err(MasterKeyError::Line(index + 1));
            };
            if keys.iter().any(|key| key.id == id) {
                return Err(MasterKeyError::Duplicate(id));
            }
            keys.push(MasterKey { id, bytes });
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(MasterKeyError::Empty)?;
        Ok(Self { current, older: keys.collect() })
    }

    /// The text form that [`MasterKeys::parse`] reads. Secret: for a file of mode 0600 and nothing else.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.all().count() * 70));
        for key in self.all() {
            text.push_str(&key.id.to_string());
            text.push(' ');
            for byte in key.bytes.iter() {
                for nibble in [byte >> 4, byte & 15] {
                    text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
                }
            }
            text.push('\n');
        }
        text
    }

    /// The number of the key that makes new things.
    #[must_use]
    pub const fn current_id(&self) -> u8 {
        self.current.id
    }

    /// Every key's number with a fingerprint that tells keys apart and reveals nothing: the store remembers it, so
    /// that a wrong master key is noticed before anything is written.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<(u8, [u8; 32])> {
        self.all().map(|key| (key.id, *key.derive(Purpose::Fingerprint))).collect()
    }

    /// 32 bytes that the current key gives for `purpose` and this alone.
    pub(crate) fn derive(&self, purpose: Purpose, context: &[u8]) -> Zeroizing<[u8; 32]> {
        self.current.derive_for(purpose, context)
    }

    /// The MAC key for `purpose` that makes new things.
    pub(crate) fn current_mac_key(&self, purpose: Purpose) -> hmac::Key {
        self.current.mac_key(purpose)
    }

    /// The MAC key for `purpose` of the key with the lowest number. It stays the same while another is added and used,
    /// also on nodes that do not know that one yet.
    pub(crate) fn oldest_mac_key(&self, purpose: Purpose) -> hmac::Key {
        self.all().min_by_key(|key| key.id).unwrap_or(&self.current).mac_key(purpose)
    }

    /// Every key's number with its MAC key for `purpose`, the current one first.
    pub(crate) fn mac_keys(&self, purpose: Purpose) -> Vec<(u8, hmac::Key)> {
        self.all().map(|key| (key.id, key.mac_key(purpose))).collect()
    }

    /// Encrypts `plain` with AES-256-GCM (NIST SP 800-38D) under the current key for `purpose`. `context` is bound to it (AAD) and
    /// must be given again to open it. Form: `version(1) | key number(1) | nonce(12) | ciphertext | tag(16)`.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        plain: &[u8],
        context: &[u8],
        random: &Random,
    ) -> Result<Vec<u8>, SealError> {
        let id = self.current_id();
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut body = plain.to_vec();
        self.aead(id, purpose)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .map_err(|_| SealError::Forged)?;
        Ok([&[SEAL_VERSION, id], nonce.as_slice(), &body].concat())
    }

    /// Opens what [`MasterKeys::seal`] made.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when the key it was made with is not here, [`SealError::Forged`] when the bytes, the
    /// context, the purpose or the key are not those it was made with.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let [SEAL_VERSION, id, rest @ ..] = sealed else {
            return Err(SealError::Forged);
        };
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Forged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Forged)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain_len = self
            .aead(*id, purpose)?
            .open_in_place(nonce, Aad::from(context), &mut body)
            .map_err(|_| SealError::Forged)?
            .len();
        body.truncate(plain_len);
        Ok(body)
    }

    /// The AES-256-GCM key of one file alone, by what its header says: another header gives another key.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`].
    pub(crate) fn file_key(&self, id: u8, purpose: Purpose, header: &[u8]) -> Result<LessSafeKey, SealError> {
        let key = self.find(id).ok_or(SealError::UnknownKey(id))?.derive_for(purpose, header);
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| SealError::Forged)
    }

    /// The number of the key that these bytes are sealed under.
    pub(crate) const fn number_of(sealed: &[u8]) -> Option<u8> {
        match sealed {
            [SEAL_VERSION, id, ..] => Some(*id),
            _ => None,
        }
    }

    /// Whether these bytes have the form of something sealed.
    pub(crate) fn could_open(sealed: &[u8]) -> bool {
        matches!(sealed, [SEAL_VERSION, 1..=255, rest @ ..] if rest.len() >= NONCE_LEN + AES_256_GCM.tag_len())
    }

    fn aead(&self, id: u8, purpose: Purpose) -> Result<LessSafeKey, SealError> {
        let key = self.find(id).ok_or(SealError::UnknownKey(id))?.derive(purpose);
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| SealError::Forged)
    }

    fn find(&self, id: u8) -> Option<&MasterKey> {
        self.all().find(|key| key.id == id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

impl MasterKey {
    fn mac_key(&self, purpose: Purpose) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.derive(purpose).as_slice())
    }

    fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        self.derive_for(purpose, &[])
    }

    /// HKDF-SHA256 (RFC 5869) with the purpose as info, and after it what this one is for. No label is the beginning of another.
    fn derive_for(&self, purpose: Purpose, context: &[u8]) -> Zeroizing<[u8; 32]> {
        struct Len32;
        impl hkdf::KeyType for Len32 {
            fn len(&self) -> usize {
                32
            }
        }
        let mut derived = Zeroizing::new([0; 32]);
        let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"countersign")
            .extract(self.bytes.as_slice())
            .expand(&[purpose.label(), context], Len32)
            .and_then(|okm| okm.fill(derived.as_mut_slice()));
        #[expect(
            clippy::expect_used,
            reason = "32 bytes are within HKDF-SHA256's limit of 255 blocks, always"
        )]
        filled.expect("HKDF gives 32 bytes");
        derived
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys([redacted]; {} keys)", self.all().count())
    }
}

fn decode_hex(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

const SEAL_VERSION: u8 = 1;

/// Why a text is not a set of master keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// This line is neither a key nor a comment.
    #[error("line {0} is not `<number 1-255> <64 hex digits>`")]
    Line(usize),
    /// Two keys have this number.
    #[error("the key number {0} is there twice")]
    Duplicate(u8),
    /// There is no key.
    #[error("there is no key")]
    Empty,
}

/// Why something sealed cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It was made with a master key of this number, which is not here.
    #[error("it needs the master key number {0}, which is not configured")]
    UnknownKey(u8),
    /// Bytes, context or key are not those it was made with.
    #[error("it was not made with this master key, or was changed since")]
    Forged,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u64) -> MasterKeys {
        MasterKeys::generate(&Random::insecure_seeded(seed))
    }

    #[test]
    fn the_text_form_reads_back_and_bad_lines_are_named() {
        let text = keys(1).to_secret_text();
        assert_eq!(MasterKeys::parse(&text).unwrap().fingerprints(), keys(1).fingerprints());
        let hex = "ab".repeat(32);
        assert_eq!(MasterKeys::parse(&hex).unwrap().current_id(), 1);
        let two = format!("# newest first\n2 {hex}\n\n{}", text.as_str());
        assert_eq!(MasterKeys::parse(&two).unwrap().current_id(), 2);
        for (text, error) in [
            (String::new(), MasterKeyError::Empty),
            (format!("\n0 {hex}"), MasterKeyError::Line(2)),
            (format!("1 {}", "g".repeat(64)), MasterKeyError::Line(1)),
            (format!("1 {}", "é".repeat(32)), MasterKeyError::Line(1)),
            (format!("1 {hex}\n1 {hex}"), MasterKeyError::Duplicate(1)),
        ] {
            assert_eq!(MasterKeys::parse(&text).map(|_| ()), Err(error), "{text}");
        }
    }

    /// KM-4: the wrong key, the wrong context and any changed bit are noticed.
    #[test]
    fn what_is_sealed_opens_with_its_key_and_context_only() {
        let sealed = keys(1).seal(Purpose::SealSigningKey, b"private", b"kid", &Random::system()).unwrap();
        assert_eq!(keys(1).open(Purpose::SealSigningKey, &sealed, b"kid").unwrap().as_slice(), b"private");
        assert_eq!(keys(2).open(Purpose::SealSigningKey, &sealed, b"kid"), Err(SealError::Forged));
        assert_eq!(keys(1).open(Purpose::SealSigningKey, &sealed, b"other"), Err(SealError::Forged));
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(keys(1).open(Purpose::SealSigningKey, &changed, b"kid").is_err(), "byte {i}");
            assert!(keys(1).open(Purpose::SealSigningKey, &sealed[..i], b"kid").is_err(), "length {i}");
        }
        assert!(!format!("{:?}", keys(1)).contains(&keys(1).to_secret_text()[2..10]));
    }
}
