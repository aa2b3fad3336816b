"""Each setting of passwords and resets, with two values: what happens is not the same."""

from datetime import UTC, date, datetime

import pytest

from extranet.credentials import reset
from extranet.credentials.change_password import PasswordRefused, change
from extranet.credentials.choose_password import faults
from extranet.credentials.expiry import expire
from extranet.credentials.issue import generate, issue_password
from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.mail.models import OutboxMail
from tests.credentials.people import (
    CHOSEN,
    DESK,
    NEW,
    days,
    fresh,
    mails,
    minutes,
    new_account,
    new_agent,
    new_staff,
    try_login,
)
from tests.credentials.reset_walks import HERS, STRANGERS, ask, asked, claim, reset_mails
from tests.policy.conftest import Under

pytestmark = pytest.mark.django_db
FOURTEEN = "gravel tuba 99"


@pytest.mark.parametrize(
    ("password_days", "last"), [(60, date(2027, 1, 15)), (180, date(2027, 5, 15)), (None, None)], ids=str
)
def test_how_long_a_password_is_good(under: Under, now: datetime, password_days: int | None, last: date | None) -> None:
    under(password_days=password_days)
    assert new_account(now=now).expires_on == last


@pytest.mark.parametrize(("warning_days", "warned"), [((10,), [10]), ((9,), [9]), ((10, 5, 3, 1), [10, 5, 3, 1])])
def test_how_long_before_the_end_the_warning_goes(
    under: Under, alice: Account, now: datetime, warning_days: tuple[int, ...], warned: list[int]
) -> None:
    under(warning_days=warning_days)
    Account.objects.filter(pk=alice.pk).update(last_login=now + days(49))
    assert [left for left in range(12, -1, -1) if expire(now=now + days(60 - left)).warned] == warned


@pytest.mark.parametrize(("warning_hour", "warned"), [(8, 0), (7, 1)])
def test_from_which_hour_on_it_goes(
    under: Under, alice: Account, now: datetime, warning_hour: int, warned: int
) -> None:
    under(warning_hour=warning_hour)
    half_past_seven = datetime(2027, 1, 5, 15, 30, tzinfo=UTC)
    assert expire(now=half_past_seven).warned == warned


@pytest.mark.parametrize(("temporary_password_days", "works"), [(14, True), (2, False)])
def test_how_long_a_generated_password_works(
    under: Under, alice: Account, now: datetime, temporary_password_days: int, works: bool
) -> None:
    under(temporary_password_days=temporary_password_days)
    clear = issue_password(account=alice, now=now, by=DESK)
    if works:
        assert try_login(alice, clear, now=now + days(3)).account == alice
        return
    with pytest.raises(Exception, match="reset_needed"):
        try_login(alice, clear, now=now + days(3))


@pytest.mark.parametrize(("force_change", "last"), [(True, None), (False, date(2027, 1, 15))])
def test_whether_a_generated_password_must_be_changed(
    under: Under, alice: Account, now: datetime, force_change: bool, last: date | None
) -> None:
    under(force_change=force_change)
    clear = issue_password(account=alice, now=now, by=DESK)
    assert try_login(alice, clear, now=now).must_change == force_change
    assert fresh(alice).expires_on == last  # its days count at once, or not before its owner chose


@pytest.mark.parametrize(("min_length_agent", "found"), [(14, []), (15, ["too_short"])])
def test_how_long_an_agent_s_password_must_be(
    under: Under, alice: Account, now: datetime, min_length_agent: int, found: list[str]
) -> None:
    under(min_length_agent=min_length_agent, min_length_staff=20)
    assert faults(FOURTEEN, account=alice) == found


@pytest.mark.parametrize(("min_length_staff", "found"), [(14, []), (15, ["too_short"])])
def test_how_long_a_password_of_staff_must_be(
    under: Under, now: datetime, min_length_staff: int, found: list[str]
) -> None:
    under(min_length_staff=min_length_staff, min_length_agent=20)
    assert faults(FOURTEEN, account=new_staff(now=now)) == found


