//! The findings: what detectors concluded, and the files that they conclude from.
//!
//! Blocks are examined in order, each run of them in one transaction with the height that it
//! reaches. Versions of findings stay, so that every earlier moment can be read; files hold what is
//! known now. All of it can be emptied and concluded again from the chain and its views.

pub mod entity;
pub mod lists;

use std::collections::BTreeMap;

use aqueduct_migrations::findings::FindingsMigrator;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::leakage::event::Wake;
use crate::leakage::files::FileKey;
use crate::leakage::finding::Finding;
use crate::leakage::rule::Rule;
use crate::ledger::ids::{AreaId, HopId, ProgrammeId};
use crate::ledger::time::Millis;

use super::database::Place;
use super::dialect::{self, Writing};
use super::views::error::ViewsError;
use super::views::fields::{Columns, index};
use entity::{detector, entitlement, examined, file, finding, finding_hop, wake};

/// Keys that one statement names.
const KEYS_MAX: usize = 4_096;

/// How far the examination is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// The last block; none before the first.
    pub height: Option<u64>,
    /// How many entries that makes.
    pub entries: u64,
    /// The last day (days since 1970-01-01 UTC) that was looked at over many.
    pub day: i64,
    /// The number of the next version of a finding, or change of entitlements.
    pub number: u64,
}

/// A detector that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Its rule.
    pub rule: Rule,
    /// The block at which it stopped.
    pub height: u64,
    /// Why.
    pub reason: String,
}

/// What a block changed of the entitlements of an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitledChange {
    /// The programme.
    pub programme: ProgrammeId,
    /// The cycle.
    pub cycle: String,
    /// The purpose.
    pub purpose: String,
    /// The recipients' area.
    pub area: AreaId,
    /// By when it is due.
    pub due: Millis,
    /// The block's time.
    pub time: Millis,
    /// By how much, in minor units.
    pub amount: i64,
}

/// What the examination of a run of blocks writes.
#[derive(Debug, Default)]
pub struct Run {
    /// How far it comes; its `number` is that of the next version.
    pub examined: Examined,
    /// Files that changed.
    pub files: Vec<(FileKey, Vec<u8>)>,
    /// Versions of findings, in order.
    pub findings: Vec<Finding>,
    /// Wakes asked for.
    pub wakes: Vec<(Millis, Rule, Wake)>,
    /// Wakes before this moment were answered.
    pub woken_before: Option<Millis>,
    /// Changes of entitlements.
    pub entitled: Vec<EntitledChange>,
    /// Detectors that stopped in it.
    pub stopped: Vec<Stopped>,
}

/// The store of findings.
#[derive(Clone, Debug)]
pub struct Findings {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
}

impl Findings {
    /// Opens the findings, made where there are none, and brings their schema up to date.
    pub async fn open(place: &Place) -> Result<Self, ViewsError> {
        let (writer, readers) = dialect::open::<FindingsMigrator>(place).await?;
        Ok(Self { writer, readers })
    }

    /// Opens findings that are there, only to read them.
    pub async fn open_to_read(place: &Place) -> Result<Self, ViewsError> {
        let readers = dialect::open_to_read::<FindingsMigrator>(place).await?;
        Ok(Self { writer: readers.clone(), readers })
    }

    /// How far the examination is.
    pub async fn examined(&self) -> Result<Examined, ViewsError> {
        let row = examined::Entity::find_by_id(examined::ONLY).one(&self.readers).await;
        let Some(row) = row.map_err(ViewsError::read("how far the examination is"))? else {
            return Ok(Examined::default());
        };
        let columns = Columns("examined");
        Ok(Examined {
            height: columns.maybe_index("height", row.height)?,
            entries: columns.index("entries", row.entries)?,
            day: row.day,
            number: columns.index("number", row.number)?,
        })
    }

    /// The detectors that stand still, in order of their codes.
    pub async fn stopped(&self) -> Result<Vec<Stopped>, ViewsError> {
        let rows = detector::Entity::find()
            .filter(detector::Column::StoppedAt.is_not_null())
            .order_by_asc(detector::Column::Rule)
            .all(&self.readers)
            .await;
        let columns = Columns("detectors");
        let stopped = |row: detector::Model| {
            // A rule that this version does not know any more stands still for nobody.
            let Some(rule) = Rule::parse(&row.rule) else { return Ok(None) };
            let height = columns.index("stopped_at", row.stopped_at.unwrap_or_default())?;
            Ok(Some(Stopped { rule, height, reason: row.reason.unwrap_or_default() }))
        };
        let rows = rows.map_err(ViewsError::read("the detectors"))?;
        rows.into_iter().filter_map(|row| stopped(row).transpose()).collect()
    }

