//! What a verification says: how much was checked, and the first thing that is wrong.

use crate::chain::digest::Digest;
use crate::ledger::time::Millis;

/// What was checked, and the first thing that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// The chain's id, once genesis was checked.
    pub chain: Option<Digest>,
    /// The last block that was found in order.
    pub head: Option<CheckedHead>,
    /// Blocks found in order.
    pub blocks: u64,
    /// Entries in them.
    pub entries: u64,
    /// Signatures on them.
    pub signatures: u64,
    /// Lines beside them.
    pub lines: u64,
    /// Rows of the views found as they should be, by table.
    pub view_rows: Vec<(&'static str, u64)>,
    /// The last block that the views hold.
    pub views_height: Option<u64>,
    /// How many blocks the views are behind the chain; no fault, they follow it.
    pub views_behind: u64,
    /// The size of the log in the last checkpoint that this node signed.
    pub signed_size: Option<u64>,
    /// The first fault.
    pub fault: Option<Fault>,
}

/// The last block that was found in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedHead {
    /// Its height.
    pub height: u64,
    /// The digest of its header: compare it with one known from elsewhere.
    pub digest: Digest,
    /// Its time.
    pub time: Millis,
    /// The size of the log after it.
    pub tree_size: u64,
    /// The root of the log after it.
    pub tree_root: Digest,
}

/// Which store a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The chain: the truth itself.
    Chain,
    /// The views, which can be made anew.
    Views,
    /// The node's own store.
    Node,
}

impl Part {
    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Views => "views",
            Self::Node => "node",
        }
    }
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which store.
    pub part: Part,
    /// At which block.
    pub block: Option<u64>,
    /// At which entry.
    pub entry: Option<u64>,
    /// In which table of the views.
    pub table: Option<&'static str>,
    /// At which key of it.
    pub key: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl Fault {
    /// A fault of a block of the chain.
    pub(super) fn in_chain(block: u64, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { part: Part::Chain, block: Some(block), entry: None, table: None, key: None, what }
    }

    /// A fault in the views as a whole.
    pub(super) fn in_views(what: impl Into<String>) -> Self {
        Self { part: Part::Views, block: None, entry: None, table: None, key: None, what: what.into() }
    }

    /// A fault in the node's own store, or between it and the chain.
    pub(super) fn in_node(what: impl Into<String>) -> Self {
        Self { part: Part::Node, block: None, entry: None, table: None, key: None, what: what.into() }
    }
}
