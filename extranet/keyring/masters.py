"""Which master keys this process knows: the one in use, which wraps, and others, which only open what they wrapped.

A row says which master key wrapped it. So keys wrapped by the old and the new one open beside each other during a
rotation, and a process that runs on needs no restart: a file is read again when it has changed.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from extranet.env import Env
from extranet.vault.keys import KeyRefused, Master
from extranet.vault.master import load_master, load_others
from extranet.vault.master_file import earlier_file

Changed = tuple[int, int] | None
MASTER_ID = re.compile(r"[0-9a-f]{16}")


class WrongMaster(KeyRefused):
    """No known master key is the one that wrapped the stored keys."""


def master() -> Master:
    """The master key in use; raises KeyRefused."""
    env: Env = settings.EXTRANET
    file = env.key_file("master")
    return _cached_master(env.master_key, file, changed_at(file))


def master_named(master_id: str) -> Master | None:
    """The known master key of that id; raises KeyRefused where one cannot be read that was configured."""
    holder = master()  # read after the row that names it: what a rotation has replaced meanwhile has its file
    if holder.id == master_id:
        return holder
    found = next((other for other in load_all_others() if other.id == master_id), None)
    return found or _earlier(master_id)


def load_all_others() -> list[Master]:
    """The other master keys that were configured; raises KeyRefused."""
    env: Env = settings.EXTRANET
    file = env.other_master_keys_file
    return _cached_others(env.other_master_keys, file, changed_at(file) if file else None)


def check_known(master_ids: Iterable[str]) -> None:
    """Raise WrongMaster naming those that are unknown here."""
    strangers = sorted({master_id for master_id in master_ids if master_named(master_id) is None})
    if strangers:
        raise WrongMaster(wrong(", ".join(strangers)))


def wrong(wrapped_by: str) -> str:
    return (
        f"wrong master key: the stored keys were wrapped by {wrapped_by}, configured is {master().id}; put the right "
        "key into EXTRANET_MASTER_KEY or its file, or an earlier one into EXTRANET_OTHER_MASTER_KEYS"
    )


def changed_at(file: Path) -> Changed:
    """Differs when the file was changed or another one took its name."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _earlier(master_id: str) -> Master | None:
    """An earlier key, kept by a rotation beside the file of the present one."""
    env: Env = settings.EXTRANET
    if not MASTER_ID.fullmatch(master_id):
        return None
    file = earlier_file(env.key_file("master"), master_id)
    held = _cached_master("", file, changed_at(file)) if file.exists() else None
    return held if held is not None and held.id == master_id else None


@lru_cache(maxsize=16)
def _cached_master(value: str, file: Path, _changed: Changed) -> Master:
    return load_master(value, file)


@lru_cache(maxsize=4)
def _cached_others(value: str, file: Path | None, _changed: Changed) -> list[Master]:
    return load_others(value, file)
