"""A whole publication of the second of two weeks: both passes, changes, proof, manifest, index, in a real data folder.

``prepare`` sets the folder up once: database, keys, roster, the first week released. ``publish`` is what is measured,
``alone`` the same without the comparison with the first week.
"""

import os
import shutil
import sys
from pathlib import Path

FOLDER = Path(sys.argv[2]) / "whole"
os.environ["EXTRANET_DATA_DIR"] = str(FOLDER if sys.argv[1] == "prepare" else FOLDER.with_name("whole-tried"))
os.environ["EXTRANET_BASE_URL"] = "http://portal.test"
os.environ["EXTRANET_EMAIL_URL"] = "folder:"
os.environ["DJANGO_SETTINGS_MODULE"] = "extranet.settings"

import django

django.setup()

from django.utils import timezone

from bench.material import book, day_of
from bench.measured import tell
from extranet.audit.record import Actor
from extranet.cli.install import install
from extranet.reports.models import Publication
from extranet.reports.publish import publish
from extranet.reports.recall import recall
from extranet.timetable import roster_day

KIND = "book-of-business"


def prepare(exchange: Path) -> None:
    if (FOLDER / "prepared").exists():
        return
    install()
    with (exchange / "roster.csv").open("rb") as file:
        roster_day(file=file, name="roster.csv", by=Actor.shell(), now=timezone.now())
    _publish(book(exchange, 0), release=True)
    (FOLDER / "prepared").touch()


def _publish(file: Path, *, release: bool) -> None:
    publish(kind=KIND, source=file, as_of=day_of(file), by=Actor.shell(), now=timezone.now(), release=release)


def second_week(exchange: Path, *, alone: bool) -> dict[str, float]:
    """``alone``: as if no week had been before it, so that nothing is compared."""
    if alone:
        recall(publication_id=Publication.objects.get().id, by=Actor.shell(), now=timezone.now())
    _publish(book(exchange, 1), release=False)
    row = Publication.objects.get(as_of=day_of(book(exchange, 1)))
    return {"rows": row.rows_in, "frames": row.frames.count(), "changed": row.changes.get("changed", 0)}


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        tell(lambda: prepare(Path(sys.argv[3])))
    else:
        tried = FOLDER.with_name("whole-tried")
        shutil.rmtree(tried, ignore_errors=True)
        shutil.copytree(FOLDER, tried)
        tell(lambda: second_week(Path(sys.argv[3]), alone=sys.argv[1] == "alone"))
        shutil.rmtree(tried)
