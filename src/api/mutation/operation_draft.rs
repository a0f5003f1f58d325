//! `operationDraft`: the exact bytes to sign, for those who keep their own keys.

use async_graphql::{Context, Object, OneofObject, Result, SimpleObject};

use crate::api::request::api;
use crate::api::scalar::{Bytes, DateTime, Digest, OperationId};
use crate::api::types::names::{OperationKind, Role};
use crate::service::drafting::Drafted;

use super::allocation_create::AllocationCreateInput;
use super::bank_evidence_record::BankEvidenceRecordInput;
use super::budget_appropriate::BudgetAppropriateInput;
use super::case_step::CaseStepInput;
use super::dispute_decide::DisputeDecideInput;
use super::entitlement_set::EntitlementSetInput;
use super::entry_reverse::EntryReverseInput;
use super::evidence_record::EvidenceRecordInput;
use super::fault::{Fault, NotTaken};
use super::flag_close::FlagCloseInput;
use super::flag_review::FlagReviewInput;
use super::hop_acknowledge::HopAcknowledgeInput;
use super::hop_refuse::HopRefuseInput;
use super::key_register::KeyRegisterInput;
use super::key_revoke::KeyRevokeInput;
use super::loss_declare::LossDeclareInput;
use super::loss_write_off::LossWriteOffInput;
use super::party_register::PartyRegisterInput;
use super::programme_define::ProgrammeDefineInput;
use super::programme_rules_set::ProgrammeRulesSetInput;
use super::reading::{InputReader, Stating};
use super::receipt_confirm::ReceiptConfirmInput;
use super::receipt_dispute::ReceiptDisputeInput;
use super::recipient_enrol::RecipientEnrolInput;
use super::recipient_record::RecipientRecordInput;
use super::recipient_suspend::RecipientSuspendInput;
use super::recovery_record::RecoveryRecordInput;
use super::refusal_code::RefusalCode;
use super::token_dispatch::TokenDispatchInput;
use super::token_return::TokenReturnInput;
use super::token_split::TokenSplitInput;
use super::tracking_import::TrackingImportInput;
use super::unsent_acknowledge::UnsentAcknowledgeInput;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($input:ident),)*) => {
        /// What is to be signed: the input of exactly one mutation. The party is that of the
        /// login. Added in 0.1.0.
        #[derive(OneofObject, Clone, Debug)]
        pub enum OperationDraftInput {
            $($(#[$doc])* $name($input),)*
        }

        /// Writes the operation down, whatever its kind.
        async fn write_down(ctx: &Context<'_>, input: &OperationDraftInput) -> Result<Result<Written, NotTaken>> {
            match input {
                $(OperationDraftInput::$name(input) => write(ctx, input).await,)*
            }
        }
    };
}

kinds! {
    /// As `partyRegister`.
    PartyRegister(PartyRegisterInput),
    /// As `keyRegister`.
    KeyRegister(KeyRegisterInput),
    /// As `keyRevoke`.
    KeyRevoke(KeyRevokeInput),
    /// As `programmeDefine`.
    ProgrammeDefine(ProgrammeDefineInput),
    /// As `budgetAppropriate`.
    BudgetAppropriate(BudgetAppropriateInput),
    /// As `allocationCreate`.
    AllocationCreate(AllocationCreateInput),
    /// As `tokenSplit`.
    TokenSplit(TokenSplitInput),
    /// As `tokenDispatch`.
    TokenDispatch(TokenDispatchInput),
    /// As `hopAcknowledge`.
    HopAcknowledge(HopAcknowledgeInput),
    /// As `unsentAcknowledge`.
    UnsentAcknowledge(UnsentAcknowledgeInput),
    /// As `hopRefuse`.
    HopRefuse(HopRefuseInput),
    /// As `receiptConfirm`.
    ReceiptConfirm(ReceiptConfirmInput),
    /// As `receiptDispute`.
    ReceiptDispute(ReceiptDisputeInput),
    /// As `tokenReturn`.
    TokenReturn(TokenReturnInput),
    /// As `entryReverse`.
    EntryReverse(EntryReverseInput),
    /// As `disputeDecide`.
    DisputeDecide(DisputeDecideInput),
    /// As `lossDeclare`.
    LossDeclare(LossDeclareInput),
    /// As `lossWriteOff`.
    LossWriteOff(LossWriteOffInput),
    /// As `recoveryRecord`.
    RecoveryRecord(RecoveryRecordInput),
    /// As `recipientEnrol`.
    RecipientEnrol(RecipientEnrolInput),
    /// As `bankEvidenceRecord`.
    BankEvidenceRecord(BankEvidenceRecordInput),
    /// As `recipientRecord`.
    RecipientRecord(RecipientRecordInput),
    /// As `recipientSuspend`.
    RecipientSuspend(RecipientSuspendInput),
    /// As `entitlementSet`.
    EntitlementSet(EntitlementSetInput),
    /// As `evidenceRecord`.
    EvidenceRecord(EvidenceRecordInput),
    /// As `programmeRulesSet`.
    ProgrammeRulesSet(ProgrammeRulesSetInput),
    /// As `flagReview`.
    FlagReview(FlagReviewInput),
    /// As `caseStep`.
    CaseStep(CaseStepInput),
    /// As `flagClose`.
    FlagClose(FlagCloseInput),
    /// As `trackingImport`; `rehearse` means nothing here.
    TrackingImport(TrackingImportInput),
}

/// An operation written down, signed by nobody yet. Nothing of it is kept here, nothing is
/// reserved, and whether it is admitted is decided when it comes back signed. Added in 0.1.0.
#[derive(SimpleObject, Clone, Debug)]
pub struct OperationDraft {
    /// The operation's id.
    pub operation_id: OperationId,
    /// Its kind.
    pub kind: OperationKind,
    /// The payload, byte for byte, as the envelope holds it.
    pub payload: Bytes,
    /// The same payload as text: canonical JSON. Read it before signing.
    pub payload_text: String,
    /// SHA-256 of the payload, by which later operations refer to this one.
    pub payload_digest: Digest,
    /// What each key signs: the DSSE pre-authentication encoding of the payload.
    pub signing_bytes: Bytes,
    /// The lines that go beside the envelope, in order; the payload commits to them.
    pub lines: Vec<String>,
    /// One element for each signature needed: the roles of which the signer needs one. Each
    /// signature is of a different officer.
    pub requirement: Vec<Vec<Role>>,
    /// After this moment it can no longer be recorded.
    pub expires_at: DateTime,
}

/// Why nothing was drafted. Added in 0.1.0.
#[derive(SimpleObject, Clone, Debug)]
pub struct OperationDraftUserError {
    /// The path in the input, below the field of its kind; null when it is about no field.
    pub field: Option<Vec<String>>,
    /// A sentence that says what is wrong, to be shown to a person.
    pub message: String,
    /// The stable code.
    pub code: RefusalCode,
}

/// The answer to `operationDraft`. Added in 0.1.0.
#[derive(SimpleObject)]
pub struct OperationDraftPayload {
    /// The draft; null when the input could not be read.
    pub draft: Option<OperationDraft>,
    /// Every reason at once; empty on success.
    pub user_errors: Vec<OperationDraftUserError>,
}

/// The mutation.
#[derive(Debug, Default)]
pub struct OperationDraftMutation;

#[Object]
impl OperationDraftMutation {
    /// Gives the exact bytes to sign for an operation of the login's party. Sign
    /// `signingBytes` with Ed25519, put payload and signature into a DSSE envelope and send it
    /// by `operationSubmit` with the lines. Added in 0.1.0.
    async fn operation_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The input of one mutation.")] input: OperationDraftInput,
    ) -> Result<OperationDraftPayload> {
        match write_down(ctx, &input).await? {
            Ok(written) => Ok(OperationDraftPayload { draft: Some(written.into()), user_errors: Vec::new() }),
            Err(NotTaken::Error(error)) => Err(error),
            Err(NotTaken::Faults(faults)) => {
                let user_errors = faults.into_iter().map(Into::into).collect();
                Ok(OperationDraftPayload { draft: None, user_errors })
            }
        }
    }
}

