//! Carries a plan out: everybody is registered, gets a key that the node keeps, and states what is
//! planned, moment by moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use uuid::Uuid;

use crate::ledger::lines::RecipientLine;
use crate::ledger::operation::{KeyRegister, Operation, PartyRegister, RecipientEnrol};
use crate::ledger::registry::{Custody, PartyKind};
use crate::ledger::time::Millis;
use crate::service::begin::Begun;
use crate::service::clock::Clock;
use crate::service::node::Node;
use crate::service::officers::Viewer;
use crate::service::orderer::Answer;
use crate::service::record::{NotAccepted, Status};

use super::SimulationError;
use super::books::Books;
use super::cast::{Cast, REGISTRAR, Who};
use super::honest::WORKS;
use super::plan::{Act, Deed, Plan, moment};
use super::random::Random;
use super::speech;
use super::truth::{About, Irregularity, Planted, Subject};

/// Recipients of one enrolment.
const ENROLMENT_LINES: usize = 8_000;
/// Which officer gives the second signature.
const APPROVER: u8 = 1;

/// Carries a plan out.
pub struct Teller {
    node: Node,
    clock: Arc<Clock>,
    cast: Cast,
    random: Random,
    begun: Begun,
    viewers: BTreeMap<(Who, u8), Viewer>,
    books: Books,
    /// Operations stated so far: what their ids are made from.
    stated: u64,
}

impl Teller {
    /// Somebody who will carry out a plan of this cast, on a node whose chain has begun.
    pub fn new(node: Node, clock: Arc<Clock>, plan: &Plan, begun: Begun) -> Self {
        let (random, cast) = (plan.random.clone(), plan.cast.clone());
        Self { node, clock, cast, random, begun, viewers: BTreeMap::new(), books: Books::default(), stated: 0 }
    }

    /// Brings the views up to the end and stops the node.
    pub async fn stop(self) {
        self.node.catch_up().await;
        self.node.stop().await;
    }

    /// Carries the plan out, and says what was planted by the names that the books have for it.
    pub async fn tell(
        &mut self,
        mut plan: Plan,
        progress: &impl Fn(&str, u64, u64),
    ) -> Result<Vec<Irregularity>, SimulationError> {
        let begins = plan.calendar.begins();
        self.learn();
        let registered = self.registrations(moment(begins, 1));
        self.state_all(registered).await?;
        let keys = self.keys(moment(begins, 2)).await?;
        self.state_all(keys).await?;
        self.learn();
        let moments = plan.moments();
        let total = u64::try_from(moments.len()).unwrap_or(u64::MAX);
        for (done, acts) in (0_u64..).zip(moments) {
            progress(&acts[0].at.to_string(), done, total);
            self.state_all(acts).await?;
        }
        progress("done", total, total);
        plan.truth.iter().map(|planted| self.truth_of(&plan, planted)).collect()
    }

    fn registration(at: Millis, operation: Operation) -> Act {
        let deed = Deed::Plain(Box::new(operation));
        Act { at, occurred: None, by: REGISTRAR, officer: 0, deed, opens: Vec::new() }
    }

    /// The registrations of everybody.
    fn registrations(&self, at: Millis) -> Vec<Act> {
        let (mut acts, mut recipients) = (Vec::new(), Vec::new());
        for (number, member) in self.cast.members.iter().enumerate().skip(1) {
            let (party, area, label) = (self.cast.id(Who(number)), member.area.clone(), member.label.clone());
            if member.kind == PartyKind::Recipient {
                recipients.push(RecipientLine { party, area, label });
                continue;
            }
            let level = member.level.to_owned();
            let body = PartyRegister { area, kind: member.kind, label, level, party };
            acts.push(Self::registration(at, Operation::PartyRegister(body)));
        }
        for lines in recipients.chunks(ENROLMENT_LINES) {
            acts.push(Self::registration(at, Operation::RecipientEnrol(RecipientEnrol {}, lines.to_vec())));
        }
        acts
    }

    /// Everybody who signs: the party, the number of the officer there, and whose roles it has.
    fn posts(&self) -> Vec<(Who, u8, (Who, u8))> {
        let mut posts = Vec::new();
        for (number, member) in self.cast.members.iter().enumerate().skip(1) {
            let own = u8::try_from(member.officers.len()).unwrap_or(u8::MAX);
            posts.extend((0..own).map(|officer| (Who(number), officer, (Who(number), officer))));
            posts.extend(member.shared.map(|_| (Who(number), own, (Who(number), 0))));
        }
        posts
    }

    /// Makes a key for everybody, kept by the node, and the registrations of these keys.
    async fn keys(&self, at: Millis) -> Result<Vec<Act>, SimulationError> {
        let mut acts = Vec::new();
        for (who, number, (of, role)) in self.posts() {
            let officer = self.cast.officer(who, number);
            let body = KeyRegister {
                custody: Custody::Node,
                key: self.node.keyring().create(officer).await?,
                officer,
                party: self.cast.id(who),
                roles: self.cast.member(of).officers[usize::from(role)].clone(),
            };
            acts.push(Self::registration(at, Operation::KeyRegister(body)));
        }
        Ok(acts)
    }

