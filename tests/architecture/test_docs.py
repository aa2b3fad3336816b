"""The documents keep their word: every link leads somewhere, and what they name is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted(DOCS.rglob("*.md"))

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
NAMED = re.compile(r"(?<![\w/.-])((?:extranet|tests|docs)/[\w./*-]+)(?:(::?)([\w.]+))?")
ELSEWHERE = re.compile(r"(?<![\w.])(?:/work|/home|/root|shared)/|\b(?:assistant|chatbot|transcript)s?\b", re.I)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def anchors(page: Path) -> frozenset[str]:
    """The addresses of a page's headings, as the forge makes them."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)


def broken_links(page: Path, root: Path = ROOT) -> list[str]:
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if not re.match(r"[a-z]+:", target) and not _leads(target, page, root)]


def _leads(target: str, page: Path, root: Path) -> bool:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    if there.is_dir():
        return any(there.iterdir())  # an empty folder is not in a clone
    inside = there.is_file() and there.is_relative_to(root)
    return inside and (not anchor or anchor in anchors(there))


@cache
def names_in(source: Path) -> frozenset[str]:
    """Functions, classes and constants of a file, methods as ``Class.method``."""
    found: set[str] = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            inner = node.body if isinstance(node, ast.ClassDef) else []
            found |= {f"{node.name}.{method.name}" for method in inner if isinstance(method, ast.FunctionDef)}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(found)


def lost_names(text: str) -> Iterator[str]:
    """Files and folders that are not there, and names that their file does not hold."""
    for path, colons, name in NAMED.findall(text):
        files = list(ROOT.glob(path.rstrip("./")))
        if not files:
            yield path
        elif name and not (files[0].suffix == ".py" and name.rstrip(".") in names_in(files[0])):
            yield f"{path}{colons}{name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_and_test_that_a_page_names_is_there(page: Path) -> None:
    assert list(lost_names(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_speaks_of_the_project_alone(page: Path) -> None:
    assert ELSEWHERE.findall(page.read_text(encoding="utf-8")) == []


def test_every_page_stands_in_the_index() -> None:
    index = DOCS / "README.md"
    listed = {(DOCS / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    assert [name_of(page) for page in sorted(DOCS.rglob("*.md")) if page != index and page not in listed] == []


def test_each_control_names_a_test() -> None:
    """A claim without a test is none: nobody should have to search for what proves it."""
    text = (DOCS / "reference" / "controls.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| (?:\*\*|[A-Z]{2}-\d)", line)]
    assert len(rows) > 50
    assert [row[:60] for row in rows if "::test_" not in row] == []


def test_each_failure_of_other_resets_names_a_test() -> None:
    text = (DOCS / "explanation" / "reset.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) >= 16
    assert [row[:60] for row in rows if "::test_" not in row] == []


def test_every_page_that_the_code_names_is_there() -> None:
    sources = [path for path in (ROOT / "extranet").rglob("*") if path.suffix in {".py", ".toml", ".html"}]
    named = {path: re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")) for path in sources}
    assert {name_of(path): lost for path, pages in named.items() if (lost := _missing(pages))} == {}


def _missing(pages: list[str]) -> list[str]:
    return [page for page in pages if not (ROOT / page).exists()]


def test_the_search_finds_what_is_lost(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading, here\n[a](gone.md) [b](#a-heading-here) [c](#no-heading) [d](https://example.org/x)\n"
    )
    assert broken_links(page, tmp_path) == ["gone.md", "#no-heading"]
    assert "#a-heading-here" in broken_links(page)  # outside of the project
    text = (
        "`extranet/policy.py:Policy` `extranet/policy.py:Polity` tests/nowhere.py `tests/audit/test_chain.py::test_x`"
    )
    assert list(lost_names(text)) == [
        "extranet/policy.py:Polity",
        "tests/nowhere.py",
        "tests/audit/test_chain.py::test_x",
    ]
    assert (
        list(lost_names("extranet/credentials/reset_*.py `extranet/vault/sealing.py:KEY_BYTES` docs/reference/.")) == []
    )
    assert ELSEWHERE.search("see shared/notes")
    assert not ELSEWHERE.search("sessions are shared")
