//! The secrets that may be deleted: since when, who has accepted it, and lines for what a reviewer decides. Never cut.

use askama::Template;

use super::{Number, several};
use crate::{
    audit::{AppliedWaiver, Audit, AuditedSecret},
    report::{date, first, messages},
};

/// All of them, those that are unused for the longest time first.
#[derive(Template)]
#[template(path = "unused.html")]
pub(super) struct Unused<'a> {
    rows: Vec<Row<'a>>,
    number: String,
    complete: bool,
    several: bool,
    days_of_grace: u32,
    meaning: &'static str,
    evidence: &'static str,
    review: &'static str,
}

/// One of them.
struct Row<'a> {
    secret: AuditedSecret<'a>,
    waiver: Option<&'a AppliedWaiver>,
    since: String,
    days: Option<Number>,
    first_seen: String,
}

pub(super) fn unused(audit: &Audit) -> Unused<'_> {
    let rows: Vec<Row<'_>> = audit.unused_oldest_first().into_iter().map(Row::of).collect();
    Unused {
        number: messages::open_of_all(audit.unused(), |number| Number(number).to_string()),
        rows,
        complete: audit.is_complete(),
        several: several(audit),
        days_of_grace: audit.parameters.unused_after_days,
        meaning: messages::UNUSED,
        evidence: first::evidence(audit),
        review: messages::REVIEW,
    }
}

impl<'a> Row<'a> {
    fn of(secret: AuditedSecret<'a>) -> Self {
        Self {
            secret,
            waiver: secret.waiver(),
            since: secret.unused_since().map(date).unwrap_or_default(),
            days: secret.unused_days().map(super::days),
            first_seen: secret.record().map(|record| date(record.first_seen)).unwrap_or_default(),
        }
    }
}
