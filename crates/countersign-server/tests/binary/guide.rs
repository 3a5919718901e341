//! The commands of a guide, as a reader would run them.

use std::path::Path;
use std::process::Command;

use crate::harness::{Place, Ran, Server};

/// The `N` blocks of commands that the guide marks as tested, for this server.
pub(crate) fn commands<const N: usize>(guide: &str, server: &Server) -> [String; N] {
    let origin = format!("http://{}", server.address);
    let blocks = guide.split("<!-- test -->\n```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<_> = blocks.map(|block| block.replace("https://auth.example.com", &origin)).collect();
    blocks.try_into().unwrap_or_else(|blocks| panic!("not {N}: {blocks:?}"))
}

/// Runs one of them with this variable of the reader's; gives what it prints.
pub(crate) fn run(place: &Place, block: &str, (name, value): (&str, &str)) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var_os("PATH").unwrap().display());
    let mut shell = Command::new("sh");
    shell.args(["-euc", block]).current_dir(place.path("")).env_clear();
    let ran = Ran::from(shell.env("PATH", path).env(name, value).output().unwrap());
    assert!(ran.code == Some(0), "{ran:?}");
    ran.out
}
