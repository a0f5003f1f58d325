//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l01_hop_shortfall;
pub mod l06_late_to_recipient;
pub mod l07_due_but_not_paid;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] =
    &[&l01_hop_shortfall::HopShortfall, &l06_late_to_recipient::LateToRecipient, &l07_due_but_not_paid::DueButNotPaid];
