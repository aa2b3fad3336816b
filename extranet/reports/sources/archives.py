"""What a file is, by its first bytes, where it is none of those that are taken: refused by name, never unpacked."""

from typing import BinaryIO

from extranet.reports.refusals import PublicationRefused

HEAD = 512  # bytes that must be seen to name a file
WHAT_TO_SEND = "CSV in UTF-8, Parquet or an Excel workbook (.xlsx)"
_UNPACK = "unpack it and send the file inside"
_SAVE = f"send {WHAT_TO_SEND}"
_UTF8_MARK = b"\xef\xbb\xbf"
_BLOCK = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_TAR_PLACE = 257

_MARKS = (  # the longer of two that begin alike stands first
    (b"\xff\xfe\0\0", "UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32; save it as UTF-8"),
    (b"\xff\xfe", "UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as UTF-8"),
    (b"\x1f\x8b", f"packed with gzip (.gz); {_UNPACK}"),
    (b"\x1f\x9d", f"packed with compress (.Z); {_UNPACK}"),
    (b"BZh", f"packed with bzip2 (.bz2); {_UNPACK}"),
    (b"\xfd7zXZ\0", f"packed with xz (.xz); {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"packed with zstd (.zst); {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"packed with lz4 (.lz4); {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive (.7z); {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive (.rar); {_UNPACK}"),
    (b"PARE", f"an encrypted Parquet file; {_SAVE} without a lock"),
    (b"ARROW1", f"an Arrow or Feather file; {_SAVE}"),
    (b"Obj\x01", f"an Avro file; {_SAVE}"),
    (b"ORC", f"an ORC file; {_SAVE}"),
    (b"SQLite format 3\0", f"a SQLite database; {_SAVE}"),
    (b"%PDF", f"a PDF; {_SAVE}"),
    (b"{\\rtf", f"a text document (.rtf); {_SAVE}"),
    (b"\x89PNG", f"a picture; {_SAVE}"),
    (b"\xff\xd8\xff", f"a picture; {_SAVE}"),
    (b"GIF8", f"a picture; {_SAVE}"),
)


def refuse_by_name(file: BinaryIO, head: bytes) -> None:
    """Raises PublicationRefused for a file that is known and not taken. ``head``: its first HEAD bytes."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            raise PublicationRefused(f"line 1: the file is {name}")
    if head[_TAR_PLACE : _TAR_PLACE + 5] == b"ustar":
        raise PublicationRefused(f"line 1: the file is an archive (.tar); {_UNPACK}")
    if head.startswith(_OLE):
        raise PublicationRefused(_old_or_locked(file))
    text = head.removeprefix(_UTF8_MARK).lstrip()
    if text.startswith(b"<"):
        raise PublicationRefused(f"line 1: the file is a web page or XML, whatever its name says; {_SAVE}")
    if text.startswith((b"{", b"[")):
        raise PublicationRefused(f"line 1: the file is JSON; {_SAVE}")


def _old_or_locked(file: BinaryIO) -> str:
    """Both lie in the same container; a locked workbook names the part that is locked."""
    before = b""
    file.seek(0)
    while block := file.read(_BLOCK):
        if _LOCKED in before + block:
            return "the workbook is locked with a password; save it without one and send it again"
        before = block[-len(_LOCKED) :]
    return "the file is of the old Excel or Office format (.xls); save it as an Excel workbook (.xlsx) or CSV in UTF-8"