    /// Learns from the books who may sign by now. An officer of two parties speaks for each.
    fn learn(&mut self) {
        let posts = self.posts();
        let tables = self.node.tables();
        let registrar = (REGISTRAR, 0, self.begun.officer, self.begun.party);
        let others =
            posts.iter().map(|(who, number, _)| (*who, *number, self.cast.officer(*who, *number), self.cast.id(*who)));
        let mut viewers = BTreeMap::new();
        for (who, number, officer, party) in others.chain([registrar]) {
            let Some(party) = tables.parties.by_id(&party) else { continue };
            let keys: Vec<_> = tables.keys_of(officer).filter(|key| key.party == party.key).cloned().collect();
            if !keys.is_empty() {
                viewers.insert((who, number), Viewer { officer, party, keys });
            }
        }
        drop(tables);
        self.viewers = viewers;
    }

    /// States what is of one moment, all at once.
    async fn state_all(&mut self, acts: Vec<Act>) -> Result<(), SimulationError> {
        let Some(at) = acts.first().map(|act| act.at) else { return Ok(()) };
        self.clock.set(at);
        let mut named: Vec<(Uuid, Act, Operation)> = Vec::with_capacity(acts.len());
        for act in acts {
            let operation = speech::operation(&act, &self.cast, &self.books).ok_or_else(|| self.unnamed(&act))?;
            named.push((self.random.operation(self.stated, at), act, operation));
            self.stated += 1;
        }
        let this = &*self;
        let answers = join_all(named.iter().map(|(id, act, operation)| this.state(*id, act, operation))).await;
        for ((_, act, operation), answer) in named.iter().zip(answers) {
            let answer = answer?;
            let Some(change) = &answer.change else {
                return Err(unexpected(&self.cast, act, operation, "recorded before"));
            };
            self.books.take(change);
            self.books.named(act, change);
        }
        Ok(())
    }

    fn unnamed(&self, act: &Act) -> SimulationError {
        let what: String = format!("{:?}", act.deed).chars().take(200).collect();
        SimulationError::Unnamed { at: act.at, by: self.cast.label(act.by).to_owned(), what }
    }

    /// States one operation; its approver signs it too where two officers must.
    async fn state(&self, id: Uuid, act: &Act, operation: &Operation) -> Result<Answer, SimulationError> {
        let refused = |why: NotAccepted| SimulationError::Refused {
            at: act.at,
            by: self.cast.label(act.by).to_owned(),
            kind: operation.kind().name(),
            source: Box::new(why),
        };
        let viewer = |number| self.viewers.get(&(act.by, number)).ok_or_else(|| self.unnamed(act));
        let first = viewer(act.officer)?;
        let mut outcome = self.node.state(first, id, act.occurred, operation.clone()).await.map_err(refused)?;
        if matches!(outcome.status, Status::AwaitingSignature { .. }) {
            outcome = self.node.approve(viewer(APPROVER)?, id).await.map_err(refused)?;
        }
        match outcome.status {
            Status::Recorded(answer) => Ok(answer),
            other => Err(unexpected(&self.cast, act, operation, &format!("{other:?}"))),
        }
    }

    /// What an office loses of `WORKS` beyond the rate of the others of its level.
    fn lost_beyond_peers(&self, who: Who) -> Option<i64> {
        let level = self.cast.member(who).level;
        let peers = (1..self.cast.members.len()).map(Who).filter(|peer| self.cast.member(*peer).level == level);
        let peers: Vec<Uuid> = peers.map(|peer| self.cast.id(peer)).collect();
        self.books.lost_beyond_peers(self.cast.id(who), &peers, WORKS)
    }

    /// What was planted, by the names that the books have for it.
    fn truth_of(&self, plan: &Plan, planted: &Planted) -> Result<Irregularity, SimulationError> {
        let id_and_label = |who: Who| (self.cast.id(who), self.cast.label(who).to_owned());
        let subject = match &planted.about {
            About::Hop(name) => {
                self.books.hop_named(*name).map(|hop| Subject::Hop { operation: hop.operation, output: hop.output })
            }
            About::Pot(name) => self.books.pot_named(*name).map(|pot| Subject::Allocation { operation: pot.operation }),
            About::Case(name) => self.books.case_named(*name).map(|case| Subject::Case { operation: case.operation }),
            About::Recipient(who) => {
                let (id, label) = id_and_label(*who);
                Some(Subject::Recipient { id, label })
            }
            About::Party(who) => {
                let (id, label) = id_and_label(*who);
                Some(Subject::Party { id, label })
            }
            About::Named(of, name) => Some(Subject::Named { of: (*of).to_owned(), name: name.clone() }),
        };
        let (party_id, party) = id_and_label(planted.party);
        let subject = subject.ok_or_else(|| SimulationError::Unnamed {
            at: moment(plan.calendar.ends(), 24),
            by: party.clone(),
            what: format!("{planted:?}"),
        })?;
        let amount = planted.amount.or_else(|| self.lost_beyond_peers(planted.party)).unwrap_or(0);
        Ok(Irregularity {
            rule: planted.rule.to_owned(),
            amount: amount.to_string(),
            party,
            party_id,
            subject,
            cycle: planted.cycle.map(|cycle| plan.calendar.cycle(cycle).label),
            note: planted.note.clone(),
            also: planted.also.iter().map(|rule| (*rule).to_owned()).collect(),
        })
    }
}

fn unexpected(cast: &Cast, act: &Act, operation: &Operation, status: &str) -> SimulationError {
    SimulationError::Unexpected {
        at: act.at,
        by: cast.label(act.by).to_owned(),
        kind: operation.kind().name(),
        status: status.to_owned(),
    }
}
