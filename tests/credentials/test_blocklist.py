"""The list of refused passwords: long enough for fifteen signs, composed by rule, found however it is written."""

import random
from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.credentials.blocklist import canonical
from extranet.credentials.choose_password import faults, listed
from extranet.credentials.models import Account
from extranet.policy import POLICIES
from extranet.profile.loader import current
from extranet.web.password_words import words
from tests.credentials.people import new_account, new_staff

pytestmark = pytest.mark.django_db
LONG = 15
UNDER_ALL = pytest.mark.parametrize("policy", POLICIES)


def some(count: int) -> list[str]:
    long = sorted(entry for entry in listed() if len(entry) >= LONG)
    return random.Random(4).sample(long, count)  # the same ones each time


def test_it_has_three_thousand_entries_of_fifteen_signs_and_more() -> None:
    assert sum(len(entry) >= LONG for entry in listed()) >= 3_000
    assert all(entry == canonical(entry) for entry in some(2_000))


def test_the_exchange_s_own_words_and_the_form_of_its_licenses_are_on_it() -> None:
    profile = current()
    own = canonical(profile.exchange.name)
    assert {canonical(entry) for entry in (f"{own}2026", f"{own}password", f"welcometo{own}")} <= listed()
    assert canonical(f"{profile.license_example}{profile.exchange.name}") in listed()
    assert canonical(f"{profile.username_example} password") in listed()


@UNDER_ALL
def test_no_entry_may_be_chosen_under_any_policy(
    alice: Account, under_policy: Callable[[str], None], policy: str
) -> None:
    under_policy(policy)
    assert [entry for entry in some(400) if faults(entry, account=alice) != ["listed"]] == []


WAYS: list[Callable[[str], str]] = [
    str.upper,
    str.title,
    lambda entry: entry.replace("a", "@").replace("o", "0").replace("s", "$"),
    lambda entry: entry.replace("e", "3").replace("i", "1").replace("t", "7").upper(),
    lambda entry: "-".join(entry[at : at + 4] for at in range(0, len(entry), 4)),
    lambda entry: " ".join(entry),
    lambda entry: f"{entry}!",
    lambda entry: f"  {entry[:6]}_{entry[6:]}  ",
]


@pytest.mark.parametrize("way", WAYS)
def test_case_signs_for_letters_and_separators_hide_nothing(alice: Account, way: Callable[[str], str]) -> None:
    assert [entry for entry in some(100) if faults(way(entry), account=alice) != ["listed"]] == []


@pytest.mark.parametrize(
    "chosen",
    [
        "Maytheforcebewithyou",
        "1qaz2wsx3edc4rfv",
        "Sunshine-Princess-1",
        "Spring 2027 Spring 2027",
        "The quick brown fox jumps over the lazy dog!",
        "Welcome_October2026",
    ],
)
def test_what_people_take_for_long_passwords_is_on_it(alice: Account, chosen: str) -> None:
    assert faults(chosen, account=alice) == ["listed"]


@pytest.mark.parametrize(
    "chosen", ["violet kettle ambulance", "gravel hammock tuba 9", "marble otter canoe lamp", "Zr4!qTx9#mLwPq"]
)
def test_words_of_one_s_own_are_welcome(alice: Account, chosen: str) -> None:
    assert faults(chosen, account=alice) == []


def test_anybody_s_license_numbers_do_not_make_a_password(alice: Account) -> None:
    assert faults("4000017 4000018 4000019", account=alice) == ["person"]
    assert faults("cc_5H12399-cc_5H12400", account=alice) == ["person"]
    assert faults("marble otter canoe 4000017", account=alice) == []


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("tiny tuba", "at least 12"),
        ("xyxyxyxyxyxyxyxy", "repeats"),
        ("May the force be with you", "list"),
        ("qwertyuiop 2031 puppy", "rows of keys"),
        ("Thornquist Vale 77", "agency"),
        ("4000001-4000001-77", "license number"),
        ("CC_4000001 Example", "user name"),
    ],
)
def test_it_is_said_in_words_why_a_password_is_refused(now: datetime, chosen: str, said: str) -> None:
    account = new_account(now=now, agency_name="Thornquist Vale")
    (code,) = faults(chosen, account=account)
    assert said in words(code, account=account)


@UNDER_ALL
def test_staff_are_held_to_the_same_list(now: datetime, under_policy: Callable[[str], None], policy: str) -> None:
    under_policy(policy)
    assert faults("Sunshine Princess 123", account=new_staff(now=now)) == ["listed"]
