//! One test's own world: database, simulator, data directory, source.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use torana::app::{self, Opened};
use torana::clock::{Clock as _, SystemClock};
use torana::config::{self, Config, Options};
use torana::desk::person::{By, change_access};
use torana::domain::book::Book;
use torana::domain::input::Marks;
use torana::domain::money::Price;
use torana::journal;
use torana::sim::{MasterRow, PriceSource, SimHandle, SimOptions, SimServer, SymbolMaster};
use torana::store::cluster::testing::{PrivateServer, Setup, TestDb, fresh, key_of};
use torana::store::{self, AccessChange, DeskId, NewSource, Signature, Store, StoreError, Tag};

use super::alerts::Alert;
use super::gateway::{Answer, Gateway};
use super::proxy::Proxy;
use super::truth;
use super::wait::{PATIENCE, until};

/// The secret in the path of the test's source.
const SECRET: &str = "a-secret-of-the-tests";

/// What differs from the defaults, so that nothing waits for minutes.
const QUICK: &[(&str, &str)] = &[
    ("TORANA__COURIER__PAUSE", "20ms"),
    ("TORANA__COURIER__BASELINE_AGE", "50ms"),
    ("TORANA__COURIER__LEASE", "1s"),
    ("TORANA__COURIER__PROOF_PAUSE", "10ms"),
    ("TORANA__MONITOR__PAUSE", "100ms"),
    ("TORANA__MONITOR__ORDER_POLLS", "10ms,20ms,50ms"),
    ("TORANA__MONITOR__LATE_LOOK", "100ms"),
    ("TORANA__MONITOR__FUNDS_POLL", "200ms"),
    ("TORANA__TIMING__RELEASE_PAUSE", "20ms"),
    ("TORANA__TIMING__EXIT_PAUSE_MIN", "20ms"),
    ("TORANA__TIMING__EXIT_PAUSE_MAX", "100ms"),
    // a test that happens to live through a close sees no bar of it
    ("TORANA__BARS__SOURCES", "alerts"),
    ("TORANA__PROOF__SPAN_MIN", "50ms"),
    ("TORANA__PROOF__CALL_DEADLINE", "400ms"),
    ("TORANA__OPENALGO__ORDER_TIMEOUT", "300ms"),
    ("TORANA__OPENALGO__READ_TIMEOUT", "2s"),
    ("TORANA__OPENALGO__BOOK_READS_PER_SECOND", "100"),
    ("TORANA__LIMITS__REQUESTS_BURST", "100000"),
    ("TORANA__SOURCES__ALERTS_BURST", "100000"),
];

/// One test's own world.
pub(crate) struct World {
    /// The broker.
    pub(crate) sim: SimHandle,
    /// The configuration of its gateways.
    pub(crate) config: Arc<Config>,
    /// A second pair of eyes on the database.
    pub(crate) store: Store,
    opened: Opened,
    env: BTreeMap<String, String>,
    data: PathBuf,
    doubtful: bool,
    /// The book as it was read last; a later commit may be in it, never missing.
    read: Mutex<Option<(Tag, Book)>>,
    sim_options: SimOptions,
    db: Db,
}

/// Where a world's database is.
enum Db {
    /// On the server that all tests share.
    Shared(TestDb),
    /// On one that the test may stop.
    Private(PrivateServer),
}

impl Db {
    fn options(&self) -> [PgConnectOptions; 2] {
        match self {
            Self::Shared(db) => [db.service_options(), db.owner_options()],
            Self::Private(server) => [server.service_options(NAME), server.owner_options(NAME)],
        }
    }
}

/// The database on a server of its own.
const NAME: &str = "torana_paper";

impl World {
    /// Makes a world, with these settings over the quick ones.
    pub(crate) async fn new(over: &[(&str, &str)]) -> Self {
        Self::shared(over, Guard::None).await
    }

    /// Makes a world in which an order rests at the broker under each leg, as outside of tests.
    pub(crate) async fn guarded(over: &[(&str, &str)]) -> Self {
        Self::shared(over, Guard::Resting).await
    }

    /// Makes a world in which each price is held against the stops, and nothing rests at the broker.
    pub(crate) async fn watched(over: &[(&str, &str)]) -> Self {
        Self::shared(over, Guard::Ticks).await
    }

