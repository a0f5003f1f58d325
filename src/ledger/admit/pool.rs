//! Consuming tokens and making their successors, in the order that gives them their ids.
//!
//! A pool holds the tokens that an operation may take from. Each `take` names what the money
//! becomes; `settle` then consumes every token that was touched, makes the successors in the
//! order of the takes, and after them the rests, as they were.

use std::sync::Arc;

use crate::ledger::hop::Hop;
use crate::ledger::ids::{AllocationId, TokenId};
use crate::ledger::token::{Origin, Token};

use super::draft::{Draft, Shape};

struct Source {
    token: Arc<Token>,
    left: i64,
}

struct Piece {
    source: Option<usize>,
    amount: i64,
    shape: Shape,
}

/// Tokens to take from.
#[derive(Default)]
pub(super) struct Pool {
    sources: Vec<Source>,
    pieces: Vec<Piece>,
}

/// What settling did: the successors in order, and the tokens consumed.
pub(super) struct Settled {
    pub made: Vec<TokenId>,
    pub spent: Vec<TokenId>,
}

impl Pool {
    /// A pool of one token.
    pub fn of(token: Arc<Token>) -> Self {
        let left = token.amount;
        Self { sources: vec![Source { token, left }], pieces: Vec::new() }
    }

    /// A pool of everything that is live on a hop.
    pub fn of_hop(draft: &Draft<'_>, hop: &Hop) -> Self {
        let books = draft.books();
        let sources = hop.live.iter().map(|id| {
            let token = books.token(id).expect("live tokens come with their hop");
            Source { left: token.amount, token }
        });
        Self { sources: sources.collect(), pieces: Vec::new() }
    }

    /// How much of a kind is left.
    pub fn available(&self, wanted: impl Fn(&Token) -> bool) -> i64 {
        self.sources.iter().filter(|s| wanted(&s.token)).map(|s| s.left).sum()
    }

    /// Takes up to `amount` of a kind, in the order of the tokens; says how much it took.
    pub fn take(&mut self, wanted: impl Fn(&Token) -> bool, amount: i64, shape: &Shape) -> i64 {
        let mut taken = 0;
        for (at, source) in self.sources.iter_mut().enumerate() {
            let part = source.left.min(amount - taken);
            if part > 0 && wanted(&source.token) {
                source.left -= part;
                taken += part;
                self.pieces.push(Piece { source: Some(at), amount: part, shape: shape.clone() });
            }
        }
        taken
    }

    /// Takes all that is left of a kind.
    pub fn take_all(&mut self, wanted: impl Fn(&Token) -> bool, shape: &Shape) -> i64 {
        self.take(wanted, i64::MAX, shape)
    }

    /// Drops up to `amount` of a kind: a surplus cancelled. Says how much.
    pub fn cancel(&mut self, wanted: impl Fn(&Token) -> bool, amount: i64) -> i64 {
        let mut cancelled = 0;
        for source in &mut self.sources {
            let part = source.left.min(amount - cancelled);
            if part > 0 && wanted(&source.token) {
                source.left -= part;
                cancelled += part;
            }
        }
        cancelled
    }

    /// Adds a surplus: money out of nothing, whose parent is the token the hop was sent with.
    pub fn surplus(&mut self, amount: i64, shape: Shape) {
        if amount > 0 {
            self.pieces.push(Piece { source: None, amount, shape });
        }
    }

    /// The pieces taken so far, as (token, amount).
    pub fn pieces(&self) -> impl Iterator<Item = (Arc<Token>, i64)> {
        self.pieces.iter().filter_map(|piece| {
            let source = &self.sources[piece.source?];
            Some((source.token.clone(), piece.amount))
        })
    }

    /// Gives one piece another shape.
    pub fn reshape_one(&mut self, at: usize, shape: Shape) {
        self.pieces[at].shape = shape;
    }

    /// Consumes what was touched and makes the successors, then the rests. `allocation` and
    /// `parent` are those of a surplus.
    pub fn settle(self, draft: &mut Draft<'_>, allocation: AllocationId, parent: Option<TokenId>) -> Settled {
        let touched: Vec<&Source> = self.sources.iter().filter(|s| s.left < s.token.amount).collect();
        let spent: Vec<TokenId> = touched.iter().map(|s| s.token.id).collect();
        for source in &touched {
            draft.spend(&source.token);
        }
        let mut made = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let (allocation, origin, parent) = match piece.source {
                Some(at) => {
                    let token = &self.sources[at].token;
                    (token.allocation, token.origin, Some(token.id))
                }
                None => (allocation, Origin::Surplus, parent),
            };
            let id = draft.make(piece.amount, allocation, origin, parent, &piece.shape);
            made.push(id);
        }
        for source in touched.iter().filter(|s| s.left > 0) {
            let token = &source.token;
            let id = draft.make(source.left, token.allocation, token.origin, Some(token.id), &Shape::like(token));
            made.push(id);
        }
        Settled { made, spent }
    }

    /// Settles tokens of a hop and brings its list of live tokens up to date.
    pub fn settle_on(self, draft: &mut Draft<'_>, hop: &mut Hop) -> Settled {
        let settled = self.settle(draft, hop.allocation, hop.token);
        settled.update(draft, hop);
        settled
    }
}

impl Settled {
    /// Removes what was consumed from a hop's live tokens and adds what stays on it.
    pub fn update(&self, draft: &Draft<'_>, hop: &mut Hop) {
        hop.live.retain(|id| !self.spent.contains(id));
        let books = draft.books();
        for id in &self.made {
            let token = books.token(id).expect("made above");
            if Shape::like(&token).stays_on(hop.id) {
                hop.live.push(*id);
            }
        }
    }
}
