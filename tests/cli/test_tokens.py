"""Tokens by command line: made for a publisher, listed without themselves, ended."""

from datetime import datetime

from django.utils import timezone

from extranet.credentials.models import ApiToken, StaffRole
from tests.cli.conftest import Call
from tests.web.people import browser
from tests.web.staff.people import staff_account


def enters(token: str) -> bool:
    return browser().get("/api/v1/publications", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_is_made_listed_and_ended(call: Call, db: None) -> None:
    staff_account("ada", StaffRole.PUBLISHER, now=timezone.now())
    made = call("staff", "token", "ada", "--for", "nightly job", "--network", "198.51.100.0/24", "--json").facts
    assert enters(made["token"])
    listed = call("staff", "tokens", "staff\\ada")
    assert "nightly job" in listed.out
    assert made["token"] not in listed.out
    assert call("staff", "revoke", "ada", made["id"]).out == "ended\n"
    assert not enters(made["token"])
    assert "no such token" in call("staff", "revoke", "ada", made["id"]).out


def test_nobody_but_a_publisher_gets_one(call: Call, now: datetime) -> None:
    staff_account("dora", StaffRole.SERVICE_DESK, now=now)
    refused = [call("staff", "token", name, "--for", "job") for name in ("dora", "nobody", "no body")]
    assert [ended.code for ended in refused] == [3, 3, 3]
    assert "belong to publishers" in refused[0].err
    assert not ApiToken.objects.exists()
