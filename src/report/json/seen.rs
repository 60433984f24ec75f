//! What an earlier report shows that the next audit may ask for by its id.

use std::io;

use serde::Deserialize;

use super::{
    SCHEMA_VERSION,
    error::ReadError,
    read::{Reader, SecretRead, WorkspaceRead, read},
    types::HeadJson,
    values::Text,
};
use crate::inventory::{DependentType, Seen, Visibility, Workspace};

/// Reads what an earlier report saw of the workspace that is being read now.
///
/// # Errors
/// Where it can't be read, or is of a later schema version than this program writes.
pub(crate) fn read_seen(input: impl io::Read, workspace: &Workspace) -> Result<Option<Seen>, ReadError> {
    let mut reader = SeenReader { workspace, seen: None, is_this_one: false };
    let (head, _) = read(input, &mut reader)?;
    if head.schema_version > SCHEMA_VERSION {
        return Err(ReadError::new(format!("its schema_version is {}", head.schema_version)));
    }
    Ok(reader.seen)
}

struct SeenReader<'w> {
    workspace: &'w Workspace,
    is_this_one: bool,
    seen: Option<Seen>,
}

/// What is needed of a dependent.
#[derive(Deserialize)]
struct DependentRead<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    visibility: Text<'a>,
}

impl Reader for SeenReader<'_> {
    type Dependent<'d> = DependentRead<'d>;

    fn workspace(&mut self, _: &HeadJson, read: WorkspaceRead) -> Result<(), ReadError> {
        self.is_this_one = match (read.workspace_id.as_deref(), self.workspace.workspace_id.as_deref()) {
            (Some(earlier), Some(now)) => earlier == now,
            _ => read.name == self.workspace.name,
        };
        if self.is_this_one {
            self.seen.get_or_insert_default();
        }
        Ok(())
    }

    fn secret(&mut self, _: &HeadJson, read: SecretRead) -> Result<(), ReadError> {
        if let (true, Some(seen)) = (self.is_this_one, &mut self.seen) {
            seen.secrets.insert(read.secret_id.into_owned());
        }
        Ok(())
    }

    fn dependent(&mut self, read: DependentRead<'_>) -> Result<(), ReadError> {
        let (true, Some(seen)) = (self.is_this_one, &mut self.seen) else { return Ok(()) };
        let ids = match DependentType::of_word(&read.r#type.0) {
            DependentType::Agent => &mut seen.agents,
            DependentType::SpeechEngine => &mut seen.speech_engines,
            _ => return Ok(()),
        };
        if read.visibility.0 == Visibility::Available.as_str() && !ids.contains(&*read.id.0) {
            ids.insert(read.id.0.into_owned());
        }
        Ok(())
    }

    fn end_secret(&mut self) {}
}
