"""When a week's report counts as late: by the clock of the exchange and its calendar (J2)."""

from datetime import date, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.profile.loader import current
from extranet.web.portal.late import missing_monday

LAST, THIS = date(2026, 11, 9), date(2026, 11, 16)
EVERGREEN = str(Path(__file__).parents[2] / "profiles" / "evergreen")


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=current().zone)


@pytest.mark.parametrize(
    ("newest", "moment", "missing"),
    [
        (LAST, "2026-11-16 11:59", None),
        (LAST, "2026-11-16 12:00", THIS),
        (LAST, "2026-11-22 23:59", THIS),
        (THIS, "2026-11-16 12:00", None),
        (THIS, "2026-11-23 11:59", None),
        (date(2026, 11, 2), "2026-11-16 11:59", LAST),
        (None, "2026-11-16 12:00", None),
    ],
)
def test_a_report_is_late_from_monday_noon(newest: date | None, moment: str, missing: date | None) -> None:
    assert missing_monday(newest, at(moment)) == missing


def test_a_holiday_of_the_calendar_moves_the_day(settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": EVERGREEN})
    before, rest = date(2026, 12, 21), date(2026, 12, 28)  # expected on Tuesday the 29th
    assert missing_monday(before, at("2026-12-28 18:00")) is None
    assert missing_monday(before, at("2026-12-29 11:59")) is None
    assert missing_monday(before, at("2026-12-29 12:00")) == rest
