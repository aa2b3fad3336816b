"""Not too many mails a minute into one domain: receivers take a herd on Monday for spam, and put off all of it.

The outbox itself is the counter, so that all senders share one pace and none is kept anywhere else.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count

from extranet.mail.models import OutboxMail

MINUTE = timedelta(minutes=1)
LOCK = 0x6D61696C  # a number of our own among the advisory locks


class Pace:
    """At most so many mails a minute into each domain; 0 is as many as there are."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute

    def spent(self, now: datetime) -> list[str]:
        """Domains that had their share."""
        return [domain for domain, number in self._lately(now).items() if number >= self._a_minute]

    def within(self, rows: list[OutboxMail], now: datetime) -> list[OutboxMail]:
        """Those of the rows, in their order, that the shares leave room for."""
        if not self._a_minute:
            return rows
        taken, kept = self._lately(now, {row.domain for row in rows}), []
        for row in rows:
            if taken[row.domain] < self._a_minute:
                taken[row.domain] += 1
                kept.append(row)
        return kept

    def one_at_a_time(self) -> None:
        """Inside the transaction of a claim: senders that look at the counter at once would each take the same share.

        SQLite has one writer in any case.
        """
        if self._a_minute and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])

    def _lately(self, now: datetime, domains: set[str] | None = None) -> Counter[str]:
        """What was tried within the last minute, whatever became of it, by domain."""
        if not self._a_minute:
            return Counter()
        rows = OutboxMail.objects.filter(tried_at__gt=now - MINUTE)
        rows = rows if domains is None else rows.filter(domain__in=domains)
        return Counter(dict(rows.values_list("domain").annotate(number=Count("id")).order_by()))
