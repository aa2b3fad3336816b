"""Another master key: the same keys, wrapped anew, open for everybody at every moment."""

import base64
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from extranet.keyring import ring
from extranet.keyring import rotate as rotation
from extranet.keyring.masters import WrongMaster, master
from extranet.keyring.models import AgentKey, Purpose, SystemKey
from extranet.keyring.rotate import Batch, RetireRefused, Rotated, retire, rotate
from extranet.vault.durable import FolderBusy, alone_in
from extranet.vault.keys import KeyRefused
from tests.keyring.conftest import ALICE, BOB, CHARLIE, hanging, make_all, open_all

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def rotated(now: datetime, record: Callable[[Batch], object] = lambda _: None) -> Rotated:
    return rotate(now=now, record=record)


def test_all_keys_stay_the_same_under_a_new_master_key(master_file: Path, now: datetime) -> None:
    before, old = make_all(now), master().id
    wrapped = set(AgentKey.objects.values_list("wrapped", flat=True))
    done = rotated(now)
    assert (done.made, done.agents, done.systems, done.damaged) == (True, 3, 2, [])
    assert master().id == done.master != old
    assert hanging() == {done.master}
    assert open_all() == before
    assert not wrapped & set(AgentKey.objects.values_list("wrapped", flat=True))
    ring.check_master()


def test_the_earlier_key_stays_beside_the_new_one_for_its_owner_only(master_file: Path, now: datetime) -> None:
    old, text = master().id, master_file.read_text()
    rotated(now)
    assert {file.name for file in master_file.parent.iterdir()} == {"master", f"master.{old}"}
    assert master_file.with_name(f"master.{old}").read_text() == text != master_file.read_text()
    assert {file.stat().st_mode & 0o777 for file in master_file.parent.iterdir()} == {0o600}


