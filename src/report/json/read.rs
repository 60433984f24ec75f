//! `report.json` → what it says. Read secret by secret, so that a report of any length never stands in memory whole.
//!
//! Nothing is guessed: what is not as this program writes it makes the report unreadable.

use std::{fmt, io::Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::types::{DependentJson, HeadJson, HistoryJson, SecretJson, WorkspaceJson};

/// Why a report could not be read.
pub type ReadError = serde_json::Error;

pub(super) type SecretRead = SecretJson<'static, Vec<DependentJson<'static>>>;
/// A workspace without its secrets.
pub(super) type WorkspaceRead = WorkspaceJson<'static, Option<IgnoredAny>>;

/// Who takes in a report while it is read.
pub(super) trait Reader {
    /// Takes in a workspace; its secrets follow.
    fn workspace(&mut self, head: &HeadJson, workspace: WorkspaceRead) -> Result<(), ReadError>;
    /// Takes in the next secret of that workspace.
    fn secret(&mut self, head: &HeadJson, secret: SecretRead) -> Result<(), ReadError>;
}

/// Reads a report to its end. What stands around the workspaces; there is no history in a report from before there was
/// one.
pub(super) fn read(
    input: impl Read,
    reader: &mut impl Reader,
) -> Result<(HeadJson, Option<HistoryJson<'static>>), ReadError> {
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let read = Report(reader).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(read)
}

struct Report<'r, R>(&'r mut R);

impl<'de, R: Reader> DeserializeSeed<'de> for Report<'_, R> {
    type Value = (HeadJson, Option<HistoryJson<'static>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Report<'_, R> {
    type Value = (HeadJson, Option<HistoryJson<'static>>);

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut head, mut history) = (Map::new(), None, None);
        while let Some(key) = map.next_key::<String>()? {
            match (key.as_str(), &head) {
                ("workspaces", None) => {
                    let known: HeadJson = from_fields(std::mem::take(&mut fields))?;
                    map.next_value_seed(Workspaces { head: &known, reader: &mut *self.0 })?;
                    head = Some(known);
                }
                ("history", _) => history = Some(map.next_value()?),
                (_, None) => {
                    fields.insert(key, map.next_value()?);
                }
                (_, Some(_)) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let head = head.ok_or_else(|| A::Error::missing_field("workspaces"))?;
        Ok((head, history))
    }
}

struct Workspaces<'r, R> {
    head: &'r HeadJson,
    reader: &'r mut R,
}

impl<'de, R: Reader> DeserializeSeed<'de> for Workspaces<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Workspaces<'_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of workspaces")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut workspaces: A) -> Result<(), A::Error> {
        let Self { head, reader } = self;
        while workspaces.next_element_seed(OneWorkspace { head, reader: &mut *reader })?.is_some() {}
        Ok(())
    }
}

struct OneWorkspace<'r, R> {
    head: &'r HeadJson,
    reader: &'r mut R,
}

impl<'de, R: Reader> DeserializeSeed<'de> for OneWorkspace<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for OneWorkspace<'_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a workspace")
    }

    /// The secrets stand last.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != "secrets" {
                fields.insert(key, map.next_value()?);
                continue;
            }
            let workspace = from_fields(fields)?;
            self.reader.workspace(self.head, workspace).map_err(A::Error::custom)?;
            map.next_value_seed(Secrets { head: self.head, reader: self.reader })?;
            return match map.next_key::<String>()? {
                None => Ok(()),
                Some(key) => Err(A::Error::custom(format!("the field {key} stands after the secrets"))),
            };
        }
        Err(A::Error::missing_field("secrets"))
    }
}

struct Secrets<'r, R> {
    head: &'r HeadJson,
    reader: &'r mut R,
}

impl<'de, R: Reader> DeserializeSeed<'de> for Secrets<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Reader> Visitor<'de> for Secrets<'_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of secrets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut secrets: A) -> Result<(), A::Error> {
        while let Some(secret) = secrets.next_element()? {
            self.reader.secret(self.head, secret).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

fn from_fields<T: serde::de::DeserializeOwned, E: serde::de::Error>(
    fields: Map<String, Value>,
) -> Result<T, E> {
    serde_json::from_value(Value::Object(fields)).map_err(E::custom)
}
