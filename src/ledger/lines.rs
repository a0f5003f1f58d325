//! The lines of bulk operations: fixed fields, separated by tabs, in one canonical form.
//!
//! A line here is the content that follows the salt. The envelope's list commits to it.

use std::fmt;

use chrono::NaiveDate;
use uuid::Uuid;

use super::money::Minor;
use super::note::{EvidenceKind, Particular, ParticularKind, PersonDigest, RecipientStatus};
use super::operation::Deduction;
use super::time::{Millis, read_day};

/// Why a body or a line cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No such kind of operation.
    #[error("there is no operation of kind {0:?}")]
    UnknownKind(String),
    /// No such version of the kind.
    #[error("this kind has no version {0}")]
    Version(u32),
    /// The body does not fit its kind.
    #[error("the body does not fit its kind: {0}")]
    Body(String),
    /// The kind needs a list and there is none.
    #[error("this kind needs a list of at least one line")]
    LinesMissing,
    /// The kind has no list and there is one.
    #[error("this kind has no list")]
    LinesUnexpected,
    /// The first lines that cannot be read, each with its position from 0 and the reason.
    #[error("{}", bad_lines(.0))]
    Lines(Vec<(u32, String)>),
}

/// How many bad lines an error names.
const BAD_LINES_NAMED: usize = 10;

fn bad_lines(lines: &[(u32, String)]) -> String {
    let named: Vec<String> = lines.iter().map(|(at, why)| format!("line {at}: {why}")).collect();
    named.join("; ")
}

/// One output of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// The receiver.
    pub to: Uuid,
    /// The gross amount, above zero.
    pub amount: Minor,
    /// Deductions declared on the hop, printed `CODE:120,OTHER:5`.
    pub deductions: Vec<Deduction>,
    /// Another purpose than the allocation's.
    pub purpose: Option<String>,
    /// An earlier cycle that it pays for.
    pub for_cycle: Option<String>,
    /// The reference that ties several hops to one payment.
    pub payment: Option<String>,
    /// The payment provider whose evidence counts.
    pub via: Option<Uuid>,
    /// Digest of a one-time code whose showing proves receipt.
    pub commitment: Option<[u8; 32]>,
}

/// One recipient to register. No name and no number is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientLine {
    /// The recipient's random id.
    pub party: Uuid,
    /// The area, as a path of names.
    pub area: String,
    /// A label that says nothing of the person.
    pub label: String,
}

/// One row and purpose of a tracking table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLine {
    /// The row's number in the file, from 1.
    pub number: u64,
    /// What the row is known by: mapping, mapped values, number among equal rows and purpose.
    pub key: [u8; 16],
    /// The route's names, first the treasury's, joined by `/`.
    pub route: Vec<String>,
    /// Which of the operation's cycles.
    pub cycle: u16,
    /// The day it is stated for, if the file says so.
    pub date: Option<NaiveDate>,
    /// Which of the operation's purposes.
    pub purpose: u16,
    /// The official amount.
    pub official: Minor,
    /// The verified amount.
    pub verified: Minor,
    /// The official quantity in millionths.
    pub official_quantity: Option<Minor>,
    /// The verified quantity in millionths.
    pub verified_quantity: Option<Minor>,
}

/// One thing that a registry knows of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticularLine {
    /// The recipient, or for an identity perhaps an officer.
    pub person: Uuid,
    /// What.
    pub particular: Particular,
    /// Since which day; that of the statement when left out.
    pub since: Option<NaiveDate>,
}

/// What one recipient is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementLine {
    /// The recipient.
    pub recipient: Uuid,
    /// How much; 0 takes it back.
    pub amount: Minor,
    /// By which day it is to be paid.
    pub due: NaiveDate,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceLine {
    /// What it is of.
    pub kind: EvidenceKind,
    /// The hop: which of the operation's entries, and its number there; printed `0:17`.
    pub hop: Option<(u16, u32)>,
    /// The recipient or party.
    pub party: Option<Uuid>,
    /// The programme's code.
    pub programme: Option<String>,
    /// How much.
    pub amount: Option<Minor>,
    /// When, as milliseconds in RFC 3339; the moment of the statement when left out.
    pub at: Option<Millis>,
    /// The document, or who collected.
    pub digest: Option<PersonDigest>,
    /// The agent or device through which it was collected.
    pub agent: Option<PersonDigest>,
    /// A reference or reason code.
    pub reference: Option<String>,
}

macro_rules! read_all {
    ($line:ident) => {
        impl $line {
            /// Reads lines; one that does not fit, or that prints back otherwise, fails them all.
            pub fn read_all(lines: &[&str]) -> Result<Vec<Self>, Malformed> {
                let mut good = Vec::with_capacity(lines.len());
                let mut bad = Vec::new();
                let mut printed = String::new();
                for (at, text) in lines.iter().enumerate() {
                    let line = Self::read(text);
                    printed.clear();
                    line.iter().for_each(|line| line.write(&mut printed));
                    match line {
                        Ok(line) if printed == *text => good.push(line),
                        Ok(_) => bad.push((at as u32, "it is not in its canonical form".to_owned())),
                        Err(why) => bad.push((at as u32, why)),
                    }
                    if bad.len() == BAD_LINES_NAMED {
                        break;
                    }
                }
                if bad.is_empty() { Ok(good) } else { Err(Malformed::Lines(bad)) }
            }

            /// The canonical text.
            pub fn print(&self) -> String {
                let mut text = String::new();
                self.write(&mut text);
                text
            }
        }
    };
}

