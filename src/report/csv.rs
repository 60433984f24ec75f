//! `dependents.csv` and `secrets.csv`: RFC 4180 for sheets.

mod escape;

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::render_cache::{Place, RenderCache};
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

/// One row for each secret and dependent, and one with empty cells for each secret without any. How many rows.
pub(super) fn dependents(audit: &Audit, out: impl Write) -> io::Result<usize> {
    let mut sheet = Sheet::new(out, &audit.parameters.rendering, &DEPENDENT_COLUMNS)?;
    let mut sources = RenderCache::new(|_, cell: &String| cell.len());
    for workspace in &audit.workspaces {
        // A million rows have these in common, and no two workspaces have a resource in common.
        let mut resources = RenderCache::new(|_, cells: &[String; 8]| cells.iter().map(String::len).sum());
        for secret in workspace.secrets() {
            let of_the_secret = [secret.workspace(), secret.id(), secret.name(), secret.verdict().as_str()]
                .map(|cell| sheet.cell(cell).into_owned());
            let of_the_secret = of_the_secret.each_ref().map(String::as_str);
            if secret.dependents().len() == 0 {
                let of_none = [""; DEPENDENT_COLUMNS.len()].into_iter().skip(of_the_secret.len());
                sheet.row(of_the_secret.into_iter().chain(of_none))?;
            }
            for Dependent { resource, relation, via, sources: told } in secret.dependents() {
                let cells = resources.of(Place(resource), || of_the_resource(&sheet, resource));
                let [before @ .., provider, phone_number, created_at] = cells.each_ref().map(String::as_str);
                let via = via.iter().collect::<Vec<_>>().join(";");
                let via = sheet.cell(&via);
                let names = || sources_cell(&sheet, told);
                let behind =
                    [relation.as_str(), &via, provider, phone_number, created_at, sources.of(told, names)];
                sheet.row(of_the_secret.into_iter().chain(before).chain(behind))?;
            }
        }
    }
    sheet.finish()
}

fn sources_cell<W: Write>(sheet: &Sheet<W>, sources: Sources) -> String {
    sheet.cell(&sources.names().collect::<Vec<_>>().join(";")).into_owned()
}

/// The cells from the type to the access level, and from the provider to the time of making.
fn of_the_resource<W: Write>(sheet: &Sheet<W>, resource: &Resource<'_>) -> [String; 8] {
    let created_at = resource.created_at_unix_secs.and_then(super::created_at).unwrap_or_default();
    [
        resource.dependent_type.as_str(),
        &resource.id,
        resource.name.as_deref().unwrap_or_default(),
        resource.visibility.as_str(),
        resource.access_level.as_deref().unwrap_or_default(),
        resource.provider.as_deref().unwrap_or_default(),
        resource.phone_number.as_deref().unwrap_or_default(),
        &created_at,
    ]
    .map(|cell| sheet.cell(cell).into_owned())
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
        let [words, over_time] =
            [&words[..], &over_time].map(|cells| cells.iter().map(|cell| sheet.cell(cell)));
        let cells: Vec<_> =
            words.chain(numbers.iter().map(|number| number.as_str().into())).chain(over_time).collect();
        sheet.row(cells.iter().map(|cell| &**cell))?;
    }
    sheet.finish()
}

fn truth(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

/// A CSV file being written.
struct Sheet<W: Write> {
    out: csv::Writer<W>,
    escape_formulas: bool,
    rows: usize,
}

impl<W: Write> Sheet<W> {
    fn new(mut out: W, rendering: &Rendering, columns: &[&str]) -> io::Result<Self> {
        if rendering.csv_byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        let mut writer = csv::WriterBuilder::new();
        // The configuration takes ASCII only. What is to be quoted, [`Sheet::cell`] quotes.
        writer
            .delimiter(u8::try_from(rendering.csv_delimiter).unwrap_or(b','))
            .quote_style(csv::QuoteStyle::Never);
        let mut out = writer.terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(columns).map_err(io_error)?;
        Ok(Self { out, escape_formulas: rendering.csv_formula_escaping, rows: 0 })
    }

    /// A cell as it stands in a row. One that holds a separator is quoted, whichever the delimiter is.
    fn cell<'c>(&self, cell: &'c str) -> Cow<'c, str> {
        // Quotes hold newlines and tabs, so these stay.
        let mut shown = show_hidden(cell, &['\n', '\r', '\t']);
        if self.escape_formulas
            && let Cow::Owned(escaped) = without_formulas(&shown)
        {
            shown = escaped.into();
        }
        if shown.contains(SEPARATORS) || shown.contains('"') {
            shown = format!("\"{}\"", shown.replace('"', "\"\"")).into();
        }
        shown
    }

    fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        self.rows += 1;
        self.out.write_record(cells).map_err(io_error)
    }

    fn finish(mut self) -> io::Result<usize> {
        self.out.flush()?;
        Ok(self.rows)
    }
}

/// The kind of a failed write leads to what is to be done about it, and csv's own conversion drops it.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn rendering(csv_delimiter: char, csv_formula_escaping: bool) -> Rendering {
        Rendering { csv_delimiter, csv_byte_order_mark: false, csv_formula_escaping, list_length: 0 }
    }

    /// A row of these cells.
    fn row(delimiter: char, cells: &[String]) -> String {
        let mut bytes = Vec::new();
        let mut sheet = Sheet::new(&mut bytes, &rendering(delimiter, true), &vec!["x"; cells.len()]).unwrap();
        let cells: Vec<_> = cells.iter().map(|cell| sheet.cell(cell)).collect();
        sheet.row(cells.iter().map(|cell| &**cell)).unwrap();
        sheet.finish().unwrap();
        String::from_utf8(bytes).unwrap().split_once("\r\n").unwrap().1.to_owned()
    }

    /// What such a row is read as.
    fn read_back(delimiter: char, cells: &[String]) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).delimiter(u8::try_from(delimiter).unwrap());
        let row = row(delimiter, cells);
        let row = reader.from_reader(row.as_bytes()).into_records().next().unwrap().unwrap();
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
            for separator in SEPARATORS {
                let cells = [format!("a{separator}b"), "a.b".to_owned()];
                assert_eq!(row(delimiter, &cells), format!("\"a{separator}b\"{delimiter}a.b\r\n"));
            }
        }
    }
}
