//! How commands reach the desk: the database itself, so that they work with or without a gateway.

use anyhow::Context as _;

use super::out::BadArguments;
use crate::app::{self, Deciding, Opened};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::desk::Desk;
use crate::desk::person::{By, Wish, WishError, carry_out, change_access};
use crate::desk::words::sentence;
use crate::domain::book::Book;
use crate::domain::fact::Fact;
use crate::domain::input::Scope;
use crate::domain::instrument::{Found, InstrumentIx};
use crate::domain::rules::{Rules, RulesHash};
use crate::http::admin::token;
use crate::store::AccessChange;

/// The name behind an order of someone who can open the database but shows no token.
pub(super) const TERMINAL: &str = "terminal";

/// A book to look at, with everything it is read with.
pub(super) struct Seen {
    pub(super) opened: Opened,
    pub(super) book: Book,
    pub(super) seq: i64,
    pub(super) head: [u8; 32],
    pub(super) now: chrono::DateTime<chrono::Utc>,
}

impl Seen {
    pub(super) fn rules(&self) -> &Rules {
        &self.opened.config.rules
    }
}

/// Opens the database and reads the desk as it is.
pub(super) async fn look(config: Config) -> anyhow::Result<Seen> {
    let opened = app::open(config).await?;
    let snapshot = opened.store.snapshot(opened.desk).await?;
    Ok(Seen {
        book: snapshot.book,
        seq: snapshot.tag.seq,
        head: snapshot.tag.head,
        now: SystemClock.now(),
        opened,
    })
}

/// A desk that decides in this process.
pub(super) struct Working {
    pub(super) opened: Opened,
    deciding: Deciding,
}

impl Working {
    pub(super) async fn start(config: Config) -> anyhow::Result<Self> {
        Self::on(app::open(config).await?).await
    }

    pub(super) async fn on(opened: Opened) -> anyhow::Result<Self> {
        let deciding = app::decide(&opened).await?;
        let known = deciding.desk.seen().map(|book| book.desk.rules);
        if known
            .is_some_and(|known| known != RulesHash::default() && known != opened.config.rules.hash)
        {
            eprintln!(
                "note: this terminal's configuration is not the one the gateway runs with; the gateway's stays in force"
            );
        }
        Ok(Self { opened, deciding })
    }

    /// Returns what decides.
    pub(super) fn desk(&self) -> &Desk {
        &self.deciding.desk
    }

    /// Carries a person's order out and returns what became true.
    pub(super) async fn carry_out(&self, wish: &Wish, why: &str) -> anyhow::Result<Vec<Fact>> {
        let name = self.name().await?;
        let request = token::fresh()?;
        let by = By {
            name: &name,
            why,
            request: &request,
        };
        carry_out(self.desk(), wish, by).await.map_err(said)
    }

    async fn change_access(
        &self,
        change: AccessChange,
        (detail, why): (String, &str),
    ) -> anyhow::Result<()> {
        let name = self.name().await?;
        let request = token::fresh()?;
        let by = By {
            name: &name,
            why,
            request: &request,
        };
        let done = change_access(self.desk(), change, (detail, by)).await;
        done.map(drop).map_err(said)
    }

    /// Says what became true, a sentence each.
    pub(super) fn told(&self, facts: &[Fact]) -> String {
        let names = &self.opened.config.rules.instruments;
        if facts.is_empty() {
            return "nothing to do\n".to_owned();
        }
        let said: Vec<String> = facts.iter().map(|fact| sentence(fact, names)).collect();
        format!("{}\n", said.join("\n"))
    }

    /// Ends the desk; what was taken is finished.
    pub(super) async fn end(mut self) {
        self.deciding.stop.cancel();
        self.deciding.last.cancel();
        while self.deciding.tasks.join_next().await.is_some() {}
        self.opened.store.close().await;
    }

    /// Returns who orders: whose token this terminal has.
    async fn name(&self) -> anyhow::Result<String> {
        let config = &self.opened.config;
        if config.secrets.admin_token.is_some() {
            return Ok(token::ENVIRONMENT.to_owned());
        }
        let known = self.opened.store.tokens(self.opened.desk).await?;
        let name = token::of_file(&config.data_dir)
            .context("the admin token of the data directory cannot be read")?
            .and_then(|given| token::name_of(&known, &given));
        Ok(name.unwrap_or_else(|| TERMINAL.to_owned()))
    }
}

/// Returns an error as the command line ends with it.
fn said(error: WishError) -> anyhow::Error {
    match error {
        WishError::NoReason
        | WishError::Unknown { .. }
        | WishError::TooMany { .. }
        | WishError::TooMuch { .. }
        | WishError::Limit(_)
        | WishError::Unguarded(_)
        | WishError::Access(_)
        | WishError::KeyReused
        | WishError::Looser { .. } => BadArguments(error.to_string()).into(),
        WishError::Over { .. } | WishError::Desk(_) => error.into(),
    }
}

/// Changes who may send or order, and closes the database.
pub(super) async fn change(
    opened: Opened,
    change: AccessChange,
    (detail, why): (String, &str),
) -> anyhow::Result<()> {
    let working = Working::on(opened).await?;
    let done = working.change_access(change, (detail, why)).await;
    working.end().await;
    done
}

/// Returns the instrument that a name or alias means.
pub(super) fn instrument(rules: &Rules, name: &str) -> Result<InstrumentIx, BadArguments> {
    match rules.instruments.find(name) {
        Some(Found::Instrument { ix, .. }) => Ok(ix),
        Some(Found::Index { .. }) | None => {
            let all = rules.instruments.iter();
            let known: Vec<&str> = all.map(|(_, one)| one.name.as_str()).collect();
            Err(BadArguments(format!(
                "unknown instrument \"{name}\"; known are {}",
                known.join(", ")
            )))
        }
    }
}

/// Returns the desk, or the instrument that was named.
pub(super) fn scope(rules: &Rules, name: Option<&str>) -> Result<Scope, BadArguments> {
    match name {
        None => Ok(Scope::Desk),
        Some(name) => instrument(rules, name).map(Scope::Instrument),
    }
}
