//! What the doctor asks of the records, and the key of its one paid call.

use domain::diagnosis::{DoctorOrder, DoctorPage};
use domain::ports::BoxFuture;
use domain::{
    Fault, KeyId, KeyKind, KeyPolicy, ModelPattern, Order, PageQuery, Permission, ProjectId,
    Secret, Timestamp,
};

use crate::transact::store_fault;
use crate::{Author, Control, Expiry, KeyDraft};

/// Live keys that are looked at.
const KEYS: usize = 10_000;
const PAGE: u32 = 1_000;
/// The key of a call ends by itself, whatever becomes of the process.
const KEY_SECONDS: i64 = 600;
/// Messages that are counted.
const MESSAGES: u32 = 100;

/// Looks for what is wrong between here and the providers, and here. It takes its time, so it is
/// begun and then asked.
pub trait Doctor: Send + Sync {
    /// Begins; the id of the run.
    ///
    /// # Errors
    /// 429 when too many are at work.
    fn begin(&self, author: Author, order: DoctorOrder) -> Result<String, Fault>;

    /// What a run has found behind the first `after` findings; waits a while where there is
    /// nothing yet. `None` for a run that is not known (any more).
    fn look(&self, run: String, after: usize) -> BoxFuture<'_, Option<DoctorPage>>;
}

/// A key that lives for one call of the doctor's.
pub struct CheckupKey {
    pub id: KeyId,
    pub secret: Secret,
    project: ProjectId,
}

impl Control {
    /// A key in the default project, for one model and a few minutes. What it calls is limited and
    /// on the bill as any key's calls are.
    ///
    /// # Errors
    /// 400 when the default project is archived; 503 when the store is away.
    pub async fn make_checkup_key(
        &self,
        author: &Author,
        model: &str,
    ) -> Result<CheckupKey, Fault> {
        let project = self.checkup_project().await?;
        self.make_passing_key(author, &project, ("doctor", model)).await
    }

    /// The same for another purpose: `(name, model)`.
    ///
    /// # Errors
    /// 404 for an unknown project, 400 for an archived one; 503 when the store is away.
    pub async fn make_passing_key(
        &self,
        author: &Author,
        project: &ProjectId,
        (name, model): (&str, &str),
    ) -> Result<CheckupKey, Fault> {
        let draft = KeyDraft {
            name: name.to_owned(),
            policy: KeyPolicy {
                permission: Permission::All,
                models: Some(vec![ModelPattern(model.to_owned())]),
                networks: None,
            },
            expiry: Some(Expiry::InSeconds(KEY_SECONDS)),
        };
        let made = self.make_key(author, project, draft).await?;
        let project = project.clone();
        Ok(CheckupKey { id: made.owned.key.id, secret: made.secret, project })
    }

    /// The project that the doctor's calls are made for.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn checkup_project(&self) -> Result<ProjectId, Fault> {
        self.default_project().await.map(|project| project.id)
    }

    /// Revokes such a key.
    ///
    /// # Errors
    /// 503 when the store is away: it ends by itself soon.
    pub async fn end_checkup_key(&self, author: &Author, key: CheckupKey) -> Result<(), Fault> {
        self.delete_key(author, &key.project, &key.id).await
    }

    /// The live keys of projects that end at some time, by name and id.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn keys_with_an_end(&self) -> Result<Vec<(String, Timestamp)>, Fault> {
        let mut found = Vec::new();
        let mut seen = 0;
        for project in self.all_projects().await? {
            let mut after = None;
            while seen < KEYS {
                let page = PageQuery { limit: PAGE, after, order: Order::Ascending };
                let kinds = vec![KeyKind::Project, KeyKind::ServiceAccount];
                let listed = self.records.keys(Some(project.clone()), kinds, page).await;
                let page = listed.map_err(|error| store_fault(error, "the keys"))?;
                seen += page.rows.len();
                let ends = page.rows.iter().filter_map(|key| {
                    Some((format!("{} ({})", key.name, key.id), key.expires_at?))
                });
                found.extend(ends);
                after = page.rows.last().map(|key| key.id.as_str().to_owned());
                if !page.has_more {
                    break;
                }
            }
        }
        Ok(found)
    }

    async fn all_projects(&self) -> Result<Vec<ProjectId>, Fault> {
        let page = PageQuery { limit: PAGE, after: None, order: Order::Ascending };
        let page = self.list_projects(page, false).await?;
        Ok(page.rows.into_iter().map(|project| project.id).collect())
    }

    /// How many messages were tried in vain and wait for another try, a hundred at most.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn undelivered(&self) -> Result<usize, Fault> {
        let found = self.records.waiting_deliveries(Timestamp(i64::MAX), MESSAGES).await;
        let found = found.map_err(|error| store_fault(error, "the outbox"))?;
        Ok(found.iter().filter(|waiting| waiting.attempts > 0).count())
    }

    /// # Errors
    /// 503 when the store does not answer.
    pub async fn ping_store(&self) -> Result<(), Fault> {
        let answered = self.records.ping().await;
        answered.map(drop).map_err(|error| store_fault(error, "the store"))
    }
}
