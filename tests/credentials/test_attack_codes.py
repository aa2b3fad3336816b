"""A code is worth one login, also where the thief and its owner send it at one moment (IA-2)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from extranet.credentials.models import Account
from extranet.credentials.second_factor import SecondFactorRefused, activate, code_at, prove
from tests.credentials.people import DESK, HOME, new_staff

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AT_ONCE = 4  # below the five tries after which everybody is refused anyway


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["of the app", "for recovery"])
def test_of_many_who_send_one_code_at_once_one_gets_in(kind: str, now: datetime) -> None:
    dora = new_staff("dora", now=now)
    recovery = activate(account=dora, secret=SECRET, step=0, now=now, by=DESK)
    code = code_at(secret=SECRET, now=now) if kind == "of the app" else recovery[0]
    ready = Barrier(AT_ONCE)

    def send(_: int) -> bool:
        try:
            mine = Account.objects.get(pk=dora.pk)
            ready.wait()
            prove(account=mine, code=code, network=HOME, now=now)
        except SecondFactorRefused:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert sum(pool.map(send, range(AT_ONCE))) == 1
