//! Which words may be ids of secrets: those that are listed, and, for what is read before the list has come to its end, any
//! of their form.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::steps;

/// What documents are searched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    /// Ids that are words as a whole.
    ids: HashSet<Arc<str>>,
    /// The forms of all ids, by their length.
    forms: BTreeMap<usize, Forms>,
    /// Ids with other characters, which are found in no word.
    others: BTreeSet<Arc<str>>,
    /// The lengths of these, and their sum.
    lengths: BTreeSet<usize>,
    length: usize,
    /// The same ones, made ready to be searched for, once for all who search.
    made: OnceLock<AhoCorasick>,
    /// That, where this is to be searched with.
    search: Option<AhoCorasick>,
    /// Whether words of such a form are found that are no known id.
    finds_unknown: bool,
}

/// What the ids of a service have in common: what stands before the first `_` or `-`, with that, and the characters of the rest,
/// as bits of [`class`]. (The length is the third part.)
type Forms = HashMap<Box<str>, BTreeSet<u8>>;

/// The longest id with other characters than those of a word that is searched for, in bytes. A longer one can't be asked for,
/// so that it is never called unused, whatever mentions it.
const OTHER_LENGTH: usize = 1024;
/// How many lengths such ids may have. Those of a service have one or two; and at each place of a text, one of each length
/// may end.
const MOST_LENGTHS: usize = 32;
/// The most states with an id that ends in them, which is what the search for such ids takes.
const MOST_ENDS: usize = 2 * 1024 * 1024;
/// What the search takes for each byte of such an id. Two of them may be there at once: while secrets are listed, a place is
/// read with those that are known.
const BYTES_OF_SEARCH: usize = 2 * 32;

/// The kind of a character. Letters and digits are one, since an id may lack either by chance.
fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' => 1,
        b'A'..=b'Z' => 2,
        _ => 4,
    }
}

fn form(id: &str) -> (&str, u8) {
    let (prefix, rest) = id.find(['_', '-']).map_or(("", id), |at| id.split_at(at + 1));
    (prefix, rest.bytes().map(class).fold(0, std::ops::BitOr::bitor))
}