struct Written {
    id: uuid::Uuid,
    drafted: Drafted,
}

async fn write<I: Stating>(ctx: &Context<'_>, input: &I) -> Result<Result<Written, NotTaken>> {
    let api = api(ctx)?;
    let viewer = api.viewer()?;
    let operation = match InputReader::read(api, viewer, input).await {
        Ok(operation) => operation,
        Err(why) => return Ok(Err(why)),
    };
    let drafted = api.node.write_down(viewer, input.id(), input.occurred_at(), &operation).await;
    Ok(match drafted {
        Ok(drafted) => Ok(Written { id: input.id(), drafted }),
        Err(why) => Err(NotTaken::of(why, &I::FIELDS)),
    })
}

impl From<Written> for OperationDraft {
    fn from(Written { id, drafted }: Written) -> Self {
        let roles = |roles: Vec<crate::ledger::registry::Role>| roles.into_iter().map(Role::from).collect();
        Self {
            operation_id: OperationId(id),
            kind: drafted.kind.into(),
            payload_text: String::from_utf8_lossy(&drafted.payload).into_owned(),
            payload: Bytes(drafted.payload),
            payload_digest: Digest(drafted.digest),
            signing_bytes: Bytes(drafted.signing_bytes),
            lines: drafted.lines,
            requirement: drafted.roles.into_iter().map(roles).collect(),
            expires_at: drafted.expires_at.into(),
        }
    }
}

impl From<Fault> for OperationDraftUserError {
    fn from(fault: Fault) -> Self {
        Self { field: fault.field, message: fault.message, code: fault.code }
    }
}
