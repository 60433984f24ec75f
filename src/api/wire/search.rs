//! The search of a document for secrets: for locators where the document has them, and for the id of a secret wherever else
//! it stands, as a value, a key or a word of either. What is not of the type that the document gives it may hide a reference.

use std::{collections::HashMap, fmt, fmt::Write as _, sync::Arc};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    found::{Form, FoundReference, FoundReferences, told},
    shape::{Field, Shape, known_anywhere},
    sought::Sought,
    steps,
};
use crate::{
    api::error::{Malformed, clipped},
    inventory::DependentType,
    text::NAME_LENGTH,
};

/// How many places of one document are told where it mentions one secret.
pub(super) const PLACES_TOLD: usize = 10;
/// How many words of one document are kept that are no known id yet. With more, it has to be read again when all are known.
pub(super) const UNKNOWN_KEPT: usize = 1_000;
/// How many resources one document may name. Of one with more, some are not looked for among what the key sees, and that is
/// said.
const NAMED_KEPT: usize = 100_000;
/// How many references one document may hold. In one with more, some are missed, and that is said.
pub(super) const REFERENCES_KEPT: usize = 100_000;

/// Searches a text that is JSON, and an object with these fields.
pub(super) fn search(text: &str, fields: &'static [Field], sought: &Sought) -> FoundReferences {
    run(text, sought, |search| Value { search, shape: Shaped::Object(fields), is_strict: true })
}

/// Searches fields of which the document knows nothing. Their names may be ids too.
pub(super) fn search_unknown<'f>(
    fields: impl Iterator<Item = (&'f str, &'f RawValue)>,
    sought: &Sought,
) -> FoundReferences {
    let mut text = String::from("{");
    for (name, value) in fields {
        let comma = if text.len() > 1 { "," } else { "" };
        // Writing to a string never fails.
        let _ = write!(text, "{comma}{}:{}", serde_json::Value::from(name), value.get());
    }
    text.push('}');
    run(&text, sought, |search| Value { search, shape: Shaped::Of(&Shape::Any), is_strict: false })
}

fn run<'s>(
    text: &str,
    sought: &'s Sought,
    value: impl for<'v> FnOnce(&'v mut Search<'s>) -> Value<'v, 's>,
) -> FoundReferences {
    steps::count(text.len());
    let mut search = Search::new(sought);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let searched = value(&mut search).deserialize(&mut deserializer);
    let mut found = search.found;
    found.problem = match (searched, search.odd) {
        (Err(_), _) => {
            Some("it could not be searched for references to its end (nested too deep, perhaps)".to_owned())
        }
        // Keys come from whoever can edit the workspace.
        (Ok(()), Some((path, what))) => Some(format!("{} {what}", clipped(&path))),
        (Ok(()), None) if search.has_too_many => Some(format!(
            "it has more than {REFERENCES_KEPT} references to secrets, or names as many resources"
        )),
        (Ok(()), None) => None,
    }
    .map(Malformed);
    found
}

/// What was found so far. A parsed `serde_json::Value` would keep only the last of two equal keys; this sees each.
struct Search<'s> {
    sought: &'s Sought,
    path: Vec<Arc<str>>,
    found: FoundReferences,
    /// How often each id was mentioned.
    mentions: HashMap<String, usize>,
    unknown: usize,
    /// Whether there were more references than are kept.
    has_too_many: bool,
    /// The first place that is not as the document says, and what is wrong with it.
    odd: Option<(String, &'static str)>,
}

impl<'s> Search<'s> {
    fn new(sought: &'s Sought) -> Self {
        Self {
            sought,
            path: Vec::new(),
            found: FoundReferences::default(),
            mentions: HashMap::new(),
            unknown: 0,
            has_too_many: false,
            odd: None,
        }
    }

    fn note_odd(&mut self, is_strict: bool, what: &'static str) {
        if is_strict && self.odd.is_none() {
            self.odd = Some((told(self.path.iter()).join("."), what));
        }
    }

    /// Keeps the ids that a text mentions: the value at this place, or a key in it.
    fn mention(&mut self, text: &str, key: Option<&Arc<str>>) {
        let Self { sought, path, found, mentions, unknown, has_too_many, .. } = self;
        sought.find(text, |word, is_known| {
            if !is_known {
                *unknown += 1;
                if *unknown > UNKNOWN_KEPT {
                    found.has_more_words = true;
                    return;
                }
            }
            let times = mentions.entry(word.to_owned()).or_default();
            *times += 1;
            if *times <= PLACES_TOLD {
                let path = told(path.iter().chain(key));
                let secret_id = word.to_owned();
                *has_too_many |= !keep(found, FoundReference { secret_id, form: Form::Mention, path });
            }
        });
    }

