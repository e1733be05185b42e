//! What every database must do. `suite!` runs each check on a store of its own; a second
//! database passes its own opener.

mod answers;
mod attempts;
mod care;
mod certificates;
mod comparisons;
mod egresses;
mod jobs;
mod keys;
pub(crate) mod ledger;
mod limits;
mod objects;
mod pages;
mod periods;
mod prices;
mod rates;
mod records;
mod refusals;
mod sign_in;
mod usage;

use domain::KeyCare;
use domain::ports::{
    Accounts, Balances, Certificates, Comparisons, Directory, Jobs, KeptAnswers, Ledger,
    LedgerReport, Objects, Records, UsageStore,
};

/// All the ports of a store.
pub(crate) trait Ports:
    Accounts
    + Balances
    + Certificates
    + Comparisons
    + Directory
    + Jobs
    + KeptAnswers
    + KeyCare
    + Ledger
    + LedgerReport
    + Objects
    + Records
    + UsageStore
{
}

impl<T> Ports for T where
    T: Accounts
        + Balances
        + Certificates
        + Comparisons
        + Directory
        + Jobs
        + KeptAnswers
        + KeyCare
        + Ledger
        + LedgerReport
        + Objects
        + Records
        + UsageStore
{
}

macro_rules! suite {
    ($database:ident, $open:expr, $($module:ident: $($check:ident),+;)+) => {
        mod $database {
            $(mod $module {
                $(#[tokio::test]
                async fn $check() {
                    // The guard keeps what the store lies in.
                    let (_guard, store) = $open;
                    crate::conformance::$module::$check(&store).await;
                })+
            })+
        }
    };
}

