//! Waivers in `report.json`: their form, written and read.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    error::ReadError,
    values::{read_word, text},
};
use crate::audit::{AppliedWaiver, Waiver, WaiverState};

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

impl<'a> WaiverJson<'a> {
    /// The form of this waiver.
    pub(super) fn of(applied: &'a AppliedWaiver) -> Self {
        let AppliedWaiver { waiver, state } = applied;
        Self {
            secret_id: text(&waiver.secret_id),
            workspace: waiver.workspace.as_deref().map(text),
            reason: text(&waiver.reason),
            owner: text(&waiver.owner),
            expires: waiver.expires,
            state: text(state.as_str()),
        }
    }

    /// The waiver again.
    pub(super) fn restore(self) -> Result<AppliedWaiver, ReadError> {
        let state = read_word(WaiverState::ALL, WaiverState::as_str, "state of a waiver", &self.state)?;
        let waiver = Waiver {
            secret_id: self.secret_id.into_owned(),
            workspace: self.workspace.map(Cow::into_owned),
            reason: self.reason.into_owned(),
            owner: self.owner.into_owned(),
            expires: self.expires,
        };
        Ok(AppliedWaiver { waiver, state })
    }
}