/// Whether a character belongs to a word: beside an id it makes it another word.
fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl Sought {
    /// Adds the ids of listed secrets.
    pub(crate) fn add<'i>(&mut self, ids: impl IntoIterator<Item = &'i str>) {
        for id in ids.into_iter().filter(|id| !id.is_empty()) {
            if id.bytes().all(is_of_a_word) {
                if self.ids.insert(id.into()) {
                    let (prefix, alphabet) = form(id);
                    let forms = self.forms.entry(id.len()).or_default();
                    forms.entry(prefix.into()).or_default().insert(alphabet);
                }
            } else if id.len() <= OTHER_LENGTH && self.others.insert(id.into()) {
                self.lengths.insert(id.len());
                self.length += id.len();
                self.made = OnceLock::new();
            }
        }
    }

    /// What searching for an id takes besides its length, in bytes.
    pub(crate) fn bytes_of(id: &str) -> usize {
        match id.len() > OTHER_LENGTH || id.bytes().all(is_of_a_word) {
            true => 0,
            false => id.len() * BYTES_OF_SEARCH,
        }
    }

    /// The same, made ready to search with. With `finds_unknown`, words of the form of a known id are found too: the list
    /// has not come to its end.
    pub(crate) fn ready(&self, finds_unknown: bool) -> Self {
        let search = if self.others.is_empty() { None } else { self.search_for_others() };
        Self { search, finds_unknown, ..self.clone() }
    }

    fn search_for_others(&self) -> Option<AhoCorasick> {
        // Ids come from elsewhere: of the kinds of automata, this one is made in a time and a space that grow with their
        // length, as long as few of them end in one another. Where it can't be made, `covers` says so.
        if self.lengths.len() > MOST_LENGTHS || self.length * self.lengths.len() > MOST_ENDS {
            return None;
        }
        if self.made.get().is_none() {
            let mut builder = AhoCorasick::builder();
            builder.kind(Some(AhoCorasickKind::NoncontiguousNFA));
            let search = builder.build(self.others.iter().map(|id| id.as_bytes())).ok()?;
            // Whoever was sooner made the same.
            let _ = self.made.set(search);
        }
        self.made.get().cloned()
    }

    /// Whether a search with this finds the id wherever it stands.
    pub(crate) fn covers(&self, id: &str) -> bool {
        let is_never_unused = id.len() > OTHER_LENGTH && !id.bytes().all(is_of_a_word);
        self.is_known(id) || (self.finds_unknown && self.has_form(id)) || is_never_unused
    }

    /// Whether it is the id of a secret that was listed.
    pub(crate) fn is_known(&self, id: &str) -> bool {
        self.known(id).is_some()
    }

    /// The id of a secret that was listed, as it is kept for all who need it.
    pub(crate) fn known(&self, id: &str) -> Option<&Arc<str>> {
        self.ids.get(id).or_else(|| self.search.as_ref().and_then(|_| self.others.get(id)))
    }

    /// Whether it may be a secret's id, by its form.
    pub(super) fn has_form(&self, word: &str) -> bool {
        steps::count(word.len());
        let (prefix, alphabet) = form(word);
        let forms = self.forms.get(&word.len()).and_then(|forms| forms.get(prefix));
        forms.is_some_and(|known| known.iter().any(|known| alphabet & !known == 0))
            && word.bytes().all(is_of_a_word)
    }

    /// Finds every word in a text that is sought, and whether it is a known id.
    pub(super) fn find<'t>(&self, text: &'t str, mut found: impl FnMut(&'t str, bool)) {
        steps::count(text.len());
        let shortest = self.forms.keys().next().copied().unwrap_or(usize::MAX);
        if text.len() >= shortest {
            for word in text.split(|character: char| !character.is_ascii() || !is_of_a_word(character as u8))
            {
                if !self.forms.contains_key(&word.len()) {
                    continue;
                }
                let is_known = self.ids.contains(word);
                if is_known || (self.finds_unknown && self.has_form(word)) {
                    found(word, is_known);
                }
            }
        }
        let Some(search) = &self.search else { return };
        let is_beside =
            |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(|b| is_of_a_word(*b));
        for one in search.find_overlapping_iter(text) {
            steps::count(1);
            if !is_beside(one.start().checked_sub(1)) && !is_beside(Some(one.end())) {
                found(&text[one.span()], true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sought: &Sought, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        sought.find(text, |word, _| words.push(word.to_owned()));
        words
    }

    fn sought(ids: &[&str], finds_unknown: bool) -> Sought {
        let mut sought = Sought::default();
        sought.add(ids.iter().copied());
        sought.ready(finds_unknown)
    }

    #[test]
    fn an_id_is_found_as_a_whole_word_only() {
        let sought = sought(&["sec_1a", "sec_2b"], false);
        assert_eq!(found(&sought, "sec_1a"), ["sec_1a"]);
        assert_eq!(found(&sought, "key=sec_1a;other:sec_2b."), ["sec_1a", "sec_2b"]);
        assert_eq!(found(&sought, "ésec_1aé🔑"), ["sec_1a"], "only ASCII belongs to a word");
        for other in ["sec_1ab", "xsec_1a", "sec_1a-b", "_sec_1a", "SEC_1A", "sec_9z", "", "sec"] {
            assert!(found(&sought, other).is_empty(), "{other}");
        }
    }

    #[test]
    fn ids_of_other_characters_are_found_too() {
        let sought = sought(&["a.b", "a.b.c", "schlüssel 1", "sec_1a"], false);
        assert_eq!(found(&sought, "x a.b y"), ["a.b"]);
        let mut both = found(&sought, "(a.b.c)");
        both.sort();
        assert_eq!(both, ["a.b", "a.b.c"]);
        assert_eq!(found(&sought, "<schlüssel 1>"), ["schlüssel 1"]);
        assert!(found(&sought, "a.bc za.b schlüssel 12").is_empty());
    }

    #[test]
    fn before_the_list_has_ended_words_of_the_form_of_an_id_are_found() {
        let open = sought(&["sec_1a2b"], true);
        assert_eq!(found(&open, "sec_zzzz sec_ZZZZ sec_zzz tool_zzz sec-zzzz"), ["sec_zzzz"]);
        assert!(open.covers("sec_zzzz") && !open.covers("sec_zzzzz") && !open.covers("key_zzzz"));
        let closed = sought(&["sec_1a2b"], false);
        assert!(closed.covers("sec_1a2b") && !closed.covers("sec_zzzz"));
        assert!(closed.has_form("sec_zzzz"));
        assert!(!sought(&[], true).covers("sec_1"));
    }
}
