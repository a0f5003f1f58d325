//! The detectors: one file each, with its definition, its reason and its tests.

pub mod l01_hop_shortfall;

use super::examine::Detector;

/// Every detector, in order of its rule's code.
pub const ALL: &[&dyn Detector] = &[&l01_hop_shortfall::HopShortfall];
