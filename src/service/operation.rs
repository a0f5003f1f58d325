//! Typed operations to signed bytes and back: where the rooms of ledger and chain meet.

use uuid::Uuid;

use crate::chain::audit::{self, CheckedEntry};
use crate::chain::digest::Digest;
use crate::chain::envelope::Envelope;
use crate::chain::fault::EntryFault;
use crate::chain::list;
use crate::chain::payload::{self, ListHeader, Payload};
use crate::chain::time::Timestamp;
use crate::ledger::ids::{KeyId, PayloadDigest};
use crate::ledger::lines::Malformed;
use crate::ledger::operation::{Basis, Operation, Stated};
use crate::ledger::time::Millis;
use crate::limits;

/// Why bytes are not an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOperation {
    /// The envelope, payload, signatures or list are wrong.
    #[error(transparent)]
    Entry(#[from] EntryFault),
    /// The body or its lines do not fit their kind.
    #[error(transparent)]
    Body(#[from] Malformed),
    /// The list's total is not the sum of its lines.
    #[error("the list states a total of {stated}, its lines add up to {found} (minor units)")]
    Total {
        /// What the payload says.
        stated: i64,
        /// What the lines say.
        found: String,
    },
}

impl NotAnOperation {
    /// The stable code of what is wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry(EntryFault::Signature(_)) => "BAD_SIGNATURE",
            Self::Entry(EntryFault::Chain(_)) => "WRONG_CHAIN",
            Self::Entry(
                EntryFault::UnsignedLines(_)
                | EntryFault::List(_)
                | EntryFault::LineCount { .. }
                | EntryFault::LineRoot,
            )
            | Self::Total { .. } => "BAD_LIST",
            Self::Body(Malformed::Lines(_)) => "BAD_LINES",
            Self::Body(Malformed::UnknownKind(_)) => "UNKNOWN_KIND",
            _ => "MALFORMED",
        }
    }
}

/// An operation that is what it claims to be: signatures, lists and form are in order. Whether
/// it is admitted, the books decide.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is stated.
    pub stated: Stated,
    /// The canonical bytes of the envelope.
    pub entry_bytes: Vec<u8>,
    /// The lines beside it.
    pub lines: Vec<String>,
}

impl Checked {
    /// Checks an envelope and its lines; the work of one signature check and one hash a line.
    pub fn new(entry_bytes: Vec<u8>, lines: Vec<String>, chain: &Digest) -> Result<Self, NotAnOperation> {
        let entry = audit::check_entry(&entry_bytes, &lines, chain)?;
        let stated = read(&entry, &lines)?;
        Ok(Self { stated, entry_bytes, lines })
    }

    /// Checks an envelope and its payload that were read already.
    pub fn of(
        envelope: &Envelope,
        payload: Payload,
        lines: Vec<String>,
        chain: &Digest,
    ) -> Result<Self, NotAnOperation> {
        let entry_bytes = envelope.to_entry_bytes();
        debug_assert_eq!(Envelope::parse(&entry_bytes).as_ref(), Ok(envelope), "what is stored reads the same");
        let entry = audit::check_envelope(envelope, &entry_bytes, payload, &lines, chain)?;
        let stated = read(&entry, &lines)?;
        Ok(Self { stated, entry_bytes, lines })
    }

    /// Bytes that it takes in a block.
    pub fn stored_bytes(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| 2 + line.len()).sum();
        4 + self.entry_bytes.len() + 4 + lines
    }
}

/// Reads a checked entry as an operation of the ledger.
pub fn read(entry: &CheckedEntry, lines: &[String]) -> Result<Stated, NotAnOperation> {
    read_payload(
        &entry.payload,
        entry.payload_digest,
        &entry.keys.iter().map(|k| KeyId(k.0)).collect::<Vec<_>>(),
        lines,
    )
}

/// Reads a payload as an operation of the ledger, signed by these keys.
pub fn read_payload(
    payload: &Payload,
    digest: Digest,
    signers: &[KeyId],
    lines: &[String],
) -> Result<Stated, NotAnOperation> {
    let contents: Vec<&str> = lines.iter().map(|line| list::content(line)).collect();
    let operation = Operation::read(&payload.kind, payload.version, &payload.body, &contents)?;
    if let Some(stated) = payload.list.map(|list| list.total) {
        let found = operation.list_total();
        if found != Some(stated) {
            let found = found.map_or("more than 64 bits hold".to_owned(), |sum| sum.to_string());
            return Err(NotAnOperation::Total { stated, found });
        }
    }
    Ok(Stated {
        id: payload.id,
        digest: PayloadDigest(digest.0),
        party: payload.party,
        basis: match payload.basis {
            payload::Basis::Own => Basis::Own,
            payload::Basis::Reported => Basis::Reported,
        },
        issued_at: Millis(payload.issued_at.millis()),
        expires_at: Millis(payload.expires_at.millis()),
        occurred_at: payload.occurred_at.map(|at| Millis(at.millis())),
        signers: signers.to_vec(),
        operation,
    })
}

