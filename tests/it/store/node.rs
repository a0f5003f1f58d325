//! The node's own store: nothing secret in the clear, nothing lost to a race.

use std::path::{Path, PathBuf};

use aqueduct::ledger::ids::KeyId;
use aqueduct::ledger::selection::{Page, WaitingFilter};
use aqueduct::ledger::time::Millis;
use aqueduct::store::faults::{Faults, Point};
use aqueduct::store::node::NodeStore;
use aqueduct::store::node::drafts::{Draft, DraftInserted, DraftOutcome, DraftSignature, DraftStatus, DraftStep};
use aqueduct::store::node::keyring::{Keyring, KeyringError, NODE_ITSELF, Unlock};
use aqueduct::store::node::settings::{CheckpointError, SignedCheckpoint};
use aqueduct::store::node::unlock::UnlockError;
use aqueduct_migrations::node::NodeMigrator;
use ed25519_dalek::{Signature, VerifyingKey};
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;
use uuid::Uuid;

use super::goes_up_down_up;
use crate::database;

const OFFICER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
const OTHER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);
const PARTY: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0003);

async fn empty() -> (TempDir, NodeStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    (directory, store)
}

async fn open(directory: &Path) -> NodeStore {
    NodeStore::open(&database::of(directory).node(), Faults::default()).await.unwrap()
}

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(text.to_owned())
}

