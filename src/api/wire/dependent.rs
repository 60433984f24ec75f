//! One element of a list of dependents, whatever its shape.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::value::RawValue;

use super::{
    json::{FromObject, Object, Text, elements},
    secret::UnknownField,
    used_by::ListName,
};
use crate::{
    api::error::Malformed,
    inventory::{DependentType, Resource, Sighting, Visibility},
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
    referenced_resource_ids: Option<Vec<Text<'a>>>,
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

/// The elements of a list that `used_by` or the dependencies endpoint shows.
pub(super) fn sightings<'a>(list: &ListName, value: &'a RawValue) -> Result<Vec<Sighting<'a>>, Malformed> {
    let dependent_type = list.dependent_type();
    // Almost every list has the document's shape: read in one go. Where one element doesn't fit, each is
    // read for itself, so that the odd one costs the others nothing.
    if !matches!(list, ListName::Others | ListName::Unrecognized(_))
        && let Ok(identifiers) = serde_json::from_str::<Vec<FromObject<Identifier<'a>>>>(value.get())
        && identifiers.iter().all(|one| one.0.has_id())
    {
        return Ok(identifiers.into_iter().map(|one| one.0.sighting(dependent_type.clone())).collect());
    }
    let elements = elements(value, list.as_str())?;
    Ok(elements.into_iter().map(|element| sighting(&dependent_type, element)).collect())
}

/// The fields of the elements of a known list that the document doesn't know.
pub(super) fn unknown_fields<'a>(list: &str, value: &'a RawValue) -> Vec<UnknownField<'a>> {
    // Nearly always there is none.
    if serde_json::from_str::<Vec<FromObject<Identifier<'a>>>>(value.get()).is_ok() {
        return Vec::new();
    }
    let elements = elements(value, list).unwrap_or_default();
    let objects = elements.into_iter().filter_map(|element| Object::parse(element.get(), "").ok());
    let fields = objects.flat_map(|object| object.fields);
    fields
        .filter(|(field, _)| Identifier::deserialize(&serde_json::json!({ field.as_ref(): null })).is_err())
        .map(|(field, value)| UnknownField { name: format!("{list}.{field}"), value })
        .collect()
}

/// What stands where no list was expected.
pub(super) fn unrecognized<'a>(list: &ListName, value: &'a RawValue) -> Vec<Sighting<'a>> {
    let elements = if value.get().starts_with('[') { sightings(list, value).ok() } else { None };
    elements.unwrap_or_else(|| vec![sighting(&list.dependent_type(), value)])
}

/// Whether a value says nothing: null, false, zero, or empty; or an object of counts, each of nothing.
pub(super) fn is_void(value: &RawValue) -> bool {
    let is_zero = |text: &str| text == "false" || text.parse::<f64>().is_ok_and(|number| number == 0.0);
    match value.get() {
        "null" | "false" | r#""""# => true,
        text if text.starts_with('[') => elements(value, "").is_ok_and(|elements| elements.is_empty()),
        text if text.starts_with('{') => Object::parse(text, "")
            .is_ok_and(|object| object.fields.iter().all(|(_, value)| is_zero(value.get()))),
        text => is_zero(text),
    }
}

fn sighting<'a>(dependent_type: &DependentType, element: &'a RawValue) -> Sighting<'a> {
    let text = element.get();
    if let Ok(FromObject(identifier)) = serde_json::from_str::<FromObject<Identifier<'a>>>(text) {
        return identifier.or_id_by_another_name(dependent_type, element).sighting(dependent_type.clone());
    }
    if let Ok(word) = serde_json::from_str(text) {
        return named_by(dependent_type.clone(), word);
    }
    Identifier::salvage(element)
        .or_id_by_another_name(dependent_type, element)
        .sighting(dependent_type.clone())
}

/// A use that is named by a word, such as `conversation_initiation_webhook`.
pub(super) fn named_by(dependent_type: DependentType, Text(word): Text<'_>) -> Sighting<'_> {
    let resource = Resource { visibility: Visibility::Available, ..Resource::unknown(dependent_type, word) };
    Sighting::of_used_by(resource, Vec::new())
}

/// An id, which is a string; a whole number tells one resource from another just as well.
fn id(value: &RawValue) -> Option<Text<'_>> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = || Some(value.get()).filter(digits).map(|text| Text(Cow::Borrowed(text)));
    serde_json::from_str(value.get()).ok().or_else(number)
}

impl<'a> Identifier<'a> {
    /// Of an object with an unknown field, or one of the wrong type, the fields that can be read.
    fn salvage(element: &'a RawValue) -> Self {
        let Ok(object) = Object::parse(element.get(), "") else { return Self::default() };
        let text = |field| object.text(field).ok().flatten().map(Text);
        let field = |field| object.get(field).ok().flatten();
        let via = field("referenced_resource_ids").and_then(|ids| elements(ids, "").ok());
        Self {
            visibility: text("type"),
            id: field("id").and_then(id),
            name: text("name"),
            created_at_unix_secs: field("created_at_unix_secs")
                .and_then(|value| serde_json::from_str(value.get()).ok()),
            access_level: text("access_level"),
            referenced_resource_ids: via.map(|ids| ids.into_iter().filter_map(id).collect()),
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
            let mut ids = object.fields.iter().filter(|(field, _)| field.ends_with("_id"));
            let only = ids.next().filter(|_| ids.next().is_none()).map(|(_, value)| *value);
            self.id = object.get(&own).ok().flatten().or(only).and_then(id);
        }
        self
    }

    pub(super) fn sighting(self, dependent_type: DependentType) -> Sighting<'a> {
        let text = |text: Option<Text<'a>>| text.map(|text| text.0);
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
            id: text(id).unwrap_or(Cow::Borrowed("")),
            name: text(self.name).or(text(self.label)),
            visibility,
            access_level: text(self.access_level),
            provider: text(self.provider),
            phone_number: text(self.phone_number),
            created_at_unix_secs: self.created_at_unix_secs.map(|UnixSeconds(seconds)| seconds),
        };
        let via = self.referenced_resource_ids.into_iter().flatten().map(|id| id.0).collect();
        Sighting::of_used_by(resource, via)
    }
}
