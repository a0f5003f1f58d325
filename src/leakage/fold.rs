//! How an event changes what is known. The books are never asked: everything is in the event.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::case::Case;
use crate::ledger::hop::Hop;
use crate::ledger::ids::{HopId, NoteId, PartyKey, ProgrammeId};
use crate::ledger::note::{Evidence, EvidenceKind, Note, Noted, Particular, Person, PersonDigest};
use crate::ledger::operation::Kind;
use crate::ledger::parameter::Parameter;
use crate::ledger::registry::{Allocation, Programme};
use crate::ledger::time::{DAY_MS, Millis};
use crate::ledger::token::{HopKind, HopState};

use super::event::{At, Day, Event};
use super::facts::Facts;
use super::files::{
    AccountSince, AllocationFile, Cap, Collection, DUES_MAX, DueFile, Entitled, FileKey, Holding, Household, Leg,
    MEMBERS_MAX, PARTICULARS_MAX, PAYMENTS_MAX, Parked, Payment, ProgrammeFile, RECENT_MAX, RecipientFile, StatusSince,
    household_key, push_bounded,
};

/// How many days of deliveries a programme's file keeps.
const DAYS_KEPT: usize = 800;

impl Facts {
    /// Takes an event in.
    pub fn fold(&mut self, event: &Event<'_>, at: &At) {
        match event {
            Event::Programme(programme) => self.programme_set(programme),
            Event::Allocation(allocation) => self.allocation_opened(allocation),
            Event::Noted(note, hop) => self.noted(note, *hop),
            Event::Case(case, hop) => self.case_set(case, *hop, at),
            Event::Opened(hop, came_by) => self.opened(hop, *came_by, at),
            Event::Changed(hop, before) => self.changed(hop, before, at),
            Event::Day(day) => self.day(day),
            Event::Kept(_) | Event::Due(..) => {}
        }
    }

    fn programme_set(&mut self, programme: &Programme) {
        let caps = programme.deductions.iter().map(|rule| Cap {
            code: rule.code.clone(),
            amount: rule.cap_amount.map(|amount| amount.get()),
            millionths: rule.cap_millionths,
        });
        let caps: Vec<Cap> = caps.collect();
        let file = self.files.programmes.entry(programme.id).or_insert_with(|| ProgrammeFile {
            code: programme.code.clone(),
            owner: programme.owner,
            currency: programme.currency,
            utc_offset_minutes: programme.utc_offset_minutes,
            caps: Vec::new(),
            rules: Default::default(),
            entitled: Default::default(),
            paid_of_entitled: 0,
            delivered_by_day: Default::default(),
        });
        file.utc_offset_minutes = programme.utc_offset_minutes;
        file.caps = caps;
        self.files.touch(FileKey::Programme(programme.id));
    }

    fn allocation_opened(&mut self, allocation: &Allocation) {
        // A reversal states it again: what was counted stays.
        if self.files.allocations.contains_key(&allocation.id) {
            return;
        }
        self.files.allocations.insert(
            allocation.id,
            AllocationFile {
                programme: allocation.programme,
                cycle: allocation.cycle.clone(),
                purpose: allocation.purpose.clone(),
                currency: allocation.currency,
                treasury: allocation.treasury,
                declared_recipients: None,
                declared_total: None,
                declared_by: None,
                deliveries: 0,
                delivered: 0,
                beyond: 0,
            },
        );
        self.files.touch(FileKey::Allocation(allocation.id));
    }

    fn case_set(&mut self, case: &Case, hop: Option<&Hop>, at: &At) {
        let programme = hop.and_then(|hop| self.allocation(hop)).map(|allocation| allocation.programme);
        let file = self.files.cases.entry(case.id).or_default();
        file.programme = programme.or(file.programme);
        let programme = file.programme;
        self.files.touch(FileKey::Case(case.id));
        for hop in &case.recoveries {
            self.files.hops.entry(*hop).or_default().case = Some(case.id);
            self.files.touch(FileKey::Hop(*hop));
        }
        if at.kind == Some(Kind::FlagClose) {
            let explanation = format!("case {}", case.state.name());
            self.explained(&explanation, None, programme, at);
        }
    }

