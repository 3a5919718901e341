//! The domain's types as values of a statement. Each knows its PostgreSQL type, so that no statement has to be described
//! first: then it needs no name on the server either, and passes through any pooler.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::base::clock::Timestamp;
use crate::base::id::{
    AccountId, ApiKeyId, DeliveryId, EmailId, FactorId, NodeId, RequestId, SessionId, TicketId,
    TrustedDeviceId,
};

/// A value with its type.
pub(in crate::store::postgres) trait Value: ToSql + Sync {
    fn sql_type(&self) -> Type;
    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

impl<T: Typed + ToSql + Sync> Value for T {
    fn sql_type(&self) -> Type {
        T::TYPE
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        self
    }
}

/// A type of values, and the type of arrays of them.
pub(in crate::store::postgres) trait Typed {
    const TYPE: Type;
    const ARRAY: Type;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
    const ARRAY: Type = T::ARRAY;
}

impl<T: Typed> Typed for Vec<T> {
    const TYPE: Type = T::ARRAY;
    const ARRAY: Type = T::ARRAY;
}

macro_rules! typed {
    ($($type:ty => $name:ident, $array:ident;)*) => {
        $(impl Typed for $type {
            const TYPE: Type = Type::$name;
            const ARRAY: Type = Type::$array;
        })*
    };
}

typed! {
    AccountId => UUID, UUID_ARRAY;
    SessionId => UUID, UUID_ARRAY;
    ApiKeyId => UUID, UUID_ARRAY;
    DeliveryId => UUID, UUID_ARRAY;
    EmailId => UUID, UUID_ARRAY;
    FactorId => UUID, UUID_ARRAY;
    TrustedDeviceId => UUID, UUID_ARRAY;
    TicketId => UUID, UUID_ARRAY;
    RequestId => UUID, UUID_ARRAY;
    NodeId => UUID, UUID_ARRAY;
    Timestamp => INT8, INT8_ARRAY;
    i64 => INT8, INT8_ARRAY;
    bool => BOOL, BOOL_ARRAY;
    &str => TEXT, TEXT_ARRAY;
    String => TEXT, TEXT_ARRAY;
    &[u8] => BYTEA, BYTEA_ARRAY;
    Bytes => BYTEA, BYTEA_ARRAY;
}

/// Bytes that nobody else holds.
#[derive(Debug)]
pub(in crate::store::postgres) struct Bytes(pub(in crate::store::postgres) Vec<u8>);

impl ToSql for Bytes {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        self.0.to_sql(wanted, out)
    }
    accepts!(BYTEA);
    to_sql_checked!();
}

type Fault = Box<dyn Error + Sync + Send>;

macro_rules! ids {
    ($($id:ident)*) => {
        $(impl ToSql for $id {
            fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
                out.extend_from_slice(self.as_bytes());
                Ok(IsNull::No)
            }
            accepts!(UUID);
            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for $id {
            fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
                Ok(Self::from_bytes(raw.try_into()?))
            }
            accepts!(UUID);
        })*
    };
}

ids! { AccountId SessionId ApiKeyId DeliveryId EmailId FactorId TrustedDeviceId TicketId RequestId NodeId }

impl ToSql for Timestamp {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        self.as_unix_millis().to_sql(wanted, out)
    }
    accepts!(INT8);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Timestamp {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        i64::from_sql(found, raw).map(Self::from_unix_millis)
    }
    accepts!(INT8);
}
