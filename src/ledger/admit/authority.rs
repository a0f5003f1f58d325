//! Who may state what: party, role and number of signatures, in one place.

use crate::ledger::ids::PartyKey;
use crate::ledger::operation::{Operation, Stated};
use crate::ledger::refusal::Refusal;
use crate::ledger::registry::{OfficerKey, Party, PartyKind, Role};
use crate::ledger::state::Layer;

/// The signatures that an operation needs: one set of acceptable roles for each. Two
/// signatures are of two different officers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// One element for each signature: any of these roles will do.
    pub roles: Vec<&'static [Role]>,
    /// The kinds of party that may state it; any when empty.
    pub kinds: &'static [PartyKind],
    /// What to call those kinds.
    pub kinds_text: &'static str,
    /// The second signature is of this party's officer, where it is not the stating party's.
    pub second_party: Option<PartyKey>,
}

const REGISTRARS: (&[PartyKind], &str) = (&[PartyKind::Registrar], "a registrar");
const TREASURIES: (&[PartyKind], &str) = (&[PartyKind::Treasury], "a treasury");
const SUPERVISORS: (&[PartyKind], &str) = (&[PartyKind::Supervisor], "a supervisor");
const PROVIDERS: (&[PartyKind], &str) = (&[PartyKind::Provider], "a payment provider");
const OFFICES: (&[PartyKind], &str) = (&[PartyKind::Treasury, PartyKind::Registrar], "a treasury or a registrar");
const ANYBODY: (&[PartyKind], &str) = (&[], "any party");

/// What an operation of this party needs.
pub fn requirement(books: &Layer<'_>, stated: &Stated, party: &Party) -> Requirement {
    use Role::{Allocator, Approver, Auditor, Caseworker, Dispatcher, Receiver, Registrar, Supervisor};
    let (roles, kinds): (Vec<&'static [Role]>, _) = match &stated.operation {
        Operation::PartyRegister(body) if body.kind == PartyKind::Outside => (vec![&[Registrar, Dispatcher]], ANYBODY),
        Operation::KeyRevoke(body) if books.key(&body.key).is_some_and(|key| key.party == party.key) => {
            (vec![Role::ALL], ANYBODY)
        }
        Operation::ChainBegin(_)
        | Operation::PartyRegister(_)
        | Operation::RecipientEnrol(..)
        | Operation::RecipientRecord(..)
        | Operation::KeyRegister(_)
        | Operation::KeyRevoke(_) => (vec![&[Registrar]], REGISTRARS),
        Operation::EntitlementSet(..) => (vec![&[Allocator, Registrar]], OFFICES),
        Operation::EvidenceRecord(..) => (vec![&[Dispatcher, Receiver, Caseworker, Auditor, Registrar]], ANYBODY),
        Operation::RulesSet(_) => (vec![&[Allocator], &[Approver]], TREASURIES),
        Operation::FlagReview(_) | Operation::CaseStep(_) => (vec![&[Supervisor, Caseworker]], SUPERVISORS),
        Operation::BudgetAppropriate(_) => (vec![&[Allocator]], TREASURIES),
        Operation::ProgrammeDefine(_) | Operation::AllocationCreate(_) => (vec![&[Allocator], &[Approver]], TREASURIES),
        Operation::TokenSplit(_)
        | Operation::TokenDispatch(..)
        | Operation::LossDeclare(_)
        | Operation::RecoveryRecord(_) => (vec![&[Dispatcher]], ANYBODY),
        Operation::TokenReturn(_) if party.kind.is_payee() => (vec![&[Receiver]], ANYBODY),
        Operation::TokenReturn(_) => (vec![&[Dispatcher]], ANYBODY),
        Operation::HopAcknowledge(_)
        | Operation::UnsentAcknowledge(_)
        | Operation::HopRefuse(_)
        | Operation::ReceiptConfirm(_)
        | Operation::ReceiptDispute(_) => (vec![&[Receiver]], ANYBODY),
        Operation::BankEvidenceRecord(_) => (vec![&[Dispatcher, Receiver]], PROVIDERS),
        Operation::DisputeDecide(_) | Operation::LossWriteOff(_) | Operation::FlagClose(_) => {
            (vec![&[Supervisor, Caseworker], &[Approver]], SUPERVISORS)
        }
        Operation::EntryReverse(_) => (vec![&[Allocator, Dispatcher, Receiver, Auditor], &[Approver]], ANYBODY),
        Operation::TrackingImport(..) => (vec![&[Auditor], &[Approver]], ANYBODY),
    };
    let second_party = super::reverse::other_side(books, stated, party);
    let roles = match second_party {
        Some(_) => vec![&[Receiver, Approver][..], &[Dispatcher, Approver][..]],
        None => roles,
    };
    Requirement { roles, kinds: kinds.0, kinds_text: kinds.1, second_party }
}

