//! The book: each thing in it as one flat object, whose keys are also the columns of its table.

use serde_json::Value;

use super::text::{BadText, Fields, Names, Spread, Take, objects, record};
use crate::domain::book::{
    CancelState, Intent, Leg, ModifyState, Order, OrderState, Position, Resting, Reversal,
};
use crate::domain::fact::{Change, Goal, OpenGoal};
use crate::domain::finding::{Drift, Finding, FindingEnd, Repair};
use crate::domain::instrument::ContractId;
use crate::domain::order::Pricing;

record! {
    Reversal { signal, until }
}

objects!(Position, Leg, Intent, Order, Finding);

/// Writes the contract and, for whoever searches, its instrument.
fn put_contract(contract: ContractId, fields: &mut Fields<'_, '_>) {
    fields.put("contract", &contract);
    fields.put("instrument", &contract.instrument);
}

// As `record!`, for what is held in a contract.
macro_rules! held {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Spread for $name {
            fn spread(&self, fields: &mut Fields<'_, '_>) {
                let Self { contract, $($field),* } = self;
                put_contract(*contract, fields);
                $(fields.put(stringify!($field), $field);)*
            }
        }

        impl Take for $name {
            fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
                Ok(Self {
                    contract: names.field(value, "contract")?,
                    $($field: names.field(value, stringify!($field))?),*
                })
            }
        }
    )*};
}

held! {
    Position {
        id, direction, product, source, opened_at, closed_at, adds, last_entry, base_entry,
        base_stop, base_risk, closed_add_loss, net,
    }
    Leg {
        id, position, base, layer, direction, product, lots, opened_lots, cost, entry, first_stop,
        stop, target, atr, best, risk, gross, charges, exits, opened_at, closed_at, reason,
        stop_why, bar_at, series,
    }
}

impl Spread for Intent {
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            id,
            signal,
            contract,
            direction,
            product,
            position,
            leg,
            lots,
            filled,
            valid_until,
            by_person,
            goal,
            orders,
            failures,
            at,
            end,
        } = self;
        put_contract(*contract, fields);
        fields.put("id", id);
        fields.put("purpose", id.purpose.word());
        fields.put("signal", signal);
        fields.put("direction", direction);
        fields.put("product", product);
        fields.put("position", position);
        fields.put("leg", leg);
        fields.put("lots", lots);
        fields.put("filled", filled);
        fields.put("valid_until", valid_until);
        fields.put("by_person", by_person);
        fields.put("orders", orders);
        fields.put("failures", failures);
        fields.put("at", at);
        fields.put("ended_why", &end.map(|(why, _)| why));
        fields.put("ended_at", &end.map(|(_, at)| at));
        put_goal(goal, fields);
    }
}

fn put_goal(goal: &Goal, fields: &mut Fields<'_, '_>) {
    match goal {
        Goal::Close(reason) => fields.put("reason", reason),
        Goal::Open(goal) => {
            let OpenGoal {
                layer,
                price,
                stop,
                target,
                atr,
                er,
                cap,
                source,
                profile,
                trace,
            } = goal.as_ref();
            fields.put("layer", layer);
            fields.put("price", price);
            fields.put("stop", stop);
            fields.put("target", target);
            fields.put("atr", atr);
            fields.put("er", er);
            fields.put("cap", cap);
            fields.put("source", source);
            fields.put("profile", profile);
            fields.put("trace", trace);
        }
    }
}

fn take_goal(value: &Value, names: Names<'_>) -> Result<Goal, BadText> {
    match names.field(value, "reason")? {
        Some(reason) => Ok(Goal::Close(reason)),
        None => OpenGoal::take(value, names).map(|goal| Goal::Open(Box::new(goal))),
    }
}

impl Take for Intent {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let ended_why: Option<_> = names.field(value, "ended_why")?;
        let ended_at: Option<_> = names.field(value, "ended_at")?;
        Ok(Self {
            id: names.field(value, "id")?,
            signal: names.field(value, "signal")?,
            contract: names.field(value, "contract")?,
            direction: names.field(value, "direction")?,
            product: names.field(value, "product")?,
            position: names.field(value, "position")?,
            leg: names.field(value, "leg")?,
            lots: names.field(value, "lots")?,
            filled: names.field(value, "filled")?,
            valid_until: names.field(value, "valid_until")?,
            by_person: names.field(value, "by_person")?,
            goal: take_goal(value, names)?,
            orders: names.field(value, "orders")?,
            failures: names.field(value, "failures")?,
            at: names.field(value, "at")?,
            end: ended_why.zip(ended_at),
        })
    }
}

