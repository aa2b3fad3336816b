"""Stands before a server, notes what is asked, and loses requests or answers when told to: the network's faults."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Matches = Callable[[str, str], bool]  # method, path with query


@dataclass
class Front:
    """``lost``: requests that never arrive; ``unanswered``: they arrive, and the answer is lost. Each once."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    lost: list[Matches] = field(default_factory=list)
    unanswered: list[Matches] = field(default_factory=list)

    def takes(self, faults: list[Matches], method: str, path: str) -> bool:
        hit = next((fault for fault in faults if fault(method, path)), None)
        if hit is not None:
            faults.remove(hit)
        return hit is not None


@contextmanager
def front_of(address: str) -> Iterator[Front]:
    front, behind = Front(), urlsplit(address)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            front.asked.append(f"{self.command} {self.path}")
            if front.takes(front.lost, self.command, self.path):
                return self._answer(503, [], b"")
            asked = http.client.HTTPConnection(behind.netloc, timeout=30)
            asked.request(self.command, self.path, body, dict(self.headers.items()))
            answer = asked.getresponse()
            content = answer.read()
            asked.close()
            if front.takes(front.unanswered, self.command, self.path):
                return self._answer(503, [], b"")
            return self._answer(answer.status, answer.getheaders(), content)

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            length = str(len(content))
            for name, value in headers:
                if name.lower() == "content-length":
                    length = value  # of a HEAD: of the object
                elif name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815  # names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        front.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield front
        finally:
            server.shutdown()
            thread.join()
