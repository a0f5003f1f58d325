//! What there is to tell whoever follows findings: their versions in order of their numbers.
//!
//! Numbers only rise, and a version keeps its number for as long as it is kept. Findings that are
//! concluded anew from nothing have another numbering, with a name of its own.

use sea_orm::sea_query::{Condition, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::leakage::finding::Finding;
use crate::store::dialect::Writing;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index};

use super::Findings;
use super::entity::{finding, numbering};
use super::lists::meant;
use crate::leakage::selection::FindingFilter;

/// Numbers after one and below another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// After this one; from the first when none.
    pub after: Option<u64>,
    /// Below this one.
    pub below: u64,
}

impl Findings {
    /// The versions of findings that are meant and have these numbers, in order; so many at most.
    pub async fn told(
        &self,
        filter: &FindingFilter,
        numbers: Numbers,
        limit: u64,
    ) -> Result<Vec<(u64, Finding)>, ViewsError> {
        let rows = finding::Entity::find()
            .filter(numbers.condition())
            .filter(meant(filter))
            .order_by_asc(finding::Column::Number)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("findings"))?.into_iter().map(finding::Model::read).collect()
    }

    /// How many versions are meant and have these numbers.
    pub async fn told_count(&self, filter: &FindingFilter, numbers: Numbers) -> Result<u64, ViewsError> {
        let counted =
            finding::Entity::find().filter(numbers.condition()).filter(meant(filter)).count(&self.readers).await;
        counted.map_err(ViewsError::read("a count of findings"))
    }

    /// The number of the first version that a block after this height made; none when there is none.
    pub async fn number_after_block(&self, height: Option<u64>) -> Result<Option<u64>, ViewsError> {
        let later = height.map(|height| finding::Column::Height.gt(index(height)));
        let row = finding::Entity::find()
            .filter(Condition::all().add_option(later))
            .order_by_asc(finding::Column::Number)
            .select_only()
            .column(finding::Column::Number)
            .into_tuple::<i64>()
            .one(&self.readers)
            .await;
        Columns("findings").maybe_index("number", row.map_err(ViewsError::read("findings"))?)
    }

    /// The name of the numbering: another one once the findings were concluded anew from nothing.
    pub async fn numbering(&self) -> Result<Uuid, ViewsError> {
        let row = numbering::Entity::find_by_id(numbering::ONLY).one(&self.readers).await;
        let row = row.map_err(ViewsError::read("the numbering of the findings"))?;
        let columns = Columns("numbering");
        columns.uuid("name", &row.ok_or_else(|| columns.corrupt("name"))?.name)
    }

    /// Names the numbering of findings that were just made.
    pub(super) async fn name_numbering(&self) -> Result<(), ViewsError> {
        let row = numbering::ActiveModel::from(new_numbering());
        let named = numbering::Entity::insert(row)
            .on_conflict(OnConflict::column(numbering::Column::Id).do_nothing().to_owned())
            .exec_without_returning(&self.writer)
            .await;
        named.map(drop).map_err(ViewsError::Migrate)
    }
}

impl Writing {
    /// Gives the numbering another name.
    pub(super) async fn rename_numbering(&mut self) -> Result<(), sea_orm::DbErr> {
        let (key, changed) = (vec![numbering::Column::Id], vec![numbering::Column::Name]);
        self.upsert::<numbering::Entity>(vec![new_numbering()], key, changed).await
    }
}

impl Numbers {
    fn condition(self) -> Condition {
        let after = self.after.map(|after| finding::Column::Number.gt(index(after)));
        Condition::all().add(finding::Column::Number.lt(index(self.below))).add_option(after)
    }
}

fn new_numbering() -> numbering::Model {
    numbering::Model { id: numbering::ONLY, name: Uuid::new_v4().as_bytes().to_vec() }
}
