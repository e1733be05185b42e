//! What a handler is given: a caller who is known, and what they sent.

use std::ops::RangeInclusive;
use std::sync::Arc;

use control::{Author, Control, CursorPage, Doctor, KeyedCaller};
use domain::fault::catalogue;
use domain::{
    Actor, AlertId, Authority, Fault, KeyId, KeyView, Order, PageQuery, Permission, ProjectId,
    RequestId, Scope, ServiceAccountId,
};

use crate::ApiRequest;
use crate::body::Fields;
use crate::credentials;
use crate::query::Query;

/// Rows of a page, unless asked otherwise, and at most.
const DEFAULT_PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// A call by the holder of an admin key.
pub(crate) struct AdminCall<'a> {
    pub(crate) control: &'a Control,
    pub(crate) author: Author,
    /// Absent where nothing can be looked at.
    pub(crate) doctor: Option<&'a dyn Doctor>,
    /// The path's ids, in order.
    pub(crate) ids: Vec<String>,
    pub(crate) query: Query,
    pub(crate) request: &'a ApiRequest<'a>,
}

/// A call by the holder of a project's key, about that key.
pub(crate) struct HolderCall<'a> {
    pub(crate) control: &'a Control,
    pub(crate) key: KeyView,
}

/// A call by the holder of an admin key, or of a project's key about that key.
pub(crate) struct KeyedCall<'a> {
    pub(crate) control: &'a Control,
    pub(crate) who: KeyedCaller,
    pub(crate) needed: Scope,
    pub(crate) request: &'a ApiRequest<'a>,
}

/// A call by somebody without a key, who proves themselves by what they send.
pub(crate) struct OpenCall<'a> {
    pub(crate) control: &'a Control,
    pub(crate) request: &'a ApiRequest<'a>,
}

impl KeyedCall<'_> {
    pub(crate) fn is_admin(&self) -> bool {
        matches!(self.who, KeyedCaller::Admin(_))
    }

    /// The calling key's id.
    pub(crate) fn asker(&self) -> &str {
        match &self.who {
            KeyedCaller::Admin(caller) => caller.key.as_str(),
            KeyedCaller::Holder(key) => key.id.as_str(),
        }
    }

    /// The key that the call itself is made with.
    pub(crate) fn presented(&self) -> Result<&str, Fault> {
        let presented = credentials::presented(self.request.headers)?;
        presented.ok_or_else(|| Fault::new(&catalogue::MISSING_API_KEY))
    }

    pub(crate) fn not_their_own(&self) -> Fault {
        let message = format!(
            "You have insufficient permissions for this operation. Missing scopes: {}. A project's \
             key may ask about itself only; use an admin API key for others.",
            self.needed
        );
        Fault::because(&catalogue::PERMISSION_DENIED, message).param("token")
    }

    pub(crate) fn author(&self) -> Author {
        let (key, authority) = match &self.who {
            KeyedCaller::Admin(caller) => (caller.key.clone(), caller.authority.clone()),
            // May do nothing here but end itself.
            KeyedCaller::Holder(key) => {
                let nothing = Authority::new(Vec::new(), Permission::ReadOnly);
                (key.id.clone(), Arc::new(nothing))
            }
        };
        Author {
            actor: Actor::AdminKey(key),
            request: Some(self.request.request_id.clone()),
            address: Some(self.request.address),
            authority,
        }
    }

    pub(crate) fn fields(&self) -> Result<Fields, Fault> {
        Fields::parse(self.request.headers, &self.request.body)
    }
}

impl OpenCall<'_> {
    /// Nobody that we know; what is done follows from what they proved.
    pub(crate) fn author(&self) -> Author {
        Author {
            request: Some(self.request.request_id.clone()),
            address: Some(self.request.address),
            ..Author::system()
        }
    }
}

