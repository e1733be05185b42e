//! The guards of the hard limit, each with a fault that takes it away and the test that must see
//! it. A new guard gets a row here.

mod growing;

/// One guard taken away.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// The guard that is gone.
    pub(crate) guard: &'static str,
    pub(crate) file: &'static str,
    /// Stands exactly once in the file.
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) test: Test,
}

/// One test, by the name that `--exact` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) package: &'static str,
    /// The integration test's name; the library's own tests where empty.
    pub(crate) suite: &'static str,
    pub(crate) name: &'static str,
}

const ROW: &str = "crates/domain/src/ledger/row.rs";
const BOOK: &str = "crates/domain/src/ledger/book.rs";
const ATTEMPT: &str = "crates/domain/src/ledger/attempt.rs";
const SQL: &str = "crates/store/src/sqlite/ledger.rs";
const SLOTS: &str = "crates/dataplane/src/slots.rs";
const ZONE: &str = "crates/domain/src/zone.rs";
const PERIODS: &str = "crates/store/src/sqlite/ledger/periods.rs";
const BOUND: &str = "crates/domain/src/bound.rs";

const SIMULATION: &str = "ledger::simulation::p1_no_schedule_passes_a_limit";
const MODEL: &str = "ledger::model::p1_no_order_of_events_passes_a_limit";
const KILLED: &str = "slots::tests::case_46_a_kill_leaves_what_was_sent_and_what_was_settled";
const POSTED: &str =
    "slots::tests::case_46_what_was_sent_and_posted_comes_back_in_no_state_of_its_slot";

const KILLS: &str = "kill_loop::p3_kills_under_load_cost_what_was_open_and_no_more";

const fn of_domain(name: &'static str) -> Test {
    Test { package: "domain", suite: "", name }
}

const fn of_store(name: &'static str) -> Test {
    Test { package: "store", suite: "suite", name }
}

/// On the real binary.
const fn of_gateway(name: &'static str) -> Test {
    Test { package: "tollgate", suite: "hygiene", name }
}

const fn of_dataplane(name: &'static str) -> Test {
    Test { package: "dataplane", suite: "", name }
}

/// Every row.
pub(crate) fn all() -> impl Iterator<Item = &'static Mutation> {
    LIST.iter().chain(growing::LIST)
}

