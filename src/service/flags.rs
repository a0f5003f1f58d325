//! Findings as people ask for them: lists of a moment, what has been done about them, how old the
//! money is that they are about, and how parties compare.
//!
//! Findings follow the views; an answer is of the moment that was asked for, as far as the
//! examination has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::leakage::detectors::l40_peer_outlier::{PartyRate, rates};
use crate::leakage::files::{DAILY, Files, TallyFile};
use crate::leakage::finding::Finding;
use crate::leakage::rule::Rule;
use crate::ledger::case::Case;
use crate::ledger::ids::{AreaId, CaseId, HopId, PartyKey};
use crate::ledger::money::Currency;
use crate::ledger::parameter::Parameter;
use crate::ledger::registry::Party;
use crate::ledger::selection::{Count, GroupBy, GroupKey, Listed, MoneyFilter, Page};
use crate::ledger::time::DAY_MS;
use crate::limits;
use crate::store::findings::lists::{FindingFilter, FindingSum};
use crate::store::views::areas::{cut, is_under};

use super::node::Node;
use super::reads::{Moment, ReadError};

/// The days of an age bucket: from the first to the last, both included; the last has no end.
pub const AGES: [(i64, Option<i64>); 4] = [(1, Some(7)), (8, Some(15)), (16, Some(30)), (31, None)];

/// Money of one age, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aged {
    /// On its way past its due time.
    pub overdue: i128,
    /// Lying with parties while entitlements are due: findings of L05.
    pub parked: i128,
    /// What the parked money costs by lying idle.
    pub idle_cost: i128,
}

/// What came of cases, in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many cases, dismissed ones left out.
    pub cases: u64,
    /// The money that their findings reported.
    pub reported: i128,
    /// What was decided to be lost.
    pub decided: i128,
    /// What was ordered back.
    pub ordered: i128,
    /// What the treasury acknowledged.
    pub recovered: i128,
}

/// A party beside its peers.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The party.
    pub party: Arc<Party>,
    /// The currency of its money.
    pub currency: Currency,
    /// Its rate beside theirs.
    pub rate: PartyRate,
}

impl Node {
    /// The last block that was examined, at most that of a moment: waits a little for it.
    pub async fn examined_height(&self, moment: Moment) -> u64 {
        let mut examined = self.examined();
        let reached = examined.wait_for(|examined| examined.height >= Some(moment.height));
        let _ = tokio::time::timeout(Duration::from_millis(limits::READ_OWN_WRITES_MS), reached).await;
        self.heights().findings.unwrap_or(0).min(moment.height)
    }

    /// A part of the list of findings, as they stand after a block, by the numbers of their versions.
    pub async fn findings_list(
        &self,
        filter: &FindingFilter,
        height: u64,
        page: Page<u64>,
    ) -> Result<Listed<(u64, Finding), u64>, ReadError> {
        let rows = self.findings().page(filter, height, page.after, page.newest_first, page.limit).await?;
        Ok(Listed { rows, stopped_at: None })
    }

    /// A finding as it stands after a block.
    pub async fn finding(&self, id: Uuid, height: u64) -> Result<Option<Finding>, ReadError> {
        Ok(self.findings().finding(id, height).await?.map(|(_, finding)| finding))
    }

    /// Every version of a finding, the first first.
    pub async fn finding_versions(&self, id: Uuid) -> Result<Vec<Finding>, ReadError> {
        Ok(self.findings().versions(id).await?.into_iter().map(|(_, finding)| finding).collect())
    }

    /// How many findings that are.
    pub async fn findings_count(&self, filter: &FindingFilter, height: u64) -> Result<Count, ReadError> {
        let sums = self.findings().sums(filter, height).await?;
        Ok(Count { rows: sums.iter().map(|sum| sum.count).sum(), whole: true })
    }

    /// Findings by rule, severity and currency.
    pub async fn finding_sums(&self, filter: &FindingFilter, height: u64) -> Result<Vec<FindingSum>, ReadError> {
        Ok(self.findings().sums(filter, height).await?)
    }

