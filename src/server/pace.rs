//! How much one login may ask, so that one client cannot take the place of all others: requests
//! in a second, requests under way, WebSocket connections, subscriptions. Everybody without a login shares one
//! account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_graphql::ServerError;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::api::error::{RATE_LIMITED, retry_after, with_code};
use crate::limits;

use super::options::{Bounds, Pace, Sockets};

/// The accounts of all logins.
#[derive(Debug)]
pub struct Accounts {
    pace: Pace,
    sockets_in_all: u64,
    sockets_uninitialised: u64,
    sockets_of_login: u64,
    streams_of_login: u64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    logins: BTreeMap<Option<Uuid>, Account>,
    /// Those that are initialised.
    sockets: u64,
    /// Those that are not, by their numbers, so the one that waits longest comes first.
    silent: BTreeMap<u64, oneshot::Sender<()>>,
    /// How many connections there ever were.
    begun: u64,
}

#[derive(Debug)]
struct Account {
    /// Thousandths of requests that may be made now.
    credit: u64,
    credited: Instant,
    under_way: u64,
    sockets: u64,
    streams: u64,
}

/// Too much was asked; when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// Milliseconds.
    pub retry_after_ms: u64,
}

impl TooMuch {
    /// As an error of GraphQL.
    pub fn error(self) -> ServerError {
        let message = format!("this login asks too much; try again in {} ms", self.retry_after_ms);
        retry_after(with_code(ServerError::new(message, None), RATE_LIMITED), self.retry_after_ms)
    }
}

/// A request under way; it counts until this is dropped.
#[derive(Debug)]
pub struct UnderWay {
    accounts: Arc<Accounts>,
    login: Option<Uuid>,
}

/// A WebSocket connection; it counts until this is dropped.
#[derive(Debug)]
pub struct Socket {
    accounts: Arc<Accounts>,
    number: u64,
    /// Told when it must make room; none once the login is known.
    displaced: Option<oneshot::Receiver<()>>,
    /// The account it is on, once the login is known.
    login: Option<Option<Uuid>>,
}

/// A subscription that is followed; it counts until this is dropped.
#[derive(Debug)]
pub struct Stream {
    accounts: Arc<Accounts>,
    login: Option<Uuid>,
}

/// A thousand thousandths are one request.
const ONE: u64 = 1_000;

impl Accounts {
    /// New accounts.
    pub fn new(bounds: &Bounds) -> Self {
        let Sockets { in_all, uninitialised, of_login, streams_of_login, .. } = bounds.sockets;
        Self {
            pace: bounds.pace,
            sockets_in_all: in_all,
            sockets_uninitialised: uninitialised,
            sockets_of_login: of_login,
            streams_of_login,
            open: Mutex::default(),
        }
    }

    /// Takes a request of a login.
    pub fn take(self: &Arc<Self>, login: Option<Uuid>) -> Result<UnderWay, TooMuch> {
        let mut open = self.open();
        let account = open.account(login, &self.pace);
        if account.under_way >= self.pace.under_way {
            return Err(TooMuch { retry_after_ms: limits::RETRY_AFTER_MS });
        }
        account.pay(1, &self.pace)?;
        account.under_way += 1;
        Ok(UnderWay { accounts: self.clone(), login })
    }

    /// Takes a connection whose login is not known yet; none when there are too many. Where too many
    /// say nothing, the one that has waited longest makes room: who means it says so at once.
    pub fn socket(self: &Arc<Self>) -> Option<Socket> {
        let mut open = self.open();
        if open.sockets >= self.sockets_in_all {
            return None;
        }
        if u64::try_from(open.silent.len()).is_ok_and(|silent| silent >= self.sockets_uninitialised)
            && let Some((_, oldest)) = open.silent.pop_first()
        {
            // One that just left needs no word.
            let _ = oldest.send(());
        }
        open.begun += 1;
        let (displace, displaced) = oneshot::channel();
        let number = open.begun;
        open.silent.insert(number, displace);
        Some(Socket { accounts: self.clone(), number, displaced: Some(displaced), login: None })
    }

