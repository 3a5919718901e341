//! `docs/REQUIREMENTS.md` against the repository: every id that is cited has a row, and every row that is called done is
//! cited by a check. Reads the tree as it is on the disk, so it needs no list of files.
#![expect(clippy::expect_used, clippy::panic, reason = "a repository that cannot be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

#[test]
fn every_id_that_is_cited_has_a_row() {
    let rows = rows();
    let unknown: Vec<_> = citations().into_iter().filter(|cited| !rows.contains_key(&cited.id)).collect();
    assert!(unknown.is_empty(), "docs/REQUIREMENTS.md has no row for {unknown:#?}");
}

#[test]
fn every_row_that_is_called_done_is_cited_by_a_check() {
    let checked: BTreeSet<_> =
        citations().into_iter().filter(|cited| cited.is_check).map(|cited| cited.id).collect();
    let unchecked: Vec<_> =
        rows().into_iter().filter(|(id, state)| *state != State::Open && !checked.contains(id)).collect();
    assert!(unchecked.is_empty(), "no test cites {unchecked:?}");
}

#[test]
fn a_citation_is_found_wherever_it_stands() {
    let ids = |text| ids_in(text).collect::<Vec<_>>();
    // Escaped, or this file would cite them.
    let text = "(RF\x2d3b, \x4a7): `TH\x2d10`. \"SE\x2d4:";
    assert_eq!(ids(text), ["RF\x2d3b", "\x4a7", "TH\x2d10", "SE\x2d4"]);
    assert!(ids("UTF-8 SHA-256 ML-DSA-44 xRF-3 RF-3x RF-345 J123 aJ1 eyJ1 RF-").is_empty());
    let source = "//! story\n#[cfg(test)]\nmod tests;\nfn f() {}\n#[cfg(test)]\nmod tests {\n";
    assert_eq!(lines_before_tests(source), 4);
}

/// SC-3: `unsafe` is forbidden in the workspace, and no crate of it leaves the workspace's lints.
#[test]
fn no_crate_may_use_unsafe() {
    assert!(read(root().join("Cargo.toml")).contains("unsafe_code = \"forbid\""));
    for member in [
        "countersign",
        "countersign-fetch",
        "countersign-guard",
        "countersign-jwt",
        "countersign-server",
        "countersign-webauthn",
    ] {
        let manifest = read(root().join("crates").join(member).join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true\n"), "{member}");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Done,
    Partly,
    /// Not yet, or the operator's.
    Open,
}

/// The rows of the table, by id; a state that is none of the four, or an id twice, is a mistake in the page.
fn rows() -> BTreeMap<String, State> {
    let mut rows = BTreeMap::new();
    for line in read(root().join("docs/REQUIREMENTS.md")).lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, id, _, source, state, _] = cells[..] else { continue };
        if ids_in(id).next() != Some(id) {
            continue;
        }
        assert!(!source.is_empty(), "{id} has no source");
        let state = match state.split(':').next().unwrap_or_default() {
            "done" => State::Done,
            "partly" => State::Partly,
            "not yet" | "operator" => State::Open,
            other => panic!("{id} has the state {other:?}"),
        };
        assert_eq!(rows.insert(id.to_owned(), state), None, "{id} has two rows");
    }
    assert!(rows.len() > 150, "the table was not understood: {} rows", rows.len());
    rows
}

#[derive(Debug)]
struct Citation {
    id: String,
    #[expect(dead_code, reason = "shown when the test fails")]
    place: String,
    is_check: bool,
}

fn citations() -> Vec<Citation> {
    let mut citations = Vec::new();
    for path in files(&root()) {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let text = read(&path);
        let first_of_tests = if is_check(&name) { 0 } else { lines_before_tests(&text) };
        for (number, line) in text.lines().enumerate() {
            citations.extend(ids_in(line).map(|id| Citation {
                id: id.to_owned(),
                place: format!("{name}:{}", number + 1),
                is_check: number >= first_of_tests && path.extension().is_none_or(|end| end != "md"),
            }));
        }
    }
    citations
}

/// What people write here: no build outputs, no packages of others, and not the table itself.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry of the folder").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || ["target", "node_modules", "dist", "REQUIREMENTS.md"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if folder.ends_with("scripts")
            || ["rs", "ts", "mjs", "sql", "toml", "md", "c"]
                .iter()
                .any(|end| path.extension().is_some_and(|is| is == *end))
        {
            found.push(path);
        }
    }
    found
}

/// Whether all of a file is run to check the rest: tests, benches, fuzz targets, `scripts/test`, and what it gives to
/// `cargo deny`.
fn is_check(name: &str) -> bool {
    ["tests", "test", "benches", "fuzz", "oracle", "scripts", "deny.toml"]
        .iter()
        .any(|part| name.split('/').any(|folder| folder == *part))
        || name.ends_with("tests.rs")
        || name.contains(".test.")
}

/// At which line the tests inside a source file begin: there is nothing after them.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let opens_here = |at: usize| {
        lines[at..].iter().find(|line| !line.starts_with("#[")).is_some_and(|line| line.ends_with(" {"))
    };
    (0..lines.len()).find(|at| lines[*at] == "#[cfg(test)]" && opens_here(*at)).unwrap_or(lines.len())
}

/// `RF-3`, `RF-3b`, `J7`: two capitals, a hyphen and a number, or J and a number, with nothing of a word around.
fn ids_in(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').filter(|word| {
        let number = match word.split_once('-') {
            Some((family, number)) if family.len() == 2 && family.bytes().all(|b| b.is_ascii_uppercase()) => {
                number.strip_suffix('b').unwrap_or(number)
            }
            None => word.strip_prefix('J').unwrap_or_default(),
            Some(_) => "",
        };
        (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    })
}
