//! Answers about the money: statements, reports, proofs.
//!
//! Every answer is of one moment: the last block's, or that of `asOf`. It is computed from the
//! views alone, so it says how far they are; a past answer never changes.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::chain::digest::Digest;
use crate::chain::proof::{self, NoProof};
use crate::leakage::statistics;
use crate::ledger::cell::Sums;
use crate::ledger::ids::{PartyKey, ProgrammeId, TokenId};
use crate::ledger::money::Currency;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::state::Tables;
use crate::ledger::statement::{HopSums, Statement};
use crate::ledger::time::Millis;
use crate::store::findings::Findings;
use crate::store::findings::lists::EntitledSum;
use crate::store::views::Views;
use crate::store::views::areas::{cut, is_under};
use crate::store::views::error::ViewsError;
use crate::store::views::groups::Groups;

use super::node::Node;

/// A moment of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time at which deadlines are judged.
    pub at: Millis,
    /// The height of the last block that counts.
    pub height: u64,
    /// The number of entries that count.
    pub entries: u64,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Later than the last block.
    #[error("asOf {asked} is later than the last block, {last}")]
    InTheFuture {
        /// What was asked for.
        asked: Millis,
        /// The last block's time.
        last: Millis,
    },
    /// Before the first block.
    #[error("asOf {asked} is before the first block")]
    BeforeTheChain {
        /// What was asked for.
        asked: Millis,
    },
    /// One figure over several currencies.
    #[error("the money is in several currencies ({}); name one in the filter", codes(.0))]
    MixedCurrencies(Vec<Currency>),
    /// No proof of that.
    #[error(transparent)]
    NoProof(#[from] NoProof),
    /// The views do not answer.
    #[error("the views cannot be read")]
    Views(#[from] ViewsError),
}

impl ReadError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InTheFuture { .. } => "AS_OF_IN_THE_FUTURE",
            Self::BeforeTheChain { .. } => "AS_OF_BEFORE_THE_CHAIN",
            Self::MixedCurrencies(_) => "MIXED_CURRENCIES",
            Self::NoProof(_) => "NO_PROOF",
            Self::Views(_) => "STORE_UNAVAILABLE",
        }
    }
}

fn codes(currencies: &[Currency]) -> String {
    currencies.iter().map(Currency::code).collect::<Vec<_>>().join(", ")
}

/// A statement in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyStatement {
    /// The currency.
    pub currency: Currency,
    /// The classes.
    pub statement: Statement,
}

/// One group of a report, in one currency.
#[derive(Clone, Debug)]
pub struct ReportGroup {
    /// What the group is of.
    pub key: GroupKey,
    /// The key as text, stable: a programme's code, a party's id, an area's path, ...
    pub key_text: String,
    /// What people call it.
    pub label: String,
    /// The currency.
    pub currency: Currency,
    /// The classes.
    pub statement: Statement,
    /// Sums over hops.
    pub hops: HopSums,
    /// The narrow rate that fits the grouping.
    pub narrow_rate: Option<Decimal>,
    /// The broad rate, where entitlements are known.
    pub broad_rate: Option<Decimal>,
    /// Coverage.
    pub coverage: Option<Decimal>,
    /// What recipients were entitled to by then, where that is known.
    pub entitled: Option<i128>,
    /// The 95 % interval of the narrow rate, where it rests on a sample of recipients.
    pub interval: Option<(Decimal, Decimal)>,
}

/// A leakage report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The moment.
    pub moment: Moment,
    /// The whole, when it is in one currency.
    pub total: Option<ReportGroup>,
    /// The groups, in order of their keys.
    pub groups: Vec<ReportGroup>,
}

/// The moment that a question is about.
pub async fn moment(views: &Views, as_of: Option<Millis>) -> Result<Moment, ReadError> {
    let last = views.last_block().await?;
    let last = last.ok_or(ReadError::BeforeTheChain { asked: as_of.unwrap_or(Millis(0)) })?;
    let Some(asked) = as_of else {
        return Ok(Moment { at: last.time, height: last.height, entries: last.entries() });
    };
    if asked > last.time {
        return Err(ReadError::InTheFuture { asked, last: last.time });
    }
    let block = views.block_as_of(asked).await?.ok_or(ReadError::BeforeTheChain { asked })?;
    Ok(Moment { at: asked, height: block.height, entries: block.entries() })
}

/// The sums of a report, before its groups have names.
#[derive(Clone, Debug)]
pub struct Grouped {
    by: GroupBy,
    filter: MoneyFilter,
    moment: Moment,
    groups: Groups,
    entitled: Vec<EntitledSum>,
}

