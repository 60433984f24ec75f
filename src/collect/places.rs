//! Which places are read when, and what is made of what was found in them: uses of secrets, and references to others.

use std::{collections::BTreeSet, mem, sync::Arc};

use super::{
    collector::Collector,
    found::{Found, Uses},
    job::{Answered, Job},
    options::Deep,
    reading::Reading,
    scan::Scanner,
};
use crate::{
    api::{ApiError, Form, Sought},
    inventory::{Scan, ScanOutcome, Secret, Source},
    memory::Kept,
};

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
        self.queue(Job::User);
        self.start_scans(readings);
    }

    pub(super) fn whole(&self, source: Source, sought: &Arc<Sought>) -> Reading {
        Reading::whole(source, Arc::clone(sought), &self.places.behavior)
    }

    /// Begins to read places.
    pub(super) fn start_scans(&mut self, readings: Vec<Reading>) {
        for reading in readings {
            let mut scanner = Scanner::new(&self.client, &self.options, reading);
            let (source, jobs) = (scanner.scan.source, scanner.start());
            self.scanners.push(scanner);
            self.queue_of_place(source, jobs);
        }
    }

    /// Has the place that an answer is of take it in.
    pub(super) fn on_place(&mut self, answered: Answered) {
        let Some(source) = answered.place().filter(|source| !self.refused_scans.contains_key(source)) else {
            return;
        };
        let mut scanners = self.scanners.iter_mut();
        if let Some(scanner) = scanners.find(|scanner| scanner.scan.source == source) {
            let jobs = scanner.on(answered);
            self.queue_of_place(source, jobs);
        }
    }

    /// A walk over the secrets that fails ends it all at once. This doesn't: where the key is no good both fail, and which
    /// failed first must not decide what is said.
    fn queue_of_place(&mut self, source: Source, jobs: Result<Vec<Job>, ApiError>) {
        match jobs {
            Ok(jobs) => jobs.into_iter().for_each(|job| self.queue(job)),
            Err(error) => drop(self.refused_scans.insert(source, error)),
        }
    }

    /// Takes in what was found in places: uses of listed secrets, and references to others, which are looked up.
    ///
    /// # Errors
    /// Where the key is invalid.
    pub(super) fn on_scans(&mut self) -> Result<(), ApiError> {
        if let Some((_, error)) = mem::take(&mut self.refused_scans).pop_first() {
            return Err(error);
        }
        mem::take(&mut self.scanners).into_iter().for_each(|scanner| self.on_scan(scanner));
        Ok(())
    }

    /// Makes uses of the words that turned out to be ids of secrets.
    pub(super) fn resolve_words(&mut self) {
        for (source, word) in mem::take(&mut self.words) {
            self.resolve(source, word);
        }
    }

    fn on_scan(&mut self, scanner: Scanner) {
        let Scanner { reading, mut findings, scan, held, .. } = scanner;
        self.places.on_scan(&reading, &findings);
        mem::take(&mut findings.notes).into_iter().for_each(|note| self.warn(note));
        self.held.push(held);
        self.on_workspace_ids(mem::take(&mut findings.workspace_ids));
        let (uses, found) = (mem::take(&mut findings.uses), mem::take(&mut findings.found));
        self.signs.on_scan(&reading, findings);
        for one in uses.into_iter().flat_map(Uses::each).chain(found) {
            self.resolve(reading.source, one);
        }
        self.on_outcome(scan);
    }

    /// Those of these ids that a place has not, where it was read completely.
    pub(super) fn not_listed(&self, source: Source, ids: BTreeSet<String>) -> Vec<String> {
        match self.places.by_source.get(&source) {
            Some(place) if self.is_read(source) => ids.difference(&place.ids).cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// What was not read once stays not read.
    pub(super) fn on_outcome(&mut self, scan: Scan) {
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

    fn on_workspace_ids(&mut self, ids: BTreeSet<String>) {
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

    /// Whether a search with this finds all secrets of which it matters.
    pub(super) fn is_covered(&self, sought: &Sought) -> bool {
        // One that was looked up because something refers to it is in use, whatever else mentions it.
        let is_settled = |position, secret: &Secret| self.looked_up.contains(&position) && secret.uses() > 0;
        let mut secrets = self.workspace.secrets.iter().enumerate();
        secrets.all(|(position, secret)| sought.covers(&secret.id) || is_settled(position, secret))
    }

    /// What has to be read again, and whether the list of secrets has to be walked again.
    pub(super) fn what_to_walk(&self) -> (Vec<Reading>, bool) {
        let exact = Arc::new(self.sought.ready(false));
        let readings = self.places.by_source.iter().filter_map(|(source, place)| {
            if place.has_more_words || !place.sought.iter().all(|sought| self.is_covered(sought)) {
                return Some(self.whole(*source, &exact));
            }
            (!place.unsettled.is_empty()).then(|| Reading {
                only: place.unsettled.iter().copied().collect(),
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
