//! Documents that can hold a secret's id. References are found by walking the JSON for objects with a string
//! `secret_id`, wherever they stand: a new place in a known document is then found too.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    HasMore,
    json::{BODY, Object, elements, text_of},
};
use crate::api::error::{Malformed, printable};

/// A secret's id in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReference {
    /// The id.
    pub secret_id: String,
    /// The keys and positions that lead to it, outermost first.
    pub path: Vec<String>,
}

/// One thing that a list shows, with the references in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its id; empty where there is none that can be read.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The id of the workspace that it says it is in.
    pub workspace_id: Option<String>,
    /// The references in it.
    pub references: Vec<FoundReference>,
}

/// A page of things.
#[derive(Debug)]
pub struct HolderPage {
    /// The things on it.
    pub holders: Vec<Holder>,
    /// Where the next page is.
    pub next_cursor: Option<String>,
    /// Whether the server says that there is one.
    pub has_more: HasMore,
    /// What of the page could not be read; the rest of it could.
    pub problem: Option<Malformed>,
}

/// What was found in one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundReferences {
    /// The references, in the order of the document.
    pub references: Vec<FoundReference>,
    /// Where one may have been missed.
    pub problem: Option<Malformed>,
}

/// Where a list, and in its elements the id and the name, stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListShape {
    pub(crate) list: &'static str,
    pub(crate) id: &'static str,
    pub(crate) name: &'static [&'static str],
    /// The field that every element has to have, and in which references stand; lists of what is read one by one have
    /// none.
    pub(crate) content: Option<&'static str>,
    /// Whether the document requires `has_more`.
    pub(crate) is_paged: bool,
}

impl HolderPage {
    pub(crate) fn parse(body: &[u8], shape: ListShape) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        let has_more = page.flag("has_more");
        let mut problem = (shape.is_paged && has_more == HasMore::Absent)
            .then(|| Malformed("the field has_more is missing".to_owned()));
        let mut holders = Vec::new();
        let list = elements(page.require(shape.list)?, &format!("the field {}", shape.list))?;
        for (position, element) in list.into_iter().enumerate() {
            let (holder, doubt) = holder(element, shape);
            problem =
                problem.or(doubt.map(|doubt| Malformed(format!("{}[{position}]: {doubt}", shape.list))));
            holders.push(holder);
        }
        let next_cursor = page.text("next_cursor")?.map(|cursor| cursor.into_owned());
        Ok(Self { holders, next_cursor, has_more, problem })
    }
}

/// What can be read of an element, and what can't.
fn holder(element: &RawValue, shape: ListShape) -> (Holder, Option<Malformed>) {
    let FoundReferences { references, problem } = references(element.get());
    let object = match Object::parse(element.get(), "the element") {
        Ok(object) => object,
        Err(doubt) => return (Holder { references, ..Holder::default() }, Some(doubt)),
    };
    let content = shape.content.map_or(Ok(()), |field| object.require(field).map(drop));
    let (id, doubt) = match object.text(shape.id) {
        Ok(id) => (id.unwrap_or_default().into_owned(), content.err()),
        Err(doubt) => (String::new(), Some(doubt)),
    };
    let workspace_id = object.text("workspace_id").ok().flatten().map(|id| id.into_owned());
    (Holder { id, name: name(object, shape.name), workspace_id, references }, problem.or(doubt))
}

fn name(mut object: Object<'_>, path: &[&str]) -> Option<String> {
    let (last, parents) = path.split_last()?;
    for parent in parents {
        object = Object::parse(object.get(parent).ok()??.get(), "").ok()?;
    }
    Some(object.text(last).ok()??.into_owned())
}

/// Every reference in a whole body. It must be an object that has one of the fields of `content`: what is something else
/// than was asked for holds no reference either, and that says nothing. With `id`, that field must say so too.
pub(crate) fn references_in_body(
    body: &[u8],
    content: &[&str],
    id: Option<(&str, &str)>,
) -> Result<FoundReferences, Malformed> {
    let text = text_of(body)?;
    let object = Object::parse(text, BODY)?;
    if !content.iter().any(|field| object.all(field).next().is_some()) {
        return Err(Malformed(format!("it has no field {}", content.join(" or "))));
    }
    if let Some((field, expected)) = id
        && object.text(field)?.as_deref() != Some(expected)
    {
        return Err(Malformed(format!("its {field} is not the one that was asked for")));
    }
    Ok(references(text))
}

