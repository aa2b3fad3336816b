"""What is wrong with the place where reports arrive, for ``extranet doctor``."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from extranet.mail.returned.reading import PlaceRefused, open_place

WAITS = timedelta(hours=1)  # the timetable reads every five minutes
UNSET = "set EXTRANET_RETURNED_MAIL, and let reports for the two senders' addresses arrive there"


def at_fault(*, now: datetime) -> Iterator[tuple[str, str, bool]]:
    """Text, remedy, and whether nothing works; nothing where all is well."""
    path: Path | None = settings.EXTRANET.returned_mail
    if path is None:
        if settings.EXTRANET.email.startswith("smtp") and not settings.DEMO:
            yield "nobody reads what comes back, so a wrong address is noticed by its agent alone", UNSET, False
        return
    try:
        place = open_place(path)
    except PlaceRefused as refused:
        yield str(refused), "", True
        return
    try:
        if path.is_dir() and (late := _late(path, now)):
            yield f"{late} messages lie in {path} for more than an hour", "is a worker running?", False
    finally:
        place.close()


def _late(path: Path, now: datetime) -> int:
    """Files of the upper folder, or of a Maildir's ``new``, that are older than that."""
    folder = path / "new" if (path / "new").is_dir() else path
    files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    return sum(file.stat().st_mtime < (now - WAITS).timestamp() for file in files)
