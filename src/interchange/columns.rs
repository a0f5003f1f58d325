//! The mapping's columns in one file, and what a record says in them.

use std::borrow::Cow;

use chrono::NaiveDate;
use csv::StringRecord;
use encoding_rs::Encoding;

use super::amount::{ExtraDecimals, NumberForm, Scale, in_point_form, read_scaled};
use super::bounds::{AMOUNT_MINOR_MAX, NAME_BYTES_MAX, QUANTITY_DECIMALS, QUANTITY_MICROS_MAX, ROUTE_BYTES_MAX};
use super::control::ExactSum;
use super::cycle::{Cycle, has_four_digit_year};
use super::mapping::{CycleSource, Mapping, ProgrammeSource, PurposeSource, RouteSource};
use super::rejection::{Fault, RejectReason};
use super::tally::Rounding;
use super::text::{composed, folded, is_control, plain};
use super::tracking::{OpenError, PurposeAmounts};

/// Where the mapping's columns stand in this file.
pub(super) struct Columns {
    width: usize,
    programme: ProgrammeSource<Place>,
    cycle: CycleSource<Place>,
    date: Option<Place>,
    route: RouteSource<Place>,
    purposes: PurposePlaces,
    /// All of them in the order of the mapping, by whose values a row is known, and whether they
    /// hold numbers.
    mapped: Vec<(usize, bool)>,
}

/// What a row says once for all its purposes.
pub(super) struct Facts {
    pub(super) route: Vec<String>,
    pub(super) programme: String,
    pub(super) cycle: Cycle,
    pub(super) date: Option<NaiveDate>,
}

/// A column by its header as the mapping spells it, and where it stands.
struct Place {
    column: String,
    at: usize,
}

/// The columns of a wide table by the place of their purpose, or those of a long one.
enum PurposePlaces {
    Columns(Vec<AmountPlaces>),
    Rows { purpose: Place, amounts: AmountPlaces },
}

struct AmountPlaces {
    official: Place,
    verified: Place,
    official_quantity: Option<Place>,
    verified_quantity: Option<Place>,
}

/// Finds columns one after the other; the order is part of every row's key.
struct Finder {
    /// Each header as it is compared first, and without accents.
    headers: Vec<(String, String)>,
    mapped: Vec<(usize, bool)>,
    encoding: &'static Encoding,
}

impl Finder {
    fn text(&mut self, column: &str) -> Result<Place, OpenError> {
        self.find(column, false)
    }

    fn number(&mut self, column: &str) -> Result<Place, OpenError> {
        self.find(column, true)
    }

    fn amounts(
        &mut self,
        official: &str,
        verified: &str,
        quantities: [Option<&String>; 2],
    ) -> Result<AmountPlaces, OpenError> {
        let [official_quantity, verified_quantity] = quantities;
        Ok(AmountPlaces {
            official: self.number(official)?,
            verified: self.number(verified)?,
            official_quantity: official_quantity.map(|column| self.number(column)).transpose()?,
            verified_quantity: verified_quantity.map(|column| self.number(column)).transpose()?,
        })
    }

    /// The column by its header with accents; where there is none, by that without.
    fn find(&mut self, column: &str, is_number: bool) -> Result<Place, OpenError> {
        let (wanted, without_accents) = (folded(column), plain(column));
        let places = |is_it: &dyn Fn(&(String, String)) -> bool| -> Vec<usize> {
            (0..self.headers.len()).filter(|at| is_it(&self.headers[*at])).collect()
        };
        let mut found = places(&|(exact, _)| *exact == wanted);
        if found.is_empty() {
            found = places(&|(_, loose)| *loose == without_accents);
        }
        match found.as_slice() {
            [] => Err(OpenError::MissingColumn { column: column.to_owned(), encoding: self.encoding.name() }),
            [at] => {
                self.mapped.push((*at, is_number));
                Ok(Place { column: column.to_owned(), at: *at })
            }
            _ => Err(OpenError::AmbiguousColumn(column.to_owned())),
        }
    }
}

