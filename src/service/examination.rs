//! The examination of blocks: what detectors conclude, run by run, each run in one transaction.
//!
//! It follows the views, so it reads what was true at a block from them, however far they are ahead.
//! A detector that panics or takes too long stops by itself; the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::leakage::changes::{self, Happened};
use crate::leakage::event::{At, Day, Due, Event, Wake};
use crate::leakage::examine::{Detector, look};
use crate::leakage::facts::Facts;
use crate::leakage::files::{DAILY, FileKey};
use crate::leakage::finding::{Finding, Moment, Subject, Verdict, next_version};
use crate::leakage::rule::Rule;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{CaseId, HopId, PartyKey, Place, ProgrammeId};
use crate::ledger::note::{EvidenceKind, Note, Noted};
use crate::ledger::operation::Kind;
use crate::ledger::selection::{GroupBy, GroupKey, MoneyFilter};
use crate::ledger::state::Tables;
use crate::ledger::time::{DAY_MS, Millis};
use crate::limits;
use crate::store::findings::{EntitledChange, Examined, Findings, Run, Stopped};
use crate::store::views::Views;
use crate::store::views::error::ViewsError;
use crate::store::views::history::OfEntries;
use crate::store::views::project::ProjectedBlock;

use super::temporary::Directory;

/// A block with what its entries did.
#[derive(Clone, Debug)]
pub struct SeenBlock {
    /// Its height.
    pub height: u64,
    /// Its time.
    pub time: Millis,
    /// The number of entries up to and with it.
    pub entries: u64,
    /// What its entries did, in order.
    pub happened: Vec<Happened>,
}

/// An examination at work.
pub struct Examination {
    store: Findings,
    views: Views,
    tables: Arc<RwLock<Tables>>,
    detectors: Vec<&'static dyn Detector>,
    facts: Facts,
    /// Latest versions of findings that were looked up; none for those that never were.
    known: BTreeMap<Uuid, Option<Finding>>,
    examined: Examined,
    spent: BTreeMap<Rule, Duration>,
    /// How many blocks are read at once: more while they hold little, fewer while they hold much.
    blocks_at_once: u64,
    /// The directory of a store that is gone with it.
    directory: Option<Directory>,
}

/// A verdict of a rule, not yet compared with what was found before.
type Said = (Rule, Subject, Verdict);

/// What the blocks of a run come to, so far.
#[derive(Default)]
struct Coming {
    run: Run,
    wakes: BTreeSet<(Millis, Rule, Wake)>,
    entitled: BTreeMap<(ProgrammeId, String, String, u32, i64, i64), i64>,
}

impl Examination {
    /// Takes up an examination where its store stands.
    pub async fn open(
        store: Findings,
        views: Views,
        tables: Arc<RwLock<Tables>>,
        detectors: Vec<&'static dyn Detector>,
    ) -> Result<Self, ViewsError> {
        let examined = store.examined().await?;
        let (facts, known, spent) = (Facts::default(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { store, views, tables, detectors, facts, known, examined, spent, blocks_at_once: 4, directory: None })
    }

    /// How far it is.
    pub fn examined(&self) -> &Examined {
        &self.examined
    }

    /// Its store.
    pub fn store(&self) -> &Findings {
        &self.store
    }

    /// How many detectors run.
    pub fn running(&self) -> usize {
        self.detectors.len()
    }

    /// Keeps the directory of its store for as long as itself.
    pub fn keep(&mut self, directory: Directory) {
        self.directory = Some(directory);
    }

    /// A detector that caught up by itself runs again with the others from here on.
    pub fn resume(&mut self, detector: &'static dyn Detector, examined: Examined) {
        self.detectors.push(detector);
        self.detectors.sort_by_key(|detector| detector.rule());
        self.examined = examined;
        self.known.clear();
    }

    /// Lets a detector rest.
    pub fn suspend(&mut self, rule: Rule) {
        self.detectors.retain(|detector| detector.rule() != rule);
    }

    /// The blocks after what was examined, as the views hold them, up to a height; none when there are
    /// no more.
    pub async fn read_on(&mut self, to: u64) -> Result<Vec<SeenBlock>, ViewsError> {
        let rows = self.views.blocks_after(self.examined.height, self.blocks_at_once).await?;
        let first = self.examined.entries;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.height <= to).collect();
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        let mut happened = match last.entries() > first {
            true => self.happened(self.views.of_entries(first, last.entries() - 1).await?),
            false => BTreeMap::new(),
        };
        let seen = |row: &crate::store::views::blocks::BlockRow| {
            let rest = happened.split_off(&row.entries());
            let of = std::mem::replace(&mut happened, rest);
            SeenBlock {
                height: row.height,
                time: row.time,
                entries: row.entries(),
                happened: of.into_values().collect(),
            }
        };
        let seen: Vec<SeenBlock> = rows.iter().map(seen).collect();
        let changes: usize = seen.iter().flat_map(|block| &block.happened).map(Happened::len).sum();
        self.blocks_at_once = match changes < limits::EXAMINED_CHANGES {
            true => (self.blocks_at_once * 2).min(limits::EXAMINED_BLOCKS_MAX),
            false => (self.blocks_at_once / 2).max(1),
        };
        Ok(seen)
    }