def test_readers_read_in_the_middle_of_it(master_file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    before, seen = make_all(now), []

    def read(_: int) -> set[str]:
        try:
            assert open_all() == before
            return hanging()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as reader:
        rotated(now, lambda _: seen.append(next(reader.map(read, [0]))))
    assert [len(masters) for masters in seen] == [1, 2, 2, 2, 2], "both master keys wrap something meanwhile"


def test_a_key_that_was_made_with_the_earlier_master_opens_and_comes_along_next_time(
    master_file: Path, now: datetime
) -> None:
    make_all(now)
    old = master()
    first = rotated(now)
    row = AgentKey(agent_id=ALICE, version=2, master_id=old.id, created_at=now)
    row.wrapped = old.wrap(b"k" * 32, row.place)
    row.save()
    assert ring.agent_key(ALICE, now=now).key == b"k" * 32
    ring.check_master()
    second = rotated(now)
    assert (second.made, second.agents, second.master) == (False, 1, first.master)
    assert ring.agent_key(ALICE, now=now).key == b"k" * 32


def test_rotating_twice_makes_two_keys_and_keeps_both_earlier_ones(master_file: Path, now: datetime) -> None:
    before = make_all(now)
    assert len({master().id, rotated(now).master, rotated(now).master}) == 3
    assert open_all() == before
    assert len(list(master_file.parent.iterdir())) == 3


def test_what_was_destroyed_stays_destroyed(master_file: Path, now: datetime) -> None:
    make_all(now)
    ring.shred_agent(BOB, now=now)
    assert rotated(now).agents == 2
    assert bytes(AgentKey.objects.get(agent_id=BOB).wrapped) == b""


def test_a_key_destroyed_in_the_very_moment_is_not_brought_back(
    master_file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(now)
    opened = ring.open_row

    def open_and_shred(row: AgentKey | SystemKey) -> ring.KeyHandle:
        handle = opened(row)
        if isinstance(row, AgentKey) and row.agent_id == BOB:
            ring.shred_agent(BOB, now=now)
        return handle

    monkeypatch.setattr(rotation, "open_row", open_and_shred)
    assert rotated(now).agents == 2
    assert bytes(AgentKey.objects.get(agent_id=BOB).wrapped) == b""


def test_a_damaged_row_is_named_and_stops_nobody_else(master_file: Path, now: datetime) -> None:
    make_all(now)
    AgentKey.objects.filter(agent_id=ALICE).update(wrapped=b"x" * 61)
    done = rotated(now)
    assert (done.agents, done.systems) == (2, 2)
    assert [f"agent {ALICE} key 1 is damaged" in line for line in done.damaged] == [True]
    assert bytes(AgentKey.objects.get(agent_id=ALICE).wrapped) == b"x" * 61


def test_each_transaction_is_recorded_with_what_it_moved(
    master_file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    make_all(now)
    old, batches = master().id, list[Batch]()
    new = rotated(now, batches.append).master
    assert [(batch.kind, batch.rewrapped) for batch in batches] == [("agents", 2), ("agents", 1), ("systems", 2)]
    assert [batch.earlier for batch in batches] == [{old: 2}, {old: 1}, {old: 2}]
    assert {batch.master for batch in batches} == {new}


def test_rows_and_their_record_come_together_or_not_at_all(master_file: Path, now: datetime) -> None:
    before, old = make_all(now), master().id

    def refuse(_: Batch) -> None:
        raise RuntimeError("the trail is away")

    with pytest.raises(RuntimeError):
        rotated(now, refuse)
    assert hanging() == {old}
    assert open_all() == before
    assert rotated(now).agents == 3


def test_two_at_once_are_one_and_a_refusal(master_file: Path, now: datetime) -> None:
    make_all(now)
    before = master_file.read_text()
    with alone_in(master_file.parent, wait=False), pytest.raises(FolderBusy, match="another process"):
        rotated(now)
    assert master_file.read_text() == before


def test_keys_of_an_unknown_master_refuse_it_before_anything(master_file: Path, now: datetime) -> None:
    make_all(now)
    AgentKey.objects.filter(agent_id=ALICE).update(master_id="0123456789abcdef")
    before = master_file.read_text()
    with pytest.raises(WrongMaster, match="wrapped by 0123456789abcdef"):
        rotated(now)
    assert (master_file.read_text(), len(list(master_file.parent.iterdir()))) == (before, 1)


@pytest.mark.parametrize("master_id", ["../master", "master", "0123456789ABCDEF", ""])
def test_a_name_in_the_table_leads_to_no_other_file(master_file: Path, now: datetime, master_id: str) -> None:
    make_all(now)
    AgentKey.objects.update(master_id=master_id)
    with pytest.raises(WrongMaster):
        ring.agent_key(ALICE, now=now)


def test_a_link_is_no_place_for_a_new_key(master_file: Path, now: datetime) -> None:
    real = master_file.rename(master_file.with_name("elsewhere"))
    master_file.symlink_to(real)
    with pytest.raises(KeyRefused, match="is a link"):
        rotated(now)


def test_an_earlier_file_that_holds_another_key_is_not_trusted(master_file: Path, now: datetime) -> None:
    make_all(now)
    master_file.with_name(f"master.{master().id}").write_text(OLD)
    with pytest.raises(KeyRefused, match="another key than its name says"):
        rotated(now)
    assert open_all()


def test_keys_of_the_environment_are_exchanged_by_the_operator(with_env: Callable[..., None], now: datetime) -> None:
    with_env(master_key=OLD)
    before = make_all(now)
    with_env(master_key=OLD, other_master_keys=NEW)  # first all processes learn to read it
    assert open_all() == before
    with_env(master_key=NEW, other_master_keys=OLD)
    assert open_all() == before
    done = rotated(now)
    assert (done.made, done.agents, done.systems) == (False, 3, 2)
    with_env(master_key=NEW, other_master_keys="")
    assert open_all() == before
    ring.check_master()
    assert (rotated(now).agents, hanging()) == (0, {done.master})


def test_other_keys_may_stand_in_a_file_one_a_line(
    with_env: Callable[..., None], now: datetime, tmp_path: Path
) -> None:
    with_env(master_key=OLD)
    before = make_all(now)
    file = tmp_path / "others"
    file.write_text(f"{base64.b64encode(b'x' * 32).decode()}\n{OLD}\n")
    with_env(master_key=NEW, other_master_keys_file=file)
    assert open_all() == before
    file.write_text("")
    os.utime(file, ns=(0, 0))
    with pytest.raises(WrongMaster, match="EXTRANET_OTHER_MASTER_KEYS"):
        open_all()


def test_a_malformed_other_key_is_refused_at_start_without_being_repeated(
    with_env: Callable[..., None], now: datetime, tmp_path: Path
) -> None:
    with_env(other_master_keys=f"{NEW} not-base64!")
    with pytest.raises(KeyRefused, match="EXTRANET_OTHER_MASTER_KEYS is not base64") as refused:
        ring.check_master()
    assert "not-base64!" not in str(refused.value)
    with_env(other_master_keys="", other_master_keys_file=tmp_path / "gone")
    with pytest.raises(KeyRefused, match=f"{tmp_path}/gone does not exist"):
        ring.check_master()


def test_from_the_file_into_the_environment_the_file_is_named_as_another_key(
    master_file: Path, with_env: Callable[..., None], now: datetime
) -> None:
    before = make_all(now)
    with_env(master_key=NEW)
    with pytest.raises(WrongMaster):
        ring.check_master()
    with_env(other_master_keys_file=master_file)
    assert open_all() == before
    assert rotated(now).agents == 3
    with_env(other_master_keys_file=None)
    assert open_all() == before


def test_an_earlier_key_goes_when_nothing_needs_it(master_file: Path, now: datetime) -> None:
    before, old, told = make_all(now), master().id, []
    with pytest.raises(RetireRefused, match="in use"):
        retire(master_id=old, record=lambda: told.append(old))
    new = rotated(now).master
    backups = master_file.parents[1] / "key-backups"
    with pytest.raises(RetireRefused, match="backups of keys need"):
        retire(master_id=old, record=lambda: told.append(old))
    for file in backups.iterdir():
        file.unlink()
    assert retire(master_id=old, record=lambda: told.append(old)).endswith(f"master.{old}")
    assert told == [old]
    assert [file.name for file in master_file.parent.iterdir()] == ["master"]
    assert (open_all(), hanging()) == (before, {new})
    with pytest.raises(KeyRefused, match="does not exist"):
        retire(master_id=old, record=lambda: None)


def test_an_earlier_key_that_still_wraps_something_stays(master_file: Path, now: datetime) -> None:
    make_all(now)
    old = master()
    rotated(now)
    row = AgentKey.objects.get(agent_id=CHARLIE)
    AgentKey.objects.filter(pk=row.pk).update(wrapped=old.wrap(b"k" * 32, row.place), master_id=old.id)
    with pytest.raises(RetireRefused, match="1 keys are wrapped"):
        retire(master_id=old.id, record=lambda: None)
    assert ring.agent_key(CHARLIE, now=now).key == b"k" * 32


def test_a_new_key_of_the_system_is_wrapped_by_the_new_master(master_file: Path, now: datetime) -> None:
    make_all(now)
    new = rotated(now).master
    with transaction.atomic():
        ring.system_key(Purpose.VIEWS, now=now)
    assert SystemKey.objects.get(purpose=Purpose.VIEWS).master_id == new
