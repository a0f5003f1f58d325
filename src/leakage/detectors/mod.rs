//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l00_node_out_of_balance;
pub mod l01_hop_shortfall;
pub mod l02_hop_surplus;
pub mod l03_unexplained_deduction;
pub mod l04_unacknowledged_hop;
pub mod l05_parked_funds;
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
pub mod l19_envelope_overrun;
pub mod l20_off_route;
pub mod l21_excess_intermediaries;
pub mod l22_purpose_diversion;
pub mod l23_round_trip;
pub mod l24_split_payments;
pub mod l25_threshold_bunching;
pub mod l26_agent_concentration;
pub mod l27_collector_substitution;
pub mod l28_return_not_recredited;
pub mod l29_unclaimed;
pub mod l30_unmatched_debit;
pub mod l31_unbanked;
pub mod l32_bank_mismatch;
pub mod l33_recipient_disputes;
pub mod l34_contradiction;
pub mod l36_self_dealing;
pub mod l37_missing_evidence;
pub mod l38_time_anomaly;
pub mod l40_peer_outlier;
pub mod l42_low_recovery;
pub mod l43_explanation_abuse;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] = &[
    &l00_node_out_of_balance::NodeOutOfBalance,
    &l01_hop_shortfall::HopShortfall,
    &l02_hop_surplus::HopSurplus,
    &l03_unexplained_deduction::UnexplainedDeduction,
    &l04_unacknowledged_hop::UnacknowledgedHop,
    &l05_parked_funds::ParkedFunds,
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
    &l19_envelope_overrun::EnvelopeOverrun,
    &l20_off_route::OffRoute,
    &l21_excess_intermediaries::ExcessIntermediaries,
    &l22_purpose_diversion::PurposeDiversion,
    &l23_round_trip::RoundTrip,
    &l24_split_payments::SplitPayments,
    &l25_threshold_bunching::ThresholdBunching,
    &l26_agent_concentration::AgentConcentration,
    &l27_collector_substitution::CollectorSubstitution,
    &l28_return_not_recredited::ReturnNotRecredited,
    &l29_unclaimed::Unclaimed,
    &l30_unmatched_debit::UnmatchedDebit,
    &l31_unbanked::Unbanked,
    &l32_bank_mismatch::BankMismatch,
    &l33_recipient_disputes::RecipientDisputes,
    &l34_contradiction::Contradiction,
    &l36_self_dealing::SelfDealing,
    &l37_missing_evidence::MissingEvidence,
    &l38_time_anomaly::TimeAnomaly,
    &l40_peer_outlier::PeerOutlier,
    &l42_low_recovery::LowRecovery,
    &l43_explanation_abuse::ExplanationAbuse,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakage::rule::Rule;
    use crate::leakage::world::{With, World, digest, id, line};
    use crate::ledger::note::{EvidenceKind, Particular, RecipientStatus};

    #[test]
    fn every_detector_finds_a_rule_of_its_own_in_order() {
        let rules: Vec<Rule> = ALL.iter().map(|detector| detector.rule()).collect();
        assert!(rules.is_sorted_by(|one, next| one < next), "{rules:?}");
    }

    /// Each word costs a look-up, and most payments are all right.
    #[test]
    fn of_payments_that_are_all_right_nothing_is_said() {
        let mut world = World::new();
        for recipient in ["r1", "r2"] {
            world.of_recipient(recipient, Particular::Identity(digest(recipient)), None);
            world.of_recipient(recipient, Particular::Account(digest(recipient)), None);
            world.of_recipient(recipient, Particular::Household(id("house")), None);
            world.status(recipient, RecipientStatus::Active, "2026-01-01");
        }
        for cycle in ["2026-10", "2026-11"] {
            let with = With { cycle: Some(cycle), via: Some("bank"), ..With::default() };
            for recipient in ["r1", "r2"] {
                world.entitled(recipient, cycle, 500, "2026-11-10");
            }
            let token = world.fund("county", 1_000, &with);
            for hop in world.dispatch("county", token, &[("r1", 500), ("r2", 500)], &with) {
                let asked = line(EvidenceKind::ConfirmationRequested);
                world.evidence_of_hop("county", EvidenceKind::ConfirmationRequested, hop, &asked);
                world.banked(hop, Some(500), None, Some("2026-11-02"));
                world.answered(hop, 500);
            }
        }
        world.pass(10);
        for detector in ALL {
            assert_eq!(world.said(*detector), Vec::new(), "{}", detector.rule().code());
        }
    }
}
