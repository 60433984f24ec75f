//! How many.

use crate::{
    inventory::{DependentType, Secret, Workspace},
    text::{count, sentence_list},
};

/// How many secrets have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All secrets.
    pub secrets: usize,
    /// Those that something uses.
    pub in_use: usize,
    /// Those that nothing uses.
    pub unused: usize,
    /// Those of which it can't be said.
    pub undetermined: usize,
    /// The rows of dependents, over all secrets.
    pub dependents: usize,
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            secrets: sum.secrets + one.secrets,
            in_use: sum.in_use + one.in_use,
            unused: sum.unused + one.unused,
            undetermined: sum.undetermined + one.undetermined,
            dependents: sum.dependents + one.dependents,
        })
    }
}

/// What the unused secrets come to for somebody who has to act. Each is counted in one of the three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnusedCounts {
    /// Open findings: neither waived nor within grace.
    pub open: usize,
    /// Those for which a waiver holds.
    pub waived: usize,
    /// Those within grace that nobody waived.
    pub within_grace: usize,
}

impl UnusedCounts {
    /// All that are unused.
    pub(crate) fn all(self) -> usize {
        self.open + self.waived + self.within_grace
    }
}

/// How many dependents of each kind a secret has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DependentCounts {
    /// Tools.
    pub tools: usize,
    /// Agents.
    pub agents: usize,
    /// Phone numbers.
    pub phone_numbers: usize,
    /// MCP servers.
    pub mcp_servers: usize,
    /// Uses named by a word.
    pub others: usize,
    /// Environment variables.
    pub environment_variables: usize,
    /// Speech engines.
    pub speech_engines: usize,
    /// Settings.
    pub settings: usize,
    /// Dependents of kinds never heard of.
    pub unrecognized: usize,
}

impl DependentCounts {
    pub(super) fn of(workspace: &Workspace, secret: &Secret) -> Self {
        let mut counts = Self::default();
        for dependent in workspace.dependents(secret) {
            *match &dependent.resource.dependent_type {
                DependentType::Tool => &mut counts.tools,
                DependentType::Agent => &mut counts.agents,
                DependentType::PhoneNumber => &mut counts.phone_numbers,
                DependentType::McpServer => &mut counts.mcp_servers,
                DependentType::Other => &mut counts.others,
                DependentType::EnvironmentVariable => &mut counts.environment_variables,
                DependentType::SpeechEngine => &mut counts.speech_engines,
                DependentType::Setting => &mut counts.settings,
                DependentType::Unrecognized(_) => &mut counts.unrecognized,
            } += 1;
        }
        counts
    }

    /// All that aren't tools, agents, phone numbers or MCP servers: tables for people have one column for these.
    pub(crate) fn all_else(self) -> usize {
        self.others + self.environment_variables + self.speech_engines + self.settings + self.unrecognized
    }

    /// The counts that aren't zero, in words: `3 agents and 1 tool`.
    pub(crate) fn in_words(self) -> String {
        let parts: Vec<String> = [
            (self.tools, "tool", "tools"),
            (self.agents, "agent", "agents"),
            (self.phone_numbers, "phone number", "phone numbers"),
            (self.mcp_servers, "MCP server", "MCP servers"),
            (self.others, "other use", "other uses"),
            (self.environment_variables, "environment variable", "environment variables"),
            (self.speech_engines, "speech engine", "speech engines"),
            (self.settings, "setting", "settings"),
            (
                self.unrecognized,
                "use of a kind unknown to this program",
                "uses of kinds unknown to this program",
            ),
        ]
        .into_iter()
        .filter(|(number, _, _)| *number > 0)
        .map(|(number, one, many)| count(number, one, many))
        .collect();
        sentence_list(&parts)
    }
}
