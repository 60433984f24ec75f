//! Text made inert in HTML: it shows as what it is, and is never an element, an attribute or an entity. The templates
//! apply it to everything they are given (`askama.toml`).

use std::fmt;

use askama::filters::{Escaper, Html};

use crate::text::show_hidden;

/// Escapes for HTML and shows what is hidden.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: fmt::Write>(&self, out: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(out, &show_hidden(text, &[]))
    }
}
