"""One at a time: whoever changes the list of agents as a whole waits for the one before."""

from typing import Final

from django.db import connection

ROSTER: Final = 0x526F7374  # any number that no other advisory lock uses


def hold_roster() -> None:
    """Wait until no other import or rename runs, and keep others waiting until the transaction ends.

    SQLite needs nothing: its write transactions take the only lock there is when they begin (settings.py).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROSTER])
