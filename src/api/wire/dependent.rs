//! One element of a list of dependents, whatever its shape.

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    json::{FromObject, Object, Text, each, parse},
    lists::{DependentList, HasMore, ListName},
    room::{MOST_DEPENDENTS, MOST_VIA, Room, UnknownField},
};
use crate::{
    api::error::Malformed,
    inventory::{DependentType, Observation, Resource, Visibility},
    text::{NAME_LENGTH, cut},
};

/// The fields of all dependents that the document knows: `DependentAvailable…Identifier`,
/// `DependentUnknown…Identifier` and `DependentPhoneNumberIdentifier`. None is insisted on: an element that is
/// present is a use, whatever it lacks. One with another field is salvaged.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identifier<'a> {
    #[serde(borrow, rename = "type")]
    visibility: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    created_at_unix_secs: Option<UnixSeconds>,
    #[serde(borrow)]
    access_level: Option<Text<'a>>,
    #[serde(borrow)]
    referenced_resource_ids: Option<Via<'a>>,
    #[serde(borrow)]
    phone_number_id: Option<Text<'a>>,
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
    #[serde(borrow)]
    label: Option<Text<'a>>,
    #[serde(borrow)]
    provider: Option<Text<'a>>,
}

/// A moment in whole seconds; parts of a second are left off.
#[derive(Clone, Copy, Debug)]
struct UnixSeconds(i64);

impl<'de> Deserialize<'de> for UnixSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = UnixSeconds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number")
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<UnixSeconds, E> {
                Ok(UnixSeconds(seconds))
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<UnixSeconds, E> {
                i64::try_from(seconds).map(UnixSeconds).map_err(E::custom)
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<UnixSeconds, E> {
                // The cast goes no further than its ends; what lies beyond is no moment.
                match seconds.abs() < i64::MAX as f64 {
                    true => Ok(UnixSeconds(seconds.floor() as i64)),
                    false => Err(E::custom("no moment")),
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// The ids that a use goes through. One more than may be shows that there are more.
#[derive(Debug, Default)]
struct Via<'a>(Vec<Text<'a>>);

impl<'a> Via<'a> {
    fn push(&mut self, id: Text<'a>) {
        if self.0.len() <= MOST_VIA {
            self.0.push(id);
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Via<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;
        impl<'de> Visitor<'de> for Ids {
            type Value = Via<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut via = Via::default();
                while via.0.len() <= MOST_VIA {
                    let Some(id) = sequence.next_element()? else { return Ok(via) };
                    via.push(id);
                }
                while sequence.next_element::<IgnoredAny>()?.is_some() {}
                Ok(via)
            }
        }
        deserializer.deserialize_seq(Ids)
    }
}

/// What a list shows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shown<'a> {
    /// Of several without an id that look the same, one.
    pub(super) observations: Vec<Observation<'a>>,
    pub(super) count: usize,
    pub(super) without_id: usize,
}

impl<'a> Shown<'a> {
    /// Adds the elements of a list that `used_by` or the dependencies endpoint shows.
    pub(super) fn add(
        &mut self,
        list: &ListName,
        value: &'a RawValue,
        room: &mut Room,
    ) -> Result<(), Malformed> {
        let dependent_type = list.dependent_type();
        let mut is_full = false;
        each(value, list.as_str(), |element| {
            is_full |= !self.push(observation(&dependent_type, element), room);
        })?;
        if is_full { Err(too_many()) } else { Ok(()) }
    }

    /// Adds what stands where no list was expected.
    pub(super) fn add_unrecognized(
        &mut self,
        list: &ListName,
        value: &'a RawValue,
        room: &mut Room,
    ) -> Result<(), Malformed> {
        if value.get().starts_with('[') {
            return self.add(list, value, room);
        }
        if self.push(observation(&list.dependent_type(), value), room) { Ok(()) } else { Err(too_many()) }
    }

    /// Adds one. Whether there was room for it.
    pub(super) fn push(&mut self, mut observation: Observation<'a>, room: &mut Room) -> bool {
        self.count += 1;
        let is_whole = observation.via.len() <= room.via;
        observation.via.truncate(room.via);
        if observation.resource.id.is_empty() {
            self.without_id += 1;
            // A list may have millions of them, and together they are one use.
            if self.observations.last() == Some(&observation) {
                return is_whole;
            }
        }
        let has_room = room.dependents > 0;
        if has_room {
            room.dependents -= 1;
            room.via -= observation.via.len();
            self.observations.push(observation);
        }
        has_room && is_whole
    }

    pub(super) fn list(
        self,
        name: ListName,
        has_more: HasMore,
        problem: Option<String>,
    ) -> DependentList<'a> {
        let Self { observations, count, without_id } = self;
        DependentList { name, observations, shown: count, without_id, has_more, problem }
    }
}

fn too_many() -> Malformed {
    Malformed(format!(
        "the answer shows more than {MOST_DEPENDENTS} dependents, or goes through more than {MOST_VIA} ids"
    ))
}

/// Adds the fields of the elements of a known list that the document doesn't know.
pub(super) fn add_unknown_fields<'a>(
    unknown: &mut Vec<UnknownField<'a>>,
    list: &str,
    value: &'a RawValue,
    room: &mut Room,
) {
    // Each name is kept once; `None` where the document knows it.
    let mut names: HashMap<Cow<'a, str>, Option<Arc<str>>> = HashMap::new();
    // What is no list has none.
    let _ = each(value, list, |element| {
        // Nearly always there is none.
        if parse::<FromObject<Identifier<'a>>>(element.get()).is_ok() {
            return;
        }
        let Ok(object) = Object::parse(element.get(), "") else {
            if element.get().starts_with('{') {
                // It has more of them than are told apart.
                room.add_field(unknown, None, element);
            }
            return;
        };
        for (field, value) in object.into_fields() {
            if let Some(name) = names.get(&field) {
                if let Some(name) = name {
                    room.add_field(unknown, Some(Arc::clone(name)), value);
                }
                continue;
            }
            if Identifier::deserialize(&serde_json::json!({ (&*field): null })).is_ok() {
                names.insert(field, None);
            } else if room.takes_name() {
                let name: Arc<str> = format!("{list}.{field}").into();
                room.add_field(unknown, Some(Arc::clone(&name)), value);
                names.insert(field, Some(name));
            } else {
                room.add_field(unknown, None, value);
            }
        }
    });
}

