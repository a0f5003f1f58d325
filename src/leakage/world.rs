//! A small administration on the real ledger, in which detectors are tried: every act is admitted
//! as a block would admit it, and what it changed is what a detector sees.
//!
//! Amounts are minor units of INR. One act is one block, a minute after the one before. The
//! programme `PENSION` has the cycles `2026-10` and `2026-11`, a transit fee `FEE` of at most 10 for
//! each hop, and allows every hop five days; `FOOD` is another.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::ledger::admit::{self, Context};
use crate::ledger::case::{CaseMove, CaseOutcome};
use crate::ledger::hop::Hop;
use crate::ledger::ids::{
    AllocationId, CaseId, HopId, KeyId, PartyKey, PayloadDigest, Place, ProgrammeId, Reference, TokenId,
};
use crate::ledger::lines::{EntitlementLine, EvidenceLine, OutputLine, ParticularLine, RecipientLine};
use crate::ledger::money::{Currency, Minor};
use crate::ledger::note::{EvidenceKind, Note, Noted, Particular, PersonDigest, RecipientStatus};
use crate::ledger::operation::*;
use crate::ledger::registry::{Custody, PartyKind, Role};
use crate::ledger::state::{Layer, Tables};
use crate::ledger::time::{Cycle, Millis};
use crate::ledger::token::TokenState;

use super::changes::Happened;
use super::event::{At, Day, Due, Event, Wake};
use super::examine::{Detector, look};
use super::facts::Facts;
use super::files::{DAILY, FileKey, Files};
use super::finding::{Conclusion, Finding, Moment, Subject, next_version};

/// The administration, with everything that happened in it.
pub struct World {
    tables: Tables,
    now: Millis,
    blocks: Vec<Block>,
    numbers: u128,
}

/// What each party holds of each programme's money.
type Held = Vec<(PartyKey, ProgrammeId, i64)>;

/// One act, or time that passed.
struct Block {
    time: Millis,
    happened: Option<Happened>,
    /// What parties hold after it, where a day ended with it.
    held: Option<(Millis, Held)>,
    tables: Tables,
}

/// What an act may say besides its parties and amount; nothing by default.
#[derive(Clone, Default)]
pub struct With {
    pub deductions: Vec<(&'static str, i64)>,
    pub keep: Vec<(&'static str, i64)>,
    pub via: Option<&'static str>,
    pub payment: Option<&'static str>,
    pub purpose: Option<&'static str>,
    pub for_cycle: Option<&'static str>,
    pub programme: Option<&'static str>,
    pub cycle: Option<&'static str>,
    /// When it is stated to have happened; now when left out.
    pub occurred_at: Option<Millis>,
    /// The number of the officer who signs: 0 by default.
    pub officer: u8,
}

pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).expect("tests state amounts in range")
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("tests state days")
}

/// The digest of a person, account, agent or document of this name.
pub fn digest(name: &str) -> PersonDigest {
    use sha2::{Digest as _, Sha256};
    PersonDigest(Sha256::digest(name.as_bytes()).into())
}

/// The id of a party, officer or household of this name.
pub fn id(name: &str) -> Uuid {
    Uuid::new_v8(digest(name).0[..16].try_into().expect("a digest is longer"))
}

/// The officers of a party, by number.
pub fn officer(party: &str, number: u8) -> Uuid {
    id(&format!("officer {number} of {party}"))
}

fn key_of(party: &str, number: u8) -> KeyId {
    use ed25519_dalek::SigningKey;
    let seed = digest(&format!("key {number} of {party}")).0;
    KeyId(SigningKey::from_bytes(&seed).verifying_key().to_bytes())
}

fn inr() -> Currency {
    Currency::parse("INR").expect("it is a currency")
}

const PARTIES: [(&str, PartyKind, &str); 8] = [
    ("treasury", PartyKind::Treasury, ""),
    ("bureau", PartyKind::Intermediary, "North"),
    ("county", PartyKind::Intermediary, "North/Lake"),
    ("town", PartyKind::Intermediary, "North/Lake/Hill"),
    ("bank", PartyKind::Provider, ""),
    ("school", PartyKind::EndPayee, "North/Lake"),
    ("stranger", PartyKind::Outside, ""),
    ("supervisor", PartyKind::Supervisor, ""),
];

