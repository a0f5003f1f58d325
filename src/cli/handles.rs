//! File handles of the process: each connection takes one.

use tracing::warn;

use crate::limits;

/// Asks the system for as many as a server may need. It goes on with fewer: connections beyond
/// them then wait.
pub fn ask_for_enough() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(limits::FILE_HANDLES, |most| most.min(limits::FILE_HANDLES));
        if current.is_none_or(|now| now >= limits::FILE_HANDLES) {
            return;
        }
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        if raised.is_err() || wanted < limits::FILE_HANDLES {
            warn!(wanted = limits::FILE_HANDLES, allowed = wanted, "the system allows few open files");
        }
    }
}
