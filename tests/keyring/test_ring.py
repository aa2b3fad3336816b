"""Keys are made once, open only with their master key and in their place, and are gone when destroyed."""

import base64
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from extranet.keyring import masters, ring
from extranet.keyring.masters import WrongMaster
from extranet.keyring.models import AgentKey, Purpose, SystemKey, system_place
from extranet.keyring.ring import KeyCount, KeyDestroyed, KeyMissing
from extranet.vault.keys import KeyRefused, make_key_file
from extranet.vault.sealing import Unopenable

pytestmark = pytest.mark.django_db

ALICE, BOB, CHARLIE = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
OTHER_MASTER = base64.b64encode(b"o" * 32).decode()


def with_master(settings: Settings, value: str) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"master_key": value})


def test_an_agent_keeps_the_key_that_was_made_first(now: datetime) -> None:
    first = ring.agent_key(ALICE, now=now)
    assert ring.agent_key(ALICE, now=now + timedelta(days=7)) == first
    assert ring.agent_key_version(ALICE, 1) == first
    assert (first.version, len(first.key)) == (1, 32)


def test_nobody_shares_a_key_and_no_key_lies_open(now: datetime) -> None:
    keys = ring.agent_keys([ALICE, BOB], now=now)
    system = [ring.system_key(purpose, now=now) for purpose in Purpose]
    opened = {handle.key for handle in (*keys.values(), *system)}
    assert len(opened) == 2 + len(Purpose)
    columns = [model.objects.values_list("wrapped", flat=True) for model in (AgentKey, SystemKey)]
    stored = b"".join(bytes(wrapped) for column in columns for wrapped in column)
    assert not any(key in stored for key in opened)
    assert repr(keys[ALICE]) == "KeyHandle(version=1)"


def test_the_neighbours_wrapped_key_does_not_open_as_ones_own(now: datetime) -> None:
    ring.agent_keys([ALICE, CHARLIE], now=now)
    alices = AgentKey.objects.get(agent_id=ALICE)
    AgentKey.objects.filter(agent_id=CHARLIE).update(wrapped=bytes(alices.wrapped))
    with pytest.raises(WrongMaster, match="damaged"):
        ring.agent_key(CHARLIE, now=now)


def test_a_wrapped_key_opens_under_its_own_version_and_purpose_alone(now: datetime) -> None:
    ring.agent_key(ALICE, now=now)
    ring.system_key(Purpose.OUTBOX, now=now)
    AgentKey.objects.update(version=2)
    SystemKey.objects.update(purpose=Purpose.REQUESTS)
    with pytest.raises(WrongMaster):
        ring.agent_key_version(ALICE, 2)
    with pytest.raises(WrongMaster):
        ring.system_key_version(Purpose.REQUESTS, 1)


def test_a_key_that_was_never_made_is_told_apart_from_a_destroyed_one(now: datetime) -> None:
    ring.agent_key(ALICE, now=now)
    ring.shred_agent(ALICE, now=now)
    with pytest.raises(KeyDestroyed, match="destroyed at 2026-11-16 17:00 UTC"):
        ring.agent_key_version(ALICE, 1)
    with pytest.raises(KeyMissing, match="has no key 2") as missing:
        ring.agent_key_version(ALICE, 2)
    assert not isinstance(missing.value, KeyDestroyed)
    with pytest.raises(KeyMissing):
        ring.system_key_version(Purpose.OUTBOX, 1)


def test_a_shredded_agents_keys_are_gone_and_the_neighbours_stay(now: datetime) -> None:
    bobs = ring.agent_keys([ALICE, BOB], now=now)[BOB]
    assert ring.shred_agent(ALICE, now=now) == 1
    assert ring.shred_agent(ALICE, now=now) == 0
    assert bytes(AgentKey.objects.get(agent_id=ALICE).wrapped) == b""
    assert ring.agent_key(BOB, now=now) == bobs


def test_who_is_shredded_and_comes_back_gets_a_new_key_under_a_new_version(now: datetime) -> None:
    old = ring.agent_key(ALICE, now=now)
    ring.shred_agent(ALICE, now=now)
    new = ring.agent_key(ALICE, now=now)
    assert new.version == 2
    assert new.key != old.key
    assert ring.shred_agent(ALICE, now=now) == 1


