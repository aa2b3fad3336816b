"""Whatever takes an account's access away, the next request is the last, and it says why. The neighbour stays in."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.change_password import change
from extranet.credentials.disable import disable, end_access_of
from extranet.credentials.issue_again import issue_again
from extranet.credentials.models import Account, StaffRole
from tests.credentials.people import CHOSEN, DESK, NEW, days, fresh, new_account
from tests.credentials.reset_walks import asked, claim
from tests.web.people import browser, signed_in, text_of
from tests.web.staff.people import at_work, staff_account

Ends = Callable[[Account, datetime], object]


def status(status: CertificationStatus) -> Ends:
    def set_it(account: Account, now: datetime) -> None:
        Agent.objects.filter(account=account).update(status=status)

    return set_it


def by_roster(account: Account, now: datetime) -> None:
    Agent.objects.filter(account=account).update(status=CertificationStatus.DECERTIFIED)
    end_access_of(agents=Agent.objects.filter(account=account), by=DESK, now=now)


def by_reset(account: Account, now: datetime) -> None:
    token, _ = asked(account, now=now)
    claim(token, now=now)


def revoked(account: Account, now: datetime) -> None:
    Account.objects.filter(pk=account.pk).update(revoked_at=now)


def expired(account: Account, now: datetime) -> None:
    Account.objects.filter(pk=account.pk).update(expires_on=(now - days(1)).date())


def changed(account: Account, now: datetime) -> None:
    change(account=fresh(account), old=CHOSEN, new=NEW, now=now, by=DESK, browser="", session_key="another")


ENDS: dict[str, tuple[Ends, str]] = {
    "reset": (by_reset, "the password was reset"),
    "disable": (
        lambda account, now: disable(account=account, reason="left", by=DESK, now=now),
        "Your access has ended",
    ),
    "decertification": (by_roster, "Your access has ended"),
    "suspension": (status(CertificationStatus.SUSPENDED), "Your access has ended"),
    "certification withdrawn": (status(CertificationStatus.PENDING), "Your access has ended"),
    "password revoked": (revoked, "Your password is not valid any more"),
    "password expired": (expired, "Your password is not valid any more"),
    "password changed elsewhere": (changed, "the password was changed"),
    "issued again": (lambda account, now: issue_again(account=account, by=DESK, now=now), "a new password was issued"),
}


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bobs(db: None, now: datetime) -> Client:
    return signed_in(new_account("4000002", now=now, first_name="Bob"))


def asks(client: Client) -> list[str]:
    """A page, a download, a form: where each leads. The cookie is the same each time, as a thief would send it."""
    stolen = {name: cookie.value for name, cookie in client.cookies.items()}
    led = []
    for method, path in (
        ("get", "/account/"),
        ("get", "/reports/book-of-business/download/"),
        ("post", "/account/password/"),
        ("post", "/account/keepalive/"),
    ):
        for name, value in stolen.items():
            client.cookies[name] = value
        answer = getattr(client, method)(path)
        assert answer.status_code == 302, path
        led.append(answer["Location"])
    return led


@pytest.mark.parametrize("what", ENDS)
def test_the_next_request_is_refused_and_says_why(now: datetime, bobs: Client, what: str) -> None:
    end, words = ENDS[what]
    alice = new_account("4000001", now=now)
    hers = signed_in(alice)
    assert hers.get("/account/").status_code == 200
    end(alice, now)
    led = asks(hers)
    assert all(address.startswith("/login/?") for address in led)
    assert words in text_of(browser().get(led[0]))
    assert bobs.get("/account/").status_code == 200


def test_another_role_is_another_session(now: datetime, db: None, bobs: Client) -> None:
    dora = staff_account("dora", StaffRole.ADMINISTRATOR, now=now)
    hers = at_work(dora)
    assert hers.get("/staff/accounts/").status_code == 200
    Account.objects.filter(pk=dora.pk).update(role=StaffRole.SERVICE_DESK)
    led = hers.get("/staff/agents/")
    assert "ended=role_changed" in led["Location"]
    assert "your role was changed" in text_of(hers.get(led["Location"]))
    assert bobs.get("/account/").status_code == 200


def test_a_clock_set_back_logs_everybody_out_and_lets_everybody_in_again(
    now: datetime, bobs: Client, clock: time_machine.Traveller
) -> None:
    alice = new_account("4000001", now=now)
    hers = signed_in(alice)
    clock.shift(-3600)
    for client in (hers, bobs):
        led = client.get("/account/")
        assert "ended=clock" in led["Location"]
        assert "The clock of this site was set right" in text_of(client.get(led["Location"]))
    clock.shift(60)
    assert signed_in(alice).get("/account/").status_code == 200


def test_a_made_up_reason_says_nothing_of_its_own(db: None) -> None:
    page = text_of(browser().get("/login/", {"ended": "<b>Call 555</b>"}))
    assert "555" not in page
    assert "Your session is over." in page