impl Spread for Order {
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            id,
            contract,
            product,
            side,
            lots,
            quantity,
            pricing,
            state,
            broker_id,
            filled,
            value,
            charges,
            not_before,
            cancel,
            cancel_failures,
            baseline,
            claimed_at,
            sent_at,
            closed_at,
            resting,
        } = self;
        put_contract(*contract, fields);
        fields.put("id", id);
        fields.put("intent", &id.intent);
        fields.put("product", product);
        fields.put("side", side);
        fields.put("lots", lots);
        fields.put("quantity", quantity);
        put_pricing(*pricing, fields);
        put_state(*state, fields);
        fields.put("broker_id", broker_id);
        fields.put("filled", filled);
        fields.put("value", value);
        fields.put("charges", charges);
        fields.put("not_before", not_before);
        put_cancel(*cancel, fields);
        fields.put("cancel_failures", cancel_failures);
        fields.put("baseline", baseline);
        fields.put("claimed_at", claimed_at);
        fields.put("sent_at", sent_at);
        fields.put("closed_at", closed_at);
        put_resting(*resting, fields);
    }
}

impl Take for Order {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        Ok(Self {
            id: names.field(value, "id")?,
            contract: names.field(value, "contract")?,
            product: names.field(value, "product")?,
            side: names.field(value, "side")?,
            lots: names.field(value, "lots")?,
            quantity: names.field(value, "quantity")?,
            pricing: take_pricing(value, names)?,
            state: take_state(value, names)?,
            broker_id: names.field(value, "broker_id")?,
            filled: names.field(value, "filled")?,
            value: names.field(value, "value")?,
            charges: names.field(value, "charges")?,
            not_before: names.field(value, "not_before")?,
            cancel: take_cancel(value, names)?,
            cancel_failures: names.field(value, "cancel_failures")?,
            baseline: names.field(value, "baseline")?,
            claimed_at: names.field(value, "claimed_at")?,
            sent_at: names.field(value, "sent_at")?,
            closed_at: names.field(value, "closed_at")?,
            resting: take_resting(value, names)?,
        })
    }
}

fn put_pricing(pricing: Option<Pricing>, fields: &mut Fields<'_, '_>) {
    let Some(pricing) = pricing else {
        return;
    };
    fields.put("pricing", pricing.word());
    match pricing {
        Pricing::Market => {}
        Pricing::Limit(limit) => fields.put("price", &limit),
        Pricing::StopLimit { trigger, limit } => {
            fields.put("price", &limit);
            fields.put("trigger_price", &trigger);
        }
    }
}

fn take_pricing(value: &Value, names: Names<'_>) -> Result<Option<Pricing>, BadText> {
    let kind: Option<String> = names.field(value, "pricing")?;
    match kind.as_deref() {
        None => Ok(None),
        Some("MARKET") => Ok(Some(Pricing::Market)),
        Some("LIMIT") => Ok(Some(Pricing::Limit(names.field(value, "price")?))),
        Some("SL") => Ok(Some(Pricing::StopLimit {
            trigger: names.field(value, "trigger_price")?,
            limit: names.field(value, "price")?,
        })),
        Some(other) => Err(BadText::new(format!("{other:?} as a price type"))),
    }
}

fn put_state(state: OrderState, fields: &mut Fields<'_, '_>) {
    let word = match state {
        OrderState::Wanted => "wanted",
        OrderState::Sending { epoch } => {
            fields.put("epoch", &epoch);
            "sending"
        }
        OrderState::Sent => "sent",
        OrderState::Queued => "queued",
        OrderState::Uncertain => "uncertain",
        OrderState::Closed(why) => {
            fields.put("ended", &why);
            "closed"
        }
    };
    fields.put("state", word);
}

fn take_state(value: &Value, names: Names<'_>) -> Result<OrderState, BadText> {
    let word: String = names.field(value, "state")?;
    match word.as_str() {
        "wanted" => Ok(OrderState::Wanted),
        "sending" => Ok(OrderState::Sending {
            epoch: names.field(value, "epoch")?,
        }),
        "sent" => Ok(OrderState::Sent),
        "queued" => Ok(OrderState::Queued),
        "uncertain" => Ok(OrderState::Uncertain),
        "closed" => names.field(value, "ended").map(OrderState::Closed),
        other => Err(BadText::new(format!("{other:?} as an order's state"))),
    }
}

fn put_cancel(cancel: CancelState, fields: &mut Fields<'_, '_>) {
    match cancel {
        CancelState::None => {}
        CancelState::Wanted(why, not_before) => {
            fields.put("cancel", "wanted");
            fields.put("cancel_why", &why);
            fields.put("cancel_not_before", &not_before);
        }
        CancelState::Taken(why) => {
            fields.put("cancel", "taken");
            fields.put("cancel_why", &why);
        }
    }
}