    async fn shared(over: &[(&str, &str)], guard: Guard) -> Self {
        let db = fresh(&setup(), store::migrate).await.unwrap();
        Self::on(Db::Shared(db), over, guard).await
    }

    /// Makes a world with a PostgreSQL of its own.
    pub(crate) async fn on_a_private_server() -> Self {
        let server = PrivateServer::start_new().unwrap();
        server.create_database(NAME).unwrap();
        Self::on(Db::Private(server), &[], Guard::None).await
    }

    async fn on(db: Db, over: &[(&str, &str)], guard: Guard) -> Self {
        let data = data_dir();
        guard.write(&config_dir(&data));
        let mut env = env(&data);
        let [service, owner] = db.options();
        env.insert(
            "DATABASE_URL".to_owned(),
            service.to_url_lossy().to_string(),
        );
        env.insert(
            "DATABASE_OWNER_URL".to_owned(),
            owner.to_url_lossy().to_string(),
        );
        for (key, value) in QUICK.iter().chain(over) {
            env.insert((*key).to_owned(), (*value).to_owned());
        }
        let options = Options {
            dir: Some(config_dir(&data)),
            ..Options::default()
        };
        let read = config::load(&options, &env).unwrap();
        let mut sim_options = sim_options(&read, &data);
        let sim = SimServer::start(&sim_options).unwrap();
        (sim_options.listen, sim_options.feed) = (sim.rest_addr, sim.feed_addr);
        let (rest, feed) = (sim.rest_addr, sim.feed_addr);
        env.insert(
            "TORANA__PAPER__EXTERNAL".to_owned(),
            format!("http://{rest}"),
        );
        env.insert(
            "TORANA__PAPER__EXTERNAL_FEED".to_owned(),
            format!("ws://{feed}"),
        );
        let opened = app::open(read).await.unwrap();
        let new = NewSource {
            name: "tests".to_owned(),
            secret: Sha256::digest(SECRET).into(),
            signature: Signature::Optional,
            ..NewSource::default()
        };
        admit(&opened, AccessChange::SourceAdded(Box::new(new))).await;
        let world = Self {
            sim,
            config: Arc::clone(&opened.config),
            store: opened.store.clone(),
            opened,
            env,
            data,
            doubtful: false,
            read: Mutex::default(),
            sim_options,
            db,
        };
        world.price("78500");
        world
    }

    /// Names the price of Gold Mini, all months.
    pub(crate) fn price(&self, text: &str) {
        self.price_of("GOLDM", text);
    }

    /// Names the price of everything on something.
    pub(crate) fn price_of(&self, root: &str, text: &str) {
        let price = Price::new(text.parse().unwrap()).unwrap();
        self.sim.set_prices_of(root, price).unwrap();
    }

    /// The world's own PostgreSQL.
    pub(crate) fn server(&mut self) -> &mut PrivateServer {
        match &mut self.db {
            Db::Private(server) => server,
            Db::Shared(_) => panic!("this world shares its PostgreSQL with others"),
        }
    }

