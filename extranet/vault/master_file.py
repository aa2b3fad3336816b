"""Exchanging the file of the master key so that no kill and no power cut loses a key or leaves a moment without one.

``master`` is the key in use. ``master.<id>`` is an earlier one, which still opens what it wrapped. ``master.next`` is
there from the beginning of a rotation to its end: the key that is, or will be, in use.
"""

import os
from pathlib import Path

from extranet.vault.durable import part_of, sync_folder
from extranet.vault.keys import KeyRefused, make_key_file
from extranet.vault.master import load_master


def earlier_file(file: Path, master_id: str) -> Path:
    """Where the earlier key of that id is kept."""
    return file.with_name(f"{file.name}.{master_id}")


def is_unfinished(file: Path) -> bool:
    """Whether a rotation has begun that did not say it has ended."""
    return _next(file).exists()


def exchange(file: Path) -> None:
    """Make a new key, keep the present one under its id, put the new one in its place. Repeatable; raises KeyRefused.

    The order is the promise: the new key is on the disk before it is used, and the old one has its second name before
    it loses the first. The name ``master`` is never free.
    """
    if file.is_symlink():
        raise KeyRefused(f"{file} is a link: rotate where the key really is, or set EXTRANET_MASTER_KEY_FILE to that")
    try:
        make_key_file(_next(file))
        present, coming = load_master("", file), load_master("", _next(file))
        if present.id != coming.id:
            _keep(file, present.id)
            _replace(file)
    except OSError as error:
        raise KeyRefused(
            f"the new master key cannot be put beside {file} ({error.strerror}); no key was lost"
        ) from None


def finish(file: Path) -> None:
    """Say that the rotation has ended: the next one makes another key. Removes what killed ones left."""
    for left in file.parent.glob(f".{file.name}.*.part"):
        left.unlink(missing_ok=True)
    _next(file).unlink(missing_ok=True)
    sync_folder(file.parent)


def remove_earlier(file: Path, master_id: str) -> Path:
    """Remove an earlier key for good; which file it was. Raises KeyRefused if it is not there."""
    earlier = earlier_file(file, master_id)
    try:
        earlier.unlink()
    except FileNotFoundError:
        raise KeyRefused(f"{earlier} does not exist: this key is gone, or lives elsewhere") from None
    sync_folder(file.parent)
    return earlier


def _keep(file: Path, master_id: str) -> None:
    earlier = earlier_file(file, master_id)
    if not earlier.exists():
        os.link(file, earlier)
        sync_folder(file.parent)
    if load_master("", earlier).id != master_id:
        raise KeyRefused(f"{earlier} holds another key than its name says: move it away and look where it came from")


def _replace(file: Path) -> None:
    part = part_of(file)
    try:
        os.link(_next(file), part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
        sync_folder(file.parent)


def _next(file: Path) -> Path:
    return file.with_name(f"{file.name}.next")
