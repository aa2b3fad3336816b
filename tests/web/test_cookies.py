"""All cookies that any answer of a site under https sets: bound to their host, and none that nobody thought of."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND = [True, True, "Lax", "/", ""]
NAMES = ("session", "csrf", "device", "enrolment", "reset", "reset-shown", "secured-shown")
KNOWN = {f"__Host-{name}": BOUND for name in NAMES}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    keys = {
        name: os.environ[name]
        for name in ("EXTRANET_SECRET_KEY", "EXTRANET_MASTER_KEY", "EXTRANET_SIGNING_KEY", "PATH")
    }
    env = keys | {
        "EXTRANET_DATA_DIR": str(tmp_path_factory.mktemp("https")),
        "EXTRANET_BASE_URL": "https://portal.example.org",
        "EXTRANET_RESET_URL": "https://reset.example.org",
        "EXTRANET_EMAIL_URL": "folder:",
        "DJANGO_SETTINGS_MODULE": "extranet.settings",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.web.driver_https"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, dict[str, object]] = json.loads(ended.stdout)
    return found


def test_every_cookie_of_every_answer_is_known_and_bound_to_its_host(walked: dict[str, dict[str, object]]) -> None:
    kinds = {re.sub(r"-[0-9a-f]{32}$", "", name): bound for name, bound in walked["cookies"].items()}  # one a letter
    assert kinds == KNOWN


def test_under_https_a_form_must_say_where_it_stands(walked: dict[str, dict[str, object]]) -> None:
    """Though the program itself is spoken to by plain http, behind the proxy that ends TLS."""
    assert walked["forms"] == {"nowhere": 403, "here": 200, "plain": 403}


def test_cookies_are_set_in_one_place() -> None:
    setting = re.compile(r"\.(set_cookie|set_signed_cookie|delete_cookie)\(|\.cookies\[.*\] *=")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "extranet").rglob("*.py"))
        if setting.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["extranet/web/cookies.py"]
