"""Days and moments as pages say them: in words, in the exchange's zone."""

from datetime import date, datetime

from extranet.profile.loader import current


def day(value: date) -> str:
    """``Monday, November 16, 2026``."""
    return f"{value:%A, %B} {value.day}, {value.year}"


def moment(value: datetime) -> str:
    """``November 16, 2026 at 9:00 AM PST``: by the clock of the exchange, whatever the server's zone."""
    local = value.astimezone(current().zone)
    return f"{local:%B} {local.day}, {local.year} at {local:%-I:%M %p} {local:%Z}"


def short_moment(value: datetime) -> str:
    """``Nov 16, 2026, 9:00 AM``: for columns of a table; the zone is the exchange's as everywhere."""
    local = value.astimezone(current().zone)
    return f"{local:%b} {local.day}, {local.year}, {local:%-I:%M %p}"
