"""The list of passwords that may not be chosen (IA-5(1), SP 800-63B-4), composed by rule; no copy of a leaked list.

Leaked lists hold few passwords of fifteen signs. Those that people make of that length are two or three words of a few
themes, a season or a name with a year, a walk over the keyboard, a saying. So the list is made of these: from the words
of ``blocklist.txt``, and from the exchange's own words and forms of license numbers.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import permutations, product
from pathlib import Path

WORDS_FILE, SAYINGS_FILE = (Path(__file__).parent / name for name in ("blocklist.txt", "sayings.txt"))
YEARS = range(1980, 2041)
TAILS = ("", "1", "12", "123", "1234", "12345", "123456")
FEW_TAILS = ("", "1", "123")
BEFORE = ("my", "the", "new", "welcome", "welcometo", "ilove", "password", "letmein", "changeme", "login")
AFTER = ("password", "passcode", "login", "account", "access", "secret", "user", "admin", "portal", "welcome")
SEASONAL = (
    *("spring", "summer", "autumn", "winter", "season", "january", "february", "march", "april", "june", "july"),
    *("august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday"),
    *("friday", "saturday", "sunday", "christmas", "easter", "holiday", "birthday", "weekend"),
)
LOVED = (
    *("password", "welcome", "letmein", "sunshine", "princess", "football", "baseball", "iloveyou", "dragon", "monkey"),
    *("superman", "batman", "starwars", "rainbow", "butterfly", "chocolate", "flower", "summer", "winter", "family"),
    *("freedom", "forever", "happy", "love", "angel", "tiger", "eagle", "mustang", "lakers", "dodgers", "raiders"),
    *("giants", "hollywood", "insurance", "health", "agent"),
    *("broker", "license", "client", "coverage", "medical", "market", "enroll", "exchange", "money", "coffee"),
)
ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
COLUMNS = ("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol", "0p")
_SIGNS = str.maketrans("@4301!$57", "aaeoiisst")


def canonical(password: str) -> str:
    """Small letters and digits only, signs that stand for letters read as those: ``P@ss-w0rd!`` is ``password``."""
    return re.sub(r"[\W_]+", "", password.casefold().rstrip("!?.,*#").translate(_SIGNS))


def composed(own: Iterable[str], licenses: Iterable[str]) -> frozenset[str]:
    """All entries in canonical form. ``own``: words of the exchange; ``licenses``: forms of license numbers."""
    return _common() | frozenset(map(canonical, _of_exchange(sorted(set(own)), sorted(set(licenses)))))


@cache
def words() -> frozenset[str]:
    """The words of ``blocklist.txt``."""
    return frozenset(word for line in _lines(WORDS_FILE) for word in line.split())


@cache
def _common() -> frozenset[str]:
    return frozenset(canonical(entry) for rule in (_pairs, _dated, _walks, _framed, _sayings) for entry in rule())


def _pairs() -> Iterator[str]:
    """Two of the words that people love, with what they put behind."""
    for first, second in product(LOVED, repeat=2):
        for tail in TAILS:
            yield f"{first}{second}{tail}"


def _dated() -> Iterator[str]:
    """A time of the year or a loved word with a year, once or twice, in both orders."""
    for word, year in product((*SEASONAL, *LOVED), YEARS):
        yield from (
            f"{word}{year}",
            f"{year}{word}",
            f"{word}{year}{word}",
            f"{word}{year}{year}",
            f"{word}{word}{year}",
            f"{word}{year}" * 2,
        )
        yield from (f"password{word}{year}", f"{word}{year}password", f"welcome{word}{year}", f"my{word}{year}")


def _walks() -> Iterator[str]:
    """Over the keyboard: rows and columns, to and fro, one behind the other."""
    rows = [*ROWS, *(row[::-1] for row in ROWS)]
    columns = [*COLUMNS, *(column[::-1] for column in COLUMNS)]
    for steps in (*permutations(rows, 2), *((row, row) for row in rows)):
        yield from ("".join(steps), "".join(steps) + "123", "".join(steps) + "1234")
    for start, way in product(range(len(columns)), (1, -1)):
        walk = "".join(columns[(start + way * step) % len(columns)] for step in range(6))
        yield from (walk[:length] for length in range(8, len(walk) + 1))
    for row in rows:
        yield from (row[:length] * times for length in range(3, len(row) + 1) for times in (2, 3, 4, 5))


def _framed() -> Iterator[str]:
    """Every word of the list between the usual first and last words."""
    for word in words():
        yield from (f"{before}{word}{tail}" for before, tail in product(BEFORE, FEW_TAILS))
        yield from (f"{word}{after}{tail}" for after, tail in product(AFTER, FEW_TAILS))
        yield from (word * times for times in (2, 3, 4))


def _sayings() -> Iterator[str]:
    for line in _lines(SAYINGS_FILE):
        yield from (f"{line}{tail}" for tail in TAILS)


def _of_exchange(own: list[str], licenses: list[str]) -> Iterator[str]:
    """The exchange's words among themselves, with the usual ones, with years; license numbers with both."""
    for word in own:
        yield from (f"{word}{year}" for year in YEARS)
        yield from (f"{before}{word}{tail}" for before, tail in product(BEFORE, TAILS))
        yield from (f"{word}{after}{tail}" for after, tail in product((*AFTER, *LOVED), TAILS))
    yield from (f"{first}{second}{tail}" for (first, second), tail in product(permutations(own, 2), TAILS))
    for license_number, word in product(licenses, (*BEFORE, *AFTER, *own, "agent", "license", "broker")):
        yield from (f"{license_number}{word}", f"{word}{license_number}", f"{word}{license_number}{word}")
    for license_number, year in product(licenses, YEARS):
        yield f"{license_number}{year}"


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