    fn locator(&mut self, id: &str, form: Form) {
        if id.len() > NAME_LENGTH {
            self.note_odd(true, "is longer than any id");
            return;
        }
        let (secret_id, path) = (id.to_owned(), told(self.path.iter()));
        self.has_too_many |= !keep(&mut self.found, FoundReference { secret_id, form, path });
    }

    /// Keeps a resource that the document names, by the key under which it does.
    fn name(&mut self, key: &str, id: &str) {
        let dependent_type = match key {
            "tool_ids" | "tool_id" | "additional_tool_ids" => DependentType::Tool,
            "mcp_server_ids" | "mcp_server_id" | "native_mcp_server_ids" => DependentType::McpServer,
            "agent_ids" | "agent_id" => DependentType::Agent,
            _ => return,
        };
        if id.is_empty() {
            return;
        }
        if id.len() > NAME_LENGTH || self.found.named.len() == NAMED_KEPT {
            self.has_too_many = true;
        } else {
            self.found.named.insert((dependent_type, id.to_owned()));
        }
    }
}

/// Keeps a reference, where there is room for it.
fn keep(found: &mut FoundReferences, reference: FoundReference) -> bool {
    let has_room = found.references.len() < REFERENCES_KEPT;
    if has_room {
        found.references.push(reference);
    }
    has_room
}