fn references(text: &str) -> FoundReferences {
    let mut search = Search::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let searched = SearchIn(&mut search).deserialize(&mut deserializer);
    let problem = match (searched, search.odd) {
        (Err(_), _) => {
            Some("it could not be searched for references to its end (nested too deep, perhaps)".to_owned())
        }
        (Ok(()), Some(path)) => {
            // Keys come from whoever can edit the workspace.
            Some(format!("{} is neither a string nor null", printable(&path, "")))
        }
        (Ok(()), None) => None,
    };
    FoundReferences { references: search.found, problem: problem.map(Malformed) }
}

/// What was found so far. A parsed `serde_json::Value` would keep only the last of two equal keys; this sees each.
#[derive(Default)]
struct Search {
    path: Vec<String>,
    found: Vec<FoundReference>,
    /// Where a `secret_id` is of a type that says nothing, so that a reference may be missed.
    odd: Option<String>,
}

impl Search {
    fn is_at_secret_id(&self) -> bool {
        self.path.last().is_some_and(|key| key == "secret_id")
    }

    fn note_odd(&mut self) {
        if self.is_at_secret_id() && self.odd.is_none() {
            self.odd = Some(self.path.join("."));
        }
    }
}

struct SearchIn<'s>(&'s mut Search);

impl<'de> DeserializeSeed<'de> for SearchIn<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SearchIn<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.0.is_at_secret_id() {
            let path = self.0.path[..self.0.path.len() - 1].to_vec();
            self.0.found.push(FoundReference { secret_id: text.to_owned(), path });
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.note_odd();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.0.note_odd();
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.0.note_odd();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.note_odd();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        self.0.note_odd();
        for position in 0_u64.. {
            self.0.path.push(position.to_string());
            let element = sequence.next_element_seed(SearchIn(self.0))?;
            self.0.path.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.note_odd();
        while let Some(key) = map.next_key::<String>()? {
            self.0.path.push(key);
            map.next_value_seed(SearchIn(self.0))?;
            self.0.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let FoundReferences { references, problem } = references(text);
        assert_eq!(problem, None);
        references.into_iter().map(|one| (one.secret_id, one.path.join("."))).collect()
    }

    fn pair(secret_id: &str, path: &str) -> (String, String) {
        (secret_id.to_owned(), path.to_owned())
    }

    #[test]
    fn a_reference_is_found_wherever_it_stands() {
        let text = r#"{"a": {"b": [1, {"secret_id": "s1", "x": {"secret_id": "s2"}}]}, "secret_id": "s3"}"#;
        assert_eq!(found(text), [pair("s1", "a.b.1"), pair("s2", "a.b.1.x"), pair("s3", "")]);
    }

    #[test]
    fn of_two_equal_keys_both_count() {
        assert_eq!(found(r#"{"secret_id": "s1", "secret_id": "s2"}"#).len(), 2);
        assert_eq!(found(r#"{"h": {"secret_id": "s1"}, "h": {"secret_id": "s2"}}"#).len(), 2);
    }

    #[test]
    fn no_reference_is_no_reference() {
        assert!(found(r#"{"secret_id": null, "env_var_label": "x", "id": "secret_id"}"#).is_empty());
    }

    #[test]
    fn what_may_hide_a_reference_is_an_error() {
        for odd in ["1", "true", r#"["s1"]"#, r#"{"id": "s1"}"#] {
            let text = format!(r#"{{"h": {{"secret_id": {odd}}}, "i": {{"secret_id": "s2"}}}}"#);
            let FoundReferences { references, problem } = references(&text);
            let problem = problem.unwrap().to_string();
            assert!(problem.starts_with("h.secret_id"), "{problem}");
            assert_eq!(references.len(), 1, "what can be read is kept");
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        assert!(references(&deep).problem.is_some());
    }
}
