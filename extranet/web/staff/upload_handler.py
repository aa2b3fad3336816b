"""Uploaded files are sealed while they arrive: no byte of them touches the disk in clear, none is kept in memory.

Django's own handlers would spool a file before a view sees it, so the handler is put in place before anything reads
the form; the check of the form's token reads it, and therefore comes after (Django's documented order).
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from extranet.reports.room import NoRoom
from extranet.reports.staging import Arriving
from extranet.web.access import PortalRequest
from extranet.web.csrf import own_forms_only

FIELD = "file"
PIECE = 256 * 1024
NO_ROOM = "The disk of the exchange is too full for this file. Tell its operator. It was not kept."
MULTIPART_OVERHEAD = 64 * 1024  # boundaries and the other fields, in the length that the browser announces


class SealedFile(UploadedFile):  # type: ignore[type-arg]  # generic for the type checker alone
    """What the form gets instead of a file: its name, its size, and where it lies sealed."""

    def __init__(self, arriving: Arriving, *, name: str) -> None:
        super().__init__(file=BytesIO(), name=name, size=arriving.size)
        self.arriving = arriving


class SealingHandler(FileUploadHandler):
    """Takes the one field ``file``, once, up to ``limit`` bytes; all else that is sent as a file is passed over."""

    chunk_size = PIECE

    def __init__(self, *, limit: int, now: datetime) -> None:
        super().__init__()
        self.limit, self.is_too_large, self._has_no_room, self._announced = limit, False, False, 0
        self._now = now
        self._arriving: Arriving | None = None
        self._is_complete = False

    def refusal(self, *, largest: str) -> str:
        """Why the file was not kept; blank where it was, or none was sent. ``largest``: the limit in words."""
        if self.is_too_large:
            return f"The file is larger than {largest}. It was not kept."
        return NO_ROOM if self._has_no_room else ""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  # Django hands it over by this name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """A form that is announced too large is not sealed at all."""
        self._announced = content_length
        self.is_too_large = content_length > self.limit + MULTIPART_OVERHEAD

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.field_name != FIELD or self._arriving is not None or self.is_too_large:
            raise SkipFile
        try:
            self._arriving = Arriving(now=self._now, size=min(self._announced, self.limit))
        except NoRoom as error:
            self._has_no_room = True
            raise SkipFile from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._arriving is None:
            return
        if self._arriving.size + len(raw_data) > self.limit:
            self.is_too_large = True
            self.discard()
            raise SkipFile
        self._arriving.write(raw_data)

    def file_complete(self, file_size: int) -> SealedFile | None:
        if self._arriving is None or self.is_too_large:
            return None
        self._is_complete = True
        return SealedFile(self._arriving, name=self.file_name or "")

    def upload_interrupted(self) -> None:
        """Django says so of a file that was passed over, too: the one before it is whole."""
        if not self._is_complete:
            self.discard()

    def discard(self) -> None:
        """Leave nothing of a file that no view kept."""
        if self._arriving is not None and not self._arriving.is_kept:
            self._arriving.discard()


Receiver = Callable[[PortalRequest, SealingHandler], HttpResponse]


def sealing(*, limit: int) -> Callable[[Receiver], Callable[[PortalRequest], HttpResponseBase]]:
    """Give a view the handler of its form's file, and remove what it did not keep, however it ended."""

    def declare(view: Receiver) -> Callable[[PortalRequest], HttpResponseBase]:
        protected = own_forms_only(view)

        @csrf_exempt
        @wraps(view)
        def receive(request: PortalRequest) -> HttpResponseBase:
            handler = SealingHandler(limit=limit, now=timezone.now())
            request.upload_handlers = [handler]
            try:
                return protected(request, handler)
            finally:
                handler.discard()

        return receive

    return declare