read_all!(OutputLine);
read_all!(RecipientLine);
read_all!(RowLine);
read_all!(ParticularLine);
read_all!(EntitlementLine);
read_all!(EvidenceLine);

impl OutputLine {
    fn write(&self, out: &mut String) {
        out.push_str(self.to.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        let mut fields = Fields(out);
        fields.next(Some(self.amount));
        fields.next(None::<&str>);
        for (at, Deduction { code, amount }) in self.deductions.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            fields.more(format_args!("{comma}{code}:{amount}"));
        }
        fields.next(self.purpose.as_ref());
        fields.next(self.for_cycle.as_ref());
        fields.next(self.payment.as_ref());
        fields.next(self.via);
        fields.next(self.commitment.map(hex::encode));
    }

    fn read(text: &str) -> Result<Self, String> {
        let [to, amount, deductions, purpose, for_cycle, payment, via, commitment] = fields(text)?;
        Ok(Self {
            to: uuid("receiver", to)?,
            amount: amount_of("amount", amount)?,
            deductions: deductions.split(',').filter(|d| !d.is_empty()).map(deduction).collect::<Result<_, _>>()?,
            purpose: optional(purpose),
            for_cycle: optional(for_cycle),
            payment: optional(payment),
            via: optional(via).map(|v| uuid("provider", &v)).transpose()?,
            commitment: optional(commitment).map(|c| digest("commitment", &c)).transpose()?,
        })
    }
}

impl RecipientLine {
    fn write(&self, out: &mut String) {
        out.push_str(self.party.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        let mut fields = Fields(out);
        fields.next(Some(&self.area));
        fields.next(Some(&self.label));
    }

    fn read(text: &str) -> Result<Self, String> {
        let [party, area, label] = fields(text)?;
        Ok(Self { party: uuid("recipient", party)?, area: area.to_owned(), label: label.to_owned() })
    }
}

impl RowLine {
    fn write(&self, out: &mut String) {
        let mut fields = Fields(out);
        fields.more(format_args!("{}", self.number));
        fields.next(Some(hex::encode(self.key)));
        fields.next(Some(self.route.join("/")));
        fields.next(Some(self.cycle));
        fields.next(self.date);
        fields.next(Some(self.purpose));
        fields.next(Some(self.official));
        fields.next(Some(self.verified));
        fields.next(self.official_quantity);
        fields.next(self.verified_quantity);
    }

    fn read(text: &str) -> Result<Self, String> {
        let [number, key, route, cycle, date, purpose, official, verified, n_official, n_verified] = fields(text)?;
        let mut row_key = [0; 16];
        hex::decode_to_slice(key, &mut row_key).map_err(|_| format!("row key {key:?} is not 32 hexadecimal digits"))?;
        let quantity = |name, text: &str| optional(text).map(|t| amount_of(name, &t)).transpose();
        Ok(Self {
            number: number.parse().map_err(|_| format!("row number {number:?} is not a number"))?,
            key: row_key,
            route: route.split('/').map(str::to_owned).collect(),
            cycle: cycle.parse().map_err(|_| format!("cycle {cycle:?} is not a number"))?,
            date: optional(date).map(|date| day(&date)).transpose()?,
            purpose: purpose.parse().map_err(|_| format!("purpose {purpose:?} is not a number"))?,
            official: amount_of("official amount", official)?,
            verified: amount_of("verified amount", verified)?,
            official_quantity: quantity("official quantity", n_official)?,
            verified_quantity: quantity("verified quantity", n_verified)?,
        })
    }
}

impl ParticularLine {
    fn write(&self, out: &mut String) {
        out.push_str(self.person.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        let mut fields = Fields(out);
        let mut pair = |kind: ParticularKind, value: &dyn fmt::Display| {
            fields.next(Some(kind.name()));
            fields.next(Some(value));
        };
        match &self.particular {
            Particular::Status(status) => pair(ParticularKind::Status, &status.name()),
            Particular::Identity(digest) => pair(ParticularKind::Identity, &hex::encode(digest.0)),
            Particular::Account(digest) => pair(ParticularKind::Account, &hex::encode(digest.0)),
            Particular::Household(id) => pair(ParticularKind::Household, id),
            Particular::Guardian(digest) => pair(ParticularKind::Guardian, &hex::encode(digest.0)),
            Particular::Collector(digest) => pair(ParticularKind::Collector, &hex::encode(digest.0)),
        }
        fields.next(self.since);
    }

    fn read(text: &str) -> Result<Self, String> {
        let [person, kind, value, since] = fields(text)?;
        let kind =
            ParticularKind::parse(kind).ok_or_else(|| format!("nothing called {kind:?} is recorded of a person"))?;
        let digest = || self::digest("digest", value).map(PersonDigest);
        let particular = match kind {
            ParticularKind::Status => RecipientStatus::parse(value)
                .map(Particular::Status)
                .ok_or_else(|| format!("{value:?} is not ACTIVE, SUSPENDED or DECEASED"))?,
            ParticularKind::Identity => Particular::Identity(digest()?),
            ParticularKind::Account => Particular::Account(digest()?),
            ParticularKind::Household => Particular::Household(uuid("household", value)?),
            ParticularKind::Guardian => Particular::Guardian(digest()?),
            ParticularKind::Collector => Particular::Collector(digest()?),
        };
        let since = optional(since).map(|day| self::day(&day)).transpose()?;
        Ok(Self { person: uuid("person", person)?, particular, since })
    }
}

impl EntitlementLine {
    fn write(&self, out: &mut String) {
        out.push_str(self.recipient.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        let mut fields = Fields(out);
        fields.next(Some(self.amount));
        fields.next(Some(self.due));
    }

    fn read(text: &str) -> Result<Self, String> {
        let [recipient, amount, due] = fields(text)?;
        Ok(Self { recipient: uuid("recipient", recipient)?, amount: amount_of("amount", amount)?, due: day(due)? })
    }
}

impl EvidenceLine {
    fn write(&self, out: &mut String) {
        out.push_str(self.kind.name());
        let mut fields = Fields(out);
        fields.next(self.hop.map(|(entry, output)| format!("{entry}:{output}")));
        fields.next(self.party);
        fields.next(self.programme.as_ref());
        fields.next(self.amount);
        fields.next(self.at);
        fields.next(self.digest.map(|digest| hex::encode(digest.0)));
        fields.next(self.agent.map(|digest| hex::encode(digest.0)));
        fields.next(self.reference.as_ref());
    }

