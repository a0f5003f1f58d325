//! The demonstration shows what `seeds/README.md` says: every figure, every planted leak.
//!
//! The expected figures are read from the README's own tables, so that neither can drift; they
//! were predicted by `seeds/predict.py`, which shares no code with the program.

mod readme;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aqueduct::chain::payload::Payload;
use aqueduct::ledger::hop::Hop;
use aqueduct::ledger::ids::{HopId, PartyKey, TokenId};
use aqueduct::ledger::registry::{PartyKind, Role};
use aqueduct::ledger::selection::{AllocationFilter, GroupBy, HopFilter, MoneyFilter, Page, TokenFilter};
use aqueduct::ledger::statement::Statement;
use aqueduct::ledger::time::Millis;
use aqueduct::ledger::token::{HopState, MissingReason, Token, TokenState};
use aqueduct::service::begin::{Beginning, begin};
use aqueduct::service::clock::Clock;
use aqueduct::service::node::{Node, Options};
use aqueduct::service::operation::id_time;
use aqueduct::service::reads::ReportGroup;
use aqueduct::service::record::Status;
use aqueduct::service::story::{self, DemoLogin, StoryError, Told};
use aqueduct::store::faults::{Faults, Point};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::database;

use readme::{class, grouping, minor, shown, tables};

const BEGIN: &str = "2026-08-01T06:00:00Z";
const END: &str = "2026-10-20T12:00:00Z";

/// A story that was told, and the node that goes on from there.
pub struct Story {
    directory: TempDir,
    pub node: Arc<Node>,
    logins: Vec<DemoLogin>,
}

impl Story {
    async fn tell() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let logins = story::tell(options(directory.path()), |_, _, _| {}).await.unwrap();
        let node = Arc::new(Node::open(options(directory.path())).await.unwrap());
        Self { directory, node, logins }
    }

    pub fn login(&self, party: &str, role: Role) -> &DemoLogin {
        let is_wanted = |login: &&DemoLogin| login.party == party && login.roles.contains(&role);
        self.logins.iter().find(is_wanted).unwrap()
    }
}

fn options(directory: &Path) -> Options {
    let clock = Arc::new(Clock::manual(Millis::parse(END).unwrap()));
    Options { clock, ..database::options(directory) }
}

/// The runtime on which every test here runs, since they share a node.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// The story, told once for all tests that only read it.
pub async fn told() -> &'static Story {
    static TOLD: OnceCell<Story> = OnceCell::const_new();
    TOLD.get_or_init(Story::tell).await
}

fn is_empty(group: &ReportGroup) -> bool {
    group.statement == Statement::default() && group.hops.loss == 0 && group.hops.judged_sent == 0
}

#[test]
fn every_figure_of_the_readme_is_what_the_books_show() {
    runtime().block_on(async {
        let story = told().await;
        let mut figures = 0;
        for table in tables() {
            let Some((title, at)) = table.heading.split_once(", at ") else { continue };
            let moment = story.node.moment(Some(Millis::parse(at).unwrap())).await.unwrap();
            let report = story.node.report(&MoneyFilter::default(), grouping(title), moment).await.unwrap();
            let mut groups: BTreeMap<String, ReportGroup> = match title {
                "The whole" => [("all".to_owned(), report.total.clone().unwrap())].into(),
                "By party" => report.groups.into_iter().map(|group| (group.label.clone(), group)).collect(),
                _ => report.groups.into_iter().map(|group| (group.key_text.clone(), group)).collect(),
            };
            for mut row in table.rows {
                let name = row.remove("group").unwrap();
                let level = row.remove("level");
                let label = if name == "(none)" { String::new() } else { name.clone() };
                let group = groups.remove(&label).unwrap_or_else(|| panic!("{}: no group {name}", table.heading));
                let expected: BTreeMap<_, _> =
                    row.into_iter().map(|(column, cell)| (column, cell.replace(',', ""))).collect();
                assert_eq!(shown(&group), expected, "{}: {name}", table.heading);
                assert!(group.statement.closes(), "{}: {name}", table.heading);
                figures += expected.len();
                if let Some(level) = level {
                    let tables = story.node.tables();
                    let party = tables.parties.values().find(|party| party.label == name).unwrap();
                    assert_eq!(party.level, level, "{name}");
                }
            }
            let left: Vec<_> = groups.values().filter(|group| !is_empty(group)).map(|group| &group.label).collect();
            assert!(left.is_empty(), "{}: the README lacks {left:?}", table.heading);
        }
        assert!(figures > 1_300, "the README has all its tables: {figures} figures");
    });
}

