"""Whatever goes wrong is said in one form (RFC 9457): status, a sentence, and lines where there are several faults."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request with that answer."""

    def __init__(self, status: int, detail: str, lines: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.lines = status, detail, list(lines)

    @property
    def answer(self) -> HttpResponse:
        return problem(self.status, self.detail, self.lines)


def problem(status: int, detail: str, lines: Sequence[str] = (), headers: dict[str, str] | None = None) -> HttpResponse:
    """The answer. ``detail`` says what to do; it never repeats what was sent."""
    facts = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "lines": list(lines),
    }
    text = json.dumps(facts, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type=CONTENT_TYPE, headers=headers or {})
