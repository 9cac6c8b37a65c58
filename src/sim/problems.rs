//! What was wrong with a request, in OpenAlgo's two ways of saying it.

use core::fmt::Write as _;

use serde_json::Value;

/// What was wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problems {
    /// Texts about one value.
    Texts(Vec<String>),
    /// Problems of named fields.
    Fields(Vec<(String, Problems)>),
    /// Problems of numbered items.
    Items(Vec<(usize, Problems)>),
}

impl Problems {
    /// Returns them as Python prints a dictionary: what order routes put into `message`.
    pub(super) fn repr(&self) -> String {
        let mut to = String::new();
        self.write(&mut to);
        to
    }

    /// Returns them as an object: what the other routes put into `message`.
    pub(super) fn object(&self) -> Value {
        match self {
            Self::Texts(texts) => Value::from(texts.clone()),
            Self::Fields(fields) => fields
                .iter()
                .map(|(name, problem)| (name.clone(), problem.object()))
                .collect(),
            Self::Items(items) => items
                .iter()
                .map(|(at, problem)| (at.to_string(), problem.object()))
                .collect(),
        }
    }

    fn write(&self, to: &mut String) {
        match self {
            Self::Texts(texts) => {
                let shown: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
                to.push('[');
                to.push_str(&shown.join(", "));
                to.push(']');
            }
            Self::Fields(fields) => {
                let named = fields.iter().map(|(name, problem)| (quoted(name), problem));
                write_pairs(to, named);
            }
            Self::Items(items) => {
                write_pairs(to, items.iter().map(|(at, one)| (at.to_string(), one)));
            }
        }
    }
}

fn write_pairs<'a>(to: &mut String, pairs: impl Iterator<Item = (String, &'a Problems)>) {
    to.push('{');
    for (at, (name, problem)) in pairs.enumerate() {
        if at > 0 {
            to.push_str(", ");
        }
        to.push_str(&name);
        to.push_str(": ");
        problem.write(to);
    }
    to.push('}');
}

/// Returns text in the quotes Python would choose.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = String::from(quote);
    for letter in text.chars() {
        if letter == quote || letter == '\\' {
            shown.push('\\');
            shown.push(letter);
        } else if letter.is_control() {
            // Writing to a string cannot fail.
            let _fits = write!(shown, "\\x{:02x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_quotes_are_chosen_as_python_does() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"so\""), r#"'it\'s "so"'"#);
    }
}
