//! `trackingImport`: takes rows of a table of official and verified amounts into the books.

use std::collections::BTreeSet;

use async_graphql::{Context, InputObject, Object, Result};
use serde::Deserialize;

use crate::api::request::api;
use crate::api::scalar::{CurrencyCode, DateTime, Digest, OperationId};
use crate::api::types::programme::Programme;
use crate::ledger::ids::{PayloadDigest, ProgrammeId};
use crate::ledger::lines::RowLine;
use crate::ledger::money::{self, Currency};
use crate::ledger::operation::{Operation, TrackingImport};
use crate::ledger::registry::Role;
use crate::ledger::time::Cycle;

use super::fault::{Fault, Fields, NotTaken};
use super::input::CycleInput;
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::refusal_code::RefusalCode;
use super::typed_lines::{self, LineReader};
use super::way::{self, Told};

/// Who signs an import, one each.
const SIGNERS: [Role; 2] = [Role::Auditor, Role::Approver];

/// Imports rows of a table that says what was officially spent and what was verified. Added in
/// 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct TrackingImportInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it was stated, for rows without a date of their own; the moment of recording when
    /// left out.
    pub occurred_at: Option<DateTime>,
    /// The programme's code; the first import defines it. One that a treasury keeps which signs
    /// for itself is refused.
    pub programme: String,
    /// The currency of every amount.
    pub currency: CurrencyCode,
    /// SHA-256 of the table, byte for byte.
    pub file: Digest,
    /// SHA-256 of what the mapping means, by which the table was read.
    pub mapping: Digest,
    /// What the end payees below the last party of each route are called.
    pub payees: String,
    /// The levels of the route, first the treasury's, such as `state` and `district`; 2 to 8.
    pub levels: Vec<String>,
    /// The purposes that lines number from 0.
    pub purposes: Vec<String>,
    /// The cycles that lines number from 0.
    pub cycles: Vec<CycleInput>,
    /// Up to 10,000 rows, each a JSON object on a line of its own: `number` (the row of the table,
    /// from 1, once for each purpose), `key` (32 hexadecimal digits that no other row has: a row is imported once),
    /// `route` (the names from the treasury to who pays, joined by `/`), `cycle` and `purpose`
    /// (their numbers), `official` and `verified` (decimals of the currency, not both 0) and, where
    /// the table has them, `date`, `officialQuantity` and `verifiedQuantity` (up to six places),
    /// such as `{"number":1,"key":"00...01","route":"State/District","cycle":0,"purpose":0,
    /// "official":"12.50","verified":"12"}` without the line break. One bad line refuses all; the
    /// first ten are named, counted from 0.
    pub lines: String,
    /// Only tries it: nothing is kept, and `userErrors` says whether the rules would take it now.
    #[graphql(default = false)]
    pub rehearse: bool,
}

/// A row as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TypedRow {
    number: u64,
    key: String,
    route: String,
    cycle: u16,
    date: Option<String>,
    purpose: u16,
    official: String,
    verified: String,
    official_quantity: Option<String>,
    verified_quantity: Option<String>,
}

impl Stating for TrackingImportInput {
    const FIELDS: Fields = Fields {
        currency: &["currency"],
        programme: "programme",
        lines: "lines",
        texts: &["payees", "programme", "purpose", "cycles", "cycle", "level"],
        ..Fields::NONE
    };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let currency = self.currency.0;
        let cycle = |input: &CycleInput| Cycle {
            first_day: input.first_day.0,
            label: input.label.clone(),
            last_day: input.last_day.0,
        };
        let body = TrackingImport {
            currency,
            cycles: self.cycles.iter().map(cycle).collect(),
            file: PayloadDigest(self.file.0.0),
            mapping: PayloadDigest(self.mapping.0.0),
            payees: self.payees.clone(),
            programme: self.programme.clone(),
            purposes: self.purposes.clone(),
            route: self.levels.clone(),
        };
        let mut seen = BTreeSet::new();
        let lines = typed_lines::read(reader, &self.lines, |reader, at, typed: TypedRow| {
            numbered(reader, at, &typed, &mut seen).and_then(|()| row(reader, at, typed, currency))
        });
        Some(Operation::TrackingImport(body, lines?))
    }
}

