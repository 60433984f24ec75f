//! The form of `report.json`, written and read back: an interface, and deliberately not the types of the inside.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

use crate::audit::{Figures, Redaction, SourceRow, Totals};

/// The whole, as it is written. (It is read in parts: see `read`.)
#[derive(Serialize, JsonSchema)]
#[schemars(title = "report.json of elevenlabs-secrets-audit")]
pub(super) struct ReportJson<'a, W, H = HistoryJson<'a>> {
    /// The version of this form.
    #[schemars(extend("const" = super::SCHEMA_VERSION))]
    pub(super) schema_version: u32,
    /// Whether only some secrets were read: then this says nothing of the others.
    pub(super) filtered: bool,
    /// Whether everything was read whole. Only then are the findings to be acted on.
    pub(super) complete: bool,
    /// Which run this is.
    pub(super) run: RunJson<'a>,
    /// The program.
    pub(super) tool: ToolJson<'a>,
    /// What was asked for, and what rendering depends on.
    pub(super) parameters: ParametersJson<'a>,
    /// The totals over all workspaces.
    pub(super) totals: TotalsJson,
    /// The last complete audit: this one, or one before it.
    pub(super) last_complete: Option<EarlierRunJson<'a>>,
    /// What is different from the last complete audit before this one.
    pub(super) changes: ChangesJson<'a>,
    /// Every waiver and what it comes to.
    pub(super) waivers: Vec<WaiverJson<'a>>,
    /// The workspaces that could not be read.
    pub(super) failed_workspaces: Vec<FailedWorkspaceJson<'a>>,
    /// The workspaces that were read.
    pub(super) workspaces: W,
    /// What this audit and those before it saw.
    pub(super) history: H,
}

/// The whole, with nothing left open.
pub(super) type WholeReport =
    ReportJson<'static, Vec<WorkspaceJson<'static, Vec<SecretJson<'static, Vec<DependentJson<'static>>>>>>>;

/// What stands before the workspaces, as it is read.
#[derive(Deserialize)]
pub(super) struct HeadJson {
    pub(super) schema_version: u32,
    pub(super) filtered: bool,
    pub(super) complete: bool,
    pub(super) run: RunJson<'static>,
    pub(super) tool: ToolJson<'static>,
    pub(super) parameters: ParametersJson<'static>,
    #[serde(default)]
    pub(super) changes: ChangesJson<'static>,
    #[serde(default)]
    pub(super) waivers: Vec<WaiverJson<'static>>,
    #[serde(default)]
    pub(super) failed_workspaces: Vec<FailedWorkspaceJson<'static>>,
}

/// A run.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RunJson<'a> {
    /// Its name, which is that of its bundle.
    pub(super) id: Cow<'a, str>,
    /// When it began, RFC 3339, UTC.
    pub(super) started_at: Cow<'a, str>,
    /// When the last answer had been read.
    pub(super) finished_at: Cow<'a, str>,
}

/// A program.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ToolJson<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// Its version.
    pub(super) version: Cow<'a, str>,
}

/// What was asked for.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ParametersJson<'a> {
    /// Secrets per page.
    pub(super) page_size: u32,
    /// Dependents per list in the first walk.
    pub(super) dependency_limit: u32,
    /// Dependents per list where the first limit cut one.
    pub(super) max_dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub(super) search: Cow<'a, str>,
    /// Whether tools and agents were looked into too.
    pub(super) deep: bool,
    /// For how many days a secret may be unused before that is an open finding.
    #[serde(default)]
    pub(super) unused_after_days: u32,
    /// Whether waivers were left out of account.
    #[serde(default)]
    pub(super) waivers_ignored: bool,
    /// What was made unreadable.
    #[serde(default)]
    pub(super) redact: Vec<Redaction>,
    /// What separates cells in CSV files.
    pub(super) csv_delimiter: char,
    /// Whether CSV files begin with a byte order mark.
    pub(super) csv_byte_order_mark: bool,
    /// Whether cells that a spreadsheet would run as a formula begin with an apostrophe.
    pub(super) csv_formula_escaping: bool,
    /// How many entries a list in report.md has at most.
    pub(super) list_length: usize,
}

/// How many secrets have which verdict.
#[derive(Clone, Copy, Serialize, Deserialize, Default, JsonSchema)]
pub(super) struct TotalsJson {
    /// All secrets.
    pub(super) secrets: usize,
    /// Those that something uses.
    pub(super) in_use: usize,
    /// Those that nothing uses.
    pub(super) unused: usize,
    /// Those of which it can't be said.
    pub(super) undetermined: usize,
    /// The rows of dependents, over all secrets.
    pub(super) dependents: usize,
}

