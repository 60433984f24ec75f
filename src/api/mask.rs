//! Keeps the keys of a run out of everything that is shown, here where texts come in from the network.
//!
//! An answer may hold a key: somebody named an agent so, or pasted it into a prompt. In its body each occurrence gives way
//! to a stand-in before anything reads it, so that no later stage has the key and none can show it. Ids and cursors are
//! compared by their stand-ins, which are different where what they stand for is; only the client puts the original back,
//! into the address of a request. What is for people anyway (error texts, log lines) loses parts of a key too.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    fmt,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use aho_corasick::{Anchored, BuildError, automaton::Automaton, nfa::contiguous::NFA};
use base64::{Engine, engine::general_purpose};
use sha2::{Digest, Sha256};

use super::error::{Malformed, clipped};
use crate::text::hexadecimal;

/// How a stand-in begins; the sum of what it stands for follows. Characters that no address has to escape; the first is of no
/// word, so that an id beside a key is found as it was.
pub(crate) const STAND_IN: &str = "~key-not-shown-";

/// How many digits follow.
const SUM_LENGTH: usize = 16;

/// How it ends. As at its beginning, no key goes on with this.
const END: &str = "~";

/// What is put in place of a key in texts for people.
const THE_KEY: &str = "[the key]";

/// What keys begin with. It tells nothing of a key.
pub(crate) const PREFIXES: [&str; 2] = ["sk_", "xi-"];

/// Of a key so many characters in a row are a part that is not shown. A shorter key is none, and taking it out would only
/// garble words.
const PART: usize = 8;

/// How many different texts a run may have stand-ins for, and how long each may be, in bytes: what is kept has a bound.
const MOST_STAND_INS: usize = 1000;
const LONGEST: usize = 4096;

/// What never stands in a key: a byte of a text that is no ASCII, or of JSON that is no text.
const NONE: u8 = 0xff;

/// The keys of a run, in every form that they are told by: as they are, in Base64 wherever they begin in it, all of these
/// in letters of either case, and percent-encoded.
pub struct Mask {
    /// A key as a whole, and what begins as a stand-in.
    whole: Forms,
    /// Any part of a key.
    parts: Forms,
    /// The same as `whole`, for a first look at a body.
    first_look: FirstLook,
    /// The bytes that are worth unescaping.
    concerned: [bool; 256],
    stand_ins: Mutex<HashMap<String, String>>,
}

