"""Guessing: ``python -m bench.throttle`` prints what a million bad logins on the throttle's functions and 20,000 at the
real server come to, and how genuine agents fare in the midst of it. Counts, not times; it takes minutes.

The hashing cost is the least there is: what is counted does not depend on it. A table on SQLite in a temp folder.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.door import Browser
from bench.measured import table
from bench.scratch import PASSWORD, people, set_up, strangers

PORT = 8731
WORKERS = 4
NEWEST_LINK = re.compile(r"/link/([a-z2-7]{32})/")
KNOWN, FIRST, RESET = "known device", "first-ever login", "reset"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--guesses", type=int, default=1_000_000)
    asked.add_argument("--served", type=int, default=20_000)
    asked.add_argument("--agents", type=int, default=3_000)
    asked.add_argument("--genuine", type=int, default=900)
    typed = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="extranet-bench-") as folder:
        made = set_up(Path(folder), cheap=True, port=PORT, EXTRANET_TRUSTED_PROXIES="127.0.0.1/32")
        now = import_module("django.utils.timezone").now()
        accounts = people(typed.agents, now=now - timedelta(days=1))
        names = [account.username for account in accounts] + strangers(typed.agents // 10)
        _simulated(accounts, names, typed.guesses, typed.genuine, now)
        import_module("extranet.credentials.models").Throttle.objects.all().delete()
        with _server(made):
            _served(accounts, names, typed.served, typed.genuine // 3)


def _simulated(accounts: Sequence[Any], names: Sequence[str], guesses: int, genuine: int, now: Any) -> None:
    guessing = import_module("bench.guessing")
    networks = [f"10.{number >> 8}.{number & 255}.0/24" for number in range(20_000)]
    draw = random.Random(2)
    mine = [*accounts[: genuine // 10], *draw.sample(list(accounts[genuine // 10 :]), genuine - genuine // 10)]
    owners = [_owner(guessing, account, number, draw.choice(networks), now) for number, account in enumerate(mine)]
    begun = time.process_time()
    found = guessing.flood(
        names=names,
        few=_few(accounts),
        networks=networks,
        genuine=owners,
        guesses=guesses,
        begin=now,
        span=timedelta(days=1),
        tick=_progress(guesses),
    )
    spent = time.process_time() - begun
    print(f"\n{guesses:,} bad logins in a day, {len(names):,} names, {len(networks):,} networks; on the functions\n")
    _tell(found.real, guesses, found.most, found.asked, found.let_in, found.by_reset)
    print(f"\n{spent / guesses * 1e6:.0f} us of CPU a try, {spent:.0f} s in all.")


def _few(accounts: Sequence[Any]) -> list[str]:
    """A hundredth of the accounts, which get half of the guesses: their own budget shall be spent too."""
    return [account.username for account in accounts[: max(len(accounts) // 100, 3)]]


def _owner(guessing: Any, account: Any, number: int, network: str, now: Any) -> Any:
    kind = (KNOWN, FIRST, RESET)[number % 3]
    if kind != KNOWN:
        return guessing.Genuine(account, kind, network)
    devices = import_module("extranet.credentials.devices")
    token = devices.mark_known(account=account, browser="", now=now)
    return guessing.Genuine(account, kind, network, devices.recognise(username=account.username, token=token))


@dataclass
class _Served:
    """What the server answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    real_at: Counter[str] = field(default_factory=Counter)
    most: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    let_in: Counter[str] = field(default_factory=Counter)
    by_reset: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bad(self, name: str, status: int) -> None:
        with self.lock:
            self.statuses[status] += 1
            if status == 200:
                self.real_at[name] += 1
                self.most = max(self.most, self.real_at[name])

    def good(self, kind: str, *, inside: bool, by_reset: bool) -> None:
        with self.lock:
            self.asked[kind] += 1
            self.let_in[kind] += inside
            self.by_reset += by_reset


