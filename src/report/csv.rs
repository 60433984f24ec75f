//! `dependents.csv` and `secrets.csv`: RFC 4180 for sheets.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use crate::{
    audit::{Audit, AuditedSecret, Rendering},
    inventory::{Dependent, Relation},
    text::show_hidden,
};

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

const SECRET_COLUMNS: [&str; 24] = [
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
];

/// One row for each secret and dependent, and one with empty cells for each secret without any. How many rows.
pub(super) fn dependents(audit: &Audit, out: impl Write) -> io::Result<usize> {
    let mut sheet = Sheet::new(out, &audit.parameters.rendering, &DEPENDENT_COLUMNS)?;
    for secret in audit.secrets() {
        let mut none = true;
        for dependent in secret.dependents() {
            none = false;
            dependent_row(&mut sheet, secret, dependent)?;
        }
        if none {
            let of_the_secret = [secret.workspace(), secret.id(), secret.name(), secret.verdict().as_str()];
            let no_dependent = [""; DEPENDENT_COLUMNS.len() - 4];
            sheet.row(of_the_secret.into_iter().chain(no_dependent))?;
        }
    }
    sheet.finish()
}

fn dependent_row(
    sheet: &mut Sheet<impl Write>,
    secret: AuditedSecret<'_>,
    dependent: Dependent<'_>,
) -> io::Result<()> {
    let resource = dependent.resource;
    let cell = |text: &'_ Option<Cow<'static, str>>| text.clone().unwrap_or_default();
    let relation = match dependent.relation {
        Relation::Direct => "direct",
        Relation::Transitive => "transitive",
    };
    let created_at = resource.created_at_unix_secs.and_then(super::created_at).unwrap_or_default();
    let sources: Vec<&str> = dependent.sources.names().collect();
    sheet.row([
        secret.workspace(),
        secret.id(),
        secret.name(),
        secret.verdict().as_str(),
        resource.dependent_type.as_str(),
        &resource.id,
        &cell(&resource.name),
        resource.visibility.as_str(),
        &cell(&resource.access_level),
        relation,
        &dependent.via.join(";"),
        &cell(&resource.provider),
        &cell(&resource.phone_number),
        &created_at,
        &sources.join(";"),
    ])
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
        let words = [
            secret.workspace(),
            secret.id(),
            secret.name(),
            secret.verdict().as_str(),
            secret.reason(),
            truth(secret.is_whole()),
        ];
        let first_seen = secret.record().map(|record| super::timestamp(record.first_seen));
        let unused_since = secret.unused_since().map(super::timestamp);
        let unused_days = secret.unused_days().map(|days| days.to_string());
        let waiver = secret.waiver().map(|applied| &applied.waiver);
        let expires = waiver.map(|waiver| waiver.expires.to_string());
        let evidence = [
            first_seen.as_deref().unwrap_or_default(),
            unused_since.as_deref().unwrap_or_default(),
            unused_days.as_deref().unwrap_or_default(),
            truth(secret.is_waived()),
            waiver.map_or("", |waiver| &waiver.reason),
            waiver.map_or("", |waiver| &waiver.owner),
            expires.as_deref().unwrap_or_default(),
        ];
        sheet.row(words.into_iter().chain(numbers.iter().map(String::as_str)).chain(evidence))?;
    }
    sheet.finish()
}

fn truth(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

/// A CSV file being written, in which every cell is escaped once.
struct Sheet<W: Write> {
    writer: ::csv::Writer<W>,
    escape_formulas: bool,
    rows: usize,
}

impl<W: Write> Sheet<W> {
    fn new(mut out: W, rendering: &Rendering, columns: &[&str]) -> io::Result<Self> {
        if rendering.csv_byte_order_mark {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        let mut writer = ::csv::WriterBuilder::new()
            // The configuration takes ASCII only.
            .delimiter(u8::try_from(rendering.csv_delimiter).unwrap_or(b','))
            .terminator(::csv::Terminator::CRLF)
            .from_writer(out);
        writer.write_record(columns)?;
        Ok(Self { writer, escape_formulas: rendering.csv_formula_escaping, rows: 0 })
    }

    fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        for cell in cells {
            // Quotes hold newlines and tabs, so these stay.
            let shown = show_hidden(cell, &['\n', '\r', '\t']);
            if self.escape_formulas && needs_apostrophe(&shown) {
                self.writer.write_field(format!("'{shown}"))?;
            } else {
                self.writer.write_field(shown.as_ref())?;
            }
        }
        self.writer.write_record(None::<&[u8]>)?;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<usize> {
        self.writer.flush()?;
        Ok(self.rows)
    }
}

/// Whether a spreadsheet would run a cell as a formula, or the apostrophe that prevents it could not be told from the
/// cell's own. A plus sign and digits, as in a telephone number, are no formula.
fn needs_apostrophe(cell: &str) -> bool {
    match cell.chars().next() {
        Some('+') => !(cell.len() > 1 && cell[1..].bytes().all(|byte| byte.is_ascii_digit())),
        Some('=' | '-' | '@' | '\t' | '\r' | '\n' | '\'' | '＝' | '＋' | '－' | '＠') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_telephone_numbers_are_not() {
        for formula in
            ["=1+1", "+1+1", "+", "-1", "@SUM(A1)", "\t=1", "\r=1", "'quoted", "＝1", "＋1", "－1", "＠x"]
        {
            assert!(needs_apostrophe(formula), "{formula:?}");
        }
        for plain in ["", "a=1", "+15550100", "1+1", " =1", "stripe-key"] {
            assert!(!needs_apostrophe(plain), "{plain:?}");
        }
    }
}
