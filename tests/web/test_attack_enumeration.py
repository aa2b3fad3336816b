"""Who has an account? Nobody learns it from a page, its status, its headers, or the work that it took."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from extranet.agents.models import CertificationStatus
from extranet.credentials import hashing, reset_link
from extranet.credentials.disable import disable
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from tests.credentials.people import CHOSEN, DESK, new_account
from tests.web.people import browser

NAMES = {
    "in order": "4000001",
    "unknown": "4000002",
    "suspended": "4000003",
    "decertified": "4000004",
    "disabled": "4000005",
    "expired": "4000006",
    "without a password": "4000007",
}


@dataclass(frozen=True)
class Seen:
    """All that a stranger can tell one answer from another by."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...]
    queries: int


@pytest.fixture
def everybody(db: None) -> None:
    now = timezone.now()
    new_account(NAMES["in order"], now=now)
    new_account(NAMES["suspended"], now=now, status=CertificationStatus.SUSPENDED)
    new_account(NAMES["decertified"], now=now, status=CertificationStatus.DECERTIFIED)
    disable(account=new_account(NAMES["disabled"], now=now), reason="left", by=DESK, now=now)
    expired = new_account(NAMES["expired"], now=now)
    Account.objects.filter(pk=expired.pk).update(expires_on=(now - timedelta(days=3)).date())
    new_account(NAMES["without a password"], now=now, password="")


def seen(client: Client, path: str, typed: dict[str, str], license: str) -> Seen:
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(path, typed)
    token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
    body = token.sub("", answer.content.decode()).replace(license, "LICENSE")
    headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name != "Content-Length"))
    work = [query for query in queries if "SAVEPOINT" not in query["sql"]]  # taking back costs one of these more
    return Seen(answer.status_code, body, headers, len(work))


def log_in(number: int, license: str, password: str) -> Seen:
    """Each from a browser and a network of its own, so that counters are alike."""
    typed = {"username": f"CC_{license}", "password": password}
    return seen(browser(address=f"198.51.{number}.7"), "/login/", typed, license)


def all_alike(found: dict[str, Seen]) -> bool:
    return len(set(found.values())) == 1


def test_a_wrong_password_says_the_same_about_everybody(everybody: None) -> None:
    log_in(99, "4000099", "warms what is made once")
    found = {state: log_in(number, license, "wrong") for number, (state, license) in enumerate(NAMES.items())}
    assert all_alike(found), {state: (one.status, one.queries) for state, one in found.items()}


def test_nor_do_too_many(everybody: None) -> None:
    found = {}
    for number, (state, license) in enumerate(NAMES.items()):
        found[state] = [log_in(number, license, "wrong") for _ in range(7)][-1]
    assert {one.status for one in found.values()} == {429}
    assert all_alike({state: Seen(one.status, one.body, (), one.queries) for state, one in found.items()})


def test_the_right_password_tells_a_thief_nothing_about_who_is_barred(everybody: None) -> None:
    log_in(99, "4000099", "warms what is made once")
    barred = ("suspended", "decertified", "disabled")
    found = {state: log_in(number, NAMES[state], CHOSEN) for number, state in enumerate(barred)}
    found["unknown"] = log_in(98, NAMES["unknown"], CHOSEN)
    assert all_alike(found), {state: (one.status, one.queries) for state, one in found.items()}


def asked(number: int, license: str) -> list[Seen]:
    """Both questions of the reset site, as a stranger answers them for a name."""
    client = Client(headers={"host": "reset.test"}, REMOTE_ADDR=f"198.51.{number}.7")
    first = seen(client, "/", {"username": license}, license)
    location = dict(first.headers)["Location"]
    second = seen(client, location, {"how": "email"}, license)
    third = client.get(dict(second.headers)["Location"])
    with_mask = re.sub(r"[a-z0-9]\*{5}@[a-z]\*{5}", "MASK", third.content.decode())
    code = re.sub(r"<(strong|code)[^>]*>[A-Z0-9-]{6,8}</", "<CODE</", with_mask)
    return [
        Seen(one.status, one.body, tuple((name, "") for name, _ in one.headers), one.queries) for one in (first, second)
    ] + [Seen(third.status_code, code, (), 0)]


def test_a_reset_walks_the_same_way_for_everybody(everybody: None) -> None:
    new_account("4000098", now=timezone.now())
    asked(99, "4000098")  # makes what is made once
    found = {state: asked(number, license) for number, (state, license) in enumerate(NAMES.items())}
    for place in range(3):
        step = {state: walk[place] for state, walk in found.items()}
        assert all_alike(step), {state: (one.status, one.queries, len(one.body)) for state, one in step.items()}


def sent(number: int, license: str) -> Seen:
    typed = {
        "name": "Alice Example",
        "license": license,
        "email": "alice@agents.test",
        "telephone": "555 010 0199",
        "text": "The page says that I have to wait.",
    }
    one = seen(browser(address=f"198.51.{number}.7"), "/support/", typed, license)
    return Seen(one.status, re.sub(r"R-\w{4}-\w{2}", "NUMBER", one.body), one.headers, one.queries)


def test_the_request_form_answers_and_mails_the_same_whoever_has_the_license(everybody: None) -> None:
    sent(99, "4000099")  # makes what is made once
    found, mailed = {}, []
    for number, (state, license) in enumerate(NAMES.items()):
        before = OutboxMail.objects.count()
        found[state] = sent(number, license)
        mailed.append(OutboxMail.objects.count() - before)
    assert all_alike(found), {state: (one.status, one.queries) for state, one in found.items()}
    assert set(mailed) == {1}


def test_a_link_that_is_over_looks_and_costs_like_one_that_never_was(everybody: None) -> None:
    now = timezone.now()
    account = Account.objects.get(username="CC_4000001")
    token = reset_link.make(account=account, browser_token="", code="CDFHJK", now=now - timedelta(hours=3)).address
    found = {}
    for number, (state, path) in enumerate({"over": token.rstrip("/").rpartition("/")[2], "none": "a" * 32}.items()):
        client = Client(headers={"host": "reset.test"}, REMOTE_ADDR=f"198.51.{number}.7")
        found[state] = seen(client, f"/link/{path}/", {"code": "XXXXXX"}, "none")
    assert {one.status for one in found.values()} == {410}
    assert all_alike(found), {state: (one.status, one.queries) for state, one in found.items()}


def test_login_hashes_as_often_and_queues_as_much_for_every_name(
    everybody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: dict[str, int] = {}
    real = hashing.CheapArgon2Hasher.verify

    def counted(self: hashing.CheapArgon2Hasher, password: str, encoded: str) -> bool:
        work["hashes"] = work.get("hashes", 0) + 1
        return bool(real(self, password, encoded))

    monkeypatch.setattr(hashing.CheapArgon2Hasher, "verify", counted)
    for number, license in enumerate(NAMES.values()):
        work.clear()
        log_in(number, license, "wrong")
        assert (work, OutboxMail.objects.count()) == ({"hashes": 1}, 0)
