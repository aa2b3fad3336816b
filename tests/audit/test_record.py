from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from extranet.audit.actions import Action
from extranet.audit.models import Event, RefusalTally
from extranet.audit.record import Actor, Entry, OutsideTransaction, flush_tallies, record, record_many, record_refusal

ALICE = Actor("agent", "CC_1H12345", "192.0.2.0/24")
CHARLIE = Actor.nobody("198.51.100.0/24")


@pytest.mark.django_db
def test_an_event_copies_the_names_and_facts_of_the_act(now: datetime) -> None:
    with transaction.atomic():
        record(
            action=Action.BOOK_DOWNLOADED, now=now, actor=ALICE, subject="2026-11-16", detail={"bytes": 41, "rows": 3}
        )
    event = Event.objects.get()
    assert (event.action, event.actor, event.actor_kind) == ("book:download:done", "CC_1H12345", "agent")
    assert (event.network, event.subject, event.at) == ("192.0.2.0/24", "2026-11-16", now)
    assert (event.detail, event.count) == ({"bytes": 41, "rows": 3}, 1)


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_act_is_refused(now: datetime) -> None:
    with pytest.raises(OutsideTransaction):
        record(action=Action.BOOK_VIEWED, now=now, actor=ALICE)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_event_goes_when_its_act_rolls_back(now: datetime) -> None:
    def act() -> None:
        record(action=Action.BOOK_VIEWED, now=now, actor=ALICE)
        raise KeyError

    with pytest.raises(KeyError), transaction.atomic():
        act()
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refusal_inside_a_transaction_that_could_take_it_back_is_an_error(now: datetime) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record_refusal(action=Action.LOGIN_REFUSED, now=now, actor=CHARLIE, subject="CC_1H12345")


@pytest.mark.django_db
def test_repeats_within_a_minute_become_one_event_with_a_count(now: datetime) -> None:
    for second in range(40):
        moment = now + timedelta(seconds=second)
        record_refusal(action=Action.LOGIN_REFUSED, now=moment, actor=CHARLIE, subject="CC_1H12345")
    assert Event.objects.count() == 1
    assert flush_tallies(now=now + timedelta(minutes=1)) == 0, "the minute may still be counted"
    assert flush_tallies(now=now + timedelta(minutes=3)) == 1
    told = Event.objects.get(action=Action.REPEATED_REFUSALS)
    assert (told.count, told.subject, told.network) == (39, "CC_1H12345", CHARLIE.network)
    assert (told.actor_kind, told.detail["action"]) == ("nobody", "account:login:refused")


@pytest.mark.django_db
def test_flushing_again_tells_nothing_twice_and_forgets_minutes_without_repeats(now: datetime) -> None:
    record_refusal(action=Action.LOGIN_REFUSED, now=now, actor=CHARLIE, subject="CC_1H12345")
    assert flush_tallies(now=now + timedelta(minutes=5)) == 0
    assert flush_tallies(now=now + timedelta(minutes=5)) == 0
    assert not RefusalTally.objects.exists()
    assert Event.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["subject", "network", "action", "minute"])
def test_another_account_network_act_or_minute_is_an_event_of_its_own(now: datetime, other: str) -> None:
    record_refusal(action=Action.LOGIN_REFUSED, now=now, actor=CHARLIE, subject="CC_1H12345")
    record_refusal(
        action=Action.LOGIN_THROTTLED if other == "action" else Action.LOGIN_REFUSED,
        now=now + timedelta(minutes=other == "minute"),
        actor=Actor.nobody("203.0.113.0/24") if other == "network" else CHARLIE,
        subject="CC_0E54321" if other == "subject" else "CC_1H12345",
    )
    assert Event.objects.count() == 2


@pytest.mark.django_db
def test_what_a_stranger_types_can_always_be_recorded(now: datetime) -> None:
    nasty = "a\0b\udc80" + "x" * 500
    record_refusal(action=Action.LOGIN_REFUSED, now=now, actor=CHARLIE, subject=nasty, detail={"typed": [nasty]})
    event = Event.objects.get()
    assert event.subject.startswith("a\ufffdb?x")
    assert len(event.subject) == 120


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_itself_refuses_to_change_or_remove_an_event(now: datetime, act: str) -> None:
    with transaction.atomic():
        record(action=Action.BOOK_VIEWED, now=now, actor=ALICE)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(actor="Charlie") if act == "update" else Event.objects.all().delete()
    assert Event.objects.get().actor == "CC_1H12345"


@pytest.mark.django_db
def test_many_events_of_one_act_are_recorded_like_single_ones(now: datetime) -> None:
    entries = [Entry(Action.AGENT_ADDED, f"AB_{number}", {"row": number}) for number in range(3)]
    with transaction.atomic():
        assert record_many(entries, now=now, actor=ALICE) == 3
    told = Event.objects.order_by("id").values_list("subject", "actor", "detail", "at")
    assert list(told) == [(f"AB_{number}", "CC_1H12345", {"row": number}, now) for number in range(3)]


@pytest.mark.django_db(transaction=True)
def test_many_events_outside_the_transaction_of_their_act_are_refused(now: datetime) -> None:
    with pytest.raises(OutsideTransaction):
        record_many([Entry(Action.AGENT_ADDED)], now=now, actor=ALICE)
    assert not Event.objects.exists()
