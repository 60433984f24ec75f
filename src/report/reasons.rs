//! What was not read whole, why, and what is said of a secret for it: the only place with words for that. They are the same
//! in every format, on the terminal, in the journal and in `check`.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::{Display, Formatter, Result},
};

use crate::{
    audit::{Audit, AuditedSecret, Evidence, Verdict},
    inventory::{DependentType, Gap, Missing, Source, Why},
    text::{count, cut},
};

impl Display for Gap {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Self { what, why } = self;
        match (what, why) {
            (Missing::Confirmation, Why::NotAsked) => out.write_str("it was not read once more by itself"),
            (Missing::Place { .. }, Why::NotAsked) => write!(out, "{what} not read"),
            (Missing::Place { .. }, Why::NotPartOfThisAudit) => write!(out, "{what} {why}"),
            (Missing::Place { .. }, Why::SwitchedOff) => write!(out, "{what} {why}: switch it on"),
            (Missing::Place { .. }, _) => write!(out, "{what} not read whole: {why}"),
            _ => write!(out, "{what}: {why}"),
        }
    }
}

impl Display for Missing {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str(match self {
            Self::List { dependent_type } => list(dependent_type),
            Self::FurtherLists => "further lists that this program does not know",
            Self::Confirmation => "confirmation",
            Self::Field { name } => return write!(out, "field {name} of secrets"),
            Self::FurtherPages => "further pages or fields of the list of secrets",
            Self::Secrets => "list of secrets",
            Self::SecretsOnceMore => "list of secrets, walked once more",
            Self::Page { page, limit } => {
                return write!(out, "page {page} of the secrets with dependency_limit={limit}");
            }
            Self::LastAudit => "what the last complete audit saw",
            Self::Secret { secret_id, is_referred_to } => {
                let why = if *is_referred_to { "is referred to" } else { "the last complete audit listed" };
                return write!(out, "secret {secret_id}, which {why}");
            }
            Self::Place { source } => source.as_str(),
            Self::View => "this key does not see the whole workspace",
            Self::Told(words) => words,
        })
    }
}

impl Display for Why {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let words = match self {
            Self::Told(words) => return out.write_str(words),
            Self::Cut(limit) => format!("cut at {limit}"),
            Self::AsLongAsLimit(limit) => {
                format!("as long as the limit of {limit}, with no flag to say whether it was cut")
            }
            Self::Contradictory => {
                "paged to its end it shows nothing, and read again it still says that there is more".into()
            }
            Self::RestNotRead(doubt, error) => format!("{doubt}, and the rest could not be read: {error}"),
            Self::ServersNotRead(doubt, servers) => {
                let what = Missing::Place { source: Source::McpServers };
                format!("{doubt}; {}", Gap::new(what, *servers.clone()))
            }
            Self::ServersHidden(doubt) => {
                format!("{doubt}; it shows MCP servers that this key cannot list, so it may have more of them")
            }
            Self::MoreThan(told) => format!("more than {told} were not read; the first in order are told"),
            Self::Shifting(walks) => {
                format!("it showed something new in each of {walks} walks; run the audit at a quieter time")
            }
            Self::UnsearchableIds => {
                "ids of secrets have characters other than letters, digits, _ and -, and too many lengths to be searched for; \
                 report these ids to the vendor"
                    .into()
            }
            Self::EarlierReport(error) => format!("its report.json cannot be read: {error}"),
            Self::Deadline => "[http] run_timeout_seconds passed while bundles were read".into(),
            Self::NotFoundByItself(error) => {
                let seen = error.as_deref().unwrap_or("its dependents can be asked for");
                format!("it is listed, but asked for by itself it is answered with 404; {seen}")
            }
            Self::NoneByItself => {
                "asked for by itself it is answered with 404, but no other secret can be asked for either".into()
            }
            Self::NotAsked => "it was not asked".into(),
            Self::SwitchedOff => "switched off in the configuration".into(),
            Self::NotPartOfThisAudit => "not part of this audit".into(),
            Self::Hidden(sign, others) => {
                let others = if *others > 0 { format!(" (and {others} more signs)") } else { String::new() };
                format!(
                    "{sign}{others}; use a key of a workspace admin that is limited to convai_read, share what is named with \
                     the key's user, or set [audit] partial_view = \"accept\""
                )
            }
            Self::Lists(number) => count(*number, "list is not whole", "lists are not whole"),
            Self::Secrets(number) => count(*number, "secret could not be read", "secrets could not be read"),
            Self::Gaps(gaps) => gaps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        };
        out.write_str(&words)
    }
}

