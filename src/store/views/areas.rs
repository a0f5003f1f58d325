//! The areas as the cells know them, and which stands for all those that a sheet does not tell apart.

use std::collections::BTreeMap;

use crate::ledger::cell::Sheet;
use crate::ledger::ids::AreaId;

/// The numbers of names that sheets tell apart, besides none and all.
const NAMES: [u32; 2] = [1, 2];

/// Areas by id, with what they have in common.
#[derive(Debug, Default)]
pub(super) struct Areas {
    paths: BTreeMap<AreaId, String>,
    /// The area that was named first of those that begin with the same names, as many as said.
    first: BTreeMap<(u32, String), AreaId>,
    /// For each area the first one, for each of [`NAMES`].
    stands_for: BTreeMap<AreaId, [AreaId; NAMES.len()]>,
}

impl Areas {
    /// Takes an area. Areas come in order of their ids, `earlier` before those here.
    pub(super) fn name(&mut self, earlier: Option<&Self>, id: AreaId, path: &str) {
        let first = NAMES.map(|names| {
            let key = (names, cut(path, names).to_owned());
            let known = earlier.and_then(|areas| areas.first.get(&key));
            *known.unwrap_or_else(|| self.first.entry(key).or_insert(id))
        });
        self.stands_for.insert(id, first);
        self.paths.insert(id, path.to_owned());
    }

    /// Takes those that came after these.
    pub(super) fn extend(&mut self, later: Self) {
        self.paths.extend(later.paths);
        self.first.extend(later.first);
        self.stands_for.extend(later.stands_for);
    }

    /// The path of an area; the empty one of an area without a name.
    pub(super) fn path(&self, id: AreaId) -> &str {
        self.paths.get(&id).map_or("", String::as_str)
    }

    /// The area that stands for this one on a sheet; none when it has no name here.
    pub(super) fn on(&self, sheet: Sheet, id: AreaId) -> Option<AreaId> {
        match sheet.area_names() {
            None => Some(id),
            Some(names) => match NAMES.iter().position(|at| *at == names) {
                Some(at) => self.stands_for.get(&id).map(|first| first[at]),
                None => Some(AreaId(0)),
            },
        }
    }
}

/// The first names of a path.
pub fn cut(path: &str, names: u32) -> &str {
    // More names than any address space has are no cut at all.
    match usize::try_from(names).unwrap_or(usize::MAX).checked_sub(1) {
        None => "",
        Some(last) => path.match_indices('/').nth(last).map_or(path, |(end, _)| &path[..end]),
    }
}

/// Whether an area is a path or lies under it; everything lies under the empty path.
pub fn is_under(path: &str, area: &str) -> bool {
    path.is_empty() || area.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How many names a path has.
pub(super) fn names_of(path: &str) -> u32 {
    if path.is_empty() { 0 } else { u32::try_from(path.split('/').count()).unwrap_or(u32::MAX) }
}