    /// The same of blocks that were just projected.
    pub fn seen(&self, blocks: &[ProjectedBlock]) -> Vec<SeenBlock> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let officer = |key: &crate::ledger::ids::KeyId| tables.keys.get(key).map(|key| key.officer);
        let of = |block: &ProjectedBlock| SeenBlock {
            height: block.height,
            time: block.time,
            entries: block.first_entry + block.entry_count,
            happened: block.changes.iter().map(|change| Happened::of(change, officer)).collect(),
        };
        blocks.iter().map(of).collect()
    }

    /// What entries did, from what the views hold of them, by entry.
    fn happened(&self, found: OfEntries) -> BTreeMap<u64, Happened> {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        let officer = |key: &crate::ledger::ids::KeyId| tables.keys.get(key).map(|key| key.officer);
        let of = |recorded| {
            (
                changes::at(recorded, officer).entry,
                Happened { at: changes::at(recorded, officer), ..Happened::default() },
            )
        };
        let mut all: BTreeMap<u64, Happened> =
            found.operations.iter().map(of).filter_map(|(entry, happened)| Some((entry?, happened))).collect();
        let mut put = |entry: u64, put: &mut dyn FnMut(&mut Happened)| {
            if let Some(happened) = all.get_mut(&entry) {
                put(happened);
            }
        };
        for programme in found.programmes.into_iter().map(Arc::new) {
            put(programme.version, &mut |of| of.programmes.push(programme.clone()));
        }
        for allocation in found.allocations.into_iter().map(Arc::new) {
            put(allocation.id.0.entry(), &mut |of| of.allocations.push(allocation.clone()));
        }
        for note in found.notes.into_iter().map(Arc::new) {
            put(note.id.0.entry(), &mut |of| of.notes.push(note.clone()));
        }
        for case in found.cases.into_iter().map(Arc::new) {
            put(case.version, &mut |of| of.cases.push(case.clone()));
        }
        for token in found.deducted.into_iter().map(Arc::new) {
            let entry = token.id.0.entry();
            put(entry, &mut |of| {
                if of.at.kind.is_some_and(|kind| changes::is_kept(kind, &token)) {
                    of.kept.push(token.clone());
                }
            });
        }
        for (hop, came_by) in found.opened.into_iter().map(|(hop, by)| (Arc::new(hop), by)) {
            put(hop.id.0.entry(), &mut |of| of.opened.push((hop.clone(), came_by)));
        }
        for (hop, before) in found.changed.into_iter().map(|(hop, before)| (Arc::new(hop), Arc::new(before))) {
            put(hop.version, &mut |of| of.changed.push((hop.clone(), before.clone())));
        }
        all
    }

    /// Examines blocks that follow what was examined, and writes what it comes to. When that fails
    /// nothing of it was written, and it is to be opened again.
    pub async fn take(&mut self, blocks: &[SeenBlock]) -> Result<(), ViewsError> {
        let Some(last) = blocks.last() else { return Ok(()) };
        self.name_parties(blocks);
        let hops = self.hops_named(blocks).await?;
        self.prefetch(blocks, &hops).await?;
        self.spent.clear();
        let mut coming =
            Coming { wakes: self.store.wakes_before(last.time).await?.into_iter().collect(), ..Coming::default() };
        for block in blocks {
            self.block(block, &hops, &mut coming).await?;
            tokio::task::yield_now().await;
        }
        let Coming { mut run, wakes, entitled } = coming;
        run.wakes = wakes.into_iter().filter(|(at, ..)| *at >= last.time).collect();
        run.woken_before = Some(last.time);
        run.entitled = entitled.into_iter().filter(|(_, amount)| *amount != 0).map(entitled_change).collect();
        run.files = self.facts.files.changes();
        let made = run.findings.len() + run.entitled.len();
        self.examined.height = Some(last.height);
        self.examined.entries = last.entries;
        // A length in memory fits into 64 bits.
        self.examined.number += made as u64;
        run.examined = self.examined.clone();
        self.store.write(&run).await?;
        self.forget_some();
        Ok(())
    }

    /// What was looked up stays for the next run, up to a bound.
    fn forget_some(&mut self) {
        if self.facts.files.len() > limits::EXAMINED_FILES_MAX {
            self.facts = Facts::default();
        }
        if self.known.len() > limits::EXAMINED_FILES_MAX {
            self.known.clear();
        }
        self.facts.balances.clear();
    }

    fn name_parties(&mut self, blocks: &[SeenBlock]) {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        for key in blocks.iter().flat_map(|block| &block.happened).flat_map(Happened::parties) {
            if !self.facts.parties.contains_key(&key)
                && let Some(party) = tables.parties.get(&key)
            {
                self.facts.parties.insert(key, party);
            }
        }
        if self.facts.cycles.len() != tables.appropriations.len() {
            let cycles = tables.appropriations.iter();
            self.facts.cycles =
                cycles.map(|((programme, label), set)| ((*programme, label.clone()), set.cycle.clone())).collect();
        }
    }

    /// The hops that notes and cases name, as they stand after the block.
    async fn hops_named(&mut self, blocks: &[SeenBlock]) -> Result<BTreeMap<(u64, HopId), Arc<Hop>>, ViewsError> {
        let mut hops = BTreeMap::new();
        for block in blocks {
            let mut ids: Vec<HopId> = block.happened.iter().flat_map(Happened::hops_named).collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.is_empty() {
                continue;
            }
            let found = self.views.hops_as_of(&ids, block.entries.saturating_sub(1)).await?;
            self.know_parties(found.iter());
            hops.extend(found.into_iter().map(|hop| ((block.height, hop.id), Arc::new(hop))));
        }
        Ok(hops)
    }

    fn know_parties<'h>(&mut self, hops: impl Iterator<Item = &'h Hop>) {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        for key in hops.flat_map(|hop| [Some(hop.to), hop.from, hop.via, Some(hop.accountable)]).flatten() {
            if let Some(party) = tables.parties.get(&key) {
                self.facts.parties.insert(key, party);
            }
        }
    }

    /// Brings the files of a run, many at once: what only shows on the way is brought then.
    async fn prefetch(
        &mut self,
        blocks: &[SeenBlock],
        hops: &BTreeMap<(u64, HopId), Arc<Hop>>,
    ) -> Result<(), ViewsError> {
        for _ in 0..PREFETCH_ROUNDS {
            let mut wanted: BTreeSet<FileKey> = BTreeSet::new();
            for block in blocks {
                for happened in &block.happened {
                    let hop = |id: HopId| hops.get(&(block.height, id)).map(Arc::as_ref);
                    for event in happened.events(hop) {
                        wanted.extend(self.facts.lacking(&event, &happened.at));
                    }
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
            self.bring(wanted.into_iter().collect()).await?;
        }
        Ok(())
    }

    async fn bring(&mut self, keys: Vec<FileKey>) -> Result<(), ViewsError> {
        for (key, body) in self.store.files(&keys).await? {
            if !self.facts.files.take(key, &body) {
                return Err(ViewsError::Corrupt { table: "files", column: "body" });
            }
        }
        self.facts.files.asked(keys);
        Ok(())
    }

    async fn block(
        &mut self,
        block: &SeenBlock,
        hops: &BTreeMap<(u64, HopId), Arc<Hop>>,
        coming: &mut Coming,
    ) -> Result<(), ViewsError> {
        let mut said: Vec<Said> = Vec::new();
        for happened in &block.happened {
            self.balances(happened, block).await?;
            let hop = |id: HopId| hops.get(&(block.height, id)).map(Arc::as_ref);
            for event in happened.events(hop) {
                self.entitled(&event, block.time, coming).await?;
                self.event(&event, &happened.at, None, block.height, &mut said, coming).await?;
            }
        }
        self.due(block, &mut said, coming).await?;
        self.day(block, &mut said, coming).await?;
        self.conclude(said, Moment { height: block.height, time: block.time }, coming).await
    }

    /// One event: its files, the facts, then every detector.
    async fn event(
        &mut self,
        event: &Event<'_>,
        at: &At,
        only: Option<Rule>,
        height: u64,
        said: &mut Vec<Said>,
        coming: &mut Coming,
    ) -> Result<(), ViewsError> {
        loop {
            let mut lacking = self.facts.lacking(event, at);
            lacking.extend(self.facts.lacking_of_collection(event));
            if lacking.is_empty() {
                break;
            }
            self.bring(lacking).await?;
        }
        self.facts.fold(event, at);
        let mut stopped = Vec::new();
        for detector in self.detectors.iter().filter(|detector| only.is_none_or(|rule| rule == detector.rule())) {
            let (rule, began) = (detector.rule(), Instant::now());
            let looked = look(*detector, event, at, &self.facts);
            let spent = self.spent.entry(rule).or_default();
            *spent += began.elapsed();
            let reason = match looked {
                Ok(found) if *spent <= Duration::from_secs(limits::DETECTOR_SECONDS_MAX) => {
                    said.extend(found.verdicts.into_iter().map(|(subject, verdict)| (rule, subject, verdict)));
                    coming.wakes.extend(found.wakes.into_iter().map(|(at, wake)| (at, rule, wake)));
                    continue;
                }
                Ok(_) => format!("it took more than {} seconds for one run of blocks", limits::DETECTOR_SECONDS_MAX),
                Err(panic) => format!("it panicked: {panic}"),
            };
            stopped.push(Stopped { rule, height, reason });
        }
        for stopped in stopped {
            tracing::error!(rule = stopped.rule.code(), height, reason = stopped.reason, "a detector stopped");
            self.suspend(stopped.rule);
            said.retain(|(rule, ..)| *rule != stopped.rule);
            coming.run.findings.retain(|finding| finding.rule != stopped.rule);
            coming.wakes.retain(|(_, rule, _)| *rule != stopped.rule);
            self.known.clear();
            coming.run.stopped.push(stopped);
        }
        Ok(())
    }

    /// The balance by the ledger at the end of a day that a note states one of.
    async fn balances(&mut self, happened: &Happened, block: &SeenBlock) -> Result<(), ViewsError> {
        for note in &happened.notes {
            let Noted::Evidence(evidence) = &note.fact else { continue };
            let (EvidenceKind::Balance, Some(party), Some(programme)) =
                (evidence.kind, evidence.party, evidence.programme)
            else {
                continue;
            };
            let offset = self.facts.programme(programme).map_or(0, |file| file.utc_offset_minutes);
            let end = evidence.at.end_of_day(0, offset);
            let then = self.views.block_as_of(end).await?.map_or(0, |row| row.height).min(block.height);
            let held = self.held(Some(party), programme, then, end.min(block.time)).await?;
            let balance = held.into_iter().find(|(holder, _)| *holder == party).map_or(0, |(_, amount)| amount);
            self.facts.balances.insert(note.id, balance);
        }
        Ok(())
    }

    /// What parties hold of a programme's money after a block.
    async fn held(
        &self,
        party: Option<PartyKey>,
        programme: ProgrammeId,
        height: u64,
        at: Millis,
    ) -> Result<Vec<(PartyKey, i64)>, ViewsError> {
        let filter = MoneyFilter { programme: Some(programme), party, ..MoneyFilter::default() };
        let groups = self.views.sums(&filter, GroupBy::Party, height, at).await?;
        let mut held: BTreeMap<PartyKey, i64> = BTreeMap::new();
        for ((key, _), sums) in groups {
            let amount = i64::try_from(sums.statement.held + sums.statement.returned).unwrap_or(i64::MAX);
            if let (GroupKey::Party(party), true) = (key, amount != 0) {
                *held.entry(party).or_default() += amount;
            }
        }
        Ok(held.into_iter().collect())
    }

    /// What an entitlement changes of those of its area.
    async fn entitled(&mut self, event: &Event<'_>, time: Millis, coming: &mut Coming) -> Result<(), ViewsError> {
        let Event::Noted(note, _) = event else { return Ok(()) };
        let Noted::Entitled { recipient, programme, cycle, purpose, amount, due } = &note.fact else { return Ok(()) };
        let keys: Vec<FileKey> = self.facts.lacking(event, &At::default());
        self.bring(keys).await?;
        let Some(area) = self.facts.party(*recipient).map(|party| party.area.0) else { return Ok(()) };
        let file = self.facts.recipient(*recipient).and_then(|file| file.due(*programme, cycle, purpose));
        let before = file.and_then(|due| due.entitled);
        let mut add = |due: Millis, amount: i64| {
            let key = (*programme, cycle.clone(), purpose.clone(), area, due.0, time.0);
            *coming.entitled.entry(key).or_default() += amount;
        };
        if let Some(before) = before {
            add(before.due, -before.amount);
        }
        add(*due, *amount);
        Ok(())
    }

    /// What fell due by the end of a block is shown again to who asked for it.
    async fn due(&mut self, block: &SeenBlock, said: &mut Vec<Said>, coming: &mut Coming) -> Result<(), ViewsError> {
        let at = At { now: block.time, occurred_at: block.time, ..At::default() };
        let last = block.entries.saturating_sub(1);
        let mut hops: BTreeMap<u64, Arc<Vec<Hop>>> = BTreeMap::new();
        let mut notes: BTreeMap<u64, Arc<Vec<Note>>> = BTreeMap::new();
        while let Some((when, rule, wake)) = coming.wakes.first().copied().filter(|(when, ..)| *when < block.time) {
            coming.wakes.remove(&(when, rule, wake));
            if !self.detectors.iter().any(|detector| detector.rule() == rule) {
                continue;
            }
            match wake {
                Wake::HopsOf(entry) => {
                    let of = match hops.get(&entry) {
                        Some(of) => of.clone(),
                        None => {
                            let found = Arc::new(self.views.hops_of_entry_as_of(entry, last).await?);
                            self.know_parties(found.iter());
                            hops.insert(entry, found.clone());
                            found
                        }
                    };
                    for hop in of.iter() {
                        self.event(&Event::Due(rule, Due::Hop(hop)), &at, Some(rule), block.height, said, coming)
                            .await?;
                    }
                }
                Wake::NotesOf(entry) => {
                    let of = match notes.get(&entry) {
                        Some(of) => of.clone(),
                        None => {
                            let found = Arc::new(self.views.notes_of_entries(entry, entry).await?);
                            notes.insert(entry, found.clone());
                            found
                        }
                    };
                    for note in of.iter() {
                        self.know_note(note);
                        self.event(&Event::Due(rule, Due::Note(note)), &at, Some(rule), block.height, said, coming)
                            .await?;
                    }
                }
                Wake::CaseOf(entry) => {
                    let Some(id) = Place::new(entry, 0).map(CaseId) else { continue };
                    let versions = self.views.case_versions(id).await?;
                    if let Some(case) = versions.iter().rev().find(|case| case.version <= last) {
                        self.event(&Event::Due(rule, Due::Case(case)), &at, Some(rule), block.height, said, coming)
                            .await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn know_note(&mut self, note: &Note) {
        let tables = self.tables.read().expect("nothing panics while holding the books");
        for key in std::iter::once(note.by).chain(note.party()) {
            if let Some(party) = tables.parties.get(&key) {
                self.facts.parties.insert(key, party);
            }
        }
    }

    /// The first block of a day, and one with an import, is time for what is looked at over many.
    async fn day(&mut self, block: &SeenBlock, said: &mut Vec<Said>, coming: &mut Coming) -> Result<(), ViewsError> {
        let today = block.time.0.div_euclid(DAY_MS);
        let imported = block.happened.iter().any(|happened| happened.at.kind == Some(Kind::TrackingImport));
        if today <= self.examined.day && !imported {
            return Ok(());
        }
        let days_since = today.saturating_sub(self.examined.day).max(0);
        let last = Millis(block.time.0.saturating_sub(days_since.saturating_mul(DAY_MS)));
        self.examined.day = today;
        for (key, body) in self.store.files_of_kinds(&DAILY).await? {
            if !self.facts.files.knows(&key) && !self.facts.files.take(key, &body) {
                return Err(ViewsError::Corrupt { table: "files", column: "body" });
            }
        }
        let programmes: Vec<ProgrammeId> = self.facts.files.programmes.keys().copied().collect();
        let (mut before, mut held) = (Vec::new(), Vec::new());
        for programme in programmes {
            for (all, height) in [(&mut before, block.height.checked_sub(1)), (&mut held, Some(block.height))] {
                let Some(height) = height else { continue };
                let of = self.held(None, programme, height, block.time).await?;
                all.extend(of.into_iter().map(|(party, amount)| (party, programme, amount)));
            }
        }
        let keys = held.iter().map(|(party, ..)| *party);
        let tallied: Vec<PartyKey> = keys.chain(self.facts.files.tallies.keys().map(|(_, party)| *party)).collect();
        {
            let tables = self.tables.read().expect("nothing panics while holding the books");
            for key in tallied {
                if let Some(party) = tables.parties.get(&key) {
                    self.facts.parties.insert(key, party);
                }
            }
        }
        let day = Day { now: block.time, last, before, held };
        let at = At { now: block.time, occurred_at: block.time, ..At::default() };
        self.event(&Event::Day(&day), &at, None, block.height, said, coming).await
    }

    /// Compares verdicts with what was found before: what is new or another becomes a version.
    async fn conclude(&mut self, said: Vec<Said>, now: Moment, coming: &mut Coming) -> Result<(), ViewsError> {
        let ids: Vec<Uuid> = said.iter().map(|(rule, subject, _)| subject.finding_id(*rule)).collect();
        let mut unknown: Vec<Uuid> = ids.iter().filter(|id| !self.known.contains_key(id)).copied().collect();
        unknown.sort_unstable();
        unknown.dedup();
        let found = self.store.latest(&unknown).await?;
        self.known.extend(unknown.into_iter().map(|id| (id, None)));
        self.known.extend(found.into_iter().map(|finding| (finding.id, Some(finding))));
        // Of several verdicts on one subject in a block the last stands.
        let last: BTreeMap<Uuid, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        for (at, ((rule, subject, verdict), id)) in said.into_iter().zip(ids).enumerate() {
            if last.get(&id) != Some(&at) {
                continue;
            }
            let before = self.known.get(&id).and_then(Option::as_ref);
            // Not yet written versions of this run are known as well.
            if let Some(next) = next_version(before, rule, &subject, verdict, now) {
                self.known.insert(id, Some(next.clone()));
                coming.run.findings.push(next);
            }
        }
        Ok(())
    }
}

/// How often the files of a run are asked for together: those of recipients, of whom these share
/// something with, and of these.
const PREFETCH_ROUNDS: u32 = 4;

fn entitled_change(
    ((programme, cycle, purpose, area, due, time), amount): ((ProgrammeId, String, String, u32, i64, i64), i64),
) -> EntitledChange {
    let area = crate::ledger::ids::AreaId(area);
    EntitledChange { programme, cycle, purpose, area, due: Millis(due), time: Millis(time), amount }
}
