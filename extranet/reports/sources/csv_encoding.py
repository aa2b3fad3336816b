"""Bytes of a CSV as UTF-8: byte order marks, Latin-1, and what is refused by name. No sign is ever guessed away."""

import codecs
import re

from extranet.reports.refusals import PublicationRefused

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF8_SIGN = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")


class Encoding:
    """What a file turned out to be so far. One object a file; pieces come in their order."""

    def __init__(self) -> None:
        self._is_utf8 = False  # a mark or a sign beyond ASCII said so
        self._is_latin1 = False

    def begin(self, data: bytes) -> bytes:
        """The first bytes without their mark; refuses UTF-16 and UTF-32."""
        if data.startswith(_UTF32):
            raise PublicationRefused("line 1: the file is UTF-32; save it as UTF-8")
        if data.startswith(_UTF16) or _looks_like_utf16(data):
            raise PublicationRefused("line 1: the file is UTF-16; save it as UTF-8")
        self._is_utf8 = data.startswith(codecs.BOM_UTF8)
        return data.removeprefix(codecs.BOM_UTF8)

    def refuse_nul(self, data: bytes, line: int) -> None:
        if (place := data.find(b"\0")) >= 0:
            where = line + data.count(b"\n", 0, place)
            raise PublicationRefused(f"line {where}: there is a NUL byte; the file is damaged or no CSV: save it again")

    @property
    def is_latin1(self) -> bool:
        return self._is_latin1

    def was_utf8(self, data: bytes) -> None:
        """A parser that checks it took the piece as UTF-8: what looks like Latin-1 later is damage."""
        self._is_utf8 = self._is_utf8 or not data.isascii()

    def as_utf8(self, data: bytes, line: int) -> bytes:
        """The piece in UTF-8; it begins at ``line``. Raises PublicationRefused where it is neither of the two."""
        if data.isascii():
            return data
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            if not self._is_latin1 and (self._is_utf8 or _is_utf8_mostly(data)):
                where = line + data.count(b"\n", 0, error.start)
                raise PublicationRefused(
                    f"line {where}: the file is UTF-8, but not here; the sign is damaged: save it as UTF-8 again,"
                    " or send it again if it was cut on its way"
                ) from None
            self._is_latin1 = True
            return data.decode("latin-1").encode("utf-8")
        if self._is_latin1:
            raise PublicationRefused(
                f"line {line}: the file is Latin-1 before and UTF-8 from about here; save it as UTF-8"
            )
        self._is_utf8 = True
        return data


def _looks_like_utf16(data: bytes) -> bool:
    """Without a byte order mark: every other byte of the first signs is NUL."""
    head = data[:64]
    return len(head) >= 8 and (not any(head[0::2]) or not any(head[1::2]))


def _is_utf8_mostly(data: bytes) -> bool:
    """Latin-1 text almost never has bytes that are right as UTF-8; a damaged UTF-8 file has few that are wrong."""
    right = len(_UTF8_SIGN.findall(data))
    return right > data.decode("utf-8", "replace").count("\ufffd")
