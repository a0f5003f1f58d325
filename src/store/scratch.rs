//! Databases that are made beside another one and taken away again, and how large stores are.

use sea_orm::sqlx::{self, AssertSqlSafe, Connection};

use super::database::{Place, Schema};
use super::error::StoreError;
use super::postgres::Server;

impl Server {
    /// Makes an empty database beside this one, of a name without quotation marks.
    pub async fn make_beside(&self, name: &str) -> Result<(), StoreError> {
        self.execute_all(&[format!("CREATE DATABASE \"{name}\" TEMPLATE template0")])
            .await
            .map_err(StoreError::write("a new database beside this one"))
    }

    /// Takes away every database whose name begins so, whoever uses it.
    pub async fn remove_beside(&self, prefix: &str) -> Result<(), StoreError> {
        let failed = StoreError::write::<sqlx::Error>("the removal of a database");
        let removed = async {
            let mut connection = self.no_schema().connect_once(&[]).await?;
            let names =
                sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)");
            let names: Vec<String> = names.bind(prefix).fetch_all(&mut connection).await?;
            connection.close().await?;
            let drop = |name: &String| format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            self.execute_all(&names.iter().map(drop).collect::<Vec<_>>()).await
        };
        removed.await.map_err(failed)
    }

    async fn execute_all(&self, statements: &[String]) -> Result<(), sqlx::Error> {
        let mut connection = self.no_schema().connect_once(&[]).await?;
        for sql in statements {
            sqlx::query(AssertSqlSafe(sql.clone())).execute(&mut connection).await?;
        }
        connection.close().await
    }

    fn no_schema(&self) -> Schema {
        Schema { server: self.clone(), name: "public" }
    }
}

impl Place {
    /// How many bytes the store takes on the disk.
    pub async fn bytes(&self) -> Result<u64, StoreError> {
        let schema = match self {
            Self::File(path) => {
                let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
                let mut log = path.clone().into_os_string();
                log.push("-wal");
                return Ok(size(path) + size(log.as_ref()));
            }
            Self::Schema(schema) => schema,
        };
        let size = async {
            let mut connection = schema.connect_once(&[]).await?;
            let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
                       WHERE relnamespace = $1::regnamespace AND relkind = 'r'";
            let bytes: i64 = sqlx::query_scalar(sql).bind(schema.name).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(bytes)
        };
        let bytes = size.await.map_err(StoreError::read::<sqlx::Error>("the size of a store"))?;
        // A size is never below zero.
        Ok(bytes.unsigned_abs())
    }
}