impl From<Totals> for TotalsJson {
    fn from(Totals { secrets, in_use, unused, undetermined, dependents }: Totals) -> Self {
        Self { secrets, in_use, unused, undetermined, dependents }
    }
}

impl From<TotalsJson> for Totals {
    fn from(TotalsJson { secrets, in_use, unused, undetermined, dependents }: TotalsJson) -> Self {
        Self { secrets, in_use, unused, undetermined, dependents }
    }
}

/// Another run than this one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct EarlierRunJson<'a> {
    /// Its name, which is that of its bundle.
    pub(super) run: Cow<'a, str>,
    /// When it began.
    pub(super) started_at: Cow<'a, str>,
}

/// What is different from the last complete audit. Without `since` nothing was compared, for the reason `not_compared`.
#[derive(Serialize, Deserialize, Default, JsonSchema)]
pub(super) struct ChangesJson<'a> {
    /// Why nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    /// The audit that this one was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<EarlierRunJson<'a>>,
    /// What is different in each workspace.
    pub(super) workspaces: Vec<WorkspaceChangesJson<'a>>,
}

/// What is different in one workspace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceChangesJson<'a> {
    /// The configured name.
    pub(super) workspace: Cow<'a, str>,
    /// Why it could not be compared; all else is empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    /// Secrets that were not listed before.
    pub(super) new: Vec<SecretNameJson<'a>>,
    /// Secrets that are no longer listed.
    pub(super) gone: Vec<SecretNameJson<'a>>,
    /// Secrets that are unused and were not.
    pub(super) newly_unused: Vec<SecretNameJson<'a>>,
    /// Secrets that are in use and were unused.
    pub(super) back_in_use: Vec<SecretNameJson<'a>>,
    /// Secrets with another name.
    pub(super) renamed: Vec<RenamedSecretJson<'a>>,
    /// Secrets that gained or lost dependents.
    pub(super) dependents: Vec<DependentChangesJson<'a>>,
}

/// A secret by id and name.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct SecretNameJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// Its name.
    pub(super) name: Cow<'a, str>,
}

/// A secret with another name than before.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RenamedSecretJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// The name that it has.
    pub(super) name: Cow<'a, str>,
    /// The name that it had.
    pub(super) earlier_name: Cow<'a, str>,
}

/// What one secret gained and lost.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentChangesJson<'a> {
    /// The secret's id.
    pub(super) secret_id: Cow<'a, str>,
    /// The secret's name.
    pub(super) name: Cow<'a, str>,
    /// How many dependents it gained.
    pub(super) gained: usize,
    /// How many it lost.
    pub(super) lost: usize,
    /// The first of those that it gained.
    pub(super) gained_first: Vec<DependentNameJson<'a>>,
    /// The first of those that it lost.
    pub(super) lost_first: Vec<DependentNameJson<'a>>,
}

/// A dependent by type, id and name.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentNameJson<'a> {
    /// What it is.
    pub(super) r#type: Cow<'a, str>,
    /// Its id.
    pub(super) id: Cow<'a, str>,
    /// Its name; empty where none is known.
    pub(super) name: Cow<'a, str>,
}

/// A waiver and what it comes to.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WaiverJson<'a> {
    /// The secret that may stay unused.
    pub(super) secret_id: Cow<'a, str>,
    /// The configured name of its workspace; left out: whichever has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace: Option<Cow<'a, str>>,
    /// Why it may.
    pub(super) reason: Cow<'a, str>,
    /// Who answers for it.
    pub(super) owner: Cow<'a, str>,
    /// The last day, UTC, on which it holds.
    pub(super) expires: chrono::NaiveDate,
    /// What it comes to.
    #[schemars(extend("enum" = ["holds", "expires_soon", "expired", "matches_nothing", "not_looked_for"]))]
    pub(super) state: Cow<'a, str>,
}

/// A workspace; read without its secrets, which come one by one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceJson<'a, S> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The address that was asked.
    pub(super) address: Cow<'a, str>,
    /// The id that the API gives it, where anything that was read shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    /// Whether everything in it was read whole.
    pub(super) complete: bool,
    /// How many secrets have which verdict.
    pub(super) totals: TotalsJson,
    /// Whether the key sees suspiciously few secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) population_drop: Option<PopulationDropJson>,
    /// Every source and how its reading went, in the order in which they were asked.
    pub(super) sources: Vec<SourceJson<'a>>,
    /// How the reading went, in numbers.
    pub(super) figures: FiguresJson,
    /// What could not be read besides the lists of single secrets.
    pub(super) gaps: Vec<GapJson<'a>>,
    /// Oddities that cost nothing.
    pub(super) warnings: Cow<'a, [String]>,
    /// References to secrets that don't exist.
    pub(super) dangling_references: Vec<ReferenceJson<'a>>,
    /// References to secrets that the key may not see.
    pub(super) references_not_visible: Vec<ReferenceJson<'a>>,
    /// Secrets that were deleted while they were read.
    pub(super) deleted_secrets: Vec<SecretNameJson<'a>>,
    /// The secrets, by name and id.
    pub(super) secrets: S,
}

