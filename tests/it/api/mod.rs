//! The interface, through the real router, with real clients on a loopback port.

mod codes;
mod fuzz;
mod mutations;
mod queries;
mod relay;
