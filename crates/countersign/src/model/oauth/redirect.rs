//! Redirect URIs: which can be registered, and whether the one of a request is registered. Raw texts are compared, and nothing is
//! ever resolved or decoded: what browsers make of an address is theirs (RFC 9700 §2.1, CS-8).

/// Whether a client can have it.
///
/// # Errors
/// What is wrong with it, to be read after it.
pub(super) fn check(uri: &str) -> Result<(), &'static str> {
    if uri.is_empty() || uri.len() > MAX_BYTES {
        return Err("is empty or longer than 512 bytes");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'*') {
        return Err("has a space, a backslash, a wildcard or a character that is not ASCII");
    }
    if uri.contains('#') {
        return Err("has a fragment (RFC 6749 section 3.1.2)");
    }
    let Some((scheme, rest)) = uri.split_once(':') else { return Err("has no scheme") };
    match scheme {
        "https" => match rest.strip_prefix("//").map(authority) {
            Some(host) if !host.is_empty() && !host.contains('@') => Ok(()),
            _ => Err("has no host, or a name before it"),
        },
        "http" => without_port(uri)
            .map(|_| ())
            .ok_or("is http, which only programs on the own computer can use: http://127.0.0.1, http://[::1], http://localhost"),
        _ if is_private_scheme(uri) => Ok(()),
        _ => Err("has a scheme that no application can own: use https, or a reversed domain such as com.example.app (RFC 8252 section 7.1)"),
    }
}

/// Whether a request may name `asked` where `registered` is registered: the same text; of a program on the own computer, whose
/// port the operating system chooses, the same text but for the port (RFC 8252 §7.3).
pub(super) fn is_registered(registered: &str, asked: &str) -> bool {
    registered == asked || without_port(registered).is_some_and(|parts| without_port(asked) == Some(parts))
}

/// Whether it leads to a program on the computer of whoever signs in.
pub(crate) fn is_loopback(uri: &str) -> bool {
    without_port(uri).is_some()
}

/// Whether it leads to an application that has said that the scheme is its own, as any other can.
pub(crate) fn is_private_scheme(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+".contains(&byte);
    let is_name = scheme.starts_with(|first: char| first.is_ascii_lowercase()) && scheme.bytes().all(is_fine);
    is_name && scheme.contains('.')
}

/// What people are shown of it: the host, or the scheme.
#[cfg(any(feature = "oidc", test))]
pub(crate) fn host_of(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((_, rest)) if !is_private_scheme(uri) => authority(rest),
        _ => uri.split(':').next().unwrap_or_default(),
    }
}

fn authority(rest: &str) -> &str {
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

/// What stands before and after the port of an address on the own computer.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let host = LOOPBACK.iter().find_map(|host| uri.strip_prefix(*host).map(|rest| (*host, rest)));
    let (host, rest) = host?;
    let rest = match rest.strip_prefix(':') {
        Some(after) => {
            let end = after.find(|next: char| !next.is_ascii_digit()).unwrap_or(after.len());
            after[..end].parse::<u16>().ok()?;
            &after[end..]
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
const MAX_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example:8443/cb?a=b",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:7777/cb",
            "http://[::1]/cb",
            "http://localhost:3000",
            "com.example.app:/cb",
            "com.example.app://cb",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "app.example/cb",
            "/cb",
            "//app.example/cb",
            "http://app.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1:x/cb",
            "http://127.0.0.1:70000/cb",
            "http://127.0.0.1@evil.example/cb",
            "https://user@app.example/cb",
            "https:///cb",
            "https:app.example",
            "https://app.example/cb#x",
            "https://*.example/cb",
            "https://app.example/ cb",
            "https://app.example\\cb",
            "https://\u{e4}pp.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/cb",
            &format!("https://app.example/{}", "x".repeat(500)),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    /// RFC 9700 §2.1, RFC 8252 §7.3 and §8.3, CS-8: the text itself.
    #[test]
    fn only_the_same_text_is_the_same_address() {
        let registered = "https://app.example/cb";
        assert!(is_registered(registered, registered));
        for hostile in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb/../evil",
            "https://app.example/CB",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example./cb",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "https://evil.example/https://app.example/cb",
            "https://app.example\\@evil.example/cb",
            "https://app.example/%63b",
            "http://app.example/cb",
            " https://app.example/cb",
            "https://app.example/cb ",
            "https://app.example/cb\n",
            "https://app.example/c",
            "",
        ] {
            assert!(!is_registered(registered, hostile), "{hostile:?}");
        }
    }

    #[test]
    fn a_program_on_the_own_computer_has_any_port() {
        let table = [
            ("http://127.0.0.1/cb", "http://127.0.0.1:54321/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]:1/cb", "http://[::1]:2/cb", true),
            ("http://localhost/cb", "http://localhost:8080/cb", true),
            ("http://127.0.0.1/cb", "http://localhost/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.2/cb", false),
            ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb", false),
        ];
        for (registered, asked, expected) in table {
            assert_eq!(is_registered(registered, asked), expected, "{registered} {asked}");
        }
    }

    #[test]
    fn people_see_the_host() {
        assert_eq!(host_of("https://app.example:8443/cb?x=//y"), "app.example:8443");
        assert_eq!(host_of("com.example.app:/cb"), "com.example.app");
        assert_eq!(host_of("com.example.app://cb"), "com.example.app");
    }
}