    /// The latest case of each of these findings.
    pub fn case_of_finding(&self, finding: Uuid) -> Option<Arc<Case>> {
        let tables = self.tables();
        tables.taken_up.get(&finding).and_then(|id| tables.cases.get(id)).cloned()
    }

    /// Findings of a group of money; none for groups that findings do not tell apart.
    pub fn findings_of_group(&self, filter: &MoneyFilter, by: GroupBy, key: &GroupKey) -> Option<FindingFilter> {
        let mut found = FindingFilter {
            programme: filter.programme,
            cycle: filter.cycle.clone(),
            purpose: filter.purpose.clone(),
            party: filter.party,
            areas: filter.area.as_deref().map(|path| self.areas_where(|area| is_under(path, area))),
            currency: filter.currency,
            ..FindingFilter::default()
        };
        match key {
            GroupKey::Nothing => {}
            GroupKey::Programme(programme) => found.programme = Some(*programme),
            GroupKey::Cycle(cycle) => found.cycle = Some(cycle.clone()),
            GroupKey::Purpose(purpose) => found.purpose = Some(purpose.clone()),
            GroupKey::Party(party) => found.responsible = Some(*party),
            GroupKey::Area(path) => {
                let level = if let GroupBy::Area { level } = by { level } else { 0 };
                let under = filter.area.as_deref().unwrap_or_default();
                found.areas = Some(self.areas_where(|area| cut(area, level) == path && is_under(under, area)));
            }
            GroupKey::HopKind(_) => return None,
        }
        Some(found)
    }

    fn areas_where(&self, is_meant: impl Fn(&str) -> bool) -> Vec<AreaId> {
        self.tables().areas.iter().filter(|(path, _)| is_meant(path)).map(|(_, id)| *id).collect()
    }

    /// How old the overdue and parked money of a filter is, by group and currency, in the order of
    /// [`AGES`].
    pub async fn ages(
        &self,
        filter: &MoneyFilter,
        by: GroupBy,
        moment: Moment,
    ) -> Result<BTreeMap<(GroupKey, Currency), [Aged; AGES.len()]>, ReadError> {
        let mut ages: BTreeMap<(GroupKey, Currency), [Aged; AGES.len()]> = BTreeMap::new();
        for ((key, currency, days), amount) in self.views().late(filter, by, moment.height, moment.at).await? {
            // The first day late is day 1.
            ages.entry((key, currency)).or_default()[age(days + 1)].overdue += amount;
        }
        Ok(ages)
    }

    /// How old the parked money of a group is, and what it costs, in the order of [`AGES`].
    pub async fn parked(
        &self,
        group: FindingFilter,
        currency: Currency,
        moment: Moment,
    ) -> Result<[Aged; AGES.len()], ReadError> {
        let height = self.examined_height(moment).await;
        let filter = FindingFilter { rules: vec![Rule::L05], resolved: Some(false), currency: Some(currency), ..group };
        let mut ages = [Aged::default(); AGES.len()];
        let mut after = None;
        loop {
            let rows = self.findings().page(&filter, height, after, false, limits::FINDINGS_READ_AT_ONCE).await?;
            for (_, finding) in &rows {
                let since = finding.conclusion.since.unwrap_or(finding.raised.time);
                let aged = &mut ages[age((moment.at.0 - since.0).max(0) / DAY_MS + 1)];
                aged.parked += i128::from(finding.conclusion.amount());
                let cost = finding.conclusion.score.as_ref().and_then(|score| score.value.parse::<Decimal>().ok());
                aged.idle_cost += cost.and_then(|cost| cost.round().try_into().ok()).unwrap_or(0);
            }
            after = rows.last().map(|(number, _)| *number);
            if u64::try_from(rows.len()).is_ok_and(|count| count < limits::FINDINGS_READ_AT_ONCE) {
                return Ok(ages);
            }
        }
    }

