//! Making, finding, changing and deleting accounts. Before a change returns, this process refuses the tokens
//! of the sessions that it ended.

use crate::Countersign;
use crate::base::id::AccountId;
use crate::flows::password_change::PasswordChangeError;
use crate::model::account::{
    Account, AccountChange, AccountFilter, AccountQuery, ChangeAccountOutcome, CreateAccountOutcome,
    Credentials, CustomClaims, Deletion, Locale, NewAccount, Role, Username,
};
use crate::model::context::Context;
use crate::model::password_hash::PasswordHash;
use crate::store::{Store, StoreError};

/// An account to make.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its name.
    pub username: Username,
    /// Its role.
    pub role: Role,
    /// Its claims.
    pub claims: CustomClaims,
    /// Whether its owner must choose another password at the first sign-in, because the administrator knows
    /// this one.
    pub password_change_required: bool,
    /// The language of mails about it; none: as the browser says that asks for one.
    pub locale: Option<Locale>,
}

impl Registration {
    /// An account of the role `user`, without claims of its own.
    #[must_use]
    pub fn new(username: Username) -> Self {
        Self {
            username,
            role: Role::default(),
            claims: CustomClaims::default(),
            password_change_required: false,
            locale: None,
        }
    }
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateAccountError {
    /// Another account has this name, perhaps in another spelling.
    #[error("the user name is taken")]
    NameTaken,
    /// The name is in other letters than the Latin ones of another account, and looks the same (UTS 39).
    #[error("the user name looks like the one of another account")]
    LooksAlike,
    /// The password cannot be used, or could not be hashed, or the store did not answer.
    #[error(transparent)]
    Password(#[from] PasswordChangeError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an account was not changed or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeAccountError {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Another account has the new name, perhaps in another spelling.
    #[error("the user name is taken")]
    NameTaken,
    /// The new name is in other letters than the Latin ones of another account, and looks the same (UTS 39).
    #[error("the user name looks like the one of another account")]
    LooksAlike,
    /// The change would leave no administrator who can sign in.
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// Makes an account with a password that the policy accepts.
    ///
    /// # Errors
    /// Every variant of [`CreateAccountError`].
    pub async fn create_account(
        &self,
        registration: Registration,
        password: &str,
        context: &Context,
    ) -> Result<Account, CreateAccountError> {
        let hash = self.hash_new_password(password, &registration.username, context).await?;
        self.create_account_with_hash(self.new_account(registration, Some(hash)), context).await
    }

    /// Makes an account without a password: nobody can sign in, and [API keys](Self::add_api_key) act for it. There is no
    /// password to be changed either, so `password_change_required` should not be set.
    ///
    /// # Errors
    /// [`CreateAccountError::NameTaken`], [`CreateAccountError::LooksAlike`], [`CreateAccountError::Store`].
    pub async fn create_service_account(
        &self,
        registration: Registration,
        context: &Context,
    ) -> Result<Account, CreateAccountError> {
        self.create_account_with_hash(self.new_account(registration, None), context).await
    }

    fn new_account(&self, registration: Registration, password_hash: Option<PasswordHash>) -> NewAccount {
        let Registration { username, role, claims, password_change_required, locale } = registration;
        NewAccount {
            id: AccountId::random(&self.random),
            username,
            role,
            claims,
            password_hash,
            disabled: false,
            password_change_required,
            locale,
            factors: Vec::new(),
        }
    }

    /// Makes an account whose password hash was computed elsewhere. The policy is not applied: nobody here
    /// knows the password.
    ///
    /// # Errors
    /// [`CreateAccountError::NameTaken`], [`CreateAccountError::LooksAlike`], [`CreateAccountError::Store`].
    pub async fn create_account_with_hash(
        &self,
        account: NewAccount,
        context: &Context,
    ) -> Result<Account, CreateAccountError> {
        match self.store.create_account(account, context).await? {
            CreateAccountOutcome::Created(account) => {
                self.tell_after_create(&account, context).await;
                Ok(*account)
            }
            CreateAccountOutcome::NameTaken => Err(CreateAccountError::NameTaken),
            CreateAccountOutcome::LooksAlike => Err(CreateAccountError::LooksAlike),
        }
    }

    /// Changes name, role, claims, language, whether the account may sign in, or whether its owner has to choose another
    /// password first. The latter two end all its sessions.
    ///
    /// # Errors
    /// Every variant of [`ChangeAccountError`].
    pub async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        context: &Context,
    ) -> Result<Account, ChangeAccountError> {
        self.changed(self.store.change_account(id, change, context).await?)
    }

    /// Deletes an account with its sessions, at once; gives it as it was.
    ///
    /// # Errors
    /// Every variant of [`ChangeAccountError`].
    pub async fn delete_account(
        &self,
        id: AccountId,
        context: &Context,
    ) -> Result<Account, ChangeAccountError> {
        self.changed(self.store.delete_account(id, Deletion::Now, context).await?)
    }

    /// The account with this id, as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.store.find_account(id).await
    }

    /// The account with this name in any spelling.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn find_account_by_name(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        Ok(self.store.account_for_login(username).await?.map(|found| found.account))
    }

    /// An account with its password hash, for an export. See [`Countersign::record_export`].
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.store.credentials(id).await
    }

    /// How many accounts a filter finds.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn count_accounts(&self, filter: AccountFilter) -> Result<u64, StoreError> {
        self.store.count_accounts(filter).await
    }

    /// A page of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.store.list_accounts(query).await
    }

    fn changed(&self, outcome: ChangeAccountOutcome) -> Result<Account, ChangeAccountError> {
        match outcome {
            ChangeAccountOutcome::Done(account, ended) => {
                self.revoke(&ended);
                Ok(*account)
            }
            // Nobody has shown anything that could have been overtaken.
            ChangeAccountOutcome::NotFound | ChangeAccountOutcome::Overtaken => {
                Err(ChangeAccountError::NotFound)
            }
            ChangeAccountOutcome::LastAdministrator => Err(ChangeAccountError::LastAdministrator),
            ChangeAccountOutcome::NameTaken => Err(ChangeAccountError::NameTaken),
            ChangeAccountOutcome::LooksAlike => Err(ChangeAccountError::LooksAlike),
        }
    }
}