    /// Returns another way to the world's PostgreSQL, with the variables that have a gateway use it.
    pub(crate) async fn proxy(&self) -> (Proxy, [(&'static str, String); 2]) {
        let [service, owner] = self.db.options();
        let proxy = Proxy::to(&service).await;
        let urls = [proxy.url(&service), proxy.url(&owner)];
        let [service, owner] = urls;
        let env = [("DATABASE_URL", service), ("DATABASE_OWNER_URL", owner)];
        (proxy, env)
    }

    /// Takes the broker away: nobody listens where it was.
    pub(crate) async fn broker_leaves(&mut self) {
        let elsewhere = SimOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            feed: ([127, 0, 0, 1], 0).into(),
            state: None,
            ..self.sim_options.clone()
        };
        let nobody = SimServer::start(&elsewhere).unwrap();
        let gone = core::mem::replace(&mut self.sim, nobody);
        gone.stop().await.unwrap();
    }

    /// Lets the broker's list say another lot of everything on something, from its return on.
    pub(crate) fn relist(&mut self, root: &str, lot: u32) {
        let rows = self.sim_options.master.rows().map(|(_, row)| row.clone());
        let changed = rows.map(|row| {
            if row.name == root {
                MasterRow { lot, ..row }
            } else {
                row
            }
        });
        self.sim_options.master = SymbolMaster::new(changed.collect());
    }

    /// Brings the broker back, with all that it knew.
    pub(crate) fn broker_returns(&mut self) {
        self.sim = SimServer::start(&self.sim_options).unwrap();
        self.price("78500");
    }

    /// Takes the lease for an hour, so that no gateway sends anything.
    pub(crate) async fn hold_lease(&self) {
        // one that ran for longer would count as taken before the clock was set back
        let minute = core::time::Duration::from_mins(1);
        let taken = self
            .store
            .lease_acquire(self.opened.desk, "test", minute)
            .await;
        assert!(taken.unwrap().is_some(), "another holds the lease");
    }

    /// Writes prices as the holder of the lease would.
    pub(crate) async fn write_marks(&self, marks: &Marks) {
        self.store
            .write_marks(self.opened.desk, marks)
            .await
            .unwrap();
    }

    /// The desk's number.
    pub(crate) fn desk(&self) -> i32 {
        self.opened.desk.0
    }

    /// The source of the tests.
    pub(crate) async fn source(&self) -> torana::store::Source {
        let all = self.store.sources(self.opened.desk).await.unwrap();
        all.into_iter().find(|one| one.name == "tests").unwrap()
    }

    /// Every fact but the day's own, as it was written.
    pub(crate) async fn facts(&self) -> Vec<(String, serde_json::Value)> {
        let mut session = self.session().await;
        let all = "SELECT kind, payload FROM facts ORDER BY seq";
        let facts: Vec<(String, String)> =
            sqlx::query_as(all).fetch_all(&mut session).await.unwrap();
        let read = facts.into_iter();
        read.map(|(kind, text)| (kind, serde_json::from_str(&text).unwrap()))
            .collect()
    }

    /// Waits until a price is what the gateway has seen last; returns whether it ever was.
    pub(crate) async fn knows_price(&self, text: &str) -> bool {
        let price = Price::new(text.parse().unwrap()).unwrap();
        let seen = until(async || {
            let mut locked = self.store.lock(self.opened.desk, &[]).await.ok()?;
            let book = locked.book().await.ok()?;
            locked.release().await.ok()?;
            let mut marks = book.marks.contracts.values();
            marks.any(|mark| mark.quote.price == price).then_some(())
        });
        seen.await.is_some()
    }

    /// The verdicts on all alerts, in the order in which they were decided.
    pub(crate) async fn verdicts(&self) -> Vec<(String, DateTime<Utc>)> {
        let mut session = self.session().await;
        let all = "SELECT signal_id, at FROM facts WHERE kind IN
            ('signal_accepted', 'signal_rejected', 'signal_recorded') ORDER BY seq";
        sqlx::query_as(all).fetch_all(&mut session).await.unwrap()
    }

    /// Starts a gateway and waits until it takes alerts and knows prices.
    pub(crate) async fn gateway(&self) -> Gateway {
        self.gateway_with(&[]).await
    }

    /// The same with these settings.
    pub(crate) async fn gateway_with(&self, over: &[(&str, &str)]) -> Gateway {
        let gateway = self.spawn(over).open().await;
        let known = until(async || self.knows_prices().await.then_some(()));
        assert!(known.await.is_some(), "no prices\n{}", gateway.log());
        gateway
    }

    /// Does something behind Torana's back, as the owner of the tables can.
    pub(crate) async fn behind(&self, edit: &str) {
        let [_, owner] = self.db.options();
        let mut session = owner.connect().await.unwrap();
        let open = "ALTER TABLE facts DISABLE TRIGGER USER";
        let sql = format!("{open}; {edit}; {}", open.replace("DIS", "EN"));
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut session);
        done.await.unwrap();
    }

    /// Waits until what happens from now on will be told; returns whether it ever was so.
    pub(crate) async fn is_listened_to(&self) -> bool {
        let listens = until(async || self.store.notice_cursor(self.opened.desk).await.ok()?);
        listens.await.is_some()
    }

    /// Whether a gateway has seen prices.
    pub(crate) async fn knows_prices(&self) -> bool {
        !self.marks().await.contracts.is_empty()
    }

    /// Prices as they were written last.
    pub(crate) async fn marks(&self) -> Marks {
        self.store.marks(self.opened.desk).await.unwrap()
    }

    /// Starts a gateway and waits for nothing.
    pub(crate) fn spawn(&self, over: &[(&str, &str)]) -> Gateway {
        let mut env = self.env.clone();
        for (key, value) in over {
            env.insert((*key).to_owned(), (*value).to_owned());
        }
        Gateway::spawn(&env)
    }

