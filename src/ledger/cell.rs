//! Cells: sums that are kept while blocks are applied, so that no report has to add up the books.
//!
//! A cell is the money of one fund, accountable party, area and kind of hop; where it is money of
//! passes of hands, of one sender and receiver as well, so that flows can be read from the same
//! cells. Recipients are told apart by their area only. What time alone changes (money falls due)
//! is kept apart by due time, so that a cell can be read at any moment after its block.
//!
//! All money is also in coarser cells, on sheets that tell less apart, so that a report of a country
//! adds up hundreds of cells and not those of every town.

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

/// What its cells tell apart, besides funds and kinds of hops. Every sheet holds all money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sheet(u8);

/// What [`Sheet`]s tell apart: whether parties, and how many names of an area; none for every name.
/// The coarser comes first; the last is that of all cells.
const SHEETS: [(bool, Option<u32>); 6] =
    [(false, Some(0)), (false, Some(1)), (false, Some(2)), (true, Some(0)), (true, Some(1)), (true, None)];

impl Sheet {
    /// The sheet that tells everything apart.
    pub const FINEST: Self = Self(5);

    /// The others.
    pub fn coarser() -> impl Iterator<Item = Self> {
        (0..Self::FINEST.0).map(Self)
    }

    /// The coarsest that tells apart so many names of an area, and parties if asked to.
    pub fn telling(parties: bool, area_names: u32) -> Self {
        let tells = |sheet: &Self| {
            (sheet.tells_parties() || !parties) && sheet.area_names().is_none_or(|names| names >= area_names)
        };
        Self::coarser().find(tells).unwrap_or(Self::FINEST)
    }

    /// Whether it tells parties apart.
    pub fn tells_parties(self) -> bool {
        SHEETS[usize::from(self.0)].0
    }

    /// How many names of an area it tells apart; none for all.
    pub fn area_names(self) -> Option<u32> {
        SHEETS[usize::from(self.0)].1
    }

    /// Its number, which never changes.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The sheet of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        (number <= Self::FINEST.0).then_some(Self(number))
    }
}

/// Which money is in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// The sheet that it is on.
    pub sheet: Sheet,
    /// Its fund.
    pub fund: FundId,
    /// The accountable party; none where the sheet does not tell parties apart.
    pub accountable: Option<PartyKey>,
    /// The area that it counts in; for all areas that the sheet does not tell apart, one of them.
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
        Self { sheet: Sheet::FINEST, fund, accountable: Some(accountable), area, hop_kind, from: None, to: None }
    }

    /// The cell of a hop.
    pub fn of_hop(fund: FundId, hop: &Hop) -> Self {
        let Hop { accountable, area, kind, from, to, .. } = *hop;
        let to = (kind != HopKind::Delivery).then_some(to);
        let (accountable, hop_kind) = (Some(accountable), Some(kind));
        Self { sheet: Sheet::FINEST, fund, accountable, area, hop_kind, from, to }
    }

    /// The cell of the same money on another sheet, whose areas are told apart by `area`.
    pub fn on(self, sheet: Sheet, area: AreaId) -> Self {
        match sheet.tells_parties() {
            true => Self { sheet, area, ..self },
            false => Self { sheet, area, accountable: None, from: None, to: None, ..self },
        }
    }
}