    /// An officer used an explanation.
    fn explained(&mut self, explanation: &str, hop: Option<HopId>, programme: Option<ProgrammeId>, at: &At) {
        let level = at.party.and_then(|party| self.party(party)).map_or_else(String::new, |party| party.level.clone());
        for officer in &at.officers {
            let file = self.files.officers.entry(*officer).or_default();
            *file.explanations.entry(explanation.to_owned()).or_default() += 1;
            file.newest.insert(explanation.to_owned(), hop);
            file.parties.extend(at.party);
            file.programme = programme.or(file.programme);
            file.level.clone_from(&level);
            self.files.touch(FileKey::Officer(*officer));
        }
    }

    fn noted(&mut self, note: &Note, hop: Option<&Hop>) {
        match &note.fact {
            Noted::Of { person: Person::Officer(officer), particular, .. } => {
                if let Particular::Identity(digest) = particular {
                    self.files.officers.entry(*officer).or_default().identity = Some(*digest);
                    self.files.touch(FileKey::Officer(*officer));
                }
            }
            Noted::Of { person: Person::Recipient(recipient), particular, since } => {
                self.particular(note, *recipient, *particular, *since);
            }
            Noted::Entitled { recipient, programme, cycle, purpose, amount, due } => {
                let entitled = Entitled { amount: *amount, due: *due, note: note.id, by: note.by, restated: false };
                self.entitled(*recipient, (*programme, cycle, purpose), entitled);
            }
            Noted::Evidence(evidence) => self.evidence(note.id, evidence, hop),
            Noted::Bank { value_date, .. } => {
                if let (Some(hop), Some(day)) = (hop, value_date) {
                    self.edit_payment(hop.to, hop.id, |payment| payment.value_date = Some(*day));
                }
            }
            Noted::Declared { allocation, recipients, total } => {
                if let Some(file) = self.files.allocations.get_mut(allocation) {
                    file.declared_recipients = *recipients;
                    file.declared_total = *total;
                    file.declared_by = Some(note.id);
                    self.files.touch(FileKey::Allocation(*allocation));
                }
            }
            Noted::Rules { programme, rules } => {
                if let Some(file) = self.files.programmes.get_mut(programme) {
                    file.rules = rules.clone();
                    self.files.touch(FileKey::Programme(*programme));
                }
            }
        }
    }

    fn particular(&mut self, note: &Note, recipient: PartyKey, particular: Particular, since: chrono::NaiveDate) {
        let (before, id) = (self.recipient(recipient).cloned().unwrap_or_default(), note.id);
        let file = self.files.recipients.entry(recipient).or_default();
        match particular {
            Particular::Status(status) => {
                push_bounded(&mut file.statuses, StatusSince { status, since, note: id }, PARTICULARS_MAX);
            }
            Particular::Identity(digest) => {
                (file.identity, file.identity_note, file.identity_by) = (Some(digest), Some(id), Some(note.by));
                file.identity_before = before.identity.filter(|last| *last != digest);
                self.moves(recipient, Holding::Identity, before.identity, digest, id);
            }
            Particular::Account(account) => {
                let since = AccountSince { account, at: note.at, note: id, by: note.by };
                push_bounded(&mut file.accounts, since, PARTICULARS_MAX);
                let last = before.accounts.last().map(|since| since.account);
                self.moves(recipient, Holding::Account, last, account, id);
            }
            Particular::Household(household) => {
                file.household = Some(household);
                file.household_before = before.household.filter(|last| *last != household);
                let last = before.household.map(household_key);
                self.moves(recipient, Holding::Household, last, household_key(household), id);
            }
            Particular::Guardian(digest) => file.guardian = Some(digest),
            Particular::Collector(digest) if !file.collectors.contains(&digest) => {
                push_bounded(&mut file.collectors, digest, PARTICULARS_MAX);
            }
            Particular::Collector(_) => {}
        }
        self.files.touch(FileKey::Recipient(recipient));
    }