impl Columns {
    /// Finds them in a header that was read in an encoding.
    pub(super) fn find(
        mapping: &Mapping,
        header: &StringRecord,
        encoding: &'static Encoding,
    ) -> Result<Self, OpenError> {
        let headers = header.iter().map(|header| (folded(header), plain(header))).collect();
        let mut finder = Finder { headers, mapped: Vec::new(), encoding };
        let programme = match &mapping.programme {
            ProgrammeSource::Value(value) => ProgrammeSource::Value(value.clone()),
            ProgrammeSource::Column(column) => ProgrammeSource::Column(finder.text(column)?),
        };
        let cycle = match &mapping.cycle {
            CycleSource::Value(cycle) => CycleSource::Value(cycle.clone()),
            CycleSource::Column(column) => CycleSource::Column(finder.text(column)?),
            CycleSource::Month { column, format } => {
                CycleSource::Month { column: finder.text(column)?, format: format.clone() }
            }
            CycleSource::Days { from, to } => CycleSource::Days { from: finder.text(from)?, to: finder.text(to)? },
        };
        let date = mapping.date.as_ref().map(|column| finder.text(column)).transpose()?;
        let route = match &mapping.route {
            RouteSource::Columns(columns) => {
                RouteSource::Columns(columns.iter().map(|column| finder.text(column)).collect::<Result<_, _>>()?)
            }
            RouteSource::Path { column, separator } => {
                RouteSource::Path { column: finder.text(column)?, separator: separator.clone() }
            }
        };
        let purposes = match &mapping.purposes {
            PurposeSource::Columns(purposes) => PurposePlaces::Columns(
                purposes
                    .iter()
                    .map(|p| {
                        let quantities = [p.official_quantity.as_ref(), p.verified_quantity.as_ref()];
                        finder.amounts(&p.official, &p.verified, quantities)
                    })
                    .collect::<Result<_, _>>()?,
            ),
            PurposeSource::Rows(rows) => PurposePlaces::Rows {
                purpose: finder.text(&rows.column)?,
                amounts: finder.amounts(
                    &rows.official,
                    &rows.verified,
                    [rows.official_quantity.as_ref(), rows.verified_quantity.as_ref()],
                )?,
            },
        };
        Ok(Self { width: header.len(), programme, cycle, date, route, purposes, mapped: finder.mapped })
    }

    /// The number of fields that every record must have.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The values by which a record of the right width is known: as they stand, but for the two
    /// ways to write the same accent and the ways to write the same number.
    pub(super) fn mapped_values<'a>(
        &'a self,
        record: &'a StringRecord,
        numbers: NumberForm,
    ) -> impl Iterator<Item = Cow<'a, str>> {
        self.mapped.iter().map(move |&(at, is_number)| match is_number {
            true => in_point_form(&record[at], numbers),
            false => composed(&record[at]),
        })
    }

    /// The cells of a record of the right width that should hold numbers.
    pub(super) fn number_cells<'a>(&'a self, record: &'a StringRecord) -> impl Iterator<Item = &'a str> {
        self.mapped.iter().filter(|(_, is_number)| *is_number).map(|&(at, _)| &record[at])
    }

    /// The official and the verified cell of each purpose in a record of the right width.
    pub(super) fn amount_cells<'a>(&'a self, record: &'a StringRecord) -> impl Iterator<Item = (&'a str, &'a str)> {
        let places = match &self.purposes {
            PurposePlaces::Columns(places) => places.as_slice(),
            PurposePlaces::Rows { amounts, .. } => std::slice::from_ref(amounts),
        };
        places.iter().map(|place| (place.official.text(record), place.verified.text(record)))
    }

    /// Reads what holds for the whole record, or finds its first fault.
    pub(super) fn read_facts(&self, mapping: &Mapping, record: &StringRecord) -> Result<Facts, Fault> {
        let programme = match &self.programme {
            ProgrammeSource::Value(value) => value.clone(),
            ProgrammeSource::Column(place) => place.name(record)?,
        };
        let route = self.read_route(mapping, record)?;
        let day = |place: &Place| place.day(record, &mapping.date_format);
        let cycle = match &self.cycle {
            CycleSource::Value(cycle) => cycle.clone(),
            CycleSource::Column(place) => Cycle::from_label(place.text(record).trim())
                .ok_or_else(|| place.fault(record, RejectReason::BadDate))?,
            CycleSource::Month { column, format } => Cycle::from_month(column.text(record).trim(), format)
                .ok_or_else(|| column.fault(record, RejectReason::BadDate))?,
            CycleSource::Days { from, to } => {
                Cycle::between(day(from)?, day(to)?).ok_or_else(|| to.fault(record, RejectReason::BadDate))?
            }
        };
        Ok(Facts { route, programme, cycle, date: self.date.as_ref().map(day).transpose()? })
    }

    fn read_route(&self, mapping: &Mapping, record: &StringRecord) -> Result<Vec<String>, Fault> {
        let (route, last) = match &self.route {
            RouteSource::Columns(places) => {
                let route = places.iter().map(|place| place.name(record)).collect::<Result<Vec<_>, _>>()?;
                (route, places.last())
            }
            RouteSource::Path { column, separator } => {
                let names = column.text(record).split(separator.as_str());
                let route = names.map(|name| read_name(name).map(Cow::into_owned)).collect::<Result<Vec<_>, _>>();
                let route = route.map_err(|reason| column.fault(record, reason))?;
                if route.len() != mapping.levels.len() {
                    return Err(column.fault(record, RejectReason::BadRoute));
                }
                (route, Some(column))
            }
        };
        let path = route.join("/");
        if path.len() > ROUTE_BYTES_MAX {
            let column = last.map_or("", |place| &place.column);
            return Err(Fault::new(column, &path, RejectReason::RouteTooLong));
        }
        Ok(route)
    }

    /// Reads every purpose of the record, or finds its first fault; with it its code, as far as that
    /// is known.
    pub(super) fn read_purposes(
        &self,
        mapping: &Mapping,
        numbers: NumberForm,
        record: &StringRecord,
    ) -> Vec<Result<PurposeAmounts, (Option<String>, Fault)>> {
        let read = |code: &String, places: &AmountPlaces| {
            places.read(mapping, numbers, record, code).map_err(|fault| (Some(code.clone()), fault))
        };
        match (&self.purposes, &mapping.purposes) {
            (PurposePlaces::Columns(places), _) => {
                mapping.codes.iter().zip(places).map(|(code, places)| read(code, places)).collect()
            }
            (PurposePlaces::Rows { purpose, amounts }, PurposeSource::Rows(rows)) => {
                vec![match rows.codes.get(&plain(purpose.text(record))) {
                    Some(code) => read(code, amounts),
                    None => Err((None, purpose.fault(record, RejectReason::UnknownPurpose))),
                }]
            }
            (PurposePlaces::Rows { .. }, PurposeSource::Columns(_)) => {
                unreachable!("the places were found for this mapping")
            }
        }
    }
}

