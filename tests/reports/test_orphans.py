"""What belongs to nothing is named and removed; what was sealed this very moment, or is a whole week, stays."""

from datetime import datetime

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.reports.manifest import store
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.orphans import orphans, remove_orphans, unfinished
from extranet.reports.standing import discard_unfinished, unfinished_rows
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, book_row

SHELL = Actor.shell()


def put(name: str, data: bytes = b"not whole") -> None:
    with store().writer(name) as target:
        target.write(data)


def test_halves_and_packs_that_nothing_names_are_listed_and_removed(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publish_rows([book_row(ALICE, 1)]).publication
    assert row is not None
    put("book-of-business-2026-11-02-r1-0.pack")
    put("book-of-business-2026-11-02-r1-0.pack.manifest.json")
    put("something-else")
    assert len(orphans()) == 2
    assert len(remove_orphans(by=SHELL, now=now)) == 2
    assert store().names() == sorted([row.pack, f"{row.pack}.manifest.json", "something-else"])
    assert Event.objects.filter(action=Action.STORE_ORPHANS_REMOVED).count() == 1
    assert remove_orphans(by=SHELL, now=now) == []


def test_a_whole_week_that_the_database_does_not_know_stays_for_the_rebuild(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows([book_row(ALICE, 1)])
    Current.objects.all().delete()
    Publication.objects.all().delete()
    before = store().names()
    assert orphans() == before
    assert remove_orphans(by=SHELL, now=now) == []
    assert store().names() == before


def test_a_week_that_was_sealed_after_it_was_looked_at_keeps_its_pack(alice: Agent, publish_rows: Publish) -> None:
    row = publish_rows([book_row(ALICE, 1)], release=False).publication
    assert row is not None
    before = store().names()
    Publication.objects.update(state=PublicationState.CHECKED)
    looked_at = unfinished_rows()
    Publication.objects.update(state=PublicationState.SEALED)  # the other run was faster
    discard_unfinished(looked_at)
    assert Publication.objects.get().state == PublicationState.SEALED
    assert store().names() == before


def test_a_removal_that_was_killed_is_finished_by_the_next_run(alice: Agent, publish_rows: Publish) -> None:
    publish_rows([book_row(ALICE, 1)], release=False)
    Publication.objects.update(state=PublicationState.REFUSED)  # taken from the run, and then the kill
    assert len(unfinished()) == 1
    assert publish_rows([book_row(ALICE, 2)]).status == "released"
    assert Publication.objects.count() == 1
    assert unfinished() == []
