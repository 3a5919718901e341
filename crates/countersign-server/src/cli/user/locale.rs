//! The language of an account, as it is typed.

use countersign::Locale;

use crate::cli::tool::Tool;
use crate::cli::usage::usage;

pub(super) fn offered(tool: &Tool, tag: Option<&str>) -> anyhow::Result<Option<Locale>> {
    tag.map(|tag| tool.instance.offered_locale(tag)).transpose().map_err(|error| usage(error.to_string()))
}