/// A workspace that could not be read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct FailedWorkspaceJson<'a> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The address that was asked.
    pub(super) address: Cow<'a, str>,
    /// What happened and what to do about it.
    pub(super) error: Cow<'a, str>,
    /// Whether the API refused the key.
    pub(super) key_refused: bool,
}

/// A population that is empty, or less than half of the last one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct PopulationDropJson {
    /// Secrets listed now.
    pub(super) now: usize,
    /// Secrets that the last full audit listed, where there was one.
    pub(super) earlier: Option<usize>,
}

/// One source and how its reading went.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct SourceJson<'a> {
    /// The word for it in `sources` of a dependent.
    pub(super) source: Cow<'a, str>,
    /// Its name, for people.
    pub(super) title: Cow<'a, str>,
    /// Where it was asked for.
    pub(super) endpoint: Cow<'a, str>,
    /// Whether it was read whole.
    #[schemars(extend("enum" = ["read whole", "not needed", "not read whole", "switched off", "not part of this audit"]))]
    pub(super) status: Cow<'a, str>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<Cow<'a, str>>,
    /// Pages and documents that were read.
    pub(super) pages: u64,
    /// Dependents of which no source before it told.
    pub(super) dependents: usize,
}

impl<'a> From<&'a SourceRow> for SourceJson<'a> {
    fn from(row: &'a SourceRow) -> Self {
        Self {
            source: row.source.as_str().into(),
            title: row.title().into(),
            endpoint: row.source.endpoint().into(),
            status: row.status.as_str().into(),
            why: row.status.why().map(Cow::Borrowed),
            pages: row.pages,
            dependents: row.dependents,
        }
    }
}

/// Makes a struct of the same fields and the conversions both ways.
macro_rules! same_fields {
    ($json:ident = $inside:ident { $($field:ident: $type:ty),* $(,)? }) => {
        /// The figures of a reading.
        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(super) struct $json {
            $(pub(super) $field: $type,)*
        }

        impl From<$inside> for $json {
            fn from($inside { $($field),* }: $inside) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$json> for $inside {
            fn from($json { $($field),* }: $json) -> Self {
                Self { $($field),* }
            }
        }
    };
}

same_fields!(
    FiguresJson = Figures {
        secrets_listed: usize,
        secrets_not_listed: usize,
        secrets_deleted: usize,
        secrets_confirmed: usize,
        dependents_previewed: usize,
        dependents_after_completion: usize,
        lists_completed_by_higher_limit: usize,
        lists_completed_by_paging: usize,
        lists_completed_by_scan: usize,
        lists_not_whole: usize,
        list_pages: u64,
        higher_limit_pages: u64,
        dependency_pages: u64,
        requests: u64,
        retries: u64,
    }
);

/// A secret's id found where there is no such secret in the list.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ReferenceJson<'a> {
    /// The id that is referred to.
    pub(super) secret_id: Cow<'a, str>,
    /// What refers to it.
    pub(super) r#type: Cow<'a, str>,
    /// The id of what refers to it.
    pub(super) id: Cow<'a, str>,
    /// The name of what refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Cow<'a, str>>,
    /// Where in it: environments, branches or paths.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: Cow<'a, [String]>,
    /// What is known of the secret.
    pub(super) why: Cow<'a, str>,
}

/// Something that was not read whole.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct GapJson<'a> {
    /// What was not read whole.
    pub(super) what: Cow<'a, str>,
    /// Why.
    pub(super) why: Cow<'a, str>,
}

