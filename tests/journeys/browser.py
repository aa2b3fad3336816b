"""A browser without scripts, as a person uses it: opens addresses, fills fields by their labels, presses buttons.

Cookies belong to a host; redirects are followed from one host to the other; every form brings its own token.
"""

import copy
import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.test import Client

from extranet.profile.loader import current


@dataclass
class Form:
    """One form: its fields as the page filled them, and what its buttons say."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Forms, labels and what stands in elements with an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.names: dict[str, str] = {}  # id of an input -> its name
        self.labels: dict[str, str] = {}  # text of a label -> id of its input
        self.by_id: dict[str, str] = {}
        self._open, self._label, self._button = "", "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._open, self._button = found.get("id", ""), tag == "button"
        self._label = found.get("for", "") if tag == "label" else ""
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").lower()))
        elif tag in ("input", "textarea", "select") and "name" in found and self.forms:
            self.names[found.get("id", "")] = found["name"]
            if found.get("type") not in ("radio", "checkbox") or "checked" in found:
                self.forms[-1].fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.by_id[self._open], self._open = data.strip(), ""
        if self._label:
            self.labels[data.strip()], self._label = self._label, ""
        if self._button and data.strip():
            self.forms[-1].buttons.append(data.strip())
            self._button = False


class Browser:
    """One browser of one person, somewhere."""

    def __init__(self, *, address: str = "198.51.100.7", agent: str = "Firefox (Windows)") -> None:
        self.url = "http://portal.test/"
        self.answer: Any = None
        self._filled: dict[str, str] = {}
        self._clients: dict[str, Client] = {}
        self._address, self._agent = address, agent

    @property
    def status(self) -> int:
        return int(self.answer.status_code)

    @property
    def html(self) -> str:
        return str(self.answer.content.decode())

    @property
    def words(self) -> str:
        """What a person reads: no tags, single blanks."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def page(self) -> Page:
        return Page(self.html)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def twin(self) -> "Browser":
        """The same browser at the same page with the same cookies; what one does, the other does not know."""
        twin = Browser(address=self._address, agent=self._agent)
        twin.url, twin.answer = self.url, self.answer
        for host, client in self._clients.items():
            twin._client(f"http://{host}/").cookies = copy.deepcopy(client.cookies)
        return twin

    def open(self, url: str) -> "Browser":
        """Type an address or follow a link."""
        url = urljoin(self.url, url)
        return self._arrive(self._client(url).get(_path(url)), url)

    def fill(self, label: str, text: str) -> "Browser":
        """Type into the field with that label."""
        page = self.page
        self._filled[page.names[page.labels[label]]] = text
        return self

    def press(self, button: str) -> "Browser":
        """Press the first button that says so."""
        form = next(form for form in self.page.forms if button in form.buttons)
        sent, self._filled = {**form.fields, **self._filled}, {}
        url, origin = urljoin(self.url, form.action) if form.action else self.url, self.url
        if form.method == "get":
            return self.open(f"{url.partition('?')[0]}?{urlencode(sent)}")
        parts = urlsplit(origin)
        headers = {"origin": f"{parts.scheme}://{parts.netloc}"}
        return self._arrive(self._client(url).post(_path(url), sent, headers=headers), url)

    def log_in(self, username: str, password: str) -> "Browser":
        """Open the login page and fill it in, with the labels of the profile."""
        words = current().words
        self.open("http://portal.test/login/").fill(words["user_name"], username).fill(words["password"], password)
        return self.press(words["log_in"])

    def _client(self, url: str) -> Client:
        host = urlsplit(url).netloc
        if host not in self._clients:
            headers = {"user-agent": self._agent}
            self._clients[host] = Client(
                headers=headers, enforce_csrf_checks=True, SERVER_NAME=host, REMOTE_ADDR=self._address
            )
        return self._clients[host]

    def _arrive(self, answer: Any, url: str) -> "Browser":
        self.url, self.answer = url, answer
        return self.open(answer.headers["Location"]) if answer.status_code in (301, 302, 303, 307) else self


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
