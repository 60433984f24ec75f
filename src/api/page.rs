//! The cursor walk, one for every endpoint: which page comes next, and when a walk leads nowhere.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use super::{
    HasMore,
    error::{ApiError, ErrorKind},
};
use crate::memory;

/// The longest cursor that is followed, in bytes.
const CURSOR_LENGTH: usize = 4096;

/// What a page says of the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next<'a> {
    /// `next_cursor`.
    pub cursor: Option<&'a str>,
    /// `has_more`, which not every endpoint has.
    pub has_more: HasMore,
}

/// Where a walk over the pages of one endpoint stands.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    cursor: Option<String>,
    /// The hashes of all cursors, seeded by chance: of ten thousand long ones these are all that is kept.
    seen: HashSet<u64>,
    hasher: RandomState,
    page: u32,
    most_pages: u32,
    was_restarted: bool,
    /// Whether the page before said that it was the last, and had a cursor all the same.
    is_past_the_end: bool,
}

impl Walk {
    /// A walk that is about to ask for its first page, and gives up after `most_pages`.
    pub(crate) fn new(most_pages: u32) -> Self {
        Self {
            cursor: None,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            page: 1,
            most_pages,
            was_restarted: false,
            is_past_the_end: false,
        }
    }

    /// The cursor of the page to ask for; the first page has none.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The number of the page to ask for, from 1.
    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let seen = self.seen.capacity() * 2 * size_of::<u64>();
        size_of::<Self>() + self.cursor.as_deref().map_or(0, memory::text) + seen
    }

    /// Starts again from the first page where the API refuses a cursor that it gave itself: cursors may expire. Once,
    /// and never for a first page. Whether it did.
    pub(crate) fn restart_after(&mut self, error: &ApiError) -> bool {
        let restarts = self.page > 1 && !self.was_restarted && error.refuses_cursor();
        if restarts {
            *self = Self { was_restarted: true, ..Self::new(self.most_pages) };
        }
        restarts
    }

    /// Whether an error is the end: the page before said that it was the last, and its cursor leads nowhere.
    pub(crate) fn ends_with(&self, error: &ApiError) -> bool {
        self.is_past_the_end && (error.refuses_cursor() || error.is_not_found())
    }

    /// Takes what the page that was asked for at `path` says of the next. Whether there is another page to ask for: a
    /// cursor leads on, from an empty page too. (The vendor's own example of a list of agents has `has_more: false` and a
    /// cursor. It is followed, and where it leads round or nowhere, that was the end.)
    ///
    /// # Errors
    /// Where the server says that there is more but not where, or the cursor is too long or was followed before, or the
    /// pages are too many.
    pub(crate) fn advance(&mut self, path: &str, next: Next<'_>) -> Result<bool, ApiError> {
        let lost = |problem: &str| {
            Err(ApiError::new(path, ErrorKind::Paging(problem.to_owned())).on_page(self.page))
        };
        let says_no = next.has_more == HasMore::No;
        let next = match (Next { cursor: next.cursor.filter(|cursor| !cursor.is_empty()), ..next }) {
            Next { cursor: None, has_more: HasMore::Yes, .. } => {
                return lost("has_more says that there are more pages, but there is no next_cursor");
            }
            Next { cursor: None, .. } => return Ok(false),
            Next { cursor: Some(cursor), .. } => cursor,
        };
        if next.len() > CURSOR_LENGTH {
            return lost(&format!("next_cursor is longer than {CURSOR_LENGTH} bytes"));
        }
        let hash = self.hasher.hash_one(next);
        if says_no && self.seen.contains(&hash) {
            return Ok(false);
        }
        if !self.seen.insert(hash) {
            return lost("next_cursor was followed before, so the pages go round in a circle");
        }
        if self.page >= self.most_pages {
            return lost("there are more pages than [http] max_pages allows");
        }
        self.cursor = Some(next.to_owned());
        self.is_past_the_end = says_no;
        self.page += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(cursor: &str) -> Next<'_> {
        Next { cursor: Some(cursor), has_more: HasMore::Absent }
    }

    const END: Next<'static> = Next { cursor: None, has_more: HasMore::Absent };

    fn problem(walk: &mut Walk, next: Next<'_>) -> String {
        walk.advance("/p", next).unwrap_err().to_string()
    }

    #[test]
    fn it_ends_where_there_is_no_cursor() {
        let mut walk = Walk::new(10);
        assert_eq!((walk.cursor(), walk.page()), (None, 1));
        assert!(walk.advance("/p", cursor("a")).unwrap());
        assert_eq!((walk.cursor(), walk.page()), (Some("a"), 2));
        assert!(!walk.advance("/p", END).unwrap());
        assert!(!walk.advance("/p", Next { has_more: HasMore::No, ..END }).unwrap());
    }

    #[test]
    fn a_page_with_a_cursor_is_not_the_end_whatever_else_it_says() {
        assert!(Walk::new(10).advance("/p", cursor("a")).unwrap());
        assert!(Walk::new(10).advance("/p", Next { has_more: HasMore::Yes, ..cursor("a") }).unwrap());
        // Contradictory, and more is the safer reading.
        assert!(Walk::new(10).advance("/p", Next { has_more: HasMore::No, ..cursor("a") }).unwrap());
    }

    #[test]
    fn more_without_a_cursor_is_an_error() {
        let message = problem(&mut Walk::new(10), Next { has_more: HasMore::Yes, ..END });
        assert!(message.contains("no next_cursor"), "{message}");
    }

    #[test]
    fn an_empty_cursor_is_the_end_unless_there_is_more() {
        assert!(!Walk::new(10).advance("/p", cursor("")).unwrap());
        assert!(!Walk::new(10).advance("/p", Next { has_more: HasMore::No, ..cursor("") }).unwrap());
        let more = Next { has_more: HasMore::Yes, ..cursor("") };
        assert!(problem(&mut Walk::new(10), more).contains("no next_cursor"));
    }

    #[test]
    fn a_cursor_after_the_last_page_is_followed_and_may_lead_nowhere() {
        let last = Next { has_more: HasMore::No, ..cursor("a") };
        let refusal = |status| {
            let status = reqwest::StatusCode::from_u16(status).unwrap();
            ApiError::new("/p", ErrorKind::Status { status, code: None, message: String::new() })
        };
        let mut walk = Walk::new(10);
        assert!(!walk.ends_with(&refusal(400)));
        assert!(walk.advance("/p", last).unwrap());
        assert!(
            walk.ends_with(&refusal(400)) && walk.ends_with(&refusal(404)) && !walk.ends_with(&refusal(500))
        );
        assert!(!walk.advance("/p", last).unwrap(), "the same page again");
        assert!(walk.advance("/p", Next { has_more: HasMore::Yes, ..cursor("a") }).is_err());
        assert!(walk.advance("/p", cursor("b")).unwrap());
        assert!(!walk.ends_with(&refusal(400)), "that page did not say that it was the last");
    }

    #[test]
    fn a_circle_of_any_length_is_an_error_that_names_the_page() {
        let mut walk = Walk::new(10);
        for next in ["a", "b", "c"] {
            assert!(walk.advance("/p", cursor(next)).unwrap());
        }
        let message = problem(&mut walk, cursor("b"));
        assert!(message.contains("page 4") && message.contains("circle"), "{message}");
    }

    #[test]
    fn a_refused_cursor_restarts_a_walk_once_and_never_its_first_page() {
        let refusal = |status| {
            let status = reqwest::StatusCode::from_u16(status).unwrap();
            ApiError::new("/p", ErrorKind::Status { status, code: None, message: String::new() })
        };
        let mut walk = Walk::new(10);
        assert!(!walk.restart_after(&refusal(400)));
        walk.advance("/p", cursor("a")).unwrap();
        assert!(!walk.restart_after(&refusal(403)));
        assert!(walk.restart_after(&refusal(410)));
        assert_eq!((walk.cursor(), walk.page()), (None, 1));
        assert!(walk.advance("/p", cursor("a")).unwrap(), "the cursors of before are no circle");
        assert!(!walk.restart_after(&refusal(422)));
    }

    #[test]
    fn cursors_that_cannot_be_followed_are_errors() {
        assert!(problem(&mut Walk::new(10), cursor(&"x".repeat(CURSOR_LENGTH + 1))).contains("4096"));
        assert!(problem(&mut Walk::new(1), cursor("a")).contains("max_pages"));
    }
}
