//! What uses a secret, as the rows of the table that opens below it; and how many of them there is room for.

use std::io;

use askama::Template;

use super::size;
use crate::{
    audit::{Audit, AuditedSecret},
    inventory::{Dependent, Via, Visibility},
    report::{created_at, messages},
};

/// A dependent as a row shows it.
pub(super) struct Shown<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) number: &'a str,
    pub(super) id: &'a str,
    pub(super) is_visible: bool,
    pub(super) relation: &'static str,
    pub(super) via: Via<'a>,
    pub(super) created: String,
}

/// One such row by itself, to be measured. Rows of a secret include the same template.
#[derive(Template)]
#[template(path = "dependent.html")]
struct Row<'a> {
    dependent: Shown<'a>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(dependent: Dependent<'a>) -> Self {
        let resource = dependent.resource;
        let created = resource.created_at_unix_secs.and_then(created_at).unwrap_or_default();
        Self {
            kind: messages::kind(&resource.dependent_type),
            name: resource.name.as_deref().unwrap_or_default(),
            number: resource.phone_number.as_deref().unwrap_or_default(),
            id: &resource.id,
            is_visible: resource.visibility != Visibility::Unknown,
            relation: messages::relation(dependent),
            via: dependent.via,
            created: created.split('T').next().unwrap_or_default().to_owned(),
        }
    }
}

/// How many dependents each secret can show so that all of them together take at most `room` bytes; `None` if all can.
pub(super) fn most_within(audit: &Audit, room: usize) -> io::Result<Option<usize>> {
    let mut lists: Vec<_> = audit.secrets().map(AuditedSecret::dependents).collect();
    // What the first dependents of all secrets take, then the second ones, and so on, until there is no room left.
    let (mut taken, mut shown) = (0, 0);
    loop {
        lists.retain(|list| list.len() > 0);
        if lists.is_empty() {
            return Ok(None);
        }
        for dependent in lists.iter_mut().filter_map(Iterator::next) {
            taken += size(&Row { dependent: Shown::of(dependent) })?;
            if taken > room {
                return Ok(Some(shown));
            }
        }
        shown += 1;
    }
}
