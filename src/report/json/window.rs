//! A JSON text read piece by piece: of a file of any length only one value stands in memory, whatever its layout.
//!
//! serde_json is given slices. From a reader it looks at each byte by itself: for the 300 MB of 1.2 million dependents that took
//! 3.4 s of CPU, and from a slice 1.3 s.
//!
//! What never lives here: what a report says.

use std::io::Read;

use serde::de::{Deserialize, DeserializeOwned};

use super::error::ReadError;

/// How many bytes are read at once. A longer value makes the window longer.
const STEP: usize = 1 << 18;

/// No value is longer, unless a longer one is expected where it stands: so many bytes of each stand in memory.
pub(super) const LONGEST: usize = 64 << 20;

/// What was read of a text and not yet taken in.
pub(super) struct Window<R> {
    input: R,
    /// How much is read at once.
    step: usize,
    bytes: Vec<u8>,
    /// Where in `bytes` that begins which is not yet taken in.
    at: usize,
    /// Where in the text `bytes` begins.
    start: Position,
}

/// Lines and columns count from 1 and from 0, as serde_json counts them.
#[derive(Clone, Copy)]
struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn behind(self, passed: &[u8]) -> Self {
        // So few at a time that their number is one byte: then many are looked at in one step.
        let line_ends = |few: &[u8]| few.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
        let lines = passed.chunks(255).map(|few| usize::from(line_ends(few))).sum::<usize>();
        match passed.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Self { line: self.line + lines, column: passed.len() - last - 1 },
            None => Self { line: self.line, column: self.column + passed.len() },
        }
    }
}

/// A value at the beginning of these bytes, and how long it is. `None`: it may go on behind them.
pub(super) fn parse<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Option<Result<(T, usize), ReadError>> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter();
    match values.next()? {
        Ok(value) => Some(Ok((value, values.byte_offset()))).filter(|_| values.byte_offset() < bytes.len()),
        Err(error) if error.is_eof() => None,
        Err(error) => Some(Err(ReadError::of(&error))),
    }
}

fn too_long(longest: usize) -> String {
    format!("a value of more than {longest} bytes")
}

impl<R: Read> Window<R> {
    /// The beginning of a text.
    pub(super) fn new(input: R) -> Self {
        Self::of_step(input, STEP)
    }

    fn of_step(input: R, step: usize) -> Self {
        Self { input, step, bytes: Vec::new(), at: 0, start: Position { line: 1, column: 0 } }
    }

    /// Takes in the next value.
    pub(super) fn value<T: DeserializeOwned>(&mut self) -> Result<T, ReadError> {
        self.take(LONGEST, |text| parse(text))
    }

    /// Takes in what `parse` finds at the beginning of the rest, and how long that is: no longer than this. `None`: it wants to
    /// see more.
    pub(super) fn take<T>(
        &mut self,
        longest: usize,
        mut parse: impl FnMut(&[u8]) -> Option<Result<(T, usize), ReadError>>,
    ) -> Result<T, ReadError> {
        loop {
            match parse(&self.bytes[self.at..]) {
                // The window grows by more than one byte at a time.
                Some(Ok((_, length))) if length > longest => {
                    return Err(self.error(&too_long(longest)));
                }
                Some(Ok((value, length))) => {
                    self.at += length;
                    return Ok(value);
                }
                Some(Err(error)) => return Err(error.behind(self.position())),
                None if self.bytes.len() - self.at > longest => {
                    return Err(self.error(&too_long(longest)));
                }
                None => self.read_on("a value")?,
            }
        }
    }

