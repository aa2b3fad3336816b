"""A publication on a real disk that is full after so many bytes, for more and more of them, and again with room.

``python -m tests.faults.driver_small_disk MOUNTED DATA_DIR FILE DAY``: MOUNTED is an empty disk of
its own, a few MB large. Prints one JSON line a try.
"""

import json
import os
import shutil
import sys
from datetime import date
from pathlib import Path

from tests.faults.driver import KIND, again, in_child  # sets Django up

# isort: split
from click.testing import CliRunner
from django.db import connection

from extranet.cli.publications import publish
from extranet.reports import spill

STEP = 64 * 1024
MOST = 8 * 1024 * 1024


def attempt(file: Path, day: date) -> dict[str, object]:
    spill.IN_MEMORY = 0
    done = CliRunner().invoke(publish, [KIND, str(file), "--as-of", day.isoformat(), "--release"])
    return {"code": done.exit_code, "words": done.stderr}


def fill(ballast: Path, free: int) -> None:
    """Leave so many bytes of the disk."""
    there = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, there.f_bavail * there.f_frsize - free)


def main(disk: Path, data: Path, file: Path, day: date) -> None:
    connection.close()
    for free in range(0, MOST, STEP):
        tried, ballast = disk / "data", disk / "ballast"
        shutil.copytree(data, tried)
        fill(ballast, free)
        first = in_child(tried, lambda: attempt(file, day))
        ballast.unlink()
        second = in_child(tried, lambda: again(file, day))
        shutil.rmtree(tried)
        print(
            json.dumps({"step": free, "first": {**first, "at": f"{free:,} bytes free"}, "second": second}), flush=True
        )
        if not first["code"]:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4]))
