"""A new license number, the same agent."""

from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.agents.find import by_license, by_license_ever
from extranet.agents.models import Agent, FormerLicense
from extranet.agents.naming import copied_names
from extranet.agents.rename import RenameRefused, rename
from extranet.agents.roster import RosterRefused, TakenIn, preview
from extranet.audit.models import Event
from extranet.profile.loader import current
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, OPERATOR, agent, roster_of

pytestmark = pytest.mark.django_db
Take = Callable[..., TakenIn]
NEW = "4199999"


@pytest.fixture(autouse=True)
def _everybody(take: Take) -> None:
    take(*EVERYBODY)


def renamed(old: str, new: str, now: datetime) -> Agent:
    return rename(old=old, new=new, by=OPERATOR, now=now)


def test_the_agent_stays_the_same_and_is_found_under_both_numbers(now: datetime) -> None:
    alice = agent(ALICE)
    assert renamed("1h12345", NEW, now).id == alice.id
    assert by_license(NEW) == alice
    assert by_license("1H12345") is None
    assert by_license_ever("1H12345") == alice
    prefix = current().username_prefix
    assert copied_names(agent({**ALICE, "license": NEW})) == [f"{prefix}{NEW}", f"{prefix}1H12345"]
    event = Event.objects.latest("id")
    assert (event.action, event.detail) == ("agent:license:renamed", {"from": "1H12345", "to": NEW})


def test_the_next_roster_finds_the_agent_by_the_new_number(take: Take, now: datetime) -> None:
    renamed("1H12345", NEW, now)
    assert take({**ALICE, "license": NEW}, BOB, CHARLIE).preview.changes_nothing


def test_a_roster_with_the_old_number_is_refused_with_the_new_one(now: datetime) -> None:
    renamed("1H12345", NEW, now)
    with pytest.raises(RosterRefused, match=f"line 2, License Number: 1H12345 was renamed to {NEW}"):
        preview(roster_of(*EVERYBODY), today=now.date())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("1H99999", NEW, "No agent has the license 1H99999"),
        ("1H12345", "0E12345", "belongs to another agent"),
        ("1H12345", "1h12345", "has the license 1H12345 already"),
        ("1H12345", "nonsense", "is not a license number"),
    ],
)
def test_a_number_that_cannot_be_given_is_refused(old: str, new: str, reason: str, now: datetime) -> None:
    with pytest.raises(RenameRefused, match=reason):
        renamed(old, new, now)
    assert not FormerLicense.objects.exists()


def test_a_former_number_is_never_given_to_somebody_else(now: datetime) -> None:
    renamed("1H12345", NEW, now)
    with pytest.raises(RenameRefused, match="never given away"):
        renamed("0E12345", "1H12345", now)


def test_a_mistaken_rename_can_be_taken_back(now: datetime) -> None:
    renamed("1H12345", NEW, now)
    renamed(NEW, "1H12345", now)
    assert agent(ALICE).full_name == "Alice Nuñez-Ortega"
    assert [*FormerLicense.objects.values_list("license", flat=True)] == [NEW]
