"""The secret of this browser's session to which challenges of passkeys are bound."""

from django.http import HttpRequest
from django.utils.crypto import get_random_string

KEY = "passkey_holder"


def holder_of(request: HttpRequest) -> str:
    """The one it has, else a new one. Only acts call this: looking at a page makes no session."""
    held = request.session.get(KEY)
    if not isinstance(held, str):
        held = request.session[KEY] = get_random_string(32)
    return held
