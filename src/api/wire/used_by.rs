//! `used_by`: its lists, those that the document knows and any other.

use std::collections::{BTreeSet, HashMap};

use serde_json::value::RawValue;

use super::{
    dependent::{Shown, is_void},
    json::{Object, flag},
    lists::{DependentList, HasMore, ListName},
    room::{MOST_UNKNOWN_NAMES, Room},
};
use crate::api::error::Malformed;

/// All fields of `used_by`, and what is wrong with it as a whole. Standing twice, each counts.
pub(super) fn used_by<'a>(secret: &Object<'a>) -> (Object<'a>, Option<Malformed>) {
    let mut problem = secret.require("used_by").err();
    let mut fields = Object::default();
    for value in secret.all("used_by") {
        match Object::parse(value.get(), "the field used_by") {
            Ok(used_by) => fields.extend(used_by),
            Err(unreadable) => problem = problem.or(Some(unreadable)),
        }
    }
    (fields, problem)
}

/// Every list of it, known or not.
pub(super) fn lists<'a>(used_by: &Object<'a>, room: &mut Room) -> Vec<DependentList<'a>> {
    let by_name = used_by.by_name();
    let all = |name: &str| by_name.get(name).map_or(&[][..], Vec::as_slice);
    let mut lists: Vec<_> = ListName::known()
        .into_iter()
        .map(|name| known_list(used_by, all(name.as_str()), name, room))
        .collect();
    let is_known = |stem: &&str| ListName::known().iter().any(|known| known.as_str() == *stem);
    let unknown: BTreeSet<&str> =
        by_name.keys().map(|field| stem(field)).filter(|stem| !is_known(stem)).collect();
    let flags: HashMap<&str, &[&RawValue]> = by_name
        .iter()
        .filter_map(|(field, values)| Some((field.strip_suffix(HAS_MORE)?, values.as_slice())))
        .collect();
    for field in unknown {
        if !room.takes_name() {
            let problem = format!(
                "the answer has more than {MOST_UNKNOWN_NAMES} names that this program does not know"
            );
            lists.push(DependentList::doubt("used_by", problem));
            break;
        }
        let flags = flags.get(field).copied().unwrap_or_default();
        lists.push(unknown_list(field, all(field), flags, room));
    }
    lists
}

const HAS_MORE: &str = "_has_more";

/// The list that a flag speaks of; of anything else, itself.
fn stem(field: &str) -> &str {
    field.strip_suffix(HAS_MORE).unwrap_or(field)
}

fn known_list<'a>(
    used_by: &Object<'a>,
    values: &[&'a RawValue],
    name: ListName,
    room: &mut Room,
) -> DependentList<'a> {
    let field = name.as_str();
    let mut problem = match used_by.get(field) {
        Ok(None) if !values.is_empty() => Some(Malformed(format!("{field} is null"))),
        Ok(None) if name.is_required() => Some(Malformed(format!("{field} is missing"))),
        Ok(_) => None,
        Err(problem) => Some(problem),
    };
    let mut shown = Shown::default();
    for value in values.iter().filter(|value| value.get() != "null") {
        if let Err(unreadable) = shown.add(&name, value, room) {
            problem = problem.or(Some(unreadable));
        }
    }
    let has_more = used_by.flag(&format!("{field}{HAS_MORE}"));
    shown.list(name, has_more, problem.map(|problem| problem.to_string()))
}

/// A list that the document doesn't know. Anything in it is a use; a text, a number or a flag may tell of uses, so that
/// it is a doubt unless it says that there is none.
fn unknown_list<'a>(
    field: &str,
    values: &[&'a RawValue],
    flags: &[&'a RawValue],
    room: &mut Room,
) -> DependentList<'a> {
    let name = ListName::unrecognized(field);
    let (mut shown, mut problem) = (Shown::default(), None);
    // Standing twice, each counts: nothing that is present is left out.
    for value in values.iter().filter(|value| !is_void(value)) {
        let doubt = match value.get().as_bytes() {
            [b'[' | b'{', ..] => shown.add_unrecognized(&name, value, room).err(),
            _ => Some(Malformed(
                "it is unknown to this program, and may say that something uses the secret".to_owned(),
            )),
        };
        problem = problem.or(doubt);
    }
    let has_more = match flag(flags.iter().copied()) {
        HasMore::Yes if flags.iter().all(|flag| is_void(flag)) => HasMore::No,
        has_more => has_more,
    };
    shown.list(name, has_more, problem.map(|problem| problem.to_string()))
}

/// Whether a field of `used_by` is, or speaks of, a list that the document doesn't know.
pub(super) fn is_unknown_list(field: &str) -> bool {
    !ListName::known().iter().any(|known| known.as_str() == stem(field))
}