/// Whether any file of the directory but `except` holds these bytes.
fn on_disk(directory: &Path, bytes: &[u8], except: Option<&Path>) -> bool {
    let files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    // The files of a server are not here, and what is written to them is the same.
    assert!(database::is_postgres() || files.iter().any(|file| file.ends_with("node.db")));
    files
        .iter()
        .filter(|file| Some(file.as_path()) != except)
        .any(|file| std::fs::read(file).unwrap().windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn a_token_logs_its_officer_in_until_it_is_removed() {
    let (directory, store) = empty().await;
    let token = store.add_login(OFFICER, PARTY, "Anna, treasury", Millis(5)).await.unwrap();
    let other = store.add_login(OTHER, PARTY, "Ben", Millis(6)).await.unwrap();
    let text = token.to_string();
    assert!(text.starts_with("aqd_") && text.len() == 47, "{text}");
    assert!(!format!("{token:?}").contains(&text[4..]));
    store.close().await.unwrap();

    let store = open(directory.path()).await;
    let login = store.login_by_token(&text).await.unwrap().unwrap();
    assert_eq!((login.officer, login.party, login.label.as_str()), (OFFICER, PARTY, "Anna, treasury"));
    assert_eq!((login.created_at, login.id), (Millis(5), token.id()));
    assert_eq!(store.logins().await.unwrap().len(), 2);
    assert!(store.remove_login(login.id).await.unwrap());
    assert!(!store.remove_login(login.id).await.unwrap());
    assert_eq!(store.login_by_token(&text).await.unwrap(), None);
    assert_eq!(store.login_by_token(&other.to_string()).await.unwrap().unwrap().officer, OTHER);
}

#[tokio::test]
async fn what_is_no_token_of_this_node_logs_nobody_in() {
    let (_directory, store) = empty().await;
    let text = store.add_login(OFFICER, PARTY, "Anna", Millis(5)).await.unwrap().to_string();
    let other_case = text.to_uppercase();
    for wrong in ["", "aqd_", "Bearer", &text[..46], &text[4..], &format!("{text}="), &format!(" {text}"), &other_case]
    {
        assert_eq!(store.login_by_token(wrong).await.unwrap(), None, "{wrong:?}");
    }
}

#[tokio::test]
async fn no_token_is_on_the_disk() {
    let (directory, store) = empty().await;
    let text = store.add_login(OFFICER, PARTY, "Anna", Millis(5)).await.unwrap().to_string();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &text[4..]).unwrap();
    for when in ["open", "closed"] {
        assert!(!on_disk(directory.path(), text.as_bytes(), None), "{when}");
        assert!(!on_disk(directory.path(), &text.as_bytes()[4..], None), "{when}");
        assert!(!on_disk(directory.path(), &bytes, None), "{when}");
        store.clone().close().await.unwrap();
    }
}

#[tokio::test]
async fn a_held_key_signs_after_a_restart_and_its_secret_is_not_on_the_disk() {
    let (directory, store) = empty().await;
    let secret: [u8; 32] = std::array::from_fn(|at| at as u8 * 7 + 1);
    let keyring = Keyring::unlock(&store, passphrase("correct horse")).await.unwrap();
    let key = keyring.add(OFFICER, &secret).await.unwrap();
    assert_eq!(keyring.add(OFFICER, &secret).await.unwrap(), key);
    assert!(matches!(keyring.add(OTHER, &secret).await, Err(KeyringError::OtherOfficer(named)) if named == key));
    let made = keyring.create(OFFICER).await.unwrap();
    let own = keyring.create(NODE_ITSELF).await.unwrap();
    assert!(!on_disk(directory.path(), &secret, None));
    assert!(!on_disk(directory.path(), hex::encode(secret).as_bytes(), None));
    store.close().await.unwrap();
    assert!(!on_disk(directory.path(), &secret, None));
    assert!(!on_disk(directory.path(), b"correct horse", None));

    let store = open(directory.path()).await;
    let keyring = Keyring::unlock(&store, passphrase("correct horse")).await.unwrap();
    let mut both = [key, made];
    both.sort();
    assert_eq!(keyring.keys_of(OFFICER), both);
    assert_eq!(keyring.keys_of(NODE_ITSELF), [own]);
    assert_eq!(keyring.keys_of(OTHER), []);
    for key in both {
        let signature = Signature::from_bytes(&keyring.sign(key, b"message").unwrap());
        VerifyingKey::from_bytes(&key.0).unwrap().verify_strict(b"message", &signature).unwrap();
    }
    let stranger = KeyId([3; 32]);
    assert!(matches!(keyring.sign(stranger, b""), Err(KeyringError::NotHeld(named)) if named == stranger));
    assert!(keyring.remove(key).await.unwrap());
    assert!(!keyring.remove(key).await.unwrap());
    assert!(matches!(keyring.sign(key, b""), Err(KeyringError::NotHeld(_))));
    assert_eq!(Keyring::unlock(&store, passphrase("correct horse")).await.unwrap().keys_of(OFFICER), [made]);
}

#[tokio::test]
async fn no_debug_output_shows_a_secret() {
    let (_directory, store) = empty().await;
    let keyring = Keyring::unlock(&store, passphrase("correct horse")).await.unwrap();
    keyring.add(OFFICER, &[77; 32]).await.unwrap();
    assert_eq!(format!("{:?}", passphrase("correct horse")), "Passphrase(..)");
    assert_eq!(format!("{keyring:?}"), "Keyring { held: 1, .. }");
}

#[tokio::test]
async fn only_what_made_the_keyring_opens_it() {
    let (directory, store) = empty().await;
    let file = || Unlock::key_file_in(directory.path());
    assert!(matches!(Keyring::unlock(&store, passphrase("")).await, Err(UnlockError::EmptyPassphrase)));
    Keyring::unlock(&store, passphrase("right")).await.unwrap();
    for wrong in ["Right", "right ", "wrong"] {
        let error = Keyring::unlock(&store, passphrase(wrong)).await.unwrap_err();
        assert!(matches!(error, UnlockError::WrongPassphrase), "{error:?}");
    }
    assert!(matches!(Keyring::unlock(&store, passphrase("")).await, Err(UnlockError::EmptyPassphrase)));
    assert!(matches!(Keyring::unlock(&store, file()).await, Err(UnlockError::NeedsPassphrase)));
    assert!(!directory.path().join("node.key").exists());
    Keyring::unlock(&store, passphrase("right")).await.unwrap();
}

#[tokio::test]
async fn the_key_file_is_made_once_for_its_owner_only() {
    let (directory, store) = empty().await;
    let path = directory.path().join("node.key");
    let unlock = || Keyring::unlock(&store, Unlock::key_file_in(directory.path()));
    let key = unlock().await.unwrap().create(OFFICER).await.unwrap();
    let made = std::fs::read(&path).unwrap();
    assert_eq!(made.len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    unlock().await.unwrap().sign(key, b"message").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), made);
    assert!(!on_disk(directory.path(), &made, Some(&path)));
    assert!(matches!(Keyring::unlock(&store, passphrase("x")).await, Err(UnlockError::NeedsKeyFile)));

    // A lost file is told, never replaced by a new one that opens nothing.
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(unlock().await, Err(UnlockError::KeyFile { .. })));
    assert!(!path.exists());
    for wrong in [&[1; 32][..], &[1; 31], b""] {
        std::fs::write(&path, wrong).unwrap();
        assert!(matches!(unlock().await, Err(UnlockError::WrongKeyFile(_))));
    }
    std::fs::write(&path, made).unwrap();
    unlock().await.unwrap().sign(key, b"message").unwrap();
}

