//! Logins that were found a moment ago: every request names one, and asking the database takes
//! longer than all else that a small request does.
//!
//! Only what was found is kept, never that something was not, so a new login is valid at once. One
//! that this process ends is gone at once; one that another process ends, when it has been kept for
//! as long as it may be.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::logins::{Login, LoginId};
use crate::limits;

/// How long a login is kept.
const KEPT: Duration = Duration::from_millis(limits::LOGIN_KEPT_MS);

/// How many are kept of each age.
const HALF: usize = limits::LOGINS_REMEMBERED_MAX / 2;

/// The logins.
#[derive(Debug, Default)]
pub(super) struct FoundLogins(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    newer: Logins,
    /// What was newer until there was enough of it. Whatever is not looked up again goes with it.
    older: Logins,
    /// How many logins were ended.
    ended: u64,
}

/// With the moment at which each was looked up.
type Logins = BTreeMap<LoginId, (Instant, Login)>;

/// That somebody began to look a login up: what is found is kept if none was ended meanwhile.
#[derive(Debug)]
pub(super) struct LookUp {
    began: Instant,
    ended: u64,
}

impl FoundLogins {
    /// A login that was found a moment ago, or the beginning of a look-up.
    pub(super) fn get(&self, id: LoginId, now: Instant) -> Result<Login, LookUp> {
        let found = self.found();
        match found.newer.get(&id).or_else(|| found.older.get(&id)) {
            Some((at, login)) if now.duration_since(*at) < KEPT => Ok(login.clone()),
            _ => Err(LookUp { began: now, ended: found.ended }),
        }
    }

    /// Keeps what a look-up found.
    pub(super) fn keep(&self, look_up: &LookUp, login: &Login) {
        let mut found = self.found();
        if found.ended != look_up.ended {
            // It may be the one.
            return;
        }
        if found.newer.len() >= HALF && !found.newer.contains_key(&login.id) {
            found.older = std::mem::take(&mut found.newer);
        }
        found.newer.insert(login.id, (look_up.began, login.clone()));
    }

    /// Forgets a login that was ended.
    pub(super) fn end(&self, id: LoginId) {
        let mut found = self.found();
        found.newer.remove(&id);
        found.older.remove(&id);
        found.ended += 1;
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ledger::time::Millis;

    fn login(n: usize) -> Login {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let (officer, party) = (Uuid::from_u128(1), Uuid::from_u128(2));
        Login { id: LoginId(id), officer, party, label: "Anna".to_owned(), created_at: Millis(0) }
    }

    fn keep(found: &FoundLogins, login: &Login, now: Instant) {
        found.keep(&found.get(login.id, now).unwrap_err(), login);
    }

    #[test]
    fn a_login_is_looked_up_again_after_a_while() {
        let (found, anna, now) = (FoundLogins::default(), login(1), Instant::now());
        keep(&found, &anna, now);
        let last = now + KEPT - Duration::from_nanos(1);
        assert_eq!(found.get(anna.id, last).unwrap(), anna);
        assert!(found.get(login(2).id, now).is_err());
        assert!(found.get(anna.id, now + KEPT).is_err());
        keep(&found, &anna, now + KEPT);
        assert!(found.get(anna.id, now + KEPT).is_ok());
    }

    #[test]
    fn a_login_that_was_ended_is_not_kept_by_whoever_read_it_before() {
        let (found, anna, now) = (FoundLogins::default(), login(1), Instant::now());
        keep(&found, &anna, now);
        found.end(anna.id);
        let read_before = found.get(anna.id, now).unwrap_err();
        found.end(anna.id);
        found.keep(&read_before, &anna);
        assert!(found.get(anna.id, now).is_err());
    }

    #[test]
    fn only_so_many_are_kept_and_the_oldest_make_room() {
        let (found, now) = (FoundLogins::default(), Instant::now());
        for n in 0..3 * HALF {
            keep(&found, &login(n), now);
        }
        let kept = |found: &Found| found.newer.len() + found.older.len();
        assert_eq!(kept(&found.found()), limits::LOGINS_REMEMBERED_MAX);
        assert!(found.get(login(HALF - 1).id, now).is_err());
        let (old, new) = (login(HALF), login(3 * HALF - 1));
        assert!(found.get(old.id, now).is_ok() && found.get(new.id, now).is_ok());
        found.end(old.id);
        found.end(new.id);
        assert!(found.get(old.id, now).is_err() && found.get(new.id, now).is_err());
    }
}