    /// Runs a command beside the gateway, and returns what it printed.
    pub(crate) async fn command(&self, args: &[&str]) -> String {
        self.command_with(&[], args).await
    }

    /// The same with these variables.
    pub(crate) async fn command_with(&self, over: &[(&str, &str)], args: &[&str]) -> String {
        let ran = tokio::process::Command::new(env!("CARGO_BIN_EXE_torana"))
            .args(args)
            .env_clear()
            .envs(&self.env)
            .envs(over.iter().copied())
            .output();
        let ran = ran.await.unwrap();
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let error = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{args:?}: {text}{error}");
        text
    }

    /// Sends an alert of the test's source; the gateway must live to answer.
    pub(crate) async fn alert(&self, gateway: &Gateway, alert: &Alert) -> Answer {
        let answered = self.send(gateway, alert).await;
        answered.unwrap_or_else(|| panic!("no answer\n{}", gateway.log()))
    }

    /// Sends an alert of the test's source to a gateway that may die of it.
    pub(crate) async fn send(&self, gateway: &Gateway, alert: &Alert) -> Option<Answer> {
        let path = format!("/webhook/{SECRET}");
        gateway.post(&path, "application/json", &alert.body()).await
    }

    /// Sends bytes of a type as the test's source.
    pub(crate) async fn send_text(&self, gateway: &Gateway, kind: &str, body: &str) -> Answer {
        let answer = gateway
            .post(&format!("/webhook/{SECRET}"), kind, body)
            .await;
        answer.unwrap_or_else(|| panic!("no answer\n{}", gateway.log()))
    }

    /// Sends bytes of the test's source with a signature of now.
    pub(crate) async fn send_signed(
        &self,
        gateway: &Gateway,
        signature: &str,
        body: &str,
    ) -> Answer {
        let path = format!("/webhook/{SECRET}");
        gateway.post_signed(&path, signature, body).await
    }

    /// Has an alert decided without effect.
    pub(crate) async fn dry_run(&self, gateway: &Gateway, alert: &Alert) -> Answer {
        let path = format!("/webhook/{SECRET}?dry_run=true");
        gateway
            .post(&path, "application/json", &alert.body())
            .await
            .unwrap()
    }

    /// The verdicts of all alerts that were written down.
    pub(crate) async fn signals(&self) -> Vec<String> {
        let mut session = self.session().await;
        let all = "SELECT verdict FROM signals ORDER BY stored_at";
        sqlx::query_scalar(all)
            .fetch_all(&mut session)
            .await
            .unwrap()
    }

    /// Lets the lease of a process that is gone run out.
    pub(crate) async fn end_lease_of(&self, gone: &Gateway) {
        let end = "UPDATE leases SET expires_at = '-infinity' WHERE starts_with(holder, $1)";
        let mut session = self.session().await;
        let holder = format!("{}@", gone.number());
        sqlx::query(end)
            .bind(holder)
            .execute(&mut session)
            .await
            .unwrap();
    }

    /// Has the first gateway die, or stop, that passes a place from now on.
    pub(crate) fn arm(&self, place: &str) {
        let unfinished = self.data.join("place");
        std::fs::write(&unfinished, place).unwrap();
        std::fs::rename(unfinished, self.crash_file()).unwrap();
    }

