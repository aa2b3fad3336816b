"""Writing to the trail: an act's event in the act's own transaction, a refusal's in one of its own (AU-2, AU-5).

No event, no act: where the insert fails, the transaction of the act fails with it.
"""

import getpass
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypeAlias, Union

from django.db import connection, transaction
from django.db.models import F

from extranet.audit.actions import Action
from extranet.audit.models import Event, RefusalTally

JsonValue: TypeAlias = Union[str, int, bool, Sequence["JsonValue"], Mapping[str, "JsonValue"], None]  # noqa: UP007 -- recursive
"""Facts of an event: no floats (they change their spelling between databases); money and shares are texts."""

NAME_LENGTH = 120
NETWORK_LENGTH = 60
ROWS_A_STATEMENT = 500  # below the number of parameters that any database takes
TALLY_RESTS = timedelta(minutes=2)  # a tally is flushed when nobody can be counting its minute any more


class OutsideTransaction(Exception):
    """An event was recorded outside the transaction of its act: it could stay while the act does not."""


@dataclass(frozen=True)
class Actor:
    """Who did it. The name is copied into the trail: it stays when the account goes.

    ``kind`` is agent, staff, shell, system or nobody; ``network`` the /24 or /64 of the address.
    """

    kind: str
    name: str
    network: str = ""

    @classmethod
    def system(cls, name: str) -> Self:
        """A part of this program acting by itself: ``timetable``, ``mail``."""
        return cls("system", name)

    @classmethod
    def shell(cls) -> Self:
        """Who types at the command line: one person in all, whatever the name (two-person rule)."""
        try:
            return cls("shell", f"os:{getpass.getuser()}")
        except (KeyError, OSError):  # a container's user without a name
            return cls("shell", f"os:{os.getuid()}")

    @classmethod
    def nobody(cls, network: str) -> Self:
        """A stranger: known by the network only."""
        return cls("nobody", "", network)


def record(
    *, action: Action, now: datetime, actor: Actor, subject: str = "", detail: Mapping[str, JsonValue] | None = None
) -> Event:
    """Insert the event of an act, inside the act's transaction; raises OutsideTransaction elsewhere.

    ``subject`` is a copied name (user name, license, request number), ``detail`` typed facts, never consumer data.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"{action} must be recorded inside transaction.atomic() of its act")
    return _insert(action, now, actor, subject, detail)


@dataclass(frozen=True)
class Entry:
    """One event of an act that makes thousands."""

    action: Action
    subject: str = ""
    detail: Mapping[str, JsonValue] | None = None


def record_many(entries: Iterable[Entry], *, now: datetime, actor: Actor) -> int:
    """Like ``record`` for many events of one act, in a handful of statements; how many."""
    if not connection.in_atomic_block:
        raise OutsideTransaction("events must be recorded inside transaction.atomic() of their act")
    rows = [_event(entry.action, now, actor, entry.subject, entry.detail) for entry in entries]
    return len(Event.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT))


def record_refusal(
    *, action: Action, now: datetime, actor: Actor, subject: str = "", detail: Mapping[str, JsonValue] | None = None
) -> None:
    """Record that something was refused, in a transaction of its own, so that it stays when the act rolls back.

    Call it after the transaction of the refused act has ended (it is durable: inside one it raises RuntimeError).
    The first within a minute is an event, repeats by one actor on one subject from one network are counted.
    """
    key = {
        "action": action.value,
        "actor": clipped(actor.name, NAME_LENGTH),
        "subject": clipped(subject, NAME_LENGTH),
        "network": clipped(actor.network, NETWORK_LENGTH),
        "minute": now.replace(second=0, microsecond=0),
    }
    with transaction.atomic(durable=True):
        if _counted(key):
            return
        _, first = RefusalTally.objects.get_or_create(**key, defaults={"actor_kind": actor.kind})
        if first:
            _insert(action, now, actor, subject, detail)
        else:
            _counted(key)


def flush_tallies(*, now: datetime) -> int:
    """Turn the counted repeats of past minutes into one event each, once however many run at a time; how many."""
    over = now.replace(second=0, microsecond=0) - TALLY_RESTS
    flushed = 0
    with transaction.atomic():
        for tally in RefusalTally.objects.select_for_update(skip_locked=True).filter(minute__lte=over).order_by("id"):
            if not RefusalTally.objects.filter(id=tally.id).delete()[0] or not tally.repeats:
                continue
            actor = Actor(tally.actor_kind, tally.actor, tally.network)
            facts = {"action": tally.action, "minute": tally.minute.isoformat()}
            _insert(Action.REPEATED_REFUSALS, now, actor, tally.subject, facts, count=tally.repeats)
            flushed += 1
    return flushed


def clipped(text: str, length: int) -> str:
    """A copied name that any database takes: strangers type what they like, NUL and lone surrogates included."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:length]


def _counted(key: Mapping[str, object]) -> bool:
    return RefusalTally.objects.filter(**key).update(repeats=F("repeats") + 1) == 1


def _insert(
    action: Action,
    now: datetime,
    actor: Actor,
    subject: str,
    detail: Mapping[str, JsonValue] | None,
    count: int = 1,
) -> Event:
    event = _event(action, now, actor, subject, detail, count)
    event.save(force_insert=True)
    return event


def _event(
    action: Action,
    now: datetime,
    actor: Actor,
    subject: str,
    detail: Mapping[str, JsonValue] | None,
    count: int = 1,
) -> Event:
    return Event(
        at=now,
        action=action.value,
        actor_kind=actor.kind,
        actor=clipped(actor.name, NAME_LENGTH),
        network=clipped(actor.network, NETWORK_LENGTH),
        subject=clipped(subject, NAME_LENGTH),
        detail=_storable(detail or {}),
        count=count,
    )


def _storable(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clipped(value, len(value))
    if isinstance(value, Mapping):
        return {clipped(key, len(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_storable(item) for item in value]
    return value
