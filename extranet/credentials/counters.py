"""One counter, one row, one statement: count a try unless the row blocks, on SQLite and PostgreSQL alike.

The statement is written out because Django's mapper has no upsert that computes; every value is a parameter. It decides
by itself, so that two tries at once on two workers are two, whatever the isolation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from extranet.credentials.models import Throttle

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
    at = connection.ops.adapt_datetimefield_value
    over = at(now - budget.window)
    first = next((wait for tries, wait in reversed(budget.delays) if tries <= 1), None)
    values: list[Any] = [budget.scope, key, at(now), *([] if first is None else [at(now + first)]), over, over, over]
    for tries, wait in reversed(budget.delays):
        values += [tries - 1, at(now + wait)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(budget.delays), first is not None), [*values, at(now)])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def blocked_until(*, budget: Budget, key: str) -> datetime | None:
    """Until when the row blocks, or blocked."""
    return Throttle.objects.filter(scope=budget.scope, key=key).values_list("blocked_until", flat=True).first()


@lru_cache
def _statement(steps: int, blocks_at_once: bool) -> str:
    """The words of the statement; nothing but its number of places depends on the budget."""
    when = "WHEN throttles.count >= %s THEN %s "
    return _COUNT.format(first="%s" if blocks_at_once else "NULL", steps=when * steps)