#[test]
fn the_end_of_the_story_is_now() {
    runtime().block_on(async {
        let story = told().await;
        let now = story.node.moment(None).await.unwrap();
        assert_eq!(now, story.node.moment(Some(Millis::parse(END).unwrap())).await.unwrap());
        assert_eq!(now.at, Millis::parse(END).unwrap());
    });
}

#[test]
fn the_loss_statement_closes_in_every_grouping_at_every_moment() {
    runtime().block_on(async {
        let story = told().await;
        let groupings = [
            GroupBy::Nothing,
            GroupBy::Programme,
            GroupBy::Cycle,
            GroupBy::Purpose,
            GroupBy::Party,
            GroupBy::Area { level: 0 },
            GroupBy::Area { level: 1 },
            GroupBy::Area { level: 2 },
            GroupBy::Area { level: 3 },
            GroupBy::HopKind,
        ];
        let days = (0..=80).map(|day| Millis::parse(BEGIN).unwrap().plus(day * 86_400_000));
        for at in days.chain([Millis::parse(END).unwrap()]) {
            let moment = story.node.moment(Some(at)).await.unwrap();
            let mut wholes = BTreeSet::new();
            for by in groupings {
                let report = story.node.report(&MoneyFilter::default(), by, moment).await.unwrap();
                assert!(report.groups.iter().all(|group| group.statement.closes()), "{at} {by:?}");
                wholes.extend(report.total.map(|total| format!("{:?} {:?}", total.statement, total.hops)));
            }
            assert!(wholes.len() <= 1, "{at}: groupings add up to different wholes: {wholes:?}");
        }
    });
}

async fn all_hops(node: &Node, filter: &HopFilter) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    loop {
        let after: Option<HopId> = hops.last().map(|hop| hop.id);
        let page = node.views().hops_page(filter, Page::oldest_first(after, 500)).await.unwrap().rows;
        if page.is_empty() {
            return hops;
        }
        hops.extend(page);
    }
}

async fn unspent(node: &Node) -> Vec<Token> {
    let filter = TokenFilter { unspent_only: true, ..TokenFilter::default() };
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        let after: Option<TokenId> = tokens.last().map(|token| token.id);
        let page = node.views().tokens_page(&filter, Page::oldest_first(after, 500)).await.unwrap().rows;
        if page.is_empty() {
            return tokens;
        }
        tokens.extend(page);
    }
}

fn party(node: &Node, label: &str) -> PartyKey {
    let tables = node.tables();
    let found = tables.parties.values().find(|party| party.label == label);
    found.unwrap_or_else(|| panic!("no party {label:?}")).key
}

#[test]
fn every_planted_hop_is_as_the_readme_says() {
    runtime().block_on(async {
        let story = told().await;
        let planted = tables().into_iter().find(|table| table.heading == "Planted: hops").unwrap();
        assert!(planted.rows.len() > 25);
        for row in planted.rows {
            let filter = HopFilter {
                from: Some(party(&story.node, &row["from"])),
                to: Some(party(&story.node, &row["to"])),
                programme: story.node.tables().programme_codes.get(&row["programme"]).copied(),
                cycle: Some(row["cycle"].clone()),
                ..HopFilter::default()
            };
            assert!(filter.programme.is_some());
            let expected = (
                row["kind"].clone(),
                row["state"].clone(),
                minor(&row["sent"]).unwrap(),
                minor(&row["arrived"]),
                minor(&row["deducted"]).unwrap(),
                minor(&row["refused"]).unwrap(),
                minor(&row["shortfall"]),
            );
            let found: Vec<_> = all_hops(&story.node, &filter)
                .await
                .iter()
                .map(|hop| {
                    (
                        hop.kind.name().to_owned(),
                        hop.state.name().to_owned(),
                        i128::from(hop.sent),
                        hop.figures.arrived.map(i128::from),
                        i128::from(hop.figures.deducted),
                        i128::from(hop.refused),
                        hop.shortfall().map(i128::from),
                    )
                })
                .collect();
            assert!(found.contains(&expected), "{row:?}\nexpected {expected:?}\nfound    {found:?}");
        }
    });
}

