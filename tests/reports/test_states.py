"""The states of a publication: every act tried in every state; what is not allowed changes nothing.

The table stands in docs/explanation/publication.md, and a test holds the two together.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.reports import release as release_module
from extranet.reports.models import Publication, PublicationState
from extranet.reports.recall import recall
from extranet.reports.refusals import Conflict, PublicationHeld
from extranet.reports.release import release
from extranet.reports.retention import expire_publications
from extranet.reports.standing import discard_unfinished
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, MONDAY, book_row

GRACE = Actor("staff", "staff\\grace")
ROWS = [book_row(ALICE, 1), book_row(ALICE, 2)]
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "publication.md"
NEVER_STORED = PublicationState.REFUSED  # a refused file leaves no row
STATES = [state for state in PublicationState if state != NEVER_STORED]

MOVES = {
    ("release", "sealed"): "released",
    ("release", "held"): "released",
    ("release", "released"): "released",  # again: nothing happens
    ("recall", "sealed"): "recalled",
    ("recall", "held"): "recalled",
    ("recall", "released"): "recalled",
    ("recall", "recalled"): "recalled",
    ("a better file of the day", "held"): "superseded",
    ("retention", "sealed"): "expired",
    ("retention", "held"): "expired",
    ("retention", "released"): "expired",
    ("retention", "recalled"): "expired",
    ("retention", "superseded"): "expired",
    ("the next run", "received"): "",  # no row is left
    ("the next run", "checked"): "",
}
Act = Callable[[Publication, datetime, Publish], object]


def _release(row: Publication, now: datetime, _publish: Publish) -> object:
    return release(publication_id=row.id, by=GRACE, now=now, reason="It is right.")


def _recall(row: Publication, now: datetime, _publish: Publish) -> object:
    return recall(publication_id=row.id, by=GRACE, now=now)


def _better(row: Publication, _now: datetime, publish: Publish) -> object:
    """Only where the day is free; a living publication of the day is a conflict, of a dead run nothing is left."""
    return publish(ROWS[:1])


def _retention(row: Publication, now: datetime, publish: Publish) -> object:
    """Eight later weeks are released; it is of the ninth."""
    for week in range(1, 9):
        day = MONDAY + timedelta(weeks=week)
        publish([{**each, "extract_date": day.isoformat()} for each in ROWS], as_of=day)
    return expire_publications(now=now)


def _next_run(row: Publication, _now: datetime, _publish: Publish) -> object:
    discard_unfinished([row])
    return None


ACTS: dict[str, Act] = {
    "release": _release,
    "recall": _recall,
    "a better file of the day": _better,
    "retention": _retention,
    "the next run": _next_run,
}


@pytest.mark.parametrize(("act", "state"), list(product(ACTS, STATES)))
def test_an_act_moves_what_it_may_move_and_nothing_else(
    act: str, state: PublicationState, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publish_rows(ROWS, release=False).publication
    assert row is not None
    if state == PublicationState.RELEASED:
        release(publication_id=row.id, by=GRACE, now=now)
    else:
        Publication.objects.filter(id=row.id).update(state=state)
    row.refresh_from_db()
    with suppress(Conflict):  # any other refusal fails here
        ACTS[act](row, now, publish_rows)
    left = Publication.objects.filter(id=row.id).values_list("state", flat=True).first() or ""
    swept = act in ("a better file of the day", "retention") and state in ("received", "checked")
    assert left == ("" if swept else MOVES.get((act, state), state))


def test_a_publication_is_received_then_checked_then_sealed_or_held(alice: Agent, publish_rows: Publish) -> None:
    seen: list[str] = []

    def look(stage: str, _done: int, _total: int) -> None:
        state = Publication.objects.values_list("state", flat=True).get()
        if not seen or seen[-1] != state:
            seen.append(state)

    with pytest.raises(PublicationHeld):
        publish_rows([*ROWS, book_row(ALICE, 3, res_zip="x")], progress=look)
    assert [*seen] == ["received", "checked", "held"][: len(seen)]
    assert Publication.objects.get().state == "held"


def test_what_was_held_a_moment_ago_is_not_released_as_if_it_were_sealed(
    alice: Agent, publish_rows: Publish, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the UPDATE somebody else moves it: the UPDATE finds nothing."""
    row = publish_rows(ROWS, release=False).publication
    assert row is not None

    def meanwhile(*_: object, **__: object) -> str:
        Publication.objects.filter(id=row.id).update(state=PublicationState.RECALLED)
        return ""

    monkeypatch.setattr(release_module, "checked_reason", meanwhile)
    with pytest.raises(Conflict):
        release(publication_id=row.id, by=GRACE, now=now)


def test_the_page_of_publications_has_the_same_moves() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)` \| `?([\w]+|no row)`? \| (.+?) \|", text, re.M)
    told = {(act, before): "" if after == "no row" else after for before, after, act in table}
    repeats = {("release", "released"), ("recall", "recalled")}
    assert {move: after for move, after in told.items() if move[0] in ACTS} == {
        move: after for move, after in MOVES.items() if move not in repeats
    }
    assert {state for _, state in told} | set(told.values()) >= {state.value for state in STATES}
