//! `dependents.csv` and `secrets.csv`: RFC 4180 for sheets.

mod escape;

use std::io::{self, Write};

use super::memo::{Memo, Place};
use crate::{
    audit::{Audit, Evidence, Rendering},
    inventory::{Dependent, Resource, Sources},
    text::show_hidden,
};
use escape::{SEPARATORS, without_formulas};

const DEPENDENT_COLUMNS: [&str; 15] = [
    "workspace",
    "secret_id",
    "secret_name",
    "verdict",
    "dependent_type",
    "dependent_id",
    "dependent_name",
    "visibility",
    "access_level",
    "relation",
    "via",
    "provider",
    "phone_number",
    "created_at",
    "source",
];

const SECRET_COLUMNS: [&str; 25] = [
    "workspace",
    "secret_id",
    "secret_name",
    "verdict",
    "reason",
    "complete",
    "tools",
    "agents",
    "phone_numbers",
    "mcp_servers",
    "others",
    "dependents_total",
    "environment_variables",
    "speech_engines",
    "settings",
    "unrecognized",
    "discrepancies",
    "first_seen",
    "unused_since",
    "unused_days",
    "waived",
    "waiver_reason",
    "waiver_owner",
    "waiver_expires",
    "evidence",
];

/// How many of the columns above are of the secret; the others are of the dependent.
const OF_THE_SECRET: usize = 4;

/// One row for each secret and dependent, and one with empty cells for each secret without any. How many rows.
pub(super) fn dependents(audit: &Audit, out: impl Write) -> io::Result<usize> {
    let mut sheet = Sheet::new(out, &audit.parameters.rendering, &DEPENDENT_COLUMNS)?;
    let mut of_the_secret = Vec::new();
    for workspace in &audit.workspaces {
        // No two workspaces have a resource in common.
        let mut parts = Parts::default();
        for secret in workspace.secrets() {
            let cells: [&str; OF_THE_SECRET] =
                [secret.workspace(), secret.id(), secret.name(), secret.verdict().as_str()];
            if secret.dependents().len() == 0 {
                sheet.row(cells.into_iter().chain([""; DEPENDENT_COLUMNS.len() - OF_THE_SECRET]))?;
                continue;
            }
            of_the_secret.clear();
            sheet.cells.append(&mut of_the_secret, cells);
            for dependent in secret.dependents() {
                sheet.row.clear();
                sheet.row.extend_from_slice(&of_the_secret);
                parts.append(&mut sheet.cells, &mut sheet.row, dependent);
                sheet.write_row()?;
            }
        }
    }
    sheet.finish()
}

/// The cells of dependents by what they come from, since a million rows have these in common: with the delimiter behind
/// each.
struct Parts<'a> {
    /// From the type to the access level, and from the provider to the time of making.
    resources: Memo<Place<'a, Resource<'static>>, [Vec<u8>; 2]>,
    via: Memo<Place<'a, [String]>, Vec<u8>>,
    sources: Memo<Sources, Vec<u8>>,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            resources: Memo::new(|_, [before, behind]| before.len() + behind.len()),
            via: Memo::new(|_, cell| cell.len()),
            sources: Memo::new(|_, cell| cell.len()),
        }
    }
}

impl<'a> Parts<'a> {
    /// Appends all cells of a dependent.
    fn append(&mut self, cells: &mut Cells, row: &mut Vec<u8>, dependent: Dependent<'a>) {
        let Dependent { resource, relation, via, sources } = dependent;
        let [before, behind] = self.resources.of(Place(resource), || of_the_resource(cells, resource));
        row.extend_from_slice(before);
        cells.append(row, [relation.as_str()]);
        row.extend_from_slice(self.via.of(Place(via), || cells.only(&via.join(";"))));
        row.extend_from_slice(behind);
        let names = || sources.names().collect::<Vec<_>>().join(";");
        row.extend_from_slice(self.sources.of(sources, || cells.only(&names())));
    }
}

fn of_the_resource(cells: &mut Cells, resource: &Resource<'_>) -> [Vec<u8>; 2] {
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    cells.append(
        &mut before,
        [
            resource.dependent_type.as_str(),
            &resource.id,
            resource.name.as_deref().unwrap_or_default(),
            resource.visibility.as_str(),
            resource.access_level.as_deref().unwrap_or_default(),
        ],
    );
    let created_at = resource.created_at_unix_secs.and_then(super::created_at).unwrap_or_default();
    cells.append(
        &mut behind,
        [
            resource.provider.as_deref().unwrap_or_default(),
            resource.phone_number.as_deref().unwrap_or_default(),
            &created_at,
        ],
    );
    [before, behind]
}

/// One row for each secret. How many rows.
pub(super) fn secrets(audit: &Audit, out: impl Write) -> io::Result<usize> {
    let mut sheet = Sheet::new(out, &audit.parameters.rendering, &SECRET_COLUMNS)?;
    for secret in audit.secrets() {
        let counts = secret.counts();
        let numbers = [
            counts.tools,
            counts.agents,
            counts.phone_numbers,
            counts.mcp_servers,
            counts.others,
            secret.dependents().len(),
            counts.environment_variables,
            counts.speech_engines,
            counts.settings,
            counts.unrecognized,
            secret.discrepancies().count(),
        ]
        .map(|number| number.to_string());
        let reason = super::reason(secret);
        let words = [
            secret.workspace(),
            secret.id(),
            secret.name(),
            secret.verdict().as_str(),
            &reason,
            truth(secret.is_whole()),
        ];
        let first_seen = secret.record().map(|record| super::timestamp(record.first_seen));
        let unused_since = secret.unused_since().map(super::timestamp);
        let unused_days = secret.unused_days().map(|days| days.to_string());
        let waiver = secret.waiver().map(|applied| &applied.waiver);
        let expires = waiver.map(|waiver| waiver.expires.to_string());
        let over_time = [
            first_seen.as_deref().unwrap_or_default(),
            unused_since.as_deref().unwrap_or_default(),
            unused_days.as_deref().unwrap_or_default(),
            truth(secret.is_waived()),
            waiver.map_or("", |waiver| &waiver.reason),
            waiver.map_or("", |waiver| &waiver.owner),
            expires.as_deref().unwrap_or_default(),
            secret.evidence().map_or("", Evidence::as_str),
        ];
        sheet.row(words.into_iter().chain(numbers.iter().map(String::as_str)).chain(over_time))?;
    }
    sheet.finish()
}

