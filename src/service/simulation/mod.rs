//! A world to test on: a realistic history of welfare payments with planted irregularities, stated
//! and signed through the public path, and the truth about what was planted.
//!
//! Everything but keys follows from the seed. `cast` says who takes part, `plan` what is stated when
//! and under which names, `flow` how money goes down its way; `honest` is the world as it should be,
//! and `people`, `payments` and `offices` plant what should not be. `founding` is its beginning. The
//! `teller` carries the plan out, by a clock of its own; `speech` and `books` find what operations
//! name. The genesis says that the chain is a
//! demonstration.

mod books;
mod cast;
mod flow;
mod founding;
mod honest;
mod offices;
mod payments;
mod people;
mod plan;
mod random;
mod speech;
mod teller;
pub mod truth;

use std::sync::Arc;

use crate::ledger::time::Millis;
use crate::limits;
use crate::store::node::keyring::{KeyringError, Unlock};

use super::begin::{self, BeginError, Beginning, Begun};
use super::clock::Clock;
use super::node::{Node, Options, StartError};
use super::orderer::NotRecorded;
use super::record::NotAccepted;

use cast::Cast;
use honest::World;
use plan::{Calendar, Plan, moment};
use random::Random;
use teller::Teller;
use truth::Truth;

/// How large a world is, and how much is planted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// What everything that is made up follows from.
    pub seed: u64,
    /// How many recipients, within [`limits::SIMULATED_RECIPIENTS`].
    pub recipients: u32,
    /// How many monthly cycles, within [`limits::SIMULATED_CYCLES`].
    pub cycles: u32,
    /// Of a million recipients so many for each kind of irregularity, within
    /// [`limits::SIMULATED_LEAK_MILLIONTHS`]; of each kind there is at least one.
    pub leak_millionths: u32,
}

/// Why a world was not simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// A figure of its size is out of bounds.
    #[error("{what} is from {min} to {max}, not {given}")]
    OutOfBounds {
        /// What.
        what: &'static str,
        /// The lowest.
        min: u32,
        /// The highest.
        max: u32,
        /// What was given.
        given: u32,
    },
    /// The history would lie in the future.
    #[error("the clock says {now}, but the history ends at {ends}; set the clock right")]
    NotYet {
        /// The clock.
        now: Millis,
        /// The end of the history.
        ends: Millis,
    },
    /// The clock cannot be trusted.
    #[error(transparent)]
    Clock(NotRecorded),
    /// The chain does not begin.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The node does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A key cannot be kept.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The plan names something that is not there.
    #[error("the plan breaks off at {at}: {by} has nothing to name for {what}")]
    Unnamed {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What was to be stated.
        what: String,
    },
    /// An operation was not taken.
    #[error("the plan breaks off at {at}: {by} cannot state {kind}")]
    Refused {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// Why.
        source: Box<NotAccepted>,
    },
    /// An operation came out otherwise than planned.
    #[error("the plan breaks off at {at}: {kind} of {by} is {status}")]
    Unexpected {
        /// The history's time.
        at: Millis,
        /// Who.
        by: String,
        /// What.
        kind: &'static str,
        /// How far it came.
        status: String,
    },
}

/// Simulates a world into an empty directory, stops the node, and tells what was planted. `progress`
/// hears the history's time, how many moments are over, and how many there are.
pub async fn simulate(
    options: Options,
    size: Size,
    progress: impl Fn(&str, u64, u64),
) -> Result<Truth, SimulationError> {
    check(size)?;
    let calendar = Calendar { cycles: size.cycles };
    let now = options.clock.now().map_err(|suspect| SimulationError::Clock(suspect.into()))?;
    let ends = moment(calendar.ends(), 24);
    if now < ends {
        return Err(SimulationError::NotYet { now, ends });
    }
    let clock = Arc::new(Clock::manual(moment(calendar.begins(), 0)));
    let begun =
        begin::begin(with_clock(&options, &clock), Beginning { label: "Registry", demonstration: true }).await?;
    let world = world(size, calendar, &begun);
    let node = Node::open(with_clock(&options, &clock)).await?;
    let mut teller = Teller::new(node, clock, &world.plan, begun);
    let told = teller.tell(world.plan, &progress).await;
    let truth = told.map(|planted| Truth {
        seed: size.seed,
        recipients: size.recipients,
        cycles: size.cycles,
        leak_millionths: size.leak_millionths,
        ends: calendar.ends(),
        planted,
    });
    // Stopped cleanly whether the plan was carried out to its end or not.
    teller.stop().await;
    truth
}

fn check(size: Size) -> Result<(), SimulationError> {
    let of = [
        ("the number of recipients", size.recipients, limits::SIMULATED_RECIPIENTS),
        ("the number of cycles", size.cycles, limits::SIMULATED_CYCLES),
        ("the leak rate in millionths", size.leak_millionths, limits::SIMULATED_LEAK_MILLIONTHS),
    ];
    for (what, given, (min, max)) in of {
        if !(min..=max).contains(&given) {
            return Err(SimulationError::OutOfBounds { what, min, max, given });
        }
    }
    Ok(())
}

/// Everything that will happen.
fn world(size: Size, calendar: Calendar, begun: &Begun) -> World {
    let random = Random::new(size.seed);
    let mut cast = Cast::new(random.clone(), size.recipients);
    cast.begun(begun.party);
    let mut world = World::new(Plan::new(random, calendar, cast), size.leak_millionths);
    world.plant_people();
    world.plant_payments();
    world.plant_offices();
    world.settle();
    world
}

/// The same options with the history's clock; it makes no empty blocks, since something is stated
/// every day.
fn with_clock(options: &Options, clock: &Arc<Clock>) -> Options {
    Options {
        unlock: match &options.unlock {
            Unlock::Passphrase(passphrase) => Unlock::Passphrase(passphrase.clone()),
            Unlock::KeyFile(path) => Unlock::KeyFile(path.clone()),
        },
        clock: clock.clone(),
        faults: options.faults.clone(),
        database: options.database.clone(),
        ..Options::new(&options.directory)
    }
}
