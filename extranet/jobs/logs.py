"""One JSON object a line on stderr. No password, token, session or consumer data in any line.

Three nets: names of fields that hold secrets are blanked, addresses lose query string and tokens, and of an error
stay its name and the places in the code, because messages of libraries repeat the data they choked on.
"""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAME = re.compile(r"pass|secret|token|session|cookie|authorization|code\b|csrf|key$|body|otp", re.I)
QUERY = re.compile(r"(?<=[\w/\-.~%])\?[^\s\"'<>]*")
TOKEN = re.compile(r"\b[a-z2-7]{32}\b", re.I)  # as vault.tokens makes them: mailed links have theirs in the path
CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
BLANK = "[withheld]"
LONGEST = 2_000

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(*, level: int = logging.INFO) -> None:
    """Send everything, ours and the libraries', through the three nets to stderr. May be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        places_only,
        withhold,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _take_over("django", "django.request", "django.server", "django_tasks", "django_tasks_db")


def withhold(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Blank fields named after secrets, and cut query strings and credentials out of every text."""
    return {name: BLANK if SECRET_NAME.search(name) else _clean(value) for name, value in line.items()}


def places_only(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """An error as its name and the places in the code, without its message."""
    info = _exc_info(line.pop("exc_info", None))
    if info is not None:
        kind, _, trace = info
        line["error"] = f"{kind.__module__}.{kind.__qualname__}"
        line["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    return line


def _exc_info(value: object) -> ExcInfo | None:
    if isinstance(value, BaseException):
        return type(value), value, value.__traceback__
    if isinstance(value, tuple) and value[0] is not None:
        return value
    if value is True and (current := sys.exc_info())[0] is not None:
        return current
    return None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return TOKEN.sub(BLANK, CREDENTIALS.sub("", QUERY.sub("", value)))[:LONGEST]
    if isinstance(value, dict):
        return {name: BLANK if SECRET_NAME.search(str(name)) else _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _take_over(*names: str) -> None:
    """Libraries that bring handlers of their own use ours instead."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
