"""The own page to change the password (J26): what is refused and why, and what ends with the old one."""

from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from threading import BoundedSemaphore

import pytest

from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials import sessions
from extranet.credentials.change_password import Changed, PasswordRefused, change
from extranet.credentials.choose_password import faults
from extranet.credentials.disable import disable
from extranet.credentials.hashing import HashingBusy, hash_password
from extranet.credentials.history import PasswordOvertaken, put_in_force
from extranet.credentials.issue import issue_password
from extranet.credentials.models import Account, PasswordHistory, ResetLink
from extranet.profile.loader import current
from tests.credentials.people import CHOSEN, DESK, HOME, NEW, days, events, fresh, mails, minutes, new_staff, try_login

pytestmark = pytest.mark.django_db


def changed(account: Account, new: str, now: datetime, old: str = CHOSEN, session_key: str = "") -> Changed:
    by = Actor(account.kind, account.username, HOME)
    return change(account=account, old=old, new=new, now=now, by=by, browser="Firefox", session_key=session_key)


def reasons(account: Account, new: str, now: datetime, old: str = CHOSEN) -> list[str]:
    with pytest.raises(PasswordRefused) as refusal:
        changed(account, new, now, old)
    return refusal.value.reasons


def test_the_new_password_works_for_sixty_days_and_the_old_one_no_more(
    alice: Account, bob: Account, now: datetime
) -> None:
    assert changed(alice, NEW, now + days(50)) == Changed(expires_on=date(2027, 3, 6), ended_others=0)
    assert try_login(alice, NEW, now=now + days(50)).account == alice
    with pytest.raises(Exception, match="wrong"):
        try_login(alice, CHOSEN, now=now + days(50))
    assert try_login(bob, CHOSEN, now=now + days(50)).account == bob


def test_the_first_chosen_password_starts_the_sixty_days(alice: Account, now: datetime) -> None:
    clear = issue_password(account=alice, now=now, by=DESK)
    assert fresh(alice).expires_on is None
    changed(alice, NEW, now + days(3), old=clear)
    account = fresh(alice)
    assert (account.temporary, account.temporary_until, account.expires_on) == (False, None, date(2027, 1, 18))
    assert not try_login(alice, NEW, now=now + days(20)).must_change


def test_the_owner_is_told_by_mail_and_the_trail_knows(alice: Account, now: datetime) -> None:
    changed(alice, NEW, now)
    (mail,) = mails(alice.username)
    assert (mail.kind, mail.key) == ("password_changed", f"password_changed:{alice.username}:2")
    assert events("account:password:changed")[0].network == HOME


def test_other_sessions_and_open_links_end_with_the_old_password(alice: Account, bob: Account, now: datetime) -> None:
    for account in (alice, bob):
        sessions.begin(account=account, session_key=account.username, network=HOME, browser="", now=now)
        ResetLink.objects.create(account=account, digest=account.username, asked_at=now, expires_at=now + minutes(60))
    assert changed(alice, NEW, now).ended_others == 1
    assert sessions.check(session_key=alice.username, now=now) == sessions.Ended("password_changed")
    assert not isinstance(sessions.check(session_key=bob.username, now=now), sessions.Ended)
    assert [link.account for link in ResetLink.objects.filter(state="open")] == [bob]


def test_the_session_in_hand_stays(alice: Account, now: datetime) -> None:
    sessions.begin(account=alice, session_key="mine", network=HOME, browser="", now=now)
    assert changed(alice, NEW, now, session_key="mine").ended_others == 0
    assert not isinstance(sessions.check(session_key="mine", now=now), sessions.Ended)


def test_without_the_old_password_nothing_changes_and_guesses_are_counted(alice: Account, now: datetime) -> None:
    assert [reasons(alice, NEW, now, old="wrong wrong")[0] for _ in range(6)] == ["old_wrong"] * 5 + ["throttled"]
    assert reasons(alice, NEW, now) == ["throttled"]
    assert try_login(alice, CHOSEN, now=now).account == alice
    assert events("account:password:change-refused")[0].detail == {"reasons": ["old_wrong"]}


