"""The order of the house, held by tests as well as by lint: layers, sizes, no cycles, no open ends."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in (ROOT / "extranet").rglob("*.py") if "migrations" not in path.parts)
FORBIDDEN_NAMES = {"utils", "helpers", "services", "common", "manager"}


def test_imports_point_down_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_no_file_is_called_after_nothing() -> None:
    assert not [path for path in SOURCES if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES]


def test_files_stay_small() -> None:
    assert not {str(path): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 320}


def test_functions_stay_small() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (length := (node.end_lineno or 0) - node.lineno + 1) > 45
    }
    assert not long


def test_nothing_is_left_open() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [str(path) for path in SOURCES if marks.search(path.read_text())]


@pytest.mark.parametrize("layer", ["policy.py", "vault", "env.py"])
def test_the_ground_floor_knows_no_django(layer: str) -> None:
    target = ROOT / "extranet" / layer
    files = [target] if target.is_file() else list(target.rglob("*.py"))
    assert files
    assert not [str(path) for path in files if re.search(r"^\s*(from|import) django", path.read_text(), re.M)]


def test_only_the_outer_layers_look_at_the_clock() -> None:
    clock = re.compile(r"timezone\.now\(|datetime\.now\(|time\.time\(|date\.today\(")
    inner = (
        "policy.py",
        "vault",
        "keyring",
        "profile",
        "audit",
        "mail",
        "agents",
        "credentials",
        "reports",
        "service_center",
    )
    looking = [
        str(path.relative_to(ROOT / "extranet"))
        for path in SOURCES
        if path.relative_to(ROOT / "extranet").parts[0] in inner and clock.search(path.read_text())
    ]
    # hooks of libraries that hand no moment along: one dates a key, the other asks whether a session is still alive;
    # a signature for S3 carries the moment at which it is sent, and how long a part lies there is what nobody passes in
    assert looking == [
        "credentials/second_factor.py",
        "credentials/session_store.py",
        "vault/object_store.py",
        "vault/unfinished_uploads.py",
    ]