    /// The version of each rule by which its findings were concluded; none of one that never was.
    pub async fn rule_versions(&self) -> Result<BTreeMap<Rule, u32>, ViewsError> {
        let rows = detector::Entity::find().all(&self.readers).await.map_err(ViewsError::read("the detectors"))?;
        let columns = Columns("detectors");
        let known = rows.into_iter().filter_map(|row| Some((Rule::parse(&row.rule)?, row.version)));
        known.map(|(rule, version)| Ok((rule, columns.small("version", version)?))).collect()
    }

    /// The stored files of these keys; keys without a file are passed over.
    pub async fn files(&self, keys: &[FileKey]) -> Result<Vec<(FileKey, Vec<u8>)>, ViewsError> {
        let mut by_kind: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
        keys.iter().for_each(|key| by_kind.entry(key.kind()).or_default().push(key.bytes()));
        let mut found = Vec::new();
        for (kind, keys) in by_kind {
            for some in keys.chunks(KEYS_MAX) {
                let mut some = some.to_vec();
                // Few lengths, so that few statements are prepared: the last key fills up.
                let last = some.last().cloned().unwrap_or_default();
                some.resize(some.len().next_power_of_two(), last);
                let rows = file::Entity::find()
                    .filter(file::Column::Kind.eq(i64::from(kind)))
                    .filter(file::Column::Key.is_in(some))
                    .all(&self.readers)
                    .await;
                found.extend(read_files(rows.map_err(ViewsError::read("files"))?)?);
            }
        }
        Ok(found)
    }

    /// Every file of some kinds.
    pub async fn files_of_kinds(&self, kinds: &[u8]) -> Result<Vec<(FileKey, Vec<u8>)>, ViewsError> {
        let kinds = kinds.iter().map(|kind| i64::from(*kind));
        let rows = file::Entity::find().filter(file::Column::Kind.is_in(kinds)).all(&self.readers).await;
        read_files(rows.map_err(ViewsError::read("files"))?)
    }

    /// The wakes before a moment, the earliest first.
    pub async fn wakes_before(&self, before: Millis) -> Result<Vec<(Millis, Rule, Wake)>, ViewsError> {
        let rows = wake::Entity::find()
            .filter(wake::Column::At.lt(before.0))
            .order_by_asc(wake::Column::At)
            .order_by_asc(wake::Column::Rule)
            .order_by_asc(wake::Column::What)
            .order_by_asc(wake::Column::Entry)
            .all(&self.readers)
            .await;
        rows.map_err(ViewsError::read("what falls due"))?.into_iter().map(wake::Model::read).collect()
    }

    /// The latest versions of these findings; those that never were are passed over.
    pub async fn latest(&self, ids: &[Uuid]) -> Result<Vec<Finding>, ViewsError> {
        let mut found = Vec::new();
        for some in ids.chunks(KEYS_MAX) {
            let rows = finding::Entity::find()
                .filter(finding::Column::Id.is_in(some.iter().map(|id| id.as_bytes().to_vec())))
                .filter(finding::Column::Ended.is_null())
                .all(&self.readers)
                .await;
            for row in rows.map_err(ViewsError::read("findings"))? {
                found.push(row.read()?.1);
            }
        }
        Ok(found)
    }

    /// Writes what the examination of a run of blocks came to, all of it or nothing.
    pub async fn write(&self, run: &Run) -> Result<(), ViewsError> {
        self.write_all(run).await.map_err(|source| ViewsError::Examine { height: run.examined.height, source })
    }

    async fn write_all(&self, run: &Run) -> Result<(), DbErr> {
        let mut tx = Writing::begin(&self.writer).await?;
        let files = run.files.iter().map(|(key, body)| file::Model {
            kind: i64::from(key.kind()),
            key: key.bytes(),
            body: body.clone(),
        });
        let key = vec![file::Column::Kind, file::Column::Key];
        tx.upsert::<file::Entity>(files.collect(), key, vec![file::Column::Body]).await?;
        let first = run.examined.number - index_count(run.findings.len() + run.entitled.len());
        tx.findings(&run.findings, first).await?;
        let after = first + index_count(run.findings.len());
        let entitled = (after..).zip(&run.entitled).map(|(number, change)| entitlement::Model {
            number: index(number),
            programme: change.programme.0.to_key(),
            cycle: change.cycle.clone(),
            purpose: change.purpose.clone(),
            area: i64::from(change.area.0),
            due: change.due.0,
            time: change.time.0,
            amount: change.amount,
        });
        tx.insert::<entitlement::Entity>(entitled.collect()).await?;
        let mut wakes: Vec<wake::Model> = run.wakes.iter().map(wake::Model::of).collect();
        wakes.sort_unstable_by(|a, b| (a.at, &a.rule, a.what, a.entry).cmp(&(b.at, &b.rule, b.what, b.entry)));
        wakes.dedup();
        let key = vec![wake::Column::At, wake::Column::Rule, wake::Column::What, wake::Column::Entry];
        tx.upsert::<wake::Entity>(wakes, key, vec![wake::Column::Entry]).await?;
        if let Some(before) = run.woken_before {
            tx.delete(Query::delete().from_table(wake::Entity).and_where(wake::Column::At.lt(before.0))).await?;
        }
        let stopped = run.stopped.iter().map(|stopped| detector::Model {
            rule: stopped.rule.code().to_owned(),
            version: i64::from(stopped.rule.version()),
            stopped_at: Some(index(stopped.height)),
            reason: Some(stopped.reason.clone()),
        });
        tx.detectors(stopped.collect()).await?;
        tx.examined(&run.examined).await?;
        tx.commit().await
    }

