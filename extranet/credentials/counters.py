"""One counter, one row, one statement: count a try unless the row blocks, on SQLite and PostgreSQL alike.

The statements are written out because Django's mapper has no upsert that computes, and because a flood is counted
here; every value is a parameter. Each decides by itself, so that two tries at once on two workers are two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

_COUNT = """
INSERT INTO throttles (scope, key, window_started_at, count, blocked_until) VALUES (%s, %s, %s, 1, {first})
ON CONFLICT (scope, key) DO UPDATE SET
    window_started_at = CASE WHEN throttles.window_started_at <= %s
        THEN excluded.window_started_at ELSE throttles.window_started_at END,
    count = CASE WHEN throttles.window_started_at <= %s THEN 1 ELSE throttles.count + 1 END,
    blocked_until = CASE WHEN throttles.window_started_at <= %s THEN excluded.blocked_until {steps} ELSE NULL END
WHERE throttles.blocked_until IS NULL OR throttles.blocked_until <= %s
RETURNING count
"""
_GIVE_BACK = "UPDATE throttles SET count = count - 1, blocked_until = NULL WHERE scope = %s AND key = %s AND count > 0"
_FORGET, _ROW = "DELETE FROM throttles WHERE ", "(scope = %s AND key = %s)"


@dataclass(frozen=True)
class Budget:
    """So many tries in a window. ``delays``: from that try on, wait so long after it; sorted by try."""

    scope: str
    window: timedelta
    delays: Sequence[tuple[int, timedelta]]


def count(*, budget: Budget, key: str, now: datetime) -> int | None:
    """Count one try; how many of the window it makes, None while the row blocks. Raises DatabaseError.

    A window begins with its first try. The try that fills a step is still counted; the wait follows it.
    """
    present, over = _stored(now), _stored(now - budget.window)
    first = next((wait for tries, wait in reversed(budget.delays) if tries <= 1), None)
    values: list[Any] = [
        budget.scope,
        key,
        present,
        *([] if first is None else [_stored(now + first)]),
        over,
        over,
        over,
    ]
    for tries, wait in reversed(budget.delays):
        values += [tries - 1, _stored(now + wait)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(budget.delays), first is not None), [*values, present])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def blocked_until(*, budget: Budget, key: str) -> datetime | None:
    """Until when the row blocks, or blocked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT blocked_until FROM throttles WHERE scope = %s AND key = %s", [budget.scope, key])
        row = cursor.fetchone()
    found: datetime | None = row[0] if row else None
    return found.replace(tzinfo=UTC) if found is not None else None  # SQLite knows no zone


def give_back(*, scope: str, key: str, even_blocked: bool = True) -> bool:
    """One try less, and the row blocks no more; False if there is none (or, as asked, it blocks)."""
    free = "" if even_blocked else " AND blocked_until IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK + free, [scope, key])
        return bool(cursor.rowcount)


def forget(*, rows: Sequence[tuple[str, str]]) -> int:
    """Delete the rows of these scopes and keys; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET + " OR ".join([_ROW] * len(rows)), [value for row in rows for value in row])
        return int(cursor.rowcount)


def _stored(moment: datetime) -> datetime | str:
    """As the database compares it; the mapper's own way takes longer than the statement does."""
    if connection.features.supports_timezones:
        return moment
    return str(moment.astimezone(UTC).replace(tzinfo=None))


@lru_cache
def _statement(steps: int, blocks_at_once: bool) -> str:
    """The words of the statement; nothing but its number of places depends on the budget."""
    when = "WHEN throttles.count >= %s THEN %s "
    return _COUNT.format(first="%s" if blocks_at_once else "NULL", steps=when * steps)
