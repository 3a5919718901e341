//! How the program is linked: with its relative relocations packed (`DT_RELR`), where the C library understands that. They are
//! a MiB otherwise, which each start reads and has in memory from then on.

#![expect(clippy::disallowed_methods, reason = "how Cargo says what is built")]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    let is_for_linux = is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux");
    let understands =
        is("CARGO_CFG_TARGET_ENV", "gnu") && env::var("HOST") == env::var("TARGET") && has_new_glibc();
    if is_for_linux && understands {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// From 2.36 on. The program needs that version then, as it may need that of the machine it is built on anyway.
fn has_new_glibc() -> bool {
    let Ok(answer) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else { return false };
    let text = String::from_utf8_lossy(&answer.stdout);
    let version = text.trim().strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    version.is_some_and(|minor| minor >= 36)
}
