"""Not too many mails a minute into one domain: receivers take a herd on Monday for spam, and put off all of it.

The outbox itself is the counter, so that all senders share one pace and none is kept anywhere else.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Count

from extranet.mail.models import MailState, OutboxMail

MINUTE = timedelta(minutes=1)


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

    def _lately(self, now: datetime, domains: set[str] | None = None) -> Counter[str]:
        """What the last minute took, and what is on its way, by domain."""
        if not self._a_minute:
            return Counter()
        rows = OutboxMail.objects.all() if domains is None else OutboxMail.objects.filter(domain__in=domains)
        arrived = rows.filter(state=MailState.ACCEPTED, accepted_at__gt=now - MINUTE)
        leaving = rows.filter(state=MailState.SENDING, lease_until__gt=now)
        counts: Counter[str] = Counter()
        for found in (arrived, leaving):
            counts.update(dict(found.values_list("domain").annotate(number=Count("id")).order_by()))
        return counts
