//! Which function a stored hash was made with, from how its text begins, and the functions that are refused by name.

use std::sync::Arc;

use super::argon2::Argon2Hash;
use super::bcrypt::BcryptHash;
use super::pbkdf2::Pbkdf2Hash;
use super::phpass::PhpassHash;
use super::salted_sha::SaltedSha;
use super::scheme::{Scheme, UnreadableHash};
use super::scrypt::ScryptHash;
use super::sha_crypt::ShaCryptHash;
use crate::password::plain::Reading;

type Parsed = Result<(Arc<dyn Scheme>, Reading), UnreadableHash>;

/// Reads a stored hash without its tag.
pub(super) fn parse_scheme(text: &str) -> Parsed {
    match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((name, rest)) => braced(&name.to_ascii_lowercase(), rest),
        None => plain(text),
    }
}

/// `{name}…`, as LDAP servers and Spring Security write it.
fn braced(name: &str, rest: &str) -> Parsed {
    let scheme: Arc<dyn Scheme> = match name {
        "bcrypt" | "argon2" | "argon2@springsecurity_v5_8" => {
            return plain(rest).map(|(scheme, _)| (scheme, Reading::Typed));
        }
        "crypt" => return crypt(rest),
        "pbkdf2" if rest.starts_with('$') => return plain(rest),
        "pbkdf2" | "pbkdf2@springsecurity_v5_8" => Arc::new(Pbkdf2Hash::parse_spring(name, rest)?),
        "scrypt" | "scrypt@springsecurity_v5_8" => Arc::new(ScryptHash::parse_spring(rest)?),
        "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" => {
            Arc::new(Pbkdf2Hash::parse_phc(&format!("${name}${rest}"))?)
        }
        "ssha" | "ssha256" | "ssha512" => Arc::new(SaltedSha::parse(name, rest)?),
        "noop" | "clear" | "cleartext" | "plain" => return Err(UnreadableHash::Fast("plain text")),
        "md4" | "nt" | "lm" => return Err(UnreadableHash::Fast("MD4")),
        "md5" | "smd5" => return Err(UnreadableHash::Fast("MD5")),
        "sha" | "sha-1" => return Err(UnreadableHash::Fast("SHA-1 without a salt")),
        "sha-256" | "sha256" | "sha512" | "sha384" => {
            return Err(UnreadableHash::Fast("SHA-2, computed once"));
        }
        _ => return Err(UnreadableHash::UnknownFormat),
    };
    Ok((scheme, Reading::Typed))
}

/// What crypt(3) writes: everything begins with `$` but DES, which reads eight characters.
fn crypt(text: &str) -> Parsed {
    if text.starts_with('$') { plain(text) } else { Err(UnreadableHash::Fast("DES-crypt")) }
}

fn plain(text: &str) -> Parsed {
    let name = text.strip_prefix('$').unwrap_or(text).split('$').next().unwrap_or_default();
    let scheme: Arc<dyn Scheme> = match (text.starts_with('$'), name) {
        (true, "argon2id" | "argon2i" | "argon2d") => {
            return Ok((Arc::new(Argon2Hash::parse(text)?), Reading::Nfc));
        }
        (true, "2a" | "2b" | "2x" | "2y") => Arc::new(BcryptHash::parse(text)?),
        (true, "wp") => Arc::new(BcryptHash::parse_wordpress(text)?),
        (true, "bcrypt-sha256") => Arc::new(BcryptHash::parse_passlib(text)?),
        (true, "scrypt") => Arc::new(ScryptHash::parse_phc(text)?),
        (true, "fbscrypt") => Arc::new(ScryptHash::parse_firebase(text)?),
        (true, "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512") => {
            Arc::new(Pbkdf2Hash::parse_phc(text)?)
        }
        (true, "P" | "H" | "S") => Arc::new(PhpassHash::parse(text)?),
        (true, "5" | "6") => Arc::new(ShaCryptHash::parse(text)?),
        (false, "U") if ["U$P$", "U$H$", "U$S$"].iter().any(|start| text.starts_with(start)) => {
            Arc::new(PhpassHash::parse(text)?)
        }
        (false, "argon2") => Arc::new(Argon2Hash::parse(text.strip_prefix("argon2").unwrap_or(text))?),
        (false, "bcrypt" | "bcrypt_sha256") => Arc::new(BcryptHash::parse_django(text)?),
        (false, "pbkdf2_sha256" | "pbkdf2_sha1") => Arc::new(Pbkdf2Hash::parse_django(text)?),
        (false, "scrypt") => Arc::new(ScryptHash::parse_django(text)?),
        (false, name) if name.starts_with("pbkdf2:") => Arc::new(Pbkdf2Hash::parse_werkzeug(text)?),
        (false, name) if name.starts_with("scrypt:") => Arc::new(ScryptHash::parse_werkzeug(text)?),
        (dollar, name) => match fast(dollar, name, text) {
            Some(name) => return Err(UnreadableHash::Fast(name)),
            None => Arc::new(Pbkdf2Hash::parse_aspnet(text)?),
        },
    };
    Ok((scheme, Reading::Typed))
}

/// Functions so fast that a stolen hash is as good as the password, by the name that people know them under.
fn fast(dollar: bool, name: &str, text: &str) -> Option<&'static str> {
    let hexadecimal = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    Some(match (dollar, name) {
        (true, "1" | "apr1" | "md5") | (false, "md5" | "unsalted_md5") => "MD5",
        (true, "3") => "MD4",
        (false, "sha1" | "unsalted_sha1") => "SHA-1",
        (false, "sha256" | "sha512") if text.contains('$') => "SHA-2, computed once",
        (false, "plain") if text.contains('$') => "plain text",
        (false, "crypt") if text.contains('$') => "DES-crypt",
        (false, _) if text.strip_prefix('*').is_some_and(|rest| rest.len() == 40 && hexadecimal(rest)) => {
            "SHA-1 without a salt"
        }
        (false, _) if hexadecimal(text) => match text.len() {
            32 => "MD5 without a salt",
            40 => "SHA-1 without a salt",
            56 | 64 | 96 | 128 => "SHA-2 without a salt",
            _ => return None,
        },
        _ => return None,
    })
}
