"""Same answer, same time: ``python -m bench.timing`` asks each page about known and unknown names in turns, and prints
how well the two could be told apart by the time that the answer took.

AUC (Mann-Whitney): how often an answer about a known name takes longer than one about an unknown name, 0.5 being a
coin. Of the clock on the wall, which a stranger has, and of CPU, which is sharper than any stranger's clock. Every
request is about another name and from another network, so no budget is touched twice.
"""

import argparse
import gc
import logging
import os
import random
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from bench.measured import table
from bench.scratch import FIRST_LICENSE, people, set_up

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "2000"))
LOW, HIGH = 0.47, 0.53
CLEAN_EVERY = 200  # requests: then the counters begin anew, outside of what is measured
HOST = {
    "HTTP_HOST": "localhost:8000",
    "HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
}
UNKNOWN_FROM = 5_000_000  # licenses beyond this are nobody's


@dataclass
class Told:
    """What one page's answers took, by whether the name was known, in seconds; and what the answers looked like."""

    wall: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    cpu: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    seen: dict[bool, set[tuple[int, int]]] = field(default_factory=lambda: {True: set(), False: set()})

    @property
    def alike(self) -> bool:
        """Same status and size for both."""
        return self.seen[True] == self.seen[False]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cheap", action="store_true", help="the least hashing cost: what the hash would hide shows")
    cheap = asked.parse_args().cheap
    with tempfile.TemporaryDirectory(prefix="extranet-bench-") as folder:
        set_up(Path(folder), cheap=cheap)
        logging.getLogger("django.request").setLevel(logging.ERROR)  # a link that is over is no news here
        now = import_module("django.utils.timezone").now()
        accounts = people(REQUESTS + 20, now=now - timedelta(days=1))
        told = {page.name: measured(page, REQUESTS) for page in pages(accounts, now)}
    print(f"{REQUESTS:,} requests each about known and unknown names{', least hashing cost' if cheap else ''}\n")
    print(
        table(
            ["page", "AUC, wall", "aim", "", "AUC, CPU", "status and size", "median"],
            [_row(*one) for one in told.items()],
        )
    )


def _row(name: str, told: Told) -> list[str]:
    wall, cpu = auc(told.wall[True], told.wall[False]), auc(told.cpu[True], told.cpu[False])
    verdict = "reached" if LOW <= wall <= HIGH else "not reached"
    middle = sorted(told.wall[True] + told.wall[False])[len(told.wall[True])] * 1_000
    alike = "alike" if told.alike else "differ"
    return [name, f"**{wall:.3f}**", f"{LOW} - {HIGH}", verdict, f"{cpu:.3f}", alike, f"{middle:.1f} ms"]


def auc(these: Sequence[float], those: Sequence[float]) -> float:
    """The share of pairs in which the first is greater; equal ones count half."""
    ordered = sorted(those)
    below = sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in these)
    return below / (2 * len(these) * len(those))


@dataclass(frozen=True)
class Page:
    """``ready`` prepares a request outside of what is measured and gives the act that is measured."""

    name: str
    ready: Callable[[int, bool], Callable[[], Any]]


def pages(accounts: Sequence[Any], now: Any) -> Iterator[Page]:
    """Each with as many known names as there are accounts, and as many unknown ones of the same form."""
    client = import_module("django.test").Client(**HOST)
    links = import_module("extranet.credentials.reset_link")
    tokens = import_module("extranet.vault.tokens")

    def license(number: int, known: bool) -> str:
        return f"{FIRST_LICENSE + number + (0 if known else UNKNOWN_FROM)}"

    def fresh(number: int) -> dict[str, str]:
        client.cookies.clear()
        return {"REMOTE_ADDR": f"10.{number >> 8 & 255}.{number & 255}.{random.randrange(1, 255)}"}

    def login(number: int, known: bool) -> Callable[[], Any]:
        typed, where = {"username": license(number, known), "password": "wrong wrong wrong"}, fresh(number)
        return lambda: client.post("/login/", typed, **where)

    def first_step(number: int, known: bool) -> Callable[[], Any]:
        where = fresh(number)
        return lambda: client.post("/reset/", {"username": license(number, known)}, **where)

    def second_step(number: int, known: bool) -> Callable[[], Any]:
        where = fresh(number)
        onward = client.post("/reset/", {"username": license(number, known)}, **where).headers["Location"]
        return lambda: client.post(onward, {"how": "email"}, **where)

    def claim(number: int, known: bool) -> Callable[[], Any]:
        where = fresh(number)
        made = links.make(account=accounts[number], browser_token="", code="CDFHJK", now=now - timedelta(hours=3))
        token = made.address.rstrip("/").rpartition("/")[2] if known else tokens.new_token()
        return lambda: client.post(f"/reset/link/{token}/", {"code": "XXXXXX"}, **where)

    def support(number: int, known: bool) -> Callable[[], Any]:
        where = fresh(number)
        typed = {
            "name": "Alice Example",
            "license": license(number, known),
            "email": "alice@agents.test",
            "telephone": "555 010 0199",
            "text": "The page says that I have to wait.",
        }
        return lambda: client.post("/support/", typed, **where)

    yield Page("login, wrong password", login)
    yield Page("reset, step one: the name", first_step)
    yield Page("reset, step two: the mail", second_step)
    yield Page("reset, claim: a link that is over against none", claim)
    yield Page("request form", support)


def measured(page: Page, requests: int, warm: int = 10) -> Told:
    """Known and unknown in drawn order, one of each a round, so that what else runs on the machine meets both."""
    told, draw = Told(), random.Random(5)
    throttles = import_module("extranet.credentials.models").Throttle
    for number in range(requests + warm):
        if number % CLEAN_EVERY == 0:
            throttles.objects.all().delete()
            gc.collect()
        for known in draw.sample([True, False], 2):
            act = page.ready(number, known)
            wall, cpu = perf_counter(), thread_time()
            answer = act()
            took, spent = perf_counter() - wall, thread_time() - cpu
            if number >= warm:
                told.wall[known].append(took)
                told.cpu[known].append(spent)
                told.seen[known].add((answer.status_code, len(answer.content)))
    return told


if __name__ == "__main__":
    main()
