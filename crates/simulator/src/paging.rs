//! What every list has in common: bounds of parameters, cursors, pages.

use std::ops::RangeInclusive;

use serde_json::json;

use super::{
    exchange::{Reply, Request},
    hash,
};

/// The bounds of every `page_size` and of `dependency_limit`. The OpenAPI document gives no minimum for the
/// list of speech engines; nothing below 1 is accepted there either.
const BOUNDS: RangeInclusive<i64> = 1..=100;

/// A parameter that counts, or 422.
pub(super) fn limit(request: &Request, name: &str) -> Result<Option<usize>, Reply> {
    limit_within(request, name, BOUNDS)
}

/// The same with other bounds.
pub(super) fn limit_within(
    request: &Request,
    name: &str,
    bounds: RangeInclusive<i64>,
) -> Result<Option<usize>, Reply> {
    let Some(given) = request.query(name) else { return Ok(None) };
    match given.parse::<i64>() {
        Err(_) => Err(invalid(
            name,
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        )),
        Ok(number) if number < *bounds.start() => {
            let message = format!("Input should be greater than or equal to {}", bounds.start());
            Err(invalid(name, "greater_than_equal", &message))
        }
        Ok(number) if number > *bounds.end() => {
            let message = format!("Input should be less than or equal to {}", bounds.end());
            Err(invalid(name, "less_than_equal", &message))
        }
        Ok(number) => Ok(usize::try_from(number).ok()),
    }
}

/// A parameter that is true or false, or 422.
pub(super) fn flag(request: &Request, name: &str) -> Result<bool, Reply> {
    match request.query(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => {
            Err(invalid(name, "bool_parsing", "Input should be a valid boolean, unable to interpret input"))
        }
    }
}

/// A parameter that is one of a few words, or 422.
pub(super) fn word<'a>(request: &'a Request, name: &str, known: &[&str]) -> Result<Option<&'a str>, Reply> {
    match request.query(name) {
        Some(given) if !known.contains(&given) => Err(not_one_of("query", name, known)),
        given => Ok(given),
    }
}

/// 422 for a value outside an enumeration.
pub(super) fn not_one_of(place: &str, name: &str, known: &[&str]) -> Reply {
    violation(place, name, "enum", &format!("Input should be one of {}", known.join(", ")))
}

pub(super) fn invalid(name: &str, kind: &str, message: &str) -> Reply {
    violation("query", name, kind, message)
}

/// `HTTPValidationError` of the OpenAPI document.
fn violation(place: &str, name: &str, kind: &str, message: &str) -> Reply {
    Reply::json(422, &json!({"detail": [{"loc": [place, name], "msg": message, "type": kind}]}))
}

/// A part of a list, and how to ask for the next one if there is one.
pub(super) struct Page<'a, T> {
    pub(super) items: &'a [T],
    pub(super) next_cursor: Option<String>,
}

/// The page that the request's cursor stands for. `size` is `None` where everything comes at once; `scope`
/// names the list with all that narrows it, since a cursor serves only the query that it came from.
pub(super) fn page<'a, T>(
    request: &Request,
    items: &'a [T],
    size: Option<usize>,
    scope: &[&str],
) -> Result<Page<'a, T>, Reply> {
    let start = match request.query("cursor") {
        None => 0,
        Some(cursor) => position(cursor, scope).ok_or_else(|| {
            let message = "The cursor is malformed, or it belongs to another query.";
            Reply::error(400, "invalid_request", "invalid_cursor", message)
        })?,
    };
    let rest = items.get(start..).unwrap_or_default();
    Ok(match size.and_then(|size| rest.split_at_checked(size)) {
        Some((items, more)) if !more.is_empty() => {
            Page { items, next_cursor: Some(cursor(start + items.len(), scope)) }
        }
        _ => Page { items: rest, next_cursor: None },
    })
}

/// Opaque to clients: a position with a sum over it and the scope.
fn cursor(position: usize, scope: &[&str]) -> String {
    let position = format!("{position:08x}");
    let sum = hash::of(scope.iter().copied().chain([position.as_str()]));
    format!("{sum:016x}{position}")
}

/// The position in a cursor, if it is one that [`cursor`] made for this scope.
fn position(given: &str, scope: &[&str]) -> Option<usize> {
    let position = usize::from_str_radix(given.get(16..)?, 16).ok()?;
    (cursor(position, scope) == given).then_some(position)
}
