//! Reads our assignments from a `.env` file. They never enter the process's environment, because every child
//! process would inherit them (OP-1). Lines of other programs are ignored, whatever they contain.

use zeroize::Zeroizing;

/// A name and its value, or why the line is not an assignment.
type Assignment = Result<(String, Zeroizing<String>), &'static str>;

/// Each line whose name `is_ours`, with its number. `NAME=value`, optionally after `export`; a value may be
/// in single quotes (taken literally) or in double quotes (with `\n`, `\"`, `\\` and `\$`). Without quotes it
/// ends at ` #` or the end of the line.
pub(super) fn assignments(
    text: &str,
    is_ours: fn(&str) -> bool,
) -> impl Iterator<Item = (usize, Assignment)> {
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let name_end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        let (name, rest) = line.split_at(name_end);
        is_ours(name).then(|| (index + 1, assignment(name, rest)))
    })
}

fn assignment(name: &str, rest: &str) -> Assignment {
    let value = rest.trim_start().strip_prefix('=').ok_or("expects NAME=value")?.trim();
    let value = match value.chars().next() {
        Some('\'') => single_quoted(value),
        Some('"') => double_quoted(value),
        _ => Ok(unquoted(value)),
    };
    value.map(|value| (name.to_owned(), value))
}

fn unquoted(value: &str) -> Zeroizing<String> {
    let end = if value.starts_with('#') { Some(0) } else { value.find(" #") };
    Zeroizing::new(value.get(..end.unwrap_or(value.len())).unwrap_or_default().trim_end().to_owned())
}

fn single_quoted(value: &str) -> Result<Zeroizing<String>, &'static str> {
    let (inside, after) = value.get(1..).and_then(|rest| rest.split_once('\'')).ok_or(UNCLOSED)?;
    end_of_line(after)?;
    Ok(Zeroizing::new(inside.to_owned()))
}

fn double_quoted(value: &str) -> Result<Zeroizing<String>, &'static str> {
    let mut inside = Zeroizing::new(String::with_capacity(value.len()));
    let mut rest = value.chars();
    rest.next();
    while let Some(c) = rest.next() {
        match c {
            '"' => return end_of_line(rest.as_str()).map(|()| inside),
            '\\' => inside.push(match rest.next() {
                Some('n') => '\n',
                Some(c @ ('"' | '\\' | '$')) => c,
                _ => {
                    return Err("only \\n, \\\", \\\\ and \\$ may follow a backslash; single quotes take a backslash literally");
                }
            }),
            '$' => return Err("variables in values are not expanded; write \\$ or use single quotes"),
            c => inside.push(c),
        }
    }
    Err(UNCLOSED)
}

fn end_of_line(after: &str) -> Result<(), &'static str> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        Ok(())
    } else {
        Err("has something after the closing quote")
    }
}

const UNCLOSED: &str = "has no closing quote on the same line";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Result<String, &'static str>)> {
        let is_ours = |name: &str| name.starts_with("COUNTERSIGN_") || name == "JWT_SECRET";
        assignments(text, is_ours)
            .map(|(line, a)| (line, a.map(|(name, value)| format!("{name}={}", value.as_str()))))
            .collect()
    }

    #[test]
    fn values_are_read_in_every_common_spelling() {
        let text = "\u{feff}# a comment\nJWT_SECRET = plain # not this\nexport JWT_SECRET='it is # $raw\\n'\n\
            COUNTERSIGN_LISTEN=\"a\\\"b\\n\\$\" # c\r\nJWT_SECRET=with#hash\nJWT_SECRET=\nDATABASE_URL=postgres\ngarbage \"\nJWT_SECRETS=x";
        let expected = [
            (2, "JWT_SECRET=plain"),
            (3, "JWT_SECRET=it is # $raw\\n"),
            (4, "COUNTERSIGN_LISTEN=a\"b\n$"),
            (5, "JWT_SECRET=with#hash"),
            (6, "JWT_SECRET="),
        ];
        assert_eq!(read(text), expected.map(|(line, text)| (line, Ok(text.to_owned()))));
    }

    #[test]
    fn a_malformed_line_of_ours_is_an_error_and_never_half_a_secret() {
        for line in [
            "JWT_SECRET secret",
            "JWT_SECRET",
            "JWT_SECRET=\"open",
            "JWT_SECRET='open",
            "JWT_SECRET=\"a\" b",
            "JWT_SECRET=\"\\x\"",
            "JWT_SECRET=\"$HOME\"",
        ] {
            assert!(matches!(read(line).as_slice(), [(1, Err(_))]), "{line}");
        }
    }
}
