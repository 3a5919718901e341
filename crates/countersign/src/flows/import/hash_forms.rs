//! What the hashes of some systems look like, to recognise a system or a column by them.

/// Whether a text begins as the hashes do that are most often met, so that no column that has them is passed over.
pub(super) fn looks_like_hash(text: &str) -> bool {
    const BEGINNINGS: [&str; 16] = [
        "$2a$", "$2b$", "$2x$", "$2y$", "$argon2", "$pbkdf2", "$scrypt$", "$wp$", "$P$", "$S$", "$5$", "$6$",
        "pbkdf2", "scrypt:", "{bcrypt}", "{SSHA",
    ];
    text.len() >= 32 && BEGINNINGS.iter().any(|begin| text.trim_start().starts_with(begin))
}

pub(super) fn is_better_auth(text: &str) -> bool {
    let hexadecimal = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(salt, key)| {
        salt.len() == 32 && key.len() == 128 && hexadecimal(salt) && hexadecimal(key)
    })
}

pub(super) fn is_spring(text: &str) -> bool {
    let named = text.strip_prefix('{').and_then(|text| text.split_once('}'));
    named.is_some_and(|(name, _)| {
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        matches!(name, "bcrypt" | "noop" | "pbkdf2" | "scrypt" | "argon2" | "sha256" | "MD5")
    })
}

pub(super) fn is_werkzeug(text: &str) -> bool {
    text.starts_with("pbkdf2:") || text.starts_with("scrypt:")
}
