//! Who may send alerts: the hash of each secret path, and what its owner is limited to.

use chrono::{DateTime, Utc};

use super::lock::hash;
use super::{DeskId, Store, StoreError};
use crate::domain::order::Product;
use crate::domain::signal::SourceId;

/// Whether alerts are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// No signature is looked at.
    #[default]
    Off,
    /// One that is there must be right.
    Optional,
    /// One must be there.
    Required,
}

/// Who may send alerts, and which. Empty lists do not limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// SHA-256 of the secret in its path.
    pub secret: [u8; 32],
    /// The one before, and until when it still counts.
    pub older: Option<([u8; 32], DateTime<Utc>)>,
    /// Instruments it may trade.
    pub instruments: Vec<String>,
    /// Kinds of alert it may send.
    pub kinds: Vec<String>,
    /// Sides it may open: `long`, `short`.
    pub sides: Vec<String>,
    /// Addresses it may send from: IPs or networks.
    pub addresses: Vec<String>,
    /// Whether its alerts are signed.
    pub signature: Signature,
    /// How its positions are carried, when not as the instrument says.
    pub product: Option<Product>,
    /// A stricter profile.
    pub profile: Option<String>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Since when it may no longer send.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// A source to be made.
#[derive(Clone, Debug, Default)]
pub struct NewSource {
    /// Its name.
    pub name: String,
    /// SHA-256 of the secret in its path.
    pub secret: [u8; 32],
    /// Instruments it may trade.
    pub instruments: Vec<String>,
    /// Kinds of alert it may send.
    pub kinds: Vec<String>,
    /// Sides it may open.
    pub sides: Vec<String>,
    /// Addresses it may send from.
    pub addresses: Vec<String>,
    /// Whether its alerts are signed.
    pub signature: Signature,
    /// How its positions are carried.
    pub product: Option<Product>,
    /// A stricter profile.
    pub profile: Option<String>,
}

impl Signature {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Off, Self::Optional, Self::Required];

    /// Returns the word used in rows and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

impl Store {
    /// Returns every source, the disabled ones too, by number.
    ///
    /// # Errors
    ///
    /// The database is away or a row cannot be read.
    pub async fn sources(&self, desk: DeskId) -> Result<Vec<Source>, StoreError> {
        let rows = sqlx::query!(
            "SELECT source, name, secret_hash, older_hash, older_until, instruments, kinds, sides,
                addresses, signature, product, profile, made_at, disabled_at
             FROM sources WHERE desk_id = $1 ORDER BY source",
            desk.0
        )
        .fetch_all(self.in_time())
        .await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let bad = || StoreError::corrupt("sources", &row.name);
            let older = row.older_hash.map(hash).transpose()?;
            let product = row.product.as_deref().map(str::parse).transpose();
            let signature = Signature::ALL.into_iter();
            all.push(Source {
                id: SourceId(row.source),
                secret: hash(row.secret_hash)?,
                older: older.zip(row.older_until),
                instruments: row.instruments,
                kinds: row.kinds,
                sides: row.sides,
                addresses: row.addresses,
                signature: signature
                    .into_iter()
                    .find(|one| one.word() == row.signature)
                    .ok_or_else(bad)?,
                product: product.map_err(|_no_product| bad())?,
                profile: row.profile,
                made_at: row.made_at,
                disabled_at: row.disabled_at,
                name: row.name,
            });
        }
        Ok(all)
    }
}
