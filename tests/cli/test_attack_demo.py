"""The demonstration shows passwords, codes and mails to everybody: it must be no real one, and no real one it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.demo.seed import DemoRefused, make_seed, refuse_outside, refuse_strangers
from tests.cli.conftest import Call

KEYS = ("EXTRANET_SECRET_KEY", "EXTRANET_MASTER_KEY", "EXTRANET_SIGNING_KEY", "EXTRANET_BASE_URL", "EXTRANET_EMAIL_URL")


@pytest.fixture
def as_demo(settings: Settings) -> Callable[[bool], None]:
    def put(demo: bool) -> None:
        settings.EXTRANET = settings.EXTRANET.model_copy(update={"demo": demo})

    return put


def test_a_real_folder_never_serves_as_a_demonstration(
    as_demo: Callable[[bool], None], settings: Settings, data_folder: Path
) -> None:
    as_demo(True)
    with pytest.raises(DemoRefused, match="EXTRANET_DEMO is set"):
        refuse_outside(settings.EXTRANET)
    make_seed(data_folder)
    refuse_outside(settings.EXTRANET)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "portal.example.org"])  # noqa: S104 -- refused
def test_a_demonstration_listens_to_nobody_else(host: str, as_demo: Callable[[bool], None], settings: Settings) -> None:
    as_demo(True)
    with pytest.raises(DemoRefused, match="this machine only"):
        refuse_strangers(settings.EXTRANET, host)
    as_demo(False)
    refuse_strangers(settings.EXTRANET, host)


@pytest.mark.parametrize(("demo", "folder_is_demo"), [("0", True), ("1", False)])
def test_another_server_than_ours_is_refused_both_mixtures_too(demo: str, folder_is_demo: bool, tmp_path: Path) -> None:
    if folder_is_demo:
        make_seed(tmp_path)
    env = {name: os.environ[name] for name in (*KEYS, "PATH")}
    env |= {"EXTRANET_DEMO": demo, "EXTRANET_DATA_DIR": str(tmp_path)}
    words = [sys.executable, "-c", "import extranet.wsgi"]
    ended = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert "DemoRefused" in ended.stderr


@pytest.mark.parametrize("command", ["run", "web"])
def test_nor_does_the_command_that_serves_it(
    command: str, call: Call, as_demo: Callable[[bool], None], data_folder: Path
) -> None:
    as_demo(True)
    make_seed(data_folder)
    ended = call(command, "--host", "192.0.2.1")
    assert (ended.code, "this machine only" in ended.err) == (2, True)
