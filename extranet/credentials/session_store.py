"""Django's database sessions under digests of their keys: who reads the database holds no cookie of anybody.

SESSION_ENGINE of settings.py. Only the synchronous half is served: the site runs under WSGI.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import get_random_string

DIGITS = 40  # of the hexadecimal digest: what the column of Django's table takes, 160 bits


def stored_key(session_key: str) -> str:
    """What stands in the tables for the key that stands in the cookie."""
    return hashlib.sha256(b"agent-extranet session\0" + session_key.encode()).hexdigest()[:DIGITS]


class SessionStore(DatabaseStore):
    """The key of the cookie is known to the browser and to the request, and to nothing else."""

    def load(self) -> dict[str, Any]:
        """The session's data; where there is none, the key is forgotten and a new session begins."""
        found = self._row()
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found.session_data)

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=stored_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row that ``save`` writes."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]  # the stubs know the base model only
        row.session_key = stored_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=stored_key(key)).delete()

    def _get_new_session_key(self) -> str:
        """160 random bits: nobody need look whether they are taken, and the insert would fail."""
        return get_random_string(32, VALID_KEY_CHARS)

    def _row(self) -> Session | None:
        if self.session_key is None:
            return None
        # Django asks for a session without handing a moment along
        living = Session.objects.filter(session_key=stored_key(self.session_key), expire_date__gt=timezone.now())
        return living.first()
