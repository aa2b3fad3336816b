"""Rows that wait between the passes come back as they went in, in memory or on a disk, and leave nothing behind."""

from pathlib import Path

import numpy as np
import pytest

from extranet.reports import spill as module
from extranet.reports.spill import Spill


def test_what_unpacks_to_more_than_it_looked_like_moves_to_a_nameless_sealed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 2_000)
    spill = Spill(tmp_path / "spill", expected_bytes=10)
    texts = [b"Plantedname %d " % number + bytes(500) for number in range(12)]
    for number, text in enumerate(texts):
        spill.add_text("kept", text)
        spill.add_column("line", np.array([number], np.int64))
    assert list(spill.read_texts("kept")) == texts
    assert spill.read_column("line", np.int64).tolist() == list(range(12))
    assert (tmp_path / "spill").is_dir()  # some of it left the memory
    assert list((tmp_path / "spill").iterdir()) == []
    spill.close()


def test_what_is_small_never_touches_the_disk(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill", expected_bytes=10)
    spill.add_text("kept", b"text")
    assert list(spill.read_texts("kept")) == [b"text"]
    assert not (tmp_path / "spill").exists()
