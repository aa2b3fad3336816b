"""Mails that were made to keep the reader busy: they are passed over before anything slow begins."""

import email
from datetime import datetime
from pathlib import Path

import pytest

from extranet.mail.returned import take_in
from extranet.mail.returned.report import LARGEST, MOST_BOUNDARIES, NoReport, read
from extranet.mail.returned.take_in import TakenIn, read_place
from tests.mail.reports import OUT_OF_OFFICE

REPORT = b"Content-Type: multipart/report; boundary=r\n\n--r\n"
LEVELS = b"".join(b'Content-Type: multipart/mixed; Boundary ="b%d"\n\n--b%d\n' % (level, level) for level in range(450))


@pytest.mark.parametrize(
    "raw",
    [
        REPORT + LEVELS + b"Content-Type: text/plain\n\n" + b"--x\n" * 50_000,
        REPORT.replace(b"report", b"mixed", 1) + b"--x\n" * 50_000,
        REPORT + b"Content-Type: text/plain; boundary*0=b\n\n--r\n" * MOST_BOUNDARIES,
    ],
    ids=["deep", "no report", "wide"],
)
def test_what_would_take_long_is_not_taken_apart(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        pytest.fail("it was parsed whole")

    assert len(raw) <= LARGEST
    monkeypatch.setattr(email, "message_from_bytes", fails)
    with pytest.raises(NoReport, match="other"):
        read(raw)


def test_of_a_header_without_end_only_its_beginning_counts() -> None:
    """What stands behind it would make it a report; to look for it takes the square of its length."""
    with pytest.raises(NoReport, match="other"):
        read(b"Content-Type: multipart/report; x=" + b"y" * 2_000 + b"; boundary=r\n\n--r\n\n--r--\n")
    with pytest.raises(NoReport, match="other"):
        read(b'Content-Type: multipart/report; x="' + b";" * (LARGEST - 100) + b"\n\n")


@pytest.mark.django_db
def test_a_reading_that_takes_long_leaves_the_rest_for_the_next(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.eml", "2.eml"):
        (tmp_path / name).write_bytes(OUT_OF_OFFICE)
    monkeypatch.setattr(take_in, "MOST_SECONDS", 0)
    assert read_place(tmp_path, now=now) == TakenIn(passed_over=1)
    assert (tmp_path / "2.eml").exists()
    assert read_place(tmp_path, now=now) == TakenIn(passed_over=1)
    assert read_place(tmp_path, now=now) == TakenIn()
