//! Who may send alerts, without anything secret.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A source as people see it. Empty lists do not limit.
#[expect(missing_docs, reason = "the fields are those of the stored source")]
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    pub id: i32,
    pub name: String,
    pub instruments: Vec<String>,
    pub kinds: Vec<String>,
    pub sides: Vec<String>,
    pub addresses: Vec<String>,
    pub signature: &'static str,
    pub product: Option<&'static str>,
    pub profile: Option<String>,
    pub made_at: DateTime<Utc>,
    /// Until when the secret before the present one counts.
    pub older_secret_until: Option<DateTime<Utc>>,
    pub disabled_at: Option<DateTime<Utc>>,
}

impl From<crate::store::Source> for Source {
    fn from(source: crate::store::Source) -> Self {
        Self {
            id: source.id.0,
            name: source.name,
            instruments: source.instruments,
            kinds: source.kinds,
            sides: source.sides,
            addresses: source.addresses,
            signature: source.signature.word(),
            product: source.product.map(crate::domain::order::Product::word),
            profile: source.profile,
            made_at: source.made_at,
            older_secret_until: source.older.map(|(_, until)| until),
            disabled_at: source.disabled_at,
        }
    }
}
