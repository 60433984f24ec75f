//! Whether this machine's clock can be relied on: names, ages and retention go by it.

use chrono::{DateTime, TimeDelta, Utc};

/// Beyond this a clock is wrong, whatever the network takes.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// How this machine's clock compares with the API's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockCheck {
    /// No answer told its time.
    #[default]
    NotChecked,
    /// They agree.
    Agrees,
    /// It is ahead by so much, or behind by less than nothing.
    Off(TimeDelta),
}

impl ClockCheck {
    /// What a clock is that is so much ahead. `None`: that is not known.
    pub fn of(ahead: Option<TimeDelta>) -> Self {
        match ahead {
            None => Self::NotChecked,
            Some(ahead) if ahead.abs() <= TOLERANCE => Self::Agrees,
            Some(ahead) => Self::Off(ahead),
        }
    }

    /// Whether it is off.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Off(_))
    }

    /// By how much it is ahead: nothing where it agrees. `None`: that is not known.
    pub fn ahead(self) -> Option<TimeDelta> {
        match self {
            Self::NotChecked => None,
            Self::Agrees => Some(TimeDelta::zero()),
            Self::Off(ahead) => Some(ahead),
        }
    }

    /// What the API's clock showed when this one showed `at`.
    pub(crate) fn by_the_api(self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.ahead().and_then(|ahead| at.checked_sub_signed(ahead)).unwrap_or(at)
    }

    /// What it is, in words.
    pub fn in_words(self) -> String {
        match self {
            Self::NotChecked => "not checked: no answer of the API told its time".to_owned(),
            Self::Agrees => "agrees with the API's".to_owned(),
            Self::Off(ahead) => {
                let side = if ahead < TimeDelta::zero() { "behind" } else { "ahead of" };
                format!("{} {side} the API's", duration(ahead.abs()))
            }
        }
    }

    /// What to do about one that is off.
    pub(crate) const ADVICE: &str = "set it, or let it be set over the network (timedatectl set-ntp true)";
}

fn duration(time: TimeDelta) -> String {
    match (time.num_days(), time.num_hours()) {
        (0, 0) => format!("{} minutes", time.num_minutes()),
        (0 | 1, hours) => format!("{hours} h"),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_are_the_network_and_more_is_the_clock() {
        assert_eq!(ClockCheck::of(None), ClockCheck::NotChecked);
        for seconds in [0, 300, -300] {
            assert_eq!(ClockCheck::of(TimeDelta::try_seconds(seconds)), ClockCheck::Agrees, "{seconds}");
        }
        for seconds in [301, -301] {
            assert!(ClockCheck::of(TimeDelta::try_seconds(seconds)).is_off(), "{seconds}");
        }
    }

    #[test]
    fn a_clock_is_off_by_minutes_hours_or_days() {
        assert_eq!(duration(TimeDelta::minutes(6)), "6 minutes");
        assert_eq!(duration(TimeDelta::minutes(125)), "2 h");
        assert_eq!(duration(TimeDelta::hours(47)), "47 h");
        assert_eq!(duration(TimeDelta::hours(72)), "3 days");
    }
}
