//! Bytes, digests, signatures, proofs.
