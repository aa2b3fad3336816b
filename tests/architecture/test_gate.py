"""No way in without the gate: wherever the code begins a session, or makes or takes a token or link, it asks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

HOUSE = Path(__file__).parents[2] / "extranet"
GATE = {"may_enter", "standing", "begin"}  # ``sessions.begin`` asks itself, as one of the walks below proves
WAYS_IN = {
    "a session is begun": "LiveSession.objects.create",
    "Django's session is begun": "backend=BACKEND",
    "a token is made": "ApiToken(account",
    "a token is taken": "ApiToken.objects.select_related('account').filter(digest",
    "a link to enrol is taken": "filter(digest=digest(token), used_at=None",
    "a reset link is taken": "ResetLink.objects.filter(digest",
}
"""What to look for in the code as Python writes it; each must be found somewhere."""


@cache
def functions(path: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def called(function: ast.FunctionDef) -> set[str]:
    """Names of what it calls, without what stands before a dot."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def asks(path: Path, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the function reaches the gate by itself or by functions of its own file."""
    own, names = functions(path), called(functions(path)[name])
    further = (names & own.keys()) - seen - {name}
    return bool(names & GATE) or any(asks(path, other, seen | {name}) for other in further)


def ways_in(pattern: str) -> Iterator[tuple[Path, str]]:
    for path in sorted(HOUSE.rglob("*.py")):
        for name, node in functions(path).items():
            if "migrations" not in path.parts and pattern in ast.unparse(node):
                yield path, name


def test_everything_that_lets_somebody_in_asks_the_gate() -> None:
    found = {what: list(ways_in(pattern)) for what, pattern in WAYS_IN.items()}
    assert [what for what, places in found.items() if not places] == []  # or the search looks for what is no more
    places = {(path, name) for each in found.values() for path, name in each}
    assert {f"{path.relative_to(HOUSE)}:{name}" for path, name in places if not asks(path, name)} == set()


def test_djangos_login_is_called_in_one_place() -> None:
    """Which then begins the live session, and so asks; a session of Django's alone opens nothing."""
    importing = re.compile(r"from django\.contrib\.auth import .*\blogin\b|auth\.login\(")
    places = {path for path in HOUSE.rglob("*.py") if importing.search(path.read_text(encoding="utf-8"))}
    assert {str(path.relative_to(HOUSE)) for path in places} == {"web/entering.py"}


def test_the_search_would_find_a_way_in_that_forgot(tmp_path: Path) -> None:
    file = tmp_path / "passkey.py"
    file.write_text(
        "def enter(request, account):\n    login(request, account)\n\ndef fine(account):\n    _ask(account)\n\n"
        "def _ask(account):\n    may_enter(account)\n"
    )
    assert not asks(file, "enter")
    assert asks(file, "fine")


def test_a_session_counts_only_where_the_live_session_was_checked() -> None:
    """Who is signed in stands on a request in one place, and there the gate was asked a moment before."""
    assert set(_assigners("account")) == {"web/access.py:_attach", "api/gate.py:by_token"}
    assert "check" in called(functions(HOUSE / "web" / "access.py")["_attach"])
    assert "enter" in called(functions(HOUSE / "api" / "gate.py")["by_token"])
    assert "extranet.web.access.AccessMiddleware" in settings.MIDDLEWARE


def _assigners(attribute: str) -> Iterator[str]:
    for path in sorted(HOUSE.rglob("*.py")):
        for name, node in functions(path).items():
            targets = [target for one in ast.walk(node) if isinstance(one, ast.Assign) for target in one.targets]
            flat = [part for target in targets for part in getattr(target, "elts", [target])]
            if any(isinstance(part, ast.Attribute) and _is_request(part, attribute) for part in flat):
                yield f"{path.relative_to(HOUSE)}:{name}"


def _is_request(part: ast.Attribute, attribute: str) -> bool:
    return part.attr == attribute and isinstance(part.value, ast.Name) and part.value.id == "request"
