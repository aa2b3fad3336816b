"""Release and recall: everybody sees the new week or nobody does; one act takes it back."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.agents.rename import rename
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.jobs.worker import work_once
from extranet.mail.models import MailState, OutboxMail
from extranet.reports import ready
from extranet.reports.listing import find, publications
from extranet.reports.models import Current, Publication, PublicationState
from extranet.reports.ready import post_ready_mails
from extranet.reports.recall import recall
from extranet.reports.refusals import Conflict, PublicationHeld, UsageRefused
from extranet.reports.release import release
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import ALICE, BOB, BOOK, DORA, LAST_MONDAY, book_row

GRACE = Actor("staff", "staff\\grace")
THIS_WEEK = [book_row(ALICE, 1), book_row(ALICE, 2), book_row(BOB, 3)]
LAST_WEEK = [{**row, "extract_date": "2026-11-09"} for row in THIS_WEEK]


def publication(publish_rows: Publish, **options: object) -> Publication:
    row = publish_rows(THIS_WEEK, **options).publication
    assert row is not None
    return row


def test_nobody_sees_a_sealed_week_before_its_release(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, publisher: Actor, now: datetime
) -> None:
    publish_rows(LAST_WEEK, as_of=LAST_MONDAY)
    sealed = publication(publish_rows, release=False)
    assert open_for(alice).as_of == LAST_MONDAY
    released = release(publication_id=sealed.id, by=publisher, now=now)
    assert (released.state, released.released_by) == (PublicationState.RELEASED, publisher.name)
    assert open_for(alice).as_of == sealed.as_of


def test_released_again_nothing_happens(alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime) -> None:
    row = publication(publish_rows)
    release(publication_id=row.id, by=GRACE, now=now)
    assert Event.objects.filter(action=Action.PUBLICATION_RELEASED).count() == 1


def test_an_older_week_released_late_moves_nobody_back(alice: Agent, publish_rows: Publish, open_for: Open) -> None:
    row = publication(publish_rows)
    publish_rows(LAST_WEEK, as_of=LAST_MONDAY)
    assert Current.objects.get().publication_id == row.id
    assert len(open_for(alice, week=LAST_MONDAY).rows) == 2


@pytest.mark.parametrize(
    ("by", "allowed"), [(Actor("staff", "staff\\ada"), False), (Actor("shell", "os:root"), False), (GRACE, True)]
)
def test_where_policy_asks_for_two_only_another_publisher_releases(
    by: Actor, allowed: bool, alice: Agent, publish_rows: Publish, settings: Settings, now: datetime
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    row = publication(publish_rows, release=False)
    if allowed:
        assert release(publication_id=row.id, by=by, now=now).state == PublicationState.RELEASED
        return
    with pytest.raises(UsageRefused, match="second person"):
        release(publication_id=row.id, by=by, now=now)
    assert not Current.objects.exists()
    assert Event.objects.filter(action=Action.PUBLICATION_RELEASE_REFUSED, actor=by.name).exists()


def test_recall_switches_everybody_back_to_the_week_before(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, publisher: Actor, now: datetime
) -> None:
    publish_rows(LAST_WEEK, as_of=LAST_MONDAY)
    row = publication(publish_rows)
    shown = recall(publication_id=row.id, by=publisher, now=now)
    assert shown is not None
    assert shown.as_of == LAST_MONDAY
    assert {open_for(agent).as_of for agent in (alice, bob)} == {LAST_MONDAY}
    assert recall(publication_id=row.id, by=publisher, now=now) == shown
    assert Event.objects.filter(action=Action.PUBLICATION_RECALLED).count() == 1


def test_recall_of_the_only_week_leaves_nothing_to_see(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    assert recall(publication_id=publication(publish_rows).id, by=GRACE, now=now) is None
    assert not Current.objects.exists()


def test_what_was_recalled_is_never_released_again(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    row = publication(publish_rows)
    recall(publication_id=row.id, by=GRACE, now=now)
    with pytest.raises(Conflict):
        release(publication_id=row.id, by=GRACE, now=now)


def test_a_held_file_cannot_be_released_over_its_correction(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    with pytest.raises(PublicationHeld) as caught:
        publish_rows([*THIS_WEEK, book_row(ALICE, 9, res_zip="x")])
    publication(publish_rows, release=False)
    with pytest.raises(Conflict, match="recall"):
        release(publication_id=caught.value.publication_id, by=GRACE, now=now)


def test_an_unknown_publication_is_wrong_usage(db: None, now: datetime) -> None:
    with pytest.raises(UsageRefused):
        release(publication_id=uuid4(), by=GRACE, now=now)
    with pytest.raises(UsageRefused):
        recall(publication_id=uuid4(), by=GRACE, now=now)


def test_publications_are_found_by_id_by_its_beginning_and_by_day(alice: Agent, publish_rows: Publish) -> None:
    row = publication(publish_rows)
    assert find(str(row.id)) == find(str(row.id)[:8]) == find(f"{BOOK}:2026-11-16") == row
    assert list(publications(kind=BOOK)) == [row]
    for wrong in ("", "abc", f"{BOOK}:2026-11-09", "zzzzzzzz", "staff\\ada"):
        with pytest.raises(UsageRefused):
            find(wrong)


def test_the_worker_tells_each_agent_once_that_the_book_is_ready(
    alice: Agent, bob: Agent, charlie: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publication(publish_rows)
    assert OutboxMail.objects.count() == 0
    assert work_once(now=now) == 1
    assert post_ready_mails(publication_id=row.id, now=now) == 2
    mails = OutboxMail.objects.order_by("to_address")
    assert [mail.to_address for mail in mails] == ["alice@agents.example", "bob@agents.example"]
    assert [mail.key for mail in mails] == [f"book_ready:{row.id}:{agent.id}" for agent in (alice, bob)]
    assert not any(mail.secret for mail in mails)


def test_another_license_is_no_other_mail(
    alice: Agent, bob: Agent, charlie: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publication(publish_rows)
    post_ready_mails(publication_id=row.id, now=now)
    rename(old=alice.license, new="1H19999", by=GRACE, now=now)
    post_ready_mails(publication_id=row.id, now=now)
    assert OutboxMail.objects.count() == 2


def test_no_agent_is_forgotten_between_two_batches_of_mails(
    alice: Agent, bob: Agent, publish_rows: Publish, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "BATCH", 1)
    assert post_ready_mails(publication_id=publication(publish_rows).id, now=now) == 2


def test_who_is_not_onboarded_yet_or_not_certified_any_more_gets_no_mail(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    make_agent(DORA, "Dora")
    row = publish_rows([*THIS_WEEK, book_row(DORA, 4)]).publication
    assert row is not None
    Agent.objects.filter(license=DORA).update(certified_on=now.date())
    Agent.objects.filter(license=ALICE).update(status="suspended")
    assert post_ready_mails(publication_id=row.id, now=now) == 0


def test_recall_takes_back_the_mails_that_have_not_left(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    row = publication(publish_rows)
    work_once(now=now)
    recall(publication_id=row.id, by=GRACE, now=now)
    assert OutboxMail.objects.get().state == MailState.CANCELLED
    assert post_ready_mails(publication_id=row.id, now=now) == 0


def test_release_undone_by_a_failing_transaction_tells_nobody(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publication(publish_rows, release=False)

    @transaction.atomic
    def power_cut() -> None:
        release(publication_id=row.id, by=GRACE, now=now)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        power_cut()
    assert not Current.objects.exists()
    assert work_once(now=now) == 0
