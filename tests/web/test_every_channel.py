"""Whoever may not enter, tried at every door there is and on every address: the gate alone must bar them.

The rows are changed behind the back of the acts that would also end sessions, tokens and links, so that nothing but the
gate stands in the way. A new channel without a door here fails; so does a new address that lets somebody in.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.record import Actor
from extranet.credentials import api_tokens, passkey_ceremony, passkeys, sessions, staff
from extranet.credentials.api_tokens import TokenRefused, why_not_vouched
from extranet.credentials.gate import Channel
from extranet.credentials.login import LoginRefused, complete, sign_in
from extranet.credentials.models import Account, BookGrant, ChallengePurpose, StaffRole
from extranet.credentials.reset_ask import ask
from extranet.credentials.reset_link import ResetOver, look, make
from extranet.web.permissions import Route, routes
from tests.credentials.agency import EVERYTHING, new_agency_staff, owner
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import CHOSEN, HOME, mails, new_account, new_staff
from tests.web.people import browser
from tests.web.test_permissions import Cast, enter

NOBODYS = Actor.system("test")
LICENSE = "1H10009"
HOLDER = "h" * 32


class Held:
    """What somebody holds who was let in before: a session, links, and a token where the account may have one."""

    def __init__(self, account: Account, now: datetime) -> None:
        self.account, self.now = account, now
        sessions.begin(account=account, session_key="s" * 32, network=HOME, browser="", now=now, second_factor=True)
        self.reset = (
            make(account=account, browser_token="b" * 20, code="", now=now).address.rstrip("/").rpartition("/")[2]
        )
        self.enrolment = staff.invite(account=account, by=NOBODYS, now=now).link.rstrip("/").rpartition("/")[2]
        self.key = SoftKey()
        asked = passkey_ceremony.begin(purpose=ChallengePurpose.ADD, account=account, holder=HOLDER, now=now)
        answer = self.key.create(json.loads(json.dumps(asked)))
        passkeys.add(account=account, name="key", answer=answer, holder=HOLDER, by=NOBODYS, browser="", now=now)
        self.token = ""
        if account.role == StaffRole.PUBLISHER:
            self.token = api_tokens.make(account=account, name="job", by=NOBODYS, now=now).token


def by_portal(held: Held) -> bool:
    live = sessions.check(session_key="s" * 32, now=held.now)
    opened = [] if isinstance(live, sessions.Ended) else ["session of before"]
    try:
        sign_in(username=held.account.username, password=CHOSEN, device=None, network=HOME, browser="", now=held.now)
        opened.append("password")
    except LoginRefused:
        pass
    try:
        complete(account=held.account, device=None, network=HOME, browser="", now=held.now)
        opened.append("second factor")
    except LoginRefused:
        pass
    try:
        sessions.begin(
            account=held.account, session_key="t" * 32, network=HOME, browser="", now=held.now, second_factor=True
        )
        opened.append("session")
    except sessions.Barred:
        pass
    return _all_or_nothing(opened, of=4)


def by_passkey(held: Held) -> bool:
    asked = passkeys.ask_for_login(holder=HOLDER, network=HOME, now=held.now)
    answer = held.key.get(json.loads(json.dumps(asked)))
    try:
        passkeys.sign_in(answer=answer, holder=HOLDER, device=None, network=HOME, browser="", now=held.now)
    except LoginRefused:
        return False
    return True


def by_reset(held: Held) -> bool:
    before = len(mails(held.account.username))
    ask(username=held.account.username, network=HOME, browser_token="c" * 20, now=held.now)
    opened = ["mail"] if len(mails(held.account.username)) > before else []
    try:
        look(token=held.reset, browser_token="b" * 20, now=held.now)
        opened.append("link")
    except ResetOver:
        pass
    return _all_or_nothing(opened, of=2)


def by_enrolment(held: Held) -> bool:
    try:
        staff.look(token=held.enrolment, now=held.now)
    except staff.EnrolmentOver:
        return False
    return True


def by_token(held: Held) -> bool:
    opened = [] if why_not_vouched(held.account.username, None, held.now) else ["release later"]
    try:
        api_tokens.enter(token=held.token, address=None, network=HOME, now=held.now)
        opened.append("token")
    except TokenRefused:
        pass
    return _all_or_nothing(opened, of=2)


def by_download(held: Held) -> bool:
    live = sessions.check(session_key="s" * 32, now=held.now, channel=Channel.DOWNLOAD)
    return not isinstance(live, sessions.Ended)


DOORS: dict[Channel, Callable[[Held], bool]] = {
    Channel.PORTAL: by_portal,
    Channel.RESET: by_reset,
    Channel.ENROLMENT: by_enrolment,
    Channel.API: by_token,
    Channel.DOWNLOAD: by_download,
    Channel.PASSKEY: by_passkey,
}
"""Each channel with the acts that go through it; they answer whether they opened."""


def _all_or_nothing(opened: list[str], *, of: int) -> bool:
    assert len(opened) in (0, of), f"only {opened} opened: one of the acts forgot the gate, or asks for more than it"
    return bool(opened)


def an_agent(now: datetime) -> Account:
    account = new_account(LICENSE, now=now)
    return _agreed(account)


def a_publisher(now: datetime) -> Account:
    account = new_staff("pia", now=now)
    Account.objects.filter(pk=account.pk).update(role=StaffRole.PUBLISHER)
    return Account.objects.get(pk=account.pk)


def agency_staff(now: datetime) -> Account:
    principal = new_account(LICENSE, now=now)
    return new_agency_staff(principal, {owner(principal): EVERYTHING}, now=now)


def _agreed(account: Account) -> Account:
    Account.objects.filter(pk=account.pk).update(agreement_version="1")
    return Account.objects.select_related("agent").get(pk=account.pk)


def disabled(account: Account, now: datetime) -> None:
    Account.objects.filter(pk=account.pk).update(disabled_at=now)


def principal_disabled(account: Account, now: datetime) -> None:
    Account.objects.filter(username=f"CC_{LICENSE}").update(disabled_at=now)


def suspended(account: Account, now: datetime) -> None:
    Agent.objects.filter(license=LICENSE).update(status=CertificationStatus.SUSPENDED)


def decertified(account: Account, now: datetime) -> None:
    Agent.objects.filter(license=LICENSE).update(status=CertificationStatus.DECERTIFIED)


def rights_ended(account: Account, now: datetime) -> None:
    BookGrant.objects.filter(account=account).update(ended_at=now)


def expired(account: Account, now: datetime) -> None:
    Account.objects.filter(pk=account.pk).update(expires_on=date(2026, 11, 15))


KINDS: dict[Callable[[datetime], Account], tuple[Any, ...]] = {
    an_agent: (disabled, suspended, decertified, expired),
    a_publisher: (disabled, expired),
    agency_staff: (disabled, principal_disabled, suspended, decertified, rights_ended, expired),
}
BARRED = [(kind, fault) for kind, faults in KINDS.items() for fault in faults]
WAYS_TO_A_PASSWORD = (Channel.RESET, Channel.ENROLMENT)
NAMES = [f"{kind.__name__}-{fault.__name__}" for kind, fault in BARRED]


def has_it(channel: Channel, account: Account) -> bool:
    """Programs belong to publishers, who on the other hand have no password alone (IA-2): their ways in take an app."""
    return (channel is Channel.API) is (account.role == StaffRole.PUBLISHER)


def test_every_channel_has_a_door_that_is_tried() -> None:
    assert set(DOORS) == set(Channel)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("kind", KINDS)
def test_who_may_enter_does(db: None, now: datetime, channel: Channel, kind: Callable[[datetime], Account]) -> None:
    """Or the next test would prove nothing."""
    held = Held(kind(now), now)
    if has_it(channel, held.account):
        assert DOORS[channel](held)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(("kind", "fault"), BARRED, ids=NAMES)
def test_who_may_not_enter_does_so_by_no_door(
    db: None,
    now: datetime,
    channel: Channel,
    kind: Callable[[datetime], Account],
    fault: Callable[[Account, datetime], None],
) -> None:
    held = Held(kind(now), now)
    fault(held.account, now)
    held.account = Account.objects.select_related("agent").get(pk=held.account.pk)
    lifted = fault is expired and channel in WAYS_TO_A_PASSWORD
    assert DOORS[channel](held) is lifted


@pytest.fixture
def cast(db: None, now: datetime) -> Iterator[Cast]:
    with time_machine.travel(now, tick=False):
        yield Cast(now)


CLOSED = [route for route in routes("extranet.urls") if route.rule and not route.rule.anybody]


def _lets_in(client: Client, cast: Cast, route: Route) -> bool:
    answer = client.get(cast.address(route))
    away = answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
    return not away and answer.status_code not in (401, 429)


@pytest.mark.parametrize(("kind", "fault"), BARRED, ids=NAMES)
def test_an_old_session_of_theirs_opens_no_address(
    cast: Cast, now: datetime, kind: Callable[[datetime], Account], fault: Callable[[Account, datetime], None]
) -> None:
    account = kind(now)
    client = enter(account, now=now)
    stolen = {name: cookie.value for name, cookie in client.cookies.items()}
    fault(account, now)
    opened = []
    for route in CLOSED:
        visitor = browser()
        for name, value in stolen.items():
            visitor.cookies[name] = value
        if _lets_in(visitor, cast, route):
            opened.append(route.address)
    assert opened == []
    assert settings.SESSION_COOKIE_NAME in stolen