/// How many recipients there are: `r1`, `r2`, ... in the area of the county.
const RECIPIENTS: u8 = 12;

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The administration on 2 November 2026, before anything was paid.
    pub fn new() -> Self {
        let now = Millis::parse("2026-11-02T09:00:00Z").expect("a moment");
        let mut world = Self { tables: Tables::default(), now, blocks: Vec::new(), numbers: 0 };
        let registrar = PartyRegister {
            area: String::new(),
            kind: PartyKind::Registrar,
            label: "registrar".to_owned(),
            level: "registrar".to_owned(),
            party: id("registrar"),
        };
        let key = key_body("registrar", 0);
        world.act("registrar", 1, Operation::ChainBegin(ChainBegin { demonstration: true, key, registrar }));
        world.act("registrar", 1, Operation::KeyRegister(key_body("registrar", 1)));
        for (name, kind, area) in PARTIES {
            world.register(name, kind, area, name);
        }
        let line = |at: u8| RecipientLine {
            party: id(&format!("r{at}")),
            area: "North/Lake".to_owned(),
            label: format!("r{at}"),
        };
        let lines = (1..=RECIPIENTS).map(line).collect();
        world.act("registrar", 1, Operation::RecipientEnrol(RecipientEnrol {}, lines));
        for at in 1..=RECIPIENTS {
            let key = key_body(&format!("r{at}"), 0);
            world.act("registrar", 1, Operation::KeyRegister(key));
        }
        for code in ["PENSION", "FOOD"] {
            world.programme(code);
        }
        world
    }

    /// Registers a party with two officers who may sign everything.
    pub fn register(&mut self, name: &str, kind: PartyKind, area: &str, level: &str) {
        let (area, label, level) = (area.to_owned(), name.to_owned(), level.to_owned());
        self.act("registrar", 1, Operation::PartyRegister(PartyRegister { area, kind, label, level, party: id(name) }));
        for number in [0, 1] {
            self.act("registrar", 1, Operation::KeyRegister(key_body(name, number)));
        }
    }

    /// Gives an officer of one party a key of another party as well: that party's officer 7.
    pub fn also_officer_of(&mut self, officer_of: &str, party: &str) {
        let key = KeyRegister { officer: officer(officer_of, 0), ..key_body(party, 7) };
        self.act("registrar", 1, Operation::KeyRegister(key));
    }

    /// Defines a programme, or redefines it, with the codes that are lawful up to an amount.
    pub fn schedule(&mut self, code: &str, lawful: &[(&str, i64)]) -> u64 {
        let days = AllowedDays { delivery: 5, recovery: 5, giving_back: 5, transfer: 5 };
        let deduction = |(code, cap): &(&str, i64)| ScheduledDeduction {
            cap_amount: Some(minor(*cap)),
            cap_millionths: None,
            code: (*code).to_owned(),
        };
        let body = ProgrammeDefine {
            allowed_days: days,
            code: code.to_owned(),
            currency: inr(),
            deductions: lawful.iter().map(deduction).collect(),
            label: code.to_owned(),
            utc_offset_minutes: 0,
        };
        self.act("treasury", 2, Operation::ProgrammeDefine(body))
    }

    fn programme(&mut self, code: &str) {
        self.schedule(code, &[("FEE", 10)]);
        for (label, first_day, last_day) in
            [("2026-10", "2026-10-01", "2026-10-31"), ("2026-11", "2026-11-01", "2026-11-30")]
        {
            let cycle = Cycle { first_day: day(first_day), label: label.to_owned(), last_day: day(last_day) };
            let (amount, currency, programme) = (minor(1_000_000_000), inr(), code.to_owned());
            self.act(
                "treasury",
                1,
                Operation::BudgetAppropriate(BudgetAppropriate { amount, currency, cycle, programme }),
            );
        }
    }

    /// The current time.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Goes on at a moment, such as `2026-11-20T10:00:00Z`, without a block.
    pub fn at(&mut self, moment: &str) {
        self.now = Millis::parse(moment).expect("tests state moments");
    }

    /// Lets days pass, each with an empty block at its noon, at which what is due falls due.
    pub fn pass(&mut self, days: u32) {
        for _ in 0..days {
            let last = self.now;
            self.now = Millis(self.now.0 - self.now.0.rem_euclid(86_400_000) + 86_400_000 + 43_200_000);
            let held = Some((last, self.held()));
            self.blocks.push(Block { time: self.now, happened: None, held, tables: self.tables.clone() });
        }
    }

    fn held(&self) -> Vec<(PartyKey, ProgrammeId, i64)> {
        let mut held: BTreeMap<(PartyKey, ProgrammeId), i64> = BTreeMap::new();
        for token in self.tokens() {
            if let (TokenState::Held | TokenState::Returned, Some(holder)) = (token.state, token.holder) {
                let allocation = &self.tables.allocations[&token.allocation];
                *held.entry((holder, allocation.programme)).or_default() += token.amount;
            }
        }
        held.into_iter().map(|((party, programme), amount)| (party, programme, amount)).collect()
    }

    fn tokens(&self) -> Vec<Arc<crate::ledger::token::Token>> {
        let all = self.tables.tokens.keys(TokenId::MIN..=TokenId::MAX);
        let all = all.filter_map(|id| self.tables.tokens.get(&id)).filter(|token| token.spent_by.is_none());
        all.collect()
    }

    /// The key of a party or recipient.
    pub fn key(&self, name: &str) -> PartyKey {
        self.tables.parties.key_of(&id(name)).expect("tests name parties that are there")
    }

    /// A programme's id.
    pub fn programme_id(&self, code: &str) -> ProgrammeId {
        self.tables.programme_codes[code]
    }

    /// A hop as it stands.
    pub fn hop(&self, id: HopId) -> Arc<Hop> {
        self.tables.hops.get(&id).expect("tests name hops that are there")
    }

    /// The entry of the last act.
    pub fn entry(&self) -> u64 {
        self.blocks.iter().rev().find_map(|block| block.happened.as_ref()?.at.entry).expect("something happened")
    }

    /// Money in a party's hands: allocated, and passed on to it in full if it is not the treasury.
    pub fn fund(&mut self, party: &str, amount: i64, with: &With) -> TokenId {
        let programme = with.programme.unwrap_or("PENSION").to_owned();
        let cycle = with.cycle.unwrap_or("2026-11").to_owned();
        let body = AllocationCreate {
            amount: minor(amount),
            currency: inr(),
            cycle,
            declared_recipients: None,
            declared_total: None,
            programme,
            purpose: "PENSION".to_owned(),
        };
        let entry = self.act("treasury", 2, Operation::AllocationCreate(body));
        let token = TokenId(Place::new(entry, 0).expect("in range"));
        if party == "treasury" {
            return token;
        }
        let hop = self.dispatch("treasury", token, &[(party, amount)], &With::default())[0];
        self.answered(hop, amount);
        self.token_of(party, hop)
    }

    /// An allocation that is declared to be paid out to so many, and in all so much.
    pub fn allocate_declared(
        &mut self,
        amount: i64,
        recipients: Option<u32>,
        total: Option<i64>,
    ) -> (AllocationId, TokenId) {
        let body = AllocationCreate {
            amount: minor(amount),
            currency: inr(),
            cycle: "2026-11".to_owned(),
            declared_recipients: recipients,
            declared_total: total.map(minor),
            programme: "PENSION".to_owned(),
            purpose: "PENSION".to_owned(),
        };
        let entry = self.act("treasury", 2, Operation::AllocationCreate(body));
        let place = Place::new(entry, 0).expect("in range");
        (AllocationId(place), TokenId(place))
    }

    /// The token that a party holds by a hop.
    pub fn token_of(&self, party: &str, hop: HopId) -> TokenId {
        let holder = self.key(party);
        let is = |token: &Arc<crate::ledger::token::Token>| token.holder == Some(holder) && token.hop == Some(hop);
        self.tokens().into_iter().find(is).expect("the party holds money by this hop").id
    }

    /// What a party holds, in order.
    pub fn tokens_of(&self, party: &str) -> Vec<TokenId> {
        let holder = Some(self.key(party));
        let is_held = |state| matches!(state, TokenState::Held | TokenState::Returned);
        let held = self.tokens().into_iter().filter(|token| token.holder == holder && is_held(token.state));
        held.map(|token| token.id).collect()
    }

    /// The missing token of a hop.
    pub fn missing_of(&self, hop: HopId) -> TokenId {
        let is =
            |token: &Arc<crate::ledger::token::Token>| token.state == TokenState::Missing && token.hop == Some(hop);
        self.tokens().into_iter().find(is).expect("money of this hop is missing").id
    }

    /// Money sent, newly funded: the hop.
    pub fn sent(&mut self, from: &str, to: &str, amount: i64) -> HopId {
        self.sent_with(from, to, amount, &With::default())
    }

    /// The same with more to say.
    pub fn sent_with(&mut self, from: &str, to: &str, amount: i64, with: &With) -> HopId {
        let kept: i64 = with.keep.iter().map(|(_, amount)| amount).sum();
        let token = self.fund(from, amount + kept, with);
        self.dispatch(from, token, &[(to, amount)], with)[0]
    }

    /// A token dispatched to some, each with the amount: the hops.
    pub fn dispatch(&mut self, from: &str, token: TokenId, to: &[(&str, i64)], with: &With) -> Vec<HopId> {
        let line = |(to, amount): &(&str, i64)| OutputLine {
            to: id(to),
            amount: minor(*amount),
            deductions: deductions(&with.deductions),
            purpose: with.purpose.map(str::to_owned),
            for_cycle: with.for_cycle.map(str::to_owned),
            payment: with.payment.map(str::to_owned),
            via: with.via.map(id),
            commitment: None,
        };
        let body = TokenDispatch { currency: inr(), keep: deductions(&with.keep), token: self.reference(token.0) };
        let lines = to.iter().map(line).collect();
        let entry = self.act_with(from, 1, Operation::TokenDispatch(body, lines), with);
        (0..to.len()).map(|at| HopId(Place::new(entry, u32::try_from(at).expect("few")).expect("in range"))).collect()
    }

    /// A hop acknowledged by its receiver, or a recipient's word, first or higher.
    pub fn answered(&mut self, hop: HopId, amount: i64) -> u64 {
        self.answered_with(hop, amount, &With::default())
    }

    /// The same with more to say; deductions are those of the acknowledgement.
    pub fn answered_with(&mut self, hop: HopId, amount: i64, with: &With) -> u64 {
        let to = self.label(self.hop(hop).to);
        let (reference, amount) = (self.reference(hop.0), minor(amount));
        let operation = match self.tables.parties.by_id(&id(&to)).map(|party| party.kind) {
            Some(PartyKind::Recipient) => Operation::ReceiptConfirm(ReceiptConfirm {
                currency: inr(),
                hop: reference,
                issues: String::new(),
                received: amount,
            }),
            _ => Operation::HopAcknowledge(HopAcknowledge {
                arrived: amount,
                currency: inr(),
                deductions: deductions(&with.deductions),
                hop: reference,
            }),
        };
        self.act_with(&to, 1, operation, with)
    }

    /// A recipient's word below what was sent, or said before.
    pub fn disputed(&mut self, hop: HopId, received: i64) -> u64 {
        let (to, hop, reason) = (self.label(self.hop(hop).to), self.reference(hop.0), "less came".to_owned());
        let body = ReceiptDispute { currency: inr(), hop, reason, received: minor(received) };
        self.act(&to, 1, Operation::ReceiptDispute(body))
    }

    /// What the bank says of a hop: credited in all, bounced now, the value date.
    pub fn banked(&mut self, hop: HopId, credited: Option<i64>, returned: Option<i64>, value: Option<&str>) -> u64 {
        let body = BankEvidenceRecord {
            credited: credited.map(minor),
            currency: inr(),
            deductions: Vec::new(),
            hop: self.reference(hop.0),
            reason_code: None,
            reference: String::new(),
            returned: returned.map(minor),
            value_date: value.map(day),
        };
        self.act("bank", 1, Operation::BankEvidenceRecord(body))
    }

    /// A token, or a part of it, given back to a party.
    pub fn given_back(&mut self, from: &str, token: TokenId, to: &str, amount: i64) -> HopId {
        let body = TokenReturn {
            amount: minor(amount),
            currency: inr(),
            reason: "not needed".to_owned(),
            to: id(to),
            token: self.reference(token.0),
        };
        let entry = self.act(from, 1, Operation::TokenReturn(body));
        HopId(Place::new(entry, 0).expect("in range"))
    }

    /// Money that its receiver refuses: it goes back.
    pub fn refused(&mut self, hop: HopId, amount: i64) -> u64 {
        let (to, hop, amount) = (self.label(self.hop(hop).to), self.reference(hop.0), minor(amount));
        let body = HopRefuse { amount, currency: inr(), hop, reason: "not ours".to_owned() };
        self.act(&to, 1, Operation::HopRefuse(body))
    }

    /// A supervisor's decision on what a recipient disputes.
    pub fn decided(&mut self, hop: HopId, decision: Decision) -> u64 {
        let body = DisputeDecide { decision, hop: self.reference(hop.0), reason: "heard".to_owned() };
        self.act("supervisor", 2, Operation::DisputeDecide(body))
    }

    /// A dispatch reversed while nobody answered it.
    pub fn reversed(&mut self, by: &str, hop: HopId) -> u64 {
        let body = EntryReverse { entry: self.reference(hop.0), reason: "a slip".to_owned() };
        self.act(by, 2, Operation::EntryReverse(body))
    }

    /// The latest acknowledgement of a hop reversed by its receiver and its sender.
    pub fn unacknowledged(&mut self, receiver: &str, sender: &str, entry: u64) -> u64 {
        let place = Place::new(entry, 0).expect("in range");
        let body = EntryReverse { entry: self.reference(place), reason: "a slip".to_owned() };
        let signers = vec![key_of(receiver, 0), key_of(sender, 0)];
        self.signed(receiver, signers, Operation::EntryReverse(body), None)
    }

    /// What the registry says of a recipient; since today when no day is given.
    pub fn of_recipient(&mut self, recipient: &str, particular: Particular, since: Option<&str>) -> u64 {
        self.of_person(id(recipient), particular, since)
    }

    /// What the registry says of a recipient or officer.
    pub fn of_person(&mut self, person: Uuid, particular: Particular, since: Option<&str>) -> u64 {
        let line = ParticularLine { person, particular, since: since.map(day) };
        self.act("registrar", 1, Operation::RecipientRecord(RecipientRecord {}, vec![line]))
    }

    /// A recipient's status since a day.
    pub fn status(&mut self, recipient: &str, status: RecipientStatus, since: &str) -> u64 {
        self.of_recipient(recipient, Particular::Status(status), Some(since))
    }

    /// What a recipient is due of `PENSION` for a cycle, by a day.
    pub fn entitled(&mut self, recipient: &str, cycle: &str, amount: i64, due: &str) -> u64 {
        let body = EntitlementSet {
            currency: inr(),
            cycle: cycle.to_owned(),
            programme: "PENSION".to_owned(),
            purpose: "PENSION".to_owned(),
        };
        let line = EntitlementLine { recipient: id(recipient), amount: minor(amount), due: day(due) };
        self.act("treasury", 1, Operation::EntitlementSet(body, vec![line]))
    }

    /// Evidence of a hop: a collection, document or request, stated by a party.
    pub fn evidence_of_hop(&mut self, by: &str, kind: EvidenceKind, hop: HopId, line: &EvidenceLine) -> u64 {
        let Reference { digest, operation, output } = self.reference(hop.0);
        let body = EvidenceRecord { entries: vec![EntryReference { digest, operation }] };
        let line = EvidenceLine { kind, hop: Some((0, output)), ..line.clone() };
        self.act(by, 1, Operation::EvidenceRecord(body, vec![line]))
    }

    /// Evidence of several hops of one entry, in one operation.
    pub fn evidence_of_hops(&mut self, by: &str, hops: &[HopId], line: &EvidenceLine) -> u64 {
        let first = hops.first().expect("tests name hops");
        let Reference { digest, operation, .. } = self.reference(first.0);
        let body = EvidenceRecord { entries: vec![EntryReference { digest, operation }] };
        let of = |hop: &HopId| EvidenceLine { hop: Some((0, hop.0.position())), ..line.clone() };
        self.act(by, 1, Operation::EvidenceRecord(body, hops.iter().map(of).collect()))
    }

    /// Other evidence, stated by a party.
    pub fn evidence(&mut self, by: &str, line: EvidenceLine) -> u64 {
        self.act(by, 1, Operation::EvidenceRecord(EvidenceRecord { entries: Vec::new() }, vec![line]))
    }

    /// Sets what is looked for in `PENSION`.
    pub fn rules(&mut self, rules: Rules) -> u64 {
        self.act("treasury", 2, Operation::RulesSet(RulesSet { programme: "PENSION".to_owned(), rules }))
    }

    /// Sets thresholds of `PENSION`, and nothing else.
    pub fn thresholds(&mut self, set: &[(&str, i64)]) -> u64 {
        let thresholds =
            set.iter().map(|(name, value)| Threshold { name: (*name).to_owned(), value: *value }).collect();
        self.rules(Rules { thresholds, ..Rules::default() })
    }

    /// The supervisor takes up a loss on a hop: the case.
    pub fn case(&mut self, hop: HopId, amount: i64) -> CaseId {
        let accountable = self.hop(hop).accountable;
        let body = FlagReview {
            accused: Some(id(&self.label(accountable))),
            amount: minor(amount),
            currency: inr(),
            deadline: self.now.plus(30 * 86_400_000),
            finding: Subject::Hop(hop).finding_id(super::rule::Rule::L01),
            hops: vec![self.reference(hop.0)],
            reason: "look into it".to_owned(),
            rule: "L01".to_owned(),
            rule_version: 1,
        };
        CaseId(Place::new(self.act("supervisor", 1, Operation::FlagReview(body)), 0).expect("in range"))
    }

    /// Takes a case further.
    pub fn stepped(&mut self, case: CaseId, step: CaseMove, amount: Option<i64>) -> u64 {
        let (case, deadline) = (self.reference(case.0), self.now.plus(30 * 86_400_000));
        let body = CaseStep { amount: amount.map(minor), case, deadline, reason: "found".to_owned(), step };
        self.act("supervisor", 1, Operation::CaseStep(body))
    }

    /// Ends a case.
    pub fn closed(&mut self, case: CaseId, outcome: CaseOutcome) -> u64 {
        let body = FlagClose { case: self.reference(case.0), outcome, reason: "done".to_owned() };
        self.act("supervisor", 2, Operation::FlagClose(body))
    }

    /// Missing money paid back under a case: the hop, not yet acknowledged by the treasury.
    pub fn recovery(&mut self, by: &str, hop: HopId, amount: i64, case: CaseId) -> HopId {
        let token = self.missing_of(hop);
        let body = RecoveryRecord {
            amount: minor(amount),
            case: Some(self.reference(case.0)),
            currency: inr(),
            reason: "order".to_owned(),
            token: self.reference(token.0),
        };
        HopId(Place::new(self.act(by, 1, Operation::RecoveryRecord(body)), 0).expect("in range"))
    }

    fn label(&self, key: PartyKey) -> String {
        self.tables.parties.get(&key).expect("hops name parties that are there").label.clone()
    }

    fn reference(&self, place: Place) -> Reference {
        let operations = self.tables.operations.range((Uuid::nil(), PartyKey::MIN)..=(Uuid::max(), PartyKey::MAX));
        let recorded =
            operations.into_iter().find(|recorded| recorded.entry == place.entry()).expect("it was recorded");
        Reference { digest: recorded.digest, operation: recorded.id, output: place.position() }
    }

    /// An operation of a party, signed by so many of its officers; the entry.
    pub fn act(&mut self, party: &str, signatures: u8, operation: Operation) -> u64 {
        self.act_with(party, signatures, operation, &With::default())
    }

    fn act_with(&mut self, party: &str, signatures: u8, operation: Operation, with: &With) -> u64 {
        let signers = (0..signatures).map(|number| key_of(party, with.officer + number)).collect();
        self.signed(party, signers, operation, with.occurred_at)
    }

    fn signed(
        &mut self,
        party: &str,
        mut signers: Vec<KeyId>,
        operation: Operation,
        occurred_at: Option<Millis>,
    ) -> u64 {
        self.numbers += 1;
        self.now = self.now.plus(60_000);
        let entry = u64::try_from(self.numbers - 1).expect("few");
        signers.sort_unstable();
        let stated = Stated {
            id: Uuid::from_u128(self.numbers),
            digest: PayloadDigest(digest(&format!("operation {}", self.numbers)).0),
            party: id(party),
            basis: Basis::Own,
            issued_at: self.now,
            expires_at: self.now,
            occurred_at,
            signers,
            operation,
        };
        let context = Context { entry, now: self.now };
        let admitted = admit::admit(&Layer::bottom(&self.tables), &stated, context);
        let admitted = admitted.unwrap_or_else(|refusal| panic!("{party}: {refusal}: {:?}", stated.operation));
        self.tables.merge(admitted.layer);
        let officer = |key: &KeyId| self.tables.keys.get(key).map(|key| key.officer);
        let happened = Some(Happened::of(&admitted.change, officer));
        self.blocks.push(Block { time: self.now, happened, held: None, tables: self.tables.clone() });
        entry
    }

    /// The findings of a detector that stand at the end, in order of when they were raised.
    pub fn findings(&self, detector: &dyn Detector) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.history(detector).into_values().filter(|f| f.resolved.is_none()).collect();
        findings.sort_by_key(|finding| (finding.raised.height, finding.id));
        findings
    }

    /// The one finding that stands at the end; its operands recompute its amount.
    pub fn only(&self, detector: &dyn Detector) -> Conclusion {
        let findings = self.findings(detector);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings[0].conclusion.clone()
    }

    /// Nothing is found, or what was is resolved.
    pub fn none(&self, detector: &dyn Detector) {
        assert_eq!(self.findings(detector), Vec::new());
    }

    /// The last version of every finding, resolved ones too.
    pub fn history(&self, detector: &dyn Detector) -> BTreeMap<Uuid, Finding> {
        self.run(detector).findings
    }

    /// Every subject of which a detector said anything, however often.
    pub fn said(&self, detector: &dyn Detector) -> Vec<Subject> {
        self.run(detector).said
    }

    /// What is known at the end.
    pub fn facts(&self) -> Facts {
        let mut run = self.run(&super::detectors::l01_hop_shortfall::HopShortfall);
        run.bring(|_| true);
        run.facts
    }

    fn run<'a>(&self, detector: &'a dyn Detector) -> Run<'a> {
        let notes = self.blocks.iter().filter_map(|block| block.happened.as_ref());
        let notes = notes.filter_map(|happened| Some((happened.at.entry?, happened.notes.clone()))).collect();
        let (facts, findings) = (Facts::default(), BTreeMap::new());
        let mut run =
            Run { detector, facts, findings, wakes: Vec::new(), notes, said: Vec::new(), stored: BTreeMap::new() };
        for (height, block) in self.blocks.iter().enumerate() {
            run.block(u64::try_from(height).expect("few"), block);
        }
        run
    }
}

