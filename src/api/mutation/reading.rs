//! Reading an input: from what people type and ids to what an operation holds. Every fault is
//! noted with the path of its field, so that all of them are answered at once.

use std::future::Future;

use async_graphql::{Error, ID};
use uuid::Uuid;

use crate::api::request::Api;
use crate::api::{error, id};
use crate::ledger::ids::{Place, Reference};
use crate::ledger::money::{self, Currency, Minor};
use crate::ledger::operation::{Deduction, Operation};
use crate::ledger::time::Millis;
use crate::service::node::Node;
use crate::service::officers::Viewer;

use super::fault::{Fault, Fields, NotTaken};
use super::input::{DeductionInput, MoneyInput, ReferenceInput};
use super::refusal_code::RefusalCode;

/// An input that can be written down as an operation.
pub trait Stating: Send + Sync {
    /// Where it holds what rules speak of.
    const FIELDS: Fields;

    /// The operation's id.
    fn id(&self) -> Uuid;

    /// When what it states happened.
    fn occurred_at(&self) -> Option<Millis>;

    /// The operation; `None` when the reader noted a fault.
    fn operation(&self, reader: &mut InputReader<'_>) -> impl Future<Output = Option<Operation>> + Send;
}

/// Whether an amount may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zero {
    /// A total that was received may be nothing.
    Allowed,
    /// What moves is more than nothing.
    Refused,
}

/// Reads one input and keeps what is wrong with it.
pub struct InputReader<'a> {
    api: &'a Api,
    /// The officer who states it.
    pub viewer: &'a Viewer,
    /// The operation's id.
    pub operation: Uuid,
    faults: Vec<Fault>,
    broken: Option<Error>,
}

impl<'a> InputReader<'a> {
    /// Reads an input as an operation.
    pub async fn read<I: Stating>(api: &'a Api, viewer: &'a Viewer, input: &I) -> Result<Operation, NotTaken> {
        let mut reader = InputReader { api, viewer, operation: input.id(), faults: Vec::new(), broken: None };
        let operation = input.operation(&mut reader).await;
        if let Some(error) = reader.broken {
            return Err(NotTaken::Error(error));
        }
        match operation {
            Some(operation) if reader.faults.is_empty() => Ok(operation),
            _ => Err(NotTaken::Faults(reader.faults)),
        }
    }

