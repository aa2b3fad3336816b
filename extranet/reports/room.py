"""Room on the disk for a file that is sent in, kept from its first byte: files at once cannot fill the disk together.

The file system itself keeps it: an empty file of the announced size beside the chunks, which shrinks as they come. It
goes with the folder of the upload, however that ends.
"""

import errno
import os
import shutil
from pathlib import Path

FREE_AFTERWARDS = 1024**3  # bytes that must stay free beside all files that are on their way
_NAME = "room"


class NoRoom(Exception):
    """The disk would be full: nothing was kept, and what is there goes on working."""

    def __init__(self) -> None:
        super().__init__("there is not enough room on the disk of the exchange; tell its operator")


def require_room(folder: Path, size: int) -> None:
    """Raise NoRoom where a file of that size would leave too little for everything else. Looks, and keeps nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size + FREE_AFTERWARDS:
        raise NoRoom


def keep_room(folder: Path, size: int) -> None:
    """Keep so much of the disk for what will be written into this folder. Raises NoRoom and keeps nothing.

    Two at once may both find room before either has it: so it is looked at again once it is kept.
    """
    require_room(folder, size)
    if not size:
        return
    kept = folder / _NAME
    try:
        with kept.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
        require_room(folder, 0)
    except OSError as error:
        kept.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom from None
        raise
    except NoRoom:
        kept.unlink()
        raise


def leave_room(folder: Path, size: int) -> None:
    """So much is still to come: what else was kept is free for it. Nothing happens where no room was kept."""
    kept = folder / _NAME
    try:
        if size > 0:
            os.truncate(kept, size)
        else:
            kept.unlink()
    except FileNotFoundError:
        pass
