"""What people write to the service center, sealed: agents write clients' names into it (J28)."""

import json
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from extranet.keyring.ring import open_text, seal_text
from extranet.service_center.models import RequestStep, SupportRequest

PURPOSE = "requests"


class Written(TypedDict):
    """What the form asks for besides the license number (J29)."""

    name: str
    email: str
    telephone: str
    text: str


def seal_written(written: Written, request_id: UUID, *, now: datetime) -> bytes:
    return seal_text(PURPOSE, json.dumps(written), f"request:{request_id}", now=now)


def written_in(request: SupportRequest) -> Written:
    """What was sealed in that request; raises Unopenable."""
    written: Written = json.loads(open_text(PURPOSE, bytes(request.sealed), f"request:{request.id}"))
    return written


def add_step(request: SupportRequest, what: str, *, by: str, now: datetime, text: str = "") -> RequestStep:
    """One more thing done about the request; a text is sealed."""
    sealed = seal_text(PURPOSE, text, f"step:{request.id}:{what}", now=now) if text else None
    return RequestStep.objects.create(request=request, at=now, by=by, what=what, sealed=sealed)


def text_of(step: RequestStep) -> str:
    """The text of an answer or note, blank if there is none; raises Unopenable."""
    if step.sealed is None:
        return ""
    return open_text(PURPOSE, bytes(step.sealed), f"step:{step.request_id}:{step.what}")
