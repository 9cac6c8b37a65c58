//! Which instrument a file is of: what its name says, or what stands before it: `GOLD_MINI=a.csv`.

use crate::domain::instrument::{Found, InstrumentIx};
use crate::domain::rules::Rules;

/// The shortest name that is looked for inside of a file's: shares with two letters are not.
const LETTERS_MIN: usize = 4;

/// Takes `INSTRUMENT=FILE` apart; a file alone has no instrument of its own.
pub fn apart(word: &str) -> (Option<&str>, &str) {
    match word.split_once('=') {
        Some((name, file)) if !name.is_empty() && !name.contains(['/', '.']) => (Some(name), file),
        _ => (None, word),
    }
}

/// Returns the instrument that a file is of.
///
/// # Errors
///
/// A name that means none, or a file whose name holds none.
pub fn instrument_of(rules: &Rules, word: &str) -> Result<InstrumentIx, String> {
    let (name, file) = apart(word);
    if let Some(name) = name {
        return match rules.instruments.find(name) {
            Some(Found::Instrument { ix, .. }) => Ok(ix),
            _ => Err(format!("there is no instrument \"{name}\"")),
        };
    }
    let base = file.rsplit('/').next().unwrap_or(file);
    let text = letters(base);
    let names = rules.instruments.iter().flat_map(|(ix, instrument)| {
        let own = [&instrument.name, &instrument.root].into_iter();
        own.chain(&instrument.aliases)
            .map(move |name| (letters(name), ix))
    });
    let found = names.filter(|(name, _)| name.len() >= LETTERS_MIN && text.contains(name.as_str()));
    let found = found.max_by_key(|(name, _)| name.len());
    found
        .map(|(_, ix)| ix)
        .ok_or_else(|| format!("the name of {base} tells no instrument; say it: BANK_NIFTY={file}"))
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Options, load};

    #[test]
    fn the_longest_name_in_a_file_counts_and_a_given_one_more() {
        let rules = load(&Options::default(), &Environment::new())
            .unwrap()
            .rules;
        let found = |word| {
            let ix = instrument_of(&rules, word).map_err(|_unknown| ())?;
            rules
                .instruments
                .get(ix)
                .map(|one| one.name.clone())
                .ok_or(())
        };
        assert_eq!(found("a/Bank_Nifty_Trend.csv").unwrap(), "BANK_NIFTY");
        assert_eq!(found("MCX_GOLDM1!, 60.csv").unwrap(), "GOLD_MINI");
        assert_eq!(found("COPPER=ITJ_BN_v6.csv").unwrap(), "COPPER");
        assert!(found("ITJ_BN_v6.csv").is_err());
        assert!(found("NONE=Bank_Nifty.csv").is_err());
    }
}
