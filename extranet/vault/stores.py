"""Where packs lie: a folder or S3, by the address in EXTRANET_STORE_URL."""

from pathlib import Path

from extranet.vault.folder_store import FolderStore
from extranet.vault.object_store import object_store
from extranet.vault.objects import NameTaken, ObjectMissing, Reader, Store, StoreAway, StoreRefused, Target

__all__ = ["NameTaken", "ObjectMissing", "Reader", "Store", "StoreAway", "StoreRefused", "Target", "open_store"]


def open_store(url: str) -> Store:
    """The store at that address: ``file:///folder`` or ``s3://bucket/prefix``. StoreRefused names what is supported."""
    scheme, _, place = url.partition("://")
    if scheme == "file" and place.startswith("/"):
        return FolderStore(Path(place))
    if scheme == "s3" and place:
        return object_store(place)
    raise StoreRefused(
        f"EXTRANET_STORE_URL is {url!r}; supported are a folder, file:///absolute/path, and S3, s3://bucket/prefix"
    )
