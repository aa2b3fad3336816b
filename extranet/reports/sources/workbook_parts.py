"""The parts of a workbook's archive: taken out within bounds, and told apart from other archives by their names.

What the archive claims of itself is only the first bound; what is handed on is what was really unpacked, counted.
"""

import io
import zipfile

from extranet.reports.sources.within import INPUT, Unreadable

MOST_UNPACKED = 50_000_000  # bytes of all parts together
MOST_PARTS = 2_000
DAMAGED = "the workbook is damaged or was cut on its way; send it again"
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = 0x1
_AS_CSV = "save it as an Excel workbook (.xlsx) or CSV in UTF-8"
_BEGINNINGS = (b"[Content_Types]", b"_rels/", b"xl/", b"docProps")


def parts_of(path: str = INPUT) -> dict[str, bytes]:
    """Every XML part by its name. Raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _is_workbook({entry.filename for entry in entries})
            _within_bounds(entries)
            found = {entry.filename: archive.read(entry) for entry in entries if _is_xml(entry.filename)}
    except Unreadable:
        raise
    except zipfile.BadZipFile:
        raise Unreadable(_cut(path)) from None
    except Exception as error:  # zlib's, struct's, whatever a broken directory leads to
        raise Unreadable(DAMAGED) from error
    return found


def packed_again(parts: dict[str, bytes]) -> bytes:
    """An archive of exactly these bytes, unpacked: no later reader can find more in it than was counted."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return target.getvalue()


def _is_xml(name: str) -> bool:
    return name.casefold().endswith((".xml", ".rels"))


def _is_workbook(names: set[str]) -> None:
    """By what lies in it, since workbooks, documents and plain archives begin alike."""
    if "xl/workbook.bin" in names:
        raise Unreadable(f"the file is a binary workbook (.xlsb); {_AS_CSV}")
    if "mimetype" in names and "content.xml" in names:
        raise Unreadable(f"the file is an OpenDocument file (.ods); {_AS_CSV}")
    if "Index/Document.iwa" in names:
        raise Unreadable(f"the file is a Numbers document; {_AS_CSV}")
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise Unreadable("the file is a document or a presentation; send the table as CSV in UTF-8")
    if not any(name.startswith("xl/") for name in names):
        raise Unreadable("the file is a ZIP archive; unpack it and send the file inside")


def _within_bounds(entries: list[zipfile.ZipInfo]) -> None:
    if len({entry.filename for entry in entries}) != len(entries):
        raise Unreadable(DAMAGED)
    if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise Unreadable(
            f"the workbook unpacks to more than {MOST_UNPACKED // 1_000_000} MB; send it as CSV in UTF-8 or Parquet"
        )
    if any(entry.flag_bits & _LOCKED for entry in entries):
        raise Unreadable("the workbook is locked with a password; save it without one and send it again")
    if any(entry.compress_type not in _WAYS for entry in entries):
        raise Unreadable("the workbook is packed in a way that no spreadsheet uses; save it anew with one")


def _cut(path: str) -> str:
    """An archive without its directory, which lies at the end: the name of its first part tells what it was."""
    with open(path, "rb") as file:
        first = file.read(30 + 64)[30:]
    if first.startswith(_BEGINNINGS):
        return DAMAGED
    return "the file is a ZIP archive, damaged or cut; unpack it where it is whole and send the file inside"