    /// Lets all gateways live from now on.
    pub(crate) fn disarm(&self) {
        if let Err(error) = std::fs::remove_file(self.crash_file()) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        }
    }

    /// Returns whether a gateway is still to die.
    pub(crate) fn is_armed(&self) -> bool {
        self.crash_file().exists()
    }

    fn crash_file(&self) -> PathBuf {
        crash_file(&self.data)
    }

    /// Lets entries of the desk or of an instrument in again, as a person would.
    pub(crate) async fn set_active(&self, scope: &str, gateway: &Gateway) {
        let token = std::fs::read_to_string(self.data.join("admin-token")).unwrap();
        let body = serde_json::json!({"scope": scope, "state": "active", "why": "seen"});
        let answer = gateway
            .post_as(token.trim(), "/admin/v1/state", &body.to_string())
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn session(&self) -> sqlx::PgConnection {
        let options: PgConnectOptions = self.env["DATABASE_URL"].parse().unwrap();
        options.connect().await.unwrap()
    }

    /// The book as the database holds it.
    pub(crate) async fn book(&self) -> Book {
        // a server that was stopped and started again breaks the sessions of before
        let found = until(async || self.try_book().await.ok()).await;
        found.expect("a database that answers")
    }

    async fn try_book(&self) -> Result<Book, StoreError> {
        let tag = self.store.tag(self.opened.desk).await?;
        let read = self.read.lock().unwrap().clone();
        match read {
            Some((of, book)) if of == tag => Ok(book),
            _ => {
                let book = book_of(&self.store, self.opened.desk).await?;
                *self.read.lock().unwrap() = Some((tag, book.clone()));
                Ok(book)
            }
        }
    }

    /// Why each entry ended, of those that have.
    pub(crate) async fn ends_of_entries(&self) -> Vec<String> {
        let mut session = self.session().await;
        let all = "SELECT ended_why FROM intents WHERE purpose = 'entry' AND ended_why IS NOT NULL
            ORDER BY ended_at";
        sqlx::query_scalar(all)
            .fetch_all(&mut session)
            .await
            .unwrap()
    }

    /// Waits until the book is as asked for.
    pub(crate) async fn until(
        &self,
        gateway: &Gateway,
        what: &str,
        is: impl Fn(&Book) -> bool,
    ) -> Book {
        let found = until(async || {
            let book = self.book().await;
            is(&book).then_some(book)
        })
        .await;
        match found {
            Some(book) => book,
            None => panic!(
                "not {what} within {PATIENCE:?}: {:#?}\n{}",
                truth::summary(&self.book().await),
                gateway.log()
            ),
        }
    }

    /// Waits until nothing of the book is under way.
    pub(crate) async fn until_settled(&self, gateway: &Gateway) -> Book {
        self.until(gateway, "settled", truth::is_settled).await
    }

    /// How often a route of the broker's was called.
    pub(crate) fn calls(&self, route: &str) -> u64 {
        self.sim.state().calls.get(route).copied().unwrap_or(0)
    }

    /// Waits until a route of the broker's was called so often from now on.
    pub(crate) async fn until_called(&self, route: &str, times: u64) {
        let goal = self.calls(route) + times;
        let called = until(async || (self.calls(route) >= goal).then_some(()));
        assert!(called.await.is_some(), "{route} was not called so often");
    }

    /// Waits until our book and the broker's tell the same.
    pub(crate) async fn until_equal(&self, gateway: &Gateway) {
        let equal = until(async || self.difference().await.is_none().then_some(()));
        if equal.await.is_none() {
            let why = self.difference().await.unwrap_or_default();
            panic!("the books differ: {why}\n{}", gateway.log());
        }
    }

    /// Where our book and the broker's differ.
    pub(crate) async fn difference(&self) -> Option<String> {
        truth::difference(&self.book().await, &self.sim.state(), &self.config.rules)
    }

    /// Where every order and goal stands.
    pub(crate) async fn summary(&self) -> Vec<String> {
        truth::summary(&self.book().await)
    }

    /// Says that this test leaves an order in doubt on purpose.
    pub(crate) fn leaves_doubt(&mut self) {
        self.doubtful = true;
    }

    /// Fails unless our book and the broker's tell the same, to the paisa.
    pub(crate) async fn compare(&self) -> Book {
        let book = self.book().await;
        let difference = truth::difference(&book, &self.sim.state(), &self.config.rules);
        assert_eq!(difference, None);
        book
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // nobody else reads it, and a leftover harms nobody
        drop(std::fs::remove_dir_all(&self.data));
        if std::thread::panicking() {
            return;
        }
        let past = Past {
            config: Arc::clone(&self.config),
            url: self.env["DATABASE_URL"].clone(),
            desk: self.opened.desk,
            doubtful: self.doubtful,
        };
        // the test's own runtime cannot be waited for here
        let looked = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(past.check());
        });
        assert!(looked.join().is_ok(), "what is left is wrong, see above");
    }
}

/// What a test leaves in its database.
struct Past {
    config: Arc<Config>,
    url: String,
    desk: DeskId,
    doubtful: bool,
}