/// Whether a value says nothing: null, false, zero, or empty; or an object of counts, each of nothing.
pub(super) fn is_void(value: &RawValue) -> bool {
    let is_zero = |text: &str| text == "false" || text.parse::<f64>().is_ok_and(|number| number == 0.0);
    match value.get() {
        "null" | "false" | r#""""# => true,
        text if text.starts_with('[') => text[1..].trim_start().starts_with(']'),
        text if text.starts_with('{') => {
            Object::parse(text, "").is_ok_and(|object| object.fields().all(|(_, value)| is_zero(value.get())))
        }
        text => is_zero(text),
    }
}

fn observation<'a>(dependent_type: &DependentType, element: &'a RawValue) -> Observation<'a> {
    let text = element.get();
    if let Ok(FromObject(identifier)) = parse::<FromObject<Identifier<'a>>>(text) {
        return identifier.or_id_by_another_name(dependent_type, element).observation(dependent_type.clone());
    }
    if let Ok(word) = parse(text) {
        return named_by(dependent_type.clone(), word);
    }
    Identifier::salvage(element)
        .or_id_by_another_name(dependent_type, element)
        .observation(dependent_type.clone())
}

/// A use that is named by a word, such as `conversation_initiation_webhook`.
pub(super) fn named_by(dependent_type: DependentType, Text(word): Text<'_>) -> Observation<'_> {
    let word = if word.len() <= NAME_LENGTH { word } else { Cow::default() };
    let resource = Resource { visibility: Visibility::Available, ..Resource::unknown(dependent_type, word) };
    Observation::of_used_by(resource, Vec::new())
}

/// An id, which is a string; a whole number tells one resource from another just as well.
fn id(value: &RawValue) -> Option<Text<'_>> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = || Some(value.get()).filter(digits).map(|text| Text(Cow::Borrowed(text)));
    parse(value.get()).ok().or_else(number)
}

