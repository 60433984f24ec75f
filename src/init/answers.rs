//! The questions, and what was answered.

use std::{
    io::{BufRead, Write},
    path::PathBuf,
};

use super::InitError;
use crate::config::{Region, checked_address, is_key, is_variable_name};

/// What was answered. `None`: nothing was asked, and the example's line stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What reports call the workspace.
    pub workspace: Option<String>,
    /// Where the API is: the name of a region, or an address.
    pub place: Option<String>,
    /// Where the key comes from.
    pub key: Option<Key>,
    /// Where bundles go.
    pub dir: Option<String>,
    /// For how many days a secret may be unused before that is an open finding.
    pub grace_days: Option<u32>,
}

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The environment variable of this name.
    Variable(String),
    /// The file at this path.
    File(PathBuf),
}

impl Default for Key {
    fn default() -> Self {
        Self::Variable("ELEVENLABS_API_KEY".to_owned())
    }
}

/// Asks everything; an empty answer takes the default. What doesn't do is asked again, with the reason.
///
/// # Errors
/// Where the answers end, or the streams fail.
pub fn ask(mut answers: impl BufRead, mut questions: impl Write) -> Result<Answers, InitError> {
    let (answers, questions): (&mut dyn BufRead, &mut dyn Write) = (&mut answers, &mut questions);
    writeln!(
        questions,
        "An empty answer takes what stands in brackets; everything can be changed in the file.\n"
    )?;
    let mut dialogue = Dialogue { answers, questions };
    Ok(Answers {
        workspace: Some(dialogue.question("What should reports call the workspace?", "default", name)?),
        place: Some(dialogue.question(
            &format!("Where is it: {}, or an address?", regions()),
            "global",
            place,
        )?),
        key: Some(dialogue.question(
            "Where is its API key: the name of an environment variable, or the path of a file (relative to the \
             configuration)?",
            "ELEVENLABS_API_KEY",
            key,
        )?),
        dir: Some(dialogue.question(
            "Where should reports go (relative to the configuration)?",
            "reports",
            directory,
        )?),
        grace_days: Some(dialogue.question(
            "For how many days may a secret be unused before that is a finding?",
            "0",
            days,
        )?),
    })
}

struct Dialogue<'a> {
    answers: &'a mut dyn BufRead,
    questions: &'a mut dyn Write,
}

impl Dialogue<'_> {
    fn question<T>(
        &mut self,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InitError> {
        loop {
            write!(self.questions, "{question} [{default}] ")?;
            self.questions.flush()?;
            let mut line = Vec::new();
            if self.answers.read_until(b'\n', &mut line)? == 0 {
                writeln!(self.questions)?;
                return Err(InitError::Ended);
            }
            // What is no text is no answer, as no file of text could hold it.
            let answer = String::from_utf8(line).map_err(|_| "that is not UTF-8".to_owned());
            let read = answer.and_then(|answer| match answer.trim() {
                "" => read(default),
                answer if answer.chars().any(char::is_control) => {
                    Err("that holds control characters".to_owned())
                }
                answer => read(answer),
            });
            match read {
                Ok(answer) => return Ok(answer),
                // Never the answer itself: it may be a key.
                Err(why) => writeln!(self.questions, "  {why}")?,
            }
        }
    }
}

fn regions() -> String {
    Region::ALL.iter().map(|region| region.as_str()).collect::<Vec<_>>().join(", ")
}

fn name(answer: &str) -> Result<String, String> {
    if is_key(answer) {
        return Err("that looks like a key; give the workspace a name".to_owned());
    }
    Ok(answer.to_owned())
}

fn place(answer: &str) -> Result<String, String> {
    if Region::is_named(answer) {
        return Ok(answer.to_owned());
    }
    if !answer.contains(':') {
        return Err(format!(
            "that is none of {}, and no address such as https://api.elevenlabs.io",
            regions()
        ));
    }
    checked_address(answer, "this answer").map(|()| answer.to_owned()).map_err(|error| error.to_string())
}

fn key(answer: &str) -> Result<Key, String> {
    if is_key(answer) {
        return Err(
            "that looks like a key; give the variable or the file that holds it, never the key".to_owned()
        );
    }
    Ok(match is_variable_name(answer) {
        true => Key::Variable(answer.to_owned()),
        false => Key::File(path(answer)?.into()),
    })
}

fn directory(answer: &str) -> Result<String, String> {
    if is_key(answer) {
        return Err("that looks like a key; give the path of a directory".to_owned());
    }
    path(answer)
}

/// A path as it will stand in the file, which no shell reads.
fn path(answer: &str) -> Result<String, String> {
    match answer.starts_with(['~', '$']) {
        true => Err("only a shell knows what ~ and $ stand for; write the name or the path out".to_owned()),
        false => Ok(answer.to_owned()),
    }
}

fn days(answer: &str) -> Result<u32, String> {
    answer.parse().map_err(|_| "that is no number of days, such as 0 or 14".to_owned())
}
