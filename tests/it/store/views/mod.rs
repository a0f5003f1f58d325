//! The views: what blocks changed comes back as it was, and sums are those of the books.

mod history;
mod hop_figures;
mod notes;
mod projecting;
mod reading;
mod records;
mod sums;

use aqueduct::store::database::{Database, Place};
use aqueduct::store::faults::Faults;
use aqueduct::store::views::Views;
use tempfile::TempDir;

use crate::cluster;

/// Views in a new folder, which lives as long as they are used.
pub async fn views() -> (TempDir, Views) {
    let folder = TempDir::new().unwrap();
    let views = Views::open(&place(&folder), Faults::default()).await.unwrap();
    (folder, views)
}

/// Where those views are; the file's name is one that an address could not hold.
pub fn place(folder: &TempDir) -> Place {
    match crate::database::is_postgres() {
        true => crate::database::of(folder.path()).views(),
        false => Place::file(folder.path().join("views #1?.db")),
    }
}

/// Views in a new database of PostgreSQL; none where there are no programs of it.
pub async fn views_on_postgres() -> Option<Views> {
    let database = Database::Postgres(cluster::shared()?.database().parse().unwrap());
    Some(Views::open(&database.views(), Faults::default()).await.unwrap())
}

/// Views that hold the whole history, written in batches of several blocks.
pub async fn filled() -> (TempDir, Views, history::History) {
    let (folder, views) = views().await;
    let history = history::history();
    for batch in history.blocks.chunks(3) {
        views.project(batch).await.unwrap();
    }
    (folder, views, history)
}
