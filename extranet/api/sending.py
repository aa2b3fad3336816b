"""Taking a file from the body of a request: sealed chunk by chunk while it arrives, never spooled, never whole."""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest, UnreadablePostError
from django.utils import timezone

from extranet.api.gate import token_of
from extranet.api.problems import Problem
from extranet.policy import local_day
from extranet.profile.in_force import policy, zone
from extranet.profile.loader import current
from extranet.reports.listing import StagedUpload
from extranet.reports.once import Asked, CutOff, KeyUsed, receive_once
from extranet.reports.room import NoRoom
from extranet.reports.staging import LARGEST
from extranet.web.access import actor_of

PIECE = 256 * 1024
TYPES = (
    "text/csv",
    "application/octet-stream",
    "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
TWO_PERSONS = "The policy asks for a second person: a publisher releases it on the staff pages."
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


def take_body(request: HttpRequest, *, kind: str, as_of: date, name: str, release: bool, key: str) -> StagedUpload:
    """The upload of this body under this key, new or of before. Raises Problem."""
    if kind not in current().reports:
        raise Problem(422, f"There is no such report; there are: {', '.join(current().reports)}.")
    if as_of > local_day(timezone.now(), zone()):
        raise Problem(422, "The day of the extract has not come yet.")
    if release:
        require_one_person()
    size = _announced_size(request)
    asked = Asked(kind, as_of, name, size, release, _announced_digest(request), token_of(request))
    by, now = actor_of(request), timezone.now()
    try:
        return receive_once(chunks=_body(request), asked=asked, key=key, way="api", by=by, now=now)
    except NoRoom as error:
        raise Problem(507, f"{str(error).capitalize()}.") from error
    except KeyUsed as error:
        raise Problem(422, f"{str(error).capitalize()}.") from error
    except (CutOff, UnreadablePostError) as error:
        raise Problem(400, f"{error}.") from error


def require_one_person() -> None:
    """A token is the person that owns it, and the API cannot tell one person from another's program."""
    if policy().release_persons > 1:
        raise Problem(403, TWO_PERSONS)


def _announced_size(request: HttpRequest) -> int:
    if (request.content_type or "").lower() not in TYPES:
        raise Problem(415, f"The body is the file itself, as one of: {', '.join(TYPES)}.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise Problem(411, "Say how long the file is: Content-Length.")
    if int(length) > LARGEST:
        raise Problem(413, f"The file is larger than {LARGEST // 1024**3} GB.")
    if int(length) == 0:
        raise Problem(422, "The file is empty.")
    return int(length)


def _announced_digest(request: HttpRequest) -> str:
    """SHA-256 in hex from a Content-Digest (RFC 9530), blank if none was sent."""
    header = request.headers.get("Content-Digest", "").strip()
    if not header:
        return ""
    found = DIGEST.fullmatch(header)
    try:
        return base64.b64decode(found[1], validate=True).hex() if found else _unread()
    except binascii.Error:
        return _unread()


def _unread() -> str:
    raise Problem(400, "Write Content-Digest as sha-256=:BASE64:, or leave it out.")


def _body(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(PIECE):
        yield piece
