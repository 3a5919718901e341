//! The README's Rust is that of the examples, which are compiled and run.
use std::collections::HashSet;
use std::path::Path;

/// What a line says, without its indentation and its comment.
fn said(line: &str) -> &str {
    line.split_once(" // ").map_or(line, |(code, _)| code).trim()
}

#[test]
fn every_line_of_rust_stands_in_the_example_that_is_linked_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut blocks = readme.split("```rust\n");
    let mut above = blocks.next().unwrap().to_owned();
    let mut count = 0;
    for block in blocks {
        let (code, below) = block.split_once("```").unwrap();
        let (_, link) = above.rsplit_once("](examples/").unwrap();
        let (path, _) = link.split_once(')').unwrap();
        let example = std::fs::read_to_string(root.join("examples").join(path)).unwrap();
        let lines: HashSet<&str> = example.lines().map(said).collect();
        for line in code.lines().map(said) {
            assert!(lines.contains(line), "{path} has no line {line:?}");
        }
        below.clone_into(&mut above);
        count += 1;
    }
    assert_eq!(count, 2, "the README has two examples in Rust");
}
