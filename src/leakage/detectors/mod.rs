//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l00_node_out_of_balance;
pub mod l01_hop_shortfall;
pub mod l02_hop_surplus;
pub mod l03_unexplained_deduction;
pub mod l04_unacknowledged_hop;
pub mod l05_parked_funds;
pub mod l19_envelope_overrun;
pub mod l20_off_route;
pub mod l21_excess_intermediaries;
pub mod l22_purpose_diversion;
pub mod l23_round_trip;
pub mod l28_return_not_recredited;
pub mod l36_self_dealing;
pub mod l37_missing_evidence;
pub mod l38_time_anomaly;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] = &[
    &l00_node_out_of_balance::NodeOutOfBalance,
    &l01_hop_shortfall::HopShortfall,
    &l02_hop_surplus::HopSurplus,
    &l03_unexplained_deduction::UnexplainedDeduction,
    &l04_unacknowledged_hop::UnacknowledgedHop,
    &l05_parked_funds::ParkedFunds,
    &l19_envelope_overrun::EnvelopeOverrun,
    &l20_off_route::OffRoute,
    &l21_excess_intermediaries::ExcessIntermediaries,
    &l22_purpose_diversion::PurposeDiversion,
    &l23_round_trip::RoundTrip,
    &l28_return_not_recredited::ReturnNotRecredited,
    &l36_self_dealing::SelfDealing,
    &l37_missing_evidence::MissingEvidence,
    &l38_time_anomaly::TimeAnomaly,
];
