"""Names with signs that nobody sees: they come out of word processors, and out of people who try what breaks."""

import pytest

from extranet.agents.roster import RosterRefused
from tests.agents.conftest import CHARLIE, as_csv, read, roster_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana\u00a0Lucía", "Ana Lucía"),  # the blank that does not break
        ("Ana\u2003Lucía", "Ana Lucía"),
        ("Ana\u200bLucía", "AnaLucía"),  # nothing at all, as wide as nothing
        ("\u202eAna Lucía", "Ana Lucía"),  # turns the rest of a line round
        ("\ufeffAna", "Ana"),
    ],
)
def test_blanks_are_blanks_and_invisible_signs_are_gone(typed: str, kept: str) -> None:
    assert roster_of({**CHARLIE, "first_name": typed}).rows[0].first_name == kept


@pytest.mark.parametrize("sign", ["\u0085", "\u2028", "\x1b", "\ue000", "\U000e0fff"])
def test_signs_that_no_mail_could_carry_refuse_the_roster(sign: str) -> None:
    with pytest.raises(RosterRefused, match="control sign"):
        read(as_csv([{**CHARLIE, "first_name": f"Char{sign}lie"}]))
