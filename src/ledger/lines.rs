//! The lines of bulk operations: fixed fields, separated by tabs, in one canonical form.
//!
//! A line here is the content that follows the salt. The envelope's list commits to it.

use std::fmt;

use chrono::NaiveDate;
use uuid::Uuid;

use super::money::Minor;
use super::operation::Deduction;
use super::time::read_day;

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
            commitment: optional(commitment).map(|c| digest(&c)).transpose()?,
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
            date: optional(date).map(|d| read_day(&d).ok_or_else(|| format!("{d:?} is not a day"))).transpose()?,
            purpose: purpose.parse().map_err(|_| format!("purpose {purpose:?} is not a number"))?,
            official: amount_of("official amount", official)?,
            verified: amount_of("verified amount", verified)?,
            official_quantity: quantity("official quantity", n_official)?,
            verified_quantity: quantity("verified quantity", n_verified)?,
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

fn digest(text: &str) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| format!("commitment {text:?} is not 64 hexadecimal digits"))?;
    Ok(bytes)
}