/// What the document says of the value that is being read.
#[derive(Clone, Copy)]
enum Shaped {
    Of(&'static Shape),
    Object(&'static [Field]),
    /// A field that may be null.
    OrNull(&'static Shape),
    /// The value of `secret_id` in an object. In a locator it has to be a text.
    SecretId {
        in_locator: bool,
    },
    /// The value, or the values, of a key that may name resources.
    Named(&'static str),
}

/// One value, to be searched.
struct Value<'v, 's> {
    search: &'v mut Search<'s>,
    shape: Shaped,
    /// Whether it stands where the document says what it has to be.
    is_strict: bool,
}

impl Value<'_, '_> {
    /// What is neither a text nor an object nor a list.
    fn scalar(self) {
        let is_right = match self.shape {
            Shaped::Of(Shape::Any) | Shaped::Named(_) => true,
            Shaped::SecretId { in_locator } => !in_locator,
            Shaped::Of(_) | Shaped::Object(_) | Shaped::OrNull(_) => false,
        };
        if !is_right {
            self.search.note_odd(self.is_strict, "is not of the type that the document gives it");
        }
    }

    fn of(&self) -> Option<&'static Shape> {
        match self.shape {
            Shaped::Of(shape) | Shaped::OrNull(shape) => Some(shape),
            Shaped::Object(_) | Shaped::SecretId { .. } | Shaped::Named(_) => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        match self.shape {
            Shaped::SecretId { in_locator: true } if text.is_empty() => {
                self.search.note_odd(self.is_strict, "is empty");
            }
            Shaped::SecretId { in_locator } => {
                // Beyond what the document shows, a text that is called so may be anything, even a credential.
                let is_id = self.search.sought.has_form(text) || self.search.sought.covers(text);
                if in_locator || is_id {
                    if !is_id {
                        self.search.mention(text, None);
                    }
                    let key = self.search.path.pop();
                    let form = if in_locator { Form::Locator } else { Form::LocatorElsewhere };
                    self.search.locator(text, form);
                    self.search.path.extend(key);
                } else {
                    self.search.mention(text, None);
                    self.search.found.unlike_ids += u64::from(!text.is_empty());
                }
                return Ok(());
            }
            Shaped::Of(Shape::Any | Shape::TextOrLocator) => {}
            Shaped::Named(key) => self.search.name(key, text),
            Shaped::Of(_) | Shaped::Object(_) | Shaped::OrNull(_) => {
                self.search.note_odd(self.is_strict, "is not of the type that the document gives it");
            }
        }
        self.search.mention(text, None);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        if !matches!(self.shape, Shaped::OrNull(_)) {
            self.scalar();
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let (shape, is_strict) = match (self.shape, self.of()) {
            (_, Some(Shape::List(inner))) => (Shaped::Of(inner), self.is_strict),
            (Shaped::Named(key), _) => (Shaped::Named(key), false),
            (_, Some(Shape::Any)) | (Shaped::SecretId { in_locator: false }, _) => {
                (Shaped::Of(&Shape::Any), false)
            }
            _ => {
                self.search.note_odd(self.is_strict, "is a list, which the document does not have there");
                (Shaped::Of(&Shape::Any), false)
            }
        };
        for position in 0_u64.. {
            self.search.path.push(position.to_string().into());
            let element = sequence.next_element_seed(Value { search: self.search, shape, is_strict })?;
            self.search.path.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { search, shape, is_strict } = self;
        let kind = match shape {
            Shaped::Object(fields) => Kind::Object(fields),
            Shaped::Of(shape) | Shaped::OrNull(shape) => match shape {
                Shape::Any => Kind::Unknown,
                Shape::Object(fields) => Kind::Object(fields),
                Shape::Map(inner) => Kind::Map(inner),
                Shape::TextOrLocator | Shape::Locator => Kind::Locator,
                Shape::LocatorOrObject => Kind::LocatorOrObject,
                Shape::List(_) => Kind::Misplaced,
            },
            Shaped::SecretId { in_locator: true } => Kind::Misplaced,
            Shaped::SecretId { in_locator: false } | Shaped::Named(_) => Kind::Unknown,
        };
        if matches!(kind, Kind::Misplaced) {
            search.note_odd(is_strict, "is an object, which the document does not have there");
        }
        let (mut is_empty, mut seen) = (true, 0_u32);
        while let Some(key) = map.next_key::<String>()? {
            is_empty = false;
            let key: Arc<str> = key.into();
            let (shape, is_strict) = kind.of_key(&key, is_strict, &mut seen);
            search.mention(&key, Some(&key));
            search.path.push(key);
            map.next_value_seed(Value { search, shape, is_strict })?;
            search.path.pop();
        }
        match kind {
            Kind::Locator if is_empty => search.note_odd(is_strict, "is an object without anything in it"),
            Kind::Object(fields) => {
                let mut missing = fields
                    .iter()
                    .enumerate()
                    .filter(|(at, field)| field.is_required && seen & (1 << at) == 0);
                if let Some((_, field)) = missing.next() {
                    search.path.push(field.name.into());
                    search.note_odd(is_strict, "is missing");
                    search.path.pop();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// What the keys of an object are.
enum Kind {
    Object(&'static [Field]),
    Map(&'static Shape),
    Locator,
    LocatorOrObject,
    Unknown,
    Misplaced,
}

impl Kind {
    /// What stands under a key. `seen` gets a bit for each known field.
    fn of_key(&self, key: &str, is_strict: bool, seen: &mut u32) -> (Shaped, bool) {
        match self {
            Self::Object(fields) => {
                if let Some(at) = fields.iter().position(|field| field.name == key) {
                    *seen |= 1 << at;
                    let Field { shape, is_nullable, .. } = &fields[at];
                    return (if *is_nullable { Shaped::OrNull(shape) } else { Shaped::Of(shape) }, is_strict);
                }
            }
            Self::Map(inner) => return (Shaped::Of(inner), is_strict),
            Self::Locator if key == "secret_id" => return (Shaped::SecretId { in_locator: true }, is_strict),
            Self::LocatorOrObject if key == "secret_id" => {
                return (Shaped::SecretId { in_locator: true }, false);
            }
            Self::Locator | Self::LocatorOrObject | Self::Unknown | Self::Misplaced => {}
        }
        let shape = match key {
            "secret_id" => Shaped::SecretId { in_locator: false },
            "tool_ids" => Shaped::Named("tool_ids"),
            "tool_id" => Shaped::Named("tool_id"),
            "additional_tool_ids" => Shaped::Named("additional_tool_ids"),
            "native_mcp_server_ids" => Shaped::Named("native_mcp_server_ids"),
            "mcp_server_ids" => Shaped::Named("mcp_server_ids"),
            "mcp_server_id" => Shaped::Named("mcp_server_id"),
            "agent_ids" => Shaped::Named("agent_ids"),
            "agent_id" => Shaped::Named("agent_id"),
            key => Shaped::Of(known_anywhere(key).unwrap_or(&Shape::Any)),
        };
        (shape, false)
    }
}