impl Mask {
    /// For these keys.
    ///
    /// # Errors
    /// Where they are too long or too many.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, BuildError> {
        let forms: Vec<String> = keys.into_iter().filter(|key| key.len() >= PART).flat_map(forms).collect();
        let parts = forms.iter().flat_map(|form| form.as_bytes().windows(PART));
        let whole = forms.iter().map(String::as_bytes).chain([STAND_IN.as_bytes()]);
        let whole: Vec<&[u8]> = whole.collect();
        let mut concerned = [false; 256];
        // A percent sign that is escaped, and digits behind one, may make up an escape of their own.
        for byte in whole.iter().copied().flatten().chain(b"%0123456789abcdef") {
            concerned[usize::from(byte.to_ascii_lowercase())] = true;
            concerned[usize::from(byte.to_ascii_uppercase())] = true;
        }
        let mask = Self {
            first_look: FirstLook::new(&whole),
            parts: Forms::new(parts)?,
            concerned,
            stand_ins: Mutex::default(),
            whole: Forms::new(whole.iter().copied())?,
        };
        // Those that earlier reports most likely have: what they stand for can be asked for without having been met.
        for form in forms {
            for form in [form.to_ascii_lowercase(), form.to_ascii_uppercase(), form] {
                let _ = mask.stand_in(form);
            }
        }
        Ok(mask)
    }

    /// A text for people, without keys and parts of keys.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.bytes().enumerate().map(|(at, byte)| Byte { byte, start: at, end: at + 1 });
        let found = self.parts.find(bytes);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
        for Range { start, end } in found {
            let before = text.get(at..start).unwrap_or_default();
            let prefix = PREFIXES.iter().find(|prefix| {
                let there = before.len().checked_sub(prefix.len()).and_then(|at| before.get(at..));
                there.is_some_and(|there| there.eq_ignore_ascii_case(prefix))
            });
            shown.push_str(&before[..before.len() - prefix.map_or(0, |prefix| prefix.len())]);
            shown.push_str(THE_KEY);
            at = end;
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(shown)
    }

    /// A text from the server made fit for a log line, a report and a terminal: short, on one line, without keys.
    pub(super) fn printable(&self, text: &str) -> String {
        clipped(&self.hide(text))
    }

    /// The body of an answer, JSON, with a stand-in for each key in its texts. Whether there was any.
    ///
    /// # Errors
    /// Where there are too many of them, or one is too long.
    pub(crate) fn body(&self, body: &mut Vec<u8>) -> Result<bool, Malformed> {
        if !self.may_be_in(body) {
            return Ok(false);
        }
        let found = self.whole.find(JsonText::of(body));
        if found.is_empty() {
            return Ok(false);
        }
        let (mut masked, mut at) = (Vec::with_capacity(body.len()), 0);
        for Range { start, end } in found {
            let text = JsonText { json: &body[..end], at: start, in_string: true };
            let text: Vec<u8> = text.map(|byte| byte.byte).collect();
            let stand_in = self.stand_in(String::from_utf8_lossy(&text).into_owned())?;
            masked.extend_from_slice(&body[at..start]);
            masked.extend_from_slice(stand_in.as_bytes());
            at = end;
        }
        masked.extend_from_slice(&body[at..]);
        *body = masked;
        Ok(true)
    }

    /// What `text` stands for, its originals put in as `write` has them. `None`: it holds a stand-in that this run doesn't
    /// know, as from an earlier report.
    pub(super) fn reveal<'a>(&self, text: &'a str, write: impl Fn(&str) -> String) -> Option<Cow<'a, str>> {
        if !text.contains(STAND_IN) {
            return Some(Cow::Borrowed(text));
        }
        let stand_ins = self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut revealed, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(STAND_IN) {
            let end = at + STAND_IN.len() + SUM_LENGTH + END.len();
            revealed.push_str(&rest[..at]);
            revealed.push_str(&write(stand_ins.get(rest.get(at..end)?)?));
            rest = &rest[end..];
        }
        revealed.push_str(rest);
        Some(Cow::Owned(revealed))
    }

    /// What stands for a text, the same on every night. Two texts never have the same.
    fn stand_in(&self, text: String) -> Result<String, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed(format!("it holds an API key in a text of more than {LONGEST} bytes")));
        }
        let sum = hexadecimal(&Sha256::digest(&text));
        let stand_in = format!("{STAND_IN}{}{END}", &sum[..SUM_LENGTH]);
        let mut stand_ins = self.stand_ins.lock().unwrap_or_else(PoisonError::into_inner);
        match stand_ins.get(&stand_in) {
            Some(known) if *known == text => {}
            Some(_) => {
                return Err(Malformed("it holds two texts with API keys that are not told apart".to_owned()));
            }
            None if stand_ins.len() >= MOST_STAND_INS + 3 * self.whole.number => {
                return Err(Malformed(format!("it holds API keys in more than {MOST_STAND_INS} forms")));
            }
            None => drop(stand_ins.insert(stand_in.clone(), text)),
        }
        Ok(stand_in)
    }

    /// A look without unescaping, which is much sooner done: false only where `whole` finds nothing.
    fn may_be_in(&self, body: &[u8]) -> bool {
        let is_concerned = |byte: Option<u8>| byte.is_some_and(|byte| self.concerned[usize::from(byte)]);
        self.first_look.finds(body)
            || memchr::memchr2_iter(b'\\', b'%', body).any(|at| match (body[at], body.get(at + 1)) {
                (b'%', _) => is_concerned(hexadecimal_byte(body, at + 1)),
                (_, Some(b'u')) => {
                    body.get(at + 2..at + 4) == Some(b"00") && is_concerned(hexadecimal_byte(body, at + 4))
                }
                (_, Some(b'"' | b'\\' | b'/')) => is_concerned(body.get(at + 1).copied()),
                _ => false,
            })
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mask").finish_non_exhaustive()
    }
}

/// The forms of a key, without percent-encoding and the case of letters.
fn forms(key: &str) -> Vec<String> {
    let secret = PREFIXES.iter().find_map(|prefix| key.strip_prefix(prefix));
    let secret = secret.filter(|secret| secret.len() >= PART).unwrap_or(key);
    let mut forms = vec![secret.to_owned()];
    for engine in [general_purpose::STANDARD_NO_PAD, general_purpose::URL_SAFE_NO_PAD] {
        for before in 0..3 {
            // What stands at both ends hangs on what is beside the key.
            let encoded = engine.encode([&vec![0; before], secret.as_bytes()].concat());
            let whole = (8 * before).div_ceil(6)..8 * (before + secret.len()) / 6;
            forms.extend(encoded.get(whole).map(str::to_owned));
        }
    }
    forms
}

/// A byte of an unescaped text, and where what it was made of stands.
#[derive(Clone, Copy)]
struct Byte {
    byte: u8,
    start: usize,
    end: usize,
}

/// Several texts to look for, in letters of either case.
struct Forms {
    automaton: NFA,
    longest: usize,
    number: usize,
}

