"""Mails a second: ``python -m bench.mail`` prints the outbox beside what sends without one, as ratios in one run.

All hand the same three mails an agent (none of them secured: the sink has no TLS) to a sink on loopback (aiosmtpd, in a
process of its own), building included: over one connection, but for one competitor that opens one a message. Rates are
of the wall's clock, in turns, the best of the rounds; CPU is of this process alone.
"""

import os
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.measured import table
from bench.scratch import set_up

AGENTS = int(os.environ.get("BENCH_AGENTS", "400"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AIM = 400  # mails a second, building included
SINK = """
import asyncio, sys
from aiosmtpd.controller import Controller
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
async def main():
    from aiosmtpd.smtp import SMTP
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), hostname="sink.test"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(1200)
asyncio.run(main())
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="extranet-bench-") as folder, sink() as port:
        set_up(Path(folder), cheap=False, EXTRANET_EMAIL_URL=f"smtp://127.0.0.1:{port}", EXTRANET_MAIL_PACE="0")
        measured = in_turns(contenders(port), ROUNDS)
    tell(measured)


@contextmanager
def sink() -> Iterator[int]:
    """The port of a receiver that takes everything and keeps nothing."""
    server = subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()


def contenders(port: int) -> dict[str, Callable[[], tuple[float, float, int]]]:
    """Each sends all mails once; seconds of the wall, seconds of CPU, mails."""
    return {
        "smtplib alone, one connection": lambda: timed(lambda: alone(port)),
        "Django, one connection": lambda: timed(lambda: by_django(port)),
        "smtplib, a connection a message": lambda: timed(lambda: one_each(port)),
        "outbox: delivery of what was posted": delivered,
        "outbox: composed and delivered": composed_and_delivered,
        "outbox, whole: worded, composed, sealed, posted, delivered": lambda: timed(whole),
    }


def in_turns(acts: dict[str, Callable[[], tuple[float, float, int]]], rounds: int) -> dict[str, tuple[float, float]]:
    """Mails a second, and a CPU-second, in the best round."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, act in acts.items():
            wall, cpu, mails = act()
            rate, of_cpu = best.get(name, (0.0, 0.0))
            best[name] = (max(rate, mails / wall), max(of_cpu, mails / cpu))
    return best


def timed(act: Callable[[], int]) -> tuple[float, float, int]:
    wall, cpu = time.perf_counter(), time.process_time()
    mails = act()
    return time.perf_counter() - wall, time.process_time() - cpu, mails


def alone(port: int) -> int:
    mails = 0
    with smtplib.SMTP("127.0.0.1", port, "bench.test") as server:
        for message in built():
            server.send_message(message)
            mails += 1
    return mails


def one_each(port: int) -> int:
    mails = 0
    for message in built():
        with smtplib.SMTP("127.0.0.1", port, "bench.test") as server:
            server.send_message(message)
        mails += 1
    return mails


def by_django(port: int) -> int:
    mail, backend = import_module("django.core.mail"), import_module("django.core.mail.backends.smtp")
    mails = 0
    with backend.EmailBackend(host="127.0.0.1", port=port, use_tls=False, use_ssl=False) as connection:
        for to, words in worded():
            message = mail.EmailMultiAlternatives(words.subject, words.text, "a@exchange.test", [to], None, connection)
            message.attach_alternative(words.html, "text/html")
            mails += message.send()
    return mails


def built() -> Iterator[EmailMessage]:
    for to, words in worded():
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@exchange.test", to, words.subject
        message.set_content(words.text)
        message.add_alternative(words.html, subtype="html")
        yield message


def worded() -> Iterator[tuple[str, Any]]:
    """The words of all mails, rendered from the profile: that is part of building for everybody."""
    render = import_module("extranet.profile.words").render
    for number in range(AGENTS):
        for mail in three(number):
            yield address(number), render(mail.kind, mail.context(), language="en")


def three(number: int) -> list[Any]:
    mails = import_module("extranet.mail.catalogue")
    person = {"first_name": "Alice", "last_name": f"Example {number}"}
    counts = {"rows": number, "cases": number, "compared": True, "added": 1, "gone": 0, "changed": 3}
    return [
        mails.IntroductionMail(**person, kept_account=False),
        mails.BookReadyMail(report_title="Book of Business", as_of=date(2026, 11, 23), **counts),
        mails.ExpiryWarningMail(expires_on=date(2026, 12, 3), days=10),
    ]


def address(number: int) -> str:
    return f"alice{number}@agents{number % 20}.test"


def posted() -> int:
    """As on a Monday: the three mails of an agent in one transaction, as a thread."""
    atomic, post = import_module("django.db").transaction.atomic, import_module("extranet.mail.outbox").post
    uuid4, now = import_module("uuid").uuid4, import_module("django.utils.timezone").now
    for number in range(AGENTS):
        with atomic():
            thread = uuid4()
            for place, mail in enumerate(three(number)):
                key = f"{mail.kind}:{thread}:1"
                about = f"CC_{1_000_000 + number}"
                facts = {"to": address(number), "about": about, "key": key, "language": "", "now": now()}
                post(mail, thread=thread, place=place, **facts)
    return 3 * AGENTS


def sent() -> int:
    deliver, now = import_module("extranet.mail.delivery").deliver_due, import_module("django.utils.timezone").now
    mails = 0
    while done := deliver(now=now(), limit=10_000).accepted:
        mails += done
    return mails


def delivered() -> tuple[float, float, int]:
    posted()
    return timed(sent)


def composed_and_delivered() -> tuple[float, float, int]:
    """Building as a mail library has it: words into a message. Words and rows were made before."""
    posted()
    compose = import_module("extranet.mail.message").compose
    rows = import_module("extranet.mail.outbox").unfinished().order_by("posted_at", "place")
    sender = import_module("extranet.profile.loader").current().system_sender
    pairs = list(zip(rows, (words for _, words in worded()), strict=True))
    building = timed(lambda: sum(bool(compose(row, words, sender)) for row, words in pairs))
    sending = timed(sent)
    return building[0] + sending[0], building[1] + sending[1], sending[2]


def whole() -> int:
    posted()
    return sent()


def tell(measured: dict[str, tuple[float, float]]) -> None:
    alone_rate = measured["smtplib alone, one connection"][0]
    rows = []
    for name, (rate, of_cpu) in measured.items():
        ours = name.startswith("outbox")
        verdict = "" if not ours else "reached" if rate >= AIM else "not reached"
        aim = f"{AIM} a second" if ours else ""
        rows.append([name, f"**{rate / alone_rate:.2f}x**", f"{rate:,.0f}", f"{of_cpu:,.0f}", aim, verdict])
    print(f"{3 * AGENTS:,} mails each, the best of {ROUNDS} rounds\n")
    print(table(["mails a second, building included", "ratio", "a second", "a CPU-second", "aim", ""], rows))


if __name__ == "__main__":
    main()
