//! The sentences that more than one format has. What stands between backticks is code: Markdown takes that as it is, and
//! a page marks it up.
//!
//! What never lives here: text from elsewhere.

use crate::{
    audit::{Audit, AuditedWorkspace, Parameters, UnusedCounts, WaiverState},
    collect::Deep,
    inventory::{Dependent, DependentType, Relation},
};

/// What the words of a report mean.
pub(super) const DEFINITIONS: [(&str, &str); 6] = [
    (
        "Secret",
        "a credential stored in an ElevenLabs workspace, such as the API key of another service. Its value is never read: \
         the API does not return it.",
    ),
    (
        "Dependents",
        "what uses it: tools, agents, phone numbers, MCP servers, environment variables, speech engines, settings. What \
         only mentions it counts as well. A secret without any is a credential that is kept for nothing.",
    ),
    (
        "Mentioned",
        "the secret's id stands there in another form than the one that the API documents, at the place that is named. That \
         is a use like any other.",
    ),
    ("In use", "at least one dependent is known."),
    ("Unused", "every place that this audit reads was read whole, and none names its id."),
    ("Undetermined", "no dependent is known, but something could not be read. Treat it as in use."),
];

/// What is to be said of the list of unused secrets, before what it rests on.
pub(super) const UNUSED: &str = "Of each, every place that this audit reads was read whole and none names its id; read once \
                                 more by itself, it still showed no use.";

/// What is to be said of the lines for a review.
pub(super) const REVIEW: &str = "To be filled in by the reviewer, in a copy: a bundle that is changed is no longer sound. \
                                 Before a secret is deleted, make sure that no other system relies on it, and revoke the \
                                 credential that it stores where that was issued.";

/// A heading, and what is to be said below it.
pub(super) type Section = (&'static str, &'static str);

/// References to secrets that don't exist.
pub(super) const DANGLING: Section =
    ("Dangling references", "Something refers to a secret that the API says does not exist.");

/// References to secrets of which this audit knows nothing.
pub(super) const NOT_VISIBLE: Section = (
    "References to secrets that could not be read",
    "This key may not see them, or they could not be looked up: this audit says nothing of them.",
);

/// Uses of which one part of the API tells and another, which should, does not.
pub(super) const DISCREPANCIES: Section =
    ("Discrepancies", "Two parts of the API, each read whole, tell different things. Both count as use.");

/// Secrets that were deleted while they were read.
pub(super) const DELETED: Section =
    ("Deleted during the audit", "They were listed, and then were gone. They are in no figure.");

/// The lists of waivers; what needs somebody comes first.
pub(super) const WAIVERS: [(WaiverState, &str); 5] = [
    (WaiverState::Expired, "Expired: the findings are open again"),
    (WaiverState::ExpiresSoon, "Expiring within 30 days"),
    (WaiverState::MatchesNothing, "Matching nothing: no such secret was listed"),
    (WaiverState::NotLookedFor, "Not looked for: their workspace was not read, or not all of it"),
    (WaiverState::Holds, "Holding for longer"),
];

/// The name of the figure that the rows of dependents.csv add up to.
pub(super) const ALL_DEPENDENTS: &str = "Dependents with those found elsewhere";