    /// Takes in an object: its keys one by one, behind each of which `field` takes in the value.
    pub(super) fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, String) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.list(b"{}", "an object", |window| {
            let key = window.value()?;
            window.mark(b":", "an object")?;
            field(window, key)
        })
    }

    /// Takes in an array, of which `element` takes in each value.
    pub(super) fn array(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.list(b"[]", "a list", element)
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.error("trailing characters")),
        }
    }

    fn list(
        &mut self,
        [open, close]: &[u8; 2],
        what: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.mark(&[*open], what)?;
        if self.peek()? == Some(*close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self).map_err(|error| error.at(self.position()))?;
            if self.mark(&[b',', *close], what)? == *close {
                return Ok(());
            }
        }
    }

    /// Takes in one of these characters.
    fn mark(&mut self, wanted: &[u8], what: &str) -> Result<u8, ReadError> {
        loop {
            match self.peek()? {
                Some(byte) if wanted.contains(&byte) => {
                    self.at += 1;
                    return Ok(byte);
                }
                Some(_) => {
                    let wanted: Vec<String> =
                        wanted.iter().map(|byte| format!("`{}`", char::from(*byte))).collect();
                    return Err(self.error(&format!("expected {} in {what}", wanted.join(" or "))));
                }
                None => self.read_on(what)?,
            }
        }
    }

    /// The next byte that isn't white space, which stays. `None`: the text ends here.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let is_space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            self.at += self.bytes[self.at..].iter().take_while(is_space).count();
            match self.bytes.get(self.at).copied() {
                Some(byte) => return Ok(Some(byte)),
                None if self.read_more()? => {}
                None => return Ok(None),
            }
        }
    }

    /// Reads more of the text, which may not end within `what`.
    fn read_on(&mut self, what: &str) -> Result<(), ReadError> {
        if self.read_more()? {
            return Ok(());
        }
        self.at = self.bytes.len();
        Err(ReadError::eof(what).at(self.position()))
    }

    /// Reads more of the text. Whether there was any.
    fn read_more(&mut self) -> Result<bool, ReadError> {
        self.start = self.start.behind(&self.bytes[..self.at]);
        self.bytes.drain(..self.at);
        self.at = 0;
        let more = self.bytes.len().max(self.step) as u64;
        let read = self.input.by_ref().take(more).read_to_end(&mut self.bytes);
        read.map(|read| read > 0).map_err(ReadError::of_input)
    }

    fn position(&self) -> (usize, usize) {
        let Position { line, column } = self.start.behind(&self.bytes[..self.at]);
        (line, column)
    }

    fn error(&self, what: &str) -> ReadError {
        ReadError::new(what).at(self.position())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::{Map, Value, json};

    use super::*;

    /// A text as a list of values, those of objects one by one, through a window of this step.
    fn read(text: &[u8], step: usize) -> Result<Vec<Value>, ReadError> {
        let (mut window, mut values) = (Window::of_step(text, step), Vec::new());
        window.array(|window| {
            if window.peek()? == Some(b'{') {
                let mut fields = Map::new();
                window.object(|window, key| {
                    fields.insert(key, window.value()?);
                    Ok(())
                })?;
                values.push(Value::Object(fields));
            } else {
                values.push(window.value()?);
            }
            Ok(())
        })?;
        window.end()?;
        Ok(values)
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            any::<String>().prop_map(Value::from),
            "[\"\\\\\n{}\\[\\],:a]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((any::<String>(), inner), 0..4)
                    .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_layout_reads_the_same_through_a_window_of_any_step(
            values in vec(any_value(), 0..6), step in 1_usize..80, is_pretty: bool, space in "[ \n\r\t]{0,3}",
        ) {
            let text = if is_pretty { serde_json::to_string_pretty(&values) } else { serde_json::to_string(&values) }?;
            let text = format!("{space}{text}{space}");
            prop_assert_eq!(read(text.as_bytes(), step)?, values);
        }

        #[test]
        fn what_is_cut_is_an_end_too_early(values in vec(any_value(), 1..4), step in 1_usize..80, at: prop::sample::Index) {
            let text = serde_json::to_vec_pretty(&values)?;
            let error = read(&text[..at.index(text.len())], step).unwrap_err();
            prop_assert!(error.is_eof(), "{}", error);
        }

        #[test]
        fn what_serde_json_refuses_is_refused_in_about_the_same_line_and_nothing_else_is(
            values in vec(any_value(), 1..4), step in 1_usize..80, at: prop::sample::Index, byte in 0_u8..128,
        ) {
            let mut text = serde_json::to_vec_pretty(&values)?;
            let at = at.index(text.len());
            text[at] = byte;
            match (read(&text, step), serde_json::from_slice::<Vec<Value>>(&text)) {
                (Ok(values), Ok(expected)) => prop_assert_eq!(values, expected),
                (Err(error), Err(expected)) => {
                    // Whoever takes a letter for the beginning of a word looks at the next one, which may be a line further.
                    let line = error.place().map(|(line, _)| line);
                    let is_near = line.is_some_and(|line| line.abs_diff(expected.line()) <= 1);
                    prop_assert!(is_near, "{} {}", error, expected);
                }
                (one, other) => prop_assert!(false, "{one:?} {other:?}"),
            }
        }
    }

    #[test]
    fn an_error_says_where_in_the_text_it_is() {
        let text = "[\n  {\"a\": 1,\n   \"b\": tru},\n  2]";
        for step in [1, 2, 7, 80] {
            let error = read(text.as_bytes(), step).unwrap_err().to_string();
            assert_eq!(error, serde_json::from_str::<Value>(text).unwrap_err().to_string());
        }
        assert_eq!(read(b"[1] 2", 3).unwrap_err().to_string(), "trailing characters at line 1 column 4");
        assert_eq!(
            read(b"[1 2]", 3).unwrap_err().to_string(),
            "expected `,` or `]` in a list at line 1 column 3"
        );
        assert!(read(b"[1,", 3).unwrap_err().is_eof());
        assert!(read(b"", 3).unwrap_err().is_eof());
    }

    #[test]
    fn no_more_of_a_long_text_stands_in_memory_than_a_value_takes() {
        let text = serde_json::to_vec(&vec![json!({"a": "b".repeat(100)}); 1_000]).unwrap();
        let mut window = Window::of_step(text.as_slice(), 64);
        let mut longest = 0;
        window
            .array(|window| {
                window.value::<Value>()?;
                longest = longest.max(window.bytes.len());
                Ok(())
            })
            .unwrap();
        assert!(longest <= 4 * 110, "{longest}");
    }
}