#[test]
fn every_planted_leak_is_in_the_class_that_the_readme_says() {
    runtime().block_on(async {
        let story = told().await;
        let moment = story.node.moment(None).await.unwrap();
        let planted = tables().into_iter().find(|table| table.heading == "Planted: where it shows").unwrap();
        assert!(planted.rows.len() > 20);
        for row in planted.rows {
            let filter = MoneyFilter {
                programme: story.node.tables().programme_codes.get(&row["programme"]).copied(),
                cycle: Some(row["cycle"].clone()),
                party: Some(party(&story.node, &row["party"])),
                ..MoneyFilter::default()
            };
            assert!(filter.programme.is_some());
            let found = story.node.statement(&filter, moment).await.unwrap().unwrap();
            assert_eq!(Some(class(&found.statement, &row["class"])), minor(&row["amount"]), "{row:?}");
        }
    });
}

/// The same sum that the README's planted leaks come to: nothing is lost that was not planted.
#[test]
fn what_is_unaccounted_or_overdue_is_planted_and_nothing_else() {
    runtime().block_on(async {
        let story = told().await;
        let moment = story.node.moment(None).await.unwrap();
        let whole = story.node.statement(&MoneyFilter::default(), moment).await.unwrap().unwrap().statement;
        let planted = tables().into_iter().find(|table| table.heading == "Planted: where it shows").unwrap();
        let sum = |name: &str| -> i128 {
            planted.rows.iter().filter(|row| row["class"] == name).filter_map(|row| minor(&row["amount"])).sum()
        };
        for name in ["unaccounted", "overdue", "disputed", "returned", "surplus"] {
            assert_eq!(sum(name), class(&whole, name), "{name}");
        }
    });
}

#[test]
fn the_node_identity_holds_for_every_party() {
    runtime().block_on(async {
        let story = told().await;
        let mut left: BTreeMap<PartyKey, i64> = BTreeMap::new();
        for hop in all_hops(&story.node, &HopFilter::default()).await {
            *left.entry(hop.to).or_default() += hop.figures.arrived.unwrap_or(0);
            if let Some(from) = hop.from.filter(|_| hop.from_balance && hop.state != HopState::Reversed) {
                *left.entry(from).or_default() -= hop.sent - hop.bounced_home;
            }
        }
        let filter = AllocationFilter::default();
        for allocation in
            story.node.views().allocations_page(&filter, Page::oldest_first(None, 100)).await.unwrap().rows
        {
            *left.entry(allocation.treasury).or_default() += allocation.amount;
        }
        for token in unspent(&story.node).await {
            let kept = matches!(token.state, TokenState::Deducted)
                || matches!(token.reason, Some(MissingReason::Deduction | MissingReason::Lost));
            let balance = matches!(token.state, TokenState::Held | TokenState::Returned | TokenState::Confirmed);
            if let Some(holder) = token.holder.filter(|_| kept || balance) {
                *left.entry(holder).or_default() -= token.amount;
            }
        }
        let broken: Vec<_> = left.iter().filter(|(_, rest)| **rest != 0).collect();
        assert!(broken.is_empty(), "{broken:?}");
        assert!(left.len() > 190, "{} parties moved money", left.len());
    });
}

#[test]
fn the_logins_cover_every_officer_and_every_recipient_with_a_key() {
    runtime().block_on(async {
        let story = told().await;
        let keys: BTreeSet<_> = story.node.tables().keys.values().map(|key| key.officer).collect();
        let logins: BTreeSet<_> = story.logins.iter().map(|login| login.officer_id).collect();
        assert_eq!(keys, logins);
        for login in &story.logins {
            let viewer = story.node.viewer(&login.token).await.unwrap().unwrap();
            assert_eq!((viewer.officer, viewer.party.id), (login.officer_id, login.party_id), "{}", login.party);
            assert_eq!((viewer.party.label.as_str(), viewer.roles()), (login.party.as_str(), login.roles.clone()));
        }
        let is_recipient = |login: &&DemoLogin| login.officer == "recipient";
        assert_eq!(story.logins.iter().filter(is_recipient).count(), 185);
        let recipients =
            story.node.tables().parties.values().filter(|party| party.kind == PartyKind::Recipient).count();
        assert_eq!(recipients, 200);
    });
}

