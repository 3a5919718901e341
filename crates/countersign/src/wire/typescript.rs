//! The names and shapes of the API that the web side knows, as TypeScript. The test compares the committed files with what
//! the Rust definitions make, so that the two cannot drift apart; with `WRITE_TYPESCRIPT=1` it rewrites them.

use std::path::Path;
use std::{env, fs, io};

use crate::http::error_codes;
use crate::model::audit::AuditKind;
use crate::wire::{
    AccountView, AuditEventView, FeedKeyView, FollowerView, KeyView, SessionView, TokenResponse, UserView,
};

const HEADER: &str = "// Generated from the Rust code by `WRITE_TYPESCRIPT=1 cargo test -p countersign typescript`. Do not edit.\n";

#[test]
fn the_typescript_is_what_the_rust_code_says() -> io::Result<()> {
    // For the client's users, types only: they cost the bundle nothing.
    compare(
        "client/src/wire.ts",
        &[
            union("ServerErrorCode", "The codes of the server's errors.", error_codes()),
            UserView::interface(),
            TokenResponse::interface(),
        ],
    )?;
    let kinds = AuditKind::ALL.iter().map(|kind| kind.name());
    compare(
        "pages/src/wire.ts",
        &[
            list("AUDIT_KINDS", "The kinds of events in the audit log.", kinds),
            AccountView::interface(),
            SessionView::interface(),
            KeyView::interface(),
            AuditEventView::interface(),
            FeedKeyView::interface(),
            FollowerView::interface(),
        ],
    )
}

/// Fails if the file under `web/` is not made of these declarations.
fn compare(path: &str, declarations: &[String]) -> io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web").join(path);
    let wanted = format!("{HEADER}\n{}", declarations.join("\n"));
    if env::var_os("WRITE_TYPESCRIPT").is_some() {
        fs::write(&file, &wanted)?;
    }
    let committed = fs::read_to_string(&file)?;
    assert_eq!(committed, wanted, "web/{path} is stale: its first line says how to rewrite it");
    Ok(())
}

/// A type: one of these strings.
fn union(name: &str, doc: &str, values: impl IntoIterator<Item = &'static str>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| format!("\n  | '{value}'")).collect();
    format!("/** {doc} */\nexport type {name} ={};\n", values.concat())
}

/// A constant: all of these strings, in this order.
fn list(name: &str, doc: &str, values: impl IntoIterator<Item = &'static str>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| format!("  '{value}',\n")).collect();
    format!("/** {doc} */\nexport const {name} = [\n{}] as const;\n", values.concat())
}
