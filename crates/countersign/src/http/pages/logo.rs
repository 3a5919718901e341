//! [`Logo`]: a picture for the pages, and what may be one.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use axum::body::Bytes;

/// A picture for the pages: SVG, PNG, JPEG, WebP or GIF, at most 256 KiB.
///
/// An SVG can contain scripts. It is shown as a picture, in which browsers run none, and served with a content security
/// policy that forbids them for a visitor who opens its address.
#[derive(Clone)]
pub struct Logo {
    pub(super) bytes: Bytes,
    pub(super) media_type: &'static str,
}

/// Why a file is no logo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogoError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable(#[from] io::Error),
    /// It is too big: every page loads it.
    #[error("it has more than 256 KiB")]
    TooBig,
    /// It is another kind of file.
    #[error("it is no SVG, PNG, JPEG, WebP or GIF picture")]
    UnknownFormat,
}

impl Logo {
    /// Reads a file.
    ///
    /// # Errors
    /// Every variant of [`LogoError`].
    pub fn read_file(path: &Path) -> Result<Self, LogoError> {
        let mut bytes = Vec::new();
        // Never more than it takes to see that it is too much: the path may be a device.
        File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Self::new(bytes)
    }

    /// Checks the content of a file. What it is, its first bytes say.
    ///
    /// # Errors
    /// [`LogoError::TooBig`], [`LogoError::UnknownFormat`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, LogoError> {
        if bytes.len() > MAX_BYTES {
            return Err(LogoError::TooBig);
        }
        let media_type = media_type(&bytes).ok_or(LogoError::UnknownFormat)?;
        Ok(Self { bytes: bytes.into(), media_type })
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, media_type } = self;
        write!(f, "Logo({media_type}, {} bytes)", bytes.len())
    }
}

const MAX_BYTES: usize = 256 << 10;

/// MIME Sniffing §6.1, and SVG, which that leaves to the server.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => is_svg(bytes).then_some("image/svg+xml"),
    }
}

/// Whether it is text whose first element is `<svg>`, after declarations and comments.
fn is_svg(bytes: &[u8]) -> bool {
    let Ok(mut rest) = std::str::from_utf8(bytes) else { return false };
    rest = rest.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<?") || rest.starts_with("<!") => ">",
            _ => break,
        };
        let Some((_, after)) = rest.split_once(end) else { return false };
        rest = after.trim_start();
    }
    rest.strip_prefix("<svg").is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_what_it_is() {
        let kind = |bytes: &[u8]| Logo::new(bytes.to_vec()).map(|logo| logo.media_type).ok();
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(kind(b"GIF89a"), Some("image/gif"));
        for svg in [
            "<svg>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- by <b>hand</b> -->\n<!DOCTYPE svg>\n<svg\n>",
        ] {
            assert_eq!(kind(svg.as_bytes()), Some("image/svg+xml"), "{svg}");
        }
        for other in ["", "<", "<html><svg>", "<!-- <svg>", "<svgx>", "svg", "<?xml", "%PDF-1.7"] {
            assert_eq!(kind(other.as_bytes()), None, "{other}");
        }
        assert_eq!(kind(b"<svg>\xff</svg>"), None);
    }

    #[test]
    fn a_file_of_more_than_256_kib_is_refused() {
        let svg = |len: usize| Logo::new([b"<svg ".as_slice(), &vec![b' '; len - 5]].concat());
        assert!(svg(256 << 10).is_ok());
        assert!(matches!(svg((256 << 10) + 1), Err(LogoError::TooBig)));
        // One without an end.
        assert!(matches!(Logo::read_file(Path::new("/dev/zero")), Err(LogoError::TooBig)));
        assert!(matches!(Logo::read_file(Path::new("/nowhere")), Err(LogoError::Unreadable(_))));
    }
}