/// One secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct SecretJson<'a, D> {
    /// The id, which identifies it.
    pub(super) secret_id: Cow<'a, str>,
    /// The name, which may change and need not be unique.
    pub(super) name: Cow<'a, str>,
    /// What is to be said of it.
    #[schemars(extend("enum" = ["in_use", "unused", "undetermined"]))]
    pub(super) verdict: Cow<'a, str>,
    /// Why, in words.
    pub(super) reason: Cow<'a, str>,
    /// Whether every list of its dependents was read whole.
    pub(super) complete: bool,
    /// When the first audit that listed it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen: Option<Cow<'a, str>>,
    /// When the last audit that called it in use began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    /// When the first audit that called it unused began, since it was last called in use; only of a secret that is called unused now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    /// The difference of the UTC dates of that audit and of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_days: Option<u32>,
    /// On how many UTC dates it was called in use or unused.
    #[serde(default)]
    pub(super) nights_observed: u32,
    /// Whether it is unused for fewer days than `unused_after_days`.
    #[serde(default)]
    pub(super) within_grace: bool,
    /// Whether a waiver holds for it.
    #[serde(default)]
    pub(super) waived: bool,
    /// Which of the report's waivers names it, by its state and all else; the first that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<WaiverJson<'a>>,
    /// The lists that were not read whole.
    pub(super) gaps: Vec<GapJson<'a>>,
    /// What uses it, by type, name and id.
    pub(super) dependents: D,
}

/// A text that is borrowed from what it is read from where it stands there as it is. (A `Cow` in an `Option` never is.)
#[derive(Serialize, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl JsonSchema for Text<'_> {
    fn inline_schema() -> bool {
        str::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        str::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        str::json_schema(generator)
    }
}

/// Something that uses a secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentJson<'a> {
    /// What it is: tool, agent, phone_number, mcp_server, other, environment_variable, speech_engine, setting, or the name of a list that this program does not know.
    #[serde(borrow)]
    pub(super) r#type: Text<'a>,
    /// Its id.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// Its name; of a phone number its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    /// Whether the key may see more than its id.
    #[schemars(extend("enum" = ["available", "unknown"]))]
    #[serde(borrow)]
    pub(super) visibility: Text<'a>,
    /// What the key's user may do with it, in the API's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) access_level: Option<Text<'a>>,
    /// Whether it holds the secret itself.
    #[schemars(extend("enum" = ["direct", "transitive"]))]
    #[serde(borrow)]
    pub(super) relation: Text<'a>,
    /// The ids through which it depends on the secret; of an environment variable its environments, of an agent the branches.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[serde(borrow)]
    pub(super) via: Vec<Text<'a>>,
    /// The telephony provider of a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) provider: Option<Text<'a>>,
    /// The number of a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) phone_number: Option<Text<'a>>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) created_at: Option<Text<'a>>,
    /// The parts of the API that told of this use.
    #[serde(borrow)]
    pub(super) sources: Vec<Text<'a>>,
    /// What one part of the API shows of it and another, which should, does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) discrepancy: Option<Text<'a>>,
}

/// What this audit and those before it saw.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct HistoryJson<'a, W = Vec<WorkspaceRecordJson<'a>>> {
    /// The bundle whose history this one continues.
    pub(super) continues: Option<Cow<'a, str>>,
    /// Why it begins here, or what was passed over.
    pub(super) notes: Cow<'a, [String]>,
    /// The last complete audit before this one.
    pub(super) complete_before: Option<EarlierRunJson<'a>>,
    /// The totals of each UTC date on which there was an audit, oldest first.
    pub(super) nights: Vec<NightJson<'a>>,
    /// What is known of each workspace: also of one that failed, or was not part of this audit.
    pub(super) workspaces: W,
}

/// One audit of which only the totals are kept.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct NightJson<'a> {
    /// The name of the run.
    pub(super) run: Cow<'a, str>,
    /// When it began.
    pub(super) started_at: Cow<'a, str>,
    /// Whether everything was read whole.
    pub(super) complete: bool,
    /// The totals of each workspace that was read.
    pub(super) workspaces: Vec<NightTotalsJson<'a>>,
}

/// The totals of one workspace on one night.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct NightTotalsJson<'a> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// Its totals.
    pub(super) totals: TotalsJson,
}

/// What is known of one workspace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceRecordJson<'a, S = Vec<RecordJson<'a>>> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The id that the API gave it, where one was ever seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    /// How many secrets the last audit that read it listed.
    pub(super) secrets_listed: usize,
    /// What is known of each secret, by id; also of one that is gone, for 400 days.
    pub(super) secrets: S,
}

/// What is known of one secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RecordJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// The name that it had when it was last seen.
    pub(super) name: Cow<'a, str>,
    /// When the first audit that listed it began.
    pub(super) first_seen: Cow<'a, str>,
    /// When the last audit that listed it began.
    pub(super) last_seen: Cow<'a, str>,
    /// When the last audit that called it in use or unused began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_observed: Option<Cow<'a, str>>,
    /// When the last audit that called it in use began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    /// When the first audit that called it unused began, since it was last called in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    /// On how many UTC dates it was called in use or unused.
    pub(super) nights_observed: u32,
}

/// A list that is made while it is written, so that a million rows never stand in memory twice.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
