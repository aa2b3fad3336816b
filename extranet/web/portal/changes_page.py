"""What the page of changes shows: counts, the meanings that matter most first, and case by case what was and is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from extranet.agents.models import Agent
from extranet.reports.changes.record import CaseChange, Changes, Field, RowChange, State, Told
from extranet.reports.changes.words import sentence
from extranet.reports.shelf import Week
from extranet.web.portal.cells import said_as
from extranet.web.portal.changes_asked import ChangesAsked
from extranet.web.portal.pages import page_links

PAGE_SIZE = 50  # cases
STATE_WORDS: dict[State, str] = {"added": "New", "gone": "Gone", "changed": "Changed"}
BLANK = "blank"


@dataclass(frozen=True)
class Compared:
    """Changes that passed the gate, whose they are, and which weeks there are. ``changes`` is None where no two weeks
    can be compared."""

    asked: ChangesAsked
    owner: Agent
    is_own: bool
    weeks: list[Week]
    changes: Changes | None

    @property
    def book_title(self) -> str:
        title = self.asked.asked.kind.title
        return title if self.is_own else f"{title} of {self.owner.full_name}"


def context_of(compared: Compared) -> dict[str, object]:
    """Everything that templates/portal/changes.html asks for."""
    asked, title = compared.asked, f"What changed in {compared.book_title}"
    book = asked.asked.address(week="")
    frame: dict[str, object] = {
        "title": title,
        "breadcrumbs": [("Home", reverse("home")), (compared.book_title, book), ("What changed", "")],
        "compared": compared,
        "book": asked.asked.address(),
        "newest_book": book,
        "hidden": asked.hidden("week"),
    }
    return frame if compared.changes is None else {**frame, **_list(asked, compared.changes)}


def _list(asked: ChangesAsked, changes: Changes) -> dict[str, object]:
    chosen = [case for case in _by_weight(changes.cases) if not asked.only or asked.only in _names(case)]
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    number = min(max(1, asked.page), pages)
    shown = chosen[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return {
        "changes": changes,
        "states": _states(asked, changes),
        "meanings": _meanings(asked, changes),
        "total": len(chosen),
        "is_narrowed": bool(asked.only),
        "show_all": asked.address(only=""),
        "cases": [_case(case) for case in shown],
        **page_links(number, pages, lambda page: asked.address(page=page)),
    }


def _by_weight(cases: Iterable[CaseChange]) -> list[CaseChange]:
    """What is important first, then by the order of the declared meanings; otherwise as in the report."""

    def weight(case: CaseChange) -> tuple[bool, int]:
        return min(((not told.important, told.rank) for told in case.all_told()), default=(True, 0))

    return sorted(cases, key=weight)


def _names(case: CaseChange) -> set[str]:
    return {case.state, *(told.name for told in case.all_told())}


def _states(asked: ChangesAsked, changes: Changes) -> list[dict[str, object]]:
    counts = Counter(case.state for case in changes.cases)
    return [_count(asked, state, words, counts[state]) for state, words in STATE_WORDS.items()]


def _meanings(asked: ChangesAsked, changes: Changes) -> list[dict[str, object]]:
    """How many cases have each meaning, those that matter most first."""
    counts: Counter[str] = Counter()
    known: dict[str, Told] = {}
    for case in changes.cases:
        told = {one.name: one for one in case.all_told()}
        counts.update(told.keys())
        known.update(told)
    order = sorted(known.values(), key=lambda one: (not one.important, one.rank, one.title))
    return [{**_count(asked, one.name, one.title, counts[one.name]), "important": one.important} for one in order]


def _count(asked: ChangesAsked, name: str, words: str, count: int) -> dict[str, object]:
    return {"words": words, "count": count, "url": asked.address(only=name), "chosen": asked.only == name}


def _case(case: CaseChange) -> dict[str, object]:
    return {
        "number": case.case,
        "state": STATE_WORDS[case.state],
        "sentences": _sentences(case.told),
        "rows": [_row(row) for row in case.rows],
    }


def _row(row: RowChange) -> dict[str, object]:
    return {
        "who": ", ".join(filter(None, row.who)),
        "sentences": _sentences(row.told),
        "fields": [_field(row, one) for one in row.fields],
    }


def _sentences(told: Iterable[Told]) -> list[tuple[str, bool]]:
    return [(sentence(one, said_as), one.important) for one in told]


def _field(row: RowChange, one: Field) -> dict[str, object]:
    """Of a row that came there is only what is, of one that went only what was."""
    before, after = (said_as(one.type, text) if text else BLANK for text in (one.before, one.after))
    if row.state == "changed":
        return {"label": one.header, "before": before, "after": after}
    return {"label": one.header, "only": after if row.state == "added" else before}
