//! A desk in a database of its own, with the book folded beside it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::{PgConnection, PgQueryResult};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use torana::domain::book::Book;
use torana::domain::fact::Fact;
use torana::domain::ids::{Cause, SignalId};
use torana::domain::input::TradingState;
use torana::domain::instrument::{
    ContractId, Expiry, Instrument, InstrumentIx, InstrumentKind, Instruments, Margin,
    OrderQuantity, QuoteAge, Spec,
};
use torana::domain::market::{Tick, TickTable};
use torana::domain::money::{Lots, Money, Percent, PointValue, Quantity};
use torana::domain::order::{Exchange, Product};
use torana::domain::signal::SourceId;
use torana::journal;
pub(crate) use torana::store::cluster::testing::TestDb;
use torana::store::cluster::testing::{Setup, fresh, key_of};
use torana::store::{
    AccessChange, DeskId, FactRow, MIGRATIONS, NewDesk, SignalRow, Store, StoreError, Tag, Verdict,
    Write, migrate,
};

pub(crate) const DESK: DeskId = DeskId(1);

/// A desk, and the book its facts fold into.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) book: Book,
    pub(crate) db: TestDb,
}

/// A database with the newest schema.
pub(crate) async fn database() -> TestDb {
    let setup = Setup {
        keeper: env!("CARGO_BIN_EXE_torana").into(),
        url: None,
        key: key_of(&MIGRATIONS),
    };
    fresh(&setup, migrate).await.unwrap()
}

impl Desk {
    /// A new desk with five million.
    pub(crate) async fn new() -> Self {
        let db = database().await;
        let store = Store::connect(db.service_options(), instruments())
            .await
            .unwrap();
        assert!(store.ensure_desk(&new_desk("paper"), at(0)).await.unwrap());
        let mut locked = store.lock(DESK, &[]).await.unwrap();
        let book = locked.book().await.unwrap();
        drop(locked);
        Self { store, book, db }
    }

    /// Folds facts in and commits them.
    pub(crate) async fn make(&mut self, seconds: i64, facts: &[Fact]) -> Result<Tag, StoreError> {
        self.make_with(seconds, facts, (&[], None)).await
    }

    /// The same with verdicts, and under a lease.
    pub(crate) async fn make_with(
        &mut self,
        seconds: i64,
        facts: &[Fact],
        (signals, epoch): (&[SignalRow<'_>], Option<i64>),
    ) -> Result<Tag, StoreError> {
        let now = at(seconds);
        let locked = self.store.lock(DESK, &[]).await?;
        for fact in facts {
            self.book.apply(fact, now);
        }
        let touched = self.book.take_touched();
        let rows = rows(&self.store, facts, now);
        let write = Write {
            now,
            facts: &rows,
            signals,
            book: &self.book,
            touched: &touched,
            epoch,
        };
        let tag = locked.commit(&write).await?;
        self.book.prune(now);
        Ok(tag)
    }

    /// Changes who may send or order, with a fact beside it; false when nothing was to change.
    pub(crate) async fn admit(
        &mut self,
        change: &AccessChange,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut locked = self.store.lock(DESK, &[]).await?;
        if !locked.change_access(change, now).await? {
            return Ok(false);
        }
        let facts = [high_water(7)];
        self.book.apply(&facts[0], now);
        let touched = self.book.take_touched();
        let write = Write {
            now,
            facts: &rows(&self.store, &facts, now),
            signals: &[],
            book: &self.book,
            touched: &touched,
            epoch: None,
        };
        locked.commit(&write).await.map(|_tag| true)
    }

    /// Returns the book as the database has it.
    pub(crate) async fn loaded(&self) -> Book {
        let mut locked = self.store.lock(DESK, &[]).await.unwrap();
        let book = locked.book().await.unwrap();
        assert_eq!(locked.unreadable, []);
        book
    }

    /// Does something behind Torana's back.
    pub(crate) async fn behind(&self, sql: &str) -> Result<PgQueryResult, sqlx::Error> {
        run(&mut self.db.superuser_options().connect().await?, sql).await
    }
}

pub(crate) async fn run(
    session: &mut PgConnection,
    sql: &str,
) -> Result<PgQueryResult, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
}

pub(crate) fn rows<'a>(store: &Store, facts: &'a [Fact], now: DateTime<Utc>) -> Vec<FactRow<'a>> {
    let row = |fact| FactRow {
        fact,
        at: now,
        signal: None,
        payload: journal::fact_text(fact, store.instruments()),
    };
    facts.iter().map(row).collect()
}

