"""Senders at once, killed at any moment: none lost, and what comes twice comes with the same bytes."""

import random
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from tests.faults.conftest import ROOT, environment, extranet
from tests.mail.conftest import _AnyPort

COUNT, KILLS, SENDERS, BATCH = 150, 8, 3, 50
AFTER_THE_LEASE = 11  # minutes
LONGEST = 60.0  # seconds of killing


class Relay:
    """Takes everything, offers nothing; remembers the digest of each copy of each mail."""

    offers_reports = offers_require_tls = False

    def __init__(self) -> None:
        self.copies: dict[str, list[str]] = defaultdict(list)

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        name = str(message_from_bytes(envelope.content)["Message-ID"])
        self.copies[name].append(sha256(envelope.content).hexdigest())
        return "250 OK"


@contextmanager
def served(relay: Relay) -> Iterator[Controller]:
    controller = _AnyPort(relay, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def begun(env: dict[str, str], *command: object) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.faults.driver_mail", *map(str, command)]
    return subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> None:
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint.decode()[-3000:]


def rows(data: Path) -> list[tuple[str, str, bytes | None]]:
    """Message-ID, state and what is left of the body."""
    with sqlite3.connect(data / "extranet.sqlite3") as database:
        return database.execute(
            "SELECT message_id, state, CASE secret WHEN 1 THEN sealed_body END FROM mail_outbox"
        ).fetchall()


@pytest.mark.parametrize("seed", [7])
def test_senders_that_are_killed_lose_nothing_and_repeat_only_what_was_not_noted(tmp_path: Path, seed: int) -> None:
    relay, dice = Relay(), random.Random(seed)
    with served(relay) as controller:
        env = environment(tmp_path) | {
            "EXTRANET_EMAIL_URL": f"smtp://127.0.0.1:{controller.port}",
            "EXTRANET_MAIL_PACE": "0",
            "DJANGO_SETTINGS_MODULE": "extranet.settings",
        }
        extranet(tmp_path, "init")
        finished(begun(env, "post", COUNT))
        senders = [begun(env, "deliver", 0) for _ in range(SENDERS)]
        killed, idle, until = 0, 0, time.monotonic() + LONGEST
        while killed < KILLS and idle < SENDERS and time.monotonic() < until:  # the rest may be in dead hands alone
            time.sleep(dice.uniform(0.1, 0.6))
            victim = dice.randrange(SENDERS)
            if not relay.copies:
                continue  # a sender that has not begun proves nothing
            if senders[victim].poll() is None:
                killed, idle = killed + 1, 0
                senders[victim].kill()
            else:
                idle += 1
            senders[victim].communicate(timeout=30)
            senders[victim] = begun(env, "deliver", 0)
        for sender in senders:
            finished(sender)
        finished(begun(env, "deliver", AFTER_THE_LEASE))
    assert killed, "nobody was killed in time"
    assert {state for _, state, _ in rows(tmp_path)} == {"accepted"}
    assert {body for _, _, body in rows(tmp_path)} == {None}, "a secret that left is wiped"
    assert set(relay.copies) == {message_id for message_id, _, _ in rows(tmp_path)}, "each mail arrived"
    assert all(len(set(copies)) == 1 for copies in relay.copies.values()), "a repeat has other bytes"
    repeats = sum(len(copies) - 1 for copies in relay.copies.values())
    assert repeats <= killed * BATCH, "more repeats than the killed senders had in hand"
    assert accepted_events(tmp_path) == 2 * COUNT


def accepted_events(data: Path) -> int:
    with sqlite3.connect(data / "extranet.sqlite3") as database:
        counted = database.execute("SELECT count(*) FROM audit_events WHERE action = 'mail:delivery:accepted'")
        (number,) = counted.fetchone()
    return int(number)
