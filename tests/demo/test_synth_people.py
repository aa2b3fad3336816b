import re
import tomllib

import pytest

from extranet.demo.synth.people import plain
from tests.demo.synth_exchange import PROFILE, Weeks

NAMES = tomllib.loads((PROFILE / "synthetic" / "names.toml").read_text(encoding="utf-8"))


def test_every_mail_address_is_under_a_domain_kept_for_examples(exchange: Weeks) -> None:
    addresses = {row["email"] for row in (*exchange.books[-1], *exchange.roster) if row["email"]}
    assert addresses
    for address in addresses:
        assert re.fullmatch(r"[a-z.0-9]+@example\.(org|com|net)", address)


def test_every_telephone_number_is_one_kept_for_fiction(exchange: Weeks) -> None:
    numbers = {row["home_phone"] for row in exchange.books[-1]} | {row["phone"] for row in exchange.roster}
    assert all(re.fullmatch(r"[2-9][0-9]{2}55501[0-9]{2}", number) for number in numbers)


def test_streets_are_those_of_the_invented_list(exchange: Weeks) -> None:
    streets = {row["res_address_1"].partition(" ")[2] for row in exchange.books[-1]}
    assert streets <= set(NAMES["streets"])


def test_names_are_put_together_from_the_lists_of_the_households_language(exchange: Weeks) -> None:
    for row in exchange.books[-1]:
        names = NAMES.get(row["language_spoken"])
        if not names or row["language_spoken"] == "English":
            continue
        assert row["first_name"] in names[row["gender"].lower()]
        families = names["family"]
        doubles = (f"{one}-{two}" for one in families for two in families)
        assert row["last_name"] in families or row["last_name"] in doubles


def test_there_are_accents_hyphens_and_apostrophes(exchange: Weeks) -> None:
    names = " ".join(f"{row['first_name']} {row['last_name']}" for row in exchange.books[-1])
    assert {"O'Neil", "Nuñez"} <= set(re.split(r"[ -]", names))
    assert re.search(r"\w-\w", names)
    assert not names.isascii()


def test_every_language_of_the_margins_has_names(exchange: Weeks) -> None:
    spoken = next(c for c in exchange.profile.reports["book-of-business"].layout.columns if c.key == "language_spoken")
    assert set(spoken.allowed) == {name for name, value in NAMES.items() if isinstance(value, dict)}


@pytest.mark.parametrize(
    ("name", "letters"),
    [("O'Neil", "oneil"), ("Nuñez-Ortega", "nunezortega"), ("Đặng", "dang"), ("de la Cruz", "delacruz"), ("Lü", "lu")],
)
def test_a_name_in_an_address_has_plain_letters(name: str, letters: str) -> None:
    assert plain(name) == letters