    /// A recipient comes to an identity, account or household and leaves another.
    fn moves(&mut self, recipient: PartyKey, of: Holding, from: Option<PersonDigest>, to: PersonDigest, note: NoteId) {
        if from == Some(to) {
            return;
        }
        if let Some(file) = from.and_then(|from| self.files.holders.get_mut(&(of, from))) {
            if let Some(place) = file.members.iter().position(|member| *member == recipient) {
                file.members.remove(place);
                file.notes.remove(place);
            }
            self.files.touch(FileKey::Holders((of, from.expect("looked up above"))));
        }
        let file = self.files.holders.entry((of, to)).or_default();
        if file.members.len() < MEMBERS_MAX && !file.members.contains(&recipient) {
            file.members.push(recipient);
            file.notes.push(note);
        }
        self.files.touch(FileKey::Holders((of, to)));
    }

    fn entitled(&mut self, recipient: PartyKey, of: (ProgrammeId, &str, &str), entitled: Entitled) {
        let due = due_of(self.files.recipients.entry(recipient).or_default(), of);
        let (before, paid) = (due.entitled, paid_of(due));
        due.entitled = Some(Entitled { restated: before.is_some(), ..entitled });
        let after = paid_of(due);
        self.files.touch(FileKey::Recipient(recipient));
        let Some(programme) = self.files.programmes.get_mut(&of.0) else { return };
        if let Some(before) = before {
            let day = programme.day(before.due);
            *programme.entitled.entry(day).or_default() -= before.amount;
        }
        let day = programme.day(entitled.due);
        *programme.entitled.entry(day).or_default() += entitled.amount;
        programme.paid_of_entitled += after - paid;
        self.files.touch(FileKey::Programme(of.0));
    }

    fn evidence(&mut self, note: NoteId, evidence: &Evidence, hop: Option<&Hop>) {
        match (evidence.kind, hop) {
            (EvidenceKind::Authenticated | EvidenceKind::RegistryMatch | EvidenceKind::FieldVisit, _) => {
                if let Some(recipient) = evidence.party {
                    let file = self.files.recipients.entry(recipient).or_default();
                    // One that is recorded late does not hide a later one.
                    file.sign_of_life = file.sign_of_life.max(Some((evidence.at, note)));
                    self.files.touch(FileKey::Recipient(recipient));
                }
            }
            (EvidenceKind::ConfirmationRequested, Some(hop)) => {
                self.edit_payment(hop.to, hop.id, |payment| payment.requested = true);
            }
            (EvidenceKind::Document, Some(hop)) => {
                let file = self.files.hops.entry(hop.id).or_default();
                if let Some(digest) = evidence.digest {
                    if file.document_digests.contains(&digest) {
                        return;
                    }
                    push_bounded(&mut file.document_digests, digest, RECENT_MAX);
                }
                file.documents += evidence.amount.unwrap_or(0);
                push_bounded(&mut file.document_notes, note, RECENT_MAX);
                self.files.touch(FileKey::Hop(hop.id));
            }
            (EvidenceKind::Collected, Some(hop)) => self.collected(note, evidence, hop),
            _ => {}
        }
    }

    fn collected(&mut self, note: NoteId, evidence: &Evidence, hop: &Hop) {
        let Some(collector) = evidence.digest else { return };
        let before = self.files.hops.entry(hop.id).or_default().collected.replace((collector, note));
        self.files.touch(FileKey::Hop(hop.id));
        // Said again, it is not collected twice.
        if before.is_some_and(|(known, _)| known == collector) {
            return;
        }
        let household = self.recipient(hop.to).and_then(|file| file.household);
        let household = household.map_or(Household::Alone(hop.to), Household::Of);
        let file = self.files.collectors.entry(collector).or_default();
        match file.households.iter_mut().find(|(known, ..)| *known == household) {
            Some((.., sent)) => *sent = sent.saturating_add(hop.sent),
            None => push_bounded(&mut file.households, (household, hop.id, note, hop.sent), RECENT_MAX),
        }
        self.files.touch(FileKey::Collector(collector));
        let Some(agent) = evidence.agent else { return };
        let file = self.files.agents.entry(agent).or_default();
        let place = file.recent.partition_point(|known| known.at <= evidence.at);
        file.recent.insert(place, Collection { at: evidence.at, recipient: hop.to, hop: hop.id, note, sent: hop.sent });
        if file.recent.len() > RECENT_MAX {
            file.recent.remove(0);
        }
        self.files.touch(FileKey::Agent(agent));
        let Some(programme) = self.allocation(hop).map(|allocation| allocation.programme) else { return };
        let key = (programme, hop.area);
        let file = self.files.area_agents.entry(key).or_default();
        *file.agents.entry(agent).or_default() += 1;
        *file.money.entry(agent).or_default() += hop.sent;
        self.files.touch(FileKey::AreaAgents(key));
    }

