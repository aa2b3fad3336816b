"""What is installed is what was looked at: every library is named with version and digest, from the one registry."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LINE = re.compile(r"^([a-z0-9][a-z0-9.-]*)(?:\[[\w,-]+\])?==(\S+)", re.M)


def locked(path: Path) -> dict[str, str]:
    """Name and version of each library of a lock."""
    return dict(LINE.findall(path.read_text(encoding="utf-8")))


def plain(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_library_has_one_version_and_digests(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").strip())
    entries = [entry for entry in entries if not entry.startswith("#")]
    assert len(entries) > 10
    assert [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"https?://|git\+|file:|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_every_declared_library_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {plain(requirement) for requirement in project["dependencies"]}
    assert names - set(locked(ROOT / "requirements" / "runtime.txt")) == set()


def test_tests_run_on_the_versions_that_a_site_installs() -> None:
    runtime, dev = (locked(ROOT / "requirements" / f"{name}.txt") for name in ("runtime", "dev"))
    assert {name: (version, dev.get(name)) for name, version in runtime.items() if dev.get(name) != version} == {}
