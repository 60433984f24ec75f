//! Findings that somebody has accepted until a date.

use chrono::NaiveDate;

/// How many days before its last day a waiver counts as expiring soon.
const EXPIRES_SOON_DAYS: i64 = 30;

/// A secret that may stay unused until a date, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiver {
    /// The id of the secret.
    pub secret_id: String,
    /// The configured name of its workspace; `None`: whichever has it.
    pub workspace: Option<String>,
    /// Why it may.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day, UTC, on which it holds.
    pub expires: NaiveDate,
}

/// A waiver and what it comes to in this audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppliedWaiver {
    /// The waiver.
    pub waiver: Waiver,
    /// What it comes to.
    pub state: WaiverState,
}

/// What a waiver comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaiverState {
    /// It holds.
    Holds,
    /// It holds, and for 30 days at most.
    ExpiresSoon,
    /// Its last day has passed, so the finding is open again.
    Expired,
    /// No secret of this audit has its id.
    MatchesNothing,
    /// Whether it matches can't be said: its workspace was not read, or not all of it.
    NotLookedFor,
}

impl WaiverState {
    /// Every state.
    pub(crate) const ALL: [Self; 5] =
        [Self::Holds, Self::ExpiresSoon, Self::Expired, Self::MatchesNothing, Self::NotLookedFor];

    /// The word for it in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::ExpiresSoon => "expires_soon",
            Self::Expired => "expired",
            Self::MatchesNothing => "matches_nothing",
            Self::NotLookedFor => "not_looked_for",
        }
    }

    /// Whether the finding is waived.
    pub(crate) fn holds(self) -> bool {
        matches!(self, Self::Holds | Self::ExpiresSoon)
    }
}

impl Waiver {
    /// Whether it names the secret with this id in this workspace.
    pub(super) fn names(&self, workspace: &str, secret_id: &str) -> bool {
        self.secret_id == secret_id && self.workspace.as_deref().is_none_or(|name| name == workspace)
    }

    /// What it comes to on a day, for a secret that it names.
    pub(super) fn state_on(&self, today: NaiveDate) -> WaiverState {
        match self.expires.signed_duration_since(today).num_days() {
            ..0 => WaiverState::Expired,
            0..=EXPIRES_SOON_DAYS => WaiverState::ExpiresSoon,
            _ => WaiverState::Holds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiver_until(expires: &str) -> Waiver {
        Waiver {
            secret_id: "s".to_owned(),
            workspace: Some("w".to_owned()),
            reason: "kept for the migration".to_owned(),
            owner: "platform".to_owned(),
            expires: expires.parse().unwrap(),
        }
    }

    #[test]
    fn it_holds_through_its_last_day() {
        let on = |today: &str| waiver_until("2026-12-31").state_on(today.parse().unwrap());
        assert_eq!(on("2026-11-30"), WaiverState::Holds);
        assert_eq!(on("2026-12-01"), WaiverState::ExpiresSoon);
        assert_eq!(on("2026-12-31"), WaiverState::ExpiresSoon);
        assert_eq!(on("2027-01-01"), WaiverState::Expired);
    }

    #[test]
    fn it_names_a_secret_in_its_own_workspace_only() {
        let mut waiver = waiver_until("2026-12-31");
        assert!(waiver.names("w", "s"));
        assert!(!waiver.names("v", "s"));
        assert!(!waiver.names("w", "t"));
        waiver.workspace = None;
        assert!(waiver.names("v", "s"));
    }
}