/// Checks the number of a row: from 1, and once for each purpose.
fn numbered(reader: &mut InputReader<'_>, at: usize, typed: &TypedRow, seen: &mut BTreeSet<(u64, u16)>) -> Option<()> {
    let TypedRow { number, purpose, .. } = *typed;
    let why = match number {
        0 => "rows are numbered from 1".to_owned(),
        _ if seen.insert((number, purpose)) => return Some(()),
        _ => format!("row {number} is there before, with the same purpose"),
    };
    let fault = Fault::at(&["lines", &at.to_string(), "number"], RefusalCode::BadLines, format!("line {at}: {why}"));
    reader.fault(fault);
    None
}

fn row(reader: &mut InputReader<'_>, at: usize, typed: TypedRow, currency: Currency) -> Option<RowLine> {
    let place = at.to_string();
    let official = reader.amount(&["lines", &place, "official"], &typed.official, currency, Zero::Allowed);
    let verified = reader.amount(&["lines", &place, "verified"], &typed.verified, currency, Zero::Allowed);
    let mut read = LineReader::new(reader, &place);
    let key = read.text("key", &typed.key, "32 hexadecimal digits", |text| {
        let mut key = [0; 16];
        hex::decode_to_slice(text, &mut key).ok().map(|()| key)
    });
    let date = if_any(typed.date.as_deref(), |date| read.day("date", date));
    let mut quantity = |field: &str, text: &Option<String>| {
        let what = "a decimal number with at most six places, below 10^9";
        if_any(text.as_deref(), |text| read.text(field, text, what, money::parse_quantity))
    };
    let official_quantity = quantity("officialQuantity", &typed.official_quantity);
    let verified_quantity = quantity("verifiedQuantity", &typed.verified_quantity);
    Some(RowLine {
        number: typed.number,
        key: key?,
        route: typed.route.split('/').map(str::to_owned).collect(),
        cycle: typed.cycle,
        date: date?,
        purpose: typed.purpose,
        official: official?,
        verified: verified?,
        official_quantity: official_quantity?,
        verified_quantity: verified_quantity?,
    })
}

payload! {
    /// The answer to `trackingImport`. Added in 0.1.0.
    TrackingImportPayload;
    /// Why rows were not imported. Added in 0.1.0.
    TrackingImportUserError;
    {
        /// The programme; null unless recorded. What the rows come to in the books is told by
        /// `entry { imported { ... } }`.
        programme: Programme,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct TrackingImportMutation;

#[Object]
impl TrackingImportMutation {
    /// Imports rows of a table, all of them or none, as reported money: for each row an allocation
    /// of the official amount, its hops along the route and its delivery, of which the verified
    /// amount arrived. Nothing of it is ever shown as the word of the parties that the table names.
    /// Needs an auditor and an approver of one party, who stand for the table. Added in 0.1.0.
    async fn tracking_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: TrackingImportInput,
    ) -> Result<TrackingImportPayload> {
        // Before megabytes of lines are read for somebody who may not state them.
        let viewer = api(ctx)?.viewer()?;
        if !SIGNERS.iter().any(|role| viewer.has(*role)) {
            let message =
                format!("an import is signed by an {} and an {} of one party", SIGNERS[0].name(), SIGNERS[1].name());
            let fault = Fault { field: None, message, code: RefusalCode::RoleMissing };
            return Ok(Told::faulty(vec![fault]).into());
        }
        if input.rehearse {
            return rehearse(ctx, &input).await;
        }
        let told = way::state(ctx, &input).await?;
        let subject = told.made().and_then(|made| made.recorded.subject).map(ProgrammeId);
        let programme = subject.and_then(|id| Programme::by_id(ctx, id).transpose()).transpose()?;
        Ok(TrackingImportPayload { programme, ..told.into() })
    }
}

async fn rehearse(ctx: &Context<'_>, input: &TrackingImportInput) -> Result<TrackingImportPayload> {
    let api = api(ctx)?;
    let viewer = api.viewer()?;
    let faults = match InputReader::read(api, viewer, input).await {
        Err(NotTaken::Faults(faults)) => faults,
        Err(NotTaken::Error(error)) => return Err(error),
        Ok(operation) => match api.node.rehearse(viewer, input.id(), input.occurred_at(), &operation).await {
            Ok(()) => Vec::new(),
            Err(why) => match NotTaken::of(why, &TrackingImportInput::FIELDS) {
                NotTaken::Faults(faults) => faults,
                NotTaken::Error(error) => return Err(error),
            },
        },
    };
    Ok(Told::faulty(faults).into())
}