impl Past {
    /// Fails unless no order is left in doubt, the chain of facts holds, and the rows are what the
    /// facts fold to.
    async fn check(&self) {
        let instruments = Arc::new(self.config.rules.instruments.clone());
        let store = Store::connect(self.url.parse().unwrap(), Arc::clone(&instruments));
        let store = store.await.unwrap();
        let chain = store.verify_chain(self.desk).await.unwrap();
        assert_eq!(chain.broken_at, None);
        // a gateway may still run: nothing moves while the desk is ours
        let mut locked = store.lock(self.desk, &[]).await.unwrap();
        let mut book = locked.book().await.unwrap();
        if !self.doubtful {
            truth::refuse_doubt(&book);
        }
        let options: PgConnectOptions = self.url.parse().unwrap();
        let mut session = options.connect().await.unwrap();
        let all = "SELECT kind, payload, at FROM facts ORDER BY seq";
        let facts: Vec<(String, String, DateTime<Utc>)> =
            sqlx::query_as(all).fetch_all(&mut session).await.unwrap();
        locked.release().await.unwrap();
        let mut folded = Book::default();
        for (kind, payload, at) in facts {
            let fact = journal::read_fact(&kind, &payload, &instruments).unwrap();
            folded.apply(&fact, at);
        }
        for book in [&mut book, &mut folded] {
            book.prune(SystemClock.now());
            book.take_touched();
            book.marks = Marks::default();
        }
        assert_eq!(
            journal::book_text(&folded, &instruments),
            journal::book_text(&book, &instruments)
        );
    }
}

async fn book_of(store: &Store, desk: DeskId) -> Result<Book, StoreError> {
    let mut locked = store.lock(desk, &[]).await?;
    let book = locked.book().await?;
    locked.release().await?;
    Ok(book)
}

/// Where databases come from.
pub(crate) fn setup() -> Setup {
    Setup {
        keeper: env!("CARGO_BIN_EXE_torana").into(),
        url: test_database(),
        key: key_of(&store::MIGRATIONS),
    }
}

fn test_database() -> Option<String> {
    config::environment().get("TEST_DATABASE_URL").cloned()
}

fn data_dir() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("torana-it-{}-{number}", std::process::id()));
    std::fs::create_dir_all(config_dir(&dir)).unwrap();
    dir
}

/// Changes who may send or order, before any gateway runs.
async fn admit(opened: &Opened, change: AccessChange) {
    let mut deciding = app::decide(opened).await.unwrap();
    let by = By {
        name: "tests",
        why: "a test",
        request: "one",
    };
    let changed = change_access(&deciding.desk, change, ("everything".to_owned(), by)).await;
    changed.unwrap();
    deciding.last.cancel();
    while deciding.tasks.join_next().await.is_some() {}
}

/// What guards a leg at the broker.
#[derive(Clone, Copy)]
enum Guard {
    /// Nothing: most tests count orders, and wait until none is under way.
    None,
    /// An order that rests there, as the profile has it.
    Resting,
    /// Nothing but us, and every price counts.
    Ticks,
}

impl Guard {
    fn write(self, config: &Path) {
        let alone = match self {
            Self::None => "[stops]\nprotective_stop = \"off\"\n",
            Self::Resting => return,
            Self::Ticks => "[stops]\nprotective_stop = \"off\"\nhit_on = \"tick\"\n",
        };
        let profiles = config.join("profiles");
        std::fs::create_dir_all(&profiles).unwrap();
        std::fs::write(profiles.join("basso.toml"), alone).unwrap();
    }
}

/// Where the files lie that are laid over those compiled in.
pub(crate) fn config_dir(data: &Path) -> PathBuf {
    data.join("config")
}

fn env(data: &Path) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for name in ["PATH", "HOME"] {
        if let Some(value) = config::environment().get(name) {
            env.insert(name.to_owned(), value.clone());
        }
    }
    env.insert("TORANA_SIGNING_KEY_TESTS".to_owned(), "k".repeat(32));
    env.insert("TORANA_DATA".to_owned(), data.display().to_string());
    let file = crash_file(data);
    env.insert(
        "TORANA_CRASH_AFTER".to_owned(),
        format!("@{}", file.display()),
    );
    env
}

/// Names the place where the next gateway dies, when it is there.
fn crash_file(data: &Path) -> PathBuf {
    data.join("dies-at")
}

fn sim_options(config: &Config, data: &Path) -> SimOptions {
    SimOptions {
        prices: PriceSource::Walk,
        step_ms: 0,
        limits: false,
        seconds: true,
        state: Some(data.join("sim")),
        ..app::sim_base(config)
    }
}
