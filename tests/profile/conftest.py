"""Both exchanges: the one that ships and the invented one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.profile.exchange import Profile
from extranet.profile.loader import PROFILES, load

SHIPPED = PROFILES / "covered_california"
EVERGREEN = Path(__file__).parent.parent / "profiles" / "evergreen"


def use(settings: Settings, folder: Path) -> Profile:
    """Put that profile in force for the rest of the test."""
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(folder)})
    return load(str(folder))


@pytest.fixture(params=[SHIPPED, EVERGREEN], ids=["shipped", "evergreen"])
def profile(request: pytest.FixtureRequest, settings: Settings) -> Profile:
    """Each of the two profiles in turn, in force."""
    return use(settings, request.param)


@pytest.fixture
def shipped(settings: Settings) -> Profile:
    return use(settings, SHIPPED)


@pytest.fixture
def evergreen(settings: Settings) -> Profile:
    return use(settings, EVERGREEN)


Change = Callable[..., Path]


@pytest.fixture
def spoiled(tmp_path: Path) -> Change:
    """A copy of the invented profile with one place of one file changed, or the file taken away."""

    def change(file: str, old: str = "", new: str = "") -> Path:
        folder = tmp_path / "spoiled"
        shutil.copytree(EVERGREEN, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).unlink() if not old else (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change