impl AdminCall<'_> {
    /// The id at a place of the path; the route's template says that it is there.
    fn id(&self, place: usize) -> &str {
        self.ids.get(place).map_or("", String::as_str)
    }

    /// The same as an id of its type.
    pub(crate) fn at<T: for<'a> From<&'a str>>(&self, place: usize) -> T {
        self.id(place).into()
    }

    pub(crate) fn project(&self) -> ProjectId {
        self.id(0).into()
    }

    /// The project of a path that has one.
    pub(crate) fn path_project(&self) -> Option<ProjectId> {
        self.request.path.starts_with("/v1/organization/projects/").then(|| self.project())
    }

    /// The project of a path that has one, by either spelling of it.
    pub(crate) fn place(&self) -> Option<ProjectId> {
        let of_project = self.path_project().is_some();
        let short = self.request.path.starts_with("/v1/projects/");
        (of_project || short).then(|| self.project())
    }

    /// A path's last id.
    pub(crate) fn last<T: for<'a> From<&'a str>>(&self) -> T {
        self.ids.last().map_or("", String::as_str).into()
    }

    pub(crate) fn alert(&self) -> AlertId {
        self.last()
    }

    pub(crate) fn admin_key(&self) -> KeyId {
        self.id(0).into()
    }

    pub(crate) fn key(&self) -> KeyId {
        self.id(1).into()
    }

    /// The key of a path that names no project.
    pub(crate) fn first_key(&self) -> KeyId {
        self.id(0).into()
    }

    pub(crate) fn rate_limit(&self) -> &str {
        self.id(1)
    }

    pub(crate) fn service_account(&self) -> ServiceAccountId {
        self.id(1).into()
    }

    pub(crate) fn logged_request(&self) -> RequestId {
        self.id(0).into()
    }

    /// The id of an upstream or a route.
    pub(crate) fn upstream_or_route(&self) -> &str {
        self.id(0)
    }

    pub(crate) fn last_id(&self) -> &str {
        self.ids.last().map_or("", String::as_str)
    }

    pub(crate) fn doctor_run(&self) -> &str {
        self.id(0)
    }

    /// The name of an egress; or the id of whoever takes one.
    pub(crate) fn egress(&self) -> &str {
        self.id(0)
    }

    pub(crate) fn model(&self) -> &str {
        self.id(0)
    }

    pub(crate) fn fields(&self) -> Result<Fields, Fault> {
        Fields::parse(self.request.headers, &self.request.body)
    }

    /// For operations without a body: `{}` and nothing are the same.
    pub(crate) fn no_fields(&self) -> Result<(), Fault> {
        self.fields()?.finish()
    }

    /// `limit` and `after`, oldest first.
    pub(crate) fn page(&self) -> Result<PageQuery, Fault> {
        self.page_within(DEFAULT_PAGE, 1..=LARGEST_PAGE)
    }

    /// For the lists that go on by `next`: each has its own limits, and an order.
    pub(crate) fn next_page(
        &self,
        default: i64,
        largest: i64,
        order: Order,
    ) -> Result<PageQuery, Fault> {
        let order = match self.query.word("order", &["asc", "desc"])? {
            None => order,
            Some("desc") => Order::Descending,
            Some(_) => Order::Ascending,
        };
        Ok(PageQuery { order, ..self.page_within(default, 0..=largest)? })
    }

    fn page_within(&self, default: i64, bounds: RangeInclusive<i64>) -> Result<PageQuery, Fault> {
        let limit = self.query.integer("limit", bounds)?.unwrap_or(default);
        let after = self.query.one("after")?.filter(|after| !after.is_empty());
        Ok(PageQuery {
            limit: u32::try_from(limit).map_err(|_| &catalogue::INVALID_VALUE)?,
            after: after.map(str::to_owned),
            order: Order::Ascending,
        })
    }

    /// As [`AdminCall::page`], for lists that take `order` as well.
    pub(crate) fn ordered_page(&self) -> Result<PageQuery, Fault> {
        Ok(PageQuery { order: self.order()?, ..self.page()? })
    }

    /// For lists that take `before` as well as `after`.
    pub(crate) fn cursor_page(
        &self,
        default: i64,
        bounds: RangeInclusive<i64>,
    ) -> Result<CursorPage<'_>, Fault> {
        let cursor = |name| Ok::<_, Fault>(self.query.one(name)?.filter(|id| !id.is_empty()));
        let limit = self.query.integer("limit", bounds)?.unwrap_or(default);
        Ok(CursorPage {
            limit: usize::try_from(limit).map_err(|_| &catalogue::INVALID_VALUE)?,
            after: cursor("after")?,
            before: cursor("before")?,
        })
    }

    /// The same for lists that take a `limit` of 0: a page without rows.
    pub(crate) fn cursor_page_or_none(&self) -> Result<CursorPage<'_>, Fault> {
        self.cursor_page(DEFAULT_PAGE, 0..=LARGEST_PAGE)
    }

    pub(crate) fn order(&self) -> Result<Order, Fault> {
        let descending = self.query.word("order", &["asc", "desc"])? == Some("desc");
        Ok(if descending { Order::Descending } else { Order::Ascending })
    }
}
