//! Who may send alerts and who may order: changed in the same commit as the fact that says so.

use super::{By, WishError, ordered};
use crate::desk::{Desk, Submitted};
use crate::domain::fact::{Code, Fact};
use crate::domain::input::{Access, Command, Input};
use crate::store::AccessChange;

/// Changes who may send or order; `detail` says in words what it may from now on, never a secret.
/// Returns what became true.
///
/// # Errors
///
/// The name is taken, nothing of that name counts, or the desk could not decide: nothing changed.
pub async fn change_access(
    desk: &Desk,
    change: AccessChange,
    (detail, by): (String, By<'_>),
) -> Result<Vec<Fact>, WishError> {
    let (what, name, done) = change.words();
    let access = Access {
        what: Code(what),
        name: name.to_owned(),
        change: Code(done),
        detail,
    };
    let not_done = if done == "added" {
        format!("there is a {what} \"{name}\" already")
    } else {
        format!("there is no {what} \"{name}\" that counts")
    };
    let operator = ordered(desk, Command::Access(access), by)?;
    let submitted = Submitted {
        input: Input::Operator(Box::new(operator)),
        arrival: None,
        fence: None,
        keyed: None,
        access: Some(Box::new(change)),
    };
    let facts = desk.handle(submitted).await?.facts;
    if facts.is_empty() {
        Err(WishError::Access(not_done))
    } else {
        Ok(facts)
    }
}
