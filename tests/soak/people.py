"""What the agents of the simulated year want: when they come, what they type, and what they remember of it."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.soak.exchange import Exchange, Person

LINK_LIVES = timedelta(minutes=55)
AFTER_THE_WAIT = timedelta(days=5)  # in which the old address may object
LAZY, FORGETFUL, CAREFUL = 0.05, 0.07, 0.6
Visit = dict[str, Any]


@dataclass
class Memory:
    """What one agent knows."""

    person: Person
    next: datetime
    lazy: bool
    password: str = ""
    since: datetime | None = None  # of a password of their own
    link: str = ""
    asked_at: datetime | None = None


class People:
    """All agents, each with a head of their own."""

    def __init__(self, exchange: Exchange, *, life: int, seed: int) -> None:
        self.life = life  # days of a password
        self.exchange, self.chance = exchange, random.Random(f"people:{seed}")
        self.memories: dict[int, Memory] = {}
        self._by_address: dict[str, int] = {}
        self._put_right: list[tuple[datetime, int]] = []

    def meet(self, now: datetime) -> None:
        """New ones on the roster, new addresses of old ones."""
        for person in self.exchange.people:
            if person.number not in self.memories:
                self.memories[person.number] = Memory(person, self._later(now, 5, 30), self.chance.random() < LAZY)
            if person.email not in self._by_address and self._was_dead(person):
                self._put_right.append((now + AFTER_THE_WAIT, person.number))
            self._by_address[person.email] = person.number

    def _was_dead(self, person: Person) -> bool:
        return f"dead{person.number}@agents.test" in self._by_address and person.emails == 1

    def read_mail(self, lines: list[Visit], now: datetime) -> None:
        """Somebody reads what the relay took: a password, or a link."""
        for line in lines:
            memory = self.memories.get(self._by_address.get(line["to"][0], 0))
            if memory and "password" in line:
                memory.password, memory.since, memory.next = line["password"], None, self._later(now, 0.2, 5)
            elif memory and "link" in line and memory.asked_at and now - memory.asked_at < LINK_LIVES:
                memory.link = line["link"]

    def visits(self, now: datetime) -> list[Visit]:
        """Who comes now, and for what."""
        return [self._visit(one, now) for one in self.memories.values() if one.next <= now and one.person.is_certified]

    def claims(self) -> list[Visit]:
        """Who holds a fresh link in the browser that asked for it."""
        holders = [memory for memory in self.memories.values() if memory.link]
        return [{**_who(memory), "what": "claim", "link": memory.link} for memory in holders]

    def desk(self, now: datetime) -> list[Visit]:
        """For whom the service center issues anew: their address was put right, and they know no password."""
        ripe = [number for at, number in self._put_right if at <= now]
        self._put_right = [(at, number) for at, number in self._put_right if at > now]
        chosen = [self.memories[number] for number in ripe]
        return [{**_who(one), "what": "issue"} for one in chosen if one.person.is_certified and not one.password]

    def hear(self, told: list[Visit], now: datetime) -> None:
        """What the site answered."""
        for one in told:
            memory = self.memories[one["who"]]
            memory.next = self._next_visit(memory, now)
            if one["what"] == "asked":
                memory.asked_at, memory.next = now, self._later(now, 0.5, 3)
            elif one["what"] in ("claimed", "changed"):
                memory.password, memory.since, memory.link = one["password"], now, ""
            elif one["what"] in ("refused", "link over"):
                memory.password, memory.link, memory.next = "", "", self._later(now, 0.01, 1)

    def _visit(self, memory: Memory, now: datetime) -> Visit:
        if not memory.password or self.chance.random() < FORGETFUL:
            return {**_who(memory), "what": "ask"}
        old = self._ends_within(memory, 11, now)
        wishes = self.chance.random() < (CAREFUL if old else 0.05)
        return {**_who(memory), "what": "login", "password": memory.password, "wishes": wishes}

    def _next_visit(self, memory: Memory, now: datetime) -> datetime:
        if memory.lazy:
            return self._later(now, 90, 200)
        return self._later(now, 1, 8) if self._ends_within(memory, 15, now) else self._later(now, 8, 30)

    def _ends_within(self, memory: Memory, days: int, now: datetime) -> bool:
        return memory.since is not None and now - memory.since > timedelta(days=self.life - days)

    def _later(self, now: datetime, least: float, most: float) -> datetime:
        return now + timedelta(days=self.chance.uniform(least, most))


def _who(memory: Memory) -> Visit:
    return {"who": memory.person.number, "license": memory.person.license}
