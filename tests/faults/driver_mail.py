"""Post mails, or deliver what is due: a process that the test kills whenever it likes.

``python -m tests.faults.driver_mail post COUNT`` | ``deliver MINUTES``: the minutes by which its clock is ahead.
"""

import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction
from django.utils import timezone

from extranet.mail.catalogue import IntroductionMail, ResetLinkMail
from extranet.mail.delivery import deliver_due
from extranet.mail.outbox import post


def main() -> None:
    act, number = sys.argv[1], int(sys.argv[2])
    if act == "post":
        for place in range(number):
            _post(place)
        return
    ahead = timedelta(minutes=number)
    while deliver_due(now=timezone.now() + ahead, limit=60).accepted:
        pass


def _post(place: int) -> None:
    """A notice and a secret, as acts post them."""
    now, to = timezone.now(), f"alice{place}@agents{place % 7}.test"
    link = ResetLinkMail(link=f"http://portal.test/reset/link/{place}/", minutes=60)
    mails = (IntroductionMail(first_name="Alice", last_name=str(place), kept_account=False), link)
    with transaction.atomic():
        for mail in mails:
            post(mail, to=to, about=f"CC_{place}", key=f"{mail.kind}:{place}:1", language="", now=now)


if __name__ == "__main__":
    main()