fn key_body(party: &str, number: u8) -> KeyRegister {
    KeyRegister {
        custody: Custody::Holder,
        key: key_of(party, number),
        officer: officer(party, number),
        party: id(party),
        roles: Role::ALL.to_vec(),
    }
}

fn deductions(list: &[(&'static str, i64)]) -> Vec<Deduction> {
    list.iter().map(|(code, amount)| Deduction { amount: minor(*amount), code: (*code).to_owned() }).collect()
}

/// Evidence that says nothing yet.
pub fn line(kind: EvidenceKind) -> EvidenceLine {
    EvidenceLine {
        kind,
        hop: None,
        party: None,
        programme: None,
        amount: None,
        at: None,
        digest: None,
        agent: None,
        reference: None,
    }
}

struct Run<'a> {
    detector: &'a dyn Detector,
    facts: Facts,
    findings: BTreeMap<Uuid, Finding>,
    wakes: Vec<(Millis, Wake)>,
    notes: BTreeMap<u64, Vec<Arc<Note>>>,
    said: Vec<Subject>,
    /// The files between events.
    stored: BTreeMap<FileKey, Vec<u8>>,
}

impl Run<'_> {
    fn block(&mut self, height: u64, block: &Block) {
        let tables = &block.tables;
        self.facts.parties = tables.parties.values().map(|party| (party.key, party)).collect();
        self.facts.cycles = tables
            .appropriations
            .iter()
            .map(|((programme, label), set)| ((*programme, label.clone()), set.cycle.clone()))
            .collect();
        let now = Moment { height, time: block.time };
        if let Some(happened) = &block.happened {
            let hops: BTreeMap<HopId, Arc<Hop>> =
                happened.hops_named().filter_map(|id| tables.hops.get(&id).map(|hop| (id, hop))).collect();
            self.balances(happened, block);
            for event in happened.events(|id| hops.get(&id).map(Arc::as_ref)) {
                self.event(&event, &happened.at, now);
            }
        }
        self.due(block, now);
        if let Some((last, held)) = &block.held {
            // Nothing happens in such a block, so what is held now was held at the end of the day before.
            let day = Day { now: block.time, last: *last, before: held.clone(), held: held.clone() };
            self.event(&Event::Day(&day), &At { now: block.time, occurred_at: block.time, ..At::default() }, now);
        }
    }

    /// The balance by the ledger, where a note states one: that of now, since tests state it at once.
    fn balances(&mut self, happened: &Happened, block: &Block) {
        for note in &happened.notes {
            if let Noted::Evidence(evidence) = &note.fact
                && evidence.kind == EvidenceKind::Balance
            {
                let world = World { tables: block.tables.clone(), now: block.time, blocks: Vec::new(), numbers: 0 };
                let of = |(party, programme, _): &&(PartyKey, ProgrammeId, i64)| {
                    Some(*party) == evidence.party && Some(*programme) == evidence.programme
                };
                let balance = world.held().iter().find(of).map_or(0, |(.., amount)| *amount);
                self.facts.balances.insert(note.id, balance);
            }
        }
    }

    fn due(&mut self, block: &Block, now: Moment) {
        self.wakes.sort_unstable();
        self.wakes.dedup();
        let (due, later) = self.wakes.drain(..).partition(|(at, _)| *at < block.time);
        self.wakes = later;
        let due: Vec<(Millis, Wake)> = due;
        let rule = self.detector.rule();
        let at = At { now: block.time, occurred_at: block.time, ..At::default() };
        for (_, wake) in due {
            let tables = &block.tables;
            match wake {
                Wake::HopsOf(entry) => {
                    for hop in Layer::bottom(tables).hops_of_entry(entry) {
                        self.event(&Event::Due(rule, Due::Hop(&hop)), &at, now);
                    }
                }
                Wake::CaseOf(entry) => {
                    let case = CaseId(Place::new(entry, 0).expect("in range"));
                    if let Some(case) = tables.cases.get(&case) {
                        self.event(&Event::Due(rule, Due::Case(case)), &at, now);
                    }
                }
                Wake::NotesOf(entry) => self.notes_of(entry, block, now),
            }
        }
    }

    fn notes_of(&mut self, entry: u64, block: &Block, now: Moment) {
        let at = At { now: block.time, occurred_at: block.time, ..At::default() };
        for note in self.notes.get(&entry).cloned().unwrap_or_default() {
            self.event(&Event::Due(self.detector.rule(), Due::Note(&note)), &at, now);
        }
    }

    /// Brings stored files.
    fn bring(&mut self, wanted: impl Fn(&FileKey) -> bool) {
        for (key, body) in self.stored.iter().filter(|(key, _)| wanted(key)) {
            assert!(self.facts.files.take(key.clone(), body), "{key:?}");
        }
    }

    /// Brings no file but what an event is said to need.
    fn prepare(&mut self, event: &Event<'_>, at: &At) {
        self.facts.files = Files::default();
        if matches!(event, Event::Day(_)) {
            self.bring(|key| DAILY.contains(&key.kind()));
        }
        loop {
            let mut lacking = self.facts.lacking(event, at);
            lacking.extend(self.facts.lacking_of_collection(event));
            if lacking.is_empty() {
                return;
            }
            self.bring(|key| lacking.contains(key));
            self.facts.files.asked(lacking);
        }
    }

    fn event(&mut self, event: &Event<'_>, at: &At, now: Moment) {
        self.prepare(event, at);
        self.facts.fold(event, at);
        self.stored.extend(self.facts.files.changes());
        let found = look(self.detector, event, at, &self.facts).expect("detectors do not panic");
        self.wakes.extend(found.wakes);
        for (subject, verdict) in found.verdicts {
            self.said.push(subject.clone());
            let id = subject.finding_id(self.detector.rule());
            if let Some(next) = next_version(self.findings.get(&id), self.detector.rule(), &subject, verdict, now) {
                assert!(next.conclusion.equation.value().is_some(), "its operands give its amount: {next:?}");
                self.findings.insert(id, next);
            }
        }
    }
}
