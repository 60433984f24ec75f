//! Who told of a use.

/// A part of the API that can tell of a use, in the order in which an audit asks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `used_by` in the list of secrets, at the first limit.
    Preview,
    /// `used_by` in the list of secrets, at the higher limit.
    HigherLimit,
    /// The list of a secret's dependents of one kind.
    Dependencies,
    /// The workspace's environment variables of type secret.
    EnvironmentVariables,
    /// The workspace's speech engines.
    SpeechEngines,
    /// The workspace's MCP servers.
    McpServers,
    /// The workspace's settings.
    Settings,
    /// The workspace's tools.
    Tools,
    /// The workspace's agents, archived ones too, and their branches.
    Agents,
    /// `used_by` of one secret that was asked for by itself.
    Secret,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 10] = [
        Self::Preview,
        Self::HigherLimit,
        Self::Dependencies,
        Self::EnvironmentVariables,
        Self::SpeechEngines,
        Self::McpServers,
        Self::Settings,
        Self::Tools,
        Self::Agents,
        Self::Secret,
    ];

    /// The places that can hold a secret's id, beside what `used_by` tells.
    pub const SCANNED: [Self; 6] = [
        Self::EnvironmentVariables,
        Self::SpeechEngines,
        Self::McpServers,
        Self::Settings,
        Self::Tools,
        Self::Agents,
    ];

    /// The word for it in the column `source`. Both limits of the list of secrets are `used_by`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview | Self::HigherLimit => "used_by",
            Self::Dependencies => "dependencies",
            Self::EnvironmentVariables => "environment_variables",
            Self::SpeechEngines => "speech_engines",
            Self::McpServers => "mcp_servers",
            Self::Settings => "settings",
            Self::Tools => "tools",
            Self::Agents => "agents",
            Self::Secret => "secret",
        }
    }

    /// Whether an audit may do without it, since `used_by` has a list for what it shows.
    pub(crate) fn may_be_left_out(self) -> bool {
        matches!(self, Self::Tools | Self::Agents)
    }

    /// Where it is asked for.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::Preview | Self::HigherLimit => "/v1/convai/secrets",
            Self::Dependencies => "/v1/convai/secrets/{secret_id}/dependencies/{resource_type}",
            Self::EnvironmentVariables => "/v1/convai/environment-variables",
            Self::SpeechEngines => "/v1/speech-engine",
            Self::McpServers => "/v1/convai/mcp-servers",
            Self::Settings => "/v1/convai/settings",
            Self::Tools => "/v1/convai/tools",
            Self::Agents => "/v1/convai/agents",
            Self::Secret => "/v1/convai/secrets/{secret_id}",
        }
    }
}

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sources(u16);

impl Sources {
    /// Both sets together.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `source` is one of them.
    pub(crate) fn contains(self, source: Source) -> bool {
        self.0 & Self::from(source).0 != 0
    }

    /// Whether none is outside of `these`.
    pub(crate) fn are_within(self, these: &[Source]) -> bool {
        let these = these.iter().fold(Self::default(), |set, source| set.union(Self::from(*source)));
        self.0 & !these.0 == 0
    }

    /// The one that is asked first: the step of the audit that first showed a use.
    pub(crate) fn first(self) -> Option<Source> {
        Source::ALL.into_iter().find(|source| self.contains(*source))
    }

    /// The words for them, each once, in the order in which they are asked.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let mut last = "";
        Source::ALL.into_iter().filter(move |source| self.contains(*source)).filter_map(move |source| {
            let new = source.as_str() != last;
            last = source.as_str();
            new.then_some(last)
        })
    }
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Self(1 << source as u16)
    }
}