/// The figures of a reading, by name.
pub(super) fn figures(workspace: &AuditedWorkspace) -> [(&'static str, usize); 14] {
    let (figures, totals) = (workspace.figures(), workspace.totals());
    let wide = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    [
        ("Secrets listed", figures.secrets_listed),
        ("… and not listed, but referred to and found", figures.secrets_not_listed),
        ("… and deleted during the audit", figures.secrets_deleted),
        ("Secrets in this report", totals.secrets),
        ("Dependents previewed in the list of secrets", figures.dependents_previewed),
        ("Dependents after completion of every list", figures.dependents_after_completion),
        (ALL_DEPENDENTS, totals.dependents),
        ("Lists completed by the higher limit", figures.lists_completed_by_higher_limit),
        ("Lists completed by paging", figures.lists_completed_by_paging),
        ("Lists completed by reading all MCP servers", figures.lists_completed_by_scan),
        ("Lists not whole", figures.lists_not_whole),
        ("Secrets confirmed as unused by reading them once more", figures.secrets_confirmed),
        ("Requests", wide(figures.requests)),
        ("… of which repetitions", wide(figures.retries)),
    ]
}

/// How a dependent depends, before the names of what it goes through.
pub(super) fn relation(dependent: Dependent<'_>) -> &'static str {
    match (dependent.relation, &dependent.resource.dependent_type) {
        (Relation::Transitive, _) => "transitive, via",
        (Relation::Mentioned, _) => "mentioned, at",
        (Relation::Direct, _) if dependent.via.is_empty() => "direct",
        (Relation::Direct, DependentType::EnvironmentVariable) => "direct, in",
        (Relation::Direct, _) => "direct, also via",
    }
}

/// The words for a kind of dependent. One that this program doesn't know goes by its name in the API.
pub(super) fn kind(dependent_type: &DependentType) -> &str {
    match dependent_type {
        DependentType::Tool => "tool",
        DependentType::Agent => "agent",
        DependentType::PhoneNumber => "phone number",
        DependentType::McpServer => "MCP server",
        DependentType::Other => "other",
        DependentType::EnvironmentVariable => "environment variable",
        DependentType::SpeechEngine => "speech engine",
        DependentType::Setting => "setting",
        DependentType::Unrecognized(list) => list,
    }
}

/// What the tool cannot know.
pub(super) fn limits(parameters: &Parameters) -> impl Iterator<Item = &'static str> {
    const ALWAYS: [&str; 5] = [
        "Secrets that this API key may not see: the list holds what is shared with the key's user.",
        "Drafts of agents, and old versions that somebody can still start: the API shows neither.",
        "Other systems that hold the same value. Deleting a secret here does not revoke the credential it stores.",
        "What was changed after it had been read. Unused secrets were read once more at the end, other places were not.",
        "When a secret was made or last used: the API tells neither. Ages come from earlier audits, and begin with the \
         first.",
    ];
    const WITHOUT_DEEP: &str = "What only a tool's or an agent's own configuration would show: this audit relied on \
                                `used_by` for them (`deep = \"never\"`). By default each is looked into before a \
                                secret is called unused.";
    ALWAYS.into_iter().chain((parameters.deep == Deep::Never).then_some(WITHOUT_DEEP))
}

/// How dependents were read.
pub(super) fn reading(parameters: &Parameters) -> String {
    format!(
        "The API's list of secrets shows of each what uses it (`used_by`), at most {} of a kind. Pages on which that cut \
         something were read again with a limit of {}, and what was still cut was read to its end, page by page. The \
         further places can hold a secret without that list saying so.",
        parameters.dependency_limit, parameters.max_dependency_limit
    )
}

/// The answer in one sentence, its numbers as the format shows them. Where not every unused secret is an open finding, it
/// counts those that are.
pub(super) fn answer(audit: &Audit, number: impl Fn(usize) -> String) -> String {
    let (totals, unused) = (audit.totals(), audit.unused());
    let noun = if totals.secrets == 1 { "secret" } else { "secrets" };
    let of_all = format!("{} {noun}", number(totals.secrets));
    if unused.open < unused.all() {
        let undetermined = match totals.undetermined {
            0 => String::new(),
            undetermined => format!("; {} undetermined", number(undetermined)),
        };
        return format!(
            "{of_all}: {} open {}{undetermined}.",
            number(unused.open),
            of_unused(unused, number)
        );
    }
    let unused = match (totals.unused, totals.undetermined) {
        (0, 0) => format!("None of {of_all} is unused"),
        (0, _) => format!("None of {of_all} can be called unused"),
        (1, _) => format!("1 of {of_all} is unused"),
        (unused, _) => format!("{} of {of_all} are unused", number(unused)),
    };
    match totals.undetermined {
        0 => format!("{unused}."),
        1 => format!("{unused}, and 1 is undetermined."),
        undetermined => format!("{unused}, and {} are undetermined.", number(undetermined)),
    }
}

/// What an open finding is one of: `of 26 unused; 25 within grace`.
pub(super) fn of_unused(unused: UnusedCounts, number: impl Fn(usize) -> String) -> String {
    let others = [(unused.within_grace, "within grace"), (unused.waived, "waived")];
    let others = others.into_iter().filter(|(others, _)| *others > 0);
    let others: Vec<String> = others.map(|(others, what)| format!("{} {what}", number(others))).collect();
    let rest = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
    format!("of {} unused{rest}", number(unused.all()))
}

/// The number beside the heading of the unused secrets: `26`, or `1 open of 26`.
pub(super) fn open_of_all(unused: UnusedCounts, number: impl Fn(usize) -> String) -> String {
    if unused.open == unused.all() {
        number(unused.all())
    } else {
        format!("{} open of {}", number(unused.open), number(unused.all()))
    }
}
