//! A node on real files with a small administration: what tests of the service and of the API
//! stand on. Amounts are in minor units of INR.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aqueduct::chain::digest::Digest;
use aqueduct::chain::envelope::{Envelope, signing_bytes};
use aqueduct::chain::key::{PublicKey, Signature};
use aqueduct::leakage::detectors::ALL;
use aqueduct::leakage::examine::Detector;
use aqueduct::ledger::ids::{KeyId, PayloadDigest, Reference};
use aqueduct::ledger::lines::{OutputLine, RecipientLine};
use aqueduct::ledger::money::{Currency, Minor};
use aqueduct::ledger::operation::*;
use aqueduct::ledger::registry::{Custody, PartyKind, Role};
use aqueduct::ledger::selection::MoneyFilter;
use aqueduct::ledger::statement::Statement;
use aqueduct::ledger::time::{Cycle, Millis};
use aqueduct::service::clock::Clock;
use aqueduct::service::node::{Bounds, Node, Options};
use aqueduct::service::officers::Viewer;
use aqueduct::service::operation::{Header, to_sign};
use aqueduct::service::orderer::Answer;
use aqueduct::service::record::{NotAccepted, Outcome, Status};
use aqueduct::store::faults::Faults;
use aqueduct::store::node::NodeStore;
use aqueduct::store::node::keyring::{Keyring, Unlock};
use tempfile::TempDir;
use uuid::{NoContext, Timestamp, Uuid};

use crate::database;

/// 2024-11-04T09:00:00Z: before now on any machine, so that a server can go on with a world.
pub const START: Millis = Millis(1_730_710_800_000);

/// A party of the world with its officers; the login token of each.
#[derive(Clone, Debug)]
pub struct Actor {
    pub party: Uuid,
    pub label: String,
    pub officers: Vec<(Uuid, String)>,
}

/// The node and who acts on it.
pub struct World {
    pub directory: TempDir,
    /// The PostgreSQL database of its stores; none for files in the directory.
    pub address: Option<String>,
    pub clock: Arc<Clock>,
    pub faults: Faults,
    pub bounds: Bounds,
    pub serving: bool,
    pub detectors: Vec<&'static dyn Detector>,
    pub node: Option<Arc<Node>>,
    pub registrar: Actor,
    pub treasury: Actor,
    pub bureau: Actor,
    pub county: Actor,
    pub bank: Actor,
    pub supervisor: Actor,
    pub recipients: Vec<Actor>,
}

pub fn inr() -> Currency {
    Currency::parse("INR").unwrap()
}

pub fn minor(amount: i64) -> Minor {
    Minor::new(amount).unwrap()
}

/// A UUIDv7 of a moment.
pub fn id_at(at: Millis) -> Uuid {
    let (seconds, ms) = (at.0.div_euclid(1000), at.0.rem_euclid(1000));
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds as u64, ms as u32 * 1_000_000))
}

pub fn line(to: &Actor, amount: i64) -> OutputLine {
    OutputLine {
        to: to.party,
        amount: minor(amount),
        deductions: Vec::new(),
        purpose: None,
        for_cycle: None,
        payment: None,
        via: None,
        commitment: None,
    }
}

impl World {
    /// Begins a chain and registers everybody, with 100,000.00 INR appropriated and nothing allocated.
    pub async fn start() -> Self {
        let mut world = Self::bare().await;
        world.register().await;
        world
    }

    /// The same in a database of PostgreSQL.
    pub async fn start_on(address: String) -> Self {
        let mut world = Self::begun(tempfile::tempdir().unwrap(), Some(address)).await;
        world.register().await;
        world
    }

