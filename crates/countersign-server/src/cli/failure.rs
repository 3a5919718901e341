//! A command that failed: its exit code, and its error for people or, in the shape of the API, for programs.

use std::borrow::Cow;
use std::process::ExitCode;

use countersign::http::ApiError;
use countersign::store::StoreError;
use countersign::{AddClientError, AddFeedKeyError};
use countersign::{ChangeAccountError, CreateAccountError, InviteError, KeysError, PasswordChangeError};
use serde_json::json;

use super::usage::UsageError;
use crate::config::ConfigError;
use crate::output::{Output, print_error};

/// What was named is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotFound(pub(super) String);

/// A name that has to be a new one is taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NameTaken(pub(super) String);

/// Prints the error; gives the exit code.
pub(super) fn report(error: anyhow::Error, output: Output) -> ExitCode {
    let is_usage = error.is::<ConfigError>() || error.is::<UsageError>();
    let text = format!("{error:#}");
    if output.json {
        print_error(&json!({ "error": text, "code": code(error) }).to_string());
    } else {
        print_error(&format!("countersign: {text}"));
    }
    ExitCode::from(if is_usage { USAGE } else { 1 })
}

/// Prints what is wrong with the arguments, or the help that they ask for.
pub(super) fn report_arguments(error: &clap::Error, output: Output) -> ExitCode {
    if !output.json || !error.use_stderr() {
        // Standard output may be closed, which is no failure.
        let _ = error.print();
    } else {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        print_error(&json!({ "error": text, "code": INVALID_USAGE }).to_string());
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

/// The API's code for the same thing, if it has one.
fn code(error: anyhow::Error) -> Cow<'static, str> {
    if error.is::<UsageError>() {
        return INVALID_USAGE.into();
    }
    if error.is::<ConfigError>() {
        return "invalid_configuration".into();
    }
    if error.is::<NotFound>() {
        return ApiError::NotFound.code();
    }
    if error.is::<NameTaken>() {
        return NAME_TAKEN.into();
    }
    if let Some(AddClientError::NameTaken) = error.downcast_ref() {
        return NAME_TAKEN.into();
    }
    if let Some(AddFeedKeyError::NameTaken) = error.downcast_ref() {
        return NAME_TAKEN.into();
    }
    api_error(error).map_or("failed".into(), |error| error.code())
}

fn api_error(error: anyhow::Error) -> anyhow::Result<ApiError> {
    let error = error.downcast::<CreateAccountError>().map(ApiError::from);
    let error = error.or_else(|error| error.downcast::<ChangeAccountError>().map(ApiError::from));
    let error = error.or_else(|error| error.downcast::<PasswordChangeError>().map(ApiError::from));
    let error = error.or_else(|error| error.downcast::<InviteError>().map(ApiError::from));
    let error = error.or_else(|error| error.downcast::<KeysError>().map(ApiError::from));
    error.or_else(|error| error.downcast::<StoreError>().map(ApiError::from))
}

/// The exit code of a wrong command or configuration.
const USAGE: u8 = 2;
const INVALID_USAGE: &str = "invalid_usage";
const NAME_TAKEN: &str = "name_taken";