@pytest.mark.parametrize(("history", "refused"), [(6, True), (2, True), (1, False), (0, False)])
def test_how_many_passwords_may_not_come_back(
    under: Under, alice: Account, now: datetime, history: int, refused: bool
) -> None:
    under(history=history)
    change(account=alice, old=CHOSEN, new=NEW, now=now, by=DESK)
    if refused:
        with pytest.raises(PasswordRefused, match="used_before"):
            change(account=fresh(alice), old=NEW, new=CHOSEN, now=now, by=DESK)
        return
    change(account=fresh(alice), old=NEW, new=CHOSEN, now=now, by=DESK)


@pytest.mark.parametrize(("generated_password_bits", "groups"), [(80, 5), (84, 5), (85, 6), (128, 8)])
def test_how_hard_a_generated_password_is(under: Under, generated_password_bits: int, groups: int) -> None:
    under(generated_password_bits=generated_password_bits)
    assert len(generate().clear.split("-")) == groups


@pytest.mark.parametrize("reset_gives", ["generated", "chosen"])
def test_who_makes_the_password_of_a_reset(under: Under, alice: Account, now: datetime, reset_gives: str) -> None:
    under(reset_gives=reset_gives)
    token, _ = asked(alice, now=now)
    assert reset.look(token=token, browser_token=HERS, now=now).chosen == (reset_gives == "chosen")
    shown = claim(token, now=now, chosen=NEW).password
    assert bool(shown) == (reset_gives == "generated")
    assert try_login(alice, shown or NEW, now=now).must_change == (reset_gives == "generated")


@pytest.mark.parametrize(("reset_link_minutes", "lives"), [(60, True), (30, False)])
def test_how_long_a_reset_link_lives(
    under: Under, alice: Account, now: datetime, reset_link_minutes: int, lives: bool
) -> None:
    under(reset_link_minutes=reset_link_minutes)
    token, _ = asked(alice, now=now)
    if lives:
        assert claim(token, now=now + minutes(30)).password
        return
    with pytest.raises(reset.ResetOver, match="late"):
        claim(token, now=now + minutes(30))


@pytest.mark.parametrize("reset_mails_per_hour", [3, 1])
def test_how_many_reset_mails_go_in_an_hour(
    under: Under, alice: Account, now: datetime, reset_mails_per_hour: int
) -> None:
    under(reset_mails_per_hour=reset_mails_per_hour)
    for _ in range(5):
        ask(alice.username, now=now)
    assert len(reset_mails(alice)) == reset_mails_per_hour


@pytest.mark.parametrize(("reset_code_tries", "lives"), [(5, True), (2, False)])
def test_how_many_wrong_codes_end_a_link(
    under: Under, alice: Account, now: datetime, reset_code_tries: int, lives: bool
) -> None:
    under(reset_code_tries=reset_code_tries)
    token, code = asked(alice, now=now)
    for _ in range(2):
        with pytest.raises(reset.CodeRefused):
            claim(token, browser_token=STRANGERS, code="CCCCCC", now=now)
    if lives:
        assert claim(token, browser_token=STRANGERS, code=code, now=now).password
        return
    with pytest.raises(reset.ResetOver, match="tries"):
        claim(token, browser_token=STRANGERS, code=code, now=now)


@pytest.mark.parametrize(("shown_password_minutes", "shown"), [(10, True), (5, False)])
def test_how_long_a_new_password_is_shown_again(
    under: Under, alice: Account, now: datetime, shown_password_minutes: int, shown: bool
) -> None:
    under(shown_password_minutes=shown_password_minutes)
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now)
    again = {"link_id": claimed.link_id, "shown_token": claimed.shown_token, "network": "", "now": now + minutes(5)}
    if shown:
        assert reset.show_again(**again).password == claimed.password  # type: ignore[arg-type]
        return
    with pytest.raises(reset.NotShown):
        reset.show_again(**again)  # type: ignore[arg-type]


@pytest.mark.parametrize(("third_mail", "kind"), [("password", "password"), ("pickup", "pickup")])
def test_what_the_third_mail_holds(under: Under, now: datetime, third_mail: str, kind: str) -> None:
    under(third_mail=third_mail)
    agent = new_agent()
    onboard(now=now)
    assert [mail.kind for mail in mails()] == ["introduction", "username", kind]
    assert bool(Account.objects.get(agent=agent).password) == (third_mail == "password")
    assert OutboxMail.objects.filter(kind=kind, secret=True).count() == 1
