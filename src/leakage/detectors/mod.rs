//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l01_hop_shortfall;
pub mod l06_late_to_recipient;
pub mod l07_due_but_not_paid;
pub mod l08_ghost_suspect;
pub mod l09_duplicate_identity;
pub mod l10_duplicate_payment;
pub mod l11_cross_programme_conflict;
pub mod l12_shared_account;
pub mod l14_account_switched;
pub mod l15_paid_to_the_deceased;
pub mod l16_paid_while_suspended;
pub mod l17_over_entitlement;
pub mod l18_under_entitlement;
pub mod l33_recipient_disputes;
pub mod l34_contradiction;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] = &[
    &l01_hop_shortfall::HopShortfall,
    &l06_late_to_recipient::LateToRecipient,
    &l07_due_but_not_paid::DueButNotPaid,
    &l08_ghost_suspect::GhostSuspect,
    &l09_duplicate_identity::DuplicateIdentity,
    &l10_duplicate_payment::DuplicatePayment,
    &l11_cross_programme_conflict::CrossProgrammeConflict,
    &l12_shared_account::SharedAccount,
    &l14_account_switched::AccountSwitched,
    &l15_paid_to_the_deceased::PaidToTheDeceased,
    &l16_paid_while_suspended::PaidWhileSuspended,
    &l17_over_entitlement::OverEntitlement,
    &l18_under_entitlement::UnderEntitlement,
    &l33_recipient_disputes::RecipientDisputes,
    &l34_contradiction::Contradiction,
];
