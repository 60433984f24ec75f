//! `report.json` → what it says. Read dependent by dependent, so that a report of any length never stands in memory whole.
//!
//! Nothing is guessed: what is not as this program writes it makes the report unreadable.

use std::{
    fmt,
    io::{self, Read},
};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::{
    dependent::DependentJson,
    history::HistoryJson,
    types::{HeadJson, SecretJson, WorkspaceJson},
    window::{Window, parse},
};
use crate::report::memo::Memo;

/// Why a report could not be read, and where in it that shows.
#[derive(Debug)]
pub struct ReadError {
    what: String,
    at: Option<(usize, usize)>,
    is_eof: bool,
    source: Option<io::Error>,
}

impl ReadError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), at: None, is_eof: false, source: None }
    }

    /// The text could not be read on.
    pub(super) fn of_input(source: io::Error) -> Self {
        Self { source: Some(source), ..Self::new("the input could not be read on") }
    }

    pub(super) fn eof(within: &str) -> Self {
        Self { is_eof: true, ..Self::new(format!("EOF while parsing {within}")) }
    }

    pub(super) fn missing_field(field: &str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    /// What is wrong with a value, and where in it.
    pub(super) fn of(error: &serde_json::Error) -> Self {
        let (what, at) = (error.to_string(), (error.line(), error.column()));
        let place = format!(" at line {} column {}", at.0, at.1);
        Self {
            at: Some(at).filter(|(line, _)| *line > 0),
            ..Self::new(what.strip_suffix(&place).unwrap_or(&what))
        }
    }

    /// The same error, where the text in which it shows begins at this line and column.
    pub(super) fn behind(self, (line, column): (usize, usize)) -> Self {
        let at = self.at.map(|at| match at {
            (1, further) => (line, column + further),
            (lines, column) => (line + lines - 1, column),
        });
        Self { at, ..self }
    }

    /// The same error, with the line and the column where it shows unless it has them.
    pub(super) fn at(self, position: (usize, usize)) -> Self {
        Self { at: self.at.or(Some(position)), ..self }
    }

    /// The line and the column where it shows.
    #[cfg(test)]
    pub(super) fn place(&self) -> Option<(usize, usize)> {
        self.at
    }

    /// Whether the report ends before it is whole.
    #[must_use]
    pub fn is_eof(&self) -> bool {
        self.is_eof
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            return write!(formatter, "{source}");
        }
        formatter.write_str(&self.what)?;
        match self.at {
            Some((line, column)) => write!(formatter, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        let kind = match &error.source {
            Some(source) => source.kind(),
            None if error.is_eof => io::ErrorKind::UnexpectedEof,
            None => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// A secret without its dependents.
pub(super) type SecretRead = SecretJson<'static, Option<IgnoredAny>>;
/// A workspace without its secrets.
pub(super) type WorkspaceRead = WorkspaceJson<'static, Option<IgnoredAny>>;

/// Who takes in a report while it is read.
pub(super) trait Reader {
    /// What is kept of a dependent: below other secrets, it looks the same.
    type Kept;
    /// Takes in a workspace; its secrets follow.
    fn workspace(&mut self, head: &HeadJson, workspace: WorkspaceRead) -> Result<(), ReadError>;
    /// Takes in the next secret of that workspace; its dependents follow.
    fn secret(&mut self, head: &HeadJson, secret: SecretRead) -> Result<(), ReadError>;
    /// What is to be kept of a dependent.
    fn keep(&self, dependent: DependentJson<'_>) -> Result<Self::Kept, ReadError>;
    /// Takes in the next dependent of that secret.
    fn dependent(&mut self, dependent: &Self::Kept) -> Result<(), ReadError>;
    /// Takes in that there are no more dependents of that secret.
    fn end_secret(&mut self);
}

/// The most bytes of a value that grows with the number of all secrets.
const LONGEST_RECORD: usize = 1 << 30;

/// The dependents that were read already, by their text.
type Known<R> = Memo<Box<[u8]>, <R as Reader>::Kept>;

/// What is kept of a dependent takes about as many bytes.
const KEPT: usize = 200;

/// A line of more bytes than this is not looked up.
const LONGEST_LINE: usize = 2_000;

/// Reads a report to its end. What stands around the workspaces; there is no history in a report from before there was
/// one.
pub(super) fn read<R: Reader>(
    input: impl Read,
    reader: &mut R,
) -> Result<(HeadJson, Option<HistoryJson<'static>>), ReadError> {
    let mut window = Window::new(input);
    let mut known = Known::<R>::new(|text, _| text.len() + KEPT);
    let (mut fields, mut head, mut history) = (Fields::default(), None, None);
    window.object(|window, key| {
        match (key.as_str(), &head) {
            ("workspaces", None) => {
                let told: HeadJson = fields.take()?;
                window.array(|window| workspace(window, &told, reader, &mut known))?;
                head = Some(told);
            }
            ("history", _) => history = Some(window.value_up_to(LONGEST_RECORD)?),
            ("changes", None) => fields.add(&key, &window.value_up_to::<Box<RawValue>>(LONGEST_RECORD)?)?,
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
    known: &mut Known<R>,
) -> Result<(), ReadError> {
    ending_in(window, "secrets", |window, fields| {
        reader.workspace(head, fields.take()?)?;
        window.array(|window| secret(window, head, reader, known))
    })
}

fn secret<R: Reader>(
    window: &mut Window<impl Read>,
    head: &HeadJson,
    reader: &mut R,
    known: &mut Known<R>,
) -> Result<(), ReadError> {
    ending_in(window, "dependents", |window, fields| {
        reader.secret(head, fields.take()?)?;
        window.array(|window| {
            window.peek()?;
            window.take(|text| dependent(text, reader, known))
        })?;
        reader.end_secret();
        Ok(())
    })
}

/// Takes in the dependent with which this text begins, and says how long that is. `None`: it may go on behind the text.
fn dependent<R: Reader>(
    text: &[u8],
    reader: &mut R,
    known: &mut Known<R>,
) -> Option<Result<((), usize), ReadError>> {
    // In reports as this program lays them out, each dependent is one line. A text that was read as a whole dependent
    // is one wherever it stands.
    let line = &text[..memchr::memchr(b'\n', &text[..text.len().min(LONGEST_LINE)]).unwrap_or(0)];
    let line = line.strip_suffix(b",").unwrap_or(line);
    if let Some(kept) = known.get(line) {
        return Some(reader.dependent(kept).map(|()| ((), line.len())));
    }
    let parsed = parse::<DependentJson<'_>>(text)?;
    Some(parsed.and_then(|(dependent, length)| {
        let kept = known.get_or_make(Box::from(&text[..length]), || reader.keep(dependent))?;
        reader.dependent(kept)?;
        Ok(((), length))
    }))
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
        serde_json::from_str(&text).map_err(|error| ReadError { at: None, ..ReadError::of(&error) })
    }
}