const LIST: &[Mutation] = &[
    // ---- the rows: posted + leased ≤ limit
    Mutation {
        guard: "a grant that does not fit is refused",
        file: ROW,
        from: "&& fits < least",
        to: "&& fits.0 < 0",
        test: of_domain("ledger::row::tests::a_grant_never_passes_the_limit"),
    },
    Mutation {
        guard: "a grant is cut to what is left",
        file: ROW,
        from: "wish.max(least).min(fits)",
        to: "wish.max(least)",
        test: of_domain("ledger::row::tests::a_grant_never_passes_the_limit"),
    },
    Mutation {
        guard: "what is leased counts against the limit",
        file: ROW,
        from: "limit.0.saturating_sub(self.posted.0).saturating_sub(self.leased.0)",
        to: "limit.0.saturating_sub(self.posted.0)",
        test: of_domain(SIMULATION),
    },
    Mutation {
        guard: "what is posted counts against the limit",
        file: ROW,
        from: "limit.0.saturating_sub(self.posted.0).saturating_sub(self.leased.0)",
        to: "limit.0.saturating_sub(self.leased.0)",
        test: of_domain(MODEL),
    },
    Mutation {
        guard: "a forfeited share counts as spent",
        file: ROW,
        from: "self.post(share, share, Nanos(0));",
        to: "self.give_back(share);",
        test: of_domain(SIMULATION),
    },
    // ---- the books: held + settled ≤ granted
    Mutation {
        guard: "a hold fits every account or is in none",
        file: BOOK,
        from: "if seats.iter().any(|seat| short(seat).is_some()) {",
        to: "if seats.iter().all(|seat| short(seat).is_some()) {",
        test: of_domain("ledger::book::tests::case_58_a_hold_is_in_every_account_or_in_none"),
    },
    Mutation {
        guard: "open holds are not free",
        file: BOOK,
        from: "share.saturating_sub(self.held).saturating_sub(self.settled)",
        to: "share.saturating_sub(self.settled)",
        test: of_domain(SIMULATION),
    },
    Mutation {
        guard: "what is settled is not free until it is posted",
        file: BOOK,
        from: "share.saturating_sub(self.held).saturating_sub(self.settled)",
        to: "share.saturating_sub(self.held)",
        test: of_domain(MODEL),
    },
    Mutation {
        guard: "what older holds free goes back once a limit was changed",
        file: BOOK,
        from: "account.recalled = account.held;",
        to: "",
        test: of_domain(
            "ledger::book::tests::case_51_what_older_holds_free_goes_back_once_a_limit_was_changed",
        ),
    },
    Mutation {
        guard: "a posted share is no longer the node's",
        file: BOOK,
        from: "account.granted -= settlement.share.0;",
        to: "",
        test: of_domain(MODEL),
    },
    Mutation {
        guard: "only what is free goes back to the store",
        file: BOOK,
        from: "let amount = account.free().clamp(0, most.0.max(0));",
        to: "let amount = account.granted.clamp(0, most.0.max(0));",
        test: of_domain(MODEL),
    },
    Mutation {
        guard: "a new limit takes over what is open",
        file: BOOK,
        from: "account.granted = account.held + account.settled;",
        to: "account.granted = 0;",
        test: of_domain("ledger::book::tests::a_limit_in_mid_flight_adopts_what_is_open"),
    },
    // ---- an attempt's life
    Mutation {
        guard: "an attempt is settled once",
        file: ATTEMPT,
        from: "            return Err(Breach::AlreadySettled);\n        }\n        if cost.0 < 0 {",
        to: "        }\n        if cost.0 < 0 {",
        test: of_domain("ledger::attempt::tests::case_44_a_second_settlement_changes_nothing"),
    },
    Mutation {
        guard: "a cost is never below zero",
        file: ATTEMPT,
        from: "if cost.0 < 0 {",
        to: "if cost.0 == i64::MIN {",
        test: of_domain(
            "ledger::attempt::tests::case_46_what_a_kill_leaves_is_void_orphan_or_settled",
        ),
    },
    Mutation {
        guard: "what was sent is not voided",
        file: ATTEMPT,
        from: "Phase::Sent => Err(Breach::AlreadySent),",
        to: "Phase::Sent => self.settle(Nanos(0)),",
        test: of_domain(
            "ledger::attempt::tests::case_45_no_void_after_a_post_and_none_after_the_request_went_out",
        ),
    },
    Mutation {
        guard: "an orphan is posted in full",
        file: ATTEMPT,
        from: "Phase::Sent => Recovered::Orphan(self.hold),",
        to: "Phase::Sent => Recovered::Void,",
        test: of_domain(SIMULATION),
    },
    // ---- zones
    Mutation {
        guard: "a period that has begun runs to its end",
        file: ZONE,
        from: "begun.iter().find(|period| period.holds(at))",
        to: "begun.iter().find(|_| false)",
        test: of_domain("zone::tests::p9_a_changed_calendar_counts_from_the_end_of_what_has_begun"),
    },
    Mutation {
        guard: "the next period begins where the last one ended",
        file: ZONE,
        from: "period.start = last;",
        to: "let _ = last;",
        test: of_domain("zone::tests::p9_no_change_of_calendar_or_clock_makes_two_periods_overlap"),
    },
    Mutation {
        guard: "no full limit for what is left of a day or month",
        file: ZONE,
        from: "if (end - last) * 2 < whole {",
        to: "if end < last {",
        test: of_domain("zone::tests::p9_a_changed_calendar_counts_from_the_end_of_what_has_begun"),
    },
    Mutation {
        guard: "a jump of the clock begins no period",
        file: "crates/domain/src/clock_watch.rs",
        from: "if ahead && steady.saturating_sub(since) < DOUBTED {",
        to: "if ahead && steady < since {",
        test: of_domain(
            "clock_watch::tests::case_66_a_clock_that_jumps_ahead_is_doubted_until_it_is_back",
        ),
    },
    Mutation {
        guard: "an account of a limit's own calendar begins with what was spent",
        file: PERIODS,
        from: "row.post(spent, Nanos(0), Nanos(0));",
        to: "row.post(Nanos(0), Nanos(0), Nanos(0));",
        test: of_store(
            "conformance::sqlite::periods::case_64_a_limit_set_in_mid_month_counts_from_its_own_first_second",
        ),
    },
    Mutation {
        guard: "what was forfeited is carried into it",
        file: PERIODS,
        from: "calls.saturating_add(unaccounted(db, scope, period, midnight)?)",
        to: "calls.saturating_add(unaccounted(db, scope, period, midnight)?.min(0))",
        test: of_store(
            "conformance::sqlite::periods::case_69_what_no_lease_accounted_for_is_carried",
        ),
    },
    Mutation {
        guard: "calls are posted to it as well",
        file: PERIODS,
        from: "accounts.extend(own(db, ScopeKind::ALL.map(|kind| payer.id(kind)), at)?);",
        to: "let _ = own(db, ScopeKind::ALL.map(|kind| payer.id(kind)), at)?;",
        test: of_store(
            "conformance::sqlite::periods::p9_every_call_counts_once_whatever_the_zones",
        ),
    },
    Mutation {
        guard: "the running period is kept when a limit's calendar is changed",
        file: "crates/store/src/sqlite/apply_limits.rs",
        from: "periods::keep(db, before, limit.updated_at)?;",
        to: "let _ = before;",
        test: of_store(
            "conformance::sqlite::periods::p9_a_changed_zone_counts_from_the_end_of_what_runs",
        ),
    },
    Mutation {
        guard: "a run's usage is counted once, whoever goes on with it",
        file: "crates/dataplane/src/tab.rs",
        from: "if self.call.operation.meter == Meter::Run && !begins_run(&self.call) {",
        to: "if self.call.operation.meter == Meter::Run && begins_run(&self.call) {",
        test: of_gateway("runs::case_57_a_run_that_waits_for_its_caller_is_on_the_bill_once"),
    },
    // ---- the store
    Mutation {
        guard: "the store grants by the row's rule",
        file: SQL,
        from: "        Err(declined) => return Ok(Err(declined)),",
        to: "        Err(_) => ask.least,",
        // Not the one that asks until it is refused: it would never end.
        test: of_store("conformance::sqlite::ledger::every_scope_has_an_account_in_every_period"),
    },
    Mutation {
        guard: "a grant is written before it is used",
        file: SQL,
        from: "    save(db, &ask.account, &row)?;\n    lend",
        to: "    lend",
        test: of_store("conformance::sqlite::ledger::p2_a_batch_is_posted_once"),
    },
    Mutation {
        guard: "a batch that comes again is passed over",
        file: SQL,
        from: "if number <= last_batch(db, &batch.holder)? {",
        to: "if number < 0 {",
        test: of_store("conformance::sqlite::ledger::p2_a_batch_is_posted_once"),
    },
    Mutation {
        guard: "a posting frees no more than the node has",
        file: SQL,
        from: "let share = Nanos(sum.share.0.min(lease(db, &batch.lessee, id)?));",
        to: "let share = sum.share;",
        test: of_store("conformance::sqlite::ledger::every_scope_has_an_account_in_every_period"),
    },
    Mutation {
        guard: "a node gives back no more than it has",
        file: SQL,
        from: "let share = Nanos(amount.0.min(lease(db, &holder, id)?));",
        to: "let share = *amount;",
        test: of_store(
            "conformance::sqlite::ledger::case_51_a_limit_in_mid_flight_adopts_what_is_open",
        ),
    },
    Mutation {
        guard: "the store forfeits a lost node's share whole",
        file: SQL,
        from: "row.forfeit(*share);",
        to: "row.give_back(*share);",
        test: of_store("conformance::sqlite::ledger::a_lost_nodes_lease_is_forfeited_whole"),
    },
    // ---- the slots
    Mutation {
        guard: "an attempt that was sent is found after a kill",
        file: SLOTS,
        from: "settled.as_ref().is_none_or(|(number, _)| number <= of)",
        to: "settled.as_ref().is_some_and(|(number, _)| number <= of)",
        test: of_dataplane(KILLED),
    },
    Mutation {
        guard: "a settlement that is posted is history",
        file: SLOTS,
        from: "settled.filter(|(number, _)| *number > last)",
        to: "settled.filter(|_| last < u64::MAX)",
        test: of_dataplane(KILLED),
    },
    Mutation {
        guard: "what was settled is no longer what was sent",
        file: SLOTS,
        from: "settled.as_ref().is_none_or(|(number, _)| number <= of)",
        to: "settled.as_ref().is_none_or(|_| of > &0)",
        test: of_dataplane(POSTED),
    },
    Mutation {
        guard: "a slot that is free tells of nothing that was sent",
        file: SLOTS,
        from: "self.wipe(slot.place, SENT_AREA);\n            }",
        to: "}",
        test: of_dataplane(POSTED),
    },
    Mutation {
        guard: "a settlement leaves what was sent until it is whole",
        file: SLOTS,
        from: "const SETTLED_AREA: usize = 1;",
        to: "const SETTLED_AREA: usize = 0;",
        test: of_dataplane("slots::tests::case_46_a_kill_within_a_settlement_leaves_what_was_sent"),
    },
    Mutation {
        guard: "a start numbers an orphan before it posts it",
        file: SLOTS,
        from: "self.write((place, SETTLED_AREA), ORPHANED, number, money, record)?;",
        to: "",
        test: of_dataplane("slots::tests::an_orphan_is_settled_where_it_stands"),
    },
    Mutation {
        guard: "a slot's hold is kept with it",
        file: SLOTS,
        from: "bytes[24..32].copy_from_slice(&money.hold.0.to_le_bytes());",
        to: "",
        test: of_dataplane(KILLED),
    },
    Mutation {
        guard: "a number is never used twice",
        file: SLOTS,
        from: "largest = numbers.fold(largest, u64::max);",
        to: "drop(numbers);",
        test: of_dataplane("slots::tests::numbers_go_on_after_a_start"),
    },
    // ---- on the way of a call
    Mutation {
        guard: "a call under a limit holds its bound",
        file: "crates/dataplane/src/budget/ready.rs",
        from: "if limited.is_empty() {",
        to: "if limited.len() < 99 {",
        test: of_gateway("money::case_20_a_call_that_does_not_fit_is_told_what_would"),
    },
    Mutation {
        guard: "what is held is what is sent",
        file: "crates/dataplane/src/pipeline/taken.rs",
        from: "Some((s.metered.as_ref()?, s.output))",
        to: "Some((s.metered.as_ref()?, s.metered.as_ref()?.output.default))",
        test: of_gateway("money::case_21_a_call_is_cut_to_what_is_left"),
    },
    Mutation {
        guard: "the slot has the hold before a byte leaves",
        file: "crates/dataplane/src/tab.rs",
        from: "&& !self.worker.sent(slot, held.amount(), &record())",
        to: "&& !self.worker.sent(slot, Nanos(0), &record())\n            && held.amount().0 > 0",
        test: of_gateway(KILLS),
    },
    Mutation {
        guard: "a start posts an orphan in full",
        file: "crates/tollgate/src/ledger.rs",
        from: "let money = Money { posted: found.money.hold, ..found.money };",
        to: "let money = Money { posted: Nanos(0), ..found.money };",
        test: of_gateway(KILLS),
    },
    // ---- the bound and the cost
    Mutation {
        guard: "a cost is rounded up",
        file: "crates/domain/src/price/cost.rs",
        from: ".div_ceil(NANO)",
        to: ".div_euclid(NANO)",
        test: Test {
            package: "domain",
            suite: "price_bound",
            name: "no_provider_can_bill_more_than_the_cost",
        },
    },
    Mutation {
        guard: "a bound is computed at the dearest price in reach",
        file: "crates/domain/src/price/rates.rs",
        from: "input = input.max(self.input_rates(tier, kind)?.into_iter().max()?);",
        to: "input = input.max(self.input_rates(tier, kind)?.into_iter().min()?);",
        test: Test {
            package: "domain",
            suite: "price_bound",
            name: "no_usage_within_reach_costs_more_than_the_dearest",
        },
    },
    Mutation {
        guard: "a bound is rounded up",
        file: BOUND,
        from: "picos.div_ceil(1000)",
        to: "picos.div_euclid(1000)",
        test: of_domain("bound::tests::case_56_a_bound_is_rounded_up"),
    },
    Mutation {
        guard: "a bound has every answer of `n`",
        file: BOUND,
        from: "per_output_token_picos: picos(&[output.choices, rates.output_picos]),",
        to: "per_output_token_picos: picos(&[rates.output_picos]),",
        test: of_domain("bound::tests::text_costs_its_input_and_every_choice"),
    },
    Mutation {
        guard: "tools read the context once a call",
        file: BOUND,
        from: "metered.tools.map_or(1, |tools| tools.calls.saturating_add(2))",
        to: "metered.tools.map_or(1, |_| 1)",
        test: of_domain("bound::tests::case_32_tools_cost_their_calls_and_a_context_each"),
    },
    Mutation {
        guard: "what is only pointed at costs the window",
        file: BOUND,
        from: "if input.open || metered.tools.is_some() || limits.searches() {",
        to: "if metered.tools.is_some() || limits.searches() {",
        test: of_domain("bound::tests::case_31_what_is_only_pointed_at_costs_the_context_window"),
    },
    Mutation {
        guard: "no clamp goes below the least",
        file: BOUND,
        from: "(tokens >= LEAST && ",
        to: "(tokens > 0 && ",
        test: of_domain(
            "bound::tests::case_21_a_clamp_leaves_something_to_others_while_there_is_much",
        ),
    },
    Mutation {
        guard: "a clamp fits into what is left",
        file: BOUND,
        from: "else { bound.affordable(remainder).min(wanted) }",
        to: "else { wanted.min(bound.affordable(remainder).saturating_add(1)) }",
        test: of_domain(
            "bound::tests::case_21_a_clamp_leaves_something_to_others_while_there_is_much",
        ),
    },
];
