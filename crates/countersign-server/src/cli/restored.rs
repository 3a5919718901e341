//! What works again in a store that was put back to an earlier time, although somebody may have taken it away since: the keys
//! and secrets of programs, which no instant ends as it ends sessions. They are named, for nobody else knows which.

use countersign::store::{AnyStore, ApiKeyStore as _, ClientStore as _, FeedKeyStore as _, KeyStore as _};
use countersign::{ApiKey, Context};

use crate::output::{counted, escape, remark};

/// Names all of it. With `revokes`, the API keys end instead.
///
/// # Errors
/// The store did not answer. What has been revoked stays so.
pub(super) async fn settle(store: &AnyStore, revokes: bool, context: &Context) -> anyhow::Result<()> {
    let mut keys = store.list_api_keys(None, u32::MAX).await?;
    keys.retain(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > context.now));
    if revokes {
        for key in &keys {
            store.revoke_api_key(key.id, None, context).await?;
        }
        remark(&format!("countersign: revoked {}", counted(keys.len(), "API key")));
    } else {
        let name = |key: &ApiKey| format!("{} ({})", key.id, escape(key.name.as_str()));
        warn(
            "API key",
            "api-key revoke ID, or all of them: countersign restore --mark --revoke-api-keys",
            keys.iter().map(name),
        );
    }
    let clients = store.clients().await?;
    warn("client secret", "client remove NAME", clients.iter().map(|client| escape(client.name.as_str())));
    let feed_keys = store.feed_keys().await?;
    warn("feed key", "feed-key remove NAME", feed_keys.iter().map(|key| escape(key.name.as_str())));
    let signing = store.signing_keys().await?;
    warn("signing key", "key withdraw KID", signing.iter().map(|key| escape(&key.kid)));
    Ok(())
}

/// Names things that work, and what ends one of them.
fn warn(thing: &str, command: &str, names: impl ExactSizeIterator<Item = String>) {
    let (count, shown) = (names.len(), names.take(SHOWN).collect::<Vec<_>>());
    if count == 0 {
        return;
    }
    let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    remark(&format!(
        "countersign: warning: {} as at that time, also any that was taken away since: {}{more}. To end one: countersign {command}",
        counted(count, thing),
        shown.join(", ")
    ));
}

const SHOWN: usize = 20;