    /// Takes a subscription of a login; none when it follows too many.
    pub fn stream(self: &Arc<Self>, login: Option<Uuid>) -> Option<Stream> {
        let mut open = self.open();
        let account = open.account(login, &self.pace);
        if account.streams >= self.streams_of_login {
            return None;
        }
        account.streams += 1;
        Some(Stream { accounts: self.clone(), login })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Counts the request as so many in all: each field of a mutation is one.
    pub fn counts(&self, requests: u64) -> Result<(), TooMuch> {
        let pace = &self.accounts.pace;
        self.accounts.open().account(self.login, pace).pay(requests.saturating_sub(1), pace)
    }
}

impl Socket {
    /// Returns when the connection must make room for others, which is never once its login is
    /// known.
    pub async fn displaced(&mut self) {
        if let Some(displaced) = &mut self.displaced {
            let must_go = displaced.await.is_ok();
            self.displaced = None;
            if must_go {
                return;
            }
        }
        std::future::pending().await
    }

    /// Puts the connection on the account of its login; why not when there are too many.
    pub fn of_login(&mut self, login: Option<Uuid>) -> Result<(), &'static str> {
        let mut open = self.accounts.open();
        if open.sockets >= self.accounts.sockets_in_all {
            return Err("too many connections are open; try again later");
        }
        let account = open.account(login, &self.accounts.pace);
        if account.sockets >= self.accounts.sockets_of_login {
            return Err("this login has too many connections");
        }
        account.sockets += 1;
        open.sockets += 1;
        open.silent.remove(&self.number);
        self.login = Some(login);
        Ok(())
    }
}

impl Open {
    fn account(&mut self, login: Option<Uuid>, pace: &Pace) -> &mut Account {
        if self.logins.len() >= limits::LOGINS_REMEMBERED_MAX && !self.logins.contains_key(&login) {
            // An account at rest with its whole credit is as good as a new one.
            self.logins.retain(|_, account| {
                account.earn(pace);
                let is_busy = account.under_way > 0 || account.sockets > 0 || account.streams > 0;
                is_busy || account.credit < pace.burst.saturating_mul(ONE)
            });
        }
        self.logins.entry(login).or_insert_with(|| Account {
            credit: pace.burst.saturating_mul(ONE),
            credited: Instant::now(),
            under_way: 0,
            sockets: 0,
            streams: 0,
        })
    }
}

impl Account {
    fn pay(&mut self, requests: u64, pace: &Pace) -> Result<(), TooMuch> {
        self.earn(pace);
        let cost = requests.saturating_mul(ONE);
        match self.credit.checked_sub(cost) {
            Some(rest) => {
                self.credit = rest;
                Ok(())
            }
            // Thousandths of requests by requests in a second are milliseconds.
            None => Err(TooMuch { retry_after_ms: (cost - self.credit).div_ceil(pace.per_second.max(1)) }),
        }
    }

