//! Why a report could not be read, for all that read a part of it.

use std::{fmt, io};

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

    /// The same error, without the line and the column where it shows.
    pub(super) fn nowhere(self) -> Self {
        Self { at: None, ..self }
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
