//! What every store must do, as one list of cases that is run for each store. A new store is one more module
//! below.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod activity;
#[cfg(test)]
mod api_keys;
#[cfg(test)]
mod audit_readers;
#[cfg(test)]
mod copying;
#[cfg(test)]
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod database;
#[cfg(test)]
mod emails;
#[cfg(test)]
mod feed_keys;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod postgresql;
#[cfg(test)]
mod races;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod tickets;
#[cfg(test)]
mod undo;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod world;

/// Every case, for one way to open a store.
macro_rules! conformance {
    ($store:ident, $opener:expr) => {
        mod $store {
            conformance!(@cases $opener;
                accounts::{a_name_is_unique_in_every_spelling, an_account_gets_another_name, hashes_are_sampled_from_accounts_that_have_one, what_is_stored_comes_back,
                    an_import_is_all_or_nothing, accounts_are_paged_by_canonical_name, accounts_are_filtered_counted_and_listed_newest_first,
                    the_last_enabled_administrator_stays, disabling_ends_every_session,
                    a_checked_password_is_set_only_if_it_is_still_the_one, a_rehash_keeps_sessions_and_version,
                    a_required_change_ends_every_session_and_lets_none_begin,
                    a_session_that_brings_a_new_password_is_the_only_one, a_required_change_is_met_by_the_owner_only,
                    deleting_an_account_ends_its_sessions,
                    an_account_waits_for_its_deletion_disabled, sessions_of_an_account_are_paged_also_those_that_are_over,
                    an_account_keeps_its_language_and_the_former_one}
                sessions::{a_live_session_is_vouched_for, a_session_begins_only_for_the_password_that_was_checked, a_login_replaces_the_session_it_names,
                    the_oldest_session_makes_room, a_token_lives_through_every_outcome,
                    a_reused_token_ends_its_session_only, a_token_from_the_future_heals, a_bound_session_goes_on_with_its_key_alone, a_session_is_bound_when_its_key_is_proved, a_wrong_secret_is_unknown,
                    a_disabled_account_refreshes_nothing, ending_sessions_by_each_selector,
                    an_old_copy_logs_out_its_own_session_only, the_revocation_log_is_followed_by_its_cursor,
                    all_sessions_of_before_are_over, forgotten_ends_are_restored_once, a_long_revocation_log_is_read_in_pages,
                    sessions_are_listed_while_they_live}
                activity::{counts_are_added_and_of_levels_the_highest_is_kept, what_is_added_at_once_all_counts, old_figures_are_swept,
                    a_sweep_counts_the_sessions_that_are_alive}
                audit_readers::{a_reader_moves_from_where_it_is, a_reader_that_is_off_is_so_until_it_is_switched_on}
                api_keys::{what_is_stored_of_a_key_comes_back, a_key_is_made_for_whom_it_may_be, a_revoked_key_is_refused_with_its_tokens,
                    a_disabled_account_stops_its_keys, deleting_an_account_deletes_its_keys, a_use_is_remembered_to_the_hour,
                    keys_are_swept_a_while_after_their_end, one_of_many_last_keys_is_made, one_of_many_revocations_does_it}
                outbox::{what_is_stored_of_a_delivery_comes_back, a_lane_is_delivered_in_its_order_and_delays_no_other,
                    no_more_is_claimed_than_was_asked_for, a_lease_that_is_over_counts_no_more, of_many_senders_one_takes_each_delivery,
                    a_delivery_is_retried_and_dropped_by_an_operator, deliveries_are_counted_and_listed,
                    deliveries_are_swept_a_while_after_their_end, a_new_delivery_wakes_the_sender, a_sealed_key_is_made_once}
                passkeys::{a_challenge_is_answered_once, of_many_that_get_one_passkey_one_has_it}
                emails::{what_is_stored_of_an_address_comes_back, one_account_has_an_address_verified, a_name_or_a_verified_address_signs_in,
                    addresses_go_with_their_account, the_last_room_for_an_address_is_given_once}
                registration::{a_ticket_makes_an_account_once, a_ticket_that_offers_nothing_makes_no_account, of_many_that_register_one_does,
                    invitations_are_listed_until_they_end}
                tickets::{what_is_stored_of_a_ticket_comes_back, a_ticket_sets_a_password_once, wrong_codes_use_a_ticket_up, mails_are_limited,
                    a_newer_ticket_voids_the_older, tickets_of_before_are_void, tickets_are_swept_when_they_count_no_more,
                    of_many_that_use_a_ticket_one_does, a_ticket_begins_a_session_once, digits_approve_a_ticket_or_end_it,
                    of_many_that_sign_in_with_a_ticket_one_does, of_many_that_guess_few_are_looked_at, of_many_that_ask_for_a_mail_one_gets_it}
                undo::{a_former_address_comes_back, ways_back_have_no_limit_and_take_nothing_of_it, a_way_back_is_used_once}
                feed_keys::{a_feed_key_has_its_name_while_it_lives_and_its_number_for_ever}
                upkeep::{the_last_backup_is_remembered, clients_are_kept_by_name, keys_are_added_after_the_newest_only, forgotten_keys_are_put_back_as_they_were,
            a_withdrawn_key_never_comes_back, counts_of_failures_come_back, a_pardon_forgives_what_comes_later_from_before, a_count_from_a_clock_that_was_wrong_gives_way,
                    master_keys_are_remembered_once, the_use_of_a_master_key_is_remembered,
                    keys_are_sealed_again_as_they_were_read,
                    every_change_is_in_the_audit_log_once, refusals_leave_no_trace, sweeping_takes_only_what_is_old,
                    a_sweep_looks_at_few_sessions_at_a_time, the_last_tokens_of_a_session_can_be_revoked,
                    idle_sessions_are_swept_in_batches, failed_logins_are_bounded_in_number}
                races::{one_of_many_rotations_advances, one_of_many_creations_wins, one_of_many_keys_is_added,
                    no_refresh_begins_after_a_logout, a_password_change_and_a_login_do_not_cross,
                    one_of_many_new_passwords_wins, a_required_change_and_a_login_do_not_cross,
                    an_abandoned_call_harms_nobody, failures_counted_at_once_all_count, many_logins_at_once_leave_no_more_than_may_be, two_administrators_cannot_disable_each_other}
            );
        }
    };
    (@cases $opener:expr; $($module:ident::{$($case:ident),* $(,)?})*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                crate::$module::$case(&$opener).await;
            }
        )*)*
    };
}

conformance!(sqlite_file, crate::world::SqliteFile::new());
conformance!(sqlite_in_memory, crate::world::SqliteInMemory);
conformance!(postgres, crate::postgresql::Postgres);