#[test]
fn there_is_work_left_for_everybody() {
    runtime().block_on(async {
        // Approving changes the books, so this one has a story of its own.
        let story = Story::tell().await;
        for (label, count) in [
            ("National Treasury", 1),
            ("Coastal Bank", 1),
            ("Cedar West Office", 2),
            ("Dune West 01", 1),
            ("Dune East 06", 1),
        ] {
            let to = Some(party(&story.node, label));
            let filter = HopFilter { to, awaits_receiver: true, ..HopFilter::default() };
            assert_eq!(story.node.views().hops_count(&filter, None).await.unwrap().rows, count, "{label}");
        }
        for (label, count) in [("National Treasury", 2), ("Audit Office", 1), ("Cedar County Office", 1)] {
            let approver = story.login(label, Role::Approver);
            let viewer = story.node.viewer(&approver.token).await.unwrap().unwrap();
            let drafts = waiting(&story.node, approver.party_id).await;
            assert_eq!(drafts.len(), count, "{label}");
            for id in drafts {
                let outcome = story.node.approve(&viewer, id).await.unwrap();
                assert!(matches!(outcome.status, Status::Recorded(_)), "{label}: {:?}", outcome.status);
            }
        }
    });
}

async fn waiting(node: &Node, party: uuid::Uuid) -> Vec<uuid::Uuid> {
    use aqueduct::store::node::drafts::DraftStatus;
    let found = node.store().drafts_of(party, Some(DraftStatus::AwaitingSignature), None, 10).await.unwrap();
    found.into_iter().map(|draft| draft.id).collect()
}

#[test]
fn the_genesis_says_demonstration_and_every_operation_is_of_its_day() {
    runtime().block_on(async {
        let story = told().await;
        let (begin, end) = (Millis::parse(BEGIN).unwrap(), Millis::parse(END).unwrap());
        let mut entries = 0;
        let mut from = 0;
        loop {
            let blocks = story.node.chain().blocks_from(from, 64, 16 * 1024 * 1024).await.unwrap();
            let Some(last) = blocks.last() else { break };
            from = last.height + 1;
            for block in blocks {
                let body = aqueduct::chain::block::Body::parse(&block.body).unwrap();
                for entry in body.entries() {
                    let envelope = aqueduct::chain::envelope::Envelope::parse(&entry.envelope).unwrap();
                    let payload = Payload::parse(envelope.payload()).unwrap();
                    if entries == 0 {
                        assert_eq!(payload.kind, "CHAIN_BEGIN");
                        assert_eq!(payload.body["demonstration"], true);
                    }
                    let issued = id_time(payload.id).unwrap();
                    assert!((begin..=end).contains(&issued), "{issued}");
                    entries += 1;
                }
            }
        }
        assert!((800..1_500).contains(&entries), "{entries} entries");
    });
}

#[test]
fn a_directory_that_is_not_empty_is_refused_with_a_way_out() {
    runtime().block_on(async {
        let told = &told().await.directory;
        assert_eq!(story::told(&options(told.path())).await.unwrap(), Told::Whole);
        let again = story::tell(options(told.path()), |_, _, _| {}).await.unwrap_err();
        assert!(matches!(again, StoryError::AlreadyTold(_)), "{again}");

        let other = tempfile::tempdir().unwrap();
        assert_eq!(story::told(&options(other.path())).await.unwrap(), Told::Nothing);
        begin(options(other.path()), Beginning { label: "Registrar", demonstration: false }).await.unwrap();
        assert_eq!(story::told(&options(other.path())).await.unwrap(), Told::OtherChain);
        let beside = story::tell(options(other.path()), |_, _, _| {}).await.unwrap_err();
        let needs = format!("needs an empty {}", options(other.path()).database.kind());
        assert!(beside.to_string().contains(&needs), "{beside}");
    });
}

/// Told with a failing disk: the next telling says what to do.
#[test]
fn an_interrupted_story_says_what_to_do() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let breaks = |_: &str, done: u64, _: u64| {
            if done == 20 {
                faults.arm(Point::BeforeAppend, 1);
            }
        };
        let broken =
            story::tell(Options { faults: faults.clone(), ..options(directory.path()) }, breaks).await.unwrap_err();
        assert!(matches!(broken, StoryError::Refused { .. }), "{broken}");
        assert_eq!(story::told(&options(directory.path())).await.unwrap(), Told::Half);
        let half = story::tell(options(directory.path()), |_, _, _| {}).await.unwrap_err();
        let kind = options(directory.path()).database.kind();
        assert!(half.to_string().contains(&format!("remove that {kind} and run `aqueduct demo` again")), "{half}");
    });
}

#[test]
fn a_clock_before_the_end_of_the_story_is_refused_before_anything_is_written() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(Clock::manual(Millis::parse(BEGIN).unwrap()));
        let early =
            story::tell(Options { clock, ..database::options(directory.path()) }, |_, _, _| {}).await.unwrap_err();
        assert!(matches!(early, StoryError::NotYet { .. }), "{early}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    });
}
