"""Range reads of one object in S3: one request a range, and the size comes with the first."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

import obstore
from obstore.exceptions import PreconditionError
from obstore.store import S3Store

from extranet.vault.object_errors import told
from extranet.vault.objects import ObjectMissing, StoreRefused

if TYPE_CHECKING:
    from obstore import GetOptions


class ObjectReader:
    """Bound to the object that the first request met: one that was deleted and made anew is never mixed in.

    Safe from several threads: what is remembered is the same whoever asks first.
    """

    def __init__(self, client: S3Store, key: str, name: str, place: str) -> None:
        self._client = client
        self._key = key
        self._name = name
        self._place = place
        self._size: int | None = None
        self._etag: str | None = None

    def size(self) -> int:
        """Known after the first read, else asked for."""
        if self._size is None:
            with told(self._name, self._place):
                found = obstore.head(self._client, self._key)
            self._remember(found["size"], found["e_tag"])
        return self._size or 0

    def read(self, offset: int, length: int) -> bytes:
        if length <= 0 or (self._size is not None and offset >= self._size):
            return b""
        try:
            return self._fetched(offset, length)
        except ObjectMissing:
            raise
        except StoreRefused:
            if self._size is None and offset >= self.size():  # no such range: of an object not looked at before
                return b""
            raise

    def close(self) -> None:
        """Nothing is held open."""

    def _fetched(self, offset: int, length: int) -> bytes:
        with told(self._name, self._place):
            try:
                answer = obstore.get(self._client, self._key, options=self._asked(offset, length))
            except PreconditionError:
                raise ObjectMissing(f"{self._name} in {self._place} is no longer what was opened") from None
            self._remember(answer.meta["size"], answer.meta["e_tag"])
            return bytes(answer.bytes())

    def _asked(self, offset: int, length: int) -> "GetOptions":
        options: GetOptions = {"range": (offset, offset + length)}
        if self._etag is not None:
            options["if_match"] = self._etag
        return options

    def _remember(self, size: int, etag: str | None) -> None:
        self._size, self._etag = size, etag

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
