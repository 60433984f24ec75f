//! A table on a terminal: columns as wide as what is in them.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::text::show_hidden;

/// No column pushes those after it further to the right than this.
const WIDEST: usize = 48;

/// A column: its header, whether it holds numbers, and how it looks.
pub(super) struct Column {
    header: &'static str,
    is_number: bool,
    style: Style,
}

impl Column {
    pub(super) fn of_text(header: &'static str) -> Self {
        Self { header, is_number: false, style: Style::new() }
    }

    pub(super) fn of_numbers(header: &'static str) -> Self {
        Self { header, is_number: true, style: Style::new() }
    }

    pub(super) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

/// Writes rows under their headers. Hidden characters are shown.
pub(super) fn write(columns: &[Column], rows: &[Vec<String>], out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| show_hidden(cell, &[]).into_owned()).collect()).collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain([column.header.width()]).max().unwrap_or(0).min(WIDEST)
        })
        .collect();
    let headers: Vec<String> = columns.iter().map(|column| column.header.to_owned()).collect();
    let faint = Style::new().dimmed();
    line(columns, &widths, &headers, |_| faint, out)?;
    for row in &rows {
        line(columns, &widths, row, |column| column.style, out)?;
    }
    Ok(())
}

fn line(
    columns: &[Column],
    widths: &[usize],
    cells: &[String],
    style: impl Fn(&Column) -> Style,
    out: &mut impl Write,
) -> io::Result<()> {
    // Nothing follows the last cell that holds something.
    let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    for (at, (column, width)) in columns.iter().zip(widths).enumerate().take(end) {
        let cell = cells.get(at).map_or("", String::as_str);
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        let style = style(column);
        match (column.is_number, at + 1 == end) {
            (true, _) => write!(out, "  {padding}{style}{cell}{style:#}")?,
            (false, true) => write!(out, "  {style}{cell}{style:#}")?,
            (false, false) => write!(out, "  {style}{cell}{style:#}{padding}")?,
        }
    }
    writeln!(out)
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
        write(&columns, &rows, &mut out).unwrap();
        let plain = anstream::adapter::strip_bytes(&out).into_vec();
        let expected = "  name        days\n  日本           7\n  a\\u{7}b  1234567  waived\n";
        assert_eq!(String::from_utf8(plain).unwrap(), expected);
    }
}
