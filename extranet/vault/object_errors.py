"""What obstore raises, in words of the store. Its texts hold addresses and answers of servers: they go no further."""

from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from extranet.vault.objects import NameTaken, ObjectMissing, StoreAway, StoreRefused

FORBIDDEN = "403 Forbidden"  # of a listing, which has no error of its own
ROLE_SERVICE = "169.254.169.254"  # where a machine in Amazon's cloud is asked for its role if no key is set


@contextmanager
def told(name: str, place: str, *, made: bool = False) -> Iterator[None]:
    """For the block: one call of obstore about the object ``name`` in ``place``; ``made``: it makes something there."""
    try:
        with told_as_away(name, place):
            yield
    except FileNotFoundError:
        raise no_bucket(place) if made else ObjectMissing(f"{name} is not in {place}") from None


def no_bucket(place: str) -> StoreRefused:
    return StoreRefused(f"there is no bucket of {place}: make it, or correct EXTRANET_STORE_URL")


@contextmanager
def told_as_away(name: str, place: str) -> Iterator[None]:
    """The same, but an object that is not there stays FileNotFoundError."""
    try:
        yield
    except (AlreadyExistsError, PreconditionError):  # a put and a copy that found the name taken
        raise NameTaken(f"{name} exists already in {place}") from None
    except (BaseError, OSError) as error:
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or FORBIDDEN in str(error):
            raise StoreRefused(
                f"{place} refuses our key: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what that key may do"
            ) from None
        if "NoSuchBucket" in str(error):
            raise no_bucket(place) from None
        if isinstance(error, FileNotFoundError):
            raise
        if ROLE_SERVICE in str(error):
            raise StoreAway(f"there is no key for {place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
        raise StoreAway(f"{place} does not answer: try again; then check AWS_ENDPOINT_URL and network") from None
