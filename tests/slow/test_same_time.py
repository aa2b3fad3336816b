"""Known and unknown names are not told apart by the time of an answer (bench/timing.py, with fewer requests).

No time is asserted, only order: how often an answer about a known name took longer than one about an unknown name,
taken in turns in one process. By chance alone the AUC of 400 against 400 has a standard error of 0.02; the margin of
0.1 is five of these, so a busy machine does not fail the test, while work that is done for one kind alone does: a hash,
a mail, a query or two move the AUC beyond 0.7.
"""

import os
import re
import subprocess
import sys

import pytest

from bench.timing import auc
from tests.faults.conftest import ROOT

pytestmark = pytest.mark.slow
REQUESTS, LOW, HIGH = "400", 0.4, 0.6
PAGES = {"login, wrong password", "reset, step one: the name", "reset, step two: the mail", "request form"}
CLAIM = "reset, claim: a link that is over against none"
CELLS = r"\| (?P<page>[^|]+) \| \*\*(?P<wall>[\d.]+)\*\* \|[^|]*\|[^|]*\| (?P<cpu>[\d.]+) \| (?P<seen>\w+) \|"
ROW = re.compile(CELLS)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, re.Match[str]]:
    env = {**os.environ, "BENCH_REQUESTS": REQUESTS, "TMPDIR": str(tmp_path_factory.mktemp("timing"))}
    done = subprocess.run(
        [sys.executable, "-m", "bench.timing", "--cheap"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [match for line in done.stdout.splitlines() if (match := ROW.match(line))]
    return {match["page"]: match for match in found}


def test_every_page_that_takes_a_name_is_asked(printed: dict[str, re.Match[str]]) -> None:
    assert set(printed) == {*PAGES, CLAIM}


@pytest.mark.parametrize("page", sorted({*PAGES, CLAIM}))
def test_the_time_of_an_answer_tells_no_name(page: str, printed: dict[str, re.Match[str]]) -> None:
    found = printed[page]
    assert LOW < float(found["wall"]) < HIGH
    assert LOW < float(found["cpu"]) < HIGH
    assert found["seen"] == "alike"


def test_an_auc_of_unlike_times_is_far_from_a_coin() -> None:
    assert auc([2.0, 3.0, 4.0], [1.0, 1.5, 2.0]) == pytest.approx(8.5 / 9)
    assert auc([1.0, 2.0], [1.0, 2.0]) == 0.5