/// Sums where money is and where it was lost, by group.
pub async fn sums(
    views: &Views,
    findings: Option<&Findings>,
    filter: &MoneyFilter,
    by: GroupBy,
    moment: Moment,
) -> Result<Grouped, ReadError> {
    let groups = views.sums(filter, by, moment.height, moment.at).await?;
    // Entitlements are nobody's who passes money on.
    let entitled = match findings.filter(|_| filter.party.is_none() && !matches!(by, GroupBy::Party | GroupBy::HopKind))
    {
        Some(findings) => findings.entitled(moment.at).await?,
        None => Vec::new(),
    };
    Ok(Grouped { by, filter: filter.clone(), moment, groups, entitled })
}

impl Grouped {
    /// The report, with the names that the books know. Nothing is awaited here, so the books
    /// may be locked.
    pub fn report(self, tables: &Tables) -> Report {
        let Self { by, filter, moment, groups, entitled } = self;
        let entitled = entitled_by_group(tables, &filter, by, &entitled);
        let of = |key: &GroupKey, currency| entitled.get(&(key.clone(), currency)).copied();
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        for ((_, currency), sums) in &groups {
            totals.entry(*currency).or_default().add(sums);
        }
        let total = match totals.len() {
            1 => totals.pop_first().map(|(currency, sums)| {
                let all = entitled.iter().filter(|((_, of), _)| *of == currency).map(|(_, amount)| *amount);
                let all = (!entitled.is_empty()).then(|| all.sum());
                group(tables, GroupKey::Nothing, currency, sums, GroupBy::Nothing, all)
            }),
            _ => None,
        };
        let groups = groups.into_iter().map(|((key, currency), sums)| {
            let entitled = of(&key, currency);
            group(tables, key, currency, sums, by, entitled)
        });
        let groups = groups.collect();
        Report { moment, total, groups }
    }
}

fn group(
    tables: &Tables,
    key: GroupKey,
    currency: Currency,
    Sums { statement, hops }: Sums,
    by: GroupBy,
    entitled: Option<i128>,
) -> ReportGroup {
    // Good money of a party or kind of hop moves on to other groups, so its rate is of hops.
    let narrow_rate = match by {
        GroupBy::Party | GroupBy::HopKind => hops.narrow_rate(),
        _ => statement.narrow_rate(),
    };
    let (key_text, label) = texts(tables, &key);
    let coverage = hops.coverage();
    let broad_rate = entitled.and_then(|entitled| statement.broad_rate(entitled));
    let interval = interval(narrow_rate, coverage, hops.answers);
    ReportGroup {
        key,
        key_text,
        label,
        currency,
        statement,
        hops,
        narrow_rate,
        broad_rate,
        coverage,
        entitled,
        interval,
    }
}

/// The interval of a rate that rests on a sample: some recipients answered and others did not.
fn interval(rate: Option<Decimal>, coverage: Option<Decimal>, answers: i128) -> Option<(Decimal, Decimal)> {
    let is_sample = coverage.is_some_and(|coverage| coverage < Decimal::ONE);
    let answers = u64::try_from(answers).ok().filter(|answers| is_sample && *answers > 0)?;
    statistics::wilson_of_rate(rate?, answers)
}

/// Entitlements that a filter lets through, by group and currency.
fn entitled_by_group(
    tables: &Tables,
    filter: &MoneyFilter,
    by: GroupBy,
    entitled: &[EntitledSum],
) -> BTreeMap<(GroupKey, Currency), i128> {
    let paths: BTreeMap<_, &str> = tables.areas.iter().map(|(path, id)| (*id, path.as_str())).collect();
    let mut groups = BTreeMap::new();
    for sum in entitled {
        let Some(currency) = tables.programmes.get(&sum.programme).map(|programme| programme.currency) else {
            continue;
        };
        let area = paths.get(&sum.area).copied().unwrap_or_default();
        let is_meant = filter.programme.is_none_or(|programme| programme == sum.programme)
            && filter.cycle.as_ref().is_none_or(|cycle| *cycle == sum.cycle)
            && filter.purpose.as_ref().is_none_or(|purpose| *purpose == sum.purpose)
            && filter.currency.is_none_or(|of| of == currency)
            && filter.area.as_deref().is_none_or(|path| is_under(path, area));
        if is_meant {
            let key = match by {
                GroupBy::Programme => GroupKey::Programme(sum.programme),
                GroupBy::Cycle => GroupKey::Cycle(sum.cycle.clone()),
                GroupBy::Purpose => GroupKey::Purpose(sum.purpose.clone()),
                GroupBy::Area { level } => GroupKey::Area(cut(area, level).to_owned()),
                GroupBy::Nothing | GroupBy::Party | GroupBy::HopKind => GroupKey::Nothing,
            };
            *groups.entry((key, currency)).or_default() += i128::from(sum.amount);
        }
    }
    groups
}

