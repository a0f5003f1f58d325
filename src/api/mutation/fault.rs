//! What is wrong with an input or refused by a rule, with the path of the field it is about.

use async_graphql::Error;

use crate::ledger::lines::Malformed;
use crate::ledger::money::AmountError;
use crate::ledger::refusal::Refusal;
use crate::service::operation::{NotAnOperation, Unwritable};
use crate::service::orderer::NotRecorded;
use crate::service::record::NotAccepted;

use super::refusal_code::RefusalCode;

/// One reason why something was not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path in the input; none when it is about no field.
    pub field: Option<Vec<String>>,
    /// A sentence.
    pub message: String,
    /// The stable code.
    pub code: RefusalCode,
}

impl Fault {
    /// A fault at a field.
    pub fn at(path: &[&str], code: RefusalCode, message: impl Into<String>) -> Self {
        let field = Some(path.iter().map(|part| (*part).to_owned()).collect());
        Self { field, message: message.into(), code }
    }

    /// A fault of an amount.
    pub fn of_amount(path: &[&str], why: AmountError) -> Self {
        let code = match why {
            AmountError::NotANumber => RefusalCode::AmountNotANumber,
            AmountError::Negative => RefusalCode::AmountNegative,
            AmountError::TooManyDecimals(_) => RefusalCode::AmountTooManyDecimals,
            AmountError::TooLarge => RefusalCode::AmountTooLarge,
        };
        Self::at(path, code, format!("the amount cannot be taken: {why}"))
    }
}

/// Where an input holds what rules speak of; empty where it does not hold it.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The token, hop or entry.
    pub subject: &'static str,
    /// The amount.
    pub amount: &'static [&'static str],
    /// The currency.
    pub currency: &'static [&'static str],
    /// The party that is named.
    pub party: &'static str,
    /// The programme's code.
    pub programme: &'static str,
    /// The cycle.
    pub cycle: &'static [&'static str],
    /// The key.
    pub key: &'static str,
    /// The list.
    pub lines: &'static str,
    /// The case, or the finding that it is of.
    pub case: &'static str,
    /// What else sentences about form begin with, such as `reason`.
    pub texts: &'static [&'static str],
}

impl Fields {
    /// An input that holds none of it.
    pub const NONE: Self = Self {
        subject: "",
        amount: &[],
        currency: &[],
        party: "",
        programme: "",
        cycle: &[],
        key: "",
        lines: "",
        case: "",
        texts: &[],
    };
}

/// Why an operation was not taken: reasons for the caller, or an error of the server.
pub enum NotTaken {
    /// Expected refusals.
    Faults(Vec<Fault>),
    /// An error of the request as a whole.
    Error(Error),
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl NotTaken {
    /// Sorts out why an operation was not accepted.
    pub fn of(why: NotAccepted, fields: &Fields) -> Self {
        match &why {
            NotAccepted::NotRecorded(NotRecorded::Refused(refusal)) => Self::Faults(vec![refused(refusal, fields)]),
            NotAccepted::NotAnOperation(NotAnOperation::Body(Malformed::Lines(bad))) => {
                let list = if fields.lines.is_empty() { "lines" } else { fields.lines };
                Self::Faults(bad.iter().map(|(at, why)| bad_line(list, *at, why)).collect())
            }
            NotAccepted::Unwritable(Unwritable::Line { at, why }) => {
                let at = u32::try_from(*at).unwrap_or(u32::MAX);
                Self::Faults(vec![bad_line(fields.lines, at, &why.to_string())])
            }
            _ => match RefusalCode::parse(why.code()) {
                Some(code) => {
                    Self::Faults(vec![Fault { field: path_of(code, fields), message: why.to_string(), code }])
                }
                // The stores, the clock, the keyring, a stopping server.
                None => Self::Error(server(why)),
            },
        }
    }
}

/// An error of the server; the schema's extension logs its cause and gives it its code.
fn server(why: NotAccepted) -> Error {
    let retry_after_ms = match &why {
        NotAccepted::NotRecorded(NotRecorded::Overloaded { retry_after_ms }) => Some(*retry_after_ms),
        _ => None,
    };
    let mut error = Error::from(why);
    if let Some(ms) = retry_after_ms {
        error.extensions.get_or_insert_default().set("retryAfterMs", ms);
    }
    error
}

/// A rule's refusal, at the field that it is about.
pub fn refused(refusal: &Refusal, fields: &Fields) -> Fault {
    let code = RefusalCode::parse(refusal.code()).unwrap_or(RefusalCode::Malformed);
    let field = match refusal {
        Refusal::Form { what } => form_path(what, fields),
        Refusal::UnknownReference { what: "case" } => path(&[fields.case]),
        _ => path_of(code, fields),
    };
    Fault { field, message: refusal.to_string(), code }
}

fn bad_line(list: &str, at: u32, why: &str) -> Fault {
    Fault::at(&[list, &at.to_string()], RefusalCode::BadLines, format!("line {at}: {why}"))
}

/// Sentences about form begin with the position of the line or the name of the field.
fn form_path(what: &str, fields: &Fields) -> Option<Vec<String>> {
    if let Some((at, _)) = what.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        return path(&[fields.lines, at]);
    }
    if what.starts_with("key can never sign") {
        return path(&[fields.key]);
    }
    if what.starts_with("reason code") {
        return path(&["reasonCode"]);
    }
    let text = fields.texts.iter().find(|name| what.starts_with(**name))?;
    path(&[text])
}

