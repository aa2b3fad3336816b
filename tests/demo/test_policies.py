"""The demonstration is told under every policy: everybody stands in the state that the page says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from pytest_django.fixtures import Settings

from extranet.cli.demo import environment
from extranet.credentials.expiry import expire
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.models import Account
from extranet.demo.build import build
from extranet.demo.seed import Story, make_seed
from extranet.mail.models import OutboxMail
from extranet.policy import POLICIES
from extranet.reports.listing import Publication
from tests.policies import put_in_force

NOW = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
REASONS = {"jobaid": Reason.EXPIRED, "arc_ampe": Reason.EXPIRED, "nist_63b4": Reason.INACTIVE}


@pytest.fixture(params=POLICIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def story(db: None, settings: Settings, data_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Story:
    folder = data_folder / "demo"
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"demo": True, "data_dir": folder, "policy": name})
    put_in_force(monkeypatch, name, second_factor_agents="offered", step_up_minutes=None)
    make_seed(folder)
    with time_machine.travel(NOW, tick=False):
        return build(env=settings.EXTRANET, agents=30, weeks=1, seed=3, port=8000, now=NOW, progress=lambda *_: None)


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


def test_of_the_shell_s_settings_only_the_policy_reaches_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = {"EXTRANET_POLICY": "nist_63b4", "EXTRANET_DATABASE_URL": "postgres://real", "HOME": "/root"}
    monkeypatch.setattr("os.environ", shell)
    made = environment(Path("/demo"), 8000)
    assert made["EXTRANET_POLICY"] == "nist_63b4"
    assert "EXTRANET_DATABASE_URL" not in {**shell, **made}
