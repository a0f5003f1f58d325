//! `evidenceRecord`: what can be shown, one line each.

use std::collections::BTreeMap;

use async_graphql::{Context, InputObject, Object, Result};
use serde::Deserialize;

use crate::api::id;
use crate::api::scalar::{CurrencyCode, DateTime, OperationId};
use crate::api::types::evidence::{self, Evidence};
use crate::ledger::ids::{AllocationId, HopId, Place};
use crate::ledger::lines::EvidenceLine;
use crate::ledger::money::Currency;
use crate::ledger::note::EvidenceKind;
use crate::ledger::operation::{EntryReference, EvidenceRecord, Operation};
use crate::ledger::time::Millis;
use crate::limits::EVIDENCE_ENTRIES_MAX;
use crate::service::lists::ListError;

use super::fault::{Fault, Fields};
use super::payload::{header, payload};
use super::reading::{InputReader, Stating, Zero, if_any};
use super::refusal_code::RefusalCode;
use super::typed_lines::{self, LineReader};
use super::way;

/// States what can be shown; one line each. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct EvidenceRecordInput {
    /// The operation's id, a UUIDv7 made by the caller and kept for retries.
    pub operation_id: OperationId,
    /// When it happened; the moment of recording when left out.
    pub occurred_at: Option<DateTime>,
    /// The currency of every amount: that of the money that a line is about. Needed where a line
    /// states an amount.
    pub currency: Option<CurrencyCode>,
    /// Up to 10,000 pieces, each a JSON object on a line of its own, of hops of at most 1,000
    /// operations. Each has a `kind` (as `EvidenceKind`) and perhaps `at` (a moment) and
    /// `reference` (a code). `COLLECTED` has `hop` (`hop_...`), `digest` (of who collected) and
    /// perhaps `agent`; `DOCUMENT` has `hop`, `amount` and `digest`; `CONFIRMATION_REQUESTED` has
    /// `hop`. `BALANCE`, `BANK_DEBIT` and `BANK_CREDIT` have `party`, `programme` and `amount`;
    /// the others have `party`. Digests are keyed SHA-256 in 64 lower-case hexadecimal digits.
    /// Such as `{"kind":"DOCUMENT","hop":"hop_...","amount":"12.50","digest":"00...01"}`. One bad
    /// line refuses all; the first ten are named, counted from 0.
    pub lines: String,
}

/// A piece of evidence as a line of JSON holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedEvidence {
    kind: EvidenceKind,
    hop: Option<String>,
    party: Option<String>,
    programme: Option<String>,
    amount: Option<String>,
    at: Option<String>,
    digest: Option<String>,
    agent: Option<String>,
    reference: Option<String>,
}

impl Stating for EvidenceRecordInput {
    const FIELDS: Fields =
        Fields { subject: "lines", party: "lines", programme: "lines", lines: "lines", ..Fields::NONE };

    header!();

    async fn operation(&self, reader: &mut InputReader<'_>) -> Option<Operation> {
        let currency = self.currency.map(|code| code.0);
        let mut hops: Vec<Option<HopId>> = Vec::new();
        let lines = typed_lines::read(reader, &self.lines, |reader, at, typed: TypedEvidence| {
            let (line, hop) = line(reader, &at.to_string(), typed, currency)?;
            hops.push(hop);
            Some(line)
        });
        let mut lines = lines?;
        let (entries, numbers) = entries(reader, &hops).await?;
        if let Some(currency) = currency {
            in_their_currency(reader, &lines, &hops, currency).await?;
        }
        for (line, hop) in lines.iter_mut().zip(hops) {
            line.hop = hop.and_then(|hop| Some((*numbers.get(&hop.0.entry())?, hop.0.position())));
        }
        Some(Operation::EvidenceRecord(EvidenceRecord { entries }, lines))
    }
}

/// A line without its hop, and the hop that it names.
fn line(
    reader: &mut InputReader<'_>,
    at: &str,
    typed: TypedEvidence,
    currency: Option<Currency>,
) -> Option<(EvidenceLine, Option<HopId>)> {
    let party = if_any(typed.party.as_deref(), |party| reader.party(&["lines", at, "party"], party));
    let programme = if_any(typed.programme.as_deref(), |code| reader.programme_at(&["lines", at, "programme"], code));
    let amount = if_any(typed.amount.as_deref(), |amount| match currency {
        Some(currency) => reader.amount(&["lines", at, "amount"], amount, currency, Zero::Allowed),
        None => {
            let message = format!("line {at} states an amount: give the currency");
            reader.fault(Fault::at(&["currency"], RefusalCode::WrongCurrency, message));
            None
        }
    });
    let mut read = LineReader::new(reader, at);
    let hop = if_any(typed.hop.as_deref(), |hop| read.text("hop", hop, "the id of a hop", |hop| id::hop(hop).ok()));
    let moment = "a moment such as 2026-11-21T07:00:00.000Z";
    let at = if_any(typed.at.as_deref(), |at| read.text("at", at, moment, Millis::parse));
    let digest = if_any(typed.digest.as_deref(), |digest| read.digest("digest", digest));
    let agent = if_any(typed.agent.as_deref(), |agent| read.digest("agent", agent));
    let line = EvidenceLine {
        kind: typed.kind,
        hop: None,
        party: party?,
        programme: programme?,
        amount: amount?,
        at: at?,
        digest: digest?,
        agent: agent?,
        reference: typed.reference,
    };
    Some((line, hop?))
}

