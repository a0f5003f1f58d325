//! The mapping's columns in one file, and what a record says in them.

use chrono::NaiveDate;
use csv::StringRecord;

use super::amount::{ExtraDecimals, Scale, Scaled, read_scaled};
use super::bounds::{AMOUNT_MINOR_MAX, NAME_BYTES_MAX, QUANTITY_DECIMALS, QUANTITY_MICROS_MAX, ROUTE_BYTES_MAX};
use super::cycle::{Cycle, has_four_digit_year};
use super::mapping::{CycleSource, Mapping, ProgrammeSource, folded};
use super::rejection::{Fault, RejectReason};
use super::tally::Rounding;
use super::tracking::{OpenError, PurposeAmounts};

/// Where the mapping's columns stand in this file.
pub(super) struct Columns {
    width: usize,
    programme: ProgrammeSource<Place>,
    cycle: CycleSource<Place>,
    date: Option<Place>,
    route: Vec<Place>,
    purposes: Vec<PurposePlaces>,
    /// All of them in the order of the mapping, by whose values a row is known.
    mapped: Vec<usize>,
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

struct PurposePlaces {
    code: String,
    official: Place,
    verified: Place,
    official_quantity: Option<Place>,
    verified_quantity: Option<Place>,
}

impl Columns {
    pub(super) fn find(mapping: &Mapping, header: &StringRecord) -> Result<Self, OpenError> {
        let headers: Vec<String> = header.iter().map(folded).collect();
        let mut mapped = Vec::new();
        // Each find adds to `mapped`: the order of the finds below is part of every row's key.
        let mut find = |column: &String| {
            let at = find_header(&headers, column)?;
            mapped.push(at);
            Ok::<_, OpenError>(Place { column: column.clone(), at })
        };
        let programme = match &mapping.programme {
            ProgrammeSource::Value(value) => ProgrammeSource::Value(value.clone()),
            ProgrammeSource::Column(column) => ProgrammeSource::Column(find(column)?),
        };
        let cycle = match &mapping.cycle {
            CycleSource::Value(cycle) => CycleSource::Value(cycle.clone()),
            CycleSource::Column(column) => CycleSource::Column(find(column)?),
            CycleSource::Days { from, to } => CycleSource::Days { from: find(from)?, to: find(to)? },
        };
        let date = mapping.date.as_ref().map(&mut find).transpose()?;
        let mut route = Vec::new();
        for step in &mapping.route {
            route.push(find(&step.column)?);
        }
        let mut purposes = Vec::new();
        for purpose in &mapping.purposes {
            purposes.push(PurposePlaces {
                code: purpose.code.clone(),
                official: find(&purpose.official)?,
                verified: find(&purpose.verified)?,
                official_quantity: purpose.official_quantity.as_ref().map(&mut find).transpose()?,
                verified_quantity: purpose.verified_quantity.as_ref().map(&mut find).transpose()?,
            });
        }
        Ok(Self { width: headers.len(), programme, cycle, date, route, purposes, mapped })
    }

    /// The number of fields that every record must have.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The values by which a record is known, as they stand; the record has the right width.
    pub(super) fn mapped_values<'a>(&'a self, record: &'a StringRecord) -> impl Iterator<Item = &'a str> {
        self.mapped.iter().map(|&at| &record[at])
    }

    /// Reads what holds for the whole record, or finds its first fault.
    pub(super) fn read_facts(&self, mapping: &Mapping, record: &StringRecord) -> Result<Facts, Fault> {
        let programme = match &self.programme {
            ProgrammeSource::Value(value) => value.clone(),
            ProgrammeSource::Column(place) => place.name(record)?,
        };
        let mut route = Vec::new();
        for place in &self.route {
            route.push(place.name(record)?);
        }
        let path = route.join("/");
        if path.len() > ROUTE_BYTES_MAX {
            let last = self.route.last().map_or("", |place| &place.column);
            return Err(Fault::new(last, &path, RejectReason::RouteTooLong));
        }
        let day = |place: &Place| place.day(record, &mapping.date_format);
        let cycle = match &self.cycle {
            CycleSource::Value(cycle) => cycle.clone(),
            CycleSource::Column(place) => Cycle::from_label(place.text(record).trim())
                .ok_or_else(|| place.fault(record, RejectReason::BadDate))?,
            CycleSource::Days { from, to } => {
                Cycle::between(day(from)?, day(to)?).ok_or_else(|| to.fault(record, RejectReason::BadDate))?
            }
        };
        Ok(Facts { route, programme, cycle, date: self.date.as_ref().map(day).transpose()? })
    }

    /// Reads the purpose at this place of the mapping, or finds its first fault.
    pub(super) fn read_amounts(
        &self,
        mapping: &Mapping,
        at: usize,
        record: &StringRecord,
    ) -> Result<(PurposeAmounts, Rounding), Fault> {
        let places = &self.purposes[at];
        let money = Scale { decimals: mapping.minor_digits, max: AMOUNT_MINOR_MAX, extra: mapping.extra_decimals };
        // A quantity is never rounded: shares of the loss are computed from it.
        let count = Scale { decimals: QUANTITY_DECIMALS, max: QUANTITY_MICROS_MAX, extra: ExtraDecimals::Reject };
        let read = |place: &Place, scale: Scale| {
            read_scaled(place.text(record), mapping.numbers, scale).map_err(|reason| place.fault(record, reason))
        };
        let quantity = |place: &Option<Place>| match place {
            Some(place) if !place.text(record).trim().is_empty() => read(place, count).map(|scaled| Some(scaled.units)),
            _ => Ok(None),
        };
        let official = read(&places.official, money)?;
        let verified = read(&places.verified, money)?;
        let amounts = PurposeAmounts {
            code: places.code.clone(),
            official_minor: official.units,
            verified_minor: verified.units,
            official_quantity_micros: quantity(&places.official_quantity)?,
            verified_quantity_micros: quantity(&places.verified_quantity)?,
        };
        Ok((amounts, rounding(&official, &verified)))
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
        read_name(self.text(record)).map(str::to_owned).map_err(|reason| self.fault(record, reason))
    }

    fn day(&self, record: &StringRecord, format: &str) -> Result<NaiveDate, Fault> {
        NaiveDate::parse_from_str(self.text(record).trim(), format)
            .ok()
            .filter(|day| has_four_digit_year(*day))
            .ok_or_else(|| self.fault(record, RejectReason::BadDate))
    }
}

/// Trims a name and checks it; the reason if it cannot stand in the path of a party.
pub(super) fn read_name(text: &str) -> Result<&str, RejectReason> {
    let name = text.trim();
    if name.is_empty() {
        return Err(RejectReason::EmptyName);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(RejectReason::NameTooLong);
    }
    if name.contains(|character: char| character == '/' || character.is_control()) {
        return Err(RejectReason::BadName);
    }
    Ok(name)
}

fn find_header(headers: &[String], column: &str) -> Result<usize, OpenError> {
    let wanted = folded(column);
    let mut places = (0..headers.len()).filter(|place| headers[*place] == wanted);
    let place = places.next().ok_or_else(|| OpenError::MissingColumn(column.to_owned()))?;
    match places.next() {
        Some(_) => Err(OpenError::AmbiguousColumn(column.to_owned())),
        None => Ok(place),
    }
}

fn rounding(official: &Scaled, verified: &Scaled) -> Rounding {
    Rounding {
        amounts: u64::from(official.rounded) + u64::from(verified.rounded),
        added_e18: official.added_e18 + verified.added_e18,
    }
}