    /// Notes that detectors run, with the versions of their rules.
    pub async fn set_detectors(&self, rules: &[Rule]) -> Result<(), ViewsError> {
        let rows = rules.iter().map(|rule| detector::Model {
            rule: rule.code().to_owned(),
            version: i64::from(rule.version()),
            stopped_at: None,
            reason: None,
        });
        let written = async {
            let mut tx = Writing::begin(&self.writer).await?;
            tx.detectors(rows.collect()).await?;
            tx.commit().await
        };
        written.await.map_err(|source| ViewsError::Examine { height: None, source })
    }

    /// Puts what was concluded anew for one rule in the place of what is there: versions that are
    /// equal keep their numbers. The number of the next version is given and comes back.
    pub async fn replace(
        &self,
        rule: Rule,
        anew: &[Finding],
        wakes: &[(Millis, Rule, Wake)],
        examined: &Examined,
    ) -> Result<Examined, ViewsError> {
        let failed = |source| ViewsError::Examine { height: examined.height, source };
        let rows = finding::Entity::find().filter(finding::Column::Rule.eq(rule.code())).all(&self.readers).await;
        let mut kept: BTreeMap<(Uuid, u32), (u64, Finding)> = BTreeMap::new();
        for row in rows.map_err(ViewsError::read("findings"))? {
            let (number, version) = row.read()?;
            kept.insert((version.id, version.version), (number, version));
        }
        let same =
            |finding: &&Finding| kept.get(&(finding.id, finding.version)).is_some_and(|(_, old)| old == *finding);
        let (same, new): (Vec<&Finding>, Vec<&Finding>) = anew.iter().partition(same);
        let gone: Vec<i64> = {
            let same: std::collections::BTreeSet<_> =
                same.iter().map(|finding| (finding.id, finding.version)).collect();
            kept.iter().filter(|(key, _)| !same.contains(key)).map(|(_, (number, _))| index(*number)).collect()
        };
        let first = examined.number;
        let next = Examined { number: first + index_count(new.len()), ..examined.clone() };
        let written = async {
            let mut tx = Writing::begin(&self.writer).await?;
            for some in gone.chunks(KEYS_MAX) {
                let these = finding::Column::Number.is_in(some.iter().copied());
                tx.delete(Query::delete().from_table(finding::Entity).and_where(these)).await?;
            }
            // What the last kept version of a finding was ended by may be gone.
            let again = Query::update()
                .table(finding::Entity)
                .value(finding::Column::Ended, Option::<i64>::None)
                .and_where(finding::Column::Rule.eq(rule.code()))
                .take();
            tx.update(&again).await?;
            let all: Vec<Finding> = new.into_iter().cloned().collect();
            tx.findings(&all, first).await?;
            tx.end_all(rule).await?;
            tx.delete(Query::delete().from_table(wake::Entity).and_where(wake::Column::Rule.eq(rule.code()))).await?;
            tx.insert::<wake::Entity>(wakes.iter().map(wake::Model::of).collect()).await?;
            let running = detector::Model {
                rule: rule.code().to_owned(),
                version: i64::from(rule.version()),
                stopped_at: None,
                reason: None,
            };
            tx.detectors(vec![running]).await?;
            tx.examined(&next).await?;
            tx.commit().await
        };
        written.await.map_err(failed)?;
        Ok(next)
    }

    /// The wakes that a rule asked for.
    pub async fn wakes_of_rule(&self, rule: Rule) -> Result<Vec<(Millis, Rule, Wake)>, ViewsError> {
        let rows = wake::Entity::find().filter(wake::Column::Rule.eq(rule.code())).all(&self.readers).await;
        rows.map_err(ViewsError::read("what falls due"))?.into_iter().map(wake::Model::read).collect()
    }

