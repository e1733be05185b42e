//! Letting a key work again that was suspended.

use domain::{CareChange, Change, Fault, KeyId, ProjectId};
use serde_json::json;

use crate::keys::stale;
use crate::transact::Write;
use crate::{Author, Control, OwnedKey};

impl Control {
    /// Lets a suspended key work again. `even_leaked`: and its secrets that leaked.
    ///
    /// # Errors
    /// 404 as [`Control::key`], 400 for an archived project.
    pub async fn resume_key(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
        even_leaked: bool,
    ) -> Result<OwnedKey, Fault> {
        self.active_project(project).await?;
        let before = self.key(project, id).await?.key;
        let suspended = before.suspended.as_ref().map(|it| it.why.as_str());
        let payload = json!({
            "id": id.as_str(),
            "data": { "suspended": suspended, "even_leaked": even_leaked },
        });
        let at = self.clock.now();
        let change = CareChange::Resume { id: id.clone(), at, even_leaked };
        let write = Write {
            audit: vec![self.audit(author, "api_key.resumed", Some(project), &payload)],
            changes: vec![Change::Care(change)],
            stale: stale(&before),
        };
        self.commit(id.as_str(), write).await?;
        self.key(project, id).await
    }
}
