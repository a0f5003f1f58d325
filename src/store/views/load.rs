//! What the ledger needs from the views: the part that stays in memory, and records by id.

use std::sync::Arc;

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::ledger::fact::Fact;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, HopId, Place, TokenId};
use crate::ledger::registry::{Allocation, Programme, Recorded};
use crate::ledger::state::Tables;
use crate::ledger::token::Token;

use super::Views;
use super::entity::{
    allocation, appropriation, area, case_version, hop, imported_row, officer_key, operation, party, programme, token,
    total,
};
use super::error::ViewsError;
use crate::store::dialect;

/// What one entry made, as it stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfEntry {
    /// Its tokens, spent or not.
    pub tokens: Vec<Token>,
    /// Its hops, in their current versions.
    pub hops: Vec<Hop>,
    /// Its allocations.
    pub allocations: Vec<Allocation>,
}

/// The rows of the tables that stay in memory, of one moment.
struct Resident {
    areas: Vec<area::Model>,
    parties: Vec<party::Model>,
    keys: Vec<officer_key::Model>,
    programmes: Vec<programme::Model>,
    appropriations: Vec<appropriation::Model>,
    totals: Vec<total::Model>,
    cases: Vec<case_version::Model>,
}

impl Views {
    /// The part of the books that stays in memory: areas, parties, keys, programmes with the
    /// rules in force, appropriations, totals and cases.
    pub async fn load_resident(&self) -> Result<Tables, ViewsError> {
        let resident = self.resident().await.map_err(ViewsError::read("the resident tables"))?;
        let mut tables = Tables::default();
        for row in resident.areas {
            let (id, path) = row.read()?;
            tables.areas.insert(path, id);
        }
        for row in resident.parties {
            tables.parties.insert(Arc::new(row.read()?));
        }
        for row in resident.keys {
            tables.apply(&[Fact::KeySet(Arc::new(row.read()?))]);
        }
        // Versions rise, so the rules in force come last.
        for row in resident.programmes {
            let programme = row.read()?;
            tables.programme_codes.insert(programme.code.clone(), programme.id);
            tables.programmes.insert(programme.id, Arc::new(programme));
        }
        for row in resident.appropriations {
            let set = row.read()?;
            tables.appropriations.insert((set.programme, set.cycle.label.clone()), Arc::new(set));
        }
        for row in resident.totals {
            let (currency, total) = row.read()?;
            tables.totals.insert(currency, total);
        }
        // The last version of each stands.
        for row in resident.cases {
            tables.apply(&[Fact::CaseSet(Arc::new(row.read()?))]);
        }
        Ok(tables)
    }

    async fn resident(&self) -> Result<Resident, DbErr> {
        let tx = dialect::snapshot(&self.readers).await?;
        let resident = Resident {
            areas: area::Entity::find().all(&tx).await?,
            parties: party::Entity::find().all(&tx).await?,
            keys: officer_key::Entity::find().all(&tx).await?,
            programmes: programme::Entity::find()
                .order_by_asc(programme::Column::Id)
                .order_by_asc(programme::Column::Version)
                .all(&tx)
                .await?,
            appropriations: appropriation::Entity::find().all(&tx).await?,
            totals: total::Entity::find().all(&tx).await?,
            cases: case_version::Entity::find()
                .order_by_asc(case_version::Column::Id)
                .order_by_asc(case_version::Column::Version)
                .all(&tx)
                .await?,
        };
        tx.commit().await?;
        Ok(resident)
    }

    /// The programmes with the rules in force, in order of their definition.
    pub async fn programmes(&self) -> Result<Vec<Programme>, ViewsError> {
        let select = programme::Entity::find()
            .order_by_asc(programme::Column::Id)
            .order_by_asc(programme::Column::Version)
            .all(&self.readers);
        let mut programmes: Vec<Programme> = Vec::new();
        for row in select.await.map_err(ViewsError::read("the programmes"))? {
            let programme = row.read()?;
            match programmes.last_mut() {
                Some(last) if last.id == programme.id => *last = programme,
                _ => programmes.push(programme),
            }
        }
        Ok(programmes)
    }

