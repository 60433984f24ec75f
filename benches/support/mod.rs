//! Made-up workspaces of any size, made through the public interface: names and ids as long as those of the service.

use std::borrow::Cow;

use chrono::DateTime;
use elevenlabs_secrets_audit::{
    audit::{Parameters, Rendering, Run},
    inventory::{
        DependentType, Inventory, Observation, Relation, Resource, Scan, ScanOutcome, Secret, Source,
        Visibility, Workspace,
    },
};

/// How big a workspace is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// How many secrets it has. One in thirty is unused.
    pub(crate) secrets: usize,
    /// How many dependents each of the others has.
    pub(crate) dependents: usize,
    /// How many different resources those are.
    pub(crate) resources: usize,
}

/// Every so manieth secret is unused.
const UNUSED: usize = 30;

impl Size {
    /// How many rows of dependents there are.
    #[must_use]
    pub(crate) fn rows(self) -> usize {
        (self.secrets - self.secrets.div_ceil(UNUSED)) * self.dependents
    }
}

/// A workspace of that size, read whole.
#[must_use]
pub(crate) fn inventory(size: Size) -> Inventory {
    let mut workspace = Workspace::new("production".to_owned(), "https://api.elevenlabs.io".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    for number in 0..size.secrets {
        let mut secret = Secret::new(format!("secret{number:015}"), format!("VENDOR_{number}_API_KEY"));
        secret.confirmed = number % UNUSED == 0;
        workspace.secrets.push(secret);
        if number % UNUSED != 0 {
            // Each takes another part of the pool, and begins elsewhere in it.
            let pool = (0..size.dependents).map(|one| (number * 7 + one) % size.resources);
            workspace.record(number, Source::Preview, pool.map(|one| observation(number, one)));
        }
    }
    Inventory { workspaces: vec![workspace], failed: Vec::new() }
}

fn observation(secret: usize, number: usize) -> Observation<'static> {
    let (dependent_type, prefix) = match number % 10 {
        0..7 => (DependentType::Agent, "agent"),
        7..9 => (DependentType::Tool, "tool"),
        _ => (DependentType::PhoneNumber, "phnum"),
    };
    let is_number = dependent_type == DependentType::PhoneNumber;
    let is_transitive = dependent_type == DependentType::Agent && (secret + number).is_multiple_of(3);
    let resource = Resource {
        dependent_type,
        id: Cow::Owned(format!("{prefix}_01k{number:023}")),
        name: Some(Cow::Owned(format!("Customer support, region {} ({number})", number % 12))),
        visibility: Visibility::Available,
        access_level: Some(Cow::Borrowed("admin")),
        provider: is_number.then_some(Cow::Borrowed("twilio")),
        phone_number: is_number.then(|| Cow::Owned(format!("+1555{number:07}"))),
        created_at_unix_secs: Some(1_735_689_600 + 977 * i64::try_from(number).unwrap_or_default()),
    };
    let via = is_transitive.then(|| Cow::Owned(format!("tool_01k{:023}", number % 50)));
    Observation {
        resource,
        relation: if is_transitive { Relation::Transitive } else { Relation::Direct },
        via: via.into_iter().collect(),
    }
}

/// The run on the night of this number.
#[must_use]
pub(crate) fn run(night: i64) -> Run {
    let started_at = DateTime::from_timestamp(1_764_000_000 + night * 86_400, 0).unwrap_or_default();
    Run {
        id: started_at.format("%Y-%m-%dT%H-%M-%SZ").to_string(),
        started_at,
        finished_at: started_at,
        tool_version: "0.0.0".to_owned(),
        clock: elevenlabs_secrets_audit::clock::ClockCheck::NotChecked,
    }
}

/// What an audit is asked for where nothing is configured.
#[must_use]
pub(crate) fn parameters() -> Parameters {
    Parameters {
        page_size: 100,
        dependency_limit: 10,
        max_dependency_limit: 100,
        search: String::new(),
        deep: elevenlabs_secrets_audit::collect::Deep::Auto,
        archived_branches: elevenlabs_secrets_audit::collect::ArchivedBranches::Auto,
        partial_view: elevenlabs_secrets_audit::audit::PartialView::Undetermined,
        allow_empty: false,
        population_drop: elevenlabs_secrets_audit::audit::OnPopulationDrop::Incomplete,
        unused_after_days: 0,
        ignores_waivers: false,
        redact: Vec::new(),
        rendering: Rendering {
            csv_delimiter: ',',
            csv_byte_order_mark: false,
            csv_formula_escaping: true,
            list_length: 250,
        },
    }
}