/// The operations that opened these hops, in the order of the log, and the number of each entry
/// in that list: one look-up for each.
async fn entries(
    reader: &mut InputReader<'_>,
    hops: &[Option<HopId>],
) -> Option<(Vec<EntryReference>, BTreeMap<u64, u16>)> {
    let mut first_lines: BTreeMap<u64, usize> = BTreeMap::new();
    for (at, hop) in hops.iter().enumerate() {
        if let Some(hop) = hop {
            first_lines.entry(hop.0.entry()).or_insert(at);
        }
    }
    if first_lines.len() > EVIDENCE_ENTRIES_MAX {
        let message = format!("the hops are of {} operations, more than {EVIDENCE_ENTRIES_MAX}", first_lines.len());
        reader.fault(Fault::at(&["lines"], RefusalCode::BadList, message));
        return None;
    }
    let (mut entries, mut numbers) = (Vec::new(), BTreeMap::new());
    for (entry, line) in first_lines {
        let place = Place::new(entry, 0).expect("it is the entry of a place");
        let reference = reader.reference_to(&["lines", &line.to_string(), "hop"], place).await?;
        numbers.insert(entry, u16::try_from(entries.len()).expect("counted above"));
        entries.push(EntryReference { digest: reference.digest, operation: reference.operation });
    }
    Some((entries, numbers))
}

/// Signed lines name no currency: an amount is in that of the programme or of the hop's money.
async fn in_their_currency(
    reader: &mut InputReader<'_>,
    lines: &[EvidenceLine],
    hops: &[Option<HopId>],
    currency: Currency,
) -> Option<()> {
    let found = async {
        let ids: Vec<HopId> = hops.iter().copied().flatten().collect();
        let hops = reader.node().hops_by_id(&ids).await?;
        let ids: Vec<AllocationId> = hops.values().map(|hop| hop.allocation).collect();
        Ok::<_, ListError>((hops, reader.node().allocations_by_id(&ids).await?))
    };
    let (known, allocations) = match found.await {
        Ok(found) => found,
        Err(cause) => {
            reader.broke(cause.into());
            return None;
        }
    };
    let mut all_fit = true;
    for (at, (line, hop)) in lines.iter().zip(hops).enumerate() {
        let of_hop = hop.and_then(|hop| allocations.get(&known.get(&hop)?.allocation)).map(|of| of.currency);
        let named = line.programme.as_deref().and_then(|code| reader.node().programme_named(code));
        let of = of_hop.or(named.map(|programme| programme.currency));
        if line.amount.is_some() && of.is_some_and(|of| of != currency) {
            let message = format!("line {at}: what it is about is not in {}", currency.code());
            reader.fault(Fault::at(&["lines", &at.to_string(), "amount"], RefusalCode::WrongCurrency, message));
            all_fit = false;
        }
    }
    all_fit.then_some(())
}

payload! {
    /// The answer to `evidenceRecord`. Added in 0.1.0.
    EvidenceRecordPayload;
    /// Why no evidence was recorded. Added in 0.1.0.
    EvidenceRecordUserError;
    {
        /// The evidence, in the order of the lines; null unless recorded.
        evidence: Vec<Evidence>,
    }
}

/// The mutation.
#[derive(Debug, Default)]
pub struct EvidenceRecordMutation;

#[Object]
impl EvidenceRecordMutation {
    /// States what can be shown of hops, recipients and accounts, all of it or nothing; it moves no
    /// money. A balance is stated by the party itself or a payment provider, what a bank statement
    /// holds by a provider, the rest by any party. Added in 0.1.0.
    async fn evidence_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is stated.")] input: EvidenceRecordInput,
    ) -> Result<EvidenceRecordPayload> {
        let told = way::state(ctx, &input).await?;
        let evidence = told.of(|made| evidence::of_notes(&made.notes));
        Ok(EvidenceRecordPayload { evidence, ..told.into() })
    }
}