    /// The recorded operations under these ids, of whichever party.
    pub async fn operations(&self, ids: &[Uuid]) -> Result<Vec<Recorded>, ViewsError> {
        let keys = ids.iter().map(|id| id.as_bytes().to_vec());
        let column = operation::Column::OperationId;
        let rows = self.rows_in::<operation::Entity>("operations", column, keys, Condition::all()).await?;
        rows.into_iter().map(|row| Ok(row.read()?.recorded)).collect()
    }

    /// Tokens by id, spent or not.
    pub async fn tokens(&self, ids: &[TokenId]) -> Result<Vec<Token>, ViewsError> {
        let keys = ids.iter().map(|id| id.0.to_key());
        let rows = self.rows_in::<token::Entity>("tokens", token::Column::Id, keys, Condition::all()).await?;
        rows.into_iter().map(token::Model::read).collect()
    }

    /// Hops by id, in their current versions.
    pub async fn hops(&self, ids: &[HopId]) -> Result<Vec<Hop>, ViewsError> {
        let keys = ids.iter().map(|id| id.0.to_key());
        let current = Condition::all().add(hop::Column::Ended.is_null());
        let rows = self.rows_in::<hop::Entity>("hops", hop::Column::Id, keys, current).await?;
        rows.into_iter().map(|row| Ok(row.read()?.0)).collect()
    }

    /// Allocations by id.
    pub async fn allocations(&self, ids: &[AllocationId]) -> Result<Vec<Allocation>, ViewsError> {
        let keys = ids.iter().map(|id| id.0.to_key());
        let column = allocation::Column::Id;
        let rows = self.rows_in::<allocation::Entity>("allocations", column, keys, Condition::all()).await?;
        rows.into_iter().map(allocation::Model::read).collect()
    }

    /// Which entry imported these rows of tracking tables: none for a row that was freed. Rows
    /// that were never imported are passed over.
    pub async fn imported_rows(&self, keys: &[[u8; 16]]) -> Result<Vec<([u8; 16], Option<u64>)>, ViewsError> {
        let keys = keys.iter().map(|key| key.to_vec());
        let column = imported_row::Column::Key;
        let rows = self.rows_in::<imported_row::Entity>("imported rows", column, keys, Condition::all()).await?;
        rows.into_iter().map(imported_row::Model::read).collect()
    }

    /// What an entry made, in order, as it stands now.
    pub async fn of_entry(&self, entry: u64) -> Result<OfEntry, ViewsError> {
        let Some((first, last)) = Place::range_of(entry) else { return Ok(OfEntry::default()) };
        let (first, last) = (first.to_key(), last.to_key());
        let failed = ViewsError::read("what an entry made");
        let tokens = token::Entity::find()
            .filter(token::Column::Id.between(first, last))
            .order_by_asc(token::Column::Id)
            .all(&self.readers)
            .await
            .map_err(&failed)?;
        let hops = hop::Entity::find()
            .filter(hop::Column::Id.between(first, last))
            .filter(hop::Column::Ended.is_null())
            .order_by_asc(hop::Column::Id)
            .all(&self.readers)
            .await
            .map_err(&failed)?;
        let allocations = allocation::Entity::find()
            .filter(allocation::Column::Id.between(first, last))
            .order_by_asc(allocation::Column::Id)
            .all(&self.readers)
            .await
            .map_err(&failed)?;
        Ok(OfEntry {
            tokens: tokens.into_iter().map(token::Model::read).collect::<Result<_, _>>()?,
            hops: hops.into_iter().map(|row| Ok(row.read()?.0)).collect::<Result<_, ViewsError>>()?,
            allocations: allocations.into_iter().map(allocation::Model::read).collect::<Result<_, _>>()?,
        })
    }
}