/// A group's key as text and what people call it.
fn texts(tables: &Tables, key: &GroupKey) -> (String, String) {
    let programme = |id: &ProgrammeId| match tables.programmes.get(id) {
        Some(programme) => (programme.code.clone(), programme.label.clone()),
        None => (id.to_string(), id.to_string()),
    };
    let party = |key: &PartyKey| match tables.parties.get(key) {
        Some(party) => (party.id.to_string(), party.label.clone()),
        None => (key.to_string(), key.to_string()),
    };
    match key {
        GroupKey::Nothing => ("TOTAL".to_owned(), "all".to_owned()),
        GroupKey::Programme(id) => programme(id),
        GroupKey::Party(key) => party(key),
        GroupKey::Cycle(text) | GroupKey::Purpose(text) | GroupKey::Area(text) => (text.clone(), text.clone()),
        GroupKey::HopKind(kind) => {
            let name = kind.map_or("NONE", |kind| kind.name()).to_owned();
            (name.clone(), name)
        }
    }
}

impl Node {
    /// The moment that a question is about.
    pub async fn moment(&self, as_of: Option<Millis>) -> Result<Moment, ReadError> {
        moment(self.views(), as_of).await
    }

    /// The statement of a set of money; `None` when there is none of it in any currency and the
    /// filter names none.
    pub async fn statement(&self, filter: &MoneyFilter, moment: Moment) -> Result<Option<MoneyStatement>, ReadError> {
        let mut found = self.views().sums(filter, GroupBy::Nothing, moment.height, moment.at).await?;
        if found.len() > 1 {
            return Err(ReadError::MixedCurrencies(found.into_keys().map(|(_, currency)| currency).collect()));
        }
        Ok(match (found.pop_first(), self.currency_of(filter)) {
            (Some(((_, currency), Sums { statement, .. })), _) => Some(MoneyStatement { currency, statement }),
            (None, Some(currency)) => Some(MoneyStatement { currency, statement: Statement::default() }),
            (None, None) => None,
        })
    }

    /// The statement of a token and its descendants.
    pub async fn token_statement(&self, token: TokenId, moment: Moment) -> Result<Statement, ReadError> {
        Ok(self.views().descendants_statement(token, moment.entries, moment.at).await?)
    }

    /// Where money is and where it was lost, by group.
    pub async fn report(&self, filter: &MoneyFilter, by: GroupBy, moment: Moment) -> Result<Report, ReadError> {
        let sums = sums(self.views(), Some(self.findings()), filter, by, moment).await?;
        Ok(sums.report(&self.tables()))
    }

    /// Proves that the log of a size has an entry.
    pub async fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Digest>, ReadError> {
        let wanted = proof::tiles_for_inclusion(index, size)?;
        let tiles = self.tiles(&wanted).await?;
        Ok(proof::inclusion_proof(index, size, |id| tiles.get(&id).cloned())?)
    }

    /// Proves that the log of the second size continues that of the first.
    pub async fn consistency_proof(&self, first: u64, second: u64) -> Result<Vec<Digest>, ReadError> {
        let wanted = proof::tiles_for_consistency(first, second)?;
        let tiles = self.tiles(&wanted).await?;
        Ok(proof::consistency_proof(first, second, |id| tiles.get(&id).cloned())?)
    }

    async fn tiles(
        &self,
        wanted: &[crate::chain::merkle::TileId],
    ) -> Result<BTreeMap<crate::chain::merkle::TileId, Vec<u8>>, ReadError> {
        let mut tiles = BTreeMap::new();
        for id in wanted {
            if let Some(bytes) = self.views().tile(id.level, id.index).await? {
                tiles.insert(*id, bytes);
            }
        }
        Ok(tiles)
    }

    /// The currency that a filter implies.
    fn currency_of(&self, filter: &MoneyFilter) -> Option<Currency> {
        let programme = filter.programme.and_then(|id| self.tables().programmes.get(&id).map(|p| p.currency));
        filter.currency.or(programme).or_else(|| {
            let tables = self.tables();
            let mut all = tables.totals.keys();
            match (all.next(), all.next()) {
                (Some(only), None) => Some(*only),
                _ => None,
            }
        })
    }
}
