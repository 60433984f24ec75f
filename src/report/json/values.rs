//! Single values of `report.json`, both ways: texts, moments, and words of which this program knows every one.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

use super::error::ReadError;
use crate::report::timestamp;

/// A text that is borrowed from what it is read from where it stands there as it is. (A `Cow` in an `Option` never is.)
#[derive(Serialize, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl JsonSchema for Text<'_> {
    fn inline_schema() -> bool {
        str::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        str::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        str::json_schema(generator)
    }
}

/// A text as it is.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// A moment as reports show it.
pub(super) fn moment(moment: DateTime<Utc>) -> Cow<'static, str> {
    Cow::Owned(timestamp(moment))
}

/// The moment that a report shows so.
pub(super) fn read_moment(text: &str) -> Result<DateTime<Utc>, ReadError> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment.map(|moment| moment.to_utc()).map_err(|error| ReadError::new(format!("{text:?}: {error}")))
}

/// The same, where there may be none.
pub(super) fn read_optional_moment(text: Option<Cow<'_, str>>) -> Result<Option<DateTime<Utc>>, ReadError> {
    text.map(|text| read_moment(&text)).transpose()
}

/// The one of `all` that has this word; `what` they are, for a message.
pub(super) fn read_word<T: Copy>(
    all: impl IntoIterator<Item = T>,
    as_str: fn(T) -> &'static str,
    what: &str,
    word: &str,
) -> Result<T, ReadError> {
    all.into_iter().find(|one| as_str(*one) == word).ok_or_else(|| unknown(what, word))
}

/// That a word is none of those that this program knows.
pub(super) fn unknown(what: &str, word: &str) -> ReadError {
    ReadError::new(format!("the {what} {word:?} is none that this program knows"))
}

/// A list that is made while it is written, so that a million rows never stand in memory twice.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
