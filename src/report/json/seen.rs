//! What an earlier report shows that the next audit may ask for by its id.

use std::io;

use super::{
    SCHEMA_VERSION,
    dependent::DependentJson,
    read::{ReadError, Reader, SecretRead, WorkspaceRead, read},
    types::HeadJson,
};
use crate::inventory::{DependentType, Seen, Visibility, Workspace};

/// Reads what an earlier report saw of the workspace that is being read now.
///
/// # Errors
/// Where it can't be read, or is of a later schema version than this program writes.
pub fn read_seen(input: impl io::Read, workspace: &Workspace) -> Result<Option<Seen>, ReadError> {
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

/// The id of a thing that can be asked for.
enum Kept {
    Agent(String),
    SpeechEngine(String),
}

impl Reader for SeenReader<'_> {
    type Kept = Option<Kept>;

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

    fn keep(&self, read: DependentJson<'_>) -> Result<Self::Kept, ReadError> {
        let is = |dependent_type: DependentType| read.r#type.0 == dependent_type.as_str();
        if read.visibility.0 != Visibility::Available.as_str() {
            return Ok(None);
        }
        let id = || read.id.0.to_string();
        Ok(match () {
            () if is(DependentType::Agent) => Some(Kept::Agent(id())),
            () if is(DependentType::SpeechEngine) => Some(Kept::SpeechEngine(id())),
            () => None,
        })
    }

    fn dependent(&mut self, dependent: &Self::Kept) -> Result<(), ReadError> {
        let (true, Some(seen)) = (self.is_this_one, &mut self.seen) else { return Ok(()) };
        let (ids, id) = match dependent {
            Some(Kept::Agent(id)) => (&mut seen.agents, id),
            Some(Kept::SpeechEngine(id)) => (&mut seen.speech_engines, id),
            None => return Ok(()),
        };
        if !ids.contains(id) {
            ids.insert(id.clone());
        }
        Ok(())
    }

    fn end_secret(&mut self) {}
}
