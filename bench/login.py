"""What a login costs: ``python -m bench.login`` prints ratios first, of a whole login and of the bare hash in it.

CPU of this process, the median of many warm rounds; whole logins go through Django's test client and the whole chain of
middleware. The two are measured in turns, so that what else runs on the machine meets both.
"""

import os
import statistics
import tempfile
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

from bench.measured import table
from bench.scratch import PASSWORD, people, set_up

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "80"))
AIM = 1.3
KEYCLOAK, DJANGO = 15, 3  # logins a CPU-second: what Keycloak publishes, what Django's own argon2 cost gives


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="extranet-bench-") as folder:
        set_up(Path(folder), cheap=False)
        now = import_module("django.utils.timezone").now()
        (account,) = people(1, now=now - timedelta(days=1))
        hashing, hashers = import_module("extranet.credentials.hashing"), import_module("django.contrib.auth.hashers")
        django_own = hashers.Argon2PasswordHasher()
        other = {
            "Django's own argon2 (t=2, m=100 MiB, p=8)": (django_own, django_own.encode(PASSWORD, django_own.salt())),
            "PBKDF2-HMAC-SHA256, 600,000 rounds": _made(hashing.Pbkdf2Hasher()),
        }
        hasher, encoded = _made(hashing.Argon2Hasher())
        lines = _in_turns(
            {
                "bare hash": lambda: hasher.verify(PASSWORD, encoded),
                "whole login, known browser": _login(account),
                "whole login, strange browser": _login(account, strange=True),
                "wrong password": _wrong(account),
            }
        )
        lines |= _in_turns(
            {name: lambda pair=pair: pair[0].verify(PASSWORD, pair[1]) for name, pair in other.items()}, 5
        )
    _tell(lines)


def _made(hasher: Any) -> tuple[Any, str]:
    return hasher, hasher.encode(PASSWORD, hasher.salt())


def _login(account: Any, *, strange: bool = False) -> Callable[[], None]:
    """Each time as in life: a browser without a session, that asks for the page before; only the POST is measured."""
    client = import_module("django.test").Client(HTTP_HOST="localhost:8000")
    typed = {"username": account.username, "password": PASSWORD}

    def act() -> None:
        for name in ("session", "messages"):  # the next page would have shown these
            client.cookies.pop(name, None)
        if strange:
            client.cookies.pop("device", None)
        if client.post("/login/", typed).status_code != 302:
            raise RuntimeError("the agent of the bench could not log in")

    return act


def _wrong(account: Any) -> Callable[[], None]:
    """From a new network each time, so that no budget of one is spent; the account's is cleared in between."""
    client = import_module("django.test").Client(HTTP_HOST="localhost:8000")
    clear = import_module("extranet.credentials.throttle").clear
    numbers = iter(range(1_000_000))

    def act() -> None:
        number = next(numbers)
        client.post(
            "/login/",
            {"username": account.username, "password": "wrong wrong wrong"},
            REMOTE_ADDR=f"10.{number >> 8}.{number & 255}.7",
        )
        clear(owner=account.username)

    return act


def _in_turns(acts: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of CPU of each round; two unmeasured ones come first. Threads of a hash count as well."""
    for act in acts.values():
        act()
        act()
    spent: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            begun = process_time()
            act()
            spent[name].append((process_time() - begun) * 1_000)
    return spent


def _tell(lines: dict[str, list[float]]) -> None:
    bare = statistics.median(lines["bare hash"])
    rows = []
    for name, spent in lines.items():
        middle = statistics.median(spent)
        aim = f"{AIM}x" if name.startswith("whole login") else ""
        verdict = "" if not aim else "reached" if middle / bare <= AIM else "not reached"
        rows.append([name, f"**{middle / bare:.2f}x**", aim, verdict, f"{1_000 / middle:.1f}", f"{middle:.1f} ms"])
    print(table(["against the bare hash (median of the run)", "ratio", "aim", "", "a CPU-second", "CPU"], rows))
    print(f"\nLogins a CPU-second elsewhere: Keycloak publishes {KEYCLOAK}, Django's own argon2 gives {DJANGO}.")


if __name__ == "__main__":
    main()
