"""What a change means is declared beside the columns: whole in both profiles, and refused where it could never be."""

import dataclasses
import re
from pathlib import Path
from string import Formatter

import pytest

from extranet.profile.exchange import Profile
from extranet.profile.loader import load
from extranet.profile.meanings import PLACES, SETTINGS, WHENS, Meaning
from extranet.profile.reading import ProfileRefused
from tests.profile.conftest import Change

BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")
FILE = "reports/book-of-business.toml"
PREMIUM = 'columns = ["net_premium", "member_premium"]'
FAULTS = [
    ('name = "ended"', 'name = "Ended!"', "meanings[2].name", "small letters"),
    ('name = "ended"', 'name = "changed"', "meanings[2].name", "taken"),
    ('name = "ended"', 'name = "newly_conditional"', "meanings", "stands twice"),
    ('title = "Coverage ended"', "", "meanings[2].title", "is missing"),
    ('title = "Coverage ended"', 'titel = "Coverage ended"', "meanings[2].titel", "unknown key"),
    (PREMIUM, 'columns = ["premium"]', "meanings[3].columns", "no column"),
    (PREMIUM, 'columns = ["last_updated"]', "meanings[3].columns", "no change is ever reported"),
    (PREMIUM, 'columns = ["extract_date"]', "meanings[3].columns", "no change is ever reported"),
    (PREMIUM, 'columns = ["agent_license"]', "meanings[3].columns", "no change is ever reported"),
    (PREMIUM, 'columns = ["plan_name"]', "meanings[3].words", "{by} needs"),
    (PREMIUM, 'when = "case_gone"', "meanings[3].words", "only where columns"),
    (PREMIUM, "", "meanings[3].columns", 'for when = "changed"'),
    (PREMIUM, f'when = "sometimes"\n{PREMIUM}', "meanings[3].when", "write one of"),
    ("Premium changed by {by}", "Premium changed by {much}", "meanings[3].words", "{much} is unknown"),
    ("Premium changed by {by}", "Premium changed by {by.real}", "meanings[3].words", "unknown"),
    ("Premium changed by {by}", "Premium changed by {by:>9}", "meanings[3].words", "as they are"),
    ("Premium changed by {by}", "Premium changed by {by", "meanings[3].words", "cannot be filled"),
]


@pytest.mark.parametrize(("old", "new", "key", "remedy"), FAULTS)
def test_a_meaning_that_could_never_be_is_refused(spoiled: Change, old: str, new: str, key: str, remedy: str) -> None:
    with pytest.raises(ProfileRefused) as caught:
        load(str(spoiled(FILE, old, new)))
    assert caught.value.key == key
    assert remedy in caught.value.remedy


def test_both_exchanges_declare_their_own(shipped: Profile, evergreen: Profile) -> None:
    for profile in (shipped, evergreen):
        for kind in profile.reports.values():
            assert kind.meanings
    assert {one.name for one in evergreen.reports[BOOK].meanings} == {"newly_conditional", "ended", "premium_changed"}


def test_the_shipped_book_says_all_that_agents_ask_for(shipped: Profile) -> None:
    names = {one.name for one in shipped.reports[BOOK].meanings}
    assert names >= {"newly_conditional", "conditional_resolved", "terminated", "cancelled", "in_grace", "out_of_grace"}
    assert names >= {"enrolled", "reinstated", "plan_changed", "premium_changed", "subsidy_changed", "moved"}
    assert names >= {"contact_changed", "renewal_changed", "delegation_changed", "delegation_ended", "new_case"}
    assert {one.name for one in shipped.reports[CONDITIONAL].meanings} >= {
        "documents_needed",
        "due_date_changed",
        "status_changed",
        "resolved",
    }


def test_values_that_a_meaning_waits_for_are_values_of_its_columns(profile: Profile) -> None:
    """A typing error in a value would make a meaning that never comes."""
    for kind in profile.reports.values():
        for meaning in kind.meanings:
            assert lost_values(meaning, profile, kind.slug) == []


def lost_values(meaning: Meaning, profile: Profile, slug: str) -> list[str]:
    columns = [profile.reports[slug].layout.by_key[key] for key in meaning.columns]
    allowed = {value for column in columns for value in column.allowed} | {"", "Y", "N"}
    numbers = any(column.type == "int" for column in columns)
    return [one for one in (*meaning.before, *meaning.after) if one not in allowed and not (numbers and one.isdigit())]


def test_every_setting_and_every_time_of_a_meaning_is_documented() -> None:
    part = PAGE.split("## Meanings")[1]
    assert {field.name for field in dataclasses.fields(Meaning)} == set(SETTINGS)
    assert [name for name in (*SETTINGS, *WHENS) if f"`{name}`" not in part] == []
    assert {name for _, name, _, _ in Formatter().parse("".join(re.findall(r"\{\w+\}", part))) if name} == PLACES
