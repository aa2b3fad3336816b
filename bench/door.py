"""A stranger's or an agent's browser at the real server: plain HTTP, cookies kept, forms with their token."""

import http.client
import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """One connection, which the server may close, and the cookies of one browser behind one address."""

    def __init__(self, port: int, address: str) -> None:
        self.port, self.address = port, address
        self.cookies: dict[str, str] = {}
        self._line: http.client.HTTPConnection | None = None
        self._form_token = ""

    def get(self, path: str) -> tuple[int, str, str]:
        return self._ask("GET", path, None)

    def post(self, path: str, typed: Mapping[str, str]) -> tuple[int, str, str]:
        """Status, place to go on, page. The form's token is the one of the last page that had one."""
        if not self._form_token:
            self.get("/login/")
        return self._ask("POST", path, urlencode({**typed, "csrfmiddlewaretoken": self._form_token}))

    def log_in(self, username: str, password: str) -> int:
        return self.post("/login/", {"username": username, "password": password})[0]

    def moved_to(self, address: str) -> None:
        """The same browser in another network."""
        self.address = address

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        for patience in (True, False):
            try:
                return self._once(method, path, body)
            except (ConnectionError, http.client.HTTPException):
                self._line = None
                if not patience:
                    raise
        raise AssertionError

    def _once(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        self._line = self._line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Host": f"localhost:{self.port}",
            "Origin": f"http://localhost:{self.port}",
            "X-Forwarded-For": self.address,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        page = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.update({key: part.value for key, part in SimpleCookie(value).items()})
        if found := _TOKEN.search(page):
            self._form_token = found[1]
        return answer.status, answer.getheader("Location", ""), page