impl<'a> Identifier<'a> {
    /// Of an object with an unknown field, or one of the wrong type, the fields that can be read.
    fn salvage(element: &'a RawValue) -> Self {
        let Ok(object) = Object::parse(element.get(), "") else { return Self::default() };
        let text = |field| object.text(field).ok().flatten().map(Text);
        let field = |field| object.get(field).ok().flatten();
        let via = field("referenced_resource_ids").and_then(|ids| {
            let mut via = Via::default();
            each(ids, "", |one| id(one).into_iter().for_each(|id| via.push(id))).ok()?;
            Some(via)
        });
        Self {
            visibility: text("type"),
            id: field("id").and_then(id),
            name: text("name"),
            created_at_unix_secs: field("created_at_unix_secs").and_then(|value| parse(value.get()).ok()),
            access_level: text("access_level"),
            referenced_resource_ids: via,
            phone_number_id: field("phone_number_id").and_then(id),
            phone_number: text("phone_number"),
            label: text("label"),
            provider: text("provider"),
        }
    }

    pub(super) fn has_id(&self) -> bool {
        self.id.is_some() || self.phone_number_id.is_some()
    }

    /// The id may be called `widget_id` in a list of widgets. Any other field that ends so may be the id of something
    /// that several elements share, so it is taken only where it is the only one.
    fn or_id_by_another_name(mut self, dependent_type: &DependentType, element: &'a RawValue) -> Self {
        if !self.has_id()
            && let Ok(object) = Object::parse(element.get(), "")
        {
            let kind = dependent_type.as_str();
            let own = format!("{}_id", kind.strip_suffix('s').unwrap_or(kind));
            let mut ids = object.fields().filter(|(field, _)| field.ends_with("_id"));
            let only = ids.next().filter(|_| ids.next().is_none()).map(|(_, value)| value);
            self.id = object.get(&own).ok().flatten().or(only).and_then(id);
        }
        self
    }

    pub(super) fn observation(self, dependent_type: DependentType) -> Observation<'a> {
        let text = |text: Option<Text<'a>>| text.map(|text| cut(text.0, NAME_LENGTH));
        let visibility = match (&dependent_type, self.visibility.as_ref().map(|text| &*text.0)) {
            (DependentType::PhoneNumber, _) | (_, Some("available")) => Visibility::Available,
            (_, Some(_)) => Visibility::Unknown,
            // The document gives each form its own default, and only the available one has a name.
            (_, None) if self.name.is_some() => Visibility::Available,
            (_, None) => Visibility::Unknown,
        };
        // Only a phone number is named by `phone_number_id`; elsewhere that is a phone number of another resource.
        let id = match dependent_type {
            DependentType::PhoneNumber => self.phone_number_id.or(self.id),
            _ => self.id.or(self.phone_number_id),
        };
        let resource = Resource {
            dependent_type,
            // One that is longer than any id is none that can be read.
            id: id.map(|id| id.0).filter(|id| id.len() <= NAME_LENGTH).unwrap_or_default(),
            name: text(self.name).or(text(self.label)),
            visibility,
            access_level: text(self.access_level),
            provider: text(self.provider),
            phone_number: text(self.phone_number),
            created_at_unix_secs: self.created_at_unix_secs.map(|UnixSeconds(seconds)| seconds),
        };
        // In the same place: there may be many.
        let Via(via) = self.referenced_resource_ids.unwrap_or_default();
        let via = via.into_iter().map(|id| cut(id.0, NAME_LENGTH)).collect();
        Observation::of_used_by(resource, via)
    }
}
