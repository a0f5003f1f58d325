//! Reading findings and entitlements: lists of a moment, versions, sums.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect};
use uuid::Uuid;

use crate::leakage::finding::Finding;
use crate::leakage::rule::{Rule, Severity};
use crate::ledger::ids::{AreaId, HopId, PartyKey, Place, ProgrammeId};
use crate::ledger::money::Currency;
use crate::ledger::time::Millis;
use crate::store::views::error::ViewsError;
use crate::store::views::fields::{Columns, index, sought};

use super::Findings;
use super::entity::{entitlement, finding, finding_hop};

/// Which findings are meant; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Of these rules; of any when empty.
    pub rules: Vec<Rule>,
    /// Of these severities; of any when empty.
    pub severities: Vec<Severity>,
    /// With these ids.
    pub ids: Option<Vec<Uuid>>,
    /// This party is responsible.
    pub responsible: Option<PartyKey>,
    /// This party is responsible, or the other of the pair.
    pub party: Option<PartyKey>,
    /// About this recipient.
    pub recipient: Option<PartyKey>,
    /// Of this programme's money.
    pub programme: Option<ProgrammeId>,
    /// Of this cycle.
    pub cycle: Option<String>,
    /// Of this purpose.
    pub purpose: Option<String>,
    /// In one of these areas.
    pub areas: Option<Vec<AreaId>>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// That rest on this hop.
    pub hop: Option<HopId>,
    /// Resolved by the facts, or not.
    pub resolved: Option<bool>,
}

/// How many findings of a rule stand, and how much money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingSum {
    /// The rule.
    pub rule: Rule,
    /// Their severity.
    pub severity: Severity,
    /// Whether the facts resolved them.
    pub resolved: bool,
    /// The currency of the money.
    pub currency: Option<Currency>,
    /// How many.
    pub count: u64,
    /// The money at stake in all, in minor units; findings may overlap on the same money.
    pub amount: i128,
}

/// Entitlements of an area that were stated and due by a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitledSum {
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle.
    pub cycle: String,
    /// The purpose.
    pub purpose: String,
    /// The recipients' area.
    pub area: AreaId,
    /// Minor units.
    pub amount: i64,
}

impl FindingFilter {
    fn condition(&self) -> Condition {
        use finding::Column;
        let party = |party: PartyKey| {
            Condition::any()
                .add(Column::Responsible.eq(party.0.to_key()))
                .add(Column::Counterparty.eq(party.0.to_key()))
        };
        let ids = self.ids.as_ref().map(|ids| Column::Id.is_in(ids.iter().map(|id| id.as_bytes().to_vec())));
        let rules = (!self.rules.is_empty()).then(|| Column::Rule.is_in(self.rules.iter().map(|rule| rule.code())));
        let severities = (!self.severities.is_empty())
            .then(|| Column::Severity.is_in(self.severities.iter().map(|severity| severity.name())));
        let areas = self.areas.as_ref().map(|areas| Column::Area.is_in(areas.iter().map(|area| i64::from(area.0))));
        let on_hop = self.hop.map(|hop| {
            let of_hop = Query::select()
                .column(finding_hop::Column::Finding)
                .from(finding_hop::Entity)
                .and_where(finding_hop::Column::Hop.eq(hop.0.to_key()))
                .take();
            Column::Id.in_subquery(of_hop)
        });
        let resolved = self.resolved.map(|resolved| match resolved {
            true => Column::ResolvedHeight.is_not_null(),
            false => Column::ResolvedHeight.is_null(),
        });
        Condition::all()
            .add_option(rules)
            .add_option(ids)
            .add_option(self.responsible.map(|party| Column::Responsible.eq(party.0.to_key())))
            .add_option(severities)
            .add_option(self.party.map(party))
            .add_option(self.recipient.map(|recipient| Column::Recipient.eq(recipient.0.to_key())))
            .add_option(self.programme.map(|programme| Column::Programme.eq(programme.0.to_key())))
            .add_option(self.cycle.as_deref().map(|cycle| Column::Cycle.eq(sought(cycle))))
            .add_option(self.purpose.as_deref().map(|purpose| Column::Purpose.eq(sought(purpose))))
            .add_option(areas)
            .add_option(self.currency.map(|currency| Column::Currency.eq(currency.code())))
            .add_option(on_hop)
            .add_option(resolved)
    }
}

