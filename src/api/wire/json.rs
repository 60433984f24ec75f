//! JSON read strictly: an object is an object, a field stands in it once, and no message quotes a value.

use std::{borrow::Cow, collections::HashMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::{HasMore, steps};
use crate::api::error::Malformed;

/// What messages call a whole body.
pub(super) const BODY: &str = "the body";

/// The most fields of one object that are told apart.
pub(super) const MOST_FIELDS: usize = 100_000;

/// An object whose fields are not read yet. What looks like a field twice is an error only for who asks for it.
///
/// To ask for a field takes a look at each, so no more than a few are asked for; who wants all has [`Object::fields`] and
/// [`Object::by_name`].
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads `text`, which messages call `what`.
    pub(super) fn parse(text: &'a str, what: &str) -> Result<Self, Malformed> {
        let object: Self = parse(text).map_err(|error| malformed(what, "an object", &error))?;
        if object.fields.len() > MOST_FIELDS {
            return Err(Malformed(format!("{what} has more than {MOST_FIELDS} fields")));
        }
        Ok(object)
    }

    /// Reads a whole body.
    pub(crate) fn from_body(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(text_of(body)?, BODY)
    }

    /// The value of a field, `None` where it is absent or null.
    pub(super) fn get(&self, field: &str) -> Result<Option<&'a RawValue>, Malformed> {
        let mut values = self.all(field);
        let value = values.next().filter(|value| value.get() != "null");
        if values.next().is_some() {
            return Err(Malformed(format!("the field {field} stands twice in one object")));
        }
        Ok(value)
    }

    /// Every field, in the order in which they stand there.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(name, value)| {
            steps::count(1);
            (&**name, *value)
        })
    }

    /// The same, with names that outlast it.
    pub(super) fn into_fields(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.fields.into_iter().inspect(|_| steps::count(1))
    }

    /// Every value of a field, null included, however often it stands there.
    pub(super) fn all(&self, field: &str) -> impl Iterator<Item = &'a RawValue> {
        self.fields().filter(move |(name, _)| *name == field).map(|(_, value)| value)
    }

    /// Every value of each field.
    pub(super) fn by_name(&self) -> HashMap<&str, Vec<&'a RawValue>> {
        let mut by_name: HashMap<&str, Vec<&'a RawValue>> = HashMap::new();
        for (name, value) in self.fields() {
            by_name.entry(name).or_default().push(value);
        }
        by_name
    }

    /// Adds all fields of another object.
    pub(super) fn extend(&mut self, other: Self) {
        self.fields.extend(other.fields);
    }

    /// The value of a field that must be there.
    pub(super) fn require(&self, field: &str) -> Result<&'a RawValue, Malformed> {
        self.get(field)?.ok_or_else(|| Malformed(format!("the field {field} is missing")))
    }

    /// What a flag says. Standing twice, it says nothing that can be relied on.
    pub(super) fn flag(&self, field: &str) -> HasMore {
        flag(self.all(field))
    }

    /// The value of a field that may be a string, absent or null, and nothing else.
    pub(crate) fn text(&self, field: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.get(field)?
            .map(|value| {
                parse::<Text<'a>>(value.get())
                    .map(|text| text.0)
                    .map_err(|error| malformed(&format!("the field {field}"), "a string", &error))
            })
            .transpose()
    }
}

/// The text of a whole body.
pub(super) fn text_of(body: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(body).map_err(|_| Malformed("the body is not UTF-8".to_owned()))
}

/// What a flag with these values says.
pub(super) fn flag<'a>(values: impl Iterator<Item = &'a RawValue>) -> HasMore {
    let mut values = values.map(RawValue::get);
    match (values.next(), values.next()) {
        (None, _) => HasMore::Absent,
        (Some("false"), None) => HasMore::No,
        _ => HasMore::Yes,
    }
}

/// The one place where a text is parsed.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    steps::count(text.len());
    serde_json::from_str(text)
}

/// Hands on each element of an array, not read yet. They are not kept: a list may have millions. How many there are.
pub(super) fn each<'a>(
    value: &'a RawValue,
    what: &str,
    act: impl FnMut(&'a RawValue),
) -> Result<usize, Malformed> {
    steps::count(value.get().len());
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    Elements(act).deserialize(&mut deserializer).map_err(|error| malformed(what, "a list", &error))
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Elements<F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(element) = sequence.next_element()? {
            (self.0)(element);
            count += 1;
        }
        Ok(count)
    }
}

/// serde_json's own message may quote the value, so only its kind and place are used. The place is one in the body, so
/// of a part of it, which was found to be JSON before, it would mislead.
fn malformed(what: &str, expected: &str, error: &serde_json::Error) -> Malformed {
    let (line, column) = (error.line(), error.column());
    Malformed(match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof if what == BODY => {
            format!("{what} is not valid JSON (line {line}, column {column})")
        }
        _ => format!("{what} is not {expected}"),
    })
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    // One more shows that there are more.
                    if fields.len() <= MOST_FIELDS {
                        fields.push((name.0, value));
                    }
                }
                Ok(Object { fields })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A string that is borrowed from the body where it holds no escapes. (`Option<Cow<str>>` never borrows.)
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A struct that is read from an object only. (A derived struct also takes an array, field by position.)
#[derive(Debug)]
pub(super) struct FromObject<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FromObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
            type Value = FromObject<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(FromObject)
            }
        }
        deserializer.deserialize_map(Map(PhantomData))
    }
}
