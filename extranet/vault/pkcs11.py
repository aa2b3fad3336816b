"""A master key inside a PKCS#11 token (HSM, SoftHSM): the token wraps and unwraps, and the key never leaves it.

The address is that of RFC 7512, for example
``pkcs11:token=extranet;object=master?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/extranet/pin``.
The wrapped bytes are those of docs/reference/pack-format.md: AES-256-GCM with our nonce and AAD (CKM_AES_GCM), so the
token must take a nonce from its caller. One session, one call at a time: a token is slower than the lock.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from extranet.vault.keys import KeyRefused
from extranet.vault.sealing import KEY_BYTES, NONCE_BYTES, OVERHEAD, PLAIN, Unopenable

try:  # an extra: who keeps the key in a file does not need it
    import pkcs11
except ImportError:
    pkcs11 = None

SCHEME: Final = "pkcs11:"
ATTRIBUTES: Final = frozenset({"token", "object", "id", "serial", "type"})
QUERY: Final = frozenset({"module-path", "pin-source", "pin-value"})
ID_NONCE: Final = b"extranet-kid"  # seals one constant and nothing else, so it repeats no message under this nonce
ID_TEXT: Final = b"agent-extranet master key id\0\0\0\0"


class TokenAway(KeyRefused):
    """The token does not answer, or not as before: try again, the key is not lost."""


@dataclass(frozen=True)
class Address:
    """Where the key is, and how the token is opened."""

    module: str
    pin: str = field(repr=False)
    token: str = ""
    serial: str = ""
    object: str = ""
    key_id: bytes = b""


def read_address(text: str, where: str) -> Address:
    """The parts of a ``pkcs11:`` address; raises KeyRefused naming the part. Reads the PIN from its file."""
    path, _, query = text.removeprefix(SCHEME).partition("?")
    parts = _parts(path, ";", ATTRIBUTES, where) | _parts(query, "&", QUERY, where)
    if parts.pop("type", "secret-key") != "secret-key":
        raise KeyRefused(f"{where}: a master key is of type=secret-key")
    if not ("token" in parts or "serial" in parts) or not ("object" in parts or "id" in parts):
        raise KeyRefused(f"{where}: the address needs token= (or serial=) and object= (or id=)")
    if "module-path" not in parts:
        raise KeyRefused(f"{where}: the address needs ?module-path=, the library of the token")
    return Address(
        module=unquote(parts["module-path"]),
        pin=_pin(parts, where),
        token=unquote(parts.get("token", "")),
        serial=unquote(parts.get("serial", "")),
        object=unquote(parts.get("object", "")),
        key_id=unquote_to_bytes(parts.get("id", "")),
    )


class TokenKey:
    """The master key that the address names. After a lost session it opens another one, and tries once more."""

    def __init__(self, address: Address, where: str) -> None:
        self._address, self._where = address, where
        self._lock = threading.Lock()
        self._key: Any = None
        self._pid = 0
        with self._lock:
            self.id: str = self._identity(self._opened())

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """As ``Master.wrap``; raises TokenAway."""
        nonce = os.urandom(NONCE_BYTES)
        with self._lock:
            return PLAIN + nonce + self._tried_twice(lambda held: _encrypt(held, nonce, key, PLAIN + aad))

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """As ``Master.unwrap``; raises TokenAway as well."""
        if len(wrapped) != KEY_BYTES + OVERHEAD or wrapped[:1] != PLAIN:
            raise Unopenable("not wrapped by this program, or cut")
        nonce, sealed = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
        with self._lock:
            return self._tried_twice(lambda held: _decrypt(held, nonce, sealed, PLAIN + aad), may_be_wrong=True)

    def _tried_twice(self, act: Callable[[Any], bytes], *, may_be_wrong: bool = False) -> bytes:
        """Tokens answer a wrong tag and a lost session with the same error: whether the key still works, tells them
        apart."""
        try:
            return act(self._opened())
        except pkcs11.PKCS11Error:
            if may_be_wrong and self._still_works():
                raise Unopenable("wrong key, wrong place or altered bytes") from None
        self._key = None
        try:
            held = self._opened()
            if self._identity(held) != self.id:
                raise TokenAway(f"{self._where}: the token holds another key now than at start; put the right one back")
            return act(held)
        except pkcs11.PKCS11Error as error:
            self._key = None
            if may_be_wrong and self._still_works():
                raise Unopenable("wrong key, wrong place or altered bytes") from None
            raise self._away(error) from None

    def _still_works(self) -> bool:
        try:
            return self._identity(self._opened()) == self.id
        except (pkcs11.PKCS11Error, KeyRefused):
            return False

    def _opened(self) -> Any:
        """The key in an open session of this process. A child that was forked must begin anew with the library."""
        if self._key is None or self._pid != os.getpid():
            try:
                self._key = _find(self._address, forked=self._pid not in (0, os.getpid()))
            except pkcs11.PKCS11Error as error:
                raise self._away(error) from None
            self._pid = os.getpid()
            self._refuse_unfit(self._key)
        return self._key

    def _refuse_unfit(self, held: Any) -> None:
        if held.key_type != pkcs11.KeyType.AES or held.key_length != KEY_BYTES * 8:
            raise KeyRefused(f"{self._where}: the key in the token is no AES key of {KEY_BYTES * 8} bits")
        if held[pkcs11.Attribute.EXTRACTABLE] or not held[pkcs11.Attribute.SENSITIVE]:
            raise KeyRefused(f"{self._where}: the key may leave its token; make one that is sensitive, not extractable")

    def _identity(self, held: Any) -> str:
        try:
            sealed = _encrypt(held, ID_NONCE, ID_TEXT, b"id")
        except pkcs11.MechanismInvalid as error:
            raise KeyRefused(f"{self._where}: the token has no AES-GCM ({type(error).__name__})") from None
        return hashlib.sha256(b"agent-extranet master key id in a token\0" + sealed).hexdigest()[:16]

    def _away(self, error: Exception) -> KeyRefused:
        kind, hint = type(error).__name__, str(error)
        if isinstance(error, pkcs11.PinIncorrect | pkcs11.PinInvalid | pkcs11.PinLenRange | pkcs11.PinLocked):
            return KeyRefused(f"{self._where}: the token refuses the PIN ({kind}); correct pin-source before it locks")
        if isinstance(error, pkcs11.NoSuchKey | pkcs11.MultipleObjectsReturned):
            return KeyRefused(f"{self._where}: not exactly one key of that name or id is in the token ({kind})")
        if isinstance(error, pkcs11.NoSuchToken | pkcs11.MultipleTokensReturned):
            return TokenAway(f"{self._where}: not exactly one token of that name is there ({kind}); is it plugged in?")
        return TokenAway(f"{self._where}: the token does not answer ({kind} {hint}".rstrip() + "); try again")


@lru_cache(maxsize=8)
def token_key(text: str, where: str) -> TokenKey:
    """The key of that address, in one session for all who ask; raises KeyRefused or TokenAway."""
    address = read_address(text, where)
    if pkcs11 is None:
        raise KeyRefused(f"{where} is in a token, and python-pkcs11 is not installed: install the extra `pkcs11`")
    if not Path(address.module).is_file():
        raise KeyRefused(f"{where}: module-path={address.module} does not exist; name the library of the token")
    return TokenKey(address, where)


def _find(address: Address, *, forked: bool) -> Any:
    library = pkcs11.lib(address.module)
    if forked:
        library.reinitialize()
    by_name = {"token_label": address.token} if address.token else {}
    by_serial = {"token_serial": address.serial.encode()} if address.serial else {}
    token = library.get_token(**by_name, **by_serial)
    try:
        session = token.open(user_pin=address.pin)
    except pkcs11.UserAlreadyLoggedIn:  # another key of this process lies in the same token
        session = token.open()
    named = {"label": address.object} if address.object else {}
    numbered = {"id": address.key_id} if address.key_id else {}
    return session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, **named, **numbered)


def _encrypt(held: Any, nonce: bytes, text: bytes, aad: bytes) -> bytes:
    return bytes(held.encrypt(text, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=_gcm(nonce, aad)))


def _decrypt(held: Any, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    return bytes(held.decrypt(sealed, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=_gcm(nonce, aad)))


def _gcm(nonce: bytes, aad: bytes) -> Any:
    return pkcs11.GCMParams(nonce, aad, 128)


def _parts(text: str, separator: str, known: frozenset[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name not in known or not equals or name in found:
            told = name if name in known else "a part"  # any other may be a piece of the PIN
            raise KeyRefused(f"{where}: {told} is unknown, doubled or without a value in this place of the address")
        found[name] = value
    return found


def _pin(parts: dict[str, str], where: str) -> str:
    if ("pin-source" in parts) == ("pin-value" in parts):
        raise KeyRefused(f"{where}: the address needs either pin-source= (a file) or pin-value=")
    if "pin-value" in parts:
        return unquote(parts["pin-value"])
    file = Path(unquote(parts["pin-source"]).removeprefix("file://").removeprefix("file:"))
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"{where}: the PIN in {file} cannot be read ({type(error).__name__})") from None
