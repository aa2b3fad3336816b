"""A held file goes out only by a second person, by name, who says why; whatever the policy."""

from datetime import datetime

import pytest
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.refusals import PublicationHeld, UsageRefused
from extranet.reports.release import release
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, book_row

ADA, GRACE = Actor("staff", "staff\\ada"), Actor("staff", "staff\\grace")
ROOT, OPS, TIMETABLE = Actor("shell", "os:root"), Actor("shell", "os:ops"), Actor.system("timetable")
ROWS = [book_row(ALICE, 1), book_row(ALICE, 2, res_zip="x")]
REASON = "The exchange confirmed the faulty row by phone."


def held(publish_rows: Publish, *, by: Actor = ADA) -> Publication:
    with pytest.raises(PublicationHeld) as caught:
        publish_rows(ROWS, by=by)
    return Publication.objects.get(id=caught.value.publication_id)


def refused(row: Publication, *, by: Actor, now: datetime, reason: str = REASON) -> str:
    """Why; and that nothing but the trail has changed."""
    with pytest.raises(UsageRefused) as caught:
        release(publication_id=row.id, by=by, now=now, reason=reason)
    assert caught.value.exit_code == 2
    assert Publication.objects.get().state == PublicationState.HELD
    assert not Current.objects.exists()
    assert Event.objects.filter(action=Action.PUBLICATION_RELEASE_REFUSED, actor=by.name).exists()
    return caught.value.lines[0]


@pytest.mark.parametrize(
    ("sent", "by"), [(ADA, GRACE), (ADA, ROOT), (ROOT, ADA), (TIMETABLE, ADA), (TIMETABLE, ROOT)], ids=str
)
def test_a_second_person_overrules_with_a_reason(
    sent: Actor, by: Actor, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = held(publish_rows, by=sent)
    released = release(publication_id=row.id, by=by, now=now, reason=f"  {REASON} ")
    assert (released.state, released.overruled_by, released.overruled_reason) == ("released", by.name, REASON)
    event = Event.objects.get(action=Action.PUBLICATION_RELEASED)
    assert (event.actor, event.detail["overruled"], event.detail["reason"]) == (by.name, row.held_for, REASON)


@pytest.mark.parametrize(
    ("sent", "by", "why"),
    [
        (ADA, ADA, "another person"),
        (ROOT, ROOT, "command line"),
        (ROOT, OPS, "command line"),  # the shell is one person in all, whatever its name
        (ADA, TIMETABLE, "a person must look"),
    ],
    ids=str,
)
def test_who_sent_it_does_not_overrule_and_no_machine_does(
    sent: Actor, by: Actor, why: str, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    assert why in refused(held(publish_rows, by=sent), by=by, now=now)


def test_where_policy_asks_for_two_the_second_is_a_publisher(
    alice: Agent, publish_rows: Publish, now: datetime, settings: Settings
) -> None:
    row = held(publish_rows)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    assert "staff pages" in refused(row, by=ROOT, now=now)
    assert release(publication_id=row.id, by=GRACE, now=now, reason=REASON).overruled_by == GRACE.name


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("", "say why"),
        (" \n ", "say why"),
        ("x" * 301, "301 signs"),
        ("SSN 123-45-6789 is right", "Social Security"),
        ("case 5004300001 is right", "case number"),
    ],
)
def test_a_reason_is_needed_short_and_names_no_consumer(
    reason: str, why: str, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    assert why in refused(held(publish_rows), by=GRACE, now=now, reason=reason)
    assert not Event.objects.filter(detail__icontains="123-45-6789").exists()


def test_what_is_not_held_needs_no_reason_and_keeps_none(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    row = publish_rows(ROWS[:1], release=False).publication
    assert row is not None
    released = release(publication_id=row.id, by=publisher, now=now)
    assert (released.overruled_by, released.overruled_reason) == ("", "")


def test_a_release_names_the_held_files_that_it_replaces(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    row = held(publish_rows)
    publish_rows(ROWS[:1])
    assert Publication.objects.get(id=row.id).state == PublicationState.SUPERSEDED
    assert Event.objects.get(action=Action.PUBLICATION_RELEASED).detail["superseded"] == [str(row.id)]
