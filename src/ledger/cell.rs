//! Cells: sums that are kept while blocks are applied, so that no report has to add up the books.
//!
//! A cell is the money of one fund, accountable party, area and kind of hop; where it is money of
//! passes of hands, of one sender and receiver as well, so that flows can be read from the same
//! cells. Recipients are told apart by their area only. What time alone changes (money falls due)
//! is kept apart by due time, so that a cell can be read at any moment after its block.

use std::collections::BTreeMap;

use super::hop::Hop;
use super::ids::{AreaId, PartyKey, ProgrammeId};
use super::money::Currency;
use super::registry::Allocation;
use super::statement::{HopSums, Statement};
use super::time::Millis;
use super::token::{HopKind, Token};

/// What an allocation's money keeps for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fund {
    /// The programme.
    pub programme: ProgrammeId,
    /// The label of the payment period.
    pub cycle: String,
    /// What it is for.
    pub purpose: String,
    /// The currency.
    pub currency: Currency,
}

impl Fund {
    /// That of an allocation.
    pub fn of(allocation: &Allocation) -> Self {
        Self {
            programme: allocation.programme,
            cycle: allocation.cycle.clone(),
            purpose: allocation.purpose.clone(),
            currency: allocation.currency,
        }
    }
}

/// A fund by its number, in order of first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FundId(pub u32);

/// Which money is in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// Its fund.
    pub fund: FundId,
    /// The accountable party.
    pub accountable: PartyKey,
    /// The area that it counts in.
    pub area: AreaId,
    /// The kind of the last hop; none before the first.
    pub hop_kind: Option<HopKind>,
    /// The sender of passes of hands; none for what tokens hold, and for money that nobody sent.
    pub from: Option<PartyKey>,
    /// The receiver of passes of hands; none for what tokens hold, and for deliveries.
    pub to: Option<PartyKey>,
}

impl CellKey {
    /// The cell of a token.
    pub fn of_token(fund: FundId, token: &Token) -> Self {
        let Token { accountable, area, hop_kind, .. } = *token;
        Self { fund, accountable, area, hop_kind, from: None, to: None }
    }

    /// The cell of a hop.
    pub fn of_hop(fund: FundId, hop: &Hop) -> Self {
        let Hop { accountable, area, kind, from, to, .. } = *hop;
        let to = (kind != HopKind::Delivery).then_some(to);
        Self { fund, accountable, area, hop_kind: Some(kind), from, to }
    }
}

/// How many figures [`Sums`] has.
const FIGURES: usize = 26;

/// The sums of a set of money: where its unspent tokens are, and what its passes of hands came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Over unspent tokens.
    pub statement: Statement,
    /// Over hops.
    pub hops: HopSums,
}

/// What is done with every figure, from one list of them: in the order in which stored cells have
/// them, which never changes.
macro_rules! figures {
    ($($($step:ident).+),+ $(,)?) => {
        impl Sums {
            /// Adds other sums.
            pub fn add(&mut self, other: &Self) {
                $(self.$($step).+ += other.$($step).+;)+
            }

            /// Takes other sums away.
            pub fn subtract(&mut self, other: &Self) {
                $(self.$($step).+ -= other.$($step).+;)+
            }

            fn figures(&self) -> [i128; FIGURES] {
                [$(self.$($step).+),+]
            }

            fn from_figures(figures: [i128; FIGURES]) -> Self {
                let mut sums = Self::default();
                let places = [$(&mut sums.$($step).+),+];
                places.into_iter().zip(figures).for_each(|(place, figure)| *place = figure);
                sums
            }
        }
    };
}

figures! {
    statement.allocated, statement.surplus, statement.held, statement.in_transit, statement.overdue,
    statement.booked, statement.confirmed, statement.deducted, statement.returned, statement.disputed,
    statement.unaccounted, statement.judged_allocated,
    hops.loss, hops.judged_sent, hops.judged_good, hops.answered, hops.answerable,
    hops.quantities.official, hops.quantities.verified, hops.quantities.official_quantity,
    hops.quantities.verified_quantity, hops.quantities.lacking,
    hops.sent, hops.arrived, hops.deducted, hops.refused,
}

/// Whether something comes to what is counted, or goes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// It comes.
    In,
    /// It goes.
    Out,
}

impl Count {
    fn of(self, sums: &mut Sums, what: &Sums) {
        match self {
            Self::In => sums.add(what),
            Self::Out => sums.subtract(what),
        }
    }
}

/// What is in a cell after a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The sums as long as nothing falls due.
    standing: Sums,
    /// By how much they change once a due time has passed; never nothing.
    due: BTreeMap<Millis, Sums>,
}

impl Cell {
    /// Adds a token when it is made, or takes it away when it is spent.
    pub fn count_token(&mut self, token: &Token, count: Count) {
        let sums = |at| {
            let mut statement = Statement::default();
            statement.add_token(token, at);
            Sums { statement, hops: HopSums::default() }
        };
        self.count(&sums(Millis::MIN), &sums(Millis::MAX), token.due, count);
    }

    /// Adds a version of a hop when it comes to stand, or takes it away when the next replaces it.
    pub fn count_hop(&mut self, hop: &Hop, count: Count) {
        let sums = |at| {
            let mut hops = HopSums::default();
            hops.add_hop(hop, at);
            Sums { statement: Statement::default(), hops }
        };
        self.count(&sums(Millis::MIN), &sums(Millis::MAX), Some(hop.due), count);
    }

    /// Counts what is `before` a due time and something else `after` it.
    fn count(&mut self, before: &Sums, after: &Sums, due: Option<Millis>, count: Count) {
        count.of(&mut self.standing, before);
        let mut change = *after;
        change.subtract(before);
        if let Some(due) = due.filter(|_| change != Sums::default()) {
            let sums = self.due.entry(due).or_default();
            count.of(sums, &change);
            if *sums == Sums::default() {
                self.due.remove(&due);
            }
        }
    }

