"""The faults of a publication as a file: line, column, reason. Never a value, nothing of a consumer."""

import csv
import io
from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.reports.models import Publication
from extranet.reports.render import FORMULA_STARTS

HEADER = ("Line", "Column", "Reason")


@transaction.atomic
def fault_list(*, row: Publication, by: Actor, now: datetime) -> bytes:
    """CSV, UTF-8 with byte order mark; the last line says it if not all faults were kept. The look is in the trail."""
    detail: dict[str, JsonValue] = {"kind": row.kind, "as_of": row.as_of.isoformat(), "faults": len(row.faults)}
    record(action=Action.PUBLICATION_FAULTS_LISTED, now=now, actor=by, subject=str(row.id), detail=detail)
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(HEADER)
    writer.writerows((fault["line"], _harmless(fault["column"]), _harmless(fault["reason"])) for fault in row.faults)
    if words := cut_words(row):
        writer.writerow(("", "", words))
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def cut_words(row: Publication) -> str:
    """What is missing in the list; blank if it is whole."""
    listed = len({fault["line"] for fault in row.faults})
    if listed >= row.quarantined:
        return ""
    return f"the list is cut: it names the first {listed:,} of {row.quarantined:,} faulty rows"


def _harmless(text: str) -> str:
    """Headers are the profile's words, and a spreadsheet may take one for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
