"""Packs in S3, or in what speaks its API (docs/decisions/0008-packs-in-s3.md).

Created once: a small object is one conditional put. A large one is uploaded part by part under a key of its own,
then the store copies it to its name on the condition that nothing has that name.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import S3Store

from extranet.vault.object_errors import told, told_as_away
from extranet.vault.object_parts import FOLDER, Part, abandoned, part_key, part_of
from extranet.vault.object_reader import ObjectReader
from extranet.vault.object_upload import PART, Upload
from extranet.vault.objects import NameTaken, StoreRefused, Target, is_name, require_name
from extranet.vault.unfinished_uploads import UnfinishedUploads

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*")

# Tries after the first, with growing pauses: some seconds where nobody listens, a minute at most.
_PATIENT: "Final[RetryConfig]" = {"max_retries": 5, "retry_timeout": timedelta(seconds=45)}
_QUICK: "Final[RetryConfig]" = {"max_retries": 0, "retry_timeout": timedelta(seconds=3)}


class ObjectStore:
    """One prefix of a bucket. Safe from several threads."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._prefix = prefix
        self._place = f"s3://{bucket}/{prefix}"
        self._patient = _client(bucket, retry=_PATIENT, wait={"connect_timeout": "5s", "timeout": "60s"})
        self._quick = _client(bucket, retry=_QUICK, wait={"connect_timeout": "2s", "timeout": "3s"})
        self._uploads = UnfinishedUploads(_endpoint(bucket), _region())

    @contextlib.contextmanager
    def writer(self, name: str) -> Iterator[Target]:
        key = self._key(name)
        with part_key(self._prefix, name) as part:
            upload = Upload(self._patient, part, self._place, lambda: self._require_free(name))
            with upload:
                yield upload
            if not upload.is_large:
                self._create(name, key, upload.small)
                return
            try:
                self._copy(name, part, key)
            finally:
                with contextlib.suppress(StoreRefused):  # the copy stands or not; the part is named as a leftover
                    self._remove(part)

    def open(self, name: str) -> ObjectReader:
        return ObjectReader(self._patient, self._key(name), name, self._place)

    def delete(self, name: str) -> None:
        self._remove(self._key(name))

    def names(self) -> list[str]:
        with told("", self._place):
            found = obstore.list_with_delimiter(self._patient, self._prefix or None)["objects"]
        return sorted(name for each in found if is_name(name := each["path"].removeprefix(self._prefix)))

    def leftovers(self) -> list[str]:
        return sorted({part.name for part in self._abandoned()})

    def sweep(self) -> list[str]:
        parts = self._abandoned()
        for part in parts:
            if part.upload:
                self._uploads.end(part.key, part.upload)
            else:
                self._remove(part.key)
        return sorted({part.name for part in parts})

    def require_there(self) -> None:
        """One listing, asked once."""
        with told("", self._place):
            obstore.list_with_delimiter(self._quick, f"{self._prefix}{FOLDER}")

    def _abandoned(self) -> list[Part]:
        """Uploads are asked for first: who copies now had its part before, and has it still when parts are listed."""
        parts = [part_of(self._prefix, each.key, each.since, each.upload) for each in self._uploads.under(self._prefix)]
        with told("", self._place):
            for page in obstore.list(self._patient, f"{self._prefix}{FOLDER}"):
                parts += [part_of(self._prefix, each["path"], each["last_modified"]) for each in page]
        return abandoned(parts, datetime.now(UTC))

    def _create(self, name: str, key: str, data: bytes) -> None:
        """One conditional put. If its answer was lost, the second try meets our own object, known by its mark."""
        mark = secrets.token_hex(16)
        try:
            with told(name, self._place, made=True):
                obstore.put(self._patient, key, data, mode="create", attributes={"writer": mark}, use_multipart=False)
        except NameTaken:
            with told(name, self._place):
                theirs = obstore.get(self._patient, key, options={"head": True}).attributes
            if theirs.get("writer") != mark:
                raise

    def _copy(self, name: str, part: str, key: str) -> None:
        """If the answer was lost, the second try meets our own object, known by its bytes: frames are sealed anew."""
        try:
            with told(name, self._place):
                obstore.copy(self._patient, part, key, overwrite=False)
        except StoreRefused:
            if not self._exists(name) or not self._same(part, key):
                raise

    def _same(self, one: str, other: str) -> bool:
        first, second = (ObjectReader(self._patient, key, key, self._place) for key in (one, other))
        if first.size() != second.size():
            return False
        return all(first.read(at, PART) == second.read(at, PART) for at in range(0, first.size(), PART))

    def _require_free(self, name: str) -> None:
        if self._exists(name):
            raise NameTaken(f"{name} exists already in {self._place}")

    def _exists(self, name: str) -> bool:
        try:
            with told_as_away(name, self._place):
                obstore.head(self._patient, self._key(name))
        except FileNotFoundError:
            return False
        return True

    def _remove(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError), told_as_away(key, self._place):
            obstore.delete(self._patient, key)

    def _key(self, name: str) -> str:
        return self._prefix + require_name(name)


def object_store(place: str) -> ObjectStore:
    """The store at ``bucket/prefix``. One for all who ask in this process, so that connections are used again."""
    bucket, _, prefix = place.partition("/")
    prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    if not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix):
        raise StoreRefused(f"EXTRANET_STORE_URL is 's3://{place}': that is no name of a bucket, or no plain prefix")
    if _endpoint(bucket).startswith("http://") and not _is_set("AWS_ALLOW_HTTP"):
        raise StoreRefused("AWS_ENDPOINT_URL is not encrypted: use https://, or set AWS_ALLOW_HTTP=true on purpose")
    return _opened(bucket, prefix, os.getpid(), tuple(sorted(_settings().items())))


@lru_cache(maxsize=8)
def _opened(bucket: str, prefix: str, _process: int, _environment: tuple[tuple[str, str], ...]) -> ObjectStore:
    """A forked process needs clients of its own, and a changed environment too: both are part of the key."""
    return ObjectStore(bucket, prefix)


def _client(bucket: str, *, retry: "RetryConfig", wait: "ClientConfig") -> S3Store:
    """Everything else comes from the AWS_ variables, as obstore reads them."""
    wait["allow_http"] = _is_set("AWS_ALLOW_HTTP")
    copying = os.environ.get("AWS_COPY_IF_NOT_EXISTS", "multipart")
    # one object a request: Amazon's call for many is not served by everybody who speaks this API
    return S3Store(
        bucket, copy_if_not_exists=copying, disable_bulk_delete=True, retry_config=retry, client_options=wait
    )


def _settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _endpoint(bucket: str) -> str:
    """The address of the bucket, as requests of our own need it."""
    named = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT")
    base = (named or f"https://s3.{_region()}.amazonaws.com").rstrip("/")
    return base if named and _is_set("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") else f"{base}/{bucket}"


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("true", "1")
