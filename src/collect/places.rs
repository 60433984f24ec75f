//! Which places are read when: those that every audit reads as soon as the first page of secrets shows what their ids look
//! like; tools and agents where a secret would be called unused without them; and each list of several pages once more
//! before any is, since a cursor that counts skips what slides onto an earlier page meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use super::{
    Deep,
    agents::Manner,
    collector::Collector,
    reading::{Found, Listing, Reading, Uses},
    references::Scanning,
};
use crate::{
    api::{ApiError, Form, Sought},
    inventory::{Gap, Missing, Scan, ScanOutcome, Secret, Source, Why},
    memory::Kept,
};

/// How often a list is walked at the most.
const MOST_WALKS: u32 = 3;

/// What is known of places that were read.
#[derive(Default)]
pub(super) struct Places {
    by_source: BTreeMap<Source, Place>,
    pub(super) secrets: SecretList,
    are_begun: bool,
    manner: Arc<Manner>,
}

/// The list of secrets, as a place that is walked.
#[derive(Default)]
pub(super) struct SecretList {
    /// Whether it took more than one page.
    pub(super) is_long: bool,
    /// How many words that may be ids were kept of its unknown fields in this walk.
    pub(super) words: usize,
    /// Whether its unknown fields had more of them than are kept.
    pub(super) has_more_words: bool,
    /// How many secrets were known before this walk, where it is not the first.
    pub(super) known_before: Option<usize>,
    is_settled: bool,
}

/// One place that was read.
struct Place {
    ids: BTreeSet<String>,
    /// Those of its lists that may have shown less than there is, until a walk shows nothing new.
    unsettled: Vec<Listing>,
    /// What its documents were searched for: each of these, some of them.
    sought: Vec<Arc<Sought>>,
    has_more_words: bool,
}

impl Collector {
    /// Begins to read the places that are part of every audit. `list_has_ended`: all secrets are known.
    pub(super) fn start_first_scans(&mut self, list_has_ended: bool) {
        // A walk that was started again has a first page twice.
        if self.is_trial || mem::replace(&mut self.places.are_begun, true) {
            return;
        }
        let sought = Arc::new(self.sought.ready(!list_has_ended));
        let is_first = |source: &Source| !source.may_be_left_out() || self.options.deep == Deep::Always;
        let sources = Source::SCANNED.into_iter().filter(is_first);
        let readings = sources.map(|source| self.whole(source, &sought)).collect();
        self.start_user();
        self.start_scans(readings);
    }

    pub(super) fn whole(&self, source: Source, sought: &Arc<Sought>) -> Reading {
        Reading::whole(source, Arc::clone(sought), &self.places.manner)
    }

    /// Takes in what was found in places: uses of listed secrets, and references to others, which are looked up.
    pub(super) async fn take_scans(mut self) -> Result<Self, ApiError> {
        for scanning in self.scans.take().transpose()?.into_iter().flatten() {
            self.take_scan(scanning);
        }
        self.settle_words().await
    }

    /// Makes uses of the words that turned out to be ids of secrets, and looks up what is referred to and not listed. What
    /// that shows may mention further ones.
    pub(super) async fn settle_words(mut self) -> Result<Self, ApiError> {
        loop {
            for (source, word) in mem::take(&mut self.words) {
                self.resolve(source, word);
            }
            // A narrowed audit looks nothing up.
            if self.unlisted.is_empty() || !self.options.search.is_empty() {
                return Ok(self);
            }
            self = self.look_up_unlisted().await?;
        }
    }

    pub(super) fn take_scan(&mut self, scanning: Scanning) {
        let source = scanning.scan.source;
        let place = self.places.by_source.entry(source).or_insert_with(|| Place {
            ids: BTreeSet::new(),
            unsettled: Vec::new(),
            sought: Vec::new(),
            has_more_words: scanning.has_more_words,
        });
        if scanning.is_of_all() {
            place.sought.clear();
            place.has_more_words = false;
        }
        place.sought.push(Arc::clone(scanning.sought()));
        place.has_more_words |= scanning.has_more_words;
        let shows_new = !scanning.ids.is_subset(&place.ids);
        let is_first = !self.workspace.scans.iter().any(|scan| scan.source == source);
        if is_first || shows_new {
            place.unsettled.extend(scanning.unsettled.iter().copied());
        } else if scanning.walked() {
            place.unsettled.clear();
        }
        place.unsettled.sort_unstable();
        place.unsettled.dedup();
        place.ids.extend(scanning.ids.iter().filter(|id| !id.is_empty()).cloned());
        self.signs.take_scan(&scanning);
        scanning.notes.into_iter().for_each(|note| self.warn(note));
        self.held.push(scanning.held);
        self.take_workspace_ids(scanning.workspace_ids);
        for one in scanning.uses.into_iter().flat_map(Uses::each).chain(scanning.found) {
            self.resolve(source, one);
        }
        self.take_outcome(scanning.scan);
    }