pub(crate) fn new_desk(made_in: &'static str) -> NewDesk {
    NewDesk {
        id: DESK,
        name: "main".to_owned(),
        made_in,
        opening: Money::rupees(5_000_000),
        state: TradingState::Active,
    }
}

/// A verdict on a signal.
pub(crate) fn verdict(id: SignalId) -> SignalRow<'static> {
    SignalRow {
        id,
        source: SourceId(1),
        received_at: at(0),
        moment: Some(at(0)),
        kind: "BASE_ENTRY",
        instrument: Some(bank()),
        alert: None,
        body_hash: None,
        record: r#"{"type":"BASE_ENTRY"}"#,
        verdict: Verdict::Rejected,
        code: "divergence",
        status: 200,
        answer: r#"{"code": "divergence",  "verdict":"rejected"}"#,
    }
}

/// A fact that changes a number and nothing else.
pub(crate) fn high_water(rupees: i64) -> Fact {
    Fact::HighWaterSet {
        high_water: Money::rupees(rupees),
    }
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_410_000 + seconds, 123_456_000).unwrap()
}

pub(crate) fn cause(number: u8) -> Cause {
    Cause::from_bytes([7, 0, 0, 0, 0, 0, 0, 0, 0, number])
}

pub(crate) fn bank() -> InstrumentIx {
    InstrumentIx::new(0)
}

pub(crate) fn gold() -> InstrumentIx {
    InstrumentIx::new(1)
}

pub(crate) fn share() -> InstrumentIx {
    InstrumentIx::new(2)
}

pub(crate) fn december(instrument: InstrumentIx) -> ContractId {
    ContractId::future(instrument, day("2026-12-29"))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Two futures and a share.
pub(crate) fn instruments() -> Arc<Instruments> {
    let all = vec![
        instrument("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo),
        instrument("GOLD_MINI", "GOLDM", Exchange::Mcx),
        instrument("M&M", "M&M", Exchange::Nse),
    ];
    Arc::new(Instruments::new(all, vec![]).unwrap())
}

fn instrument(name: &str, root: &str, exchange: Exchange) -> Instrument {
    let kind = if exchange == Exchange::Nse {
        InstrumentKind::Equity
    } else {
        InstrumentKind::Future
    };
    Instrument {
        name: name.to_owned(),
        exchange,
        kind,
        root: root.to_owned(),
        aliases: Vec::new(),
        signal_symbol: None,
        sector: String::new(),
        order_quantity: OrderQuantity::Units,
        product: Product::Nrml,
        roll_days: 3,
        expiry: Expiry::default(),
        exit_by: None,
        protection: Percent::new(Decimal::new(25, 2)),
        quote_age: QuoteAge {
            front: TimeDelta::seconds(5),
            other: TimeDelta::seconds(15),
        },
        specs: vec![Spec {
            valid_from: day("2026-01-01"),
            units_per_lot: 30,
            ticks: TickTable::flat(Tick::new(Decimal::new(20, 2)).unwrap()),
            point_value: PointValue::new(Decimal::from(30)).unwrap(),
            margin: Margin::PerLot(Money::rupees(270_000)),
            freeze: Some(Quantity::new(600)),
            max_order_lots: Lots::new(20),
            source: String::new(),
            assumed: false,
        }],
    }
}
