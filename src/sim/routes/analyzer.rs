//! The switch between live and analyze, which a gateway must never see move.
//!
//! Only the answers change: this house has one account, not two.

use serde_json::json;

use super::super::answer::Answer;
use super::super::house::House;
use super::super::schema::Form;

/// POST analyzer.
pub(super) fn status(house: &mut House, _form: &Form) -> Answer {
    let on = house.analyzes();
    Answer::ok(json!({
        "data": {"analyze_mode": on, "mode": mode(on), "total_logs": 0},
        "status": "success",
    }))
}

/// POST analyzer/toggle.
pub(super) fn toggle(house: &mut House, form: &Form) -> Answer {
    let on = form.truth("mode");
    house.analyze = on;
    Answer::ok(json!({
        "data": {
            "analyze_mode": on,
            "message": format!("Analyzer mode switched to {}", mode(on)),
            "mode": mode(on),
            "total_logs": 0,
        },
        "status": "success",
    }))
}

const fn mode(analyze: bool) -> &'static str {
    if analyze { "analyze" } else { "live" }
}
