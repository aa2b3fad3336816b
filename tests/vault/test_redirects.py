"""A store that sends us elsewhere is not followed with our signature, and what lies elsewhere is no frame of ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from extranet.vault import unfinished_uploads
from extranet.vault.objects import StoreAway
from extranet.vault.unfinished_uploads import UnfinishedUploads


@contextmanager
def answering(status: int, location: str = "") -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything so; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')}")
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_DELETE = _answer  # noqa: N815  # names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_our_signature_follows_no_redirect(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(unfinished_uploads, "TRIES", 1)
    with answering(200) as (evil, stolen), answering(status, f"{evil}/stolen") as (store, asked):
        uploads = UnfinishedUploads(store, "us-east-1")
        with pytest.raises(StoreAway):
            list(uploads.under("packs/"))
        with pytest.raises(StoreAway):
            uploads.end("packs/1", "upload")
    assert len(asked) == 2
    assert stolen == []
