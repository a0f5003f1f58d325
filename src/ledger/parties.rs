//! Registered parties, which never change and never leave. Recipients are tens of millions, so
//! each takes some 50 bytes and its label; all others are kept as they are.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Bound, RangeBounds as _};
use std::sync::Arc;

use hashbrown::HashTable;
use uuid::Uuid;

use super::ids::{AreaId, PartyKey};
use super::registry::{Party, PartyKind};

/// Parties by key and by public id.
#[derive(Clone, Default)]
pub struct Parties {
    /// All that are no recipients.
    offices: BTreeMap<PartyKey, Arc<Party>>,
    office_ids: BTreeMap<Uuid, PartyKey>,
    recipients: Recipients,
}

impl Parties {
    /// Adds a party.
    pub fn insert(&mut self, party: Arc<Party>) {
        if !self.recipients.insert(&party) {
            self.office_ids.insert(party.id, party.key);
            self.offices.insert(party.key, party);
        }
    }

    /// A party by its key.
    pub fn get(&self, key: &PartyKey) -> Option<Arc<Party>> {
        let office = self.offices.get(key).cloned();
        office.or_else(|| Some(self.recipients.party(self.recipients.row_of(*key)?)))
    }

    /// Whether there is a party.
    pub fn contains_key(&self, key: &PartyKey) -> bool {
        self.offices.contains_key(key) || self.recipients.row_of(*key).is_some()
    }

    /// A party by its public id.
    pub fn by_id(&self, id: &Uuid) -> Option<Arc<Party>> {
        match self.office_ids.get(id) {
            Some(key) => self.offices.get(key).cloned(),
            None => Some(self.recipients.party(self.recipients.row_with(id)?)),
        }
    }

    /// The key of a party by its public id.
    pub fn key_of(&self, id: &Uuid) -> Option<PartyKey> {
        let recipient = || Some(self.recipients.rows[self.recipients.row_with(id)?].key);
        self.office_ids.get(id).copied().or_else(recipient)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.offices.len() + self.recipients.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every party, by rising key.
    pub fn values(&self) -> impl Iterator<Item = Arc<Party>> {
        self.rising(Bound::Unbounded)
    }

    /// All that are no recipients, by rising key.
    pub fn offices(&self) -> impl Iterator<Item = &Arc<Party>> {
        self.offices.values()
    }

    /// The parties from a key on, rising.
    pub fn rising(&self, from: Bound<PartyKey>) -> impl Iterator<Item = Arc<Party>> {
        let rows = &self.recipients.rows;
        let first = rows.partition_point(|row| !(from, Bound::Unbounded).contains(&row.key));
        let mut offices = self.offices.range((from, Bound::Unbounded)).map(|(_, party)| party).peekable();
        let mut numbers = (first..rows.len()).peekable();
        std::iter::from_fn(move || match (offices.peek(), numbers.peek()) {
            (Some(office), Some(number)) if office.key < rows[*number].key => offices.next().cloned(),
            (_, Some(_)) => numbers.next().map(|number| self.recipients.party(number)),
            _ => offices.next().cloned(),
        })
    }

    /// The parties up to a key, falling.
    pub fn falling(&self, to: Bound<PartyKey>) -> impl Iterator<Item = Arc<Party>> {
        let rows = &self.recipients.rows;
        let end = rows.partition_point(|row| (Bound::Unbounded, to).contains(&row.key));
        let mut offices = self.offices.range((Bound::Unbounded, to)).rev().map(|(_, party)| party).peekable();
        let mut numbers = (0..end).rev().peekable();
        std::iter::from_fn(move || match (offices.peek(), numbers.peek()) {
            (Some(office), Some(number)) if office.key > rows[*number].key => offices.next().cloned(),
            (_, Some(_)) => numbers.next().map(|number| self.recipients.party(number)),
            _ => offices.next().cloned(),
        })
    }

    /// Takes every party of a layer that lay over this one.
    pub fn merge(&mut self, over: Self) {
        self.office_ids.extend(over.office_ids);
        self.offices.extend(over.offices);
        for row in 0..over.recipients.rows.len() {
            self.insert(over.recipients.party(row));
        }
    }
}

impl fmt::Debug for Parties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

impl PartialEq for Parties {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

/// Recipients in the order of their keys, which is that of their registration.
#[derive(Clone, Default)]
struct Recipients {
    rows: Vec<Row>,
    /// The labels, one behind the other.
    labels: String,
    /// Where the labels of each [`SHARE`] of rows begin.
    shares: Vec<usize>,
    /// Numbers of rows by public id.
    by_id: HashTable<u32>,
    /// Ids are chosen by others: what they hash to is not.
    hasher: RandomState,
}

/// Rows whose labels together have fewer than 2^32 bytes.
const SHARE: usize = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Row {
    id: Uuid,
    key: PartyKey,
    area: AreaId,
    /// Where its label begins, after the beginning of its share.
    label: u32,
}

impl Recipients {
    /// Adds a party, if it is a recipient like all others, registered after them.
    fn insert(&mut self, party: &Party) -> bool {
        let is_plain = party.kind == PartyKind::Recipient && party.level.is_empty() && !party.reported;
        let is_last = self.rows.last().is_none_or(|last| last.key < party.key);
        let (Ok(number), true) = (u32::try_from(self.rows.len()), is_plain && is_last) else { return false };
        if self.rows.len().is_multiple_of(SHARE) {
            self.shares.truncate(self.rows.len() / SHARE);
            self.shares.push(self.labels.len());
        }
        let begin = self.shares.last().expect("the first row begins the first share");
        let Ok(label) = u32::try_from(self.labels.len() - begin) else { return false };
        grow(&mut self.rows);
        self.rows.push(Row { id: party.id, key: party.key, area: party.area, label });
        self.labels.push_str(&party.label);
        let (rows, hasher) = (&self.rows, &self.hasher);
        let hash = |row: &u32| hasher.hash_one(rows[*row as usize].id);
        self.by_id.insert_unique(hasher.hash_one(party.id), number, hash);
        true
    }

