//! [`ByteStream`]: the body of a response that never ends.

use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

use ureq::BodyReader;

use crate::error::FetchError;

/// The body of a response, read while it comes. The connection ends when this is dropped.
pub struct ByteStream {
    content_type: Option<String>,
    reader: BodyReader<'static>,
    timeout: Duration,
}

impl ByteStream {
    pub(crate) const fn new(
        content_type: Option<String>,
        reader: BodyReader<'static>,
        timeout: Duration,
    ) -> Self {
        Self { content_type, reader, timeout }
    }

    /// The `Content-Type` header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Waits for more, and reads what has come; 0 at the end.
    ///
    /// # Errors
    /// [`FetchError::Timeout`] if nothing comes in time, [`FetchError::Connection`] and [`FetchError::Protocol`] if the
    /// connection fails.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FetchError> {
        loop {
            match self.reader.read(buffer) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FetchError::from_client(error.into(), self.timeout)),
            }
        }
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}
