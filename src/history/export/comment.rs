//! What the comment of an order says: `ENTRY-15L`, `PYR2-3L|ATR:27.6|STOP:4242.1`,
//! `EXIT - Basso Stop`.
//!
//! A comment is a head and, after bars, figures by name. A figure that is no number is a problem;
//! a name that is not ours is left alone.

use rust_decimal::Decimal;

/// What an order was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// The first leg of a position, for so many lots.
    Entry(Decimal),
    /// The add of this number, for so many lots.
    Add(u8, Decimal),
    /// Out, in the script's words.
    Exit(String),
    /// The mark of a trade that is still open.
    Open,
    /// The name of an order that says neither.
    Other(String),
}

/// A comment, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What it was for.
    pub head: Head,
    /// The average true range.
    pub atr: Option<Decimal>,
    /// The efficiency ratio.
    pub er: Option<Decimal>,
    /// The stop.
    pub stop: Option<Decimal>,
    /// The label of the leg: the number in `Long_2`.
    pub layer: Option<u8>,
}

impl Comment {
    /// Takes a comment apart.
    ///
    /// # Errors
    ///
    /// A figure that is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut parts = text.split('|').map(str::trim);
        let mut comment = Self {
            head: head(parts.next().unwrap_or_default())?,
            atr: None,
            er: None,
            stop: None,
            layer: None,
        };
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part
                .split_once(':')
                .ok_or_else(|| format!("\"{part}\" in the comment has no name"))?;
            comment.take(name.trim(), value.trim())?;
        }
        Ok(comment)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let figure = || {
            value
                .parse::<Decimal>()
                .ok()
                .filter(|figure| *figure >= Decimal::ZERO)
                .ok_or_else(|| format!("{name} in the comment is \"{value}\", which is no figure"))
        };
        let slot = match name {
            "ATR" => &mut self.atr,
            "ER" => &mut self.er,
            "STOP" => &mut self.stop,
            "POS" => {
                let number = value
                    .split_once('_')
                    .filter(|(side, _)| ["Long", "Short"].contains(side))
                    .and_then(|(_, number)| number.parse().ok());
                self.layer =
                    Some(number.ok_or_else(|| format!("\"{value}\" is the label of no leg"))?);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let figure = figure()?;
        if name == "ER" && figure > Decimal::ONE {
            return Err(format!(
                "an efficiency ratio of {figure}, which is more than 1"
            ));
        }
        match slot.replace(figure) {
            None => Ok(()),
            Some(_) => Err(format!("{name} stands twice in the comment")),
        }
    }
}

fn head(text: &str) -> Result<Head, String> {
    let entry = text
        .strip_prefix("EOD-ENTRY-")
        .or_else(|| text.strip_prefix("ENTRY-"));
    if let Some(lots) = entry {
        return Ok(Head::Entry(lots_of(lots)?));
    }
    if let Some(add) = text.strip_prefix("PYR") {
        let (number, lots) = add
            .split_once('-')
            .ok_or_else(|| format!("\"{text}\" names no lots"))?;
        let number = number.parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("\"{text}\" numbers no add"))?;
        return Ok(Head::Add(number, lots_of(lots)?));
    }
    Ok(match text.strip_prefix("EXIT") {
        Some(reason) => Head::Exit(reason.trim_start_matches([' ', '-', '–']).trim().to_owned()),
        None if text == "Open" => Head::Open,
        None => Head::Other(text.to_owned()),
    })
}

/// Reads `15L`, as exactly as that.
fn lots_of(text: &str) -> Result<Decimal, String> {
    let digits = text.strip_suffix('L').filter(|digits| {
        !digits.is_empty() && digits.bytes().all(|letter| letter.is_ascii_digit())
    });
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("\"{text}\" is no number of lots"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_plain_comment_says_what_it_was_for() {
        let head = |text| Comment::read(text).unwrap().head;
        assert_eq!(head("ENTRY-15L"), Head::Entry(dec("15")));
        assert_eq!(head("EOD-ENTRY-14L"), Head::Entry(dec("14")));
        assert_eq!(head("PYR2-3L"), Head::Add(2, dec("3")));
        assert_eq!(
            head("EXIT - Basso Stop"),
            Head::Exit("Basso Stop".to_owned())
        );
        assert_eq!(
            head("EXIT - Trail to PYR1"),
            Head::Exit("Trail to PYR1".to_owned())
        );
        assert_eq!(head("Open"), Head::Open);
        assert_eq!(
            head("Close entry(s) order Long"),
            Head::Other("Close entry(s) order Long".to_owned())
        );
    }

    #[test]
    fn figures_follow_after_bars() {
        let read =
            Comment::read("PYR1-12L|ATR:27.6|ER:0.9|STOP:4242.1|ST:4200|POS:Long_2").unwrap();
        assert_eq!(read.head, Head::Add(1, dec("12")));
        assert_eq!((read.atr, read.er), (Some(dec("27.6")), Some(dec("0.9"))));
        assert_eq!((read.stop, read.layer), (Some(dec("4242.1")), Some(2)));
    }

    #[test]
    fn what_is_almost_a_figure_is_a_problem() {
        for text in [
            "ENTRY--5L",
            "ENTRY-5 L",
            "ENTRY-12L7L",
            "PYR-3L",
            "PYR0-3L",
            "ENTRY-5L|ATR:1.2.3",
            "ENTRY-5L|ATR:-3",
            "ENTRY-5L|ATR:1,000",
            "ENTRY-5L|ATR:350|ATR:400",
            "ENTRY-5L|POS:Long_",
            "ENTRY-5L|junk",
            "ENTRY-5L|ER:1.01",
        ] {
            assert!(Comment::read(text).is_err(), "{text}");
        }
    }
}