/// How many figures [`Sums`] has.
const FIGURES: usize = 27;

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

            fn from_figures(figures: &[i128; FIGURES]) -> Self {
                let mut sums = Self::default();
                let places = [$(&mut sums.$($step).+),+];
                places.into_iter().zip(figures).for_each(|(place, figure)| *place = *figure);
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
    hops.sent, hops.arrived, hops.deducted, hops.refused, hops.answers,
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

/// Sums in the making, to which cells are added from their bytes: of most cells nearly all figures
/// are 0, and those take no time.
#[derive(Clone, Debug, Default)]
pub struct Adding([i128; FIGURES]);

impl Adding {
    /// Adds the cell of these bytes as it stands at a moment; none when they are of no cell.
    pub fn add(&mut self, mut bytes: &[u8], at: Millis) -> Option<()> {
        take_figures(&mut bytes, |place, figure| self.0[place] += figure)?;
        let mut last = None;
        while !bytes.is_empty() {
            let due = take_due(&mut bytes, last)?;
            let counts = due < at;
            let figures = take_figures(&mut bytes, |place, figure| self.0[place] += if counts { figure } else { 0 })?;
            if figures == 0 {
                return None;
            }
            last = Some(due);
        }
        Some(())
    }

    /// The sums.
    pub fn sums(&self) -> Sums {
        Sums::from_figures(&self.0)
    }
}

/// What is in a cell after a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The sums as long as nothing falls due.
    standing: Sums,
    /// By how much they change once a due time has passed, the earliest first; never nothing. Of
    /// most cells there are none or a few.
    due: Vec<(Millis, Sums)>,
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
            self.change_due(due, &change, count);
        }
    }

    fn change_due(&mut self, due: Millis, change: &Sums, count: Count) {
        let at = self.due.binary_search_by_key(&due, |(due, _)| *due).unwrap_or_else(|at| {
            // One more at first: each takes some four hundred bytes.
            if self.due.is_empty() {
                self.due.reserve_exact(1);
            }
            self.due.insert(at, (due, Sums::default()));
            at
        });
        let sums = &mut self.due[at].1;
        count.of(sums, change);
        if *sums == Sums::default() {
            self.due.remove(at);
        }
    }

    /// Adds what another cell holds.
    pub fn merge(&mut self, other: &Self) {
        self.standing.add(&other.standing);
        for (due, change) in &other.due {
            self.change_due(*due, change, Count::In);
        }
    }

    /// The sums before anything falls due.
    pub fn standing(&self) -> &Sums {
        &self.standing
    }

    /// The sums at a moment: what is due by then has fallen due.
    pub fn at(&self, at: Millis) -> Sums {
        let mut sums = self.standing;
        self.due.iter().take_while(|(due, _)| *due < at).for_each(|(_, change)| sums.add(change));
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
        let mut cell = Self { standing: take_sums(&mut bytes)?, due: Vec::new() };
        while !bytes.is_empty() {
            let due = take_due(&mut bytes, cell.due.last().map(|(due, _)| *due))?;
            let sums = take_sums(&mut bytes)?;
            if sums == Sums::default() {
                return None;
            }
            cell.due.push((due, sums));
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
    take_figures(bytes, |place, figure| figures[place] = figure)?;
    Some(Sums::from_figures(&figures))
}

/// Takes the figures that are not 0, each with its place, and says how many they were. The same
/// sums have one form alone: another one is of no cell, whoever reads it.
fn take_figures(bytes: &mut &[u8], mut found: impl FnMut(usize, i128)) -> Option<usize> {
    let count = usize::try_from(take(bytes)?).ok()?;
    let mut next = 0;
    for _ in 0..count {
        let place = usize::try_from(take(bytes)?).ok()?;
        let figure = take(bytes)?;
        if !(next..FIGURES).contains(&place) || figure == 0 {
            return None;
        }
        next = place + 1;
        found(place, figure);
    }
    Some(count)
}

/// Takes a due time, which is after the one before it.
fn take_due(bytes: &mut &[u8], last: Option<Millis>) -> Option<Millis> {
    let due = Millis(i64::try_from(take(bytes)?).ok()?);
    last.is_none_or(|last| last < due).then_some(due)
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
    // Nearly every number is short.
    if let Some((first, rest)) = bytes.split_first()
        && *first < 0x80
    {
        *bytes = rest;
        let magnitude = i128::from(*first >> 1);
        return Some(if *first & 1 == 0 { magnitude } else { !magnitude });
    }
    let mut number = 0_u128;
    for shift in (0..128).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u128::from(first & 0x7f);
        if (part << shift) >> shift != part {
            return None;
        }
        number |= part << shift;
        if first & 0x80 == 0 {
            if *first == 0 {
                return None;
            }
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
    fn the_coarsest_sheet_that_tells_enough_is_taken() {
        let telling = |parties, names| {
            let sheet = Sheet::telling(parties, names);
            (sheet.tells_parties(), sheet.area_names())
        };
        assert_eq!(telling(false, 0), (false, Some(0)));
        assert_eq!(telling(false, 2), (false, Some(2)));
        assert_eq!(telling(true, 1), (true, Some(1)));
        assert_eq!(telling(true, 2), (true, None));
        assert_eq!(telling(false, 3), (true, None));
        assert!(Sheet::coarser().all(|sheet| Sheet::from_number(sheet.number()) == Some(sheet)));
        assert_eq!(Sheet::from_number(Sheet::FINEST.number() + 1), None);
    }

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
        let due = vec![(Millis(-5), sums(0, 3)), (Millis(7), sums(i128::from(i64::MAX) * 9, 0))];
        let cell = Cell { standing: sums(1, -2), due };
        let bytes = cell.to_bytes();
        assert_eq!(Cell::from_bytes(&bytes).as_ref(), Some(&cell));
        for at in [Millis(-5), Millis(-4), Millis(7), Millis(8)] {
            let mut adding = Adding::default();
            assert_eq!(adding.add(&bytes, at), Some(()));
            assert_eq!(adding.add(&bytes, at), Some(()));
            let mut twice = cell.at(at);
            twice.add(&cell.at(at));
            assert_eq!(adding.sums(), twice, "{at:?}");
        }
        let mut twice = cell.clone();
        twice.merge(&cell);
        assert_eq!(twice.due.iter().map(|(due, _)| due.0).collect::<Vec<_>>(), [-5, 7]);
        assert_eq!(twice.at(Millis::MAX).hops.loss, 2);
        assert_eq!(Cell::from_bytes(&Cell::default().to_bytes()), Some(Cell::default()));
        for end in 0..bytes.len() {
            assert_ne!(Cell::from_bytes(&bytes[..end]), Cell::from_bytes(&bytes), "{end}");
        }
        assert_eq!(Cell::from_bytes(&[]), None);
        let others: [(&[u8], &str); 8] = [
            (&[2, 60, 2], "there is no such figure"),
            (&[0, 2, 0], "nothing falls due"),
            (&[4, 20, 2, 20, 4], "a figure stands twice"),
            (&[4, 20, 2, 12, 4], "the figures are not in order"),
            (&[2, 20, 0], "a figure is 0"),
            (&[0x80, 0], "a number is longer than it need be"),
            (&[1], "there are fewer figures than none"),
            (&[0, 4, 2, 20, 2, 2, 2, 20, 2], "the due times do not rise"),
        ];
        for (bytes, why) in others {
            assert_eq!(Cell::from_bytes(bytes), None, "{why}");
            assert_eq!(Adding::default().add(bytes, Millis::MAX), None, "{why}");
        }
    }
}