    fn opened(&mut self, hop: &Hop, came_by: Option<HopId>, at: &At) {
        let sent_before = if self.sent_by_entry.0 == at.entry { self.sent_by_entry.1 } else { 0 };
        self.sent_by_entry = (at.entry, sent_before.saturating_add(hop.sent));
        let Some(allocation) = self.allocation(hop).cloned() else { return };
        if hop.kind == HopKind::Delivery {
            if let Some(file) = self.files.allocations.get_mut(&hop.allocation) {
                file.deliveries = file.deliveries.saturating_add(1);
                file.delivered += hop.sent;
                if file.declared_recipients.is_some_and(|declared| file.deliveries > declared) {
                    file.beyond += hop.sent;
                }
                self.files.touch(FileKey::Allocation(hop.allocation));
            }
            self.delivered(allocation.programme, hop, hop.sent);
        }
        let to_recipient = self.is_to_recipient(hop);
        if to_recipient {
            self.paid(&allocation, hop, at);
        } else {
            self.passed_on(allocation.programme, hop, came_by, at);
        }
        if let (HopKind::Return, Some(from), Some(came_by)) = (hop.kind, hop.from, came_by) {
            self.edit_payment(from, came_by, |payment| {
                payment.returned += hop.sent - hop.refused;
                payment.returns.push(hop.id);
            });
        }
        for (code, _) in &hop.figures.deductions {
            self.explained(code, Some(hop.id), Some(allocation.programme), at);
        }
        self.below_threshold(allocation.programme, hop);
        self.tally(allocation.programme, hop, None);
    }

    /// A payment to a recipient.
    fn paid(&mut self, allocation: &AllocationFile, hop: &Hop, at: &At) {
        let lawful = self.lawful(allocation.programme, hop, &[]);
        let cycle = hop.for_cycle.as_deref().unwrap_or(&allocation.cycle);
        let purpose = hop.purpose.as_deref().unwrap_or(&allocation.purpose);
        let payment = Payment {
            hop: hop.id,
            from: hop.from,
            via: hop.via,
            reference: hop.payment.clone(),
            sent: hop.sent,
            deducted: hop.figures.deducted,
            lawful,
            refused: hop.refused,
            credited: hop.credited,
            word: hop.figures.arrived,
            returned: 0,
            returns: Vec::new(),
            sent_at: hop.sent_at,
            settled_at: None,
            value_date: None,
            requested: false,
            reported: hop.reported,
        };
        let due = due_of(self.files.recipients.entry(hop.to).or_default(), (allocation.programme, cycle, purpose));
        let paid = paid_of(due);
        push_bounded(&mut due.payments, payment, PAYMENTS_MAX);
        self.files.touch(FileKey::Recipient(hop.to));
        self.settle(allocation.programme, hop, paid, at);
    }

    /// What the schedule now allows of the deductions that a hop has beside those that it had.
    fn lawful(&self, programme: ProgrammeId, hop: &Hop, had: &[(String, i64)]) -> i64 {
        let Some(programme) = self.programme(programme) else { return 0 };
        let had = |code: &str| had.iter().find(|(known, _)| known == code).map_or(0, |(_, amount)| *amount);
        let rise = |(code, amount): &(String, i64)| {
            let cap = programme.cap(code, hop.sent);
            (*amount).min(cap) - had(code).min(cap)
        };
        hop.figures.deductions.iter().map(rise).sum()
    }

