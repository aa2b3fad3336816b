"""What every page knows without its view saying so."""

from django.http import HttpRequest

from extranet.profile.loader import current
from extranet.profile.words import addresses


def exchange(request: HttpRequest) -> dict[str, object]:
    """The profile as ``exchange``, its page words as ``words``, and the site's own addresses."""
    profile = current()
    return {"exchange": profile, "words": profile.words, **addresses()}
