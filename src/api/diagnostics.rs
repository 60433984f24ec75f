//! How far this machine's clock and the API's are apart.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// How many offsets are told apart: those of a clock differ by a second or two, and what has more is none.
const MOST_OFFSETS: usize = 10_000;

/// By how many seconds this machine's clock was ahead of the header `date` of answers, and in how many of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClockOffsets(BTreeMap<i64, u64>);

impl ClockOffsets {
    /// Notes the time that an answer told, which was made at some moment between these two.
    fn told(&mut self, date: DateTime<Utc>, sent_at: DateTime<Utc>, answered_at: DateTime<Utc>) {
        let middle = sent_at + (answered_at - sent_at) / 2;
        let offset = (middle - date).num_seconds();
        if self.0.len() < MOST_OFFSETS || self.0.contains_key(&offset) {
            *self.0.entry(offset).or_default() += 1;
        }
    }

    /// Adds those of another client.
    pub(crate) fn add(&mut self, other: &Self) {
        for (offset, answers) in &other.0 {
            *self.0.entry(*offset).or_default() += answers;
        }
    }

    /// The median, so that a proxy with a clock of its own, or a step of this machine's clock, tells nothing. `None`: no
    /// answer told its time.
    pub(crate) fn median(&self) -> Option<TimeDelta> {
        let middle = self.0.values().sum::<u64>().div_ceil(2);
        let mut answers = 0;
        let median = self.0.iter().find(|(_, number)| {
            answers += **number;
            answers >= middle
        });
        median.and_then(|(offset, _)| TimeDelta::try_seconds(*offset))
    }
}

/// The offsets that were seen so far.
#[derive(Debug, Default)]
pub(super) struct ClockComparison(Mutex<ClockOffsets>);

impl ClockComparison {
    /// All that were seen so far.
    pub(super) fn seen(&self) -> ClockOffsets {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the time that an answer told.
    pub(super) fn told(&self, date: DateTime<Utc>, sent_at: DateTime<Utc>, answered_at: DateTime<Utc>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).told(date, sent_at, answered_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(offsets: &[i64]) -> Option<i64> {
        let mut seen = ClockOffsets::default();
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        for offset in offsets {
            seen.told(at - TimeDelta::seconds(*offset), at, at);
        }
        seen.median().map(|median| median.num_seconds())
    }

    #[test]
    fn the_median_is_what_most_answers_tell_whatever_a_few_do() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[864_000, 1, 0, 1, -864_000]), Some(1));
        assert_eq!(median(&[0, 0, 864_000, 864_000, 864_000]), Some(864_000));
    }

    #[test]
    fn a_time_is_compared_with_the_middle_of_its_request() {
        let mut seen = ClockOffsets::default();
        let sent_at = DateTime::UNIX_EPOCH;
        seen.told(sent_at + TimeDelta::seconds(5), sent_at, sent_at + TimeDelta::seconds(10));
        assert_eq!(seen.median(), Some(TimeDelta::zero()));
    }

    #[test]
    fn those_of_several_clients_are_taken_together() {
        let mut all = ClockOffsets(BTreeMap::from([(0, 2)]));
        all.add(&ClockOffsets(BTreeMap::from([(0, 1), (900, 2)])));
        assert_eq!(all.0, BTreeMap::from([(0, 3), (900, 2)]));
        assert_eq!(all.median(), Some(TimeDelta::zero()));
    }
}
