//! How the reading went and what it comes to, in `report.json`: the form, written and read.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    error::ReadError,
    values::{read_word, unknown},
};
use crate::{
    audit::{Figures, PopulationDrop, SourceRow, Status, Totals, UnusedCounts},
    inventory::{Extent, Gap, Missing, Source, View, Why},
};

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

impl<'a> SourceJson<'a> {
    /// The form of this row.
    pub(super) fn of(row: &'a SourceRow) -> Self {
        Self {
            source: row.source.as_str().into(),
            title: row.title().into(),
            endpoint: row.source.endpoint().into(),
            status: row.status.as_str().into(),
            why: row.status.why().map(|why| why.to_string().into()),
            pages: row.pages,
            dependents: row.dependents,
        }
    }

    fn restore(self, source: Source) -> Result<SourceRow, ReadError> {
        if source.as_str() != self.source {
            return Err(unknown("source", &self.source));
        }
        let status = Status::of_words(&self.status, self.why.map(Cow::into_owned));
        let status = status.ok_or_else(|| unknown("status", &self.status))?;
        Ok(SourceRow { source, status, pages: self.pages, dependents: self.dependents })
    }
}

/// The sources again. The rows of a report are in the order of [`Source::ALL`].
pub(super) fn restore_sources(read: Vec<SourceJson<'_>>) -> Result<Vec<SourceRow>, ReadError> {
    if read.len() != Source::ALL.len() {
        return Err(ReadError::new("sources: there are not as many as this program has"));
    }
    Source::ALL.into_iter().zip(read).map(|(source, read)| read.restore(source)).collect()
}

/// What a key may see of a workspace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ViewJson<'a> {
    /// Everything, provably not everything, or nothing tells.
    #[schemars(extend("enum" = ["full", "partial", "not known"]))]
    pub(super) extent: Cow<'a, str>,
    /// What tells, in words, one sign each.
    pub(super) signs: Cow<'a, [String]>,
}

/// What stands for it in reports from before schema version 3.
impl Default for ViewJson<'_> {
    fn default() -> Self {
        Self { extent: Extent::default().as_str().into(), signs: Cow::default() }
    }
}

impl<'a> ViewJson<'a> {
    /// The form of this view.
    pub(super) fn of(view: &'a View) -> Self {
        Self { extent: view.extent.as_str().into(), signs: Cow::Borrowed(&view.signs) }
    }

    /// The view again.
    pub(super) fn restore(self) -> Result<View, ReadError> {
        let extent = read_word(Extent::ALL, Extent::as_str, "extent", &self.extent)?;
        Ok(View { extent, signs: self.signs.into_owned() })
    }
}

/// Makes a struct of the same fields and the conversions both ways.
macro_rules! same_fields {
    ($(#[$doc:meta])* $json:ident = $inside:ident { $($(#[$of_field:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Serialize, Deserialize, JsonSchema)]
        pub(super) struct $json {
            $($(#[$of_field])* pub(super) $field: $type,)*
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
    /// How many secrets have which verdict.
    #[derive(Clone, Copy)]
    TotalsJson = Totals {
        /// All secrets.
        secrets: usize,
        /// Those that something uses.
        in_use: usize,
        /// Those that nothing uses.
        unused: usize,
        /// Those of which it can't be said.
        undetermined: usize,
        /// The rows of dependents, over all secrets.
        dependents: usize,
    }
);

same_fields!(
    /// What the unused secrets come to for somebody who has to act. Each is counted in one of the three.
    UnusedJson = UnusedCounts {
        /// Open findings: neither waived nor within grace.
        open: usize,
        /// Those for which a waiver holds.
        waived: usize,
        /// Those within grace that nobody waived.
        within_grace: usize,
    }
);

same_fields!(
    /// A population that is empty, or less than half of the last one.
    PopulationDropJson = PopulationDrop {
        /// Secrets listed now.
        now: usize,
        /// Secrets that the last full audit listed, where there was one.
        earlier: Option<usize>,
    }
);

same_fields!(
    /// The figures of a reading.
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

/// Something that was not read whole.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct GapJson<'a> {
    /// What was not read whole.
    pub(super) what: Cow<'a, str>,
    /// Why.
    pub(super) why: Cow<'a, str>,
    /// What was not read whole, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<Cow<'a, Missing>>,
    /// Why, as a code. Absent where that is what the API said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Cow<'a, Why>>,
}

/// The form of these gaps.
pub(super) fn gaps_json<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<GapJson<'a>> {
    let form = |gap: &'a Gap| GapJson {
        what: gap.what.to_string().into(),
        why: gap.why.to_string().into(),
        missing: Some(&gap.what).filter(|what| !matches!(what, Missing::Told(_))).map(Cow::Borrowed),
        cause: Some(&gap.why).filter(|why| !matches!(why, Why::Told(_))).map(Cow::Borrowed),
    };
    gaps.into_iter().map(form).collect()
}

/// The gaps again.
pub(super) fn restore_gaps(read: Vec<GapJson<'_>>) -> Vec<Gap> {
    let gap = |GapJson { what, why, missing, cause }| Gap {
        what: missing.map_or_else(|| Missing::Told(what.into_owned()), Cow::into_owned),
        why: cause.map_or_else(|| why.into_owned().into(), Cow::into_owned),
    };
    read.into_iter().map(gap).collect()
}
