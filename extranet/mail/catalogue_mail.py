"""What every mail of the catalogue is: typed fields that are checked, a folder of words, free text that is declared."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from django.conf import settings

from extranet.profile.loader import current
from extranet.profile.wording import SECRET_MAILS

ALLOWED_TYPES = (str, int, bool, date, datetime)
LONGEST_NAME = 500
ALWAYS_SECURED = frozenset({"password", "canary"})  # J8: whatever a profile says; and what tries the way


class FieldRefused(Exception):
    """A field has another type, form or address than its class declares; the message names class and field."""


@dataclass(frozen=True, kw_only=True)
class CatalogueMail:
    """One thing to say. ``kind`` is its folder of words; sender and secured way are the profile's choice."""

    kind: ClassVar[str]
    secret: ClassVar[bool]
    """Opens an account: its body is wiped once it left."""
    free_text: ClassVar[frozenset[str]] = frozenset()
    """Fields that a person wrote; they pass the guard."""

    def __init_subclass__(cls, *, kind: str, free_text: frozenset[str] = frozenset()) -> None:
        cls.kind, cls.secret, cls.free_text = kind, kind in SECRET_MAILS, free_text
        KINDS[kind] = cls

    def __post_init__(self) -> None:
        for field in fields(self):
            fault = _fault(field.type, getattr(self, field.name), one_line=field.name not in self.free_text)
            if fault is None and field.name == "link":
                fault = _link_fault(getattr(self, field.name))
            if fault is not None:
                raise FieldRefused(f"{type(self).__name__}.{field.name} {fault}")

    @classmethod
    def is_secured(cls) -> bool:
        """Whether mails of this kind leave by the secured way."""
        return cls.kind in ALWAYS_SECURED or current().mails[cls.kind].secured

    @property
    def secured(self) -> bool:
        return self.is_secured()

    @property
    def sender(self) -> Literal["service_center", "system"]:
        """Which of the profile's two senders (J5, J22)."""
        profile = current()
        return "system" if profile.mails[self.kind].sender == profile.system_sender else "service_center"

    def context(self) -> dict[str, object]:
        """The fields as the words take them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


KINDS: dict[str, type[CatalogueMail]] = {}
"""All classes by kind."""


def _fault(declared: Any, value: object, *, one_line: bool) -> str | None:
    if declared not in ALLOWED_TYPES:
        return f"is declared as {declared}; allowed are text, number, day, moment, yes or no"
    if type(value) is not declared:  # exactly: a bool is no count, a moment is no day
        return f"must be {declared.__name__}, not {type(value).__name__}"
    if isinstance(value, datetime) and value.utcoffset() is None:
        return "must be an aware moment"
    if isinstance(value, str) and one_line and (len(value) > LONGEST_NAME or not value.isprintable()):
        return f"must be one printable line of at most {LONGEST_NAME} characters"
    return None


def _link_fault(link: str) -> str | None:
    """Links carry the configured addresses only, never one that came with a request."""
    own = (settings.EXTRANET.portal, settings.EXTRANET.reset)
    if any(link.startswith(f"{base}/") for base in own):
        return None
    return "must begin with the configured base URL or reset URL"