/// What a payload is made of, besides the operation itself.
#[derive(Clone, Debug)]
pub struct Header {
    /// The chain.
    pub chain: Digest,
    /// The operation's id: a UUIDv7 whose time is the time of issue.
    pub id: Uuid,
    /// The party that speaks.
    pub party: Uuid,
    /// When what it states happened.
    pub occurred_at: Option<Millis>,
}

/// The exact bytes to sign, and the lines that go beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// The payload.
    pub payload: Vec<u8>,
    /// The lines.
    pub lines: Vec<String>,
}

/// Why an operation cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The id is not a UUIDv7, so it has no time, or its time is too late to be written down.
    #[error("operation id {0} is not a UUIDv7 of a time up to the year 9999")]
    Id(Uuid),
    /// A moment outside the years 0000 to 9999.
    #[error("{0} is outside the years 0000 to 9999")]
    Time(Millis),
    /// The payload is not one.
    #[error(transparent)]
    Payload(#[from] payload::Malformed),
    /// A line is too long or has control characters.
    #[error("line {at}: {why}")]
    Line {
        /// The line's position, from 0.
        at: usize,
        /// What is wrong.
        why: list::LineFault,
    },
    /// The lines are not a list.
    #[error(transparent)]
    List(#[from] list::ListFault),
    /// The amounts pass 64 bits.
    #[error("the amounts of the list add up to more than 64 bits hold")]
    Total,
}

/// The bytes to sign for an operation. A function of its arguments: `salt_key` is the maker's
/// own secret, so that lines cannot be guessed from their hashes and a retry has the same bytes.
pub fn to_sign(header: &Header, operation: &Operation, salt_key: &[u8; 32]) -> Result<ToSign, Unwritable> {
    let issued_at = id_time(header.id)?;
    let timestamp = |at: Millis| Timestamp::from_millis(at.0).ok_or(Unwritable::Time(at));
    let contents = contents(operation);
    let lines = contents
        .iter()
        .enumerate()
        .map(|(at, content)| {
            let salt = salt(salt_key, header.id, at);
            list::salted(salt, content).map_err(|why| Unwritable::Line { at, why })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let list = match lines.is_empty() {
        true => None,
        false => Some(ListHeader {
            count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            total: operation.list_total().ok_or(Unwritable::Total)?,
            root: list::root(header.id, &lines)?,
        }),
    };
    let payload = Payload {
        chain: header.chain,
        id: header.id,
        kind: operation.kind().name().to_owned(),
        version: 1,
        basis: match operation {
            Operation::TrackingImport(..) => payload::Basis::Reported,
            _ => payload::Basis::Own,
        },
        party: header.party,
        issued_at: timestamp(issued_at)?,
        expires_at: timestamp(issued_at.plus(limits::VALIDITY_MS_MAX))?,
        occurred_at: header.occurred_at.map(timestamp).transpose()?,
        body: operation.body(),
        list,
    };
    Ok(ToSign { payload: payload.to_bytes()?, lines })
}

/// The moment that a UUIDv7 was made; none when the operation would expire after the year 9999.
pub fn id_time(id: Uuid) -> Result<Millis, Unwritable> {
    if id.get_version_num() != 7 {
        return Err(Unwritable::Id(id));
    }
    let bytes = id.as_bytes();
    let ms = bytes[..6].iter().fold(0_i64, |ms, byte| (ms << 8) | i64::from(*byte));
    let made = Millis(ms);
    if made.plus(limits::VALIDITY_MS_MAX).0 > Timestamp::LAST.millis() {
        return Err(Unwritable::Id(id));
    }
    Ok(made)
}

/// The contents of an operation's lines; none for a kind without lines.
fn contents(operation: &Operation) -> Vec<String> {
    match operation {
        Operation::RecipientEnrol(_, lines) => lines.iter().map(|line| line.print()).collect(),
        Operation::TokenDispatch(_, lines) => lines.iter().map(|line| line.print()).collect(),
        Operation::TrackingImport(_, lines) => lines.iter().map(|line| line.print()).collect(),
        Operation::RecipientRecord(_, lines) => lines.iter().map(|line| line.print()).collect(),
        Operation::EntitlementSet(_, lines) => lines.iter().map(|line| line.print()).collect(),
        Operation::EvidenceRecord(_, lines) => lines.iter().map(|line| line.print()).collect(),
        _ => Vec::new(),
    }
}

fn salt(key: &[u8; 32], id: Uuid, at: usize) -> list::Salt {
    let position = u64::try_from(at).unwrap_or(u64::MAX).to_be_bytes();
    let digest = Digest::of_parts(&[b"aqueduct/salt/v1\0", key, id.as_bytes(), &position]);
    list::Salt(digest.0[..16].try_into().expect("a digest has 32 bytes"))
}
