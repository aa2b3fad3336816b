"""What a store of objects promises: they appear whole or not at all, and are never changed afterwards."""

import re
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Protocol, Self

_NAME: Final = re.compile(r"[a-z0-9_-][a-z0-9._-]{0,199}")


class StoreRefused(Exception):
    """The store cannot do that; the message says why."""


class StoreAway(StoreRefused):
    """The store does not answer, after some tries: a matter of time. Nothing was changed that can be seen."""


class NameTaken(StoreRefused):
    """There is an object of that name, or another process is writing it."""


class ObjectMissing(StoreRefused):
    """There is no object of that name."""


class Reader(Protocol):
    """One object, read by ranges; from several threads if need be. Reading needs no size: ask only where it matters."""

    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes; fewer only at the end of the object."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Target(Protocol):
    """What a writer gives: bytes are appended."""

    def write(self, data: bytes, /) -> object: ...


class Store(Protocol):
    """Names are ours, never a user's: small letters, digits, dot, hyphen, underscore."""

    def writer(self, name: str) -> AbstractContextManager[Target]:
        """Leave the block cleanly: the object is durable and visible. Leave it by an error: there is nothing.
        Raises NameTaken, on entry or at the end: an object is created once."""
        ...

    def open(self, name: str) -> Reader:
        """Raises ObjectMissing, here or at the first read."""
        ...

    def delete(self, name: str) -> None:
        """Durably; what is gone already is fine, so that retention may be repeated."""
        ...

    def names(self) -> list[str]:
        """All whole objects, sorted."""
        ...

    def leftovers(self) -> list[str]:
        """Names whose writing was killed: not visible, no obstacle to the next ``writer`` of that name, worth a line to
        the operator, removed by ``sweep``."""
        ...

    def sweep(self) -> list[str]:
        """Remove the leftovers; which they were."""
        ...

    def require_there(self) -> None:
        """Raises StoreAway or StoreRefused where objects could not be written now; quick, and writes nothing."""
        ...


def is_name(text: str) -> bool:
    """Whether that could name an object."""
    return _NAME.fullmatch(text) is not None


def require_name(text: str) -> str:
    """The name, if it is one; StoreRefused otherwise."""
    if not is_name(text):
        raise StoreRefused(f"{text!r} is not a name for an object")
    return text