impl Forms {
    fn new<'a>(forms: impl Iterator<Item = &'a [u8]>) -> Result<Self, BuildError> {
        let automaton = NFA::builder().ascii_case_insensitive(true).build(forms)?;
        let (longest, number) = (automaton.max_pattern_len(), automaton.patterns_len());
        Ok(Self { automaton, longest, number })
    }

    /// Where they stand, as they are or percent-encoded, in order; those that overlap as one.
    fn find(&self, bytes: impl Iterator<Item = Byte> + Clone) -> Vec<Range<usize>> {
        // Behind a percent sign that is only that, a key may begin with what looks like the digits of an escape.
        let mut found = self.find_as_it_is(bytes.clone());
        found.extend(self.find_as_it_is(Unescaped(bytes)));
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, range| {
            let overlaps = next.start < range.end;
            if overlaps {
                range.end = range.end.max(next.end);
            }
            overlaps
        });
        found
    }

    fn find_as_it_is(&self, bytes: impl Iterator<Item = Byte>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        // Without forms there is nothing to find.
        let Ok(mut state) = self.automaton.start_state(Anchored::No) else { return found };
        let mut starts = VecDeque::with_capacity(self.longest + 1);
        for Byte { byte, start, end } in bytes {
            starts.push_back(start);
            if starts.len() > self.longest {
                starts.pop_front();
            }
            state = self.automaton.next_state(Anchored::No, state, byte);
            if self.automaton.is_match(state) {
                let lengths = (0..self.automaton.match_len(state))
                    .map(|index| self.automaton.pattern_len(self.automaton.match_pattern(state, index)));
                let first = lengths.max().and_then(|length| starts.get(starts.len().checked_sub(length)?));
                found.extend(first.map(|first| *first..end));
            }
        }
        found
    }
}

/// A look for several texts, in letters of either case, that passes over most of a body unread (by Wu and Manber): how far it is
/// from three bytes to where the shortest of the texts could end.
struct FirstLook {
    forms: Vec<Vec<u8>>,
    shortest: usize,
    shifts: Vec<u8>,
}

impl FirstLook {
    fn new(forms: &[&[u8]]) -> Self {
        let shortest =
            forms.iter().map(|form| form.len()).min().unwrap_or_default().min(usize::from(u8::MAX));
        let farthest = u8::try_from(shortest.saturating_sub(2)).unwrap_or(u8::MAX);
        let mut shifts = vec![farthest; 1 << 16];
        for form in forms {
            for (end, bytes) in (3..=shortest).zip(form.windows(3)) {
                let shift = &mut shifts[Self::place(bytes)];
                *shift = (*shift).min(u8::try_from(shortest - end).unwrap_or_default());
            }
        }
        Self { forms: forms.iter().map(|form| form.to_vec()).collect(), shortest, shifts }
    }

    /// The same for letters of either case.
    fn place(bytes: &[u8]) -> usize {
        let sum = bytes.iter().fold(0, |sum, byte| sum * 37 + usize::from(byte | 0x20));
        sum & 0xffff
    }

    fn finds(&self, body: &[u8]) -> bool {
        let mut end = self.shortest.max(3);
        while let Some(bytes) = body.get(end - 3..end) {
            let shift = self.shifts[Self::place(bytes)];
            let rest = body.get(end - self.shortest..).unwrap_or_default();
            let is_here =
                |form: &Vec<u8>| rest.get(..form.len()).is_some_and(|there| there.eq_ignore_ascii_case(form));
            if shift == 0 && self.forms.iter().any(is_here) {
                return true;
            }
            end += usize::from(shift.max(1));
        }
        false
    }
}

/// The texts in JSON without its escapes. What is no text is there as [`NONE`].
#[derive(Clone, Copy)]
struct JsonText<'a> {
    json: &'a [u8],
    at: usize,
    in_string: bool,
}

impl<'a> JsonText<'a> {
    fn of(json: &'a [u8]) -> Self {
        Self { json, at: 0, in_string: false }
    }
}

impl Iterator for JsonText<'_> {
    type Item = Byte;

    fn next(&mut self) -> Option<Byte> {
        let start = self.at;
        let (byte, length) = match *self.json.get(start)? {
            b'"' => {
                self.in_string = !self.in_string;
                (NONE, 1)
            }
            _ if !self.in_string => (NONE, 1),
            b'\\' => match self.json.get(start + 1) {
                Some(b'u') => {
                    let is_byte = self.json.get(start + 2..start + 4) == Some(b"00");
                    let byte =
                        hexadecimal_byte(self.json, start + 4).filter(|byte| is_byte && byte.is_ascii());
                    (byte.unwrap_or(NONE), 6)
                }
                Some(byte @ (b'"' | b'\\' | b'/')) => (*byte, 2),
                _ => (NONE, 2),
            },
            byte => (byte, 1),
        };
        self.at = (start + length).min(self.json.len());
        Some(Byte { byte, start, end: self.at })
    }
}

/// A text without percent-encoding, however often it was encoded.
struct Unescaped<I>(I);

impl<I: Iterator<Item = Byte> + Clone> Iterator for Unescaped<I> {
    type Item = Byte;

    fn next(&mut self) -> Option<Byte> {
        let mut next = self.0.next()?;
        while next.byte == b'%' {
            let mut ahead = self.0.clone();
            let (Some(high), Some(low)) = (ahead.next(), ahead.next()) else { break };
            let Some(byte) = hexadecimal_byte(&[high.byte, low.byte], 0) else { break };
            next = Byte { byte, start: next.start, end: low.end };
            self.0 = ahead;
        }
        Some(next)
    }
}

/// The byte that two hexadecimal digits at this place say.
fn hexadecimal_byte(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

#[cfg(test)]
mod tests;
