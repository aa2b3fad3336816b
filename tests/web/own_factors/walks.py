"""What a person does with the pages of the factors, by an app or a key in software."""

import html
import re
from datetime import datetime

from django.test import Client
from django.utils import timezone

from extranet.credentials.models import Account
from extranet.credentials.second_factor import code_at, secret_of
from tests.credentials.authenticator import SoftKey
from tests.web.people import Answer, log_in, text_of

FACTORS = "/account/second-factor/"
APP = f"{FACTORS}app/"
CODES = f"{FACTORS}codes/"
PASSKEYS = f"{FACTORS}passkeys/"
CONFIRM = "/account/confirm/"


def key_on(client: Client) -> str:
    """The key that the page shows, as an app takes it."""
    found = re.search(r'<code class="app-key">([^<]*)</code>', text_of(client.get(APP)))
    assert found is not None
    return html.unescape(found[1]).replace(" ", "")


def set_up_app(client: Client) -> list[str]:
    """Through the page; the recovery codes that it shows."""
    code = code_at(secret=key_on(client), now=timezone.now())
    answer = client.post(APP, {"code": code})
    assert answer.headers["Location"] == CODES, text_of(answer)
    return codes_on(client)


def codes_on(client: Client) -> list[str]:
    return re.findall(r"<li><code>(\d+)</code></li>", text_of(client.get(CODES)))


def add_passkey(client: Client, key: SoftKey, name: str = "my phone") -> Answer:
    options = client.post(f"{PASSKEYS}begin/").json()
    return client.post(PASSKEYS, {"name": name, "credential": key.create(options)})


def with_code(client: Client, account: Account, now: datetime) -> Answer:
    """Log in with the password and the code of that moment."""
    assert log_in(client, account).headers["Location"] == "/login/second-factor/"
    return client.post("/login/second-factor/", {"code": code_at(secret=secret_of(account), now=now)})


def alone(client: Client, key: SoftKey, **fields: str) -> Answer:
    """Log in with nothing but the passkey."""
    options = client.post("/login/passkey/begin/").json()
    return client.post("/login/passkey/", {"credential": key.get(options), **fields})
