"""Files dropped into ``inbox/`` of the data folder lie there in clear: they go as soon as their pack is durable."""

from pathlib import Path

from django.conf import settings


def clear_from_inbox(source: object) -> bool:
    """Remove the file if it lies in the inbox; files elsewhere belong to others and stay. True if it was removed."""
    if not isinstance(source, Path) or source.absolute().parent != settings.EXTRANET.folder / "inbox":
        return False
    source.unlink(missing_ok=True)
    return True
