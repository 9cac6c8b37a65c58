//! `torana source`: who may send alerts.

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use super::desk::{Working, change};
use super::out::{BadArguments, Table, clock, list, or_dash, print, print_lines};
use crate::app::{self, Opened};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, SignatureUse};
use crate::desk::person::Wish;
use crate::domain::input::TradingState;
use crate::domain::order::Product;
use crate::http::admin::token;
use crate::http::webhook::Kind;
use crate::store::{AccessChange, NewSource, Signature, views};

/// The longest name of a source.
const NAME_LENGTH_MAX: usize = 40;

/// What is written down where no reason was given.
const UNSAID: &str = "ordered at the terminal";

/// What `torana source` takes.
#[derive(Args, Clone, Debug)]
pub struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum SourceCommand {
    /// Add a source; its secret address is printed once.
    Add(AddArgs),
    /// Print every source.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Give a source a new secret; the old one counts for a while.
    Rotate {
        /// Its name.
        name: String,
        /// For how many hours the old secret still counts.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(..=720))]
        keep_hours: u32,
        /// The reason; it is written down.
        #[arg(long, default_value = UNSAID)]
        why: String,
    },
    /// Let a source send no more.
    Disable {
        /// Its name.
        name: String,
        /// The reason; it is written down.
        #[arg(long, default_value = UNSAID)]
        why: String,
    },
    /// Hold the entries of a source back; its exits go on.
    Pause {
        /// Its name.
        name: String,
        /// The reason; it is written down.
        #[arg(long)]
        why: String,
    },
    /// Let the entries of a source in again.
    Resume {
        /// Its name.
        name: String,
        /// The reason; it is written down.
        #[arg(long)]
        why: String,
    },
}

#[derive(Args, Clone, Debug)]
struct AddArgs {
    /// Its name: letters, digits, hyphens.
    name: String,
    /// An instrument it may trade; repeat for more, leave out for all.
    #[arg(long, value_name = "INSTRUMENT")]
    instrument: Vec<String>,
    /// A kind of alert it may send: `BASE_ENTRY`, `PYRAMID`, `EXIT`, `EOD_MONITOR`, `MARKET_DATA`, `simple`, `openalgo`.
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// A side it may open: `long` or `short`.
    #[arg(long, value_name = "SIDE")]
    side: Vec<String>,
    /// An address or network it may send from.
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
    /// Whether its alerts are signed: `off`, `optional` or `required`.
    #[arg(long, value_name = "USE")]
    signature: Option<String>,
    /// How its positions are carried, when not as the instrument says: `NRML`, `CNC` or `MIS`.
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// A profile its entries are judged by beside the desk's: of every limit the stricter counts.
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// The reason; it is written down.
    #[arg(long, default_value = UNSAID)]
    why: String,
}

/// Runs `torana source`.
pub async fn run(args: SourceArgs, config: Config) -> anyhow::Result<()> {
    match args.command {
        SourceCommand::Add(args) => {
            let new = new_source(&args, &config)?;
            add(app::open(config).await?, new, &args.why).await
        }
        SourceCommand::List { json } => show(&app::open(config).await?, json).await,
        SourceCommand::Rotate {
            name,
            keep_hours,
            why,
        } => rotate(app::open(config).await?, &name, (keep_hours, &why)).await,
        SourceCommand::Disable { name, why } => {
            disable(app::open(config).await?, &name, &why).await
        }
        SourceCommand::Pause { name, why } => {
            hold(
                app::open(config).await?,
                (&name, TradingState::Reducing),
                &why,
            )
            .await
        }
        SourceCommand::Resume { name, why } => {
            hold(
                app::open(config).await?,
                (&name, TradingState::Active),
                &why,
            )
            .await
        }
    }
}

async fn add(opened: Opened, mut new: NewSource, why: &str) -> anyhow::Result<()> {
    let secret = token::fresh()?;
    new.secret = token::hash(&secret);
    let told = addressed(&opened, &new.name, &secret);
    let may = limits(&new);
    change(opened, AccessChange::SourceAdded(Box::new(new)), (may, why)).await?;
    print(&told)
}

/// Says in words what a source may; never its secret.
fn limits(new: &NewSource) -> String {
    format!(
        "instruments {}, kinds {}, sides {}, addresses {}, signature {}, product {}, profile {}",
        list(&new.instruments),
        list(&new.kinds),
        list(&new.sides),
        list(&new.addresses),
        new.signature.word(),
        or_dash(new.product.map(Product::word)),
        or_dash(new.profile.as_deref()),
    )
}

/// Holds the entries of a source back, or no longer.
async fn hold(
    opened: Opened,
    (name, state): (&str, TradingState),
    why: &str,
) -> anyhow::Result<()> {
    let all = opened.store.sources(opened.desk).await?;
    let source = all
        .iter()
        .find(|one| one.name == name && one.disabled_at.is_none());
    let id = source.map(|one| one.id).ok_or_else(|| unknown(name))?;
    let working = Working::on(opened).await?;
    let done = working.carry_out(&Wish::Source(id, state), why).await;
    let told = done.map(|facts| working.told(&facts));
    working.end().await;
    print(&told?)
}

