"""A flood of bad logins on the throttle's functions, and genuine agents in the midst of it: what gets through.

The clock is an argument, so a day of guessing is done as fast as the counters move. Also run, shorter, by a test.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extranet.credentials import devices, reset, throttle
from extranet.credentials.models import Account, KnownDevice

KNOWN, FIRST, RESET = "known device", "first-ever login", "reset"


@dataclass
class Through:
    """What came of it. ``most``: the most real guesses that were made at any one password of any account."""

    guesses: int = 0
    real: int = 0
    most: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    let_in: Counter[str] = field(default_factory=Counter)
    by_reset: int = 0
    kept_out: list[str] = field(default_factory=list)
    at: Counter[str] = field(default_factory=Counter)

    def guessed(self, name: str) -> None:
        self.real += 1
        self.at[name] += 1
        self.most = max(self.most, self.at[name])


@dataclass(frozen=True)
class Genuine:
    """An owner at the door: from the own known device, for the first time, or with the reset link."""

    account: Account
    kind: str
    network: str
    device: KnownDevice | None = None


def flood(
    *,
    names: Sequence[str],
    few: Sequence[str],
    networks: Sequence[str],
    genuine: Sequence[Genuine],
    guesses: int,
    begin: datetime,
    span: timedelta,
    seed: int = 1,
    tick: Callable[[int], object] = lambda _: None,
) -> Through:
    """So many bad guesses over ``span``, half of them at any of the names and half at a ``few`` of them, from drawn
    networks; the genuine come evenly between."""
    draw, found = random.Random(seed), Through()
    every = max(guesses // (len(genuine) + 1), 1)
    queue = iter(draw.sample(list(genuine), len(genuine)))
    for number in range(guesses):
        now = begin + span * number / guesses
        name = draw.choice(few if number % 2 else names)
        found.guesses += 1
        if throttle.take_guess(username=name, device=None, network=draw.choice(networks), now=now).allowed:
            found.guessed(name)
        if number % every == every - 1 and (one := next(queue, None)) is not None:
            comes(one, found, now)
        tick(number)
    return found


def comes(one: Genuine, found: Through, now: datetime) -> None:
    """One owner tries to get in, and takes the reset link where the password is not looked at."""
    name = one.account.username
    found.asked[one.kind] += 1
    if one.kind != RESET:
        allowance = throttle.take_guess(username=name, device=one.device, network=one.network, now=now)
        if allowance.allowed:
            throttle.give_back_guess(username=name, device=one.device, network=one.network)
            found.let_in[one.kind] += 1
            return
    try:
        reset.begin(username=name, network=one.network, now=now)
    except reset.TooManyAsks:
        found.kept_out.append(one.kind)
        return
    throttle.clear(owner=name)  # as the claim does, with the new password
    devices.mark_known(account=one.account, browser="", now=now)
    found.at[name] = 0
    found.let_in[one.kind] += 1
    found.by_reset += one.kind != RESET
