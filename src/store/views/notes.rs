//! Reading notes and cases.

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::ledger::case::Case;
use crate::ledger::ids::{CaseId, NoteId, Place};
use crate::ledger::note::Note;

use super::Views;
use super::entity::{case_version, note};
use super::error::ViewsError;
use super::fields::index;

impl Views {
    /// The notes of a range of entries, in order.
    pub async fn notes_of_entries(&self, first: u64, last: u64) -> Result<Vec<Note>, ViewsError> {
        let (Some((first, _)), Some((_, last))) = (Place::range_of(first), Place::range_of(last)) else {
            return Ok(Vec::new());
        };
        let rows = note::Entity::find()
            .filter(note::Column::Id.between(first.to_key(), last.to_key()))
            .order_by_asc(note::Column::Id)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("notes"))?.into_iter().map(note::Model::read).collect()
    }

    /// The newest notes about these things, the oldest first, `limit` in all at most.
    pub async fn notes_about(&self, subjects: &[Place], limit: u64) -> Result<Vec<Note>, ViewsError> {
        let subjects = subjects.iter().map(|place| place.to_key());
        let rows = note::Entity::find()
            .filter(note::Column::Subject.is_in(subjects))
            .order_by_desc(note::Column::Id)
            .limit(limit)
            .all(&self.readers)
            .await;
        let rows = rows.map_err(ViewsError::read("notes"))?;
        rows.into_iter().rev().map(note::Model::read).collect()
    }

    /// Notes after one, in order.
    pub async fn notes_after(&self, after: Option<NoteId>, limit: u64) -> Result<Vec<Note>, ViewsError> {
        let after = after.map(|id| note::Column::Id.gt(id.0.to_key()));
        let rows = note::Entity::find()
            .filter(Condition::all().add_option(after))
            .order_by_asc(note::Column::Id)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("notes"))?.into_iter().map(note::Model::read).collect()
    }

    /// The versions of a case, the first first.
    pub async fn case_versions(&self, id: CaseId) -> Result<Vec<Case>, ViewsError> {
        self.versions_of_cases(&[id]).await
    }

    /// The versions of some cases, each with its first first.
    pub async fn versions_of_cases(&self, ids: &[CaseId]) -> Result<Vec<Case>, ViewsError> {
        self.cases_where(case_version::Column::Id.is_in(ids.iter().map(|id| id.0.to_key()))).await
    }

    /// Versions of cases after one, by case and version.
    pub async fn case_versions_after(&self, after: Option<(CaseId, u64)>, limit: u64) -> Result<Vec<Case>, ViewsError> {
        let after = after.map(|(id, version)| {
            let (id, version) = (id.0.to_key(), index(version));
            let later =
                Condition::all().add(case_version::Column::Id.eq(id)).add(case_version::Column::Version.gt(version));
            Condition::any().add(case_version::Column::Id.gt(id)).add(later)
        });
        let rows = case_version::Entity::find()
            .filter(Condition::all().add_option(after))
            .order_by_asc(case_version::Column::Id)
            .order_by_asc(case_version::Column::Version)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("versions of cases"))?.into_iter().map(case_version::Model::read).collect()
    }

    /// The versions of the cases of a finding, the first first.
    pub async fn cases_of_finding(&self, finding: Uuid) -> Result<Vec<Case>, ViewsError> {
        self.cases_where(case_version::Column::Finding.eq(finding.as_bytes().to_vec())).await
    }

    async fn cases_where(&self, which: sea_orm::sea_query::SimpleExpr) -> Result<Vec<Case>, ViewsError> {
        let rows = case_version::Entity::find()
            .filter(which)
            .order_by_asc(case_version::Column::Id)
            .order_by_asc(case_version::Column::Version)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("versions of a case"))?.into_iter().map(case_version::Model::read).collect()
    }

    /// The versions of cases that a range of entries made, in order.
    pub async fn cases_of_entries(&self, first: u64, last: u64) -> Result<Vec<Case>, ViewsError> {
        let rows = case_version::Entity::find()
            .filter(case_version::Column::Version.between(index(first), index(last)))
            .order_by_asc(case_version::Column::Version)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("versions of cases"))?.into_iter().map(case_version::Model::read).collect()
    }
}