suite! {
    sqlite, crate::support::fresh(),
    care:
        a_leak_ends_its_secret_once_for_each_place,
        a_rotations_end_is_not_undone_with_a_leaks,
        a_suspended_key_is_so_until_it_is_resumed,
        what_is_told_once_is_told_once,
        rules_come_back_as_they_went_in,
        a_handover_keeps_the_old_secret_until_it_ends,
        honeytokens_and_traits_are_kept;
    answers:
        case_62_an_answer_is_one_projects,
        an_answer_is_over_when_its_time_is,
        the_oldest_answers_go_and_their_keys_stay,
        the_oldest_keys_go_beyond_their_number;
    comparisons:
        comparisons_are_paged_newest_first_and_the_oldest_go;
    records:
        the_organization_is_one,
        the_owner_is_the_oldest_user_with_that_role,
        a_project_is_changed_and_archived,
        the_last_project_is_not_archived,
        an_archived_project_refuses_keys_and_accounts,
        a_service_account_is_changed_and_deleted,
        a_list_of_changes_is_all_or_nothing,
        audit_lines_are_in_the_same_transaction,
        upstreams_are_put_and_removed,
        routes_are_put_and_removed,
        meta_is_put_and_replaced;
    certificates:
        certificates_come_back_as_they_went_in,
        there_are_at_most_fifty_certificates,
        a_key_is_held_against_its_project_and_the_organization,
        certificates_are_toggled_all_or_none,
        an_active_certificate_is_not_deleted;
    sign_in:
        a_session_is_found_by_its_hash_until_it_ends,
        a_half_session_is_completed_once,
        a_session_outlives_roles_but_not_its_person,
        a_link_works_once_and_in_its_time,
        ways_in_are_kept_by_person,
        codes_are_taken_once,
        an_identity_is_one_persons;
    keys:
        a_key_comes_back_as_it_went_in,
        a_secret_is_found_with_all_that_admission_needs,
        a_taken_id_or_secret_is_a_conflict,
        a_key_needs_its_owner_and_project,
        a_key_is_updated_field_by_field,
        a_revoked_key_is_found_not_listed_and_not_changed,
        a_rotation_ends_the_older_secrets_at_the_latest,
        old_secrets_end_and_the_newest_stays,
        an_admin_key_is_registered_again_and_lives_again;
    ledger:
        p1_grants_end_at_the_limit,
        p2_a_batch_is_posted_once,
        every_scope_has_an_account_in_every_period,
        case_63_a_call_belongs_to_the_month_it_was_admitted_in,
        case_33_overage_is_posted_and_told,
        case_33_overage_is_flagged_until_it_is_acknowledged,
        case_46_orphans_are_posted_and_the_rest_comes_back,
        a_lost_nodes_lease_is_forfeited_whole,
        case_51_a_limit_in_mid_flight_adopts_what_is_open,
        accounts_are_walked_with_holds_and_what_is_out_of_the_ordinary,
        entries_are_walked_newest_first_by_scope_period_and_kind,
        an_orphan_is_taken_back_once_and_in_every_account,
        overage_is_taken_back_first,
        a_forfeit_and_an_account_alone_are_corrected_alone,
        a_correction_that_cannot_be_changes_nothing,
        corrections_of_calls_are_in_the_costs;
    egresses:
        an_egress_is_one_for_a_name_with_its_proxies_in_order,
        whoever_takes_an_egress_is_remembered;
    jobs:
        a_job_comes_back_as_it_went_in,
        jobs_are_due_by_their_next_poll,
        case_60_a_hold_moves_to_its_job_and_outlives_its_node,
        case_60_a_job_is_posted_once_and_the_rest_comes_back,
        case_60_a_job_that_ends_for_two_at_once_is_logged_once,
        case_60_a_job_holds_in_an_account_of_its_limits_own,
        a_job_that_cost_more_than_its_hold_is_overage,
        a_job_without_a_limit_is_posted_as_well,
        a_job_notes_the_use_of_its_secret;
    limits:
        a_limit_is_one_for_a_scope_and_period,
        the_ladder_of_limits_comes_in_parts_from_its_top,
        limits_come_back_as_they_went_in,
        an_alert_is_listed_changed_and_removed,
        an_alert_fires_once_a_period,
        a_delivery_waits_for_its_next_try_and_ends;
    objects:
        the_first_project_keeps_an_object,
        owners_come_in_the_order_asked,
        forgetting_is_idempotent,
        objects_are_counted_by_upstream_project_and_kind;
    refusals:
        a_refused_call_comes_back_as_it_went_in,
        refused_calls_are_found_by_what_is_known_of_them,
        only_the_newest_refused_calls_are_kept;
    pages:
        a_walk_sees_each_row_once_in_both_orders,
        rows_made_during_a_walk_are_neither_skipped_nor_repeated,
        an_unknown_cursor_gives_an_empty_page,
        lists_hold_only_what_was_asked;
    periods:
        case_64_a_limit_set_in_mid_month_counts_from_its_own_first_second,
        case_64_a_share_of_an_own_account_ends_with_its_call,
        p9_each_edge_is_met_once,
        p9_a_changed_zone_counts_from_the_end_of_what_runs,
        p9_the_organizations_zone_is_that_of_limits_without_their_own,
        p9_every_call_counts_once_whatever_the_zones,
        case_69_what_no_lease_accounted_for_is_carried,
        a_correction_is_in_the_own_account_as_well;
    prices:
        a_price_is_one_for_a_model,
        an_import_is_one_in_each_state;
    rates:
        limits_are_set_one_by_one_and_lifted,
        a_secret_comes_with_the_limits_that_its_calls_meet,
        limits_need_a_live_scope;
    usage:
        nothing_gives_no_bucket,
        a_report_groups_only_as_asked,
        filters_match_every_list,
        only_what_reached_the_provider_is_a_request,
        the_model_served_comes_before_the_model_asked,
        batches_add_up_in_every_width,
        absurd_counts_do_not_stop_later_ones,
        costs_keep_their_parts_and_what_is_estimated,
        unpriced_is_what_may_have_cost_something,
        families_are_asked_for_alone_or_together,
        images_are_told_apart_by_their_source,
        ping_comes_after_what_was_written;
    attempts:
        an_attempt_comes_back_as_it_went_in,
        an_attempt_has_nothing_of_the_one_before,
        attempts_of_a_call_come_first_to_last,
        the_log_is_walked_newest_first_and_nothing_twice,
        filters_of_the_log_match_all_that_is_given;
}
