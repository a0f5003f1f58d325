//! Bearer tokens, kept as digests: who copies the file cannot log in with it.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{NodeStore, bytes32_of, uuid_of};
use crate::ledger::time::Millis;
use crate::store::error::StoreError;

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "aqd_";

const LOGIN: &str = "a login";

/// A bearer token: `aqd_` and 32 random bytes in base64url. Shown once, to who gets it.
pub struct LoginToken(Zeroizing<[u8; 32]>);

/// Names a login without allowing to use it: the SHA-256 of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginId(pub [u8; 32]);

/// Who asks. The officer's key may be held by the node or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub id: LoginId,
    /// The officer who logs in.
    pub officer: Uuid,
    /// The party the officer speaks for.
    pub party: Uuid,
    /// What people call it.
    pub label: String,
    /// When it was made.
    pub created_at: Millis,
}

/// A text that is no token. It is not repeated: it may be somebody's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a login token is `aqd_` and 43 characters of base64url")]
pub struct NotAToken;

mod rows {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "logins")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: Vec<u8>,
        pub officer: Vec<u8>,
        pub party: Vec<u8>,
        pub label: String,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl LoginToken {
    /// A new one, from the system's randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The name of its login.
    pub fn id(&self) -> LoginId {
        LoginId(Sha256::digest(self.0.as_slice()).into())
    }
}

impl fmt::Display for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginToken(..)")
    }
}

impl FromStr for LoginToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotAToken)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NotAToken)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| NotAToken)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl NodeStore {
    /// Makes a login; the token cannot be shown again.
    pub async fn add_login(
        &self,
        officer: Uuid,
        party: Uuid,
        label: &str,
        created_at: Millis,
    ) -> Result<LoginToken, StoreError> {
        let token = LoginToken::generate().map_err(StoreError::write(LOGIN))?;
        let row = rows::ActiveModel {
            digest: Set(token.id().0.to_vec()),
            officer: Set(officer.as_bytes().to_vec()),
            party: Set(party.as_bytes().to_vec()),
            label: Set(label.to_owned()),
            created_at: Set(created_at.0),
        };
        rows::Entity::insert(row)
            .exec_without_returning(self.writer(LOGIN)?)
            .await
            .map_err(StoreError::write(LOGIN))?;
        Ok(token)
    }

    /// Who a bearer token belongs to; `None` for a text that is no token of this node. A login that
    /// another process removes is valid for `LOGIN_KEPT_MS` more.
    pub async fn login_by_token(&self, token: &str) -> Result<Option<Login>, StoreError> {
        let Ok(token) = token.parse::<LoginToken>() else { return Ok(None) };
        let id = token.id();
        let look_up = match self.found_logins.get(id, Instant::now()) {
            Ok(login) => return Ok(Some(login)),
            Err(look_up) => look_up,
        };
        let row = rows::Entity::find_by_id(id.0.to_vec()).one(&self.readers).await;
        let login = row.map_err(StoreError::read(LOGIN))?.map(Login::try_from).transpose()?;
        if let Some(login) = &login {
            self.found_logins.keep(&look_up, login);
        }
        Ok(login)
    }

    /// Every login, by age; there are as many as officers.
    pub async fn logins(&self) -> Result<Vec<Login>, StoreError> {
        let rows = rows::Entity::find()
            .order_by_asc(rows::Column::CreatedAt)
            .order_by_asc(rows::Column::Digest)
            .all(&self.readers)
            .await
            .map_err(StoreError::read(LOGIN))?;
        rows.into_iter().map(Login::try_from).collect()
    }

    /// Ends a login at once; answers whether there was one.
    pub async fn remove_login(&self, id: LoginId) -> Result<bool, StoreError> {
        let done = rows::Entity::delete_by_id(id.0.to_vec()).exec(self.writer(LOGIN)?).await;
        // Also after an error: it may be removed.
        self.found_logins.end(id);
        Ok(done.map_err(StoreError::write(LOGIN))?.rows_affected > 0)
    }
}

impl TryFrom<rows::Model> for Login {
    type Error = StoreError;

    fn try_from(row: rows::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: LoginId(bytes32_of(&row.digest, LOGIN)?),
            officer: uuid_of(&row.officer, LOGIN)?,
            party: uuid_of(&row.party, LOGIN)?,
            label: row.label,
            created_at: Millis(row.created_at),
        })
    }
}