    /// The number of a recipient's row, by key.
    fn row_of(&self, key: PartyKey) -> Option<usize> {
        self.rows.binary_search_by_key(&key, |row| row.key).ok()
    }

    /// The number of a recipient's row, by public id.
    fn row_with(&self, id: &Uuid) -> Option<usize> {
        let is_it = |row: &u32| self.rows[*row as usize].id == *id;
        self.by_id.find(self.hasher.hash_one(id), is_it).map(|row| *row as usize)
    }

    fn party(&self, number: usize) -> Arc<Party> {
        let row = &self.rows[number];
        let begin = |number: usize| {
            let row = self.rows.get(number)?;
            Some(self.shares[number / SHARE] + row.label as usize)
        };
        let label = begin(number).expect("it has a row")..begin(number + 1).unwrap_or(self.labels.len());
        Arc::new(Party {
            key: row.key,
            id: row.id,
            kind: PartyKind::Recipient,
            label: self.labels[label].to_owned(),
            level: String::new(),
            area: row.area,
            reported: false,
        })
    }
}

/// Makes room by an eighth at a time: doubling would leave half of it empty.
fn grow<T>(rows: &mut Vec<T>) {
    if rows.len() == rows.capacity() {
        rows.reserve_exact((rows.len() / 8).max(64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ids::Place;

    fn party(entry: u64, position: u32, kind: PartyKind, label: &str) -> Arc<Party> {
        Arc::new(Party {
            key: PartyKey(Place::new(entry, position).unwrap()),
            id: Uuid::from_u64_pair(entry, position.into()),
            kind,
            label: label.to_owned(),
            level: String::new(),
            area: AreaId(position),
            reported: false,
        })
    }

    fn all() -> Vec<Arc<Party>> {
        vec![
            party(0, 0, PartyKind::Registrar, "registrar"),
            party(1, 0, PartyKind::Recipient, "första"),
            party(1, 1, PartyKind::Recipient, ""),
            party(2, 0, PartyKind::Treasury, "treasury"),
            party(3, 0, PartyKind::Recipient, "third"),
            party(4, 0, PartyKind::Provider, "bank"),
        ]
    }

    #[test]
    fn parties_come_back_by_key_id_and_order() {
        let mut parties = Parties::default();
        all().into_iter().for_each(|party| parties.insert(party));
        assert_eq!((parties.offices.len(), parties.recipients.rows.len(), parties.len()), (3, 3, 6));
        for party in all() {
            assert_eq!(parties.get(&party.key), Some(party.clone()));
            assert_eq!(parties.by_id(&party.id), Some(party.clone()));
            assert_eq!(parties.key_of(&party.id), Some(party.key));
            assert!(parties.contains_key(&party.key));
        }
        let unknown = party(9, 9, PartyKind::Recipient, "");
        assert_eq!((parties.get(&unknown.key), parties.by_id(&unknown.id)), (None, None));
        for at in 0..=all().len() {
            let key = all().get(at).map(|party| party.key);
            let after: Vec<_> = parties.rising(key.map_or(Bound::Unbounded, Bound::Excluded)).collect();
            assert_eq!(after, all().split_off(key.map_or(0, |_| at + 1)));
            let before: Vec<_> = parties.falling(key.map_or(Bound::Unbounded, Bound::Excluded)).collect();
            assert_eq!(before, all().into_iter().take(at).rev().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_recipient_out_of_order_is_kept_all_the_same() {
        let mut parties = Parties::default();
        all().into_iter().rev().for_each(|party| parties.insert(party));
        assert_eq!(parties.values().collect::<Vec<_>>(), all());
        let mut below = Parties::default();
        below.insert(party(0, 0, PartyKind::Recipient, "below"));
        let mut over = Parties::default();
        (0..100).for_each(|at| over.insert(party(7, at, PartyKind::Recipient, &at.to_string())));
        below.merge(over);
        assert_eq!(below.len(), 101);
        assert_eq!(below.get(&PartyKey(Place::new(7, 42).unwrap())).unwrap().label, "42");
    }
}
