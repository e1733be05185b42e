//! The names of audit events: OpenAI's, and which of them ours are shown as.

/// What OpenAI's document lists. Most of them can never happen here; they may be asked for all
/// the same.
const DOCUMENT: &[&str] = &[
    "api_key.created",
    "api_key.updated",
    "api_key.deleted",
    "certificate.created",
    "certificate.updated",
    "certificate.deleted",
    "certificates.activated",
    "certificates.deactivated",
    "checkpoint.permission.created",
    "checkpoint.permission.deleted",
    "external_key.registered",
    "external_key.removed",
    "group.created",
    "group.updated",
    "group.deleted",
    "invite.sent",
    "invite.accepted",
    "invite.deleted",
    "ip_allowlist.created",
    "ip_allowlist.updated",
    "ip_allowlist.deleted",
    "ip_allowlist.config.activated",
    "ip_allowlist.config.deactivated",
    "login.succeeded",
    "login.failed",
    "logout.succeeded",
    "logout.failed",
    "organization.updated",
    "project.created",
    "project.updated",
    "project.archived",
    "project.deleted",
    "rate_limit.updated",
    "rate_limit.deleted",
    "resource.deleted",
    "tunnel.created",
    "tunnel.updated",
    "tunnel.deleted",
    "workload_identity_provider.created",
    "workload_identity_provider.updated",
    "workload_identity_provider.deleted",
    "workload_identity_provider_mapping.created",
    "workload_identity_provider_mapping.updated",
    "workload_identity_provider_mapping.deleted",
    "role.created",
    "role.updated",
    "role.deleted",
    "role.assignment.created",
    "role.assignment.deleted",
    "role.bound_to_resource",
    "role.unbound_from_resource",
    "scim.enabled",
    "scim.disabled",
    "service_account.created",
    "service_account.updated",
    "service_account.deleted",
    "user.added",
    "user.updated",
    "user.deleted",
    "tenant.metadata.updated",
    "tenant.microsoft_entra_mapping.upserted",
    "tenant.microsoft_entra_mapping.deleted",
    "tenant.workload_identity.provider.created",
    "tenant.workload_identity.provider.updated",
    "tenant.workload_identity.provider.archived",
    "tenant.workload_identity.mapping.created",
    "tenant.workload_identity.mapping.updated",
    "tenant.workload_identity.mapping.archived",
    "tenant.workload_identity.binding.created",
    "tenant.workload_identity.principal.provisioned",
    "tenant.workload_identity.access_token.issued",
    "tenant.admin_api_key.created",
    "tenant.admin_api_key.updated",
    "tenant.admin_api_key.deleted",
    "tenant.project_api_key.created",
    "tenant.chatgpt_access_token.revoked",
    "tenant.migration.completed",
    "tenant.sso.migrated",
    "tenant.domains.migrated",
    "tenant.sso_connection.created",
    "tenant.sso_connection.updated",
    "tenant.sso_connection.deleted",
    "tenant.sso_connection.setup.started",
    "tenant.policy.created",
    "tenant.policy.updated",
    "tenant.policy.deleted",
    "tenant.policy.attached",
    "tenant.policy.detached",
    "tenant.principal_authentication_policy.resolved",
    "tenant.scim.setup.started",
    "tenant.scim.deletion.requested",
    "tenant.scim.directory.created",
    "tenant.product_access_policy.updated",
    "tenant.resource_share_grant.created",
    "tenant.resource_share_grant.updated",
    "tenant.resource_share_grant.accepted",
    "tenant.resource_share_grant.declined",
    "tenant.resource_share_grant.revoked",
    "tenant.resource_share_grant.deleted",
    "tenant.service_account.updated",
    "tenant.service_account.deleted",
    "tenant.service_account.token.revoked",
    "tenant.billing.overage_limit.updated",
    "tenant.billing.alerts.updated",
    "tenant.billing.info.updated",
    "tenant.usage_limit.workspace.updated",
    "tenant.usage_limit.group.updated",
    "tenant.usage_limit.user.updated",
    "tenant.usage_limit.increase_request.updated",
    "tenant.usage_limit.increase_request.resolved",
    "tenant.group.created",
    "tenant.group.updated",
    "tenant.group.deleted",
    "tenant.group.member.added",
    "tenant.group.member.removed",
    "tenant.migration_rollout.status.updated",
    "tenant.migration_rollout.tier.updated",
    "tenant.role.metadata.updated",
    "tenant.custom_role.created",
    "tenant.custom_role.updated",
    "tenant.custom_role.deleted",
    "tenant.role_assignment.created",
    "tenant.role_assignment.deleted",
    "tenant.resource_role_assignment.created",
    "tenant.resource_role_assignment.deleted",
    "tenant.resource_access.updated",
    "tenant.resource_access.deleted",
    "tenant.ads_account.onboarding.redemption",
    "tenant.session_policy.created",
    "tenant.session_policy.updated",
    "tenant.session_policy.deleted",
    "tenant.session_revocation.started",
    "tenant.third_party_app_policy.updated",
    "tenant.user.added",
    "tenant.user.updated",
    "tenant.user.removed",
    "tenant.user.looked_up",
    "tenant.user.invited",
    "tenant.membership.revoked",
    "tenant.api_organization_invite.upserted",
    "tenant.api_organization_invite.deleted",
    "tenant.chatgpt_workspace_invite.upserted",
    "tenant.membership.accepted",
    "tenant.membership.declined",
    "tenant.workspace_invite_email_settings.updated",
];

