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
    """``Nov 16, 2026 9:00 AM``, which breaks between day and time only: for columns of a table."""
    local = value.astimezone(current().zone)
    day_of, time_of = f"{local:%b} {local.day}, {local.year}", f"{local:%-I:%M %p}"
    return " ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in (day_of, time_of))
