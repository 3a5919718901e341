//! Names of columns, as words, and lists of such names: `isLockedOut`, `is_locked_out` and `IS LOCKED-OUT` are one.

/// Letters and digits only, in lower case.
pub(super) fn normal(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of the last part of a path, without the number of a name that comes twice.
pub(super) fn words(column: &str) -> Vec<String> {
    let name = base(column).rsplit('.').next().unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins = !before.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase());
        if c.is_alphanumeric() {
            if begins || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words
}

/// The name without the number that tells it from another of the same name.
pub(super) fn base(column: &str) -> &str {
    match column.rsplit_once('#') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => column,
    }
}

/// Whether a column is in a list of names between spaces; `begin*` stands for every name that begins so.
pub(super) fn is_in(list: &str, column: &str) -> bool {
    place(list, column).is_some()
}

/// At which place of such a list a column stands.
pub(super) fn place(list: &str, column: &str) -> Option<usize> {
    list.split_ascii_whitespace().position(|name| match name.strip_suffix('*') {
        Some(begin) => column.starts_with(begin),
        None => name == column,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn spellings_of_a_column_are_one() {
        for name in ["isLockedOut", "is_locked_out", "IS LOCKED-OUT", "user.isLockedOut", "IsLockedOut#2"] {
            assert_eq!(super::words(name), ["is", "locked", "out"], "{name}");
        }
    }
}
