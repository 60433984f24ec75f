//! One entry of a list of dependents, as the API shows it.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

/// A dependent: its JSON, made once. Copies share it, so a workspace may list some thousand resources a million
/// times, and an answer is put together without making any of it again.
#[derive(Clone, Debug)]
pub struct Dependent(Arc<RawValue>);

impl Dependent {
    /// What the API shows of it.
    pub fn json(&self) -> Value {
        // It came from a value, so it can be read as one.
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

impl From<Value> for Dependent {
    fn from(value: Value) -> Dependent {
        // All keys of a value are strings, and nothing else can fail.
        let text = serde_json::value::to_raw_value(&value);
        Dependent(text.map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from))
    }
}

impl From<Dependent> for Value {
    fn from(dependent: Dependent) -> Value {
        dependent.json()
    }
}

impl Serialize for Dependent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
