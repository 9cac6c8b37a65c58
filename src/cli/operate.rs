//! What a person may order from a terminal: each with a reason, each a fact.

use std::collections::BTreeMap;

use anyhow::bail;
use clap::{ArgGroup, Args};

use super::desk::{Working, instrument, look, scope};
use super::findings::price;
use super::out::{BadArguments, confirmed, print};
use crate::config::Config;
use crate::desk::person::Wish;
use crate::domain::book::Book;
use crate::domain::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId};
use crate::domain::input::{Latch, Scope, Settlement, TradingState};
use crate::domain::money::{Lots, Percent};
use crate::domain::order::BrokerOrderId;
use crate::domain::rules::Rules;

/// What confirms a freeze.
const CONFIRMATION: &str = "unguard";

/// What the commands that set a state take.
#[derive(Args, Clone, Debug)]
pub struct StateArgs {
    /// One instrument; without it, the whole desk.
    instrument: Option<String>,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana resume` takes.
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    #[command(flatten)]
    state: StateArgs,
    /// Under a breached loss of the day: the loss in percent that is allowed for the rest of it.
    #[arg(long, value_name = "PERCENT", conflicts_with_all = ["instrument", "clear"])]
    daily_loss: Option<rust_decimal::Decimal>,
    /// Clear a limit that only a person clears.
    #[arg(long, value_parser = ["drawdown", "losing-streak"], conflicts_with = "instrument")]
    clear: Option<String>,
}

/// What `torana freeze` takes.
#[derive(Args, Clone, Debug)]
pub struct FreezeArgs {
    #[command(flatten)]
    state: StateArgs,
    /// Confirm that the legs listed lose their guard.
    #[arg(long)]
    yes_unguard: bool,
}

/// What `torana exit` takes.
#[derive(Args, Clone, Debug)]
pub struct ExitArgs {
    /// An instrument, or the id of a position or leg.
    what: String,
    /// How many lots; without it, all.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    lots: Option<u32>,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana stop` takes.
#[derive(Args, Clone, Debug)]
pub struct StopArgs {
    /// The id of a leg: `torana positions` names it.
    leg: String,
    /// Where it gets out: nearer than now.
    price: String,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana flatten` takes.
#[derive(Args, Clone, Debug)]
pub struct FlattenArgs {
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana roll` takes.
#[derive(Args, Clone, Debug)]
pub struct RollArgs {
    /// The instrument.
    instrument: String,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana cancel` takes.
#[derive(Args, Clone, Debug)]
pub struct CancelArgs {
    /// The id of an intent: `torana signals ID` names it.
    intent: String,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// What `torana settle` takes.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("outcome").required(true).multiple(false)))]
pub struct SettleArgs {
    /// The id of an order, of the intent it serves, or of a finding.
    order: String,
    /// It is at the broker, under this id.
    #[arg(long, value_name = "BROKER_ID", group = "outcome")]
    placed: Option<String>,
    /// It never arrived, or was taken and the broker's order book does not show it.
    #[arg(long, group = "outcome")]
    not_placed: bool,
    /// Of a finding: our book changes as proposed.
    #[arg(long, group = "outcome")]
    confirm: bool,
    /// Of a finding: it is none, and stays quiet until it changes.
    #[arg(long, group = "outcome")]
    dismiss: bool,
    /// With --confirm: the price the lots went for, where it is known better.
    #[arg(long, requires = "confirm")]
    price: Option<String>,
    /// The reason; it is written down.
    #[arg(long)]
    why: String,
}

/// Sets what may be traded.
pub async fn state(args: StateArgs, to: TradingState, config: Config) -> anyhow::Result<()> {
    let scope = scope(&config.rules, args.instrument.as_deref())?;
    order(&Wish::State(scope, to), &args.why, config).await
}

/// Lets everything be traded again.
pub async fn resume(args: ResumeArgs, config: Config) -> anyhow::Result<()> {
    let wish = match (args.daily_loss, args.clear.as_deref()) {
        (Some(loss), _) => {
            let sound = loss > rust_decimal::Decimal::ZERO
                && loss <= rust_decimal::Decimal::ONE_HUNDRED
                && loss.normalize().scale() <= 4;
            if !sound {
                let text = "--daily-loss is a percentage above 0 and at most 100";
                return Err(BadArguments(text.to_owned()).into());
            }
            Wish::DayLimit(Percent::new(loss))
        }
        (None, Some("drawdown")) => Wish::Clear(Latch::Drawdown),
        (None, Some(_)) => Wish::Clear(Latch::LosingStreak),
        (None, None) => return state(args.state, TradingState::Active, config).await,
    };
    order(&wish, &args.state.why, config).await
}

/// Freezes, once the loss of every guard was confirmed.
pub async fn freeze(args: FreezeArgs, config: Config) -> anyhow::Result<()> {
    let scope = scope(&config.rules, args.state.instrument.as_deref())?;
    let seen = look(config.clone()).await?;
    let legs = unguarded(&seen.book, seen.rules(), scope);
    seen.opened.store.close().await;
    if legs.is_empty() {
        print("no leg is held; nothing loses its guard\n")?;
    } else {
        let lines: Vec<&str> = legs.values().map(String::as_str).collect();
        print(&format!("these legs lose their guard:\n{}", lines.concat()))?;
        if !args.yes_unguard && !confirmed(CONFIRMATION)? {
            bail!("not confirmed; nothing was changed");
        }
    }
    let named = legs.into_keys().collect();
    order(&Wish::Freeze(scope, named), &args.state.why, config).await
}

/// Takes lots out.
pub async fn exit(args: ExitArgs, config: Config) -> anyhow::Result<()> {
    let working = Working::start(config).await?;
    let book = working.desk().seen().unwrap_or_default();
    let lots = args.lots.map(Lots::new);
    let wish = exit_of(&book, &working.opened.config.rules, (&args.what, lots))?;
    finish(working, &wish, &args.why).await
}

/// Puts the stop of a leg nearer.
pub async fn stop(args: StopArgs, config: Config) -> anyhow::Result<()> {
    let leg: Result<LegId, _> = args.leg.parse();
    let leg = leg.map_err(|_bad| not_an("leg", &args.leg))?;
    let to = price("PRICE", &args.price)?;
    order(&Wish::Stop(leg, to), &args.why, config).await
}

/// Takes everything out.
pub async fn flatten(args: FlattenArgs, config: Config) -> anyhow::Result<()> {
    order(&Wish::Flatten, &args.why, config).await
}

/// Confirms that an instrument changes its contract.
pub async fn roll(args: RollArgs, config: Config) -> anyhow::Result<()> {
    let instrument = instrument(&config.rules, &args.instrument)?;
    order(&Wish::Roll(instrument), &args.why, config).await
}

/// Gives an intent up.
pub async fn cancel(args: CancelArgs, config: Config) -> anyhow::Result<()> {
    let intent: Result<IntentId, _> = args.intent.parse();
    let intent = intent.map_err(|_bad| not_an("intent", &args.intent))?;
    order(&Wish::Cancel(intent), &args.why, config).await
}

/// Says what became of an order that nobody answered for.
pub async fn settle(args: SettleArgs, config: Config) -> anyhow::Result<()> {
    if args.confirm || args.dismiss {
        let finding: Result<FindingId, _> = args.order.parse();
        let finding = finding.map_err(|_bad| not_an("finding", &args.order))?;
        let price = match &args.price {
            Some(text) => Some(price("--price", text)?),
            None => None,
        };
        let wish = if args.confirm {
            Wish::Confirm(finding, price)
        } else {
            Wish::Dismiss(finding)
        };
        return order(&wish, &args.why, config).await;
    }
    let settlement = match args.placed.as_deref() {
        None => Settlement::NotPlaced,
        Some(id) => {
            let known = BrokerOrderId::new(id);
            Settlement::Placed(known.ok_or_else(|| not_an("id of the broker's", id))?)
        }
    };
    let wish = match (
        args.order.parse::<OrderId>(),
        args.order.parse::<IntentId>(),
    ) {
        (Ok(order), _) => Wish::SettleOrder(order, settlement),
        (Err(_), Ok(intent)) => Wish::SettleIntent(intent, settlement),
        (Err(_), Err(_)) => return Err(not_an("order", &args.order).into()),
    };
    order(&wish, &args.why, config).await
}

async fn order(wish: &Wish, why: &str, config: Config) -> anyhow::Result<()> {
    finish(Working::start(config).await?, wish, why).await
}

pub(super) async fn finish(working: Working, wish: &Wish, why: &str) -> anyhow::Result<()> {
    let done = working.carry_out(wish, why).await;
    let told = done.map(|facts| working.told(&facts));
    working.end().await;
    print(&told?)
}

/// Returns what is to be taken out: a leg, a position, or all of an instrument.
fn exit_of(
    book: &Book,
    rules: &Rules,
    (what, lots): (&str, Option<Lots>),
) -> Result<Wish, BadArguments> {
    if let Ok(cause) = what.parse::<Cause>() {
        let (position, leg) = (PositionId(cause), LegId(cause));
        // the base leg bears the name of its position, which is more
        return Ok(if book.positions.contains_key(&position) {
            Wish::ExitPosition(position, lots)
        } else {
            Wish::ExitLeg(leg, lots)
        });
    }
    let ix = instrument(rules, what)?;
    match (book.position_in(ix), lots) {
        (Some(position), Some(lots)) => Ok(Wish::ExitPosition(position.id, Some(lots))),
        (Some(_), None) => Ok(Wish::ExitInstrument(ix)),
        (None, _) if book.entries_of(ix).next().is_some() => Ok(Wish::ExitInstrument(ix)),
        (None, _) => Err(BadArguments(format!("nothing of {what} is held"))),
    }
}

/// Returns the legs that nothing takes out any more, a line each.
fn unguarded(book: &Book, rules: &Rules, scope: Scope) -> BTreeMap<LegId, String> {
    let meant = |leg: &&crate::domain::book::Leg| match scope {
        Scope::Desk => true,
        Scope::Instrument(ix) => leg.contract.instrument == ix,
        Scope::Source(_) => false,
    };
    let open = book.legs.values().filter(|leg| leg.is_open());
    open.filter(meant)
        .map(|leg| {
            let contract = rules.instruments.symbol(leg.contract);
            let line = format!(
                "  {}  {contract}  {}  {} lots, stop {}\n",
                leg.id, leg.direction, leg.lots, leg.stop
            );
            (leg.id, line)
        })
        .collect()
}

fn not_an(what: &str, text: &str) -> BadArguments {
    BadArguments(format!("\"{text}\" is no {what}"))
}
