"""The demonstration is told under every policy: everybody stands in the state that the page says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from extranet.cli.demo import environment
from extranet.credentials.expiry import expire
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.models import Account
from extranet.credentials.second_factor import code_at, is_enrolled, secret_of
from extranet.demo.build import build
from extranet.demo.seed import Story, make_seed
from extranet.mail.models import OutboxMail
from extranet.policy import POLICIES
from extranet.reports.listing import Publication
from tests.journeys.conftest import _read_addresses_again

NOW = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
REASONS = {"jobaid": Reason.EXPIRED, "arc_ampe": Reason.EXPIRED, "nist_63b4": Reason.INACTIVE}


@pytest.fixture(params=POLICIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def story(db: None, settings: Settings, data_folder: Path, name: str) -> Iterator[Story]:
    folder = data_folder / "demo"
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"demo": True, "data_dir": folder, "policy": name})
    settings.DEMO = True
    make_seed(folder)
    _read_addresses_again()
    with time_machine.travel(NOW, tick=False):
        yield build(env=settings.EXTRANET, agents=30, weeks=1, seed=3, port=8000, now=NOW, progress=lambda *_: None)
    settings.DEMO = False
    _read_addresses_again()


def account(story: Story, who: str) -> Account:
    username = next(person.username for person in story.people if person.who == who)
    return Account.objects.select_related("agent").get(username=username)


def test_everybody_is_as_the_page_says(story: Story, name: str) -> None:
    def reason(who: str) -> Reason:
        return may_enter(account(story, who), channel=Channel.PORTAL, now=NOW).reason

    assert story.policy == name
    assert reason("Agent with a large book") is Reason.OK
    assert reason("Warned agent") is Reason.OK
    assert reason("Expired agent") is REASONS[name]
    assert reason("Suspended agent") is Reason.SUSPENDED
    warned = OutboxMail.objects.filter(kind="expiry_warning", about=account(story, "Warned agent").username)
    assert warned.count() == (0 if POLICIES[name].password_days is None else 1)
    third = OutboxMail.objects.filter(about=account(story, "Newly certified agent").username, place=3).get()
    assert third.kind == POLICIES[name].third_mail
    released = Publication.objects.filter(kind="book-of-business")
    assert {row.state for row in released} == {"released"}
    assert expire(now=NOW).warned == 0


def test_who_needs_a_second_factor_has_one_and_its_codes_are_shown(story: Story, name: str, client: Client) -> None:
    required = POLICIES[name].second_factor_agents == "required"
    owner, clerk = account(story, "Agent with a large book"), account(story, "Agency staff: Nina Night")
    assert (is_enrolled(account=owner), is_enrolled(account=clerk)) == (required, required)
    assert {person.has_codes for person in story.people if person.username == owner.username} == {required}
    with time_machine.travel(NOW, tick=False):
        page = client.get("/demo/codes/", headers={"host": "localhost:8000"}).content.decode()
    assert (code_at(secret=secret_of(owner), now=NOW) in page) if required else (owner.username not in page)


def test_the_page_of_the_codes_is_an_app_for_who_sets_one_up(story: Story, client: Client) -> None:
    key = "JBSW Y3DP EHPK 3PXP"
    with time_machine.travel(NOW, tick=False):
        answer = client.post("/demo/codes/", {"key": key}, headers={"host": "localhost:8000"})
        assert f"Code now: <code>{code_at(secret=key.replace(' ', ''), now=NOW)}</code>" in answer.content.decode()
        for wrong in ("JBSW Y3D", "018", ""):
            answer = client.post("/demo/codes/", {"key": wrong}, headers={"host": "localhost:8000"})
            assert answer.status_code == 422
            assert "Code now:" not in answer.content.decode()


def test_of_the_shell_s_settings_only_policy_and_secured_way_reach_the_demonstration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = {"EXTRANET_POLICY": "nist_63b4", "EXTRANET_SECURED_MAIL": "pickup"}
    shell = {**kept, "EXTRANET_DATABASE_URL": "postgres://real", "HOME": "/root"}
    monkeypatch.setattr("os.environ", shell)
    made = environment(Path("/demo"), 8000)
    assert kept.items() <= made.items()
    assert "EXTRANET_DATABASE_URL" not in {**shell, **made}