fn truth(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

/// A CSV file being written.
struct Sheet<W> {
    out: W,
    cells: Cells,
    columns: usize,
    rows: usize,
    row: Vec<u8>,
}

impl<W: Write> Sheet<W> {
    fn new(mut out: W, rendering: &Rendering, columns: &[&str]) -> io::Result<Self> {
        if rendering.csv_byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        let cells = Cells::new(rendering);
        let mut sheet = Self { out, cells, columns: columns.len(), rows: 0, row: Vec::new() };
        sheet.row(columns.iter().copied())?;
        sheet.rows = 0;
        Ok(sheet)
    }

    fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        self.row.clear();
        if self.cells.append(&mut self.row, cells) != self.columns {
            return Err(io::Error::other("a row has not as many cells as there are columns"));
        }
        self.write_row()
    }

    /// Writes the cells that stand in `row`. Behind the last one there is no delimiter.
    fn write_row(&mut self) -> io::Result<()> {
        self.row.pop();
        self.row.extend_from_slice(b"\r\n");
        self.out.write_all(&self.row)?;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<usize> {
        self.out.flush()?;
        Ok(self.rows)
    }
}

/// The cells of a CSV file, each escaped once.
struct Cells {
    writer: csv_core::Writer,
    /// For cells that hold a separator, whichever the delimiter is.
    quoting: csv_core::Writer,
    escape_formulas: bool,
}

impl Cells {
    fn new(rendering: &Rendering) -> Self {
        let mut writer = csv_core::WriterBuilder::new();
        // The configuration takes ASCII only.
        writer.delimiter(u8::try_from(rendering.csv_delimiter).unwrap_or(b','));
        Self {
            writer: writer.build(),
            quoting: writer.quote_style(csv_core::QuoteStyle::Always).build(),
            escape_formulas: rendering.csv_formula_escaping,
        }
    }

    /// Appends cells, each with the delimiter behind it. How many.
    fn append<'c>(&mut self, row: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c str>) -> usize {
        let mut appended = 0;
        for cell in cells {
            // Quotes hold newlines and tabs, so these stay.
            let shown = show_hidden(cell, &['\n', '\r', '\t']);
            if self.escape_formulas {
                self.append_one(row, &without_formulas(&shown));
            } else {
                self.append_one(row, &shown);
            }
            appended += 1;
        }
        appended
    }

    fn append_one(&mut self, row: &mut Vec<u8>, cell: &str) {
        let writer = if cell.contains(SEPARATORS) { &mut self.quoting } else { &mut self.writer };
        let start = row.len();
        // Enough for quotes alone, each of them doubled, in quotes, and for the delimiter.
        row.resize(start + 2 * cell.len() + 3, 0);
        let (_, _, taken) = writer.field(cell.as_bytes(), &mut row[start..]);
        let (_, delimiter) = writer.delimiter(&mut row[start + taken..]);
        row.truncate(start + taken + delimiter);
    }

    /// One cell, with the delimiter behind it.
    fn only(&mut self, cell: &str) -> Vec<u8> {
        let mut alone = Vec::new();
        self.append(&mut alone, [cell]);
        alone
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn rendering(csv_delimiter: char, csv_formula_escaping: bool) -> Rendering {
        Rendering { csv_delimiter, csv_byte_order_mark: false, csv_formula_escaping, list_length: 0 }
    }

    /// What a row of these cells is read as.
    fn read_back(delimiter: char, cells: &[String]) -> Vec<String> {
        let mut sheet = Sheet::new(Vec::new(), &rendering(delimiter, true), &vec!["x"; cells.len()]).unwrap();
        sheet.out.clear();
        sheet.row(cells.iter().map(String::as_str)).unwrap();
        let mut reader = ::csv::ReaderBuilder::new();
        reader.has_headers(false).delimiter(u8::try_from(delimiter).unwrap());
        let row = reader.from_reader(&*sheet.out).into_records().next().unwrap().unwrap();
        row.iter().map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_as_its_cells_whatever_they_hold(
            cells in vec("[ -~\t\r\n\"',;|=+é\u{200b}]{0,6}", 2..6),
            delimiter in select(&[',', ';', '\t', '|'][..]),
        ) {
            let shown = cells.iter().map(|cell| {
                without_formulas(&show_hidden(cell, &['\n', '\r', '\t'])).into_owned()
            });
            prop_assert_eq!(read_back(delimiter, &cells), shown.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_cell_that_holds_a_separator_is_quoted_whatever_the_delimiter_is() {
        for delimiter in [',', ';', '\t', '|'] {
            let mut cells = Cells::new(&rendering(delimiter, true));
            for separator in SEPARATORS {
                let quoted = cells.only(&format!("a{separator}b"));
                assert_eq!(String::from_utf8(quoted).unwrap(), format!("\"a{separator}b\"{delimiter}"));
            }
            assert_eq!(String::from_utf8(cells.only("a.b")).unwrap(), format!("a.b{delimiter}"));
        }
    }
}
