//! Mutations: business actions on the money, one file each.
//!
//! Every file holds an input, how it is read as an operation of the ledger, a payload and a user
//! error. [`reading`] turns what people type into what an operation holds and notes every fault
//! with its path; [`way`] states the operation and tells what became of it; [`fault`] finds the
//! field that a rule's refusal is about.
//!
//! What a rule refuses is a user error. A top-level error is for missing rights, a document that
//! does not fit the schema, a limit, or a fault of the server.

pub mod allocation_create;
pub mod bank_evidence_record;
pub mod budget_appropriate;
pub mod case_step;
pub mod dispute_decide;
pub mod entitlement_set;
pub mod entry_reverse;
pub mod evidence_record;
pub mod fault;
pub mod flag_close;
pub mod flag_review;
pub mod hop_acknowledge;
pub mod hop_refuse;
pub mod input;
pub mod key_register;
pub mod key_revoke;
pub mod loss_declare;
pub mod loss_write_off;
pub mod operation_approve;
pub mod operation_draft;
pub mod operation_submit;
pub mod operation_withdraw;
pub mod party_register;
mod payload;
pub mod programme_define;
pub mod programme_rules_set;
pub mod reading;
pub mod receipt_confirm;
pub mod receipt_dispute;
pub mod recipient_enrol;
pub mod recipient_record;
pub mod recipient_suspend;
pub mod recovery_record;
pub mod refusal_code;
pub mod token_dispatch;
pub mod token_return;
pub mod token_split;
pub mod tracking_import;
mod typed_lines;
pub mod unsent_acknowledge;
pub mod user_error;
pub mod way;

use async_graphql::MergedObject;

/// What can be stated. Every action is signed by the officer whose login asks for it, is
/// recorded once for its operation id, and is never edited afterwards, only followed by another.
/// Added in 0.1.0.
#[derive(MergedObject, Default)]
pub struct Mutation(Registering, Sending, Answering, Noting, Correcting, Handling, Signing);

/// Who takes part, under which rules, with what money.
#[derive(MergedObject, Default)]
struct Registering(
    party_register::PartyRegisterMutation,
    recipient_enrol::RecipientEnrolMutation,
    key_register::KeyRegisterMutation,
    key_revoke::KeyRevokeMutation,
    programme_define::ProgrammeDefineMutation,
    budget_appropriate::BudgetAppropriateMutation,
    allocation_create::AllocationCreateMutation,
);

/// What holders do with money.
#[derive(MergedObject, Default)]
struct Sending(
    token_split::TokenSplitMutation,
    token_dispatch::TokenDispatchMutation,
    token_return::TokenReturnMutation,
    loss_declare::LossDeclareMutation,
    recovery_record::RecoveryRecordMutation,
);

/// What receivers, banks and documents say.
#[derive(MergedObject, Default)]
struct Answering(
    hop_acknowledge::HopAcknowledgeMutation,
    unsent_acknowledge::UnsentAcknowledgeMutation,
    hop_refuse::HopRefuseMutation,
    receipt_confirm::ReceiptConfirmMutation,
    receipt_dispute::ReceiptDisputeMutation,
    bank_evidence_record::BankEvidenceRecordMutation,
    tracking_import::TrackingImportMutation,
);

/// What rules need to know and moves no money.
#[derive(MergedObject, Default)]
struct Noting(
    recipient_record::RecipientRecordMutation,
    recipient_suspend::RecipientSuspendMutation,
    entitlement_set::EntitlementSetMutation,
    evidence_record::EvidenceRecordMutation,
    programme_rules_set::ProgrammeRulesSetMutation,
);

/// What is done about findings.
#[derive(MergedObject, Default)]
struct Handling(flag_review::FlagReviewMutation, case_step::CaseStepMutation, flag_close::FlagCloseMutation);

/// Decisions, and what takes an entry back.
#[derive(MergedObject, Default)]
struct Correcting(
    dispute_decide::DisputeDecideMutation,
    loss_write_off::LossWriteOffMutation,
    entry_reverse::EntryReverseMutation,
);

/// The way of an operation with several signatures or own keys.
#[derive(MergedObject, Default)]
struct Signing(
    operation_approve::OperationApproveMutation,
    operation_withdraw::OperationWithdrawMutation,
    operation_draft::OperationDraftMutation,
    operation_submit::OperationSubmitMutation,
);
