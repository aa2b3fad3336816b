"""Making a name in a folder survive a power cut: the file's own fsync does not cover it."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Flush the folder itself, after a file in it was made, renamed or removed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