fn take_cancel(value: &Value, names: Names<'_>) -> Result<CancelState, BadText> {
    let word: Option<String> = names.field(value, "cancel")?;
    match word.as_deref() {
        None => Ok(CancelState::None),
        Some("wanted") => Ok(CancelState::Wanted(
            names.field(value, "cancel_why")?,
            names.field(value, "cancel_not_before")?,
        )),
        Some("taken") => names.field(value, "cancel_why").map(CancelState::Taken),
        Some(other) => Err(BadText::new(format!("{other:?} as a cancel's state"))),
    }
}

fn put_resting(resting: Resting, fields: &mut Fields<'_, '_>) {
    let Resting {
        modify,
        modified,
        doubted,
        armed,
        fired_at,
    } = resting;
    let change = match modify {
        ModifyState::None => None,
        ModifyState::Wanted(change, not_before) => Some(("wanted", change, not_before)),
        ModifyState::Taken(change, at) => Some(("taken", change, Some(at))),
    };
    if let Some((word, change, at)) = change {
        fields.put("modify", word);
        fields.put("modify_lots", &change.lots);
        fields.put("modify_quantity", &change.quantity);
        fields.put("modify_trigger", &change.trigger);
        fields.put("modify_limit", &change.limit);
        fields.put("modify_at", &at);
    }
    fields.put("modified", &modified);
    fields.put("doubted", &doubted);
    fields.put("armed", &armed);
    fields.put("fired_at", &fired_at);
}

fn take_resting(value: &Value, names: Names<'_>) -> Result<Resting, BadText> {
    let word: Option<String> = names.field(value, "modify")?;
    let change = || -> Result<Change, BadText> {
        Ok(Change {
            order: names.field(value, "id")?,
            lots: names.field(value, "modify_lots")?,
            quantity: names.field(value, "modify_quantity")?,
            trigger: names.field(value, "modify_trigger")?,
            limit: names.field(value, "modify_limit")?,
        })
    };
    let modify = match word.as_deref() {
        None => ModifyState::None,
        Some("wanted") => ModifyState::Wanted(change()?, names.field(value, "modify_at")?),
        Some("taken") => ModifyState::Taken(change()?, names.field(value, "modify_at")?),
        Some(other) => return Err(BadText::new(format!("{other:?} as a change's state"))),
    };
    Ok(Resting {
        modify,
        modified: names.field(value, "modified")?,
        doubted: names.field(value, "doubted")?,
        armed: names.field(value, "armed")?,
        fired_at: names.field(value, "fired_at")?,
    })
}

impl Spread for Finding {
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            drift,
            repair,
            found_at,
            dismissed,
            end,
        } = self;
        let Drift {
            finding,
            code,
            contract,
            symbol,
            product,
            order,
            ours,
            theirs,
        } = drift;
        fields.put("id", finding);
        fields.put("code", code);
        fields.put("contract", contract);
        fields.put("instrument", &contract.map(|contract| contract.instrument));
        fields.put("symbol", symbol);
        fields.put("product", product);
        fields.put("broker_order", order);
        fields.put("ours", ours);
        fields.put("theirs", theirs);
        let repair = repair.as_ref();
        fields.put("repair_lots", &repair.map(|repair| repair.lots));
        fields.put("repair_price", &repair.map(|repair| repair.price));
        fields.put("repair_basis", &repair.map(|repair| repair.basis));
        fields.put("repair_reason", &repair.map(|repair| repair.reason));
        fields.put("found_at", found_at);
        fields.put("dismissed", dismissed);
        fields.put("ended", &end.map(|(how, _)| how));
        fields.put("ended_at", &end.map(|(_, at)| at));
    }
}

impl Take for Finding {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let finding = names.field(value, "id")?;
        let lots: Option<_> = names.field(value, "repair_lots")?;
        let repair = match lots {
            Some(lots) => Some(Repair {
                finding,
                lots,
                price: names.field(value, "repair_price")?,
                basis: names.field(value, "repair_basis")?,
                reason: names.field(value, "repair_reason")?,
            }),
            None => None,
        };
        let ended: Option<FindingEnd> = names.field(value, "ended")?;
        let ended_at: Option<_> = names.field(value, "ended_at")?;
        Ok(Self {
            drift: Drift {
                finding,
                code: names.field(value, "code")?,
                contract: names.field(value, "contract")?,
                symbol: names.field(value, "symbol")?,
                product: names.field(value, "product")?,
                order: names.field(value, "broker_order")?,
                ours: names.field(value, "ours")?,
                theirs: names.field(value, "theirs")?,
            },
            repair,
            found_at: names.field(value, "found_at")?,
            dismissed: names.field(value, "dismissed")?,
            end: ended.zip(ended_at),
        })
    }
}
