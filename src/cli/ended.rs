//! How a long command notices that somebody ends it.

use super::failure::{Failure, Kind};

/// What ends a command early, once it does. From now on the signals no longer end the process by
/// themselves.
pub(super) fn told_to_end() -> Result<impl Future<Output = Kind>, Failure> {
    let failed = |why: std::io::Error| Failure::other("signals cannot be waited for").because(&why);
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map_err(failed)?;
    #[cfg(not(unix))]
    let _ = failed;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => Kind::Terminated,
            _ = interrupt.recv() => Kind::Interrupted,
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
            Kind::Interrupted
        }
    })
}
