//! The cursor walk, one for every endpoint: which page comes next, and when a walk leads nowhere.

use std::collections::HashSet;

use super::error::{ApiError, Fault};

/// The longest cursor that is followed, in bytes.
const CURSOR_LENGTH: usize = 4096;

/// Where a walk over the pages of one endpoint stands.
#[derive(Clone, Debug)]
pub struct Walk {
    cursor: Option<String>,
    seen: HashSet<String>,
    page: u32,
    most_pages: u32,
}

impl Walk {
    /// A walk that is about to ask for its first page, and gives up after `most_pages`.
    #[must_use]
    pub fn new(most_pages: u32) -> Self {
        Self { cursor: None, seen: HashSet::new(), page: 1, most_pages }
    }

    /// The cursor of the page to ask for; the first page has none.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The number of the page to ask for, from 1.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.page
    }

    /// Takes the `next_cursor` of the page that was asked for at `path`. Whether there is another page to ask for: an
    /// empty page with a cursor is not the end, a page without one is.
    ///
    /// # Errors
    /// Where the cursor is empty, too long or was followed before, or the pages are too many.
    pub fn advance(&mut self, path: &str, next_cursor: Option<&str>) -> Result<bool, ApiError> {
        let Some(next) = next_cursor else { return Ok(false) };
        let lost =
            |problem: &str| Err(ApiError::new(path, Fault::Paging(format!("page {}: {problem}", self.page))));
        if next.is_empty() {
            return lost("next_cursor is empty, which is neither a page nor the end");
        }
        if next.len() > CURSOR_LENGTH {
            return lost("next_cursor is longer than 4096 bytes");
        }
        if !self.seen.insert(next.to_owned()) {
            return lost("next_cursor was followed before, so the pages go round in a circle");
        }
        if self.page >= self.most_pages {
            return lost("there are more pages than [http] max_pages allows");
        }
        self.cursor = Some(next.to_owned());
        self.page += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(walk: &mut Walk, next: &str) -> String {
        walk.advance("/p", Some(next)).unwrap_err().to_string()
    }

    #[test]
    fn it_ends_where_there_is_no_cursor() {
        let mut walk = Walk::new(10);
        assert_eq!((walk.cursor(), walk.page()), (None, 1));
        assert!(walk.advance("/p", Some("a")).unwrap());
        assert_eq!((walk.cursor(), walk.page()), (Some("a"), 2));
        assert!(!walk.advance("/p", None).unwrap());
    }

    #[test]
    fn a_circle_of_any_length_is_an_error_that_names_the_page() {
        let mut walk = Walk::new(10);
        for cursor in ["a", "b", "c"] {
            assert!(walk.advance("/p", Some(cursor)).unwrap());
        }
        let message = problem(&mut walk, "b");
        assert!(message.contains("page 4") && message.contains("circle"), "{message}");
    }

    #[test]
    fn cursors_that_cannot_be_followed_are_errors() {
        assert!(problem(&mut Walk::new(10), "").contains("empty"));
        assert!(problem(&mut Walk::new(10), &"x".repeat(CURSOR_LENGTH + 1)).contains("4096"));
        assert!(problem(&mut Walk::new(1), "a").contains("max_pages"));
    }
}
