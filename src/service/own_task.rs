//! Reads that go on when nobody asks for their answer.
//!
//! Who follows the log is polled only while its client takes what it is told. A read that waits
//! inside it would keep its connection and its turn for as long as a slow client likes.

use std::future::Future;
use std::panic::resume_unwind;

use tokio::task::JoinSet;

/// Runs a read in a task of its own, which ends with whoever waits for it.
pub async fn in_own_task<T: Send + 'static>(read: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = JoinSet::new();
    task.spawn(read);
    match task.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(why)) if why.is_panic() => resume_unwind(why.into_panic()),
        // It is given up only when the runtime ends, and whoever waits with it.
        Some(Err(_)) | None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_read_that_nobody_polls_lets_go_of_its_turn() {
        let turns = Arc::new(Semaphore::new(1));
        let taken = turns.clone();
        let mut unpolled = Box::pin(in_own_task(async move {
            let _turn = taken.acquire().await.unwrap();
            tokio::task::yield_now().await;
        }));
        assert!((&mut unpolled).now_or_never().is_none());
        let other = turns.clone();
        in_own_task(async move { drop(other.acquire().await.unwrap()) }).await;
        unpolled.await;
    }
}
