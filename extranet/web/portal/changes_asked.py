"""What the address of a page of changes asks for. Nothing personal stands in it: weeks, whose, which kind of change."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.http import Http404, QueryDict

from extranet.web.portal.asked import Asked, read_asked

CARRIED = ("week", "agent")


@dataclass(frozen=True)
class ChangesAsked:
    """Two weeks of one book. ``only``: the name of a meaning or state to which the list is narrowed; blank for all."""

    asked: Asked
    against: date | None
    only: str
    page: int

    def is_among(self, days: Collection[date]) -> bool:
        """Whether each week that is named is one of these."""
        return all(day in days for day in (self.asked.week, self.against) if day)

    def address(self, **changes: str) -> str:
        """This page's address with some parts changed; blank takes a part away. The page starts again at 1."""
        own = {"against": self.against.isoformat() if self.against else "", "only": self.only}
        return self.asked.address("changes", **{**own, **changes})

    def hidden(self, *but: str) -> list[tuple[str, str]]:
        """What the form of weeks must carry along."""
        return [pair for pair in (*self.asked.hidden(*but), ("only", self.only)) if pair[1]]


def read_changes_asked(slug: str, given: QueryDict) -> ChangesAsked:
    """Raises Http404 for a kind or week that cannot be. Two weeks may be named in any order: the newer one counts as
    the week."""
    plain = QueryDict(mutable=True)
    for key in (*CARRIED, "page"):
        if key in given:
            plain[key] = given.get(key, "")
    week, against = _day(plain.get("week", "")), _day(given.get("against", ""))
    if week and against and against > week:
        week, against = against, week
        plain["week"] = week.isoformat()
    asked = read_asked(slug, plain, session_id="")
    return ChangesAsked(asked, None if against == week else against, _name(given.get("only", "")), asked.query.page)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Http404 from None


def _name(text: str) -> str:
    """Names that cannot be narrow nothing."""
    return text if re.fullmatch(r"[a-z][a-z0-9_]{0,60}", text) else ""
