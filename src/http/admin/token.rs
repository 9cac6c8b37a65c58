//! Tokens and secrets: made here, shown once, kept as their SHA-256.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq as _;
use tracing::{info, warn};

use crate::desk::Desk;
use crate::desk::person::{By, WishError, change_access};
use crate::http::webhook::sha256;
use crate::store::{AccessChange, StoreError, Token};

/// The name of the token that the environment gives.
pub const ENVIRONMENT: &str = "environment";

/// The name of the token that paper makes for whoever may read the data directory.
pub const LOCAL: &str = "local";

/// Who is named when the house itself lets somebody in.
pub const HOUSE: &str = "torana";

/// Where that token is kept.
const FILE: &str = "admin-token";

/// 160 bits: nobody guesses it.
const SECRET_BYTES: usize = 20;

/// Why the first token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be written or read.
    #[error("the admin token {path} cannot be kept")]
    File {
        /// Where it would be.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The known tokens cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its hash cannot be kept.
    #[error(transparent)]
    Desk(#[from] WishError),
}

/// Returns a secret that nobody knows yet: 32 letters and digits.
///
/// # Errors
///
/// The system has no chance to give.
pub fn fresh() -> io::Result<String> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    let text = data_encoding::BASE32_NOPAD.encode(&bytes);
    Ok(text.to_ascii_lowercase())
}

/// Returns what is kept of a secret.
pub fn hash(secret: &str) -> [u8; 32] {
    sha256(secret.as_bytes())
}

/// Returns whose token this is. Every comparison takes the same time.
pub fn name_of(known: &[Token], given: &str) -> Option<String> {
    let given = hash(given);
    let mut found = None;
    for token in known.iter().filter(|token| token.revoked_at.is_none()) {
        if bool::from(token.hash.ct_eq(&given)) {
            found = Some(token.name.clone());
        }
    }
    found
}

/// Returns the token of a data directory, when there is one.
///
/// # Errors
///
/// It is there and cannot be read.
pub fn of_file(data_dir: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(data_dir.join(FILE)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes sure that a data directory has a token that counts; returns where it is. One that was
/// revoked stays revoked.
///
/// # Errors
///
/// The file or the database refuses.
pub async fn ensure_local(desk: &Desk, data_dir: &Path) -> Result<PathBuf, TokenError> {
    let path = data_dir.join(FILE);
    let refused = |source| TokenError::File {
        path: path.clone(),
        source,
    };
    let known = desk.store().tokens(desk.id()).await?;
    let secret = secret_of(data_dir, &path).map_err(refused)?;
    let kept = hash(&secret);
    if known.iter().any(|token| token.hash == kept) {
        if name_of(&known, &secret).is_none() {
            warn!(path = %path.display(), "the token in {} was revoked", path.display());
        }
        return Ok(path);
    }
    let by = |why| By {
        name: HOUSE,
        why,
        request: &secret,
    };
    let local = |token: &Token| token.name == LOCAL && token.revoked_at.is_none();
    if known.iter().any(local) {
        let (revoked, why) = (
            AccessChange::TokenRevoked(LOCAL.to_owned()),
            "its file is gone",
        );
        change_access(desk, revoked, ("it counts no more".to_owned(), by(why))).await?;
    }
    let added = AccessChange::TokenAdded {
        name: LOCAL.to_owned(),
        hash: kept,
    };
    let may = "whoever reads the data directory may order everything".to_owned();
    let added = change_access(desk, added, (may, by("the first start here"))).await;
    if let Err(error) = added {
        // Another process with the same file may have been quicker.
        let known = desk.store().tokens(desk.id()).await?;
        name_of(&known, &secret).ok_or(error)?;
    }
    Ok(path)
}

/// Returns the secret of the file, which is made when there is none.
fn secret_of(data_dir: &Path, path: &Path) -> io::Result<String> {
    if let Some(secret) = of_file(data_dir)? {
        return Ok(secret);
    }
    let secret = fresh()?;
    match write(path, &secret) {
        Ok(()) => {
            info!(path = %path.display(), "made an admin token, kept in {}", path.display());
            Ok(secret)
        }
        // Another process was quicker: its token is ours too.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            of_file(data_dir)?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// Writes the secret where there is no file yet: nobody ever reads half of one.
fn write(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let unfinished = path.with_extension(std::process::id().to_string());
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    let named = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    named
}
