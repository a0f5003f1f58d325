//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l01_hop_shortfall;
pub mod l24_split_payments;
pub mod l25_threshold_bunching;
pub mod l26_agent_concentration;
pub mod l27_collector_substitution;
pub mod l29_unclaimed;
pub mod l30_unmatched_debit;
pub mod l31_unbanked;
pub mod l32_bank_mismatch;
pub mod l40_peer_outlier;
pub mod l42_low_recovery;
pub mod l43_explanation_abuse;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] = &[
    &l01_hop_shortfall::HopShortfall,
    &l24_split_payments::SplitPayments,
    &l25_threshold_bunching::ThresholdBunching,
    &l26_agent_concentration::AgentConcentration,
    &l27_collector_substitution::CollectorSubstitution,
    &l29_unclaimed::Unclaimed,
    &l30_unmatched_debit::UnmatchedDebit,
    &l31_unbanked::Unbanked,
    &l32_bank_mismatch::BankMismatch,
    &l40_peer_outlier::PeerOutlier,
    &l42_low_recovery::LowRecovery,
    &l43_explanation_abuse::ExplanationAbuse,
];
