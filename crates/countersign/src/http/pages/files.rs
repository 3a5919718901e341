//! A file as it is served: type, policy, entity tag. And the built ones (`assets/`, committed) in the program.

use std::sync::{LazyLock, OnceLock};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::base::digest::entity_tag;
use crate::http::edge::if_none_match::client_has;

/// A file of the pages.
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) media_type: &'static str,
    /// The content security policy.
    pub(super) policy: &'static str,
    /// The entity tag, with the quotes, when somebody has asked for the file: a start that hashed all files would have all of
    /// them in memory from then on.
    tag: OnceLock<String>,
}

impl File {
    pub(super) fn new(bytes: Bytes, media_type: &'static str, policy: &'static str) -> Self {
        Self { bytes, media_type, policy, tag: OnceLock::new() }
    }

    /// A built file, or what is served in its place.
    pub(super) fn named(name: &str, bytes: Bytes) -> Self {
        Self::new(bytes, media_type(name), policy(name))
    }

    pub(super) fn respond(&self, caching: &'static str, request: &HeaderMap) -> Response {
        let tag = self.tag.get_or_init(|| entity_tag(&self.bytes));
        let known = client_has(request, tag);
        let mut response =
            if known { StatusCode::NOT_MODIFIED.into_response() } else { self.bytes.clone().into_response() };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(tag) {
            headers.insert(header::ETAG, tag);
        }
        for (name, value) in [
            (header::CACHE_CONTROL, caching),
            (header::CONTENT_TYPE, self.media_type),
            (header::CONTENT_SECURITY_POLICY, self.policy),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// The built file of this name.
pub(super) fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, file)| file)
}

macro_rules! files {
    ($($name:literal)+) => {
        [$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)).as_slice())),+]
    };
}

static FILES: LazyLock<Vec<(&'static str, File)>> = LazyLock::new(|| {
    let files = files! {
        "account.de.html" "account.de.js" "account.html" "account.js" "admin.de.html" "admin.de.js" "admin.html" "admin.js" "client-account.js" "client-device.js" "client-passkeys.js" "client-step-up.js" "client.js" "debugger.html" "debugger.js" "docs.de.html" "docs.de.js" "docs.html" "docs.js"
        "forgot.de.html" "forgot.de.js" "forgot.html" "forgot.js"
        "icon.svg" "index.de.html" "index.de.js" "index.html" "index.js" "login.de.html" "login.de.js" "login.html" "login.js" "mail-sign-in.de.html" "mail-sign-in.de.js"
        "mail-sign-in.html" "mail-sign-in.js" "missing.de.html"
        "missing.html" "register.de.html" "register.de.js" "register.html" "register.js" "server-keys.js" "style.css"
    };
    files.map(|(name, bytes)| (name, File::named(name, Bytes::from_static(bytes)))).into()
});

fn media_type(name: &str) -> &'static str {
    match kind(name) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

pub(super) fn kind(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// The policy of the page's `<meta>`, plus `frame-ancestors`, which `<meta>` cannot contain.
pub(super) fn policy(name: &str) -> &'static str {
    match name {
        // HD-7: a pasted token cannot leave the debugger. It runs the verifier as WebAssembly.
        "debugger.html" => {
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
             connect-src 'none'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
             frame-ancestors 'none'"
        }
        name if kind(name) == "html" => {
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors 'none'"
        }
        _ => "default-src 'none'; frame-ancestors 'none'",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_file_is_in_the_program() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets")).unwrap();
        let mut built: Vec<_> =
            folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        built.sort();
        assert_eq!(built, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    /// They are sent uncompressed, and again after every update.
    #[test]
    fn no_built_file_is_big() {
        for (name, file) in FILES.iter() {
            let most = match *name {
                "debugger.js" => 300_000,
                "account.de.js" | "login.de.js" => 60_000, // with each of their words twice
                "admin.js" => 70_000,                      // seven views and their pictures, for few people
                "admin.de.js" => 110_000,                  // and each of its words twice
                _ => 40_000,
            };
            assert!(file.bytes.len() < most, "{name}: {} bytes", file.bytes.len());
        }
    }

    /// A browser applies both policies, so a header stricter than the page's own policy would break the page.
    #[test]
    fn the_header_and_the_page_have_one_policy() {
        for (name, file) in FILES.iter().filter(|(name, _)| kind(name) == "html") {
            let text = std::str::from_utf8(&file.bytes).unwrap();
            let (_, meta) = text.split_once("\"Content-Security-Policy\" content=\"").unwrap();
            let (meta, _) = meta.split_once('"').unwrap();
            assert_eq!(format!("{meta}; frame-ancestors 'none'"), file.policy, "{name}");
        }
    }
}
