"""The database is lost, packs and keys are there: the index comes back, and with it everybody's own rows only."""

from datetime import date, datetime

import pytest

from extranet.agents.models import Agent, CertificationStatus, FormerLicense
from extranet.agents.rename import rename
from extranet.audit.record import Actor
from extranet.keyring.models import AgentKey, SystemKey
from extranet.reports.amend import amend, amendment_name
from extranet.reports.manifest import read_signed, store, write_signed
from extranet.reports.models import Current, Frame, Publication, PublicationState
from extranet.reports.owner import waiting_owner
from extranet.reports.rebuild import rebuild_index
from extranet.reports.refusals import Conflict
from extranet.reports.release import release
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import ALICE, BOB, DORA, LAST_MONDAY, MONDAY, book_row

ROWS = [book_row(ALICE, 1), book_row(BOB, 2), book_row(ALICE, 3), book_row(DORA, 4)]
SHELL = Actor.shell()


def index() -> list[dict[str, object]]:
    rows = Frame.objects.order_by("publication_id", "owner", "frame").values()
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def lose_the_database() -> None:
    Current.objects.all().delete()
    Publication.objects.all().delete()
    FormerLicense.objects.all().delete()
    Agent.objects.all().delete()


def test_the_index_comes_back_as_it_was_and_opens_the_same_books(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    for week in (LAST_MONDAY, MONDAY):
        _publish(publish_rows, week)
    dora = make_agent(DORA, "Dora")
    assert amend(by=SHELL, now=now) == 2
    before, rows = index(), list(Publication.objects.order_by("as_of").values("id", "manifest", "rows_in", "cases"))
    books = {agent.id: open_for(agent).rows for agent in (alice, bob, dora)}
    lose_the_database()
    done = rebuild_index(by=SHELL, now=now)
    assert (done.publications, done.agents, done.faults) == (2, 3, [])
    assert index() == before
    assert list(Publication.objects.order_by("as_of").values("id", "manifest", "rows_in", "cases")) == rows
    assert {agent.license for agent in Agent.objects.all()} == {ALICE, BOB, DORA}
    assert not Agent.objects.filter(status=CertificationStatus.CERTIFIED).exists()
    for row in Publication.objects.filter(state=PublicationState.SEALED).order_by("as_of"):
        release(publication_id=row.id, by=SHELL, now=now)
    assert {agent.id: open_for(agent).rows for agent in Agent.objects.all()} == books


def _publish(publish_rows: Publish, week: date) -> None:
    rows = [{**row, "extract_date": week.isoformat()} for row in ROWS]
    assert publish_rows(rows, as_of=week).status == "released"


def test_a_second_time_there_is_nothing_to_do(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    _publish(publish_rows, MONDAY)
    before = index()
    assert rebuild_index(by=SHELL, now=now).publications == 0
    assert index() == before


def test_a_pack_without_its_own_manifest_is_left_out_by_name(
    alice: Agent, bob: Agent, publish_rows: Publish, now: datetime
) -> None:
    for week in (LAST_MONDAY, MONDAY):
        _publish(publish_rows, week)
    spoiled, sound = Publication.objects.order_by("as_of").values_list("pack", flat=True)
    lose_the_database()
    manifest = f"{spoiled}.manifest.json"
    with store().open(manifest) as reader:
        text = reader.read(0, reader.size())
    store().delete(manifest)
    with store().writer(manifest) as target:
        target.write(text.replace(b'"delivered": 3', b'"delivered": 9'))
    done = rebuild_index(by=SHELL, now=now)
    assert done.faults == [f"{spoiled}: {manifest} is not signed by this exchange"]
    assert Publication.objects.get().pack == sound


def test_without_the_table_of_keys_nothing_is_made_and_it_says_what_is_lacking(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    _publish(publish_rows, MONDAY)
    lose_the_database()
    AgentKey.objects.all().delete()
    SystemKey.objects.all().delete()
    with pytest.raises(Conflict, match="put the table of keys back first"):
        rebuild_index(by=SHELL, now=now)
    assert not Publication.objects.exists()


def test_after_a_roster_gave_the_licenses_to_others_it_refuses(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    _publish(publish_rows, MONDAY)
    lose_the_database()
    make_agent(ALICE, "Alice")
    with pytest.raises(Conflict, match="before the roster"):
        rebuild_index(by=SHELL, now=now)
    assert not Publication.objects.exists()


def test_a_manifest_of_another_pack_makes_no_week(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    for week in (LAST_MONDAY, MONDAY):
        _publish(publish_rows, week)
    older, newer = Publication.objects.order_by("as_of").values_list("pack", flat=True)
    lose_the_database()
    with store().open(f"{older}.manifest.json") as reader:
        signed = reader.read(0, reader.size())
    store().delete(f"{newer}.manifest.json")
    with store().writer(f"{newer}.manifest.json") as target:
        target.write(signed)
    done = rebuild_index(by=SHELL, now=now)
    assert done.faults == [f"{newer}: the manifest is of another pack"]
    assert Publication.objects.get().pack == older


def test_an_agent_comes_back_under_the_license_of_today(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    _publish(publish_rows, LAST_MONDAY)
    rename(old=ALICE, new="4444444", by=SHELL, now=now)
    _publish(publish_rows, MONDAY)
    lose_the_database()
    rebuild_index(by=SHELL, now=now)
    assert Agent.objects.get(id=alice.id).license == "4444444"


def test_who_sent_a_file_is_not_its_second_person_afterwards(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    _publish(publish_rows, MONDAY)
    lose_the_database()
    rebuild_index(by=SHELL, now=now)
    assert Publication.objects.get().received_by == publisher.name


def test_an_amendment_of_other_rows_hands_nothing_over(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    for week in (LAST_MONDAY, MONDAY):
        _publish(publish_rows, week)
    make_agent(DORA, "Dora")
    amend(by=SHELL, now=now)
    older, newer = Publication.objects.order_by("as_of").values_list("pack", flat=True)
    waiting = waiting_owner(DORA)
    lose_the_database()
    signed, _ = read_signed(amendment_name(older, waiting))
    write_signed(amendment_name(newer, waiting), signed)  # ours and whole, and of another week
    done = rebuild_index(by=SHELL, now=now)
    assert done.faults == [f"{newer}: the amendment of {waiting} is of other rows"]
    assert Publication.objects.get().pack == older