    /// A hop between parties, or to an end payee.
    fn passed_on(&mut self, programme: ProgrammeId, hop: &Hop, came_by: Option<HopId>, at: &At) {
        let lawful = self.lawful(programme, hop, &[]);
        let before = came_by.and_then(|id| self.hop(id)).map(|file| file.legs.clone()).unwrap_or_default();
        let file = self.files.hops.entry(hop.id).or_default();
        file.legs = before;
        push_bounded(&mut file.legs, leg(hop), RECENT_MAX);
        file.sent_by.clone_from(&at.officers);
        file.lawful = lawful;
        self.files.touch(FileKey::Hop(hop.id));
    }

    fn changed(&mut self, hop: &Hop, before: &Hop, at: &At) {
        let Some(allocation) = self.allocation(hop).cloned() else { return };
        let reversed = hop.state == HopState::Reversed && before.state != HopState::Reversed;
        if hop.kind == HopKind::Delivery && reversed {
            if let Some(file) = self.files.allocations.get_mut(&hop.allocation) {
                file.deliveries = file.deliveries.saturating_sub(1);
                file.delivered -= before.sent;
                // With one fewer, the money of one fewer is beyond the declared number.
                let is_beyond = file.declared_recipients.is_some_and(|declared| file.deliveries > declared);
                file.beyond = if is_beyond { (file.beyond - before.sent).max(0) } else { 0 };
                self.files.touch(FileKey::Allocation(hop.allocation));
            }
            self.delivered(allocation.programme, hop, -before.sent);
        }
        if reversed {
            self.not_below_threshold(allocation.programme, before);
        }
        let lawful = match hop.figures.deductions == before.figures.deductions {
            true => 0,
            false => self.lawful(allocation.programme, hop, &before.figures.deductions),
        };
        if self.is_to_recipient(hop) {
            let settled = self.payment(hop).map_or(0, |(_, due, _)| paid_of(due));
            self.edit_payment(hop.to, hop.id, |payment| {
                payment.sent = hop.sent;
                payment.deducted = hop.figures.deducted;
                payment.lawful = (payment.lawful + lawful).clamp(0, payment.deducted);
                payment.refused = hop.refused;
                payment.credited = hop.credited;
                payment.word = hop.figures.arrived;
            });
            if reversed {
                self.forget_payment(hop.to, hop.id);
            }
            self.settle(allocation.programme, hop, settled, at);
        } else if let Some(file) = self.files.hops.get_mut(&hop.id) {
            file.lawful = (file.lawful + lawful).clamp(0, hop.figures.deducted);
            if let Some(last) = file.legs.last_mut() {
                *last = leg(hop);
            }
            self.files.touch(FileKey::Hop(hop.id));
        }
        self.returned(hop, before);
        if let Some(case) = self.hop(hop.id).and_then(|file| file.case) {
            let rise = hop.figures.arrived.unwrap_or(0) - before.figures.arrived.unwrap_or(0);
            self.files.cases.entry(case).or_default().recovered += rise;
            self.files.touch(FileKey::Case(case));
        }
        let is_new = |code: &str| !before.figures.deductions.iter().any(|(known, _)| known == code);
        for (code, _) in hop.figures.deductions.iter().filter(|(code, _)| is_new(code)) {
            self.explained(code, Some(hop.id), Some(allocation.programme), at);
        }
        self.tally(allocation.programme, hop, Some(before));
    }

    /// A hop by which a recipient sends back was reversed or refused.
    fn returned(&mut self, hop: &Hop, before: &Hop) {
        let change = (hop.sent - hop.refused) - (before.sent - before.refused);
        let Some(from) = hop.from.filter(|_| hop.kind == HopKind::Return && change != 0) else { return };
        let Some(file) = self.files.recipients.get_mut(&from) else { return };
        let mut payments = file.dues.iter_mut().flat_map(|due| &mut due.payments);
        if let Some(payment) = payments.find(|payment| payment.returns.contains(&hop.id)) {
            payment.returned += change;
            self.files.touch(FileKey::Recipient(from));
        }
    }

