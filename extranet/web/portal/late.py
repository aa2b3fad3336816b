"""Whether a weekly report is late, by the exchange's calendar (J2)."""

from datetime import date, datetime, timedelta

from extranet.policy import at_local, expected_publication_day
from extranet.profile.in_force import policy, zone
from extranet.profile.loader import current


def missing_monday(newest: date | None, now: datetime) -> date | None:
    """The newest Monday whose report should be out by now and is not; None where nothing was ever published.

    The calendar of the profile moves the day on which a Monday's report is expected (a holiday).
    """
    monday = expected_publication_day(now, zone())
    if now < at_local(current().expected_on(monday), policy().publication_late_hour, zone()):
        monday -= timedelta(days=7)
    return monday if newest is not None and newest < monday else None
