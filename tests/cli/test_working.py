"""A mail server that does not answer delays nothing else, and does not keep a worker from stopping."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.cli import working
from extranet.cli.working import Duty, duties, work
from extranet.mail.catalogue import EmailChangedMail
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import post


@pytest.fixture(autouse=True)
def usual_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)  # the rounds close the connections of their threads
def test_a_duty_that_waits_for_somebody_else_keeps_no_other_waiting() -> None:
    answered, done = threading.Event(), []

    def waits(now: datetime) -> None:
        answered.wait(30)

    def counts(now: datetime) -> None:
        done.append(now)
        if len(done) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    work([Duty("mail", 0, waits, apart=True), Duty("seal", 0, counts)])
    assert len(done) >= 3
    answered.set()


def test_mail_is_the_duty_that_stands_apart() -> None:
    assert [duty.name for duty in duties(threading.Event()) if duty.apart] == ["mail"]


def test_a_duty_may_ask_to_rest_for_longer() -> None:
    duty = Duty("mail", 0, lambda now: timedelta(minutes=5))
    duty.do()
    assert duty.next_at > time.monotonic() + 200


def test_a_server_that_is_away_is_asked_again_after_a_rest(
    db: None, now: datetime, settings: Settings, data_folder: object
) -> None:
    with socket.socket() as nobody:  # bound, not listening: refuses
        nobody.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{nobody.getsockname()[1]}"
        settings.EXTRANET = settings.EXTRANET.model_copy(update={"email_url": url})
        with transaction.atomic():
            post(
                EmailChangedMail(),
                to="alice@agents.test",
                about="CC_1",
                key="email_changed:CC_1:1",
                language="",
                now=now,
            )
        assert working._deliver(now, threading.Event()) == working.WHEN_DOWN
    assert OutboxMail.objects.get().state == "deferred"
    assert working._deliver(now, threading.Event()) is None, "nothing due"
