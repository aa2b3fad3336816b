import io
import json
import logging
import sys
from collections.abc import Callable

import pytest
import structlog
from django.http import HttpResponseNotFound
from django.test import RequestFactory
from django.utils.log import log_response

from extranet.jobs import logs

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure()
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_moment_and_level(lines: Lines) -> None:
    structlog.get_logger("extranet.mail").info("mail accepted", kind="username", attempts=1)
    (line,) = lines()
    assert (line["event"], line["level"], line["kind"], line["attempts"]) == ("mail accepted", "info", "username", 1)
    assert str(line["at"]).endswith("Z")


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "token", "session_key", "cookie", "Authorization", "code", "csrf", "otp", "body"],
)
def test_a_field_named_after_a_secret_is_withheld(lines: Lines, name: str) -> None:
    structlog.get_logger().info("x", **{name: "hunter2", "facts": {name: "hunter2"}})
    assert "hunter2" not in json.dumps(lines())


def test_query_strings_and_credentials_are_cut_from_addresses(lines: Lines) -> None:
    logging.getLogger("django.server").info('"GET %s HTTP/1.1" 200 5', "/reports/x/?view=AAAA&name=Nunez")
    structlog.get_logger().info("way", url="smtp://user:hunter2@mail.test:25")
    text = json.dumps(lines())
    assert "/reports/x/" in text
    assert "mail.test:25" in text
    assert not any(word in text for word in ("AAAA", "Nunez", "hunter2"))


def test_an_error_is_told_by_name_and_place_without_its_message(lines: Lines) -> None:
    try:
        raise ValueError("row of 123-45-6789")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/login/")
        structlog.get_logger().exception("task failed")
    foreign, ours = lines()
    for line in (foreign, ours):
        assert line["error"] == "builtins.ValueError"
        assert "test_logs.py" in json.dumps(line["places"])
        assert "6789" not in json.dumps(line)


def test_refused_requests_are_logged_without_their_query(lines: Lines) -> None:
    request = RequestFactory().get("/nothing-here/?q=Nunez")
    log_response("Not Found: %s", request.get_full_path(), response=HttpResponseNotFound(), request=request)
    (line,) = lines()
    assert line["event"] == "Not Found: /nothing-here/"


def test_a_line_break_that_a_stranger_sent_makes_no_second_line(lines: Lines) -> None:
    forged = '/x/\r\n{"event": "login", "level": "info"}\u2028{}'
    logging.getLogger("django.request").warning("Not Found: %s", forged)
    structlog.get_logger().info("refused", name=forged)
    assert len(lines()) == 2
    assert {line["event"] for line in lines()}.isdisjoint({"login"})