    /// Notes when a payment was settled, and what that is of its entitlement.
    fn settle(&mut self, programme: ProgrammeId, hop: &Hop, paid_before: i64, at: &At) {
        let offset = self.programme(programme).map_or(0, |file| file.utc_offset_minutes);
        self.edit_payment(hop.to, hop.id, |payment| {
            if payment.settled() == 0 {
                payment.settled_at = None;
            } else if payment.settled_at.is_none() {
                payment.settled_at = Some(payment.value_date.map_or(at.occurred_at, |day| Millis::end_of(day, offset)));
            }
        });
        let of = self.allocation(hop).map(|allocation| {
            let cycle = hop.for_cycle.clone().unwrap_or_else(|| allocation.cycle.clone());
            (cycle, hop.purpose.clone().unwrap_or_else(|| allocation.purpose.clone()))
        });
        let due = of.and_then(|(cycle, purpose)| self.recipient(hop.to)?.due(programme, &cycle, &purpose));
        let paid = due.map_or(0, paid_of);
        if paid != paid_before
            && let Some(file) = self.files.programmes.get_mut(&programme)
        {
            file.paid_of_entitled += paid - paid_before;
            self.files.touch(FileKey::Programme(programme));
        }
    }

    fn edit_payment(&mut self, recipient: PartyKey, hop: HopId, edit: impl FnOnce(&mut Payment)) {
        let Some(file) = self.files.recipients.get_mut(&recipient) else { return };
        let found = file.dues.iter_mut().find_map(|due| due.payments.iter_mut().find(|payment| payment.hop == hop));
        if let Some(payment) = found {
            edit(payment);
            self.files.touch(FileKey::Recipient(recipient));
        }
    }

    fn forget_payment(&mut self, recipient: PartyKey, hop: HopId) {
        if let Some(file) = self.files.recipients.get_mut(&recipient) {
            file.dues.iter_mut().for_each(|due| due.payments.retain(|payment| payment.hop != hop));
            self.files.touch(FileKey::Recipient(recipient));
        }
    }

    fn delivered(&mut self, programme: ProgrammeId, hop: &Hop, sent: i64) {
        let Some(file) = self.files.programmes.get_mut(&programme).filter(|_| !hop.reported) else { return };
        let day = file.day(hop.sent_at);
        if sent >= 0 || file.delivered_by_day.contains_key(&day) {
            *file.delivered_by_day.entry(day).or_default() += sent;
        }
        if file.delivered_by_day.len() > DAYS_KEPT {
            file.delivered_by_day.pop_first();
        }
        self.files.touch(FileKey::Programme(programme));
    }

    /// Amounts below the approval threshold, where a programme has one.
    fn below_threshold(&mut self, programme: ProgrammeId, hop: &Hop) {
        let threshold = self.value(programme, Parameter::ApprovalThreshold);
        let is_payment = matches!(hop.kind, HopKind::Transfer | HopKind::Delivery);
        let Some(from) = hop.from.filter(|_| threshold > 0 && is_payment && hop.sent < threshold) else { return };
        let days = self.value(programme, Parameter::SplitDays);
        let key = (programme, from, hop.to);
        let file = self.files.pairs.entry(key).or_default();
        file.recent.retain(|(when, ..)| when.0 > hop.sent_at.0 - days * DAY_MS);
        push_bounded(&mut file.recent, (hop.sent_at, hop.sent, hop.id), RECENT_MAX);
        self.files.touch(FileKey::Pair(key));
        self.band(programme, from, hop.sent, threshold, true);
    }

