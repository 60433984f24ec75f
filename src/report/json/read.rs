//! `report.json` → what it says. Read dependent by dependent, so that a report of any length never stands in memory whole.
//!
//! Nothing is guessed: what is not as this program writes it makes the report unreadable.

use std::io::Read;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{
    error::ReadError,
    history::HistoryJson,
    types::{HeadJson, SecretJson, WorkspaceJson},
    window::{LONGEST, Window, parse},
};

/// A secret without its dependents.
pub(super) type SecretRead = SecretJson<'static, Option<IgnoredAny>>;
/// A workspace without its secrets.
pub(super) type WorkspaceRead = WorkspaceJson<'static, Option<IgnoredAny>>;

/// Who takes in a report while it is read.
pub(super) trait Reader {
    /// What is read of a dependent.
    type Dependent<'d>: Deserialize<'d>;
    /// Takes in a workspace; its secrets follow.
    fn workspace(&mut self, head: &HeadJson, workspace: WorkspaceRead) -> Result<(), ReadError>;
    /// Takes in the next secret of that workspace; its dependents follow.
    fn secret(&mut self, head: &HeadJson, secret: SecretRead) -> Result<(), ReadError>;
    /// Takes in the next dependent of that secret.
    fn dependent(&mut self, dependent: Self::Dependent<'_>) -> Result<(), ReadError>;
    /// Takes in that there are no more dependents of that secret.
    fn end_secret(&mut self);
}

/// The most bytes of a value that grows with the number of all secrets.
const LONGEST_RECORD: usize = 1 << 30;

/// Reads a report to its end. What stands around the workspaces; there is no history in a report from before there was
/// one.
pub(super) fn read<R: Reader>(
    input: impl Read,
    reader: &mut R,
) -> Result<(HeadJson, Option<HistoryJson<'static>>), ReadError> {
    let mut window = Window::new(input);
    let (mut fields, mut head, mut history) = (Fields::default(), None, None);
    window.object(|window, key| {
        match (key.as_str(), &head) {
            ("workspaces", None) => {
                let told: HeadJson = fields.take()?;
                window.array(|window| workspace(window, &told, reader))?;
                head = Some(told);
            }
            ("history", _) => history = Some(window.take(LONGEST_RECORD, |text| parse(text))?),
            ("changes", None) => {
                fields.add(&key, &window.take(LONGEST_RECORD, |text| parse::<Box<RawValue>>(text))?)?
            }
            (_, None) => fields.add(&key, &window.value::<Box<RawValue>>()?)?,
            (_, Some(_)) => {
                window.value::<IgnoredAny>()?;
            }
        }
        Ok(())
    })?;
    window.end()?;
    let head = head.ok_or_else(|| ReadError::missing_field("workspaces"))?;
    Ok((head, history))
}

fn workspace<R: Reader>(
    window: &mut Window<impl Read>,
    head: &HeadJson,
    reader: &mut R,
) -> Result<(), ReadError> {
    ending_in(window, "secrets", |window, fields| {
        reader.workspace(head, fields.take()?)?;
        window.array(|window| secret(window, head, reader))
    })
}

fn secret<R: Reader>(
    window: &mut Window<impl Read>,
    head: &HeadJson,
    reader: &mut R,
) -> Result<(), ReadError> {
    ending_in(window, "dependents", |window, fields| {
        reader.secret(head, fields.take()?)?;
        window.array(|window| {
            window.take(LONGEST, |text| {
                let read = parse::<R::Dependent<'_>>(text)?;
                Some(read.and_then(|(dependent, length)| Ok((reader.dependent(dependent)?, length))))
            })
        })?;
        reader.end_secret();
        Ok(())
    })
}

/// Takes in an object in which this list stands last. `take` is given the fields before it, and takes in the list.
fn ending_in<R: Read>(
    window: &mut Window<R>,
    list: &'static str,
    mut take: impl FnMut(&mut Window<R>, &mut Fields) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let (mut fields, mut is_over) = (Fields::default(), false);
    window.object(|window, key| {
        if is_over {
            return Err(ReadError::new(format!("the field {key} stands after the {list}")));
        }
        if key == list {
            is_over = true;
            return take(window, &mut fields);
        }
        fields.add(&key, &window.value::<Box<RawValue>>()?)
    })?;
    if is_over { Ok(()) } else { Err(ReadError::missing_field(list)) }
}

/// The fields of an object as they stand in the text: parsed, a list of what nobody asks for would take many times as much.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn add(&mut self, key: &str, value: &RawValue) -> Result<(), ReadError> {
        let key = serde_json::to_string(key).map_err(|error| ReadError::of(&error))?;
        let Self(text) = self;
        if text.len() > LONGEST_RECORD {
            return Err(ReadError::new(format!("an object of more than {LONGEST_RECORD} bytes")));
        }
        text.push(if text.is_empty() { '{' } else { ',' });
        for part in [&key, ":", value.get()] {
            text.push_str(part);
        }
        Ok(())
    }

    /// What they say.
    fn take<T: DeserializeOwned>(&mut self) -> Result<T, ReadError> {
        let Self(mut text) = std::mem::take(self);
        text.push_str(if text.is_empty() { "{}" } else { "}" });
        // Where in this text it shows helps nobody.
        serde_json::from_str(&text).map_err(|error| ReadError::of(&error).nowhere())
    }
}
