//! The roots of reading, one file for each group of fields.

pub mod allocation;
pub mod case;
pub mod filter;
pub mod flag;
pub mod flow;
pub mod hop;
pub mod imported_row;
pub mod log;
pub mod node;
pub mod operation;
pub mod party;
pub mod programme;
pub mod recipient;
pub mod report;
pub mod token;
pub mod viewer;

use async_graphql::MergedObject;

/// What may be asked. Every field but `log` needs a login; what the login may not see looks like
/// what is not there. Added in 0.1.0.
#[derive(MergedObject, Default)]
pub struct Query(
    allocation::AllocationQuery,
    case::CaseQuery,
    flag::FlagQuery,
    flow::FlowQuery,
    hop::HopQuery,
    imported_row::ImportedRowQuery,
    log::LogQuery,
    node::NodeQuery,
    operation::OperationQuery,
    party::PartyQuery,
    programme::ProgrammeQuery,
    recipient::RecipientQuery,
    report::ReportQuery,
    token::TokenQuery,
    viewer::ViewerQuery,
);
