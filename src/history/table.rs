//! Comma-separated text, read strictly: what a line says, or why it says nothing.
//!
//! 1. Every row knows the line it began on, so that a problem can be found in the file.
//! 2. A byte-order mark, either line ending and quoted cells are read; a quote that never closes is
//!    a problem, not a guess.

/// Something that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// The cells of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line it began on, counted from 1.
    pub line: usize,
    /// Its cells, without quotes and outer blanks.
    pub cells: Vec<String>,
}

impl Problem {
    /// Returns a problem with a line.
    pub fn new(line: usize, reason: impl Into<String>) -> Self {
        Self {
            line,
            reason: reason.into(),
        }
    }
}

impl Row {
    /// Returns a cell that is there and not empty.
    pub fn cell(&self, place: usize) -> Option<&str> {
        self.cells
            .get(place)
            .map(String::as_str)
            .filter(|cell| !cell.is_empty())
    }
}

/// Returns the rows of a text, empty lines left out.
///
/// # Errors
///
/// A quoted cell that never ends.
pub fn rows(text: &str) -> Result<Vec<Row>, Problem> {
    let mut reader = Reader {
        line: 1,
        began: 1,
        cell: String::new(),
        cells: Vec::new(),
        rows: Vec::new(),
    };
    let mut quoted = false;
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match (quoted, letter) {
            (true, '"') if letters.peek() == Some(&'"') => {
                letters.next();
                reader.cell.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => reader.end_cell(),
            (false, '\n') => reader.end_row(),
            (_, '\r') => {}
            (_, other) => {
                reader.line += usize::from(other == '\n');
                reader.cell.push(other);
            }
        }
    }
    if quoted {
        return Err(Problem::new(
            reader.began,
            "a quoted cell that begins here never ends",
        ));
    }
    reader.end_row();
    Ok(reader.rows)
}

struct Reader {
    line: usize,
    began: usize,
    cell: String,
    cells: Vec<String>,
    rows: Vec<Row>,
}

impl Reader {
    fn end_cell(&mut self) {
        self.cells.push(self.cell.trim().to_owned());
        self.cell.clear();
    }

    fn end_row(&mut self) {
        self.end_cell();
        let cells = core::mem::take(&mut self.cells);
        if cells.iter().any(|cell| !cell.is_empty()) {
            self.rows.push(Row {
                line: self.began,
                cells,
            });
        }
        self.line += 1;
        self.began = self.line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_quotes_and_line_endings_are_read_and_lines_are_counted() {
        let read = rows("\u{feff}a,b\r\n\r\n\"1,\"\"x\"\"\", 2 \n\"two\nlines\",3\n4,5").unwrap();
        let shown: Vec<(usize, Vec<&str>)> = read
            .iter()
            .map(|row| (row.line, row.cells.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                (1, vec!["a", "b"]),
                (3, vec!["1,\"x\"", "2"]),
                (4, vec!["two\nlines", "3"]),
                (6, vec!["4", "5"]),
            ]
        );
    }

    #[test]
    fn a_quote_that_never_ends_is_named_by_its_line() {
        assert_eq!(rows("a\n\"b\nc").unwrap_err().line, 2);
    }
}
