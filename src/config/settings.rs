//! Where each setting came from, for `check` to show.

use std::fmt::Display;

/// One setting as it holds, for `check` to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as the file has it: `[audit] page_size`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where that came from.
    pub origin: Origin,
}

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this name.
    Flag(&'static str),
    /// A variable of this name.
    Environment(String),
    /// The configuration file.
    File,
    /// The configuration file, though a variable of this name says something as well.
    FileOver(&'static str),
    /// Nowhere: it is the default.
    Default,
}

impl Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => formatter.write_str(flag),
            Self::Environment(variable) => write!(formatter, "environment, {variable}"),
            Self::File => formatter.write_str("file"),
            Self::FileOver(variable) => {
                write!(formatter, "file; the variable {variable} is set, and not heeded")
            }
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// The settings met so far.
#[derive(Default)]
pub(super) struct Settings(pub(super) Vec<Setting>);

impl Settings {
    pub(super) fn pick<T: Display>(
        &mut self,
        name: &str,
        flag: Option<(&'static str, T)>,
        file: Option<T>,
        default: T,
    ) -> T {
        self.pick_with(name, flag, file, default, ToString::to_string)
    }

    pub(super) fn pick_with<T>(
        &mut self,
        name: &str,
        flag: Option<(&'static str, T)>,
        file: Option<T>,
        default: T,
        show: impl FnOnce(&T) -> String,
    ) -> T {
        let (value, origin) = match (flag, file) {
            (Some((flag, value)), _) => (value, Origin::Flag(flag)),
            (None, Some(value)) => (value, Origin::File),
            (None, None) => (default, Origin::Default),
        };
        self.note(name, show(&value), origin);
        value
    }

    pub(super) fn note(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.0.push(Setting { name: name.into(), value: value.into(), origin });
    }
}

/// The words for choices, as they are typed.
pub(super) fn names_of<T: Copy>(choices: &[T], as_str: fn(T) -> &'static str) -> String {
    choices.iter().map(|one| as_str(*one)).collect::<Vec<_>>().join(",")
}

/// A value that was typed, with the flag that it was typed after.
pub(super) fn flag<T>(name: &'static str, value: Option<T>) -> Option<(&'static str, T)> {
    value.map(|value| (name, value))
}
