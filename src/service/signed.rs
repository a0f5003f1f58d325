//! A signed envelope on its way in, each part of it read once.

use crate::chain::digest::Digest;
use crate::chain::envelope::Envelope;
use crate::chain::fault::EntryFault;
use crate::chain::payload::Payload;

use super::operation::{Checked, NotAnOperation};
use super::record::NotAccepted;

/// An envelope with its payload as read. Whether the signatures hold is found out by
/// [`Signed::check`].
#[derive(Clone, Debug)]
pub struct Signed {
    envelope: Envelope,
    payload: Payload,
}

impl Signed {
    /// Reads an envelope as a client sends it.
    pub fn read(bytes: &[u8]) -> Result<Self, NotAccepted> {
        Ok(Self::of(Envelope::parse_lenient(bytes)?)?)
    }

    /// Reads the payload of an envelope.
    pub fn of(envelope: Envelope) -> Result<Self, NotAnOperation> {
        let payload = Payload::parse(envelope.payload()).map_err(EntryFault::from)?;
        Ok(Self { envelope, payload })
    }

    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What it says.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Checks signatures, lines and form; the envelope is given back.
    pub fn check(self, lines: Vec<String>, chain: &Digest) -> Result<(Envelope, Checked), NotAnOperation> {
        let checked = Checked::of(&self.envelope, self.payload, lines, chain)?;
        Ok((self.envelope, checked))
    }
}
