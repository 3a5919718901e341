//! JSON Lines at the end of a file. It is opened for every batch, so whoever rotates it need not tell us.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use countersign::ChainedRow;

use crate::audit_line::as_json;

/// Appends the rows; when this is done, they are on the disk.
pub(super) fn append(path: &Path, rows: &[ChainedRow]) -> io::Result<()> {
    // They name people and their addresses: nobody else reads them, unless the file was made so.
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut text = String::new();
    if ends_in_a_line(&mut file)? {
        text.push('\n');
    }
    for row in rows {
        text.push_str(&as_json(row).to_string());
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Whether a full disk or the end of a process has cut the last line off. Its row comes again, in a line of its own.
fn ends_in_a_line(file: &mut std::fs::File) -> io::Result<bool> {
    if !file.metadata()?.is_file() || file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use countersign::{AuditLink, ChainedRow};

    use super::*;

    #[test]
    fn a_line_that_was_cut_off_stays_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let row = ChainedRow::new(AuditLink::new(7, 9, [1; 32]), None);
        append(&path, std::slice::from_ref(&row)).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        assert!(whole.ends_with('\n') && whole.contains("\"position\":7"), "{whole}");
        std::fs::write(&path, &whole[..20]).unwrap();
        append(&path, &[row]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{whole}", &whole[..20]));
    }
}
