//! The interface that the user errors of all mutations implement.

use async_graphql::Interface;

use super::refusal_code::RefusalCode;

macro_rules! user_errors {
    ($($file:ident::$error:ident,)*) => {
        $(use super::$file::$error;)*

        /// Why a mutation was not taken, whichever it is: an expected refusal, not a fault of
        /// the server. Added in 0.1.0.
        #[derive(Interface, Clone, Debug)]
        #[graphql(
            field(
                name = "field",
                ty = "&Option<Vec<String>>",
                desc = "The path in the input, numbers of lists from 0; null when it is about no field."
            ),
            field(name = "message", ty = "&String", desc = "A sentence that says what is wrong, to be shown to a person."),
            field(name = "code", ty = "&RefusalCode", desc = "The stable code.")
        )]
        pub enum UserError {
            $(#[doc = "Of the mutation."] $error($error),)*
        }
    };
}

user_errors! {
    allocation_create::AllocationCreateUserError,
    bank_evidence_record::BankEvidenceRecordUserError,
    budget_appropriate::BudgetAppropriateUserError,
    dispute_decide::DisputeDecideUserError,
    entry_reverse::EntryReverseUserError,
    hop_acknowledge::HopAcknowledgeUserError,
    hop_refuse::HopRefuseUserError,
    key_register::KeyRegisterUserError,
    key_revoke::KeyRevokeUserError,
    loss_declare::LossDeclareUserError,
    loss_write_off::LossWriteOffUserError,
    operation_approve::OperationApproveUserError,
    operation_draft::OperationDraftUserError,
    operation_submit::OperationSubmitUserError,
    operation_withdraw::OperationWithdrawUserError,
    party_register::PartyRegisterUserError,
    programme_define::ProgrammeDefineUserError,
    receipt_confirm::ReceiptConfirmUserError,
    receipt_dispute::ReceiptDisputeUserError,
    recipient_enrol::RecipientEnrolUserError,
    recovery_record::RecoveryRecordUserError,
    token_dispatch::TokenDispatchUserError,
    token_return::TokenReturnUserError,
    token_split::TokenSplitUserError,
    tracking_import::TrackingImportUserError,
    unsent_acknowledge::UnsentAcknowledgeUserError,
}
