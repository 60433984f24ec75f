//! The machine and every workspace looked at, and what an audit would end with.

use std::{collections::HashMap, sync::Arc};

use super::{
    line::{Line, Standing},
    machine::{Machine, examine},
    sources::{self, Checked, check},
};
use crate::{
    bundle::ReadPolicy,
    config::{Config, Policy, Target, WorkspaceConfig},
    context::RunContext,
    earlier,
    interrupt::Interrupt,
    inventory::Workspace,
    progress::{Progress, Stage},
    text::sentence_list,
    workspaces::{Clients, shows_the_same},
};

/// Everything that was looked at, but for the configuration, without which nothing is.
#[derive(Debug)]
pub struct Checkup {
    /// What this machine has to give.
    pub machine: Machine,
    /// What each key can read.
    pub(crate) workspaces: Vec<Checked>,
    /// What is wrong with the configuration and stops no audit.
    pub(crate) mistakes: Vec<Line>,
}

impl Checkup {
    /// The code with which `check` ends: that of an audit, or 2 where the configuration has to be mended.
    pub fn exit_code(&self) -> u8 {
        if self.mistakes.is_empty() { self.code_of_an_audit() } else { 2 }
    }

    /// The code with which an audit would end, as far as can be told: it opens the output directory before it asks
    /// anything, and fills it last.
    pub(super) fn code_of_an_audit(&self) -> u8 {
        let reading = sources::exit_code(&self.workspaces);
        let nothing_read = Some(reading).filter(|code| matches!(code, 4 | 5));
        self.machine.opening.or(nothing_read).or(self.machine.writing).unwrap_or(reading)
    }
}

/// Looks at this machine, and tries every source of every workspace with its key.
pub async fn check_up(
    config: &Config,
    context: &RunContext,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Checkup {
    let read_policy = ReadPolicy::new(context.pause, config.bundle_files, interrupt);
    let (machine, there) = examine(config, context.user.as_deref(), &read_policy);
    let mut checkup = Checkup { machine, workspaces: Vec::new(), mistakes: Vec::new() };
    let Target::Workspaces(workspaces) = &config.target else { return checkup };
    checkup.mistakes = waivers_of_unknown_workspaces(&config.policy, workspaces);
    let clients = Clients::new(config, context.clock, progress, workspaces.len(), Arc::clone(&config.mask));
    let mut by_id: HashMap<String, String> = HashMap::new();
    for workspace in workspaces {
        let mut checked = match clients.client(workspace) {
            Ok((client, watched)) => {
                let look_back =
                    |listed: &Workspace| earlier::last_seen(&there, listed, &read_policy).ok().flatten();
                let checked = check(&client, &workspace.name, config, &watched, look_back).await;
                watched.reaches(if checked.failure().is_none() { Stage::Read } else { Stage::Failed });
                checked
            }
            Err(error) => Checked::without_client(workspace, &error),
        };
        if let Some(id) = checked.workspace_id.clone() {
            match by_id.get(&id) {
                Some(earlier) => checked.fail(shows_the_same(&workspace.name, &id, earlier)),
                None => drop(by_id.insert(id, workspace.name.clone())),
            }
        }
        checkup.workspaces.push(checked);
    }
    checkup
}

/// Waivers that name a workspace which the configuration has not: most likely a slip, and they hold nowhere. An audit only
/// says that they match nothing, as the waivers of several configurations may stand in one file.
fn waivers_of_unknown_workspaces(policy: &Policy, known: &[WorkspaceConfig]) -> Vec<Line> {
    let known: Vec<&str> = known.iter().map(|workspace| workspace.name.as_str()).collect();
    let waivers = policy.waivers.iter().flatten();
    let unknown = waivers.filter_map(|waiver| {
        let named = waiver.workspace.as_deref().filter(|name| !known.contains(name))?;
        let detail = format!(
            "the waiver of {:?} names the workspace {named:?}, and there is none of that name; there is {}",
            waiver.secret_id,
            sentence_list(&known.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>())
        );
        Some(Line::new(Standing::Failed, "waivers", detail))
    });
    unknown.collect()
}
