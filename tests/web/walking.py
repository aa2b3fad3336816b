"""Every address of every URLconf, with invented parts, and somebody to whom its rule opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from extranet.credentials.models import StaffRole
from extranet.web.access import Rule
from extranet.web.methods import METHODS, methods_of
from tests.credentials.people import new_account
from tests.web.people import browser, signed_in
from tests.web.staff.people import at_work, staff_account

SAMPLES = {
    "str": "nobody",
    "slug": "book-of-business",
    "uuid": "11111111-1111-4111-8111-111111111111",
    "int": "1",
    "path": "nowhere",
}
HOSTS = {"extranet.urls": "portal.test", "extranet.web.reset_site.host_urls": "reset.test"}
"""Both URLconfs that answer, and the host at which each does."""


@dataclass(frozen=True)
class Door:
    """One address of one host."""

    host: str
    path: str
    view: Any

    @property
    def rule(self) -> Rule:
        rule: Rule = self.view.access
        return rule

    @property
    def methods(self) -> tuple[str, ...] | None:
        return methods_of(self.view)

    @property
    def takes_forms(self) -> bool:
        return "POST" in (self.methods or METHODS)

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


def doors() -> list[Door]:
    return [
        Door(host, f"/{path}", view)
        for urlconf, host in HOSTS.items()
        for path, view in _walk(get_resolver(urlconf).url_patterns, "")
    ]


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
            continue
        for name in entry.pattern.converters:
            for kind, sample in SAMPLES.items():
                path = path.replace(f"<{kind}:{name}>", sample)
        assert "<" not in path, path
        yield path, entry.callback


def everybody(now: datetime, *, csrf: bool = False) -> Mapping[str, Client]:
    """A stranger, an agent and each role of staff, logged in."""
    inside = {role: at_work(staff_account(role.replace("_", ""), role, now=now)) for role in StaffRole.values}
    inside |= {"agent": signed_in(new_account("4000001", now=now)), "stranger": browser()}
    for client in inside.values():
        client.handler.enforce_csrf_checks = csrf
    return inside


def admitted(door: Door, people: Mapping[str, Client]) -> Client:
    """Who comes furthest there."""
    if door.rule.anybody or door.rule.gate is not None:
        return people["stranger"]
    role = next((role for role in StaffRole.values if role in door.rule.roles), "agent")
    return people["agent" if door.rule.agents else role]