    /// The node.
    pub fn node(&self) -> &'a Node {
        &self.api.node
    }

    /// Notes a fault. It repeats only so much of what was sent.
    pub fn fault(&mut self, mut fault: Fault) {
        error::shorten(&mut fault.message);
        self.faults.push(fault);
    }

    /// How many faults were noted so far.
    pub fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// Notes an error of the server, which ends the request.
    pub fn broke(&mut self, error: Error) {
        self.broken.get_or_insert(error);
    }

    /// An amount in its own currency.
    pub fn money(&mut self, field: &str, input: &MoneyInput, zero: Zero) -> Option<(Minor, Currency)> {
        let currency = input.currency.0;
        let amount = self.amount(&[field, "amount"], &input.amount.0, currency, zero)?;
        Some((amount, currency))
    }

    /// An amount of a given currency.
    pub fn amount(&mut self, path: &[&str], text: &str, currency: Currency, zero: Zero) -> Option<Minor> {
        match money::parse_decimal(text, currency) {
            Ok(amount) if amount.get() == 0 && zero == Zero::Refused => {
                let message = "the amount must be above zero";
                self.fault(Fault::at(path, RefusalCode::AmountZero, message));
                None
            }
            Ok(amount) => Some(amount),
            Err(why) => {
                self.fault(Fault::of_amount(path, why));
                None
            }
        }
    }

    /// Deductions of a given currency, below `path`.
    pub fn deductions(
        &mut self,
        path: &[&str],
        input: &[DeductionInput],
        currency: Currency,
    ) -> Option<Vec<Deduction>> {
        let mut read = Vec::with_capacity(input.len());
        for (at, deduction) in input.iter().enumerate() {
            let at = at.to_string();
            let path: Vec<&str> = path.iter().copied().chain([at.as_str(), "amount"]).collect();
            let amount = self.amount(&path, &deduction.amount.0, currency, Zero::Refused);
            read.push(amount.map(|amount| Deduction { amount, code: deduction.code.clone() }));
        }
        read.into_iter().collect()
    }

    /// A token, named by `token` or `tokenReference`.
    pub async fn token(&mut self, named: Option<&ID>, reference: Option<&ReferenceInput>) -> Option<Reference> {
        let place = |text: &str| id::token(text).map(|id| id.0);
        self.one_of(["token", "tokenReference"], named, reference, place).await
    }

    /// A hop, named by `hop` or `hopReference`.
    pub async fn hop(&mut self, named: Option<&ID>, reference: Option<&ReferenceInput>) -> Option<Reference> {
        let place = |text: &str| id::hop(text).map(|id| id.0);
        self.one_of(["hop", "hopReference"], named, reference, place).await
    }

    async fn one_of(
        &mut self,
        fields: [&str; 2],
        named: Option<&ID>,
        reference: Option<&ReferenceInput>,
        place: impl Fn(&str) -> Result<Place, id::NotAnId>,
    ) -> Option<Reference> {
        match (named, reference) {
            (Some(named), None) => self.reference_of(fields[0], named, place).await,
            (None, Some(reference)) => Some(reference_of(reference)),
            _ => {
                self.exactly_one(&fields);
                None
            }
        }
    }

    /// Notes that not exactly one of some fields is given.
    pub fn exactly_one(&mut self, fields: &[&str]) {
        let message = format!("give exactly one of {}", fields.join(", "));
        self.fault(Fault::at(&fields[..1], RefusalCode::ExactlyOne, message));
    }

    /// The reference to what an id names.
    pub async fn reference_of(
        &mut self,
        field: &str,
        named: &ID,
        place: impl Fn(&str) -> Result<Place, id::NotAnId>,
    ) -> Option<Reference> {
        match place(named) {
            Ok(place) => self.reference_to(&[field], place).await,
            Err(why) => {
                self.fault(Fault::at(&[field], RefusalCode::BadId, why.to_string()));
                None
            }
        }
    }

    /// A case, by its id.
    pub async fn case(&mut self, named: &ID) -> Option<Reference> {
        self.reference_of("case", named, |text| id::case(text).map(|id| id.0)).await
    }

    /// Hops of a list, by their ids.
    pub async fn hops(&mut self, field: &str, named: &[ID]) -> Option<Vec<Reference>> {
        let mut read = Vec::with_capacity(named.len());
        for (at, named) in named.iter().enumerate() {
            let at = at.to_string();
            read.push(match id::hop(named) {
                Ok(hop) => self.reference_to(&[field, &at], hop.0).await,
                Err(why) => {
                    self.fault(Fault::at(&[field, &at], RefusalCode::BadId, why.to_string()));
                    None
                }
            });
        }
        read.into_iter().collect()
    }

    /// The reference to what is at a place.
    pub async fn reference_to(&mut self, path: &[&str], place: Place) -> Option<Reference> {
        match self.node().reference_to(place).await {
            Ok(Some(reference)) => Some(reference),
            Ok(None) if self.is_behind(place) => {
                self.broke(error::behind("what this names"));
                None
            }
            Ok(None) => {
                let message = "no recorded operation made what is referred to";
                self.fault(Fault::at(path, RefusalCode::UnknownReference, message));
                None
            }
            Err(cause) => {
                self.broke(cause.into());
                None
            }
        }
    }

    /// Whether the views may lack a place only because they are behind.
    fn is_behind(&self, place: Place) -> bool {
        let heights = self.api.node.heights();
        heights.lag_facts > 0 && heights.views.entries <= place.entry()
    }

    /// A registered party.
    pub fn party(&mut self, path: &[&str], text: &str) -> Option<Uuid> {
        let fault = match id::party(text) {
            Ok(id) if self.node().party_by_id(id).is_some() => return Some(id),
            Ok(id) => Fault::at(path, RefusalCode::UnknownReceiver, format!("party {id} is not registered")),
            Err(why) => Fault::at(path, RefusalCode::BadId, why.to_string()),
        };
        self.fault(fault);
        None
    }

    /// A programme's code, given as the code or as a node id, in the field `programme`.
    pub fn programme(&mut self, text: &str) -> Option<String> {
        self.programme_at(&["programme"], text)
    }

    /// A programme's code, given as the code or as a node id.
    pub fn programme_at(&mut self, path: &[&str], text: &str) -> Option<String> {
        let api = self.api;
        let tables = api.node.tables();
        if tables.programme_codes.contains_key(text) {
            return Some(text.to_owned());
        }
        let by_id = id::programme(text).ok().and_then(|id| tables.programmes.get(&id)).map(|p| p.code.clone());
        if by_id.is_none() {
            let message = format!("programme {text:?} is not defined");
            self.fault(Fault::at(path, RefusalCode::UnknownProgramme, message));
        }
        by_id
    }
}

/// A field that may be left out: none when it is; a fault when it is there and cannot be read.
pub fn if_any<T, U>(field: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    field.map_or(Some(None), |field| read(field).map(Some))
}

/// A reference as the ledger holds it.
pub fn reference_of(input: &ReferenceInput) -> Reference {
    Reference {
        digest: crate::ledger::ids::PayloadDigest(input.digest.0.0),
        operation: input.operation.0,
        output: input.output,
    }
}
