//! What a request shows in its `Authorization` header: a token, and by which scheme.

use http::{HeaderMap, header};

use crate::refusal::{Refusal, Scheme};

/// The scheme and the token of the one `Authorization` header: the scheme in any case (RFC 9110 §11.1), nothing after
/// the token.
pub(crate) fn credentials(headers: &HeaderMap) -> Result<(Scheme, &str), Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::TokenRequired)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Refusal::Malformed)?;
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("Bearer") => Scheme::Bearer,
        _ if scheme.eq_ignore_ascii_case("DPoP") => Scheme::Dpop,
        _ => return Err(Refusal::Malformed),
    };
    let token = token.trim_start_matches(' ');
    let is_token68 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if token.is_empty() || !token.bytes().all(is_token68) {
        return Err(Refusal::Malformed);
    }
    Ok((scheme, token))
}

/// The token of `Authorization: Bearer <token>`: one header, the scheme in any case (RFC 9110 §11.1), nothing
/// after the token.
///
/// # Errors
/// [`Refusal::TokenRequired`] when there is no such header, and [`Refusal::Malformed`] when it is something else.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    match credentials(headers)? {
        (Scheme::Bearer, token) => Ok(token),
        (Scheme::Dpop, _) => Err(Refusal::Malformed),
    }
}
