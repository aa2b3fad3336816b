"""A token is its owner and never more: it enters while the gate would let the owner in, and nobody else's does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client

from extranet.audit.actions import Action
from extranet.credentials import api_tokens
from extranet.credentials.disable import disable, enable
from extranet.credentials.models import Account, ApiToken, StaffRole
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.vault.tokens import new_token
from tests.api.conftest import ADDRESS, SHELL, program, token_of
from tests.credentials.people import events
from tests.web.people import signed_in
from tests.web.staff.people import at_work, staff_account

LIST = "/api/v1/publications"


def test_a_token_is_shown_once_and_stored_as_a_digest(ada: Account, now: datetime, data_folder: Path) -> None:
    token = token_of(ada, now)
    row = ApiToken.objects.get()
    assert token.startswith("extranet_")
    assert token not in repr([getattr(row, field.attname) for field in row._meta.fields])
    assert row.expires_at == now + timedelta(days=90)
    made = events(Action.TOKEN_MADE, ada.username)[0]
    assert made.detail == {"token": str(row.id), "for": "nightly job", "days": 90, "networks": []}
    assert program(token).get(LIST).status_code == 200
    row.refresh_from_db()
    assert row.last_used_at == now


def test_the_owner_is_told_of_each_and_the_mail_opens_nothing(ada: Account, now: datetime) -> None:
    tokens = [token_of(ada, now) for _ in range(2)]
    told = OutboxMail.objects.filter(kind="api_token_made")
    assert [(mail.to_address, mail.about, mail.secret) for mail in told] == [(ada.staff_email, ada.username, False)] * 2
    words = body_of(told[0]).text
    assert f"{now + timedelta(days=90):%B}" in words
    assert not any(token in words for token in tokens)


def test_no_token_waits_for_a_better_address(ada: Account, now: datetime) -> None:
    ada.staff_email = "nobody"
    ada.save()
    assert program(token_of(ada, now)).get(LIST).status_code == 200


def test_the_trail_tells_which_token_asked_for_a_change(ada: Account, adas: Client) -> None:
    adas.get(LIST)
    assert not events(Action.TOKEN_USED)
    adas.post(f"{LIST}/{UUID(int=7)}/recall")
    event = events(Action.TOKEN_USED, ada.username)[0]
    assert event.detail == {"token": str(ApiToken.objects.get().id), "act": f"POST {LIST}/{UUID(int=7)}/recall"}
    assert (event.actor_kind, event.actor) == ("staff", ada.username)


def test_without_a_token_nobody_enters(db: None) -> None:
    for client in (program(), program("extranet_" + new_token()), program("x" * 5000), program("Ünïcode")):
        refused = client.get(LIST)
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
        assert refused["Content-Type"] == "application/problem+json"
        assert not refused.cookies


def test_no_session_opens_the_api(ada: Account, alice: Account) -> None:
    for client in (at_work(ada), signed_in(alice)):
        assert client.get(LIST).status_code == 401
        assert client.post(f"{LIST}?kind=book-of-business&as_of=2026-11-16").status_code == 401


def _ended(ada: Account, now: datetime) -> None:
    assert api_tokens.end(account=ada, token_id=ApiToken.objects.get().id, by=SHELL, now=now)


def _disabled(ada: Account, now: datetime) -> None:
    disable(account=ada, reason="left", by=SHELL, now=now)


def _enabled_again(ada: Account, now: datetime) -> None:
    disable(account=ada, reason="left", by=SHELL, now=now)
    enable(account=ada, by=SHELL, now=now)


def _other_role(ada: Account, now: datetime) -> None:
    Account.objects.filter(pk=ada.pk).update(role=StaffRole.AUDITOR)


def _expired_password(ada: Account, now: datetime) -> None:
    Account.objects.filter(pk=ada.pk).update(expires_on=(now - timedelta(days=2)).date())


def _temporary_password(ada: Account, now: datetime) -> None:
    Account.objects.filter(pk=ada.pk).update(temporary=True, temporary_until=now + timedelta(days=1))


def _lapsed(ada: Account, now: datetime) -> None:
    ApiToken.objects.update(expires_at=now)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_ended, "ended"),
        (_disabled, "ended"),
        (_enabled_again, "ended"),
        (_other_role, "role"),
        (_expired_password, "expired"),
        (_temporary_password, "must_change"),
        (_lapsed, "lapsed"),
    ],
)
def test_who_would_not_be_let_in_has_no_token_that_is(
    change: Callable[[Account, datetime], None], why: str, ada: Account, adas: Client, now: datetime
) -> None:
    assert adas.get(LIST).status_code == 200
    change(ada, now)
    refused = adas.get(LIST)
    assert (refused.status_code, ada.username in refused.content.decode()) == (401, False)
    event = events(Action.TOKEN_REFUSED, ada.username)[0]
    assert (event.detail["why"], event.network) == (why, "203.0.113.0/24")


def test_a_token_enters_from_its_networks_only(ada: Account, now: datetime) -> None:
    token = token_of(ada, now, networks=["203.0.113.0/28", "2001:db8::/64"])
    assert program(token).get(LIST).status_code == 200
    assert program(token, address="2001:db8::5").get(LIST).status_code == 200
    assert program(token, address="203.0.113.99").get(LIST).status_code == 401
    assert events(Action.TOKEN_REFUSED)[0].detail["why"] == "network"


def test_failures_are_throttled_by_network_and_lock_no_owner_out(adas: Client, db: None) -> None:
    answers = [program("extranet_" + new_token()).get(LIST) for _ in range(8)]
    assert answers[0].status_code == 401
    assert (answers[-1].status_code, int(answers[-1]["Retry-After"]) > 0) == (429, True)
    assert program(address="198.51.100.7").get(LIST).status_code == 401
    assert adas.get(LIST).status_code == 200


def test_repeated_refusals_are_one_event(db: None) -> None:
    for _ in range(5):
        program().get(LIST)
    assert len(events(Action.TOKEN_REFUSED)) == 1


def test_a_database_that_is_away_is_said_so(adas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("extranet.api.gate.enter", away)
    refused = adas.get(LIST)
    assert (refused.status_code, refused["Content-Type"]) == (503, "application/problem+json")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": " "}, "say what"),
        ({"name": "x" * 61}, "say what"),
        ({"days": 0}, "1 to 90"),
        ({"days": 91}, "1 to 90"),
        ({"networks": ["home"]}, "is no network"),
        ({"networks": ["203.0.113.7/24"]}, "is no network"),
        ({"networks": ["203.0.113.7"] * 21}, "at most"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(asked: dict[str, Any], said: str, ada: Account, now: datetime) -> None:
    with pytest.raises(api_tokens.TokenNotMade, match=said):
        api_tokens.make(account=ada, by=SHELL, now=now, **{"name": "job", **asked})
    assert not ApiToken.objects.exists()


def test_only_publishers_have_tokens(alice: Account, now: datetime) -> None:
    dora = staff_account("dora", StaffRole.SERVICE_DESK, now=now)
    for account in (dora, alice):
        with pytest.raises(api_tokens.TokenNotMade, match="belong to publishers"):
            token_of(account, now)


def test_nobody_has_more_than_ten(ada: Account, now: datetime) -> None:
    for _ in range(api_tokens.MOST):
        token_of(ada, now)
    with pytest.raises(api_tokens.TokenNotMade, match="end one first"):
        token_of(ada, now)
    assert token_of(ada, now + timedelta(days=91))


def test_nobody_ends_the_token_of_another(ada: Account, grace: Account, adas: Client, now: datetime) -> None:
    row = ApiToken.objects.get()
    assert not api_tokens.end(account=grace, token_id=row.id, by=SHELL, now=now)
    assert adas.get(LIST).status_code == 200
    assert api_tokens.end(account=ada, token_id=row.id, by=SHELL, now=now)
    assert not api_tokens.end(account=ada, token_id=row.id, by=SHELL, now=now)
    assert len(events(Action.TOKEN_ENDED, ada.username)) == 1


def test_the_use_is_written_once_a_minute(adas: Client, clock: time_machine.Traveller, now: datetime) -> None:
    adas.get(LIST)
    clock.move_to(now + timedelta(seconds=30))
    adas.get(LIST)
    assert ApiToken.objects.get().last_used_at == now
    clock.move_to(now + timedelta(seconds=61))
    adas.get(LIST)
    assert ApiToken.objects.get().last_used_at == now + timedelta(seconds=61)


def test_the_address_behind_no_trusted_proxy_is_the_socket_s(ada: Account, now: datetime) -> None:
    client = program(token_of(ada, now, networks=[ADDRESS]), address="198.51.100.7")
    assert client.get(LIST, headers={"x-forwarded-for": ADDRESS}).status_code == 401