/// The versions that stand after a block.
fn standing(height: u64) -> Condition {
    let later = Condition::any().add(finding::Column::Ended.is_null()).add(finding::Column::Ended.gt(index(height)));
    Condition::all().add(finding::Column::Height.lte(index(height))).add(later)
}

impl Findings {
    /// Findings as they stand after a block, by the number of their version: after a number (before
    /// it, when the newest come first).
    pub async fn page(
        &self,
        filter: &FindingFilter,
        height: u64,
        after: Option<u64>,
        newest_first: bool,
        limit: u64,
    ) -> Result<Vec<(u64, Finding)>, ViewsError> {
        let number = finding::Column::Number;
        let from = after.map(|after| match newest_first {
            true => number.lt(index(after)),
            false => number.gt(index(after)),
        });
        let select = finding::Entity::find()
            .filter(standing(height))
            .filter(filter.condition())
            .filter(Condition::all().add_option(from))
            .limit(limit);
        let ordered = if newest_first { select.order_by_desc(number) } else { select.order_by_asc(number) };
        let rows = ordered.all(&self.readers).await.map_err(ViewsError::read("findings"))?;
        rows.into_iter().map(finding::Model::read).collect()
    }

    /// How many findings stand, and how much money, by rule, severity and currency.
    pub async fn sums(&self, filter: &FindingFilter, height: u64) -> Result<Vec<FindingSum>, ViewsError> {
        use finding::Column;
        let failed = ViewsError::read("sums of findings");
        let select = Query::select()
            .columns([Column::Rule, Column::Severity, Column::Currency])
            .expr_as(Expr::cust("CASE WHEN resolved_height IS NULL THEN 0 ELSE 1 END"), "resolved")
            .expr_as(Expr::cust("COUNT(*)"), "findings")
            .expr_as(Expr::cust("CAST(SUM(amount / 1000000) AS BIGINT)"), "high")
            .expr_as(Expr::cust("CAST(SUM(amount % 1000000) AS BIGINT)"), "low")
            .from(finding::Entity)
            .cond_where(standing(height))
            .cond_where(filter.condition())
            .group_by_columns([Column::Rule, Column::Severity, Column::Currency])
            .add_group_by([Expr::cust("CASE WHEN resolved_height IS NULL THEN 0 ELSE 1 END")])
            .take();
        let rows = self.readers.query_all(&select).await.map_err(&failed)?;
        let mut sums = Vec::with_capacity(rows.len());
        for row in &rows {
            sums.push(read_sum(row).map_err(&failed)??);
        }
        sums.sort_by(|a: &FindingSum, b| {
            (a.severity, a.rule, a.resolved, a.currency).cmp(&(b.severity, b.rule, b.resolved, b.currency))
        });
        Ok(sums)
    }

    /// A finding as it stands after a block.
    pub async fn finding(&self, id: Uuid, height: u64) -> Result<Option<(u64, Finding)>, ViewsError> {
        let row = finding::Entity::find()
            .filter(standing(height))
            .filter(finding::Column::Id.eq(id.as_bytes().to_vec()))
            .one(&self.readers)
            .await;
        row.map_err(ViewsError::read("a finding"))?.map(finding::Model::read).transpose()
    }

