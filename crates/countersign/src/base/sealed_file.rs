//! A file that only the master key opens, however large, in bounded memory: the construction STREAM (Hoang, Reyhanitabar, Rogaway,
//! Vizár 2015) as the file format of age uses it. Chunks of 64 KiB are sealed with AES-256-GCM under a key of this file alone;
//! the nonce is the number of the chunk and whether it is the last, so chunks can be neither changed, left out, exchanged nor
//! cut off at the end.
//!
//! ```text
//! header: a line of text (what it is) | key number (1) | salt (32)
//! then:   ciphertext (64 KiB, the last may be shorter) | tag (16), …
//! ```

use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::base::master_key::{MasterKeys, Purpose, SealError};
use crate::base::random::Random;

/// Seals what is written to it. Without [`finish`](Self::finish) the file is worth nothing.
pub(crate) struct SealingWriter<W> {
    to: W,
    key: LessSafeKey,
    number: u64,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> SealingWriter<W> {
    /// Begins a file; `line` says what it is, and ends with a line feed.
    pub(crate) fn begin(mut to: W, line: &[u8], keys: &MasterKeys, random: &Random) -> io::Result<Self> {
        let salt: [u8; SALT_LEN] = random.bytes();
        let header = [line, &[keys.current_id()], &salt].concat();
        let key = keys.file_key(keys.current_id(), Purpose::SealFile, &header).map_err(io::Error::other)?;
        to.write_all(&header)?;
        Ok(Self { to, key, number: 0, chunk: Zeroizing::new(Vec::with_capacity(CHUNK + TAG_LEN)) })
    }

    /// Seals the last chunk.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, is_last);
        self.key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *self.chunk)
            .map_err(|_| io::Error::other("a chunk cannot be sealed"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not when it becomes full: it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a sealed file. It gives nothing that has not been authenticated, and an error of the kind
/// [`InvalidData`](io::ErrorKind::InvalidData), with a [`SealError`] inside, where somebody or something has changed it.
pub(crate) struct OpeningReader<R> {
    from: R,
    key: LessSafeKey,
    number: u64,
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
    is_over: bool,
}

impl<R: BufRead> OpeningReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// `InvalidData` with [`SealError::Forged`] where it is another kind of file, or with [`SealError::UnknownKey`].
    pub(crate) fn begin(mut from: R, line: &[u8], keys: &MasterKeys) -> io::Result<Self> {
        let mut header = vec![0; line.len() + 1 + SALT_LEN];
        from.read_exact(&mut header).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => invalid(SealError::Forged),
            _ => error,
        })?;
        let Some([number, ..]) = header.strip_prefix(line) else { return Err(invalid(SealError::Forged)) };
        let key = keys.file_key(*number, Purpose::SealFile, &header).map_err(invalid)?;
        Ok(Self { from, key, number: 0, chunk: Zeroizing::default(), given: 0, is_over: false })
    }

    fn open(&mut self) -> io::Result<()> {
        self.chunk.clear();
        let whole = u64::try_from(CHUNK + TAG_LEN).unwrap_or(u64::MAX);
        self.from.by_ref().take(whole).read_to_end(&mut self.chunk)?;
        self.is_over = self.from.fill_buf()?.is_empty();
        let nonce = nonce(self.number, self.is_over);
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut self.chunk);
        let len = opened.map_err(|_| invalid(SealError::Forged))?.len();
        self.chunk.truncate(len);
        (self.number, self.given) = (self.number + 1, 0);
        Ok(())
    }
}

impl<R: BufRead> Read for OpeningReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && !self.is_over {
            self.open()?;
        }
        let mut left = self.chunk.get(self.given..).unwrap_or_default();
        let count = left.read(into)?;
        self.given += count;
        Ok(count)
    }
}

/// 11 bytes of the number, one of whether it is the last.
fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

fn invalid(error: SealError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

const SALT_LEN: usize = 32;
const CHUNK: usize = 64 * 1024;
const TAG_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"a test 1\n";

    fn keys(seed: u64) -> MasterKeys {
        MasterKeys::generate(&Random::insecure_seeded(seed))
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let random = Random::insecure_seeded(7);
        let mut writer = SealingWriter::begin(Vec::new(), LINE, &keys(1), &random).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn opened(sealed: &[u8], keys: &MasterKeys) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        OpeningReader::begin(sealed, LINE, keys)?.read_to_end(&mut plain).map(|_| plain)
    }

    #[test]
    fn what_was_sealed_comes_back() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let plain: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let sealed = sealed(&plain);
            let chunks = len.div_ceil(CHUNK).max(1);
            assert_eq!(sealed.len(), LINE.len() + 1 + SALT_LEN + len + chunks * TAG_LEN);
            assert!(opened(&sealed, &keys(1)).unwrap() == plain, "{len}");
        }
    }

    /// Cut at any chunk and byte, changed anywhere, chunks left out, exchanged and added: nothing passes.
    #[test]
    fn nothing_else_is_opened() {
        let plain = vec![9; 2 * CHUNK + 10];
        let sealed = sealed(&plain);
        let header = LINE.len() + 1 + SALT_LEN;
        let second = header + CHUNK + TAG_LEN;
        let third = second + CHUNK + TAG_LEN;
        let (one, two, last) = (&sealed[header..second], &sealed[second..third], &sealed[third..]);
        let begin = &sealed[..header];
        let mut all = vec![
            [begin, one, two].concat(),
            [begin, one].concat(),
            [begin, two, one, last].concat(),
            [begin, one, last].concat(),
            [begin, one, two, last, last].concat(),
            [begin, one, two, two, last].concat(),
            begin.to_vec(),
            Vec::new(),
        ];
        for at in [0, LINE.len() - 1, LINE.len() + 1, header - 1, header, second, third, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            all.push(changed);
            all.push(sealed[..at].to_vec());
        }
        for (index, bytes) in all.iter().enumerate() {
            let error = opened(bytes, &keys(1)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{index}: {error}");
        }
        assert!(opened(&sealed, &keys(2)).is_err(), "another master key of the same number");
        assert!(opened(&sealed, &keys(1)).unwrap() == plain);
    }
}
