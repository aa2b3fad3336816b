"""Does the store answer? Asked by monitors before anything fails, and by pages when something has."""

from extranet.reports.manifest import store
from extranet.vault.stores import NameTaken, ObjectMissing, StoreRefused


def store_answers() -> bool:
    """One short question, asked once; nothing is written."""
    try:
        store().require_there()
    except StoreRefused:
        return False
    return True


def is_store_away(error: Exception) -> bool:
    """Whether the store as a whole cannot be used now. One object that is missing or doubled is another matter."""
    return isinstance(error, StoreRefused) and not isinstance(error, NameTaken | ObjectMissing)
