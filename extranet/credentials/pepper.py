"""A pepper: a key under which passwords are digested before the slow hash (SP 800-63B-4, OWASP). Optional.

It lies in ``keys/pepper`` or in the environment, never in the database: a thief of the rows alone cannot try a single
password. The first one is in force; the others open what was made under them until its owner logs in.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from extranet.credentials.models import Account
from extranet.keyring.masters import changed_at
from extranet.vault.keys import KeyRefused
from extranet.vault.sealing import KEY_BYTES

PREFIX = "pepper_"
_ID = 8


@dataclass(frozen=True)
class Pepper:
    """One key. Its id stands before the hashes made under it, and tells nothing about the key."""

    id: str
    key: bytes = field(repr=False)

    def over(self, password: str) -> str:
        """What is hashed in place of the password: 44 plain signs."""
        return base64.b64encode(hmac.digest(self.key, password.encode(), "sha256")).decode()


@dataclass(frozen=True)
class Stored:
    """A stored hash, taken apart: the id of its pepper (blank: none) and what the hasher made."""

    pepper: str
    hash: str


def in_force() -> Pepper | None:
    """The pepper of new hashes; None where the site has none. Raises KeyRefused."""
    return next(iter(_all()), None)


def named(pepper_id: str) -> Pepper | None:
    """The pepper of that id; None if it is not (or no longer) here."""
    return next((pepper for pepper in _all() if pepper.id == pepper_id), None)


def together(pepper: Pepper | None, encoded: str) -> str:
    """As it is stored."""
    return f"{PREFIX}{pepper.id}${encoded}" if pepper else encoded


def apart(stored: str) -> Stored:
    """The reverse of ``together``."""
    if not stored.startswith(PREFIX):
        return Stored("", stored)
    head, _, rest = stored.partition("$")
    return Stored(head.removeprefix(PREFIX), rest)


def lost() -> list[str]:
    """Ids of peppers under which passwords are stored and which are not here: their owners need the reset link."""
    used = Account.objects.filter(password__startswith=PREFIX).values_list("password", flat=True)
    return sorted({apart(stored).pepper for stored in used.iterator()} - {pepper.id for pepper in _all()})


def _all() -> tuple[Pepper, ...]:
    env = settings.EXTRANET
    return _read(env.password_pepper, env.pepper_file, changed_at(env.pepper_file))


@lru_cache(maxsize=4)
def _read(value: str, file: Path, _changed: object) -> tuple[Pepper, ...]:
    texts = value.split() or (file.read_text().split() if file.exists() else [])
    return tuple(_pepper(text, "EXTRANET_PASSWORD_PEPPER" if value else str(file)) for text in texts)


def _pepper(text: str, where: str) -> Pepper:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"{where}: a pepper is base64 of {KEY_BYTES} bytes; make one with `openssl rand -base64 32`")
    return Pepper(hashlib.sha256(b"agent-extranet pepper id\0" + key).hexdigest()[:_ID], key)
