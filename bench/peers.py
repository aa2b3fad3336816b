"""What one would write without thinking twice: split a statewide CSV by agent with a library, no checks, no sealing."""

import sys
from pathlib import Path

import pandas as pd
import polars as pl
import zstandard

from bench.measured import tell

AGENT = "Agent License"


def polars_sort_csv(file: Path, folder: Path) -> None:
    """Sort by agent, one zstd CSV an agent."""
    compressor = zstandard.ZstdCompressor(level=1)
    rows = pl.read_csv(file, infer_schema=False).sort(AGENT, maintain_order=True)
    for (license,), part in rows.group_by(AGENT, maintain_order=True):
        (folder / f"{license}.csv.zst").write_bytes(compressor.compress(part.write_csv().encode()))


def polars_parquet(file: Path, folder: Path) -> None:
    """Sort by agent, one Parquet an agent."""
    rows = pl.read_csv(file, infer_schema=False).sort(AGENT, maintain_order=True)
    for (license,), part in rows.group_by(AGENT, maintain_order=True):
        part.write_parquet(folder / f"{license}.parquet")


def pandas_group(file: Path, folder: Path) -> None:
    """Group by agent, one zstd CSV an agent."""
    compressor = zstandard.ZstdCompressor(level=1)
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    for license, part in rows.groupby(AGENT, sort=False):
        (folder / f"{license}.csv.zst").write_bytes(compressor.compress(part.to_csv(index=False).encode()))


def measured_peer(name: str, file: Path, folder: Path) -> dict[str, float]:
    folder.mkdir(parents=True, exist_ok=True)
    globals()[name](file, folder)
    stored = sum(part.stat().st_size for part in folder.iterdir())
    return {"stored": stored / file.stat().st_size}


if __name__ == "__main__":
    tell(lambda: measured_peer(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
