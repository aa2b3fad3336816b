"""Logging in (J14, J25): every form of the name, one answer for every reason, and a stranger locks nobody out."""

from datetime import datetime, timedelta
from threading import BoundedSemaphore

import pytest
import time_machine
from django.test import Client

from extranet.audit.record import Actor
from extranet.credentials.disable import disable
from extranet.credentials.models import Account, KnownDevice, LiveSession
from extranet.profile.loader import current
from extranet.web.errors import CROWDED
from tests.credentials.people import CHOSEN, DESK, events, new_staff
from tests.reports.exchange import ALICE
from tests.web.people import browser, log_in, signed_in, text_of

HOME = current().portal_path


@pytest.mark.parametrize("typed", [
    f"ecoveredca\\CC_{ALICE}", f"CC_{ALICE}", ALICE, f"ecoveredca/cc_{ALICE.lower()}", f"  CC_{ALICE}\t",
])  # fmt: skip
def test_every_usual_form_of_the_name_lets_alice_in(alice: Account, typed: str) -> None:
    client = browser()
    assert log_in(client, typed).headers["Location"] == HOME
    assert LiveSession.objects.get(ended_at=None).account == alice


def test_outer_blanks_of_a_pasted_password_are_forgiven(alice: Account) -> None:
    assert log_in(browser(), alice, f" {CHOSEN}\n").status_code == 302


def test_the_notice_stands_before_the_login_with_labels_of_the_job_aid(db: None) -> None:
    page = text_of(browser().get("/login/"))
    assert current().notice in page
    assert '<button class="usa-button" type="submit">Log In</button>' in page
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert page.count("<form") == 2  # the other one asks for a passkey, and is hidden where the browser knows none


def test_wrong_unknown_and_barred_read_the_same(alice: Account, bob: Account, now: datetime) -> None:
    disable(account=bob, reason="left", by=DESK, now=now)
    pages = []
    for name, password in ((alice.username, "not it"), ("9Z99999", "not it"), (bob.username, CHOSEN)):
        answer = log_in(browser(), name, password)
        assert answer.status_code == 200
        assert 'role="alert"' in text_of(answer)
        pages.append(answer.context["fault"])
    assert len(set(pages)) == 1


def test_the_password_is_never_repeated_in_the_page(alice: Account) -> None:
    assert "hunter2-violet" not in text_of(log_in(browser(), alice, "hunter2-violet"))


def test_too_many_tries_get_the_same_page_with_429_and_when_to_come_back(alice: Account) -> None:
    client = browser()
    wrong = [log_in(client, alice, f"guess {number}") for number in range(5)]
    assert {answer.status_code for answer in wrong} == {200}
    refused = log_in(client, alice, CHOSEN)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.context["fault"] == wrong[0].context["fault"]


def test_a_stranger_who_guesses_does_not_lock_alice_out_of_her_own_browser(alice: Account) -> None:
    hers = signed_in(alice)
    hers.post("/logout/")
    stranger = browser(address="203.0.113.9")
    for number in range(12):
        log_in(stranger, alice, f"guess {number}")
    assert log_in(stranger, alice, CHOSEN).status_code == 429
    assert log_in(hers, alice).status_code == 302


def test_the_browser_is_known_by_a_cookie_whose_digest_is_stored(alice: Account) -> None:
    client = signed_in(alice)
    cookie = client.cookies["device"]
    assert cookie["httponly"]
    assert not KnownDevice.objects.filter(digest=cookie.value).exists()
    client.post("/logout/")
    log_in(client, alice)
    assert KnownDevice.objects.count() == 1


def test_the_session_id_changes_at_login(alice: Account) -> None:
    client = browser()
    client.cookies["session"] = "planted-by-somebody"
    log_in(client, alice)
    assert client.cookies["session"].value not in ("", "planted-by-somebody")


@pytest.mark.parametrize(
    "next_page", ["https://evil.test/", "//evil.test/x", "/\\evil.test", "javascript:alert(1)", ""]
)
def test_the_way_onward_stays_on_this_site(alice: Account, next_page: str) -> None:
    assert log_in(browser(), alice, next=next_page).headers["Location"] == HOME


def test_the_page_that_was_asked_for_comes_after_the_login(alice: Account) -> None:
    client = browser()
    asked = client.get("/account/")
    assert asked.headers["Location"] == "/login/?next=%2Faccount%2F"
    assert 'value="/account/"' in text_of(client.get(asked.headers["Location"]))
    assert log_in(client, alice, next="/account/").headers["Location"] == "/account/"


def test_a_form_of_another_site_is_refused(alice: Account) -> None:
    assert log_in(browser(csrf=True), alice).status_code == 403
    assert not LiveSession.objects.exists()


def test_the_last_login_is_said_in_the_zone_of_the_exchange(alice: Account, clock: time_machine.Traveller) -> None:
    client = signed_in(alice)
    client.post("/logout/")
    clock.shift(timedelta(days=1))
    log_in(client, alice)
    assert "Your last login was on Monday, November 16, 2026 at 9:00 AM PST." in text_of(client.get("/account/"))