    /// A chain with its registrar alone.
    pub async fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let address = database::address_of(directory.path());
        Self::begun(directory, address).await
    }

    async fn begun(directory: TempDir, address: Option<String>) -> Self {
        let clock = Arc::new(Clock::manual(START));
        let faults = Faults::default();
        let actor = |label: &str| Actor { party: id_at(START), label: label.to_owned(), officers: Vec::new() };
        let mut world = Self {
            directory,
            address,
            clock,
            faults,
            bounds: Bounds::default(),
            serving: false,
            detectors: ALL.to_vec(),
            node: None,
            registrar: actor("Registrar"),
            treasury: actor("Treasury"),
            bureau: actor("Bureau"),
            county: actor("County"),
            bank: actor("Bank"),
            supervisor: actor("Supervisor"),
            recipients: (1..=5).map(|n| actor(&format!("R{n}"))).collect(),
        };
        world.begin().await;
        world.node = Some(Arc::new(Node::open(world.options()).await.unwrap()));
        world
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn options(&self) -> Options {
        let options = Options::new(self.path());
        let options = match &self.address {
            Some(address) => options.with_database(address).unwrap(),
            None => options,
        };
        Options {
            clock: self.clock.clone(),
            faults: self.faults.clone(),
            bounds: self.bounds,
            serving: self.serving,
            detectors: self.detectors.clone(),
            ..options
        }
    }

    pub fn node(&self) -> &Arc<Node> {
        self.node.as_ref().expect("the node is open")
    }

    /// Stops the node in good order.
    pub async fn stop(&mut self) {
        let node = self.node.take().expect("the node is open");
        Arc::into_inner(node).expect("nobody else holds the node").stop().await;
    }

    /// Opens the node again.
    pub async fn open(&mut self) {
        self.node = Some(Arc::new(Node::open(self.options()).await.unwrap()));
    }

    /// Moves the clock on.
    pub fn pass(&self, ms: i64) -> Millis {
        let now = self.clock.now().unwrap().plus(ms);
        self.clock.set(now);
        now
    }

    pub fn next_id(&self) -> Uuid {
        id_at(self.pass(1))
    }

    pub fn db(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The viewer of an actor's officer.
    pub fn viewer(&self, actor: &Actor, officer: usize) -> Viewer {
        Viewer::of(&self.node().tables(), actor.officers[officer].0).expect("the officer has a key")
    }

    /// States an operation by one officer.
    pub async fn state(&self, actor: &Actor, operation: Operation) -> Result<Outcome, NotAccepted> {
        self.state_as(actor, 0, self.next_id(), operation).await
    }

    pub async fn state_as(
        &self,
        actor: &Actor,
        officer: usize,
        id: Uuid,
        operation: Operation,
    ) -> Result<Outcome, NotAccepted> {
        let viewer = self.viewer(actor, officer);
        self.node().state(&viewer, id, None, operation).await
    }

    /// States an operation that must be recorded; with a second officer's approval if needed.
    pub async fn record(&self, actor: &Actor, operation: Operation) -> Answer {
        let id = self.next_id();
        let outcome = self.state_as(actor, 0, id, operation).await.unwrap();
        let outcome = match outcome.status {
            Status::AwaitingSignature { .. } => self.node().approve(&self.viewer(actor, 1), id).await.unwrap(),
            _ => outcome,
        };
        match outcome.status {
            Status::Recorded(answer) => answer,
            other => panic!("not recorded: {other:?}"),
        }
    }

    /// The refusal's code of an operation that must not be recorded.
    pub async fn refused(&self, actor: &Actor, operation: Operation) -> &'static str {
        self.state(actor, operation).await.expect_err("the operation is refused").code()
    }

    /// The statement of everything, once the views are up to date.
    pub async fn statement(&self) -> Statement {
        self.node().catch_up().await;
        let moment = self.node().moment(None).await.unwrap();
        let filter = MoneyFilter::default();
        self.node().statement(&filter, moment).await.unwrap().map_or_else(Statement::default, |s| s.statement)
    }

    async fn begin(&mut self) {
        let officer = Uuid::now_v7();
        let store = NodeStore::open(&self.options().database.node(), Faults::default()).await.unwrap();
        let keyring = Keyring::unlock(&store, Unlock::key_file_in(self.path())).await.unwrap();
        let key = keyring.create(officer).await.unwrap();
        let registrar = PartyRegister {
            area: String::new(),
            kind: PartyKind::Registrar,
            label: "Registrar".to_owned(),
            level: String::new(),
            party: self.registrar.party,
        };
        let key_register = KeyRegister {
            custody: Custody::Node,
            key,
            officer,
            party: self.registrar.party,
            roles: vec![Role::Registrar],
        };
        let begin = ChainBegin { demonstration: true, key: key_register, registrar };
        let header = Header { chain: Digest::ZERO, id: self.next_id(), party: self.registrar.party, occurred_at: None };
        let to_sign = to_sign(&header, &Operation::ChainBegin(begin), &[0; 32]).unwrap();
        let signature = keyring.sign(key, &signing_bytes(&to_sign.payload)).unwrap();
        let signed = Envelope::new(to_sign.payload, vec![(PublicKey(key.0), Signature(signature))]).unwrap();
        let token = store.add_login(officer, self.registrar.party, "registrar", START).await.unwrap();
        self.registrar.officers.push((officer, token.to_string()));
        Node::begin(self.options(), signed.to_entry_bytes()).await.unwrap();
    }

    async fn register(&mut self) {
        let both = |main: &[Role]| vec![main.to_vec(), vec![Role::Approver]];
        let treasury = [Role::Allocator, Role::Dispatcher, Role::Receiver];
        let passing = [Role::Dispatcher, Role::Receiver];
        self.treasury = self.party("Treasury", PartyKind::Treasury, "", &both(&treasury)).await;
        self.bureau = self.party("Bureau", PartyKind::Intermediary, "North", &both(&passing)).await;
        self.county = self.party("County", PartyKind::Intermediary, "North/Hill", &both(&passing)).await;
        self.bank = self.party("Bank", PartyKind::Provider, "", &[passing.to_vec()]).await;
        self.supervisor = self.party("Supervisor", PartyKind::Supervisor, "", &both(&[Role::Supervisor])).await;
        let lines: Vec<RecipientLine> = (1..=5)
            .map(|n| RecipientLine { party: id_at(START), area: "North/Hill/Ford".to_owned(), label: format!("R{n}") })
            .collect();
        let enrol = Operation::RecipientEnrol(RecipientEnrol {}, lines.clone());
        self.record(&self.registrar.clone(), enrol).await;
        for (at, line) in lines.iter().enumerate() {
            self.recipients[at].party = line.party;
            let login = self.officer(line.party, &[Role::Receiver]).await;
            self.recipients[at].officers.push(login);
        }
        self.programme("PENSION").await;
    }

    /// A programme with a scheduled transit fee and an ADMIN cap of 20, and 100,000.00 appropriated.
    pub async fn programme(&self, code: &str) {
        let scheduled = |code: &str, cap: Option<i64>| ScheduledDeduction {
            cap_amount: cap.map(minor),
            cap_millionths: None,
            code: code.to_owned(),
        };
        let define = ProgrammeDefine {
            allowed_days: AllowedDays { delivery: 5, recovery: 10, giving_back: 5, transfer: 3 },
            code: code.to_owned(),
            currency: inr(),
            deductions: vec![scheduled("TRANSIT_FEE", None), scheduled("ADMIN", Some(20))],
            label: format!("{code} programme"),
            utc_offset_minutes: 330,
        };
        self.record(&self.treasury, Operation::ProgrammeDefine(define)).await;
        self.appropriate(code).await;
    }

    /// Another 100,000.00 appropriated to the pension.
    pub async fn programme_money(&self) {
        self.appropriate("PENSION").await;
    }

    async fn appropriate(&self, code: &str) {
        let cycle = Cycle {
            first_day: "2024-11-01".parse().unwrap(),
            label: "2024-11".to_owned(),
            last_day: "2024-11-30".parse().unwrap(),
        };
        let appropriate =
            BudgetAppropriate { amount: minor(10_000_000), currency: inr(), cycle, programme: code.to_owned() };
        self.record(&self.treasury, Operation::BudgetAppropriate(appropriate)).await;
    }

    /// Registers a party and its officers, one for each set of roles.
    pub async fn party(&self, label: &str, kind: PartyKind, area: &str, officers: &[Vec<Role>]) -> Actor {
        let party = self.next_id();
        let (area, label) = (area.to_owned(), label.to_owned());
        let register = PartyRegister { area, kind, label: label.clone(), level: String::new(), party };
        self.record(&self.registrar.clone(), Operation::PartyRegister(register)).await;
        let mut logins = Vec::new();
        for roles in officers {
            logins.push(self.officer(party, roles).await);
        }
        Actor { party, label, officers: logins }
    }

    /// An officer with a key kept by the node and a login.
    pub async fn officer(&self, party: Uuid, roles: &[Role]) -> (Uuid, String) {
        let officer = self.next_id();
        let key = self.node().keyring().create(officer).await.unwrap();
        self.key(party, officer, key, roles, Custody::Node).await;
        let token = self.node().store().add_login(officer, party, "officer", START).await.unwrap();
        (officer, token.to_string())
    }

    /// Registers a key.
    pub async fn key(&self, party: Uuid, officer: Uuid, key: KeyId, roles: &[Role], custody: Custody) {
        let mut roles = roles.to_vec();
        roles.sort();
        let register = KeyRegister { custody, key, officer, party, roles };
        self.record(&self.registrar.clone(), Operation::KeyRegister(register)).await;
    }

    /// Allocates money; the reference of its token.
    pub async fn allocate(&self, amount: i64) -> Reference {
        let allocate = AllocationCreate {
            declared_recipients: None,
            declared_total: None,
            amount: minor(amount),
            currency: inr(),
            cycle: "2024-11".to_owned(),
            programme: "PENSION".to_owned(),
            purpose: "PENSION".to_owned(),
        };
        reference(&self.record(&self.treasury, Operation::AllocationCreate(allocate)).await, 0)
    }

    /// Dispatches from a token to receivers; the answer, whose outputs are hops.
    pub async fn dispatch(&self, from: &Actor, token: Reference, outputs: &[(&Actor, i64)]) -> Answer {
        let lines = outputs.iter().map(|(to, amount)| line(to, *amount)).collect();
        self.record(from, Operation::TokenDispatch(TokenDispatch { currency: inr(), keep: Vec::new(), token }, lines))
            .await
    }

    pub fn acknowledge(&self, hop: Reference, arrived: i64) -> Operation {
        let arrived = minor(arrived);
        Operation::HopAcknowledge(HopAcknowledge { arrived, currency: inr(), deductions: Vec::new(), hop })
    }
}

/// How later operations name an output of a recorded one.
pub fn reference(answer: &Answer, output: u32) -> Reference {
    let PayloadDigest(digest) = answer.recorded.digest;
    Reference { operation: answer.recorded.id, digest: PayloadDigest(digest), output }
}
