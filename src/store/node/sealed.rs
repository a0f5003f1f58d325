//! Sealing small secrets: XChaCha20-Poly1305 under a data key, bound to what they are for.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of the nonce that stands before the ciphertext. Random ones of this length do not
/// meet by chance, so none need be counted.
const NONCE_BYTES: usize = 24;

/// The key that seals what this node keeps secret.
pub(super) struct DataKey(pub(super) Zeroizing<[u8; 32]>);

/// The bytes are not what this key sealed for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsealable;

impl DataKey {
    /// Seals bytes for a purpose: a fresh nonce, then the ciphertext with its tag.
    pub(super) fn seal(&self, purpose: &[u8], secret: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: secret, aad: purpose };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("sealing fails only beyond 256 GiB: secrets here are of 32 bytes");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what `seal` made for the same purpose; one changed bit makes it fail.
    pub(super) fn open(&self, purpose: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unsealable)?;
        let payload = Payload { msg: ciphertext, aad: purpose };
        let opened = self.cipher().decrypt(XNonce::from_slice(nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| Unsealable)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_slice().into())
    }
}