def _served(accounts: Sequence[Any], names: Sequence[str], guesses: int, genuine: int) -> None:
    found, draw = _Served(), random.Random(3)
    few = _few(accounts)
    hard_pressed = [account for account in accounts if account.username in few]
    owners = hard_pressed + draw.sample(list(accounts), max(genuine - len(few), 0))
    known = {account.pk: _known_browser(account) for number, account in enumerate(owners) if number % 3 == 0}
    before = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = [owners[part::WORKERS] for part in range(WORKERS)]
        list(pool.map(lambda part: _shift(found, guesses // WORKERS, names, few, part, known), parts))
    took = time.monotonic() - before
    print(f"\n{guesses:,} bad logins through the server in {took:.0f} s, half of them at {len(few)} names\n")
    _tell(found.statuses[200], guesses, found.most, found.asked, found.let_in, found.by_reset)
    counts = ", ".join(f"{count:,} of {status}" for status, count in sorted(found.statuses.items()))
    print(f"\nStatuses of the bad ones: {counts}.")


def _shift(
    found: _Served,
    guesses: int,
    names: Sequence[str],
    few: Sequence[str],
    owners: Sequence[Any],
    known: Mapping[Any, Browser],
) -> None:
    draw, stranger = random.Random(threading.get_ident()), Browser(PORT, "10.0.0.1")
    every, waiting = max(guesses // (len(owners) + 1), 1), iter(enumerate(owners))
    for number in range(guesses):
        name = draw.choice(few if number % 2 else names)
        stranger.moved_to(f"10.{draw.randrange(78)}.{draw.randrange(256)}.{draw.randrange(1, 255)}")
        found.bad(name, stranger.log_in(name, "wrong wrong wrong"))
        if number % every == every - 1 and (one := next(waiting, None)) is not None:
            _owner_comes(found, one[1], known.get(one[1].pk), one[0], draw)


def _owner_comes(found: _Served, account: Any, known: Browser | None, number: int, draw: random.Random) -> None:
    kind = KNOWN if known else (FIRST, RESET)[number % 2]
    browser = known or Browser(PORT, f"172.16.{draw.randrange(256)}.{draw.randrange(1, 255)}")
    browser.cookies.pop("session", None)
    inside = kind != RESET and browser.log_in(account.username, PASSWORD) == 302
    by_reset = False if inside else _resets(browser, account)
    if by_reset:
        with found.lock:
            found.real_at[account.username] = 0  # another password
    found.good(kind, inside=inside or by_reset, by_reset=by_reset and kind != RESET)


def _known_browser(account: Any) -> Browser:
    browser = Browser(PORT, "192.0.2.7")
    devices, now = import_module("extranet.credentials.devices"), import_module("django.utils.timezone").now()
    browser.cookies["device"] = devices.mark_known(account=account, browser="", now=now)
    return browser


def _resets(browser: Browser, account: Any) -> bool:
    """The whole way: name, way, mail, button, password, login."""
    browser.get("/reset/")
    _, onward, _ = browser.post("/reset/", {"username": account.username})
    status, _, _ = browser.post(onward, {"how": "email"})
    link = _mailed(account) if status == 303 else None
    if link is None:
        return False
    _, onward, _ = browser.post(f"/reset/link/{link}/", {})
    password = re.search(r'id="new-password">([^<]+)<', browser.get(onward)[2])
    return bool(password) and browser.log_in(account.username, password[1] if password else "") == 302


def _mailed(account: Any) -> str | None:
    mails = import_module("extranet.mail.models").OutboxMail.objects.filter(about=account.username, kind="reset_link")
    newest = mails.order_by("posted_at").last()
    if newest is None or newest.sealed_body is None:
        return None
    found = NEWEST_LINK.search(import_module("extranet.mail.outbox").body_of(newest).text)
    return found[1] if found else None


@contextmanager
def _server(made: Mapping[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "extranet.cli.main", "web", "--port", str(PORT)]
    process = subprocess.Popen(
        command, env={**os.environ, **made}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(process: "subprocess.Popen[bytes]") -> None:
    for _ in range(150):
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            if Browser(PORT, "192.0.2.1").get("/health/live")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def _tell(
    real: int, guesses: int, most: int, asked: Mapping[str, int], let_in: Mapping[str, int], by_reset: int
) -> None:
    limit = import_module("extranet.profile.in_force").policy().unknown_device_budget_per_day
    rows = [
        ["bad logins that were real guesses", f"{real:,} of {guesses:,}", ""],
        ["most real guesses at one password", f"{most}", f"at most {limit}"],
        *([f"genuine: {kind}", f"{let_in[kind]} of {asked[kind]} in", "all"] for kind in (KNOWN, FIRST, RESET)),
        ["of these by the reset link, because nobody looked at their password", f"{by_reset}", ""],
    ]
    print(table(["what", "count", "aim"], rows))


def _progress(guesses: int) -> Any:
    def tick(number: int) -> None:
        if sys.stderr.isatty() and number % 10_000 == 0:
            print(f"\r{number / guesses:4.0%}", end="", file=sys.stderr)

    return tick


if __name__ == "__main__":
    main()