    /// Every version of a finding, the first first.
    pub async fn versions(&self, id: Uuid) -> Result<Vec<(u64, Finding)>, ViewsError> {
        let rows = finding::Entity::find()
            .filter(finding::Column::Id.eq(id.as_bytes().to_vec()))
            .order_by_asc(finding::Column::Version)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("versions of a finding"))?.into_iter().map(finding::Model::read).collect()
    }

    /// Versions of findings after a number, in order: what there is to tell whoever follows.
    pub async fn after(&self, number: Option<u64>, limit: u64) -> Result<Vec<(u64, Finding)>, ViewsError> {
        let from = number.map(|number| finding::Column::Number.gt(index(number)));
        let rows = finding::Entity::find()
            .filter(Condition::all().add_option(from))
            .order_by_asc(finding::Column::Number)
            .limit(limit)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("findings"))?.into_iter().map(finding::Model::read).collect()
    }

    /// The findings that rest on these hops, as they stand after a block, each with its hop.
    pub async fn of_hops(&self, hops: &[HopId], height: u64) -> Result<Vec<(HopId, u64, Finding)>, ViewsError> {
        let keys = hops.iter().map(|hop| hop.0.to_key());
        let links = finding_hop::Entity::find().filter(finding_hop::Column::Hop.is_in(keys)).all(&self.readers).await;
        let links = links.map_err(ViewsError::read("findings of hops"))?;
        let ids = links.iter().map(|link| link.finding.clone());
        let rows = finding::Entity::find()
            .filter(standing(height))
            .filter(finding::Column::Id.is_in(ids))
            .order_by_asc(finding::Column::Number)
            .all(&self.readers)
            .await;
        let mut found = Vec::new();
        for row in rows.map_err(ViewsError::read("findings"))? {
            let (number, finding) = row.read()?;
            // A later conclusion may rest on other hops than an earlier one.
            for hop in finding.conclusion.hops.iter().filter(|hop| hops.contains(hop)) {
                found.push((*hop, number, finding.clone()));
            }
        }
        Ok(found)
    }

    /// Entitlements that were stated in blocks up to a moment and due by it.
    pub async fn entitled(&self, at: Millis) -> Result<Vec<EntitledSum>, ViewsError> {
        use entitlement::Column;
        let failed = ViewsError::read("entitlements");
        let by = [Column::Programme, Column::Cycle, Column::Purpose, Column::Area];
        let select = Query::select()
            .columns(by)
            .expr_as(Expr::cust("CAST(SUM(amount) AS BIGINT)"), "total")
            .from(entitlement::Entity)
            .and_where(Expr::col(Column::Due).lte(at.0))
            .and_where(Expr::col(Column::Time).lte(at.0))
            .group_by_columns(by)
            .take();
        let rows = self.readers.query_all(&select).await.map_err(&failed)?;
        let columns = Columns("entitlements");
        let read = |row: &QueryResult| {
            Ok::<_, DbErr>((
                row.try_get::<i64>("", "programme")?,
                row.try_get::<String>("", "cycle")?,
                row.try_get::<String>("", "purpose")?,
                row.try_get::<i64>("", "area")?,
                row.try_get::<i64>("", "total")?,
            ))
        };
        rows.iter()
            .map(|row| {
                let (programme, cycle, purpose, area, amount) = read(row).map_err(&failed)?;
                let programme = ProgrammeId(columns.parsed("programme", Place::from_key(programme))?);
                Ok(EntitledSum { programme, cycle, purpose, area: columns.area("area", area)?, amount })
            })
            .collect()
    }
}

fn read_sum(row: &QueryResult) -> Result<Result<FindingSum, ViewsError>, DbErr> {
    let columns = Columns("findings");
    let (rule, severity): (String, String) = (row.try_get("", "rule")?, row.try_get("", "severity")?);
    let currency: Option<String> = row.try_get("", "currency")?;
    let (count, high, low): (i64, i64, i64) =
        (row.try_get("", "findings")?, row.try_get("", "high")?, row.try_get("", "low")?);
    let resolved = match row.try_get::<i64>("", "resolved") {
        Ok(resolved) => resolved,
        // PostgreSQL's CASE of small numbers is an INTEGER.
        Err(_) => i64::from(row.try_get::<i32>("", "resolved")?),
    };
    let severity = Severity::ALL.into_iter().find(|known| known.name() == severity);
    let read = || {
        Ok(FindingSum {
            rule: columns.parsed("rule", Rule::parse(&rule))?,
            severity: columns.parsed("severity", severity)?,
            resolved: resolved != 0,
            currency: currency.as_deref().map(|code| columns.currency("currency", code)).transpose()?,
            count: columns.index("number", count)?,
            amount: i128::from(high) * 1_000_000 + i128::from(low),
        })
    };
    Ok(read())
}
