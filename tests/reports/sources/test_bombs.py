"""Files made to harm: what is small on the way and endless when it is opened costs the sender an answer, nothing else.

Each is opened in a process of its own whose peak is measured there; the making of none takes more than it does.
"""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources import child
from extranet.reports.sources.child import pieces
from tests.reports.exchange import report
from tests.reports.sources.files import MAIN, archive, cell, hand_made, parquet, refusal, workbook, written

ROOT = Path(__file__).parents[3]
MOST_OF_PARENT = 400_000  # kB; a third of it is what Django and polars take before the file is touched
MOST_OF_CHILD = 1_700_000  # kB; its limit of memory, and the libraries that it shares with everybody
OPEN_IT = """
import resource, sys
import django; django.setup()
from extranet.reports.refusals import PublicationRefused
from extranet.reports.sources.input_file import InputFile
from extranet.reports.sources.opening import open_source
from tests.reports.exchange import report
try:
    with open(sys.argv[1], "rb") as file:
        for _ in open_source(InputFile(file)).chunks(report().layout): pass
except PublicationRefused as error:
    print(error.lines[0])
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
SPACES = " " * 60_000_000


def with_strings(strings: str, cells: str) -> bytes:
    return hand_made(cells, more={"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>'})


def header_row() -> str:
    cells = (f'<c t="inlineStr"><is><t>{key}</t></is></c>' for key in report().layout.keys)
    return f'<row r="1">{"".join(cells)}</row>'


def quadratic_strings() -> bytes:
    """One long text, meant by sixty thousand cells: two thousand million signs from 5 kB."""
    row = "<row>" + '<c t="s"><v>0</v></c>' * 60 + "</row>"
    return with_strings(f"<si><t>{'x' * 32_000}</t></si>", row * 1_000)


def many_short_strings() -> bytes:
    """The same, just below what the process may take, but more than any sheet can hold."""
    row = "<row>" + '<c t="s"><v>0</v></c>' * 60 + "</row>"
    return with_strings(f"<si><t>{'x' * 30_000}</t></si>", header_row() + row * 200)


def lying_directory() -> bytes:
    """Claims a sheet of 100 bytes that unpacks to 60 MB."""
    data = bytearray(hand_made(SPACES))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(mark)
        while at >= 0:
            if int.from_bytes(data[at + place : at + place + 4], "little") > 50_000_000:
                data[at + place : at + place + 4] = (100).to_bytes(4, "little")
            at = data.find(mark, at + 4)
    return bytes(data)


def many_parts() -> bytes:
    return archive({f"xl/worksheets/sheet{number}.xml": "" for number in range(100_000)}, zipfile.ZIP_STORED)


def billion_laughs() -> bytes:
    doctype = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return hand_made("", more={"xl/styles.xml": f'<!DOCTYPE l [<!ENTITY l0 "ha">{doctype}]><l>&l9;</l>'})


def rectangle() -> bytes:
    return hand_made(f'{header_row()}<row r="100001">{cell("IV100001")}</row>')


def dictionary_bomb() -> bytes:
    """One text of 100 kB a group, meant by all of its rows: 600 MB from some kilobytes."""
    frame = pl.read_parquet(io.BytesIO(parquet())).head(1)
    long = frame.with_columns(agent_name=pl.lit("x" * 100_000))
    return written(pl.concat([long] * 6_000), row_group_size=500)


def endless_rows() -> bytes:
    return written(pl.DataFrame({"extract_date": pl.repeat(True, 20_000_001, eager=True)}))


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a thousandfold": (lambda: hand_made(SPACES), "unpacks to more than 50 MB"),
    "ten thousandfold": (lambda: archive({"xl/a.xml": SPACES}, zipfile.ZIP_BZIP2), "unpacks to more than 50 MB"),
    "a lying directory": (lying_directory, "damaged or was cut"),
    "strings meant often": (quadratic_strings, "needs more memory or time"),
    "strings meant less often": (many_short_strings, "unpacks to more than a sheet can be"),
    "many sheets": (lambda: hand_made(f"<row>{cell('A1')}</row>", sheets=1_500), "1500 filled sheets"),
    "many parts": (many_parts, "unpacks to more than 50 MB"),
    "deep elements": (lambda: hand_made("<a>" * 2_000_000 + "</a>" * 2_000_000), "the workbook is empty"),
    "entities": (billion_laughs, "document types"),
    "a rectangle": (rectangle, "far more cells than a report"),
    "a dictionary": (dictionary_bomb, "unpacks to more than a publication can be"),
    "endless rows": (endless_rows, "has 20000001 rows; at most 20000000 are taken"),
    "one endless cell": (lambda: parquet(agent_name=pl.lit("x" * 1_000_000)), "longer than any cell may be"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_an_answer_within_bounds(name: str, tmp_path: Path) -> None:
    make, reason = BOMBS[name]
    path = tmp_path / "bomb"
    path.write_bytes(make())
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", OPEN_IT, str(path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told, parent, opener = done.stdout.splitlines()
    assert reason in told
    assert int(parent) < MOST_OF_PARENT
    assert int(opener) < MOST_OF_CHILD


def test_a_file_too_large_for_a_workbook_is_not_even_opened() -> None:
    assert "more than 50 MB" in refusal(b"PK\x03\x04" + bytes(50_000_001))[0]


@pytest.mark.parametrize("module", ["this", "nowhere.at_all"])  # nonsense; an end without a word
def test_a_process_that_does_not_say_how_it_ended_is_the_files_fault(module: str) -> None:
    with pytest.raises(PublicationRefused, match="too much"):
        list(pieces(module, io.BytesIO(b"x"), too_much="too much"))


def test_a_process_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "PATIENCE", 0)
    assert "more memory or time" in refusal(workbook())[0]
    assert_nobody_is_left()


def test_whoever_has_heard_enough_leaves_no_process_behind() -> None:
    source = pieces("extranet.reports.sources.workbook_child", io.BytesIO(workbook()), too_much="")
    next(source)
    source.close()
    assert_nobody_is_left()


def assert_nobody_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
