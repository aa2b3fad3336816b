"""No setting is there for show: each has a test in which it changes what happens, and this table says which."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from extranet.policy import Policy

ROOT = Path(__file__).parents[2]
PASSWORDS, ENTERING, DAYS, FILES = (
    f"tests/policy/test_settings_of_{what}.py::" for what in ("passwords", "entering", "days", "files")
)
WEEKS = "tests/reports/test_policy_numbers.py::"
CHANGES: dict[str, str] = {
    "password_days": f"{PASSWORDS}test_how_long_a_password_is_good",
    "warning_days": f"{PASSWORDS}test_how_long_before_the_end_the_warning_goes",
    "warning_hour": f"{PASSWORDS}test_from_which_hour_on_it_goes",
    "temporary_password_days": f"{PASSWORDS}test_how_long_a_generated_password_works",
    "force_change": f"{PASSWORDS}test_whether_a_generated_password_must_be_changed",
    "min_length_agent": f"{PASSWORDS}test_how_long_an_agent_s_password_must_be",
    "min_length_staff": f"{PASSWORDS}test_how_long_a_password_of_staff_must_be",
    "history": f"{PASSWORDS}test_how_many_passwords_may_not_come_back",
    "generated_password_bits": f"{PASSWORDS}test_how_hard_a_generated_password_is",
    "reset_gives": f"{PASSWORDS}test_who_makes_the_password_of_a_reset",
    "reset_link_minutes": f"{PASSWORDS}test_how_long_a_reset_link_lives",
    "reset_mails_per_hour": f"{PASSWORDS}test_how_many_reset_mails_go_in_an_hour",
    "reset_code_tries": f"{PASSWORDS}test_how_many_wrong_codes_end_a_link",
    "shown_password_minutes": f"{PASSWORDS}test_how_long_a_new_password_is_shown_again",
    "third_mail": f"{PASSWORDS}test_what_the_third_mail_holds",
    "second_factor_agents": f"{ENTERING}test_agents_need_a_second_factor",
    "step_up_minutes": f"{ENTERING}test_how_long_a_proof_lasts_for_a_download",
    "known_device_guesses_per_day": f"{ENTERING}test_how_many_wrong_tries_a_known_device_has_in_a_day",
    "unknown_device_budget_of_all_per_hour": f"{ENTERING}test_from_how_many_guesses_at_all_names_on_a_flood_narrows",
    "second_factor_staff": f"{ENTERING}test_staff_need_a_second_factor",
    "inactivity_days": f"{ENTERING}test_after_how_many_quiet_days_an_account_is_inactive",
    "idle_minutes": f"{ENTERING}test_how_long_a_session_may_be_idle",
    "session_hours": f"{ENTERING}test_how_long_a_session_lasts_however_busy",
    "sessions_per_account": f"{ENTERING}test_how_many_sessions_an_account_has",
    "guesses": f"{ENTERING}test_how_many_guesses_there_are",
    "guess_window_minutes": f"{ENTERING}test_in_how_long_a_time_they_are_counted",
    "lock_minutes": f"{ENTERING}test_how_long_one_waits_then",
    "unknown_device_budget_per_day": f"{ENTERING}test_how_many_guesses_all_strange_devices_have_together",
    "onboarding_hour": f"{DAYS}test_at_which_hour_of_monday_agents_are_taken_in",
    "onboarding_password_waits_hours": f"{DAYS}test_how_long_the_third_mail_waits_for_the_others",
    "canary_minutes": f"{DAYS}test_how_long_the_monday_run_waits_for_its_canary",
    "secret_mail_days": f"{DAYS}test_how_long_an_undelivered_mail_is_kept",
    "key_backup_days": f"{DAYS}test_how_long_backups_of_keys_are_kept",
    "email_change_wait_hours": f"{DAYS}test_how_long_a_new_address_waits",
    "due_hours": f"{DAYS}test_when_a_request_is_due",
    "overdue_hours": f"{DAYS}test_when_a_request_is_overdue",
    "publication_late_hour": f"{DAYS}test_from_which_hour_of_monday_its_file_is_late",
    "roster_drop_share": f"{FILES}test_how_many_agents_a_roster_may_drop",
    "quarantined_share": f"{FILES}test_how_many_rows_may_be_faulty",
    "rows_change_share": f"{FILES}test_how_much_the_rows_may_change",
    "members_change_share": f"{FILES}test_how_much_the_members_may_change",
    "book_shrink_share": f"{FILES}test_how_much_a_book_may_shrink",
    "book_shrink_agents_share": f"{FILES}test_how_many_agents_books_may_shrink",
    "fill_drift_share": f"{FILES}test_how_much_otherwise_a_column_may_be_filled",
    "mix_drift_share": f"{FILES}test_how_much_otherwise_values_may_be_shared_out",
    "drift_rows": f"{FILES}test_in_how_many_rows_a_drift_says_something",
    "book_shrink_rows": f"{WEEKS}test_of_how_many_rows_a_book_must_be_to_have_shrunk",
    "weeks_kept": f"{WEEKS}test_how_many_weeks_an_agent_keeps",
    "release_persons": f"{WEEKS}test_how_many_persons_release",
}


def source_of(test: str) -> str:
    """The test with its decorators; blank if it is not there."""
    path, _, name = test.partition("::")
    lines = (ROOT / path).read_text().splitlines()
    for node in ast.parse("\n".join(lines)).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            return "\n".join(lines[first - 1 : node.end_lineno])
    return ""


def test_every_setting_stands_in_the_table_and_nothing_else_does() -> None:
    assert set(CHANGES) == {field.name for field in fields(Policy)} - {"name"}


@pytest.mark.parametrize("setting", CHANGES)
def test_its_test_is_there_and_is_about_it(setting: str) -> None:
    assert setting in source_of(CHANGES[setting])
