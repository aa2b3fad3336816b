"""User names as people type them (J14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from extranet.credentials.username import UsernameRefused, agent_username, parse, shown, staff_username
from extranet.profile.loader import current

PROFILE = current()
EXAMPLE, CANONICAL, DOMAIN = PROFILE.license_example, PROFILE.username_example, PROFILE.account_domain
licenses = st.from_regex(PROFILE.license_pattern, fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize(
    "typed",
    [
        CANONICAL,
        CANONICAL.lower(),
        EXAMPLE,
        EXAMPLE.lower(),
        f"{DOMAIN}\\{CANONICAL}",
        f"{DOMAIN}/{CANONICAL}",
        f"{DOMAIN.upper()}\\{CANONICAL.lower()}",
        f"{DOMAIN}\\{EXAMPLE}",
        f"  {CANONICAL}\t\r\n",
        f"\u00a0{CANONICAL}\u00a0",
    ],
)
def test_every_way_to_type_a_name_is_the_one_account(typed: str) -> None:
    assert parse(typed) == CANONICAL


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "\0" + CANONICAL,
        CANONICAL + "\0",
        CANONICAL + "\u200b",
        CANONICAL.replace("1", "\u0661"),  # Arabic digit one
        CANONICAL.replace("1", "\uff11"),  # full-width one
        CANONICAL.replace("C", "\u0421"),  # Cyrillic es
        CANONICAL[:4] + " " + CANONICAL[4:],
        CANONICAL + "\nX",
        f"other\\{CANONICAL}",
        f"{DOMAIN}\\{DOMAIN}\\{CANONICAL}",
        f"{DOMAIN}\\",
        f"\\{CANONICAL}",
        CANONICAL + CANONICAL,
        CANONICAL + "0",
        PROFILE.username_prefix,
        f"{CANONICAL}' OR 1=1 --",
        "../" + CANONICAL,
        "staff\\",
        "staff\\9ada",
        "staff\\" + "a" * 41,
        f"{DOMAIN}\\staff\\ada",
        CANONICAL + "x" * 100_000,
    ],
)
def test_what_cannot_be_a_name_is_refused(typed: str) -> None:
    with pytest.raises(UsernameRefused):
        parse(typed)


def test_staff_have_a_domain_of_their_own() -> None:
    assert parse("STAFF\\Ada.Lovelace") == parse("staff/ada.lovelace") == staff_username("Ada.Lovelace")
    assert shown(staff_username("ada")) == "staff\\ada"


def test_people_are_shown_the_full_form_and_may_type_it_back() -> None:
    assert shown(CANONICAL) == f"{DOMAIN}\\{CANONICAL}"
    assert parse(shown(CANONICAL)) == CANONICAL


@given(license_number=licenses, upper=st.booleans(), way=st.sampled_from(["{}", "{d}\\{p}{}", "{d}/{p}{}", "{p}{}"]))
def test_any_license_of_the_exchange_makes_a_name_that_finds_it_again(
    license_number: str, upper: bool, way: str
) -> None:
    typed = way.format(license_number, d=DOMAIN, p=PROFILE.username_prefix)
    assert parse(typed.upper() if upper else typed.lower()) == agent_username(license_number)


@given(st.text())
def test_whatever_is_typed_is_canonical_ascii_or_refused(typed: str) -> None:
    try:
        name = parse(typed)
    except UsernameRefused:
        return
    assert name.isascii()
    assert name.isprintable()
    assert " " not in name
    assert len(name) <= 60
    assert parse(name) == name


def test_another_exchange_has_its_own_prefix_and_domain(settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": "tests/profiles/evergreen"})
    other = current()
    assert other.username_prefix != PROFILE.username_prefix
    assert parse(f"{other.account_domain}\\{other.license_example}") == other.username_example
    for foreign in (CANONICAL, shown(CANONICAL).replace(other.account_domain, DOMAIN)):
        with pytest.raises(UsernameRefused):
            parse(foreign)