#[tokio::test]
async fn a_changed_ciphertext_is_told_and_spoils_no_other_key() {
    let (directory, store) = empty().await;
    let unlock = || Keyring::unlock(&store, Unlock::key_file_in(directory.path()));
    let keyring = unlock().await.unwrap();
    let (key, other) = (keyring.add(OFFICER, &[5; 32]).await.unwrap(), keyring.create(OTHER).await.unwrap());
    let db = database::beside(directory.path(), "node").await;
    let sealed = sealed_bytes(&db, key).await;
    assert_eq!(sealed.len(), 24 + 32 + 16);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        set_sealed(&db, key, &changed).await;
        let keyring = unlock().await.unwrap();
        assert_eq!(keyring.damaged(), [key], "byte {at}");
        assert!(matches!(keyring.sign(key, b""), Err(KeyringError::Damaged(named)) if named == key));
        assert!(matches!(keyring.add(OFFICER, &[5; 32]).await, Err(KeyringError::Damaged(_))));
        keyring.sign(other, b"").unwrap();
    }
    // The whole of another row's bytes, put under this key, do not open either.
    set_sealed(&db, key, &sealed_bytes(&db, other).await).await;
    assert_eq!(unlock().await.unwrap().damaged(), [key]);
    set_sealed(&db, key, &sealed).await;
    assert_eq!(unlock().await.unwrap().damaged(), []);
}