def test_six_passwords_do_not_come_back_and_the_seventh_may(alice: Account, now: datetime) -> None:
    chosen = [CHOSEN, *(f"{word} hammock tuba 9" for word in ("gravel", "copper", "velvet", "thistle", "meadow"))]
    for old, new in pairwise(chosen):
        changed(alice, new, now, old=old)
    assert reasons(alice, CHOSEN, now, old=chosen[-1]) == ["used_before"]
    assert reasons(alice, chosen[-1], now, old=chosen[-1]) == ["same"]
    changed(alice, "walrus hammock tuba 9", now, old=chosen[-1])
    changed(alice, CHOSEN, now, old="walrus hammock tuba 9")
    assert PasswordHistory.objects.filter(account=alice).count() == 6


def test_where_policy_keeps_no_history_an_old_password_may_come_back(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    changed(alice, NEW, now)
    assert changed(alice, CHOSEN, now, old=NEW).expires_on is None


def test_a_disabled_person_changes_nothing(alice: Account, now: datetime) -> None:
    disable(account=alice, reason="left", by=DESK, now=now)
    assert reasons(alice, NEW, now) == ["barred"]


def test_two_changes_at_once_have_one_winner(alice: Account, now: datetime) -> None:
    stale = fresh(alice)
    changed(alice, NEW, now)
    with pytest.raises(PasswordOvertaken):
        put_in_force(account=stale, encoded=hash_password("x"), generated=False, now=now)
    assert try_login(alice, NEW, now=now).account == alice


def test_no_password_stands_in_any_event(alice: Account, now: datetime) -> None:
    changed(alice, NEW, now)
    reasons(alice, "violet", now, old=NEW)
    assert not [event for event in Event.objects.all() if "violet" in str(event.detail) or NEW in str(event.detail)]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("elevenchars", ["too_short"]),
        ("twelve chars", []),
        ("correct horse battery staple", ["listed"]),
        ("copper horse lantern staple", []),
        ("  Zr4!qTx9#mLw  ", []),
        ("ünïcödé ist fein", []),
        ("x" * 13, ["repeats"]),
        ("Password1234!", ["common"]),
        ("P@ssw0rd2026!!", ["listed"]),
        ("passwordpassword", ["listed"]),
        ("qwertyuiopasdf", ["common"]),
        ("1234567890123", ["common"]),
        ("abcdefghijklmn", ["common"]),
        ("Summer2026Summer2026", ["listed"]),
        ("abc7abc7abc7abc7", ["repeats"]),
        ("ContraseñaSegura", ["common"]),
        ("a" * 257, ["too_long"]),
        ("no\0null bytes here", ["too_long"]),
    ],
)
def test_what_everybody_would_guess_is_refused_and_long_phrases_are_welcome(
    alice: Account, chosen: str, found: list[str]
) -> None:
    assert faults(chosen, account=alice) == found


def test_the_names_of_the_exchange_and_of_the_person_do_not_make_a_password(alice: Account) -> None:
    profile = current()
    assert faults(f"{profile.exchange.name} 1!", account=alice)[0] in ("exchange", "common", "listed")
    assert faults(f"{profile.account_domain.title()}-2026!", account=alice)[0] in (
        "exchange",
        "common",
        "listed",
        "too_short",
    )
    assert faults(f"{alice.username}-{alice.username[-7:]}", account=alice) == ["person"]
    assert faults("Alice-Example-77", account=alice) == ["person"]


def test_staff_choose_longer_ones(db: None, now: datetime, alice: Account) -> None:
    dora = new_staff(now=now)
    assert faults("gravel tuba 99", account=dora) == ["too_short"]
    assert faults("gravel tuba 99", account=alice) == []


def test_the_policy_sets_the_length(alice: Account, under_policy: Callable[[str], None]) -> None:
    under_policy("nist_63b4")
    assert faults("gravel tuba 99", account=alice) == ["too_short"]


def test_a_machine_that_is_too_busy_to_look_counts_no_try(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr("extranet.credentials.hashing._places", BoundedSemaphore(0))
        for _ in range(9):
            with pytest.raises(HashingBusy):
                change(account=alice, old=CHOSEN, new=NEW, now=now, by=DESK)
    change(account=alice, old=CHOSEN, new=NEW, now=now, by=DESK)
