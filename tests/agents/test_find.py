"""Staff find an agent by what the caller says."""

from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.agents.find import by_license, search
from extranet.agents.masking import masked
from extranet.agents.rename import rename
from extranet.agents.roster import TakenIn
from tests.agents.conftest import EVERYBODY, OPERATOR

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _everybody(take: Callable[..., TakenIn]) -> None:
    take(*EVERYBODY)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1h12", ["Alice"]),
        ("4012345", ["Charlie"]),
        ("nuñez", ["Alice"]),
        ("bob o", ["Bob"]),
        ("alice@", ["Alice"]),
        ("10000002", ["Bob"]),
        ("916-555-0143", ["Alice"]),
        ("(916)5550143", ["Alice"]),
        ("alice stranger", []),
        ("b", []),
        ("", []),
        ("%%", []),
        ("__", []),
    ],
)
def test_agents_are_found_by_license_name_address_number_or_telephone(text: str, found: list[str]) -> None:
    assert [agent.first_name for agent in search(text)] == found


def test_a_former_license_still_finds_its_agent_once(now: datetime) -> None:
    rename(old="1H12345", new="4199999", by=OPERATOR, now=now)
    assert [agent.license for agent in search("1H12345")] == ["4199999"]


def test_a_license_is_found_in_any_case_and_with_blanks() -> None:
    assert by_license(" 0e12345 ") is not None
    assert by_license("0E1234") is None


@pytest.mark.parametrize(
    ("email", "shown"),
    [("alice@example.org", "a•••@example.org"), ("a@b.org", "a•••@b.org"), ("@b.org", "•••"), ("", "•••")],
)
def test_a_masked_address_tells_neither_name_nor_length(email: str, shown: str) -> None:
    assert masked(email) == shown