async fn sealed_bytes(db: &sea_orm::DatabaseConnection, key: KeyId) -> Vec<u8> {
    let sql = "SELECT sealed FROM held_keys WHERE key = $1";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [key.0.to_vec().into()]);
    db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn set_sealed(db: &sea_orm::DatabaseConnection, key: KeyId, sealed: &[u8]) {
    let sql = "UPDATE held_keys SET sealed = $1 WHERE key = $2";
    let values = [sealed.to_vec().into(), key.0.to_vec().into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
}

#[tokio::test]
async fn settings_are_kept() {
    let (directory, store) = empty().await;
    assert_eq!(store.proposer_key().await.unwrap(), None);
    assert_eq!(store.origin().await.unwrap(), None);
    assert_eq!(store.last_signed_checkpoint().await.unwrap(), None);
    store.set_proposer_key(KeyId([1; 32])).await.unwrap();
    store.set_proposer_key(KeyId([2; 32])).await.unwrap();
    store.set_origin("log.example.org/aqueduct").await.unwrap();
    assert!(store.set_setting_if_absent("once", b"1").await.unwrap());
    assert!(!store.set_setting_if_absent("once", b"2").await.unwrap());
    store.close().await.unwrap();
    let store = open(directory.path()).await;
    assert_eq!(store.proposer_key().await.unwrap(), Some(KeyId([2; 32])));
    assert_eq!(store.origin().await.unwrap().unwrap(), "log.example.org/aqueduct");
    assert_eq!(store.setting("once").await.unwrap().unwrap(), b"1");
}

#[tokio::test]
async fn no_checkpoint_contradicts_the_last_signed_one() {
    let (_directory, store) = empty().await;
    let checkpoint = |size, root| SignedCheckpoint { size, root: [root; 32] };
    for next in [checkpoint(0, 1), checkpoint(4, 1), checkpoint(4, 1), checkpoint(300, 2)] {
        store.advance_signed_checkpoint(next).await.unwrap();
        assert_eq!(store.last_signed_checkpoint().await.unwrap(), Some(next));
    }
    for next in [checkpoint(300, 3), checkpoint(299, 2), checkpoint(4, 1), checkpoint(0, 1)] {
        let error = store.advance_signed_checkpoint(next).await.unwrap_err();
        assert!(matches!(error, CheckpointError::Contradicts(last) if last == checkpoint(300, 2)));
    }
    assert_eq!(store.last_signed_checkpoint().await.unwrap(), Some(checkpoint(300, 2)));
}

fn draft(id: u128) -> Draft {
    Draft {
        party: PARTY,
        id: Uuid::from_u128(id),
        kind: "ALLOCATION_CREATE".to_owned(),
        payload: b"{\"the\":\"exact bytes\"}".to_vec(),
        lines: None,
        signatures: vec![signature(1)],
        created_by: OFFICER,
        created_at: Millis(1_000),
        expires_at: Millis(2_000),
        status: DraftStatus::AwaitingSignature,
        outcome: None,
        entry: None,
    }
}

fn signature(key: u8) -> DraftSignature {
    DraftSignature { key: KeyId([key; 32]), signature: [key; 64] }
}

fn step(from: DraftStatus, to: DraftStatus) -> DraftStep {
    DraftStep { from, to, outcome: None, entry: None }
}

#[tokio::test]
async fn a_draft_comes_back_as_it_went_in() {
    let (_directory, store) = empty().await;
    let plain = draft(1);
    let full = Draft {
        lines: Some("first\nsecond\n".to_owned()),
        signatures: vec![signature(1), signature(2)],
        status: DraftStatus::Refused,
        outcome: Some(DraftOutcome { code: "TOKEN_SPENT".to_owned(), message: "spent before".to_owned() }),
        entry: Some(i64::MAX as u64),
        created_at: Millis(i64::MIN),
        expires_at: Millis(i64::MAX),
        ..draft(2)
    };
    for draft in [plain, full] {
        assert_eq!(store.insert_draft(&draft).await.unwrap(), DraftInserted::New);
        assert_eq!(store.draft(PARTY, draft.id).await.unwrap(), Some(draft));
    }
    assert_eq!(store.draft(OTHER, Uuid::from_u128(1)).await.unwrap(), None);
    let statuses = ["AWAITING_SIGNATURE", "WITHDRAWN", "SUBMITTED", "RECORDED", "REFUSED", "EXPIRED"];
    for name in statuses {
        assert_eq!(DraftStatus::from_name(name).unwrap().name(), name);
    }
    assert_eq!(DraftStatus::from_name("awaiting_signature"), None);
}

#[tokio::test]
async fn the_first_draft_of_an_id_stays() {
    let (_directory, store) = empty().await;
    let first = draft(1);
    assert_eq!(store.insert_draft(&first).await.unwrap(), DraftInserted::New);
    let second = Draft { payload: b"other bytes".to_vec(), ..draft(1) };
    assert_eq!(store.insert_draft(&second).await.unwrap(), DraftInserted::Existing(Box::new(first)));
    let elsewhere = Draft { party: OTHER, ..second };
    assert_eq!(store.insert_draft(&elsewhere).await.unwrap(), DraftInserted::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_officers_who_sign_at_once_one_is_first() {
    let (_directory, store) = empty().await;
    for id in 1..=10 {
        let draft = draft(id);
        store.insert_draft(&draft).await.unwrap();
        let signing = (2..=5).map(|key| {
            let store = store.clone();
            tokio::spawn(async move { store.add_draft_signature(PARTY, draft.id, 1, signature(key)).await })
        });
        let signing: Vec<_> = signing.collect();
        let mut done = Vec::new();
        for (key, attempt) in (2..).zip(signing) {
            if attempt.await.unwrap().unwrap() {
                done.push(signature(key));
            }
        }
        assert_eq!(done.len(), 1);
        let stored = store.draft(PARTY, draft.id).await.unwrap().unwrap();
        assert_eq!(stored.signatures, [signature(1), done.remove(0)]);
    }
}

#[tokio::test]
async fn a_signature_needs_the_count_and_a_draft_that_awaits_it() {
    let (_directory, store) = empty().await;
    let id = draft(1).id;
    assert!(!store.add_draft_signature(PARTY, id, 0, signature(2)).await.unwrap());
    store.insert_draft(&draft(1)).await.unwrap();
    assert!(!store.add_draft_signature(PARTY, id, 0, signature(2)).await.unwrap());
    assert!(!store.add_draft_signature(PARTY, id, 2, signature(2)).await.unwrap());
    assert!(!store.add_draft_signature(PARTY, id, 1, signature(1)).await.unwrap(), "signed before");
    assert!(store.add_draft_signature(PARTY, id, 1, signature(2)).await.unwrap());
    assert!(store.step_draft(PARTY, id, step(DraftStatus::AwaitingSignature, DraftStatus::Submitted)).await.unwrap());
    assert!(!store.add_draft_signature(PARTY, id, 2, signature(3)).await.unwrap());
}

#[tokio::test]
async fn a_status_changes_only_from_the_one_expected() {
    use DraftStatus::{AwaitingSignature, Recorded, Refused, Submitted, Withdrawn};
    let (_directory, store) = empty().await;
    let id = draft(1).id;
    assert!(!store.step_draft(PARTY, id, step(AwaitingSignature, Submitted)).await.unwrap());
    store.insert_draft(&draft(1)).await.unwrap();
    assert!(!store.step_draft(OTHER, id, step(AwaitingSignature, Submitted)).await.unwrap());
    assert!(store.step_draft(PARTY, id, step(AwaitingSignature, Submitted)).await.unwrap());
    assert!(!store.step_draft(PARTY, id, step(AwaitingSignature, Withdrawn)).await.unwrap());
    let refusal = DraftOutcome { code: "EXPIRED".to_owned(), message: "too late".to_owned() };
    let refused = DraftStep { outcome: Some(refusal.clone()), ..step(Submitted, Refused) };
    assert!(store.step_draft(PARTY, id, refused).await.unwrap());
    let stored = store.draft(PARTY, id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.outcome, stored.entry), (Refused, Some(refusal), None));
    let recorded = DraftStep { entry: Some(17), ..step(Refused, Recorded) };
    assert!(store.step_draft(PARTY, id, recorded).await.unwrap());
    let stored = store.draft(PARTY, id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.outcome, stored.entry), (Recorded, None, Some(17)));
}

#[tokio::test]
async fn drafts_are_listed_in_pages() {
    let (_directory, store) = empty().await;
    for id in 1..=7 {
        store.insert_draft(&draft(id)).await.unwrap();
        store.insert_draft(&Draft { party: OTHER, ..draft(id) }).await.unwrap();
    }
    let submitted = step(DraftStatus::AwaitingSignature, DraftStatus::Submitted);
    for id in [2, 5] {
        assert!(store.step_draft(PARTY, Uuid::from_u128(id), submitted.clone()).await.unwrap());
    }
    let ids = |drafts: Vec<Draft>| drafts.iter().map(|draft| draft.id.as_u128()).collect::<Vec<_>>();
    let all = ids(store.drafts_of(PARTY, None, None, 100).await.unwrap());
    assert_eq!(all, [7, 6, 5, 4, 3, 2, 1]);
    let waiting = Some(DraftStatus::AwaitingSignature);
    assert_eq!(ids(store.drafts_of(PARTY, waiting, None, 2).await.unwrap()), [7, 6]);
    let second = store.drafts_of(PARTY, waiting, Some(Uuid::from_u128(6)), 2).await.unwrap();
    assert_eq!(ids(second), [4, 3]);

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.drafts_with(DraftStatus::AwaitingSignature, after, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.id, last.party));
        seen.extend(page.iter().map(|draft| (draft.id, draft.party)));
    }
    assert_eq!(seen.len(), 12);
    assert!(seen.is_sorted());
    assert_eq!(ids(store.drafts_with(DraftStatus::Submitted, None, 9).await.unwrap()), [2, 5]);
}

