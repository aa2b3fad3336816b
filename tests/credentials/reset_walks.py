"""Steps of a reset, for tests: ask, find the link in the mail, claim."""

import re
from datetime import datetime

from extranet.credentials import reset
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from tests.credentials.people import HOME, mails

HERS, STRANGERS = "a" * 32, "c" * 32
BROWSER = "Firefox (Windows)"


def reset_mails(account: Account) -> list[OutboxMail]:
    return [mail for mail in mails(account.username) if mail.kind == "reset_link"]


def link_in(mail: OutboxMail) -> str:
    found = re.search(r"https?://\S+/link/\S+", body_of(mail).text)
    assert found
    return found[0]


def token_in(mail: OutboxMail) -> str:
    return link_in(mail).rstrip("/").rpartition("/")[2]


def ask(name: str, *, now: datetime, browser_token: str = HERS, network: str = HOME) -> reset.Asked:
    return reset.ask(username=name, network=network, browser_token=browser_token, now=now)


def asked(account: Account, *, now: datetime, browser_token: str = HERS) -> tuple[str, str]:
    """Token out of the newest mail, and the code of the confirmation screen."""
    before = {mail.pk for mail in reset_mails(account)}
    code = ask(account.username, now=now, browser_token=browser_token).code
    mail = next(mail for mail in reset_mails(account) if mail.pk not in before)
    return token_in(mail), code


def claim(
    token: str, *, now: datetime, browser_token: str = HERS, code: str = "", chosen: str = "", device: str | None = None
) -> reset.Claimed:
    return reset.claim(
        token=token,
        browser_token=browser_token,
        code=code,
        network=HOME,
        browser=BROWSER,
        now=now,
        chosen=chosen,
        device=device,
    )
