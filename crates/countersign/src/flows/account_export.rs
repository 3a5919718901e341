//! Everything that is kept about an account, for its owner: page by page, so that a long history takes little memory and no
//! long read of the store. What is in no page is listed, with the reason, in the test that looks at every table
//! (`store/sqlite/tests.rs`).

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::account::Account;
use crate::model::api_key::ApiKey;
use crate::model::audit::{AuditQuery, AuditRecord};
use crate::model::email::AccountEmail;
use crate::model::second_factor::{SecondFactor, TrustedDevice};
use crate::model::session::Session;
use crate::store::{Store, StoreError};

/// Some of what is kept about an account. Those of a kind come one after another, and at least one of each kind.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportPage {
    /// The account itself: always first, and one.
    Account(Box<Account>),
    /// Sessions, also those that are over and not forgotten yet; the last begun first.
    Sessions(Vec<Session>),
    /// API keys, without their secrets.
    ApiKeys(Vec<ApiKey>),
    /// E-mail addresses, verified or not.
    Emails(Vec<AccountEmail>),
    /// Authenticators, without their secrets.
    Factors(Vec<SecondFactor>),
    /// Devices on which no second factor is asked for.
    TrustedDevices(Vec<TrustedDevice>),
    /// What the audit log says about the account, the newest first.
    AuditEvents(Vec<AuditRecord>),
    /// What the audit log says that it did to others, or to what belongs to nobody; the newest first.
    Actions(Vec<AuditRecord>),
}

/// Where an export of an account goes on. The default is its beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportCursor(Next);

#[derive(Clone, Copy, Debug, Default)]
enum Next {
    #[default]
    Account,
    Sessions(Option<(Timestamp, SessionId)>),
    ApiKeys,
    Emails,
    Factors,
    TrustedDevices,
    AuditEvents(i64),
    Actions(i64),
    Nothing,
}

impl<S: Store> Countersign<S> {
    /// The next page of what is kept about an account, and where to go on; `None` at the end, and where there is no such
    /// account.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn export_account(
        &self,
        id: AccountId,
        ExportCursor(next): ExportCursor,
    ) -> Result<Option<(ExportPage, ExportCursor)>, StoreError> {
        let (page, next) = match next {
            Next::Account => match self.store.find_account(id).await? {
                Some(account) => (ExportPage::Account(Box::new(account)), Next::Sessions(None)),
                None => return Ok(None),
            },
            Next::Sessions(before) => {
                let sessions = self.store.sessions_of(id, before, PAGE).await?;
                let last = full(&sessions).map(|last| (last.created_at, last.id));
                let next = last.map_or(Next::ApiKeys, |last| Next::Sessions(Some(last)));
                (ExportPage::Sessions(sessions), next)
            }
            Next::ApiKeys => {
                let keys = self.store.list_api_keys(Some(id), MOST_API_KEYS).await?;
                (ExportPage::ApiKeys(keys), Next::Emails)
            }
            Next::Emails => (ExportPage::Emails(self.store.emails(id).await?), Next::Factors),
            Next::Factors => {
                let held = self.store.second_factors(id).await?;
                (ExportPage::Factors(held.factors), Next::TrustedDevices)
            }
            Next::TrustedDevices => {
                let held = self.store.second_factors(id).await?;
                (ExportPage::TrustedDevices(held.devices), Next::AuditEvents(i64::MAX))
            }
            Next::AuditEvents(before) => {
                let query = AuditQuery { account_id: Some(id), ..AuditQuery::default() };
                let (lines, last) = self.lines_before(before, query).await?;
                let next = last.map_or(Next::Actions(i64::MAX), Next::AuditEvents);
                (ExportPage::AuditEvents(lines), next)
            }
            Next::Actions(before) => {
                let query = AuditQuery { by_account: Some(id), ..AuditQuery::default() };
                let (lines, last) = self.lines_before(before, query).await?;
                (ExportPage::Actions(lines), last.map_or(Next::Nothing, Next::Actions))
            }
            Next::Nothing => return Ok(None),
        };
        Ok(Some((page, ExportCursor(next))))
    }

    /// A page of the audit log, and the number of its last line if there may be more.
    async fn lines_before(
        &self,
        before: i64,
        query: AuditQuery,
    ) -> Result<(Vec<AuditRecord>, Option<i64>), StoreError> {
        let query = AuditQuery { before: Some(before), limit: PAGE, ..query };
        let lines = self.store.audit_log(query).await?.lines;
        let last = full(&lines).map(|last| last.sequence);
        Ok((lines, last))
    }
}

/// The last of a page that has as many as were asked for.
fn full<T>(page: &[T]) -> Option<&T> {
    page.last().filter(|_| page.len() >= PAGE as usize)
}

const PAGE: u32 = 500;
/// Each was made with a password; beyond this many the newest count.
const MOST_API_KEYS: u32 = 10_000;
