"""The page of ASVS requirements is complete and says no more than it can show; the threat model names its proofs."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "asvs.md"
THREATS = ROOT / "docs" / "explanation" / "threat-model.md"
ASKED = dict(
    line.split()
    for line in (Path(__file__).parent / "asvs_5_0.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
ID = re.compile(r"\bV\d{1,2}\.\d{1,2}\.\d{1,2}\b")
STATES = ("met", "partly", "gap", "does not apply")
TEST = re.compile(r"tests/[\w/]+\.py::[\w.]+")
ATTACKERS = (
    *("A stranger who knows all user names", "Who reads an agent's mailbox", "A mail scanner", "A malicious agent"),
    *("A former agent", "An agency manager", "Agency staff", "A person at the desk", "A publisher"),
    *("An administrator", "An operator with a shell", "Who has a stolen backup", "Who has a stolen pack store"),
    *("Who has a stolen database", "Who makes a malicious file", "Who supplies our libraries", "A node of the cluster"),
)


@dataclass(frozen=True)
class Row:
    """One requirement as the page has it."""

    id: str
    level: str
    words: str
    state: str
    files: str
    tests: str

    @property
    def verdict(self) -> str:
        return self.state.split(":")[0]


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| V\d", line)]
    return [Row(*(cell.strip() for cell in line.strip("|").split(" | "))) for line in lines]


ROWS = rows()


def test_every_requirement_stands_there_once_with_its_level() -> None:
    assert Counter(row.id for row in ROWS) == Counter(ASKED.keys())
    assert [row.id for row in ROWS if row.level != ASKED[row.id]] == []


def test_no_other_number_is_a_row() -> None:
    assert {row.id for row in ROWS} - set(ASKED) == set()
    assert all(ID.fullmatch(row.id) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_says_what_it_can_show(row: Row) -> None:
    """What is met names a file and a test, or the page that documents it; all else says what is missing."""
    assert row.verdict in STATES
    assert row.words
    if row.verdict == "met":
        assert re.search(r"`(extranet|docs|requirements|bench)/|`SECURITY", row.files)
        assert TEST.search(row.tests)
    else:
        assert len(row.state) > len(row.verdict) + 2, "why not"


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    counts = Counter((row.verdict, row.level) for row in ROWS)
    text = PAGE.read_text(encoding="utf-8")
    for state in STATES:
        line = (
            f"| {state} | {counts[state, 'L1']} | {counts[state, 'L2']} | {counts[state, 'L1'] + counts[state, 'L2']} |"
        )
        assert line in text


def sections() -> dict[str, str]:
    found = re.split(r"^### (.+)$", THREATS.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(found[1::2], found[2::2], strict=True))


@pytest.mark.parametrize("who", ATTACKERS)
def test_every_attacker_has_a_section_with_what_stops_them_which_test_shows_it_and_what_is_left(who: str) -> None:
    text = sections()[who]
    assert "**Wants.**" in text
    assert "**What is left.**" in text
    assert re.search(r"`extranet/|`requirements/", text)
    assert TEST.search(text)
