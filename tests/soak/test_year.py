"""The simulated year in a short form; ``make soak`` is the whole one."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_through_kills_outages_and_double_runs_every_agent_gets_exactly_what_policy_says(tmp_path: Path) -> None:
    database = os.environ.get("EXTRANET_DATABASE_URL", "")  # the server that this test process has, else SQLite
    size = ["--agents", "30", "--weeks", "3", "--seed", "3", "--database", database]
    command = [sys.executable, "-m", "tests.soak", *size, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["faults"] == []
    for happened in ("killed", "phases with a killed sender", "outages of the relay", "outages of the site"):
        assert report[happened] > 0, happened
    for kind in ("introduction", "password", "expiry_warning", "email_changed", "password_changed", "reset_link"):
        assert report[f"mails: {kind}"] > 0, kind
    assert report["requests: never received"] > 0