/// Exactly the signatures needed, each of a valid key with the role, each of another officer.
pub fn check(books: &Layer<'_>, stated: &Stated, party: &Party) -> Result<(), Refusal> {
    signatures(books, stated, party, |found, needed| found == needed)
}

/// The signatures so far fit, each of another officer; more may still be missing.
pub(super) fn check_so_far(books: &Layer<'_>, stated: &Stated, party: &Party) -> Result<(), Refusal> {
    signatures(books, stated, party, |found, needed| found <= needed)
}

fn signatures(
    books: &Layer<'_>,
    stated: &Stated,
    party: &Party,
    is_enough: impl Fn(usize, usize) -> bool,
) -> Result<(), Refusal> {
    let needed = requirement(books, stated, party);
    let keys = keys(books, stated, party, needed.second_party)?;
    if !is_enough(keys.len(), needed.roles.len()) {
        return Err(Refusal::SignatureCount { needed: needed.roles.len(), found: keys.len() });
    }
    if keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| other.officer == key.officer)) {
        return Err(Refusal::SameOfficer);
    }
    if needed.missing(party, &keys).len() + keys.len() != needed.roles.len() {
        return Err(Refusal::RoleMissing { roles: roles_text(&needed) });
    }
    if !needed.kinds.is_empty() && !needed.kinds.contains(&party.kind) {
        return Err(Refusal::PartyKindWrong { needed: needed.kinds_text });
    }
    Ok(())
}

impl Requirement {
    /// The sets of roles that still lack a signature once these keys have signed: empty when
    /// they suffice. At most two signatures are ever needed, so both pairings are tried.
    pub fn missing(&self, party: &Party, signed: &[&OfficerKey]) -> Vec<&'static [Role]> {
        let orders: [Vec<usize>; 2] = [(0..self.roles.len()).collect(), (0..self.roles.len()).rev().collect()];
        let left = orders.map(|mut open| {
            for key in signed {
                if let Some(found) = open.iter().position(|at| self.fits(party, key, *at)) {
                    open.remove(found);
                }
            }
            open
        });
        let [first, second] = left;
        let mut open = if second.len() < first.len() { second } else { first };
        open.sort_unstable();
        open.into_iter().map(|at| self.roles[at]).collect()
    }

    /// Whether a key may give one of the signatures.
    fn fits(&self, party: &Party, key: &OfficerKey, at: usize) -> bool {
        let side = if at == 1 { self.second_party.unwrap_or(party.key) } else { party.key };
        key.party == side && self.roles[at].iter().any(|role| key.roles.contains(role))
    }
}

/// The signing keys: registered, not revoked, and of a party that may sign.
fn keys<'a>(
    books: &Layer<'a>,
    stated: &Stated,
    party: &Party,
    second_party: Option<PartyKey>,
) -> Result<Vec<&'a OfficerKey>, Refusal> {
    stated
        .signers
        .iter()
        .map(|id| {
            let key = books.key(id).ok_or(Refusal::UnknownKey { key: *id })?;
            if let Some(entry) = key.revoked_by {
                return Err(Refusal::RevokedKey { key: *id, entry });
            }
            if key.party != party.key && Some(key.party) != second_party {
                return Err(Refusal::ForeignKey { key: *id });
            }
            Ok(key.as_ref())
        })
        .collect()
}

fn roles_text(needed: &Requirement) -> String {
    let one = |roles: &&'static [Role]| {
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        format!("an officer who is {}", names.join(" or "))
    };
    needed.roles.iter().map(one).collect::<Vec<_>>().join(" and ")
}
