//! A table on a terminal: columns as wide as what is in them.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::text::show_hidden;

/// A cell that is wider than this makes no column wide.
const WIDEST: usize = 48;

/// A column: its header, whether it holds numbers, how it looks, and how wide it is at the least.
pub(crate) struct Column {
    header: &'static str,
    is_number: bool,
    style: Style,
    least: usize,
}

impl Column {
    pub(crate) fn of_text(header: &'static str) -> Self {
        Self { header, is_number: false, style: Style::new(), least: 0 }
    }

    pub(crate) fn of_numbers(header: &'static str) -> Self {
        Self { is_number: true, ..Self::of_text(header) }
    }

    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// As wide as in other tables.
    pub(crate) fn of_at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }
}

/// Writes rows under their headers, if there are any. Hidden characters are shown. No line is cut here: a terminal folds it
/// where its own width says (`terminal` in the binary).
pub(crate) fn write(
    indent: &str,
    columns: &[Column],
    rows: Vec<Vec<String>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let shown = |row: Vec<String>| row.iter().map(|cell| show_hidden(cell, &[]).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(shown).collect();
    let width = |(at, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        let widest = cells.filter(|width| *width <= WIDEST).max();
        widest.unwrap_or(0).max(column.header.width()).max(column.least)
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(width).collect();
    let mut line = |cells: &[String], header: Option<Style>| {
        // Nothing follows the last cell that holds something.
        let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        for (at, ((column, width), cell)) in columns.iter().zip(&widths).zip(cells).enumerate().take(end) {
            let style = header.unwrap_or(column.style);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let gap = if at == 0 { indent } else { "  " };
            match (column.is_number, at + 1 == end) {
                (true, _) => write!(out, "{gap}{padding}{style}{cell}{style:#}")?,
                (false, true) => write!(out, "{gap}{style}{cell}{style:#}")?,
                (false, false) => write!(out, "{gap}{style}{cell}{style:#}{padding}")?,
            }
        }
        writeln!(out)
    };
    let headers: Vec<String> = columns.iter().map(|column| column.header.to_owned()).collect();
    if headers.iter().any(|header| !header.is_empty()) {
        line(&headers, Some(Style::new().dimmed()))?;
    }
    rows.iter().try_for_each(|row| line(row, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let columns = [Column::of_text("name"), Column::of_numbers("days"), Column::of_text("")];
        let rows =
            [["日本", "7", ""], ["a\u{7}b", "1234567", "waived"]].map(|row| row.map(str::to_owned).to_vec());
        let mut out = Vec::new();
        write("  ", &columns, rows.to_vec(), &mut out).unwrap();
        let plain = anstream::adapter::strip_bytes(&out).into_vec();
        let expected = "  name        days\n  日本           7\n  a\\u{7}b  1234567  waived\n";
        assert_eq!(String::from_utf8(plain).unwrap(), expected);
    }
}
