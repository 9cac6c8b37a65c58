//! The database: reachable, whole, unchanged, and saying what the facts say.

use chrono::TimeDelta;

use super::Check;
use crate::app::Opened;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::input::Marks;
use crate::store::{MIGRATIONS, Store, StoreError};

/// The most that the database's clock may be off from ours.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::seconds(2);

/// Looks at everything the database alone can tell.
pub(super) async fn look(opened: &Opened, head: Option<&str>) -> Result<Vec<Check>, StoreError> {
    let store = &opened.store;
    let newest = MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0);
    let mut checks = vec![
        Check::good("database", server(opened)),
        // opening it compares the schema with the one compiled in
        Check::good("migrations", format!("all {newest} applied")),
        clock(store).await?,
    ];
    checks.push(chain(opened).await?);
    if let Some(head) = head {
        checks.push(noted(opened, head).await?);
    }
    checks.extend(fold(opened).await?);
    checks.push(lease(opened).await?);
    checks.push(deliveries(opened).await?);
    Ok(checks)
}

fn server(opened: &Opened) -> String {
    opened.cluster.as_ref().map_or_else(
        || "reached by DATABASE_URL".to_owned(),
        |own| {
            format!(
                "our own PostgreSQL {} in {}",
                own.major(),
                own.dir().display()
            )
        },
    )
}

async fn clock(store: &Store) -> Result<Check, StoreError> {
    let before = SystemClock.now();
    let theirs = store.database_clock().await?;
    let apart = (theirs - before).abs();
    let says = format!(
        "the database's clock is {} ms from ours",
        apart.num_milliseconds()
    );
    Ok(if apart > CLOCKS_APART_MAX {
        Check::bad(
            "clock",
            says,
            "set both clocks by NTP: windows and validities depend on them",
        )
    } else {
        Check::good("clock", says)
    })
}

async fn chain(opened: &Opened) -> Result<Check, StoreError> {
    let chain = opened.store.verify_chain(opened.desk).await?;
    let head = data_encoding::HEXLOWER.encode(&chain.holds_to.head);
    let says = format!("holds from fact 1 to {} ({head})", chain.holds_to.seq);
    Ok(match chain.broken_at {
        None => Check::good("chain", says),
        Some(seq) => Check::bad(
            "chain",
            format!("{says}; fact {seq} is missing or was changed"),
            "somebody edited history: compare with a backup before trading on",
        ),
    })
}

/// Looks a head up that was noted elsewhere: a chain that was rewritten as a whole lacks it.
async fn noted(opened: &Opened, head: &str) -> Result<Check, StoreError> {
    let given = head.split_once(':').and_then(|(seq, hash)| {
        let hash = data_encoding::HEXLOWER_PERMISSIVE
            .decode(hash.as_bytes())
            .ok()?;
        Some((seq.parse::<i64>().ok()?, hash))
    });
    let Some((seq, hash)) = given else {
        return Ok(Check::bad(
            "head",
            format!("{head:?} is no head"),
            "give it as SEQ:HASH",
        ));
    };
    let found = opened.store.fact_hash(opened.desk, seq).await?;
    Ok(if found.as_deref() == Some(hash.as_slice()) {
        Check::good("head", format!("fact {seq} is the one that was noted"))
    } else {
        Check::bad(
            "head",
            format!("fact {seq} is not the one that was noted"),
            "the whole chain was replaced, or this is another database",
        )
    })
}

/// Folds all facts and compares the book with the rows.
async fn fold(opened: &Opened) -> Result<Vec<Check>, StoreError> {
    let store = &opened.store;
    let mut snapshot = store.snapshot(opened.desk).await?;
    let mut checks: Vec<Check> = snapshot
        .unreadable
        .iter()
        .map(|row| {
            Check::bad(
                "rows",
                format!("{} {} cannot be read: {}", row.table, row.key, row.why),
                "its instrument is reducing until a person has mended the row",
            )
        })
        .collect();
    let folded = store.refold(opened.desk, snapshot.tag.seq).await?;
    snapshot.book.marks = Marks::default();
    checks.push(if folded == snapshot.book {
        let says = format!("the rows are what {} facts fold to", snapshot.tag.seq);
        Check::good("fold", says)
    } else {
        Check::bad(
            "fold",
            "the rows are not what the facts fold to",
            "halt, and compare `torana positions` with the broker before trading on",
        )
    });
    Ok(checks)
}

async fn lease(opened: &Opened) -> Result<Check, StoreError> {
    let lease = opened.store.view_lease(opened.desk).await?;
    Ok(match lease {
        Some(lease) => Check::good("gateway", format!("{} holds the lease", lease.holder)),
        None => Check::warning(
            "gateway",
            "no process holds the lease: nothing is sent and no stop is watched",
            "start one: torana serve",
        ),
    })
}

async fn deliveries(opened: &Opened) -> Result<Check, StoreError> {
    let (waiting, error) = opened.store.undelivered(opened.desk).await?;
    Ok(match error {
        Some(error) => Check::warning(
            "notices",
            format!("{waiting} wait to be told: {error}"),
            "look at notify.* and at TORANA_TELEGRAM_TOKEN, TORANA_MAIL_PASSWORD",
        ),
        None => Check::good("notices", format!("{waiting} wait to be told")),
    })
}
