//! The guards of holds that grow with a stream.

use super::{ATTEMPT, Mutation, SLOTS, of_dataplane, of_domain, of_gateway};

const GROWTH: &str = "crates/domain/src/bound/growth.rs";
const TAB: &str = "crates/dataplane/src/tab/growth.rs";
const RELAY: &str = "crates/dataplane/src/relay.rs";
const GROW: &str = "crates/dataplane/src/relay/grow.rs";
const READY: &str = "crates/dataplane/src/budget/ready.rs";
const TAKEN: &str = "crates/dataplane/src/pipeline/taken.rs";

pub(super) const LIST: &[Mutation] = &[
    Mutation {
        guard: "a hold does not grow once its attempt is settled",
        file: ATTEMPT,
        from: "            return Err(Breach::AlreadySettled);\n        }\n        if more.0 < 0 {",
        to: "        }\n        if more.0 < 0 {",
        test: of_domain("ledger::attempt::tests::a_hold_grows_until_its_attempt_is_settled"),
    },
    Mutation {
        guard: "the margin is held",
        file: GROWTH,
        from: "self.seen.saturating_add(MARGIN) <= self.covered",
        to: "self.seen <= self.covered",
        test: of_domain(
            "bound::growth::tests::case_100_a_stream_whose_wish_is_refused_goes_on_to_its_margin_and_no_further",
        ),
    },
    Mutation {
        guard: "no more is covered than was granted",
        file: GROWTH,
        from: "self.covered = self.covered.max(covered.min(self.most));",
        to: "self.covered = self.covered.max(covered.saturating_add(1));",
        test: of_domain(
            "bound::growth::tests::once_the_whole_bound_is_held_nothing_more_is_asked_for",
        ),
    },
    Mutation {
        guard: "a start posts a hold as far as it had grown",
        file: SLOTS,
        from: "true => Money { hold: Nanos(hold.0.checked_add(other.0)?), posted: Nanos(0) },",
        to: "true => Money { hold, posted: Nanos(0) },",
        test: of_dataplane("slots::tests::case_46_a_kill_leaves_the_hold_as_far_as_it_had_grown"),
    },
    Mutation {
        guard: "an extension is written before it counts",
        file: TAB,
        from: "if !self.worker.extended(slot, grown) {",
        to: "if grown < Nanos(0) {",
        test: of_gateway("money::elastic::case_46_a_kill_leaves_the_hold_as_far_as_it_had_grown"),
    },
    Mutation {
        guard: "a stream that is not covered is cut",
        file: RELAY,
        from: "if self.growing.is_some() && !self.grow() {",
        to: "if self.growing.is_some() && !self.grow() && self.over {",
        test: of_gateway(
            "money::elastic::case_100_a_stream_that_cannot_be_held_further_ends_as_at_a_maximum",
        ),
    },
    Mutation {
        guard: "what is cut is cancelled",
        file: GROW,
        from: "        self.source = None;\n",
        to: "",
        test: of_gateway(
            "money::elastic::a_client_that_does_not_read_keeps_nothing_unread_at_the_provider",
        ),
    },
    Mutation {
        guard: "who leaves an elastic stream cancels it",
        file: RELAY,
        from: "            return self.cancel();\n",
        to: "",
        test: of_gateway(
            "money::elastic::case_38_a_client_that_leaves_ends_the_call_at_the_provider_and_pays_its_hold",
        ),
    },
    Mutation {
        guard: "what a provider bills to the end is held whole",
        file: READY,
        from: "        && provider.stops_at_cancel\n",
        to: "",
        test: of_gateway(
            "money::elastic::before_a_provider_that_bills_to_the_end_nothing_is_elastic",
        ),
    },
    Mutation {
        guard: "a strict limit over a call is the stricter one",
        file: READY,
        from: "if limited.iter().all(|one| one.limit.rules.elastic)",
        to: "if limited.iter().any(|one| one.limit.rules.elastic)",
        test: of_gateway("money::elastic::what_could_be_written_unseen_is_held_whole"),
    },
    Mutation {
        guard: "what could be written unseen is held whole",
        file: TAKEN,
        from: "fields.keys().all(|name| SHOWN",
        to: "fields.keys().any(|name| SHOWN",
        test: of_gateway("money::elastic::what_could_be_written_unseen_is_held_whole"),
    },
];