/// Events of ours that OpenAI has no name for.
const OURS: &[&str] = &[
    "access.denied",
    "api_key.handed_over",
    "api_key.leaked",
    "api_key.resumed",
    "api_key.rotated",
    "api_key.suspended",
    "api_key.unusual_use",
    "egress.assigned",
    "egress.created",
    "egress.deleted",
    "egress.updated",
    "honeytoken.created",
    "honeytoken.deleted",
    "honeytoken.leaked",
    "honeytoken.used",
    "invite.link_created",
    "ledger.corrected",
    "ledger.overage_acknowledged",
    "price.deleted",
    "price.updated",
    "prices.import_held",
    "prices.imported",
    "route.created",
    "route.deleted",
    "route.updated",
    "setup_link.created",
    "spend_alert.created",
    "spend_alert.deleted",
    "spend_alert.fired",
    "spend_alert.updated",
    "spend_limit.deleted",
    "spend_limit.updated",
    "upstream.created",
    "upstream.credential.created",
    "upstream.credential.deleted",
    "upstream.deleted",
    "upstream.updated",
];

/// Those of ours that are nearest to one of the document's.
const SHOWN_AS: [(&str, &str); 2] =
    [(DENIED, "login.failed"), ("api_key.rotated", "api_key.updated")];
/// Somebody tried what they may not do.
pub(super) const DENIED: &str = "access.denied";
/// What stands for every other event that the document has no name for.
const OTHER: &str = "organization.updated";

#[must_use]
pub fn is_document_type(name: &str) -> bool {
    DOCUMENT.contains(&name)
}

/// The document's type that an event is shown as, so that clients with a closed list read it.
#[must_use]
pub fn document_type(event: &str) -> &'static str {
    let near = || SHOWN_AS.iter().find(|(ours, _)| *ours == event).map(|(_, shown)| *shown);
    DOCUMENT.iter().copied().find(|name| *name == event).or_else(near).unwrap_or(OTHER)
}

/// The events that a filter's name asks for: those of that very name, and, where the second list
/// is not empty, all that are none of it. `None` for what is no event's name.
#[must_use]
pub fn our_events(name: &str) -> Option<(Vec<String>, Vec<&'static str>)> {
    let near = SHOWN_AS.iter().filter(|(_, shown)| *shown == name);
    let near = near.map(|(ours, _)| (*ours).to_owned());
    let named = [name.to_owned()].into_iter().chain(near).collect();
    let but = match name == OTHER {
        true => DOCUMENT.iter().copied().chain(SHOWN_AS.map(|(ours, _)| ours)).collect(),
        false => Vec::new(),
    };
    (is_document_type(name) || OURS.contains(&name)).then_some((named, but))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_shown_as_a_type_of_the_document_and_found_by_it() {
        for event in DOCUMENT.iter().chain(OURS).chain(&["of_a_later.version"]) {
            let shown = document_type(event);
            assert!(is_document_type(shown), "{event}");
            let (named, but) = our_events(shown).unwrap();
            let found =
                named.iter().any(|name| name == event) || (!but.is_empty() && !but.contains(event));
            assert!(found, "{event} is not found as {shown}");
        }
        assert!(our_events("project.exploded").is_none());
        assert_eq!(our_events("project.created").unwrap().1, [""; 0]);
    }
}