def test_a_destroyed_key_cannot_keep_its_bytes(now: datetime) -> None:
    ring.agent_key(ALICE, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentKey.objects.update(destroyed_at=now)


def test_the_newest_living_key_is_the_one_in_use(now: datetime) -> None:
    ring.agent_key(ALICE, now=now)
    ring._make_agent_keys({ALICE: 2}, now=now)
    assert ring.agent_key(ALICE, now=now).version == 2
    assert ring.agent_key_version(ALICE, 1).version == 1


def test_many_agents_take_few_queries(now: datetime) -> None:
    agents = [uuid4() for _ in range(600)]
    with CaptureQueriesContext(
        connection,
    ) as made:
        keys = ring.agent_keys(agents, now=now)
    with CaptureQueriesContext(connection) as read:
        assert ring.agent_keys([*agents, agents[0]], now=now) == keys
    assert set(keys) == set(agents)
    assert len({handle.key for handle in keys.values()}) == 600
    assert len(made) < 12
    assert len(read) == 1
    assert ring.agent_keys([], now=now) == {}


def test_agents_beyond_one_batch_all_get_their_key(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "BATCH", 7)
    agents = [uuid4() for _ in range(20)]
    first = ring.agent_keys(agents[:10], now=now)
    assert {agent: ring.agent_keys(agents, now=now)[agent] for agent in agents[:10]} == first
    assert AgentKey.objects.count() == 20


def test_a_text_opens_for_its_purpose_and_place_alone(now: datetime) -> None:
    sealed = ring.seal_text(Purpose.REQUESTS, "Ich kann nicht hinein – ñ", "request:1", now=now)
    ring.system_key(Purpose.OUTBOX, now=now)
    assert ring.open_text(Purpose.REQUESTS, sealed, "request:1") == "Ich kann nicht hinein – ñ"
    assert ring.open_text(Purpose.REQUESTS, memoryview(sealed), "request:1").startswith("Ich")  # type: ignore[arg-type]
    for purpose, place in ((Purpose.REQUESTS, "request:2"), (Purpose.OUTBOX, "request:1")):
        with pytest.raises(Unopenable):
            ring.open_text(purpose, sealed, place)


@pytest.mark.parametrize("wrong", [b"", b"\0\0", b"\0\0\0\1", b"\0\0\0\x09" + b"x" * 40, b"x" * 60])
def test_what_was_never_sealed_is_unopenable_and_nothing_else(now: datetime, wrong: bytes) -> None:
    ring.system_key(Purpose.REQUESTS, now=now)
    with pytest.raises(Unopenable):
        ring.open_text(Purpose.REQUESTS, wrong, "request:1")


def test_a_text_stays_readable_when_its_purpose_gets_a_newer_key(now: datetime) -> None:
    sealed = ring.seal_text(Purpose.REQUESTS, "old", "request:1", now=now)
    make_newer_system_key(now)
    newer = ring.seal_text(Purpose.REQUESTS, "new", "request:2", now=now)
    assert (sealed[3], newer[3]) == (1, 2)
    assert ring.open_text(Purpose.REQUESTS, sealed, "request:1") == "old"
    assert ring.open_text(Purpose.REQUESTS, newer, "request:2") == "new"


def make_newer_system_key(now: datetime) -> None:
    holder = masters.master()
    wrapped = holder.wrap(b"n" * 32, system_place(Purpose.REQUESTS, 2))
    SystemKey.objects.create(purpose=Purpose.REQUESTS, version=2, wrapped=wrapped, master_id=holder.id, created_at=now)


def test_a_purpose_that_does_not_exist_is_refused(now: datetime) -> None:
    with pytest.raises(ValueError, match="gossip"):
        ring.system_key("gossip", now=now)


def test_the_status_counts_and_shows_no_key(now: datetime) -> None:
    ring.agent_keys([ALICE, BOB, CHARLIE], now=now)
    ring.shred_agent(CHARLIE, now=now)
    ring.system_key(Purpose.VIEWS, now=now)
    master_id = masters.master().id
    assert ring.key_status() == [KeyCount("agents", master_id, 2, 1), KeyCount("views", master_id, 1, 0)]


def test_the_right_master_key_is_confirmed_also_before_any_key_was_made(now: datetime) -> None:
    ring.check_master()
    ring.agent_key(ALICE, now=now)
    ring.system_key(Purpose.VIEWS, now=now)
    ring.check_master()


@pytest.mark.parametrize("holder", ["agent", "system"])
def test_the_wrong_master_key_is_refused_in_one_clear_line(now: datetime, settings: Settings, holder: str) -> None:
    if holder == "agent":
        ring.agent_key(ALICE, now=now)
    else:
        ring.system_key(Purpose.VIEWS, now=now)
    right = masters.master().id
    with_master(settings, OTHER_MASTER)
    with pytest.raises(
        WrongMaster, match=rf"wrong master key: .* wrapped by {right}, configured is .*EXTRANET_MASTER_KEY"
    ):
        ring.check_master()


def test_one_key_of_another_master_among_many_is_found(now: datetime, settings: Settings) -> None:
    right = settings.EXTRANET.master_key
    with_master(settings, OTHER_MASTER)
    stranger = masters.master().id
    ring.agent_key(ALICE, now=now)
    with_master(settings, right)
    ring.agent_key(BOB, now=now)
    with pytest.raises(WrongMaster, match=f"wrapped by {stranger}"):
        ring.check_master()


def test_a_stored_key_that_was_altered_is_found(now: datetime) -> None:
    ring.system_key(Purpose.VIEWS, now=now)
    SystemKey.objects.update(wrapped=b"x" * 61)
    with pytest.raises(WrongMaster, match="views key 1 is damaged"):
        ring.check_master()


def test_with_the_wrong_master_key_nothing_opens_and_no_second_key_is_made(now: datetime, settings: Settings) -> None:
    ring.agent_key(ALICE, now=now)
    ring.system_key(Purpose.VIEWS, now=now)
    with_master(settings, OTHER_MASTER)
    with pytest.raises(WrongMaster):
        ring.agent_key(ALICE, now=now)
    with pytest.raises(WrongMaster):
        ring.system_key(Purpose.VIEWS, now=now)
    assert (AgentKey.objects.count(), SystemKey.objects.count()) == (1, 1)


def test_a_shredded_agent_does_not_tie_us_to_an_old_master_key(now: datetime, settings: Settings) -> None:
    ring.agent_key(ALICE, now=now)
    ring.shred_agent(ALICE, now=now)
    with_master(settings, OTHER_MASTER)
    ring.check_master()


def test_a_key_file_that_was_put_back_is_read_again(settings: Settings, data_folder: Path) -> None:
    with_master(settings, "")
    with pytest.raises(KeyRefused, match="extranet init"):
        masters.master()
    make_key_file(data_folder / "keys" / "master")
    first = masters.master()
    (data_folder / "keys" / "master").write_text(OTHER_MASTER)
    assert masters.master().id != first.id


def test_the_signing_key_is_the_configured_one(settings: Settings) -> None:
    before = ring.signing_key().public_bytes
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"signing_key": OTHER_MASTER})
    assert len(before) == 32
    assert ring.signing_key().public_bytes != before
