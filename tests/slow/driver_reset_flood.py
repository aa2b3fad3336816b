"""What stands in the database of the flooded server, before and after: run as a process of its own.

``prepare`` makes an account with a mailed reset link and prints what its owner holds; ``look`` prints what came of it.
"""

import json
import re
import sys

import django

django.setup()

from django.core.management import call_command
from django.utils import timezone

from extranet.credentials import reset
from extranet.credentials.models import Account, ResetLink, ShownPassword
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.vault.tokens import new_token
from tests.credentials.people import events, new_account

NAME = "4000001"


def prepare() -> dict[str, str]:
    call_command("migrate", verbosity=0)
    account, browser, now = new_account(NAME, now=timezone.now()), new_token(), timezone.now()
    reset.ask(username=NAME, network="127.0.0.0/24", browser_token=browser, now=now)
    found = re.search(r"/link/(\w+)/", body_of(OutboxMail.objects.get(kind="reset_link")).text)
    assert found
    return {"token": found[1], "browser": browser, "serial": str(account.password_serial)}


def look() -> dict[str, int | list[str]]:
    account = Account.objects.get()
    return {
        "serial": account.password_serial,
        "shown": ShownPassword.objects.count(),
        "states": list(ResetLink.objects.values_list("state", flat=True)),
        "claimed": len(events("account:reset:claimed")),
        "told": OutboxMail.objects.filter(kind="password_was_reset").count(),
    }


if __name__ == "__main__":
    print(json.dumps(prepare() if sys.argv[1] == "prepare" else look()))
