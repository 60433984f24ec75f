//! Which secrets documents name, in whatever form.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::world::Secret;

/// Objects whose keys are names that people chose: `secret_id` among them is one more name, and no reference.
const MAPS: [&str; 8] = [
    "request_headers",
    "request_meta",
    "values",
    "properties",
    "input_overrides",
    "dynamic_variable_placeholders",
    "nodes",
    "procedures",
];

/// What has been found so far.
pub(crate) struct References<'a> {
    listed: HashSet<&'a str>,
    /// Listed secrets whose id stands somewhere.
    pub(crate) held: BTreeSet<&'a str>,
    /// Others, where `{"secret_id": …}` names them.
    pub(crate) unlisted: BTreeSet<String>,
}

impl<'a> References<'a> {
    pub(crate) fn new(secrets: &'a [Secret]) -> References<'a> {
        let listed = secrets.iter().map(|secret| secret.id.as_str()).collect();
        References { listed, held: BTreeSet::new(), unlisted: BTreeSet::new() }
    }

    pub(crate) fn read(&mut self, document: &Value) {
        self.look_into(document, false);
    }

    fn look_into(&mut self, value: &Value, is_map: bool) {
        match value {
            Value::String(text) => self.look_for_words(text),
            Value::Array(items) => items.iter().for_each(|item| self.look_into(item, false)),
            Value::Object(fields) => {
                if let Some(id) = fields.get("secret_id").and_then(Value::as_str)
                    && !is_map
                    && !self.listed.contains(id)
                {
                    self.unlisted.insert(id.to_owned());
                }
                for (key, value) in fields {
                    self.look_for_words(key);
                    self.look_into(value, !is_map && MAPS.contains(&key.as_str()));
                }
            }
            _ => {}
        }
    }

    fn look_for_words(&mut self, text: &str) {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
        let words = text.split(|character| !is_part(character));
        self.held.extend(words.filter_map(|word| self.listed.get(word)));
    }
}
