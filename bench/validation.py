"""Reading a statewide CSV as text, with and without every declared check, identities and amounts included."""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from bench.material import day_of
from bench.measured import size_of, tell
from extranet.profile.loader import current
from extranet.reports.checks import Check
from extranet.reports.identity import Seeds, digests_of
from extranet.reports.sources.csv_file import CsvFile


def read(file: Path, *, check: bool) -> dict[str, float]:
    report = current().reports["book-of-business"]
    checking, seeds, rows = Check(report, day_of(file)), Seeds(), 0
    with file.open("rb") as source:
        for chunk in CsvFile(source, total=file.stat().st_size).chunks(report.layout):
            if check:
                checking.take(chunk)
                digests_of(chunk.rows, report, seeds)
            rows += chunk.count
    return {"rows": rows, "mb": size_of(file)}


if __name__ == "__main__":
    tell(lambda: read(Path(sys.argv[1]), check="--check" in sys.argv))
