"""The owner is told by mail of every change of the factors: who did not do it learns that somebody did."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from extranet.credentials.models import Account
from extranet.mail.catalogue import SecondFactorChangedMail
from extranet.mail.outbox import AddressRefused, post


@dataclass(frozen=True)
class Change:
    """What happened to which of them; ``name`` is for the key of the mail."""

    name: str
    added: bool
    app: bool = False
    passkey: bool = False
    codes: bool = False


APP_ADDED = Change("app_added", added=True, app=True)
PASSKEY_ADDED = Change("passkey_added", added=True, passkey=True)
CODES_RENEWED = Change("codes_renewed", added=True, codes=True)
APP_REMOVED = Change("app_removed", added=False, app=True)
PASSKEY_REMOVED = Change("passkey_removed", added=False, passkey=True)
ALL_REMOVED = Change("all_removed", added=False, app=True, passkey=True, codes=True)


def tell(*, account: Account, change: Change, browser: str, now: datetime) -> None:
    """One mail a change, in the change's own transaction."""
    if not account.address:
        return
    mail = SecondFactorChangedMail(
        when=now,
        browser="".join(filter(str.isprintable, browser))[:120],
        added=change.added,
        app=change.app,
        passkey=change.passkey,
        codes=change.codes,
    )
    key = f"{mail.kind}:{account.username}:{change.name}:{now.isoformat()}"
    with suppress(AddressRefused):  # a wrong address on the roster must not keep anybody from a factor
        post(mail, to=account.address, about=account.username, key=key, language=account.language, now=now)