def test_a_newer_login_ends_the_older_and_both_are_told(alice: Account) -> None:
    older = signed_in(alice)
    newer = browser()
    log_in(newer, alice)
    assert "You were logged in elsewhere" in text_of(newer.get("/account/"))
    ended = older.get("/account/")
    assert "ended=newer_login" in ended.headers["Location"]
    assert "in another browser" in text_of(older.get(ended.headers["Location"]))


def test_after_fifteen_idle_minutes_the_login_page_says_why(alice: Account, clock: time_machine.Traveller) -> None:
    client = signed_in(alice)
    clock.shift(timedelta(minutes=14, seconds=59))
    assert client.get("/account/").status_code == 200
    clock.shift(timedelta(minutes=15))
    ended = client.get("/account/")
    assert "ended=idle" in ended.headers["Location"]
    assert "after 15 minutes" in text_of(client.get(ended.headers["Location"]))


def test_looking_at_pages_and_the_keepalive_count_as_being_there(alice: Account, clock: time_machine.Traveller) -> None:
    client = signed_in(alice)
    for _ in range(3):
        clock.shift(timedelta(minutes=10))
        assert client.post("/account/keepalive/").status_code == 204
        clock.shift(timedelta(minutes=10))
        assert client.get("/account/").status_code == 200


def test_the_keepalive_wants_a_session_and_our_own_form(alice: Account) -> None:
    assert browser().post("/account/keepalive/").status_code == 302
    assert browser(csrf=True).post("/account/keepalive/").status_code == 403
    assert signed_in(alice).get("/account/keepalive/").status_code == 405


def test_logging_out_takes_a_post_and_ends_the_session_for_good(alice: Account) -> None:
    client = signed_in(alice)
    kept = client.cookies["session"].value
    assert client.get("/logout/").status_code == 405
    left = client.post("/logout/")
    assert left.headers["Location"] == "/login/?ended=logout"
    client.cookies["session"] = kept
    assert client.get("/account/").headers["Location"].startswith("/login/")
    assert events("account:logout:done", alice.username)


def test_who_is_logged_in_already_is_led_home(alice: Account) -> None:
    assert signed_in(alice).get("/login/").headers["Location"] == HOME


def test_staff_are_asked_for_the_second_factor_and_have_no_session_before(db: None, now: datetime) -> None:
    staff = new_staff(now=now)
    client = browser()
    assert log_in(client, staff).headers["Location"] == "/login/second-factor/"
    assert not LiveSession.objects.exists()
    assert client.get("/account/").status_code == 302


def test_a_reason_that_nobody_knows_is_answered_in_general_words(db: None) -> None:
    page = text_of(browser().get("/login/", {"ended": "<script>"}))
    assert "Your session is over. Please log in again." in page
    assert "<script>" not in page.replace("<script src", "")


def test_expired_is_said_only_to_who_knows_the_password(alice: Account, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(days=61))
    right, wrong = log_in(browser(), alice), log_in(browser(), alice, "not it")
    assert "its time is over" in text_of(right)
    assert "its time is over" not in text_of(wrong)


def test_nothing_typed_asks_beside_the_fields(db: None) -> None:
    page = browser().post("/login/", {})
    assert page.status_code == 200
    assert text_of(page).count("This field is required") >= 2


@pytest.mark.parametrize("name", ["\x00", "CC_1H10001\x00", "é" * 300, "'; DROP TABLE accounts; --", "../../etc"])
def test_strange_names_are_refused_quietly(db: None, name: str) -> None:
    assert log_in(browser(), name).status_code == 200


def test_by_whom_it_was_ended_is_in_the_trail(alice: Account) -> None:
    signed_in(alice)
    signed_in(alice)
    ended = events("account:session:ended", alice.username)
    assert [event.detail["reason"] for event in ended] == ["newer_login"]
    assert Actor(ended[0].actor_kind, ended[0].actor).name == alice.username


def test_the_client_never_sees_a_page_that_may_be_kept(alices: Client) -> None:
    assert alices.get("/account/").headers["Cache-Control"] == "no-store"


def test_who_logs_in_in_another_person_s_browser_ends_that_person_s_session(alice: Account, bob: Account) -> None:
    client = signed_in(alice)
    assert log_in(client, bob).status_code == 302
    assert LiveSession.objects.get(ended_at=None).account == bob
    assert LiveSession.objects.get(account=alice).ended_reason == "newer_login"


def test_beyond_the_hashes_that_the_machine_can_do_the_answer_is_503_in_plain_words(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr("extranet.credentials.hashing._places", BoundedSemaphore(0))
        for name in (alice.username, "9Z99999"):
            answer = log_in(browser(), name)
            assert (answer.status_code, answer["Retry-After"]) == (503, "5")
            assert CROWDED.title in text_of(answer)
    assert log_in(browser(), alice).status_code == 302


def test_every_page_with_a_password_says_so_and_none_breaks(alice: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(alice)
    monkeypatch.setattr("extranet.credentials.hashing._places", BoundedSemaphore(0))
    typed = {"old": CHOSEN, "new": "gravel hammock tuba 9", "again": "gravel hammock tuba 9"}
    answer = client.post("/account/password/", typed)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
