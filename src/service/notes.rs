//! What moves no money: notes about things, and the cases of findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ledger::case::Case;
use crate::ledger::ids::{CaseId, Place};
use crate::ledger::note::Note;
use crate::ledger::selection::{CaseFilter, Count, Listed, Page};
use crate::limits::NOTES_ABOUT_MAX;

use super::lists::{ListError, place_number};
use super::node::Node;

impl Node {
    /// The newest notes about some things, the oldest first, by their places; of each at most
    /// [`NOTES_ABOUT_MAX`]. Things of different kinds may have the same place.
    pub async fn notes_about(&self, subjects: &[Place]) -> Result<BTreeMap<Place, Vec<Arc<Note>>>, ListError> {
        let mut found: BTreeMap<Place, Vec<Arc<Note>>> = BTreeMap::new();
        let notes = self.views().notes_about(subjects, NOTES_ABOUT_MAX).await?;
        // Together they may have more: then each is asked for by itself, so that none is crowded out.
        let is_cut = u64::try_from(notes.len()).is_ok_and(|count| count >= NOTES_ABOUT_MAX);
        if is_cut && subjects.len() > 1 {
            for subject in subjects {
                let notes = self.views().notes_about(&[*subject], NOTES_ABOUT_MAX).await?;
                found.insert(*subject, notes.into_iter().map(Arc::new).collect());
            }
            return Ok(found);
        }
        for note in notes {
            if let Some(subject) = note.subject() {
                found.entry(subject).or_default().push(Arc::new(note));
            }
        }
        Ok(found)
    }

    /// The versions of cases, each with its first first.
    pub async fn versions_of_cases(&self, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Vec<Arc<Case>>>, ListError> {
        let mut found: BTreeMap<CaseId, Vec<Arc<Case>>> = BTreeMap::new();
        for case in self.views().versions_of_cases(ids).await? {
            found.entry(case.id).or_default().push(Arc::new(case));
        }
        Ok(found)
    }

    /// A case as it stands now.
    pub fn case(&self, id: CaseId) -> Option<Arc<Case>> {
        self.tables().cases.get(&id).cloned()
    }

    /// A part of the list of cases; they are all in memory.
    pub fn cases_list(&self, filter: &CaseFilter, page: Page<u64>) -> Listed<Arc<Case>, u64> {
        page.part_of(self.cases_in(filter), |case: &Arc<Case>| place_number(case.id.0))
    }

    /// How many cases it has.
    pub fn cases_count(&self, filter: &CaseFilter) -> Count {
        Count::whole(self.cases_in(filter).len())
    }

    fn cases_in(&self, filter: &CaseFilter) -> Vec<Arc<Case>> {
        self.tables().cases.values().filter(|case| filter.lets_through(case)).cloned().collect()
    }
}