    /// Every version of a rule's findings, in order of their numbers.
    pub async fn versions_of_rule(&self, rule: Rule) -> Result<Vec<Finding>, ViewsError> {
        let rows = finding::Entity::find()
            .filter(finding::Column::Rule.eq(rule.code()))
            .order_by_asc(finding::Column::Number)
            .all(&self.readers)
            .await;
        let rows = rows.map_err(ViewsError::read("findings"))?;
        rows.into_iter().map(|row| Ok(row.read()?.1)).collect()
    }

    /// Empties every table, so that all is concluded again.
    pub async fn clear(&self) -> Result<(), ViewsError> {
        let cleared = async {
            let mut tx = Writing::begin(&self.writer).await?;
            tx.empty::<finding::Entity>().await?;
            tx.empty::<finding_hop::Entity>().await?;
            tx.empty::<file::Entity>().await?;
            tx.empty::<wake::Entity>().await?;
            tx.empty::<entitlement::Entity>().await?;
            tx.empty::<examined::Entity>().await?;
            tx.empty::<detector::Entity>().await?;
            tx.commit().await
        };
        cleared.await.map_err(ViewsError::Clear)
    }

    /// Closes every connection.
    pub async fn close(self) -> Result<(), ViewsError> {
        for connection in [self.readers, self.writer] {
            connection.close().await.map_err(ViewsError::read("the end of a connection"))?;
        }
        Ok(())
    }
}

impl Writing {
    /// New versions of findings, numbered from the first; each ends the version before it.
    async fn findings(&mut self, findings: &[Finding], first: u64) -> Result<(), DbErr> {
        let mut hops: Vec<finding_hop::Model> = Vec::new();
        for found in findings {
            if found.version > 1 {
                let end = Query::update()
                    .table(finding::Entity)
                    .value(finding::Column::Ended, index(found.changed.height))
                    .and_where(finding::Column::Id.eq(found.id.as_bytes().to_vec()))
                    .and_where(finding::Column::Version.eq(i64::from(found.version - 1)))
                    .take();
                self.update(&end).await?;
            }
            let finding = found.id.as_bytes().to_vec();
            hops.extend(
                found
                    .conclusion
                    .hops
                    .iter()
                    .map(|hop: &HopId| finding_hop::Model { hop: hop.0.to_key(), finding: finding.clone() }),
            );
        }
        // The last of a run's versions of a finding is not ended by it.
        let heights = findings.iter().map(|found| ((found.id, found.version), found.changed.height));
        let next: BTreeMap<(Uuid, u32), u64> = heights.collect();
        let rows = (first..).zip(findings).map(|(number, found)| {
            let ended = next.get(&(found.id, found.version + 1)).copied();
            finding::Model::of(number, found, ended)
        });
        self.insert::<finding::Entity>(rows.collect()).await?;
        hops.sort_unstable_by(|a, b| (a.hop, &a.finding).cmp(&(b.hop, &b.finding)));
        hops.dedup();
        let key = vec![finding_hop::Column::Hop, finding_hop::Column::Finding];
        self.upsert::<finding_hop::Entity>(hops, key, vec![finding_hop::Column::Finding]).await
    }

    /// Ends every version of a rule's findings that another one follows.
    async fn end_all(&mut self, rule: Rule) -> Result<(), DbErr> {
        let sql = "(SELECT later.height FROM findings AS later WHERE later.id = findings.id \
                   AND later.version = findings.version + 1)";
        let end = Query::update()
            .table(finding::Entity)
            .value(finding::Column::Ended, Expr::cust(sql))
            .and_where(Expr::col(finding::Column::Rule).eq(rule.code()))
            .take();
        self.update(&end).await.map(drop)
    }

    async fn detectors(&mut self, rows: Vec<detector::Model>) -> Result<(), DbErr> {
        let changed = vec![detector::Column::Version, detector::Column::StoppedAt, detector::Column::Reason];
        self.upsert::<detector::Entity>(rows, vec![detector::Column::Rule], changed).await
    }

    async fn examined(&mut self, examined: &Examined) -> Result<(), DbErr> {
        let row = examined::Model {
            id: examined::ONLY,
            height: examined.height.map(index),
            entries: index(examined.entries),
            day: examined.day,
            number: index(examined.number),
        };
        let changed =
            vec![examined::Column::Height, examined::Column::Entries, examined::Column::Day, examined::Column::Number];
        self.upsert::<examined::Entity>(vec![row], vec![examined::Column::Id], changed).await
    }
}

fn read_files(rows: Vec<file::Model>) -> Result<Vec<(FileKey, Vec<u8>)>, ViewsError> {
    let key = |row: &file::Model| FileKey::of(u8::try_from(row.kind).ok()?, &row.key);
    rows.into_iter().map(|row| Ok((Columns("files").parsed("key", key(&row))?, row.body))).collect()
}

fn index_count(count: usize) -> u64 {
    u64::try_from(count).expect("a length in memory fits into 64 bits")
}
