"""Whether secured mails can leave as they are configured to: asked before anything starts, and by ``doctor``."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from extranet.env import Env
from extranet.mail.secured.certificates import addresses_in
from extranet.mail.secured.signer import CERTIFICATE, SignerRefused, signer
from extranet.profile.loader import current

BODY = "body"
SOON = timedelta(days=30)


class SecuredMailRefused(Exception):
    """Secured mails could not leave, or would leave readable; one line a fault, each with the variable to set."""


def require_configured(*, now: datetime) -> None:
    """Raises SecuredMailRefused, ProfileRefused."""
    if found := list(faults(now=now)):
        raise SecuredMailRefused("\n".join(found))


def faults(*, now: datetime) -> Iterator[str]:
    """What keeps the site from starting."""
    env: Env = settings.EXTRANET
    if env.secured_mail == "gateway":
        yield from _gateway()
    if env.secured_mail == "smime":
        yield from _smime(now)
    yield from _canary(env)


def senders_without_certificate() -> list[str]:
    """Addresses that mails come from and the signing certificate does not name: mail programs will warn of them."""
    if settings.EXTRANET.secured_mail != "smime":
        return []
    named = addresses_in(signer().certificate)
    return sorted({mail.sender.email for mail in current().mails.values() if mail.secured} - named)


def lasts(*, now: datetime) -> bool:
    """Whether the signing certificate, where one is used, is good for a while."""
    return settings.EXTRANET.secured_mail != "smime" or signer().is_good(now + SOON)


def expectation(text: str) -> tuple[str, str]:
    """Header and what must stand in it, or ``body`` and a phrase. Raises ValueError."""
    name, colon, wanted = (piece.strip() for piece in text.partition(":"))
    if not colon or not wanted or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise ValueError
    return BODY if name.lower() == BODY else name, wanted


def _gateway() -> Iterator[str]:
    profile = current()
    if not profile.secured_mark and profile.secured_header is None:
        yield (
            f"{profile.folder}/profile.toml: portal has neither secured_mark nor secured_header, so no gateway "
            "could tell which mails to secure: write one, or set EXTRANET_SECURED_MAIL to smime or pickup"
        )


def _smime(now: datetime) -> Iterator[str]:
    try:
        ours = signer()
    except SignerRefused as refused:
        yield str(refused)
        return
    if not ours.is_good(now):
        end = ours.certificate.not_valid_after_utc.date()
        yield f"{CERTIFICATE}: the certificate is not valid now (it ends on {end}): put a new one in its place"


def _canary(env: Env) -> Iterator[str]:
    given = {
        "EXTRANET_CANARY_TO": env.canary_to,
        "EXTRANET_CANARY_MAILBOX": env.canary_mailbox,
        "EXTRANET_CANARY_EXPECT": env.canary_expect,
    }
    if not any(given.values()):
        return
    yield from (f"{name} is not set: a canary needs all three, or none" for name, value in given.items() if not value)
    if env.secured_mail != "gateway":
        yield "EXTRANET_CANARY_TO: a canary watches the gateway, so EXTRANET_SECURED_MAIL must be gateway: remove one"
    if env.canary_to and not _is_address(env.canary_to):
        yield "EXTRANET_CANARY_TO is no e-mail address: correct it"
    if env.canary_mailbox is not None and not env.canary_mailbox.exists():
        yield f"EXTRANET_CANARY_MAILBOX: {env.canary_mailbox} does not exist: name a Maildir, a folder or an mbox"
    if env.canary_expect and not _is_expectation(env.canary_expect):
        yield (
            "EXTRANET_CANARY_EXPECT must be a header and a part of its value, or body and a phrase: "
            "e.g. Content-Type: application/pkcs7-mime"
        )


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _is_expectation(text: str) -> bool:
    try:
        expectation(text)
    except ValueError:
        return False
    return True