    /// What came of the cases of a group's findings, by a moment. Dismissed ones are left out.
    pub async fn recovery(
        &self,
        group: &FindingFilter,
        currency: Currency,
        moment: Moment,
    ) -> Result<Recovery, ReadError> {
        let ids: Vec<CaseId> = self.tables().cases.keys().copied().collect();
        let mut then: BTreeMap<CaseId, Case> = BTreeMap::new();
        for case in self.views().versions_of_cases(&ids).await? {
            if case.version < moment.entries && case.currency == currency {
                then.insert(case.id, case);
            }
        }
        let height = self.examined_height(moment).await;
        let findings: Vec<Uuid> = then.values().map(|case| case.finding).collect();
        let filter = FindingFilter { ids: Some(findings), resolved: None, ..group.clone() };
        let found = self.findings().page(&filter, height, None, false, u64::MAX >> 1).await?;
        let meant: std::collections::BTreeSet<Uuid> = found.into_iter().map(|(_, finding)| finding.id).collect();
        let mut recovery = Recovery::default();
        let mut hops: Vec<HopId> = Vec::new();
        for case in then.into_values().filter(|case| meant.contains(&case.finding)) {
            if case.state == crate::ledger::case::CaseState::Dismissed {
                continue;
            }
            recovery.cases += 1;
            recovery.reported += i128::from(case.reported);
            recovery.decided += i128::from(case.decided.unwrap_or(0));
            recovery.ordered += i128::from(case.ordered.unwrap_or(0));
            hops.extend(case.recoveries);
        }
        let arrived = self.views().hops_as_of(&hops, moment.entries.saturating_sub(1)).await?;
        recovery.recovered = arrived.iter().map(|hop| i128::from(hop.figures.arrived.unwrap_or(0))).sum();
        Ok(recovery)
    }

    /// Every party that sent answered hops of a filter's programmes, beside its peers: parties of the
    /// same programme and level. The highest shrunk rates come first. As far as findings are now.
    pub async fn peers(&self, filter: &MoneyFilter) -> Result<Vec<Peer>, ReadError> {
        let mut files = Files::default();
        for (key, body) in self.findings().files_of_kinds(&DAILY).await? {
            files.take(key, &body);
        }
        let tables = self.tables();
        let areas: BTreeMap<AreaId, &str> = tables.areas.iter().map(|(path, id)| (*id, path.as_str())).collect();
        let mut groups: BTreeMap<_, Vec<(Arc<Party>, TallyFile)>> = BTreeMap::new();
        for ((programme, party), tally) in &files.tallies {
            let Some(party) = tables.parties.get(party) else { continue };
            if filter.programme.is_none_or(|wanted| wanted == *programme) {
                groups.entry((*programme, party.level.clone())).or_default().push((party, *tally));
            }
        }
        let mut peers = Vec::new();
        for ((programme, _), members) in groups {
            let Some(currency) = tables.programmes.get(&programme).map(|programme| programme.currency) else {
                continue;
            };
            let file = files.programmes.get(&programme);
            let hops_min = file.map_or(Parameter::OutlierHops.default(), |file| file.value(Parameter::OutlierHops));
            let tallies: Vec<(PartyKey, &TallyFile)> =
                members.iter().map(|(party, tally)| (party.key, tally)).collect();
            for ((party, _), rate) in members.iter().zip(rates(&tallies, hops_min)) {
                let area = areas.get(&party.area).copied().unwrap_or_default();
                let is_meant = filter.area.as_deref().is_none_or(|path| is_under(path, area))
                    && filter.party.is_none_or(|wanted| wanted == party.key)
                    && filter.currency.is_none_or(|wanted| wanted == currency);
                if is_meant && rate.compared.is_some() {
                    peers.push(Peer { party: party.clone(), currency, rate });
                }
            }
        }
        let shrunk = |peer: &Peer| peer.rate.compared.map(|compared| compared.shrunk);
        peers.sort_by(|a, b| (shrunk(b), a.party.key).cmp(&(shrunk(a), b.party.key)));
        Ok(peers)
    }
}

/// Which of [`AGES`] so many days are.
fn age(days: i64) -> usize {
    AGES.iter().position(|(_, last)| last.is_none_or(|last| days <= last)).unwrap_or(AGES.len() - 1)
}
