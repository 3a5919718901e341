//! The JSON of the API as other languages see it.

mod typescript;
