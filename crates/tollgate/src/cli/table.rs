//! Aligned columns, `name value` lists and CSV.

use std::fmt::Write as _;

/// Columns, two spaces apart, as wide as their longest cell.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Numbers end at one line.
    right: Vec<bool>,
}

impl Table {
    /// A `>` before a heading puts its column to the right.
    pub(super) fn new<T: AsRef<str>>(headings: impl IntoIterator<Item = T>) -> Self {
        let mut table = Self { rows: vec![Vec::new()], right: Vec::new() };
        for heading in headings {
            let heading = heading.as_ref();
            table.right.push(heading.starts_with('>'));
            table.rows[0].push(heading.trim_start_matches('>').to_owned());
        }
        table
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| plain(cell.as_ref())).collect());
    }

    pub(super) fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                // Writing to a string cannot fail.
                let _ = match right {
                    true => write!(line, "{cell:>width$}  "),
                    false => write!(line, "{cell:<width$}  "),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// `name  value` lines, the values below each other.
pub(super) fn facts(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, value): &(&str, String)| format!("{name:<width$}  {}\n", plain(value));
    pairs.iter().map(line).collect()
}

/// One line of RFC 4180.
pub(super) fn csv<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let quoted = |cell: T| {
        let cell = cell.as_ref();
        // A spreadsheet takes it for a formula, and callers choose labels and models' names.
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let number = cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
        let told = if formula && !number { format!("'{cell}") } else { cell.to_owned() };
        let cell = told.as_str();
        match cell.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.to_owned(),
        }
    };
    let mut line = cells.into_iter().map(quoted).collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// Without control characters: a model's name must not steer the operator's terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same for a text of several lines.
pub(super) fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        let mut table = Table::new(["NAME", ">CALLS", "NOTE"]);
        table.row(["gpt-4o", "7", ""]);
        table.row(["é\x1b[2J", "1200", "x"]);
        assert_eq!(table.render(), "NAME    CALLS  NOTE\ngpt-4o      7\né\u{fffd}[2J    1200  x\n");
        assert_eq!(facts(&[("id", "a".into()), ("name", "b".into())]), "id    a\nname  b\n");
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(csv(["a", "b,c", "d\"e", ""]), "a,\"b,c\",\"d\"\"e\",\n");
        assert_eq!(csv(["-1.5", "=1+1", "@x", "-a"]), "-1.5,'=1+1,'@x,'-a\n");
    }
}
