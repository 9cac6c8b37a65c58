//! The desk's own state: one flat object, whose keys are also the columns of its row.

use serde_json::Value;

use super::text::{BadText, Fields, Names, Spread, Take, objects, record};
use crate::domain::book::{DeskState, Flatten, Limits};
use crate::domain::input::Funds;

record! {
    Flatten { id, by, at, said }
}

objects!(DeskState);

impl Spread for DeskState {
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            state,
            opening,
            realised,
            high_water,
            day,
            day_base,
            day_cash,
            day_trades,
            losing_streak,
            funds,
            rules,
            limits,
            flatten,
            semi_auto,
        } = self;
        fields.put("state", state);
        fields.put("opening", opening);
        fields.put("realised", realised);
        fields.put("high_water", high_water);
        fields.put("day", day);
        fields.put("day_base", day_base);
        fields.put("day_cash", day_cash);
        fields.put("day_trades", day_trades);
        fields.put("losing_streak", losing_streak);
        fields.put("funds_available", &funds.and_then(|funds| funds.available));
        fields.put("funds_at", &funds.map(|funds| funds.at));
        fields.put("rules", rules);
        let Limits {
            warned,
            breached,
            loss,
            drawdown,
            losing_streak,
            reduced,
        } = limits;
        fields.put("day_warned", warned);
        fields.put("day_breached", breached);
        fields.put("day_limit", loss);
        fields.put("drawdown_hit", drawdown);
        fields.put("streak_hit", losing_streak);
        fields.put("limited", reduced);
        fields.put("flatten", flatten);
        fields.put("semi_auto", semi_auto);
    }
}

impl Take for DeskState {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let funds = match names.field(value, "funds_at")? {
            Some(at) => Some(Funds {
                available: names.field(value, "funds_available")?,
                at,
            }),
            None => None,
        };
        Ok(Self {
            state: names.field(value, "state")?,
            opening: names.field(value, "opening")?,
            realised: names.field(value, "realised")?,
            high_water: names.field(value, "high_water")?,
            day: names.field(value, "day")?,
            day_base: names.field(value, "day_base")?,
            day_cash: names.field(value, "day_cash")?,
            day_trades: names.field(value, "day_trades")?,
            losing_streak: names.field(value, "losing_streak")?,
            funds,
            rules: names.field(value, "rules")?,
            limits: Limits {
                warned: names.field(value, "day_warned")?,
                breached: names.field(value, "day_breached")?,
                loss: names.field(value, "day_limit")?,
                drawdown: names.field(value, "drawdown_hit")?,
                losing_streak: names.field(value, "streak_hit")?,
                reduced: names.field(value, "limited")?,
            },
            flatten: names.field(value, "flatten")?,
            semi_auto: names.field(value, "semi_auto")?,
        })
    }
}