    /// Counts an amount below the threshold in its band, or takes it out again.
    fn band(&mut self, programme: ProgrammeId, from: PartyKey, sent: i64, threshold: i64, is_new: bool) {
        let part = |share: i64| i128::from(threshold) * i128::from(share) / 100;
        let (is_just_below, is_next_below) = (i128::from(sent) >= part(95), i128::from(sent) >= part(90));
        let tally = self.files.tallies.entry((programme, from)).or_default();
        match (is_just_below, is_next_below, is_new) {
            (true, _, true) => tally.just_below = tally.just_below.saturating_add(1),
            (true, _, false) => tally.just_below = tally.just_below.saturating_sub(1),
            (false, true, true) => tally.next_below = tally.next_below.saturating_add(1),
            (false, true, false) => tally.next_below = tally.next_below.saturating_sub(1),
            (false, false, _) => return,
        }
        if is_just_below {
            tally.just_below_sum += if is_new { sent } else { -sent };
        }
        self.files.touch(FileKey::Tally((programme, from)));
    }

    /// A reversed payment is no payment below the threshold.
    fn not_below_threshold(&mut self, programme: ProgrammeId, before: &Hop) {
        let threshold = self.value(programme, Parameter::ApprovalThreshold);
        let Some(from) = before.from else { return };
        let key = (programme, from, before.to);
        let Some(file) = self.files.pairs.get_mut(&key) else { return };
        let count = file.recent.len();
        file.recent.retain(|(.., hop)| *hop != before.id);
        if file.recent.len() < count {
            self.files.touch(FileKey::Pair(key));
            self.band(programme, from, before.sent, threshold, false);
        }
    }

    /// Counts an answered hop for its sender.
    fn tally(&mut self, programme: ProgrammeId, hop: &Hop, before: Option<&Hop>) {
        let Some(from) = hop.from else { return };
        if !matches!(hop.kind, HopKind::Transfer | HopKind::Delivery) {
            return;
        }
        let of = |hop: &Hop| hop.shortfall().map_or((0, 0, 0), |lost| (1, hop.sent, lost));
        let (now, before) = (of(hop), before.map_or((0, 0, 0), of));
        if now == before {
            return;
        }
        let tally = self.files.tallies.entry((programme, from)).or_default();
        tally.hops = tally.hops.saturating_add(now.0).saturating_sub(before.0);
        tally.sent += now.1 - before.1;
        tally.lost += now.2 - before.2;
        for ((_, sent, lost), sign) in [(now, 1), (before, -1)] {
            let (sent, lost) = (i128::from(sent), i128::from(lost));
            tally.sent_squared = tally.sent_squared.saturating_add(sign * sent * sent);
            tally.lost_squared = tally.lost_squared.saturating_add(sign * lost * lost);
            tally.sent_lost = tally.sent_lost.saturating_add(sign * sent * lost);
        }
        self.files.touch(FileKey::Tally((programme, from)));
    }

    fn day(&mut self, day: &Day) {
        let now: BTreeMap<_, _> =
            day.held.iter().map(|(party, programme, balance)| ((*party, *programme), *balance)).collect();
        for (party, programme, balance) in &day.before {
            let Some(rules) = self.programme(*programme) else { continue };
            let (from, today) = (rules.day(day.last), rules.day(day.now));
            let file = self.files.parties.entry(*party).or_default();
            // What was seen to be empty and is not any more begins anew.
            let known = file.parked.get(programme).filter(|known| known.balance != 0);
            let days = i128::from((today - from).num_days());
            let parked = Parked {
                since: known.map_or(from, |known| known.since),
                last: today,
                balance: now.get(&(*party, *programme)).copied().unwrap_or(0),
                balance_days: known.map_or(0, |known| known.balance_days) + i128::from(*balance) * days,
            };
            file.parked.insert(*programme, parked);
            self.files.touch(FileKey::Party(*party));
        }
        let held: BTreeSet<_> = day.before.iter().map(|(party, programme, _)| (*party, *programme)).collect();
        let empty: Vec<(PartyKey, ProgrammeId)> = self
            .files
            .parties
            .iter()
            .flat_map(|(party, file)| file.parked.keys().map(|programme| (*party, *programme)))
            .filter(|key| !held.contains(key))
            .collect();
        for (party, programme) in empty {
            let Some(file) = self.files.parties.get_mut(&party) else { continue };
            match file.parked.get_mut(&programme) {
                // Once it is seen to be empty; then it is forgotten.
                Some(parked) if parked.balance != 0 => parked.balance = 0,
                _ => drop(file.parked.remove(&programme)),
            }
            self.files.touch(FileKey::Party(party));
        }
    }
}