    /// Those of these ids that a place has not, where it was read completely.
    pub(super) fn not_listed(&self, source: Source, ids: BTreeSet<String>) -> Vec<String> {
        match self.places.by_source.get(&source) {
            Some(place) if self.is_read(source) => ids.difference(&place.ids).cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// What was not read once stays not read.
    fn take_outcome(&mut self, scan: Scan) {
        match self.workspace.scans.iter_mut().find(|known| known.source == scan.source) {
            Some(known) => {
                known.pages += scan.pages;
                if known.outcome == ScanOutcome::Whole {
                    known.outcome = scan.outcome;
                }
            }
            None => self.workspace.scans.push(scan),
        }
    }

    fn take_workspace_ids(&mut self, ids: BTreeSet<String>) {
        let ids: Vec<String> = ids.into_iter().collect();
        match ids.as_slice() {
            [] => {}
            [only] => self.workspace.workspace_id = Some(only.clone()),
            several => self.warn(format!(
                "environment variables say that they are in different workspaces: {}",
                several.join(", ")
            )),
        }
    }

    /// Makes of what was found a use, a reference to a secret that is not there, or something to look up.
    fn resolve(&mut self, source: Source, one: Found) {
        match self.position_of_id(&one.secret_id) {
            Some(position) if !self.gone.contains(&position) => {
                self.record_found(position, source, &one);
            }
            // A narrowed audit reports no dangling references.
            Some(_) if !self.options.search.is_empty() || one.form != Form::Locator => {}
            Some(_) => {
                let reference = one.reference("it was deleted during the audit".to_owned());
                if self.keeps(Kept::References, reference.bytes()) {
                    self.workspace.dangling.push(reference);
                }
            }
            None if one.form != Form::Locator => self.words.push((source, one)),
            None => match self.not_found.remove(&*one.secret_id) {
                Some(known) => {
                    let id = one.secret_id.to_string();
                    self.refer_to_missing(one, &known);
                    self.not_found.insert(id, known);
                }
                None => self.unlisted.entry(one.secret_id.to_string()).or_default().push((source, one)),
            },
        }
    }

    /// Reads tools and agents where a secret would be called unused without that.
    pub(super) async fn inspect(mut self) -> Result<Self, ApiError> {
        let outcome = match self.options.deep {
            Deep::Always => return Ok(self),
            Deep::Never => ScanOutcome::NotPartOfThisAudit,
            Deep::Auto if self.candidates().is_empty() => ScanOutcome::NotNeeded,
            Deep::Auto => {
                let sought = Arc::new(self.sought.ready(false));
                let sources = [Source::Tools, Source::Agents];
                self.start_scans(sources.map(|source| self.whole(source, &sought)).into());
                return self.take_answers().await?.take_scans().await;
            }
        };
        for source in [Source::Tools, Source::Agents] {
            self.workspace.scans.push(Scan::new(source, outcome.clone()));
        }
        Ok(self)
    }

    /// Walks each list of several pages again, until a walk shows nothing new; and reads places again whose documents were
    /// searched before all secrets were known, where that may have missed one.
    ///
    /// The lists of a secret's dependents are not among them: a candidate has none, and that they are empty is what the
    /// confirmation asks again.
    pub(super) async fn walk_again(mut self) -> Result<Self, ApiError> {
        if !self.candidates().is_empty() && !self.is_covered(&self.sought.ready(false)) {
            let sources: Vec<Source> = self.places.by_source.keys().copied().collect();
            for source in sources {
                self.take_outcome(Scan::new(source, ScanOutcome::NotRead(Why::UnsearchableIds)));
            }
        }
        for _ in 1..MOST_WALKS {
            let (readings, walks_secrets) = self.what_to_walk();
            if self.candidates().is_empty() || (readings.is_empty() && !walks_secrets) {
                return Ok(self);
            }
            let known = self.workspace.secrets.len();
            if walks_secrets {
                self.places.secrets.known_before = Some(known);
                self.places.secrets.words = 0;
                self.places.secrets.has_more_words = false;
                self.fields_sought = Some(Arc::new(self.sought.ready(false)));
                self.start_walk();
            }
            self.start_scans(readings);
            self = self.take_answers().await?.look_for_vanished().await?.take_scans().await?;
            self.places.secrets.is_settled |= walks_secrets && self.workspace.secrets.len() == known;
        }
        let (readings, walks_secrets) = self.what_to_walk();
        let why = Why::Shifting(MOST_WALKS);
        for reading in readings {
            self.take_outcome(Scan::new(reading.source, ScanOutcome::NotRead(why.clone())));
        }
        if walks_secrets && self.workspace.page_gaps.is_empty() {
            self.add_page_gap(Gap::new(Missing::Secrets, why));
        }
        Ok(self)
    }

    /// Whether a search with this finds all secrets of which it matters.
    fn is_covered(&self, sought: &Sought) -> bool {
        // One that was looked up because something refers to it is in use, whatever else mentions it.
        let is_settled = |position, secret: &Secret| self.looked_up.contains(&position) && secret.uses() > 0;
        let mut secrets = self.workspace.secrets.iter().enumerate();
        secrets.all(|(position, secret)| sought.covers(&secret.id) || is_settled(position, secret))
    }

    /// What has to be read again, and whether the list of secrets has to be walked again.
    fn what_to_walk(&self) -> (Vec<Reading>, bool) {
        let exact = Arc::new(self.sought.ready(false));
        let readings = self.places.by_source.iter().filter_map(|(source, place)| {
            if place.has_more_words || !place.sought.iter().all(|sought| self.is_covered(sought)) {
                return Some(self.whole(*source, &exact));
            }
            (!place.unsettled.is_empty()).then(|| Reading {
                only: place.unsettled.clone(),
                known: place.ids.clone(),
                ..self.whole(*source, &exact)
            })
        });
        let list = &self.places.secrets;
        let fields_are_covered = self.fields_sought.as_deref().is_none_or(|sought| self.is_covered(sought))
            && !list.has_more_words;
        let walks_secrets =
            ((list.is_long || !self.gone.is_empty()) && !list.is_settled) || !fields_are_covered;
        (readings.collect(), walks_secrets)
    }
}
