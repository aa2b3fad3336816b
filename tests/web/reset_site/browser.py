"""A browser without scripts: reads the forms of a page, sends them with all their fields, follows redirects."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.http import HttpResponse
from django.test import Client


class _Page(HTMLParser):
    """Forms with their fields, and what stands in elements with an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.by_id: dict[str, str] = {}
        self.buttons: list[str] = []
        self._id, self._button = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._id, self._button = found.get("id", ""), tag == "button"
        if tag == "form":
            self.forms.append({"action": found.get("action", ""), "fields": {}})
        elif tag == "input" and "name" in found and (found.get("type") != "radio" or "checked" in found):
            self.forms[-1]["fields"][found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._id:
            self.by_id[self._id], self._id = data, ""
        if self._button:
            self.buttons.append(data.strip())
            self._button = False


@dataclass
class Browser:
    client: Client
    url: str = "/"
    response: HttpResponse = field(default_factory=HttpResponse)
    trail: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.response.content.decode()

    @property
    def page(self) -> _Page:
        return _Page(self.text)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def words(self) -> str:
        """What a person reads: no tags, single blanks."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.text).split())

    def open(self, url: str, **headers: str) -> "Browser":
        return self._take(self.client.get(_path(url), headers=headers), url)

    def send(self, **typed: str) -> "Browser":
        """Press the button of the page's last form."""
        form = self.page.forms[-1]
        action = urljoin(self.url, form["action"]) if form["action"] else self.url
        return self._take(self.client.post(_path(action), {**form["fields"], **typed}), action)

    def ask(self, name: str) -> "Browser":
        """All screens up to the confirmation."""
        return self.open("/").send(username=name).send()

    def _take(self, response: Any, url: str) -> "Browser":
        self.url, self.response = url, response
        self.trail.append(url)
        if response.status_code in (301, 302, 303):
            return self.open(urljoin(url, response["Location"]))
        return self


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
