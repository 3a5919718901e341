//! Text in a page.

/// As text, and as the value of an attribute in quotes.
pub(in crate::http) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
