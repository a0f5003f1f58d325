//! Parts that several inputs share: money, deductions, references.

use async_graphql::InputObject;

use crate::api::scalar::{CurrencyCode, Date, Decimal, Digest, OperationId};

/// An amount as people type it. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct MoneyInput {
    /// A decimal number such as `1250.50`, without sign, with at most the decimals of its
    /// currency.
    pub amount: Decimal,
    /// The currency.
    pub currency: CurrencyCode,
}

/// A deduction under a code, in the currency of the statement it is part of. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct DeductionInput {
    /// The code it is declared under, such as `TRANSIT_FEE`; at most 64 bytes.
    pub code: String,
    /// How much was taken; above zero.
    pub amount: Decimal,
}

/// Names what an earlier operation made, as signed bytes do. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct ReferenceInput {
    /// The id of the operation that made it.
    pub operation: OperationId,
    /// SHA-256 of that operation's payload.
    pub digest: Digest,
    /// Which of its outputs: the position of a token, or the number of a hop; both from 0, below
    /// 1,048,576.
    #[graphql(default = 0)]
    pub output: u32,
}

/// A payment period. Added in 0.1.0.
#[derive(InputObject, Clone, Debug)]
pub struct CycleInput {
    /// Its label, such as `2026-11`; at most 64 bytes.
    pub label: String,
    /// Its first day.
    pub first_day: Date,
    /// Its last day, inclusive.
    pub last_day: Date,
}