async fn rotate(opened: Opened, name: &str, (keep_hours, why): (u32, &str)) -> anyhow::Result<()> {
    let secret = token::fresh()?;
    let until = SystemClock.now() + TimeDelta::hours(keep_hours.into());
    let told = addressed(&opened, name, &secret);
    let rotated = AccessChange::SourceRotated {
        name: name.to_owned(),
        secret: token::hash(&secret),
        older_until: until,
    };
    let until = format!("the secret before counts until {} IST", clock(until));
    change(opened, rotated, (until.clone(), why)).await?;
    print(&format!("{told}{until}\n"))
}

async fn disable(opened: Opened, name: &str, why: &str) -> anyhow::Result<()> {
    let disabled = AccessChange::SourceDisabled(name.to_owned());
    let detail = "it may send no more".to_owned();
    change(opened, disabled, (detail, why)).await?;
    print(&format!("source {name} may send no more\n"))
}

/// Returns the only words that ever hold the secret.
fn addressed(opened: &Opened, name: &str, secret: &str) -> String {
    let listen = opened.config.settings.server.listen;
    format!(
        "source {name} sends its alerts to this address, which is shown only now:\n\
         http://{listen}/webhook/{secret}\n"
    )
}

async fn show(opened: &Opened, json: bool) -> anyhow::Result<()> {
    let rows = opened.store.sources(opened.desk).await?;
    let rows: Vec<views::Source> = rows.into_iter().map(views::Source::from).collect();
    if json {
        return print_lines(&rows);
    }
    let mut table = Table::new(&[
        "NAME",
        "INSTRUMENTS",
        "KINDS",
        "SIDES",
        "ADDRESSES",
        "SIGNATURE",
        "PRODUCT",
        "PROFILE",
        "MADE",
        "DISABLED",
    ]);
    for row in rows {
        table.row([
            row.name,
            list(&row.instruments),
            list(&row.kinds),
            list(&row.sides),
            list(&row.addresses),
            row.signature.to_owned(),
            or_dash(row.product),
            or_dash(row.profile),
            clock(row.made_at),
            or_dash(row.disabled_at.map(clock)),
        ]);
    }
    print(&table.text("no source yet: torana source add NAME"))
}

fn new_source(args: &AddArgs, config: &Config) -> Result<NewSource, BadArguments> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if args.name.is_empty() || args.name.len() > NAME_LENGTH_MAX || !args.name.chars().all(plain) {
        return Err(BadArguments(format!(
            "\"{}\": a name has 1 to {NAME_LENGTH_MAX} letters, digits and hyphens",
            args.name
        )));
    }
    let signature = match (&args.signature, config.settings.sources.signature) {
        (Some(word), _) => Signature::ALL
            .into_iter()
            .find(|one| one.word() == word)
            .ok_or_else(|| one_of("--signature", word, "off, optional, required"))?,
        (None, SignatureUse::Optional) => Signature::Optional,
        (None, SignatureUse::Required) => Signature::Required,
    };
    let product = args.product.as_deref().map(|word| {
        let product: Result<Product, _> = word.to_ascii_uppercase().parse();
        product.map_err(|_unknown| one_of("--product", word, "NRML, CNC, MIS"))
    });
    Ok(NewSource {
        name: args.name.clone(),
        secret: [0; 32],
        instruments: each(&args.instrument, |name| {
            let ix = super::desk::instrument(&config.rules, name)?;
            let found = config.rules.instruments.get(ix);
            Ok(found.map_or_else(|| name.to_owned(), |one| one.name.clone()))
        })?,
        kinds: each(&args.kind, |word| {
            let known = Kind::ALL.into_iter().map(Kind::word);
            let mut fits = known.clone().filter(|one| one.eq_ignore_ascii_case(word));
            let known: Vec<&str> = known.collect();
            let found = fits.next().map(str::to_owned);
            found.ok_or_else(|| one_of("--kind", word, &known.join(", ")))
        })?,
        sides: each(&args.side, |word| {
            let side: Result<crate::domain::order::Direction, _> = word.parse();
            side.map(|side| side.word().to_owned())
                .map_err(|_unknown| one_of("--side", word, "long, short"))
        })?,
        addresses: each(&args.address, |text| {
            let is_one =
                text.parse::<ipnet::IpNet>().is_ok() || text.parse::<core::net::IpAddr>().is_ok();
            let wrong = || {
                one_of(
                    "--address",
                    text,
                    "203.0.113.7, 203.0.113.0/24 and the like",
                )
            };
            is_one.then(|| text.to_owned()).ok_or_else(wrong)
        })?,
        signature,
        product: product.transpose()?,
        profile: profile(args.profile.as_deref(), config)?,
    })
}

/// Returns a profile that is known.
fn profile(name: Option<&str>, config: &Config) -> Result<Option<String>, BadArguments> {
    let Some(name) = name else {
        return Ok(None);
    };
    if config.rules.under(Some(name)).is_some() {
        return Ok(Some(name.to_owned()));
    }
    let known = config.rules.stricter.keys().map(String::as_str);
    let known: Vec<&str> = known.chain([config.rules.profile.as_str()]).collect();
    Err(one_of("--profile", name, &known.join(", ")))
}

fn each(
    words: &[String],
    read: impl Fn(&str) -> Result<String, BadArguments>,
) -> Result<Vec<String>, BadArguments> {
    words.iter().map(|word| read(word)).collect()
}

fn one_of(option: &str, word: &str, known: &str) -> BadArguments {
    BadArguments(format!("{option} {word}: must be one of {known}"))
}

fn unknown(name: &str) -> anyhow::Error {
    BadArguments(format!(
        "there is no source \"{name}\" that could still send"
    ))
    .into()
}