fn path_of(code: RefusalCode, fields: &Fields) -> Option<Vec<String>> {
    use RefusalCode as Code;
    match code {
        Code::OperationIdReused
        | Code::Expired
        | Code::IssuedAhead
        | Code::BadOperationId
        | Code::NotWaiting
        | Code::SameOfficer => path(&["operationId"]),
        Code::OccurredAhead => path(&["occurredAt"]),
        Code::UnknownKey | Code::RevokedKey | Code::ForeignKey => path(&[fields.key]),
        Code::UnknownReceiver | Code::ToItself | Code::NotUpstream => path(&[fields.party]),
        Code::UnknownProgramme => path(&[fields.programme]),
        Code::UnknownCycle => path(fields.cycle),
        Code::AlreadyRegistered => first(&[path(&[fields.key]), path(&[fields.party]), path(fields.cycle)]),
        Code::WrongCurrency => path(fields.currency),
        Code::UnknownReference
        | Code::NotYours
        | Code::NotTheProvider
        | Code::WrongHopKind
        | Code::WrongAnswer
        | Code::WrongHopState
        | Code::WrongTokenState
        | Code::NotOverdue
        | Code::NotReversible
        | Code::PartyToTheHop
        | Code::NothingDisputed
        | Code::TokenSpent => path(&[fields.subject]),
        Code::WrongDirection
        | Code::NothingNew
        | Code::LowerThanBefore
        | Code::BelowReturned
        | Code::Unfunded
        | Code::SumDiffers
        | Code::AboveTheLoss
        | Code::TotalTooLarge => path(fields.amount),
        Code::CaseOpen | Code::WrongCaseState | Code::PartyToTheCase => path(&[fields.case]),
        Code::BadDeadline => path(&["deadline"]),
        Code::ThresholdOutOfRange => path(&["thresholds"]),
        Code::BadList | Code::BadLines | Code::RowRepeated => path(&[fields.lines]),
        _ => None,
    }
}

/// A path; none when the input holds no such thing.
fn path(parts: &[&str]) -> Option<Vec<String>> {
    let all = !parts.is_empty() && parts.iter().all(|part| !part.is_empty());
    all.then(|| parts.iter().map(|part| (*part).to_owned()).collect())
}

fn first(paths: &[Option<Vec<String>>]) -> Option<Vec<String>> {
    paths.iter().flatten().next().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_an_error_that_says_when_to_come_back() {
        let full = NotAccepted::NotRecorded(NotRecorded::Overloaded { retry_after_ms: 500 });
        let NotTaken::Error(error) = NotTaken::of(full, &Fields::NONE) else { panic!("not the caller's fault") };
        assert_eq!(error.extensions.unwrap().get("retryAfterMs"), Some(&500_u64.into()));
        assert_eq!(error.source.unwrap().downcast_ref::<NotAccepted>().unwrap().code(), "OVERLOADED");
    }
}