    fn read(text: &str) -> Result<Self, String> {
        let [kind, hop, party, programme, amount, at, digest, agent, reference] = fields(text)?;
        let person =
            |name, text: &str| optional(text).map(|text| self::digest(name, &text).map(PersonDigest)).transpose();
        Ok(Self {
            kind: EvidenceKind::parse(kind).ok_or_else(|| format!("there is no evidence of kind {kind:?}"))?,
            hop: optional(hop).map(|hop| hop_of(&hop)).transpose()?,
            party: optional(party).map(|party| uuid("party", &party)).transpose()?,
            programme: optional(programme),
            amount: optional(amount).map(|amount| amount_of("amount", &amount)).transpose()?,
            at: optional(at)
                .map(|at| Millis::parse(&at).ok_or_else(|| format!("{at:?} is not a moment")))
                .transpose()?,
            digest: person("digest", digest)?,
            agent: person("agent", agent)?,
            reference: optional(reference),
        })
    }
}

/// The fields of a line being written.
struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    /// Writes the next field, after a TAB; nothing stands for none.
    fn next(&mut self, field: Option<impl fmt::Display>) {
        self.0.push('\t');
        if let Some(field) = field {
            self.more(format_args!("{field}"));
        }
    }

    /// Goes on with the field.
    fn more(&mut self, text: fmt::Arguments<'_>) {
        fmt::Write::write_fmt(self.0, text).expect("writing to a text in memory cannot fail");
    }
}

fn fields<const N: usize>(text: &str) -> Result<[&str; N], String> {
    let mut found = text.split('\t');
    let fields = std::array::from_fn(|_| found.next());
    match (fields.iter().all(Option::is_some), found.next()) {
        (true, None) => Ok(fields.map(Option::unwrap_or_default)),
        _ => Err(format!("it has {} fields, not {N}", text.split('\t').count())),
    }
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn uuid(name: &str, text: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text).map_err(|_| format!("{name} {text:?} is not a UUID"))
}

fn amount_of(name: &str, text: &str) -> Result<Minor, String> {
    Minor::parse(text).ok_or_else(|| format!("{name} {text:?} is not a count of minor units from 0 to 10^15"))
}

fn deduction(text: &str) -> Result<Deduction, String> {
    let (code, amount) = text.split_once(':').ok_or_else(|| format!("deduction {text:?} is not CODE:AMOUNT"))?;
    Ok(Deduction { code: code.to_owned(), amount: amount_of("deduction", amount)? })
}

fn day(text: &str) -> Result<NaiveDate, String> {
    read_day(text).ok_or_else(|| format!("{text:?} is not a day"))
}

fn hop_of(text: &str) -> Result<(u16, u32), String> {
    let parts = text.split_once(':').and_then(|(entry, output)| Some((entry.parse().ok()?, output.parse().ok()?)));
    parts.ok_or_else(|| format!("hop {text:?} is not ENTRY:NUMBER"))
}

fn digest(name: &str, text: &str) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| format!("{name} {text:?} is not 64 hexadecimal digits"))?;
    Ok(bytes)
}
