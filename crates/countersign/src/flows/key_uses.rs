//! When API keys were used. A request that shows a key notes it here, in memory, and the upkeep writes it down: no request
//! waits for that, and a key that is used all the time costs one write an hour. What a crash loses is the use itself, never
//! more than a moment's.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::id::ApiKeyId;
use crate::model::api_key::ApiKey;
use crate::model::context::{Actor, Context};

/// Uses that are not stored yet: of each key the first, with who used it. Never more than there are keys.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<ApiKeyId, Context>>);

impl KeyUses {
    /// Notes that a key was used, if that is news.
    pub(crate) fn note(&self, key: &ApiKey, context: &Context) {
        if !key.use_is_news(context.now) {
            return;
        }
        if let Entry::Vacant(place) = self.lock().entry(key.id) {
            place.insert(Context { actor: Actor::Account(key.account_id), ..context.clone() });
        }
    }

    /// One of them, which is not here any more.
    pub(super) fn take_one(&self) -> Option<(ApiKeyId, Context)> {
        let mut uses = self.lock();
        let id = *uses.keys().next()?;
        uses.remove_entry(&id)
    }

    /// Back for another try, unless it was used again.
    pub(super) fn put_back(&self, id: ApiKeyId, context: Context) {
        self.lock().entry(id).or_insert(context);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Context>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