/// The name of the list under `used_by` that holds dependents of this type.
fn list(dependent_type: &DependentType) -> &str {
    match dependent_type {
        DependentType::Agent => "agents",
        DependentType::McpServer => "mcp_servers",
        DependentType::Other => "others",
        DependentType::PhoneNumber => "phone_numbers",
        DependentType::Tool => "tools",
        other => other.as_str(),
    }
}

/// The code for why the verdict on a secret is what it is.
pub(super) fn reason_code(secret: AuditedSecret<'_>) -> &'static str {
    match secret.verdict() {
        Verdict::InUse if secret.is_whole() => "used",
        Verdict::InUse => "used_at_least",
        Verdict::Unused if secret.is_within_grace() => "within_grace",
        Verdict::Unused => "unused",
        Verdict::Undetermined => "not_read_whole",
    }
}

/// Why the verdict on a secret is what it is.
pub(crate) fn reason(secret: AuditedSecret<'_>) -> Cow<'_, str> {
    if let Some(told) = secret.told_reason() {
        return told.into();
    }
    let missing = || shortened(&secret.missing()).join("; ");
    let uses = || secret.counts().in_words();
    let reason = match secret.verdict() {
        Verdict::InUse if secret.is_whole() => format!("used by {}", uses()),
        Verdict::InUse => format!("used by at least {}; not read whole: {}", uses(), missing()),
        Verdict::Unused => {
            let inspected =
                if secret.evidence() == Some(Evidence::Inspected) { ", tools, agents" } else { "" };
            let grace = secret
                .grace()
                .map(|(days, of_days)| format!("; within grace: unused for {days} of {of_days} days"));
            format!(
                "every place that this audit reads (what the API says uses it, environment variables, speech engines, MCP \
                 servers, settings{inspected}) was read whole and none holds a reference; read once more by itself, it still \
                 shows no use{}",
                grace.unwrap_or_default()
            )
        }
        Verdict::Undetermined => format!("no use is known, but a use could be missed: {}", missing()),
    };
    reason.into()
}

/// The secrets of which it can't be said whether something uses them, by what is missing: most often that is the same for
/// many.
pub(super) fn undetermined(audit: &Audit) -> BTreeMap<Cow<'_, str>, Vec<AuditedSecret<'_>>> {
    let mut by_reason: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for secret in audit.secrets().filter(|secret| secret.verdict() == Verdict::Undetermined) {
        by_reason.entry(reason(secret)).or_default().push(secret);
    }
    by_reason
}

/// How many gaps are told as the reason of one secret.
pub(super) const MOST_TOLD: usize = 20;

/// The longest of them, and of all of one secret together the most that is told, in bytes: they may be the same for each.
const LONGEST: usize = 1_000;
const LONGEST_TOGETHER: usize = 2_000;

/// The first of these, and how many more there are: thousands may be the same for each secret.
fn shortened(gaps: &[Cow<'_, Gap>]) -> Vec<String> {
    let mut length = 0;
    let mut told: Vec<String> = gaps
        .iter()
        .take(MOST_TOLD)
        .map(|gap| cut(gap.to_string().into(), LONGEST).into_owned())
        .take_while(|gap| {
            let is_told = length == 0 || length + gap.len() <= LONGEST_TOGETHER;
            length += gap.len();
            is_told
        })
        .collect();
    if told.len() < gaps.len() {
        told.push(format!("and {} more", gaps.len() - told.len()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_may_be_missing_has_its_sentence_with_what_to_do_about_it() {
        let told = |words: &str| Why::from(words.to_owned());
        let cut = || Box::new(Why::Cut(100));
        let list = |dependent_type| Missing::List { dependent_type };
        let place = |source| Missing::Place { source };
        let secret = |is_referred_to| Missing::Secret { secret_id: "sec".to_owned(), is_referred_to };
        for (what, why, sentence) in [
            (list(DependentType::Tool), *cut(), "tools: cut at 100"),
            (
                list(DependentType::Other),
                Why::AsLongAsLimit(100),
                "others: as long as the limit of 100, with no flag to say whether it was cut",
            ),
            (
                list(DependentType::Agent),
                Why::RestNotRead(cut(), "status 403; ask".to_owned()),
                "agents: cut at 100, and the rest could not be read: status 403; ask",
            ),
            (
                list(DependentType::PhoneNumber),
                Why::Contradictory,
                "phone_numbers: paged to its end it shows nothing, and read again it still says that there is more",
            ),
            (
                list(DependentType::McpServer),
                Why::ServersNotRead(cut(), Box::new(told("status 403; ask"))),
                "mcp_servers: cut at 100; mcp_servers not read whole: status 403; ask",
            ),
            (
                list(DependentType::McpServer),
                Why::ServersNotRead(cut(), Box::new(Why::SwitchedOff)),
                "mcp_servers: cut at 100; mcp_servers switched off in the configuration: switch it on",
            ),
            (
                list(DependentType::McpServer),
                Why::ServersHidden(cut()),
                "mcp_servers: cut at 100; it shows MCP servers that this key cannot list, so it may have more of them",
            ),
            (list(DependentType::unrecognized("widgets")), told("no list"), "widgets: no list"),
            (
                Missing::FurtherLists,
                Why::MoreThan(100),
                "further lists that this program does not know: more than 100 were not read; the first in order are told",
            ),
            (Missing::Confirmation, Why::NotAsked, "it was not read once more by itself"),
            (Missing::Confirmation, told("status 503; later"), "confirmation: status 503; later"),
            (
                Missing::Confirmation,
                Why::NoneByItself,
                "confirmation: asked for by itself it is answered with 404, but no other secret can be asked for either",
            ),
            (
                Missing::Confirmation,
                Why::NotFoundByItself(None),
                "confirmation: it is listed, but asked for by itself it is answered with 404; its dependents can be asked for",
            ),
            (
                Missing::Confirmation,
                Why::NotFoundByItself(Some("status 503".to_owned())),
                "confirmation: it is listed, but asked for by itself it is answered with 404; status 503",
            ),
            (Missing::Field { name: "x".to_owned() }, told("too deep"), "field x of secrets: too deep"),
            (
                Missing::FurtherPages,
                Why::MoreThan(20),
                "further pages or fields of the list of secrets: more than 20 were not read; the first in order are told",
            ),
            (
                Missing::Secrets,
                Why::Shifting(3),
                "list of secrets: it showed something new in each of 3 walks; run the audit at a quieter time",
            ),
            (Missing::SecretsOnceMore, told("status 503"), "list of secrets, walked once more: status 503"),
            (
                Missing::Page { page: 2, limit: 100 },
                told("status 500"),
                "page 2 of the secrets with dependency_limit=100: status 500",
            ),
            (
                Missing::LastAudit,
                Why::EarlierReport("EOF".to_owned()),
                "what the last complete audit saw: its report.json cannot be read: EOF",
            ),
            (
                Missing::LastAudit,
                Why::Deadline,
                "what the last complete audit saw: [http] run_timeout_seconds passed while bundles were read",
            ),
            (secret(true), told("status 503"), "secret sec, which is referred to: status 503"),
            (
                secret(false),
                told("status 503"),
                "secret sec, which the last complete audit listed: status 503",
            ),
            (place(Source::Agents), told("status 403"), "agents not read whole: status 403"),
            (place(Source::Settings), Why::NotAsked, "settings not read"),
            (place(Source::Settings), Why::NotPartOfThisAudit, "settings not part of this audit"),
            (
                place(Source::SpeechEngines),
                Why::SwitchedOff,
                "speech_engines switched off in the configuration: switch it on",
            ),
            (
                place(Source::Tools),
                Why::UnsearchableIds,
                "tools not read whole: ids of secrets have characters other than letters, digits, _ and -, and too many lengths \
                 to be searched for; report these ids to the vendor",
            ),
            (
                Missing::View,
                Why::Hidden("agent a is named, and not listed".to_owned(), 2),
                "this key does not see the whole workspace: agent a is named, and not listed (and 2 more signs); use a key of a \
                 workspace admin that is limited to convai_read, share what is named with the key's user, or set [audit] \
                 partial_view = \"accept\"",
            ),
        ] {
            assert_eq!(Gap::new(what, why).to_string(), sentence);
        }
    }
}
