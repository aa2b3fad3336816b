"""Style sheets, scripts, fonts and pictures: served by this process under names that carry their content's digest.

Nothing here can take the site down: a name that was never collected is answered with its plain address, which
WhiteNoise serves straight from the packages (WHITENOISE_USE_FINDERS).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

from extranet.profile.exchange import Brand
from extranet.profile.loader import current

PROFILE_PREFIX = "profile"
BRAND_SHEET = "brand.css"


class HashedStatic(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise publishes no types
    """Names with digests, cacheable for ever, compressed beforehand; plain names for what was not collected."""

    manifest_strict = False

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        try:
            return str(super().hashed_name(name, content, filename))
        except ValueError:  # neither in the manifest nor in STATIC_ROOT: an upgrade before its collect, or none yet
            return name


class ProfileFiles(BaseFinder):
    """The profile's own static/ folder and a style sheet of its colours, both under ``profile/``.

    The colours are a file because the content policy allows no inline style.
    """

    def check(self, **_kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        name = path.removeprefix(f"{PROFILE_PREFIX}/")
        found = [storage.path(name) for storage in self._storages() if name != path and storage.exists(name)]
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        for storage in self._storages():
            for file in sorted(Path(storage.location).rglob("*")):
                if file.is_file() and not file.name.startswith("."):
                    yield file.relative_to(storage.location).as_posix(), storage

    def _storages(self) -> tuple[FileSystemStorage, FileSystemStorage]:
        storages = (
            FileSystemStorage(location=current().static_folder),
            FileSystemStorage(location=write_brand_sheet()),
        )
        for storage in storages:
            storage.prefix = PROFILE_PREFIX  # type: ignore[attr-defined]  # collectstatic and WhiteNoise read it
        return storages


def brand_sheet(brand: Brand) -> str:
    """The profile's colours as custom properties; app.css names what they paint."""
    return (
        f":root{{--brand-primary:{brand.primary};--brand-primary-dark:{brand.primary_dark};"
        f"--brand-accent:{brand.accent}}}\n"
    )


def write_brand_sheet() -> Path:
    """Folder with the current profile's brand sheet, written anew only where it differs."""
    folder: Path = settings.EXTRANET.folder / "brand"
    file, text = folder / BRAND_SHEET, brand_sheet(current().brand)
    if not file.is_file() or file.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def collect() -> None:
    """Gather, hash and compress all static files into STATIC_ROOT. Safe to repeat; about two seconds."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