    /// The sums before anything falls due.
    pub fn standing(&self) -> &Sums {
        &self.standing
    }

    /// The sums at a moment: what is due by then has fallen due.
    pub fn at(&self, at: Millis) -> Sums {
        let mut sums = self.standing;
        self.due.range(..at).for_each(|(_, change)| sums.add(change));
        sums
    }

    /// What falls due, by due time: money in transit, in minor units.
    pub fn due_amounts(&self) -> impl Iterator<Item = (Millis, i128)> + '_ {
        self.due.iter().map(|(due, change)| (*due, change.statement.overdue)).filter(|(_, amount)| *amount != 0)
    }

    /// Its bytes: the standing sums, then each due time with its sums. Numbers have their sign in the
    /// lowest bit (zigzag) and come seven bits to a byte, lowest first (LEB128). Sums are the number of figures that are not 0, then each with its place.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_sums(&mut bytes, &self.standing);
        for (due, sums) in &self.due {
            push(&mut bytes, i128::from(due.0));
            push_sums(&mut bytes, sums);
        }
        bytes
    }

    /// The cell of its bytes; none when they are of no cell.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut cell = Self { standing: take_sums(&mut bytes)?, due: BTreeMap::new() };
        while !bytes.is_empty() {
            let due = Millis(i64::try_from(take(&mut bytes)?).ok()?);
            let sums = take_sums(&mut bytes)?;
            let rises = cell.due.last_key_value().is_none_or(|(last, _)| *last < due);
            if !rises || sums == Sums::default() {
                return None;
            }
            cell.due.insert(due, sums);
        }
        Some(cell)
    }
}

fn push_sums(bytes: &mut Vec<u8>, sums: &Sums) {
    let figures = sums.figures();
    let set = || (0_i128..).zip(&figures).filter(|(_, figure)| **figure != 0);
    push(bytes, i128::try_from(set().count()).expect("there are few figures"));
    for (at, figure) in set() {
        push(bytes, at);
        push(bytes, *figure);
    }
}

fn take_sums(bytes: &mut &[u8]) -> Option<Sums> {
    let mut figures = [0; FIGURES];
    for _ in 0..take(bytes)? {
        let at = usize::try_from(take(bytes)?).ok()?;
        *figures.get_mut(at)? = take(bytes)?;
    }
    Some(Sums::from_figures(figures))
}

/// Appends a number: its sign in the lowest bit (zigzag), then seven bits to a byte, lowest first,
/// the high bit saying that more follow (LEB128).
fn push(bytes: &mut Vec<u8>, number: i128) {
    let mut rest = ((number << 1) ^ (number >> 127)).cast_unsigned();
    while rest >= 0x80 {
        // Seven bits always fit.
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> Option<i128> {
    let mut number = 0_u128;
    for shift in (0..128).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u128::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            let magnitude = (number >> 1).cast_signed();
            return Some(if number & 1 == 0 { magnitude } else { !magnitude });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_read_back() {
        let numbers =
            (0..127).flat_map(|bits| [1_i128 << bits, -(1 << bits), (1 << bits) - 1]).chain([i128::MIN, i128::MAX]);
        for number in numbers {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            let mut rest = bytes.as_slice();
            assert_eq!((take(&mut rest), rest.len()), (Some(number), 0), "{number}");
        }
        assert_eq!(take(&mut [0x80; 40].as_slice()), None);
        assert_eq!(take(&mut [0x80].as_slice()), None);
    }

    #[test]
    fn each_figure_keeps_its_place_in_the_bytes() {
        let bytes = |change: fn(&mut Sums)| {
            let mut cell = Cell::default();
            change(&mut cell.standing);
            cell.to_bytes()
        };
        // One figure; twice its place; twice the amount: no sign in the lowest bit.
        assert_eq!(bytes(|sums| sums.statement.allocated = 7), [2, 0, 14]);
        assert_eq!(bytes(|sums| sums.statement.held = 7), [2, 4, 14]);
        assert_eq!(bytes(|sums| sums.statement.judged_allocated = 7), [2, 22, 14]);
        assert_eq!(bytes(|sums| sums.hops.loss = 7), [2, 24, 14]);
        assert_eq!(bytes(|sums| sums.hops.quantities.lacking = 7), [2, 42, 14]);
        assert_eq!(bytes(|sums| sums.hops.refused = -1), [2, 50, 1]);
    }

    #[test]
    fn a_cell_reads_back_and_other_bytes_are_refused() {
        let sums = |held, loss| Sums {
            statement: Statement { held, ..Statement::default() },
            hops: HopSums { loss, ..HopSums::default() },
        };
        let due = BTreeMap::from([(Millis(-5), sums(0, 3)), (Millis(7), sums(i128::from(i64::MAX) * 9, 0))]);
        let cell = Cell { standing: sums(1, -2), due };
        let bytes = cell.to_bytes();
        assert_eq!(Cell::from_bytes(&bytes), Some(cell));
        assert_eq!(Cell::from_bytes(&Cell::default().to_bytes()), Some(Cell::default()));
        for end in 0..bytes.len() {
            assert_ne!(Cell::from_bytes(&bytes[..end]), Cell::from_bytes(&bytes), "{end}");
        }
        assert_eq!(Cell::from_bytes(&[]), None);
        assert_eq!(Cell::from_bytes(&[2, 60, 2]), None, "there is no such figure");
        assert_eq!(Cell::from_bytes(&[0, 2, 0]), None, "nothing falls due");
    }
}
