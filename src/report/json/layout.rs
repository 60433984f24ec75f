//! How the JSON is laid out.

use std::io::{self, Write};

/// Objects nested deeper than this stand on one line each, such as a dependent.
const INDENTED_LEVELS: usize = 6;

/// A line's end and the indentation behind it, for the deepest level that has one.
const INDENT: &[u8] = b"\n            ";

/// Indents the outer levels and keeps the inner ones on one line: readable, and a line for each dependent, so that
/// two reports can be compared line by line.
#[derive(Default)]
pub(super) struct Layout {
    level: usize,
    has_value: bool,
}

impl Layout {
    /// How what stands on one line is laid out.
    pub(super) fn of_a_line() -> Self {
        Self { level: INDENTED_LEVELS, has_value: false }
    }

    fn open(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn close(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        let indented = self.level <= INDENTED_LEVELS;
        self.level -= 1;
        if indented && self.has_value {
            self.indent(out)?;
        }
        self.has_value = true;
        out.write_all(bracket)
    }

    fn separate(&mut self, out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.level <= INDENTED_LEVELS {
            self.indent(out)
        } else if first {
            Ok(())
        } else {
            out.write_all(b" ")
        }
    }

    fn indent(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        out.write_all(&INDENT[..1 + 2 * self.level])
    }
}

impl serde_json::ser::Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}