#[tokio::test]
async fn what_a_party_may_have_to_sign_is_its_own_or_a_reversal() {
    let (_directory, store) = empty().await;
    let other = Uuid::from_u128(77);
    store.insert_draft(&draft(1)).await.unwrap();
    store.insert_draft(&Draft { party: other, ..draft(2) }).await.unwrap();
    store.insert_draft(&Draft { party: other, kind: "ENTRY_REVERSE".to_owned(), ..draft(3) }).await.unwrap();
    let signing = async |party| {
        let filter = WaitingFilter { signing: Some(party), ..WaitingFilter::default() };
        let page = Page { look_max: None, ..Page::oldest_first(None, 9) };
        let found = store.drafts_page(DraftStatus::AwaitingSignature, &filter, page).await.unwrap();
        found.rows.iter().map(|draft| draft.id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!((signing(PARTY).await, signing(other).await), (vec![1, 3], vec![2, 3]));
}

#[tokio::test]
async fn only_what_still_waits_after_its_time_expires() {
    let (_directory, store) = empty().await;
    for (id, expires_at) in [(1, 1_999), (2, 2_000), (3, 1_999)] {
        store.insert_draft(&Draft { expires_at: Millis(expires_at), ..draft(id) }).await.unwrap();
    }
    let submitted = step(DraftStatus::AwaitingSignature, DraftStatus::Submitted);
    store.step_draft(PARTY, Uuid::from_u128(3), submitted).await.unwrap();
    assert_eq!(store.expire_drafts(Millis(2_000)).await.unwrap(), 1);
    assert_eq!(store.expire_drafts(Millis(2_000)).await.unwrap(), 0);
    let status = async |id| store.draft(PARTY, Uuid::from_u128(id)).await.unwrap().unwrap().status;
    assert_eq!(status(1).await, DraftStatus::Expired);
    assert_eq!(status(2).await, DraftStatus::AwaitingSignature);
    assert_eq!(status(3).await, DraftStatus::Submitted);
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_the_store_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = NodeStore::open(&database::of(directory.path()).node(), faults.clone()).await.unwrap();
    faults.arm(Point::BeforeNodeWrite, 2);
    assert!(store.insert_draft(&draft(1)).await.is_err());
    assert!(store.add_login(OFFICER, PARTY, "Anna", Millis(1)).await.is_err());
    assert_eq!(store.draft(PARTY, draft(1).id).await.unwrap(), None);
    assert!(store.logins().await.unwrap().is_empty());
    assert_eq!(store.insert_draft(&draft(1)).await.unwrap(), DraftInserted::New);
}

#[tokio::test]
async fn migrations_of_the_node_run_up_down_up() {
    goes_up_down_up::<NodeMigrator>().await;
}
