//! The built pages (`assets/`, committed) in the program.

use std::sync::LazyLock;

use crate::base::digest::entity_tag;

/// A file of the pages.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) bytes: &'static [u8],
    /// Its entity tag, with the quotes.
    pub(super) tag: String,
}

pub(super) fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

macro_rules! files {
    ($($name:literal)+) => {
        [$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)).as_slice())),+]
    };
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let files = files! {
        "account.html" "account.js" "admin.html" "admin.js" "client.js" "debugger.html" "debugger.js" "icon.svg"
        "index.html" "index.js" "login.html" "login.js" "server-keys.js" "style.css"
    };
    files.into_iter().map(|(name, bytes)| File { name, bytes, tag: entity_tag(bytes) }).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_file_is_in_the_program() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets")).unwrap();
        let mut built: Vec<_> =
            folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        built.sort();
        assert_eq!(built, FILES.iter().map(|file| file.name).collect::<Vec<_>>());
    }
}