/// What of an entitlement is paid, never more than it.
fn paid_of(due: &DueFile) -> i64 {
    due.entitled.map_or(0, |entitled| due.settled().min(entitled.amount))
}

/// What is due of a programme, cycle and purpose, opened if it is new.
fn due_of<'a>(file: &'a mut RecipientFile, of: (ProgrammeId, &str, &str)) -> &'a mut DueFile {
    let (programme, cycle, purpose) = of;
    let place = file.dues.iter().position(|due| due.is(programme, cycle, purpose));
    let place = place.unwrap_or_else(|| {
        let new = DueFile {
            programme,
            cycle: cycle.to_owned(),
            purpose: purpose.to_owned(),
            entitled: None,
            payments: Vec::new(),
        };
        push_bounded(&mut file.dues, new, DUES_MAX);
        file.dues.len() - 1
    });
    &mut file.dues[place]
}

fn leg(hop: &Hop) -> Leg {
    Leg {
        hop: hop.id,
        from: hop.from,
        to: hop.to,
        sent: hop.sent,
        sent_at: hop.sent_at,
        answered_at: hop.figures.answered_at,
    }
}

#[cfg(test)]
mod tests {
    use crate::leakage::world::{With, World, id, line};
    use crate::ledger::lines::EvidenceLine;
    use crate::ledger::note::EvidenceKind;
    use crate::ledger::time::Millis;

    #[test]
    fn what_is_paid_of_an_entitlement_counts_once_over_its_payments_and_never_above_it() {
        let mut world = World::new();
        world.entitled("r1", "2026-11", 500, "2026-11-30");
        let pension = world.programme_id("PENSION");
        let paid = |world: &World| world.facts().files.programmes[&pension].paid_of_entitled;
        let hops = [300, 300].map(|amount| {
            let hop = world.sent("county", "r1", amount);
            world.banked(hop, Some(amount), None, None);
            hop
        });
        assert_eq!(paid(&world), 500);
        world.banked(hops[0], None, Some(300), None);
        assert_eq!(paid(&world), 300);
        world.entitled("r1", "2026-11", 100, "2026-11-30");
        assert_eq!(paid(&world), 100);
    }

    #[test]
    fn of_a_credit_that_bounced_only_the_rest_is_settled() {
        for (credited, bounced, settled) in [(500, 500, 0), (500, 200, 300), (300, 200, 300), (510, 10, 500)] {
            let mut world = World::new();
            let hop = world.sent_with("county", "r1", 500, &With::default());
            world.banked(hop, Some(credited), None, None);
            world.banked(hop, None, Some(bounced), None);
            let facts = world.facts();
            let (_, payment) = facts.recipient(world.key("r1")).and_then(|file| file.payment(hop)).expect("it is paid");
            assert_eq!(payment.settled(), settled, "{credited} - {bounced}");
            assert_eq!(payment.settled_at.is_some(), settled > 0);
        }
    }

    #[test]
    fn a_sign_of_life_that_is_recorded_late_does_not_hide_a_later_one() {
        let mut world = World::new();
        let visit = |at: &str| {
            let (party, at) = (Some(id("r1")), Some(Millis::parse(at).expect("a moment")));
            EvidenceLine { party, at, ..line(EvidenceKind::FieldVisit) }
        };
        world.evidence("supervisor", visit("2026-11-01T09:00:00Z"));
        world.evidence("supervisor", visit("2026-10-01T09:00:00Z"));
        let facts = world.facts();
        let (at, _) = facts.recipient(world.key("r1")).and_then(|file| file.sign_of_life).expect("somebody went");
        assert_eq!(at.to_string(), "2026-11-01T09:00:00.000Z");
    }
}
