"""Bytes on their way to S3: small ones stay here, more go out part by part and never lie in memory as a whole."""

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from extranet.vault.object_errors import told
from extranet.vault.objects import StoreRefused

if TYPE_CHECKING:
    from obstore import WritableFile

PART: Final = 8 * 1024 * 1024  # bytes a request; S3 takes ten thousand of them
AT_ONCE: Final = 2  # requests on their way while the next part is filled: about 32 MiB of memory in all
MOST: Final = 5 * 1024**3  # bytes that S3 copies in one request


class Upload:
    """What a writer of the store gives. Leave its block by an error: the parts that went out are given up."""

    def __init__(self, client: S3Store, key: str, place: str, before_large: Callable[[], None]) -> None:
        self._client = client
        self._key = key
        self._place = place
        self._before_large = before_large
        self._buffer = bytearray()
        self._written = 0
        self._parts: WritableFile | None = None

    @property
    def is_large(self) -> bool:
        return self._parts is not None

    @property
    def small(self) -> bytes:
        """Everything, where it never became large."""
        return bytes(self._buffer)

    def write(self, data: bytes, /) -> int:
        self._written += len(data)
        if self._written > MOST:
            raise StoreRefused(f"{self._place} takes objects of at most {MOST // 1024**3} GiB: split the publication")
        self._buffer += data
        while len(self._buffer) > PART:
            self._send(bytes(self._buffer[:PART]))
            del self._buffer[:PART]
        return len(data)

    def _send(self, part: bytes) -> None:
        if self._parts is None:
            self._before_large()
            self._parts = obstore.open_writer(self._client, self._key, buffer_size=PART, max_concurrency=AT_ONCE)
        with told(self._key, self._place, made=True):
            self._parts.write(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parts is None:
            return
        if error is not None:
            self._give_up(error)
            return
        try:
            self._send(self.small)
            with told(self._key, self._place, made=True):
                self._parts.close()
        except BaseException as failed:
            self._give_up(failed)
            raise

    def _give_up(self, error: BaseException) -> None:
        """What cannot be given up now, because the store is away, is named and swept as a leftover later."""
        if self._parts is not None and not self._parts.closed():
            with contextlib.suppress(BaseError, OSError):
                self._parts.__exit__(type(error), error, None)
