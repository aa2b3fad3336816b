"""What a site gives away without being asked: files of the house, other sites let in, texts that could be misread."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from extranet.credentials.models import StaffRole
from extranet.env import Env
from tests.credentials.people import new_account
from tests.web.people import browser, signed_in, text_of
from tests.web.staff.people import at_work, staff_account
from tests.web.test_attack_parameters import admitted
from tests.web.test_attack_routes import ALL

HOUSE = Path(__file__).parents[2] / "extranet"
EVIL = "https://evil.example"
OF_THE_HOUSE = (
    *("/.git/config", "/.git/HEAD", "/.env", "/.well-known/", "/pyproject.toml", "/requirements/runtime.txt"),
    *("/keys/master", "/extranet.sqlite3", "/packs/", "/staging/", "/inbox/", "/mailbox/", "/checkpoints/"),
    *("/static/", "/static/app/", "/static/profile/", "/static/../settings.py", "/static/%2e%2e/keys/master"),
    *("/static/..%2f..%2fkeys/master", "/server-status", "/metrics", "/debug/", "/docs", "/api/v1/docs"),
)


@pytest.fixture
def inside(db: None) -> dict[str, Client]:
    now = timezone.now()
    people = {role: at_work(staff_account(role.replace("_", ""), role, now=now)) for role in StaffRole.values}
    return people | {"agent": signed_in(new_account("4000001", now=now))}


def texts() -> Iterator[tuple[str, str]]:
    """Our scripts: name and text."""
    for file in (HOUSE / "web" / "static" / "app").glob("*.js"):
        yield file.name, file.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", OF_THE_HOUSE)
def test_files_and_folders_of_the_house_have_no_address(path: str, db: None) -> None:
    assert browser().get(path).status_code in ((401,) if path.startswith("/api/") else (404,))


def test_no_answer_lets_another_site_in(inside: dict[str, Client]) -> None:
    for route in ALL:
        if "logout" in route.path:
            continue
        for method in ("get", "options"):
            answer = getattr(admitted(inside, route), method)(route.path, headers={"origin": EVIL})
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], route.path


def test_every_answer_says_what_it_is_and_every_text_its_encoding(inside: dict[str, Client]) -> None:
    seen = set()
    for route in ALL:
        if "logout" in route.path:
            continue
        answer = admitted(inside, route).get(route.path)
        kind = answer.headers.get("Content-Type", "")
        if answer.streaming or answer.content:
            assert kind, route.path
        assert not kind.startswith("text/") or "charset=utf-8" in kind, route.path
        seen.add(kind)
    assert {"text/html; charset=utf-8", "application/json", "application/problem+json"} <= seen


def test_fields_for_secrets_hide_what_is_typed_and_take_a_paste(inside: dict[str, Client]) -> None:
    """Password managers find them by ``autocomplete``; nothing on the page can stop a paste, for no script is there."""
    pages = {"/login/": browser(), "/account/password/": inside["agent"]}
    for path, client in pages.items():
        inputs = re.findall(r'<input[^>]*autocomplete="(?:current|new)-password"[^>]*>', text_of(client.get(path)))
        assert inputs, path
        assert all('type="password"' in one and "onpaste" not in one for one in inputs)


def test_scripts_keep_nothing_in_the_browser_but_the_moment_of_the_last_activity() -> None:
    assert len(dict(texts())) >= 3
    kept = {name: set(re.findall(r"setItem\(\s*([^,]+),", text)) for name, text in texts() if "setItem" in text}
    assert kept == {"idle.js": {"KEY"}, "upload.js": {'"extranet-active-at"'}}
    assert 'const KEY = "extranet-active-at"' in dict(texts())["idle.js"]
    never = r"sessionStorage|indexedDB|document\.cookie|\bcaches\b|serviceWorker|postMessage|\beval\(|new Function"
    assert {name: found for name, text in texts() if (found := re.findall(never, text))} == {}


def test_no_cookie_of_another_name_is_ever_set(inside: dict[str, Client]) -> None:
    """What is said on the next page waits in the session: a cookie for it would be bound to no host."""
    clients = [inside["agent"], inside[StaffRole.PUBLISHER]]
    clients[0].get("/reports/book-of-business/", {"view": "of another session"}, follow=True)
    assert {name for client in clients for name in client.cookies} == {"session", "csrf", "device"}


def test_what_was_asked_for_is_not_repeated_by_a_page_that_is_not_there(db: None) -> None:
    assert "planted" not in text_of(browser().get(f"/{quote('<b>planted</b>')}/"))


def test_every_page_behind_the_login_has_the_button_that_leaves(inside: dict[str, Client]) -> None:
    pages = 0
    for route in ALL:
        if route.rule.anybody or route.rule.gate is not None:
            continue
        answer = admitted(inside, route).get(route.path)
        if (
            answer.status_code == 200
            and answer.headers["Content-Type"].startswith("text/html")
            and b"<html" in answer.content
        ):
            pages += 1
            assert 'action="/logout/"' in text_of(answer), route.path
    assert pages > 15


def test_no_variable_switches_debugging_on() -> None:
    tree = ast.parse((HOUSE / "settings.py").read_text(encoding="utf-8"))
    told = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DEBUG"
    ]
    assert [ast.unparse(value) for value in told] == ["False"]
    assert not [name for name in Env.model_fields if "debug" in name]


def test_scripts_show_text_as_text() -> None:
    """One place takes HTML: the piece of a page that our own template made, with every value escaped there."""
    taken = {
        name: re.findall(r".*(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write).*", text)
        for name, text in texts()
    }
    assert {name: [line.strip() for line in lines] for name, lines in taken.items() if lines} == {
        "progress.js": ["box.innerHTML = await answer.text(); // a template of this site, escaped there"]
    }
    template = (HOUSE / "web" / "templates" / "staff" / "progress.html").read_text(encoding="utf-8")
    assert "safe" not in template
    assert "autoescape" not in template


def test_scripts_take_no_names_of_fields_from_outside() -> None:
    """No object is merged or written under a name that came along, so none reaches a prototype."""
    never = r"Object\.assign|JSON\.parse|__proto__|\bprototype\b|\w\[[a-z]\w*\]\s*=(?!=)"
    assert {name: found for name, text in texts() if (found := re.findall(never, text))} == {}
