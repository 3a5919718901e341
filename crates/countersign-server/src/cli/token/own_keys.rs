//! `token verify --own-keys`: the keys of the configured server, and whether the session that a token names has ended.
//! Both come from the database: no server has to run.

use countersign::Timestamp;
use countersign::store::SessionStore as _;
use countersign_jwt::Algorithm;
use serde_json::{Map, Value, json};

use super::key_text::{Public, parse_set};
use crate::cli::global::Global;
use crate::cli::tool::{Tool, block_on};
use crate::cli::usage::usage;
use crate::output::utc;
use crate::serve::instance::Task;

/// The server's keys, and the session that a token names, if it names one. Nobody has verified the token yet.
pub(super) fn load(
    global: &Global,
    unverified_payload: &Map<String, Value>,
) -> anyhow::Result<(Public, Option<TokenSession>)> {
    let unverified_id = unverified_payload.get("sid").and_then(Value::as_str);
    let loaded = block_on(async {
        let tool = Tool::open(global, Task::ViewKeys).await?;
        let session = match unverified_id {
            Some(id) => Some(TokenSession::find(&tool, id).await?),
            None => None,
        };
        Ok((keys(global, &tool)?, session))
    });
    // Exit code 1 means that the token is not valid.
    loaded.map_err(|error| usage(format!("{error:#}")))
}

fn keys(global: &Global, tool: &Tool) -> anyhow::Result<Public> {
    if let Some(secret) = global.load()?.jwt_secret {
        return Public::of_secret(secret.0.as_bytes(), Algorithm::Hs256);
    }
    let now = tool.now();
    // Where there is none, the instance has a key without an ID, which it forgets.
    let has_keys = tool.instance.list_keys(now).iter().any(|key| !key.kid.is_empty());
    anyhow::ensure!(has_keys, "the database has no signing key yet: a server makes the first");
    parse_set(&tool.instance.jwk_set(now)?.to_json(), None, None)
}

/// What the database says of the session that a token names.
#[derive(Debug)]
pub(super) struct TokenSession {
    id: String,
    state: &'static str,
    ended_at: Option<Timestamp>,
    reason: Option<&'static str>,
}

impl TokenSession {
    async fn find(tool: &Tool, id: &str) -> anyhow::Result<Self> {
        let found = match id.parse() {
            Ok(id) => tool.instance.store().find_session(id).await?,
            Err(_) => None,
        };
        let (policy, now) = (tool.instance.options().sessions, tool.now());
        let (state, ended_at, reason) = match found {
            None => ("unknown", None, None),
            Some(session) if session.is_alive(&policy, now) => (OPEN, None, None),
            Some(session) => match session.revoked {
                Some((at, reason)) => ("ended", Some(at), Some(reason.name())),
                None => ("expired", Some(session.ends_at(&policy)), None),
            },
        };
        Ok(Self { id: id.to_owned(), state, ended_at, reason })
    }

    /// Whether tokens of it are accepted.
    pub(super) fn is_open(&self) -> bool {
        self.state == OPEN
    }

    pub(super) fn describe(&self) -> String {
        match (self.ended_at, self.reason) {
            (Some(at), reason) => format!("over since {}: {}", utc(at), reason.unwrap_or(self.state)),
            (None, _) if self.is_open() => self.state.to_owned(),
            (None, _) => "the database has no such session (any more)".to_owned(),
        }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "id": self.id, "state": self.state, "endedAt": self.ended_at.map(utc), "reason": self.reason })
    }
}

const OPEN: &str = "open";
