//! Why a second factor of another system does not come over, in the words of the report.

/// Why a second factor does not come over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum FactorProblem {
    /// Its codes are made with another hash function than SHA-1.
    #[error("authenticators with {0}, where SHA-1 is taken")]
    Algorithm(String),
    /// Its codes have another length than six digits.
    #[error("authenticators with {0} digits, where six are taken")]
    Digits(u64),
    /// Its codes change after another time than 30 seconds.
    #[error("authenticators with codes of {0} seconds, where 30 are taken")]
    Period(u64),
    /// It is of another kind: counter-based codes, a passkey, a telephone.
    #[error("second factors of another kind ({0})")]
    Kind(String),
    /// Its secret is shorter than 128 bits (RFC 4226 §4, R6), or longer than 1,024.
    #[error("authenticators whose secret has less than 128 bits or more than 1,024")]
    Size,
    /// Its secret cannot be read.
    #[error("authenticators whose secret cannot be read")]
    Malformed,
    /// The secret of its authenticator is encrypted, and the key was not given.
    #[error("authenticators whose secret is encrypted with better-auth's secret (--factor-key FILE has it)")]
    Encrypted,
    /// None of the keys that were given opens it.
    #[error("authenticators whose secret is encrypted with another secret than those of --factor-key")]
    OtherKey,
    /// Supabase has encrypted its secret with a key that never leaves it.
    #[error("authenticators whose secret Supabase has encrypted: it is to be exported decrypted")]
    EncryptedThere,
    /// The account has ten authenticators by then.
    #[error("authenticators after the tenth of an account")]
    TooMany,
    /// The file says that the account has one, and does not have it.
    #[error("second factors that are not in the file")]
    NotInFile,
    /// Recovery codes, whose owners make new ones on the account page.
    #[error(
        "sets of recovery codes, which have another form here: their owners make new ones on the account page"
    )]
    RecoveryCodes,
    /// It was never finished there, so nobody is asked for it there either.
    #[error("authenticators that were never set up to the end, and are left out")]
    Unfinished,
}

impl FactorProblem {
    /// Whether an account is less protected here than it was there.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        !matches!(self, Self::RecoveryCodes | Self::Unfinished)
    }
}
