//! `aqueduct simulate`: fills an empty directory with a world to test on.

use std::str::FromStr;

use clap::Args;
use rust_decimal::Decimal;

use crate::limits;
use crate::service::simulation::truth::Truth;
use crate::service::simulation::{self, SimulationError, Size};

use super::Global;
use super::failure::{Failure, Kind};
use super::output::{print, write_secret};
use super::progress::Progress;

/// Where the truth about what was planted is kept.
const TRUTH_FILE: &str = "truth.json";

const DETAILS: &str = "\
Examples:
  aqueduct --data /tmp/world simulate --seed 7
  aqueduct --data /tmp/world simulate --seed 7 --recipients 500 --cycles 6 --leak-rate 0.02

The history ends with the cycle of December 2025 and four months after it. The same seed and size
give the same history, but for the keys that sign it and the registrar's id. truth.json in the data
directory names every planted irregularity: its rule, amount in minor units, party and subject.";

/// Simulates a history of welfare payments with planted irregularities, in an empty data directory.
///
/// Everything in it is made up and signed by keys that this node made and keeps; the chain says that
/// it is a demonstration. Of every rule at least one irregularity is planted, and more with a higher
/// leak rate; all other money is honest, late or unconfirmed as it may be.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Simulate {
    /// What everything that is made up follows from.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How many recipients.
    #[arg(
        long, default_value_t = 60, value_name = "R",
        value_parser = clap::value_parser!(u32).range(
            i64::from(limits::SIMULATED_RECIPIENTS.0)..=i64::from(limits::SIMULATED_RECIPIENTS.1)
        )
    )]
    recipients: u32,
    /// How many monthly cycles.
    #[arg(
        long, default_value_t = 4, value_name = "C",
        value_parser = clap::value_parser!(u32).range(
            i64::from(limits::SIMULATED_CYCLES.0)..=i64::from(limits::SIMULATED_CYCLES.1)
        )
    )]
    cycles: u32,
    /// The share of recipients at whom each kind of irregularity is planted, from 0 to 0.2; of each
    /// kind there is at least one.
    #[arg(long, default_value = "0.02", value_name = "X", value_parser = millionths)]
    leak_rate: u32,
}

impl Simulate {
    /// Simulates the world and writes the truth about it.
    pub async fn run(&self, global: &Global) -> Result<(), Failure> {
        let (seed, leak_millionths) = (self.seed, self.leak_rate);
        let size = Size { seed, recipients: self.recipients, cycles: self.cycles, leak_millionths };
        let progress = Progress::begin("simulating");
        let truth = simulation::simulate(global.options(false)?, size, |what, done, of| {
            progress.say(what);
            progress.at(done, of);
        })
        .await;
        progress.end();
        let truth = truth?;
        let path = global.data.join(TRUTH_FILE);
        write_secret(&path, text(&truth)?.as_bytes())?;
        print(&format!(
            "Simulated {} recipients and {} cycles; planted {} irregularities, told in {}.\n\nNext: aqueduct serve\n",
            truth.recipients,
            truth.cycles,
            truth.planted.len(),
            path.display()
        ))
    }
}

fn text(truth: &Truth) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(truth);
    text.map(|text| format!("{text}\n")).map_err(|why| Failure::other("the truth cannot be written").because(&why))
}

fn millionths(text: &str) -> Result<u32, String> {
    let share = Decimal::from_str(text).map_err(|_| "it is no decimal number".to_owned())?;
    let millionths = share.checked_mul(Decimal::from(1_000_000)).filter(Decimal::is_integer);
    let millionths = millionths.and_then(|share| u32::try_from(share).ok());
    let (min, max) = limits::SIMULATED_LEAK_MILLIONTHS;
    let fits = millionths.filter(|share| (min..=max).contains(share));
    fits.ok_or_else(|| "it is a share from 0 to 0.2 of at most six decimals".to_owned())
}

impl From<SimulationError> for Failure {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Begin(error) => error.into(),
            SimulationError::Start(error) => error.into(),
            SimulationError::OutOfBounds { .. } => Self::of(Kind::Input, &error),
            other => Self::of(Kind::Other, &other),
        }
    }
}