    fn earn(&mut self, pace: &Pace) {
        let now = Instant::now();
        let ms = u64::try_from(now.duration_since(self.credited).as_millis()).unwrap_or(u64::MAX);
        if ms > 0 {
            let earned = ms.saturating_mul(pace.per_second);
            self.credit = self.credit.saturating_add(earned).min(pace.burst.saturating_mul(ONE));
            self.credited = now;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(account) = self.accounts.open().logins.get_mut(&self.login) {
            account.under_way -= 1;
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(account) = self.accounts.open().logins.get_mut(&self.login) {
            account.streams -= 1;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut open = self.accounts.open();
        let Some(login) = self.login else {
            open.silent.remove(&self.number);
            return;
        };
        open.sockets -= 1;
        if let Some(account) = open.logins.get_mut(&login) {
            account.sockets -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(per_second: u64, burst: u64, under_way: u64) -> Arc<Accounts> {
        let pace = Pace { per_second, burst, under_way };
        let mut bounds = Bounds { pace, ..Bounds::default() };
        let sockets = Sockets { in_all: 3, uninitialised: 2, of_login: 2, streams_of_login: 4, ..bounds.sockets };
        bounds.sockets = sockets;
        Arc::new(Accounts::new(&bounds))
    }

    #[test]
    fn a_login_has_its_burst_and_others_have_theirs() {
        let accounts = accounts(0, 3, 10);
        let (one, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        assert!(accounts.take(one).is_ok());
        let second = accounts.take(one).unwrap();
        assert_eq!(second.counts(3), Err(TooMuch { retry_after_ms: 1_000 }));
        assert_eq!(second.counts(2), Ok(()));
        assert_eq!(accounts.take(one).unwrap_err(), TooMuch { retry_after_ms: 1_000 });
        assert!(accounts.take(other).is_ok() && accounts.take(None).is_ok());
    }

    #[test]
    fn what_is_under_way_counts_until_it_ends() {
        let accounts = accounts(0, 100, 2);
        let first = accounts.take(None).unwrap();
        let _second = accounts.take(None).unwrap();
        assert_eq!(accounts.take(None).unwrap_err(), TooMuch { retry_after_ms: limits::RETRY_AFTER_MS });
        drop(first);
        assert!(accounts.take(None).is_ok());
    }

    #[test]
    fn sockets_are_bounded_in_all_and_for_each_login() {
        let accounts = accounts(1, 1, 1);
        let socket_of = |login: Option<Uuid>| {
            let mut socket = accounts.socket().unwrap();
            socket.of_login(login).map(|()| socket)
        };
        let login = Some(Uuid::from_u128(1));
        let mut sockets = vec![socket_of(login).unwrap(), socket_of(login).unwrap()];
        assert!(socket_of(login).is_err(), "the login has its two");
        let mut early = accounts.socket().unwrap();
        sockets.push(socket_of(None).unwrap());
        assert!(early.of_login(Some(Uuid::from_u128(2))).is_err() && accounts.socket().is_none(), "there are three");
        sockets.remove(0);
        assert!(socket_of(login).is_ok());
    }

    #[test]
    fn of_sockets_that_say_nothing_the_oldest_makes_room() {
        let accounts = accounts(1, 1, 1);
        let goes = |socket: &mut Socket| socket.displaced.as_mut().is_some_and(|told| told.try_recv().is_ok());
        let mut silent: Vec<Socket> = (0..3).map(|_| accounts.socket().unwrap()).collect();
        let told: Vec<bool> = silent.iter_mut().map(goes).collect();
        assert_eq!(told, [true, false, false], "two may wait");
        assert!(silent[1].of_login(None).is_ok());
        let further = accounts.socket().unwrap();
        assert!(!goes(&mut silent[2]), "there was room");
        assert_eq!(accounts.open().silent.len(), 2);
        drop((silent, further));
        let open = accounts.open();
        assert_eq!((open.sockets, open.silent.len()), (0, 0));
    }

    #[test]
    fn streams_are_bounded_for_each_login() {
        let accounts = accounts(1, 1, 1);
        let login = Some(Uuid::from_u128(1));
        let streams: Vec<Stream> = (0..4).map(|_| accounts.stream(login).unwrap()).collect();
        assert!(accounts.stream(login).is_none());
        assert!(accounts.stream(None).is_some(), "others have theirs");
        drop(streams);
        assert!(accounts.stream(login).is_some());
    }

    #[test]
    fn accounts_at_rest_are_forgotten() {
        let accounts = accounts(0, 2, 2);
        let busy = accounts.take(Some(Uuid::from_u128(0))).unwrap();
        for n in 1..limits::LOGINS_REMEMBERED_MAX as u128 {
            let mut socket = accounts.socket().unwrap();
            assert!(socket.of_login(Some(Uuid::from_u128(n))).is_ok());
        }
        assert_eq!(accounts.open().logins.len(), limits::LOGINS_REMEMBERED_MAX);
        drop(accounts.take(None).unwrap());
        assert_eq!(accounts.open().logins.len(), 2, "the busy one and the new one");
        drop(busy);
    }
}