impl AmountPlaces {
    fn read(
        &self,
        mapping: &Mapping,
        numbers: NumberForm,
        record: &StringRecord,
        code: &str,
    ) -> Result<PurposeAmounts, Fault> {
        let money = Scale { decimals: mapping.minor_digits, max: AMOUNT_MINOR_MAX, extra: mapping.extra_decimals };
        // A quantity is never rounded: shares of the loss are computed from it.
        let count = Scale { decimals: QUANTITY_DECIMALS, max: QUANTITY_MICROS_MAX, extra: ExtraDecimals::Reject };
        let read = |place: &Place, scale: Scale| {
            read_scaled(place.text(record), numbers, scale).map_err(|reason| place.fault(record, reason))
        };
        let quantity = |place: &Option<Place>| match place {
            Some(place) if !place.text(record).trim().is_empty() => read(place, count).map(|scaled| Some(scaled.units)),
            _ => Ok(None),
        };
        let official = read(&self.official, money)?;
        let verified = read(&self.verified, money)?;
        let rounding = Rounding {
            amounts: u64::from(official.rounded) + u64::from(verified.rounded),
            official: ExactSum(official.added_e18),
            verified: ExactSum(verified.added_e18),
        };
        Ok(PurposeAmounts {
            code: code.to_owned(),
            official_minor: official.units,
            verified_minor: verified.units,
            official_quantity_micros: quantity(&self.official_quantity)?,
            verified_quantity_micros: quantity(&self.verified_quantity)?,
            rounding,
        })
    }
}

impl Place {
    fn text<'a>(&self, record: &'a StringRecord) -> &'a str {
        &record[self.at]
    }

    fn fault(&self, record: &StringRecord, reason: RejectReason) -> Fault {
        Fault::new(&self.column, self.text(record), reason)
    }

    fn name(&self, record: &StringRecord) -> Result<String, Fault> {
        read_name(self.text(record)).map(Cow::into_owned).map_err(|reason| self.fault(record, reason))
    }

    fn day(&self, record: &StringRecord, format: &str) -> Result<NaiveDate, Fault> {
        NaiveDate::parse_from_str(self.text(record).trim(), format)
            .ok()
            .filter(|day| has_four_digit_year(*day))
            .ok_or_else(|| self.fault(record, RejectReason::BadDate))
    }
}

/// Trims and composes a name and checks it; the reason if it cannot stand in the path of a party.
pub(super) fn read_name(text: &str) -> Result<Cow<'_, str>, RejectReason> {
    let name = composed(text.trim());
    if name.is_empty() {
        return Err(RejectReason::EmptyName);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(RejectReason::NameTooLong);
    }
    if name.contains(|character: char| character == '/' || is_control(character)) {
        return Err(RejectReason::BadName);
    }
    Ok(name)
}
