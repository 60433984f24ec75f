//! Text for people on a terminal: folded between words, so that the terminal cuts none. Anywhere else lines stay as they are.

use std::io::{self, Write};

use terminal_size::{Width, terminal_size_of};
use textwrap::{Options, WordSeparator, WordSplitter, core::display_width};

/// Keeps what is written until it is flushed, and folds it then.
pub(crate) struct Folded<W: Write> {
    out: W,
    width: Option<usize>,
    text: Vec<u8>,
}

impl<W: Write> Folded<W> {
    /// For `out`, which leads to this stream.
    pub(crate) fn new(out: W, stream: impl std::os::fd::AsFd) -> Self {
        let width = terminal_size_of(stream).map(|(Width(columns), _)| usize::from(columns));
        Self { out, width, text: Vec::new() }
    }
}

impl<W: Write> Write for Folded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        match self.width {
            Some(width) => self.out.write_all(fold(&String::from_utf8_lossy(&text), width).as_bytes())?,
            None => self.out.write_all(&text)?,
        }
        self.out.flush()
    }
}

impl<W: Write> Drop for Folded<W> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

fn fold(text: &str, width: usize) -> String {
    let folded = text.split('\n').map(|line| {
        let indent = " ".repeat(last_column(line, width / 2));
        // Words may be paths and ids, which stay whole to be copied.
        let options = Options::new(width)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        // Behind a question stands a space.
        textwrap::wrap(line, options).join("\n") + &line[line.trim_end_matches(' ').len()..]
    });
    folded.collect::<Vec<_>>().join("\n")
}

/// Where the last column of a line begins, behind two spaces or more: what doesn't fit goes on below it. No further right than
/// `most`.
fn last_column(line: &str, most: usize) -> usize {
    let begins = line.match_indices("  ").map(|(at, _)| {
        let behind = at + line[at..].len() - line[at..].trim_start_matches(' ').len();
        display_width(&line[..behind])
    });
    begins.take_while(|begin| *begin <= most).last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_words_and_go_on_below_their_last_column() {
        let text = "Put an API key into it.\n\n  failed   address  \u{1b}[1mhttps://api\u{1b}[0m is not reached\n  ok       key\n? ";
        let expected = "Put an API key into\nit.\n\n  failed   address\n           \u{1b}[1mhttps://api\u{1b}[0m\n           is not\n           reached\n  ok       key\n? ";
        assert_eq!(fold(text, 22), expected);
        assert_eq!(fold(text, 80), text);
    }

    #[test]
    fn where_the_last_column_has_no_room_the_rest_stands_below_the_one_before() {
        let folded = fold("2026-11-28  COMPLETE  12  /var/lib/reports/2026-11-28T02-00-00Z (pruned)", 30);
        let expected = "2026-11-28  COMPLETE  12\n            /var/lib/reports/2026-11-28T02-00-00Z\n            (pruned)";
        assert_eq!(folded, expected);
    }
}
