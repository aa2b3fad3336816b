"""The parts that no publication can do without, each alone and as fast as it is to be had."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measured import tell
from extranet.profile.loader import load
from extranet.vault.sealing import ZSTD_LEVEL

FRAME = 90_000  # bytes of text of an average agent's frame at two million rows
BLOCK = 16 * 1024 * 1024
PROFILE = Path(__file__).parents[1] / "extranet" / "profiles" / "covered_california"


def blocks(file: Path) -> Iterator[bytes]:
    """Whole lines."""
    rest = b""
    with file.open("rb") as source:
        source.readline()
        while block := source.read(BLOCK):
            block = rest + block
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            yield block[:end]


def typed_by_polars(file: Path) -> None:
    """Dates, whole numbers and exact amounts; texts as texts. The schema is given, nothing is guessed."""
    kinds = {"date": pl.Date, "money": pl.Decimal(14, 2), "decimal": pl.Decimal(14, 2), "int": pl.Int64}
    schema = {column.key: kinds.get(column.type, pl.String) for column in _columns()}
    for block in blocks(file):
        pl.read_csv(block, has_header=False, schema=schema)


def typed_by_arrow(file: Path) -> None:
    kinds = {"date": pa.date32(), "money": pa.decimal128(14, 2), "decimal": pa.decimal128(14, 2), "int": pa.int64()}
    types = {column.key: kinds.get(column.type, pa.string()) for column in _columns()}
    convert = arrow_csv.ConvertOptions(column_types=types)
    read = arrow_csv.ReadOptions(column_names=list(types), block_size=BLOCK, use_threads=False)
    for block in blocks(file):
        arrow_csv.read_csv(pa.BufferReader(block), read_options=read, convert_options=convert)


def text_by_polars(file: Path) -> None:
    """The same reading without any type: what validation is compared with."""
    schema = {column.key: pl.String for column in _columns()}
    for block in blocks(file):
        pl.read_csv(block, has_header=False, schema=schema, empty_string_is_null=False)


def compressed(file: Path) -> dict[str, float]:
    compressor, length = zstandard.ZstdCompressor(level=ZSTD_LEVEL), 0
    for block in blocks(file):
        for place in range(0, len(block), FRAME):
            length += len(compressor.compress(block[place : place + FRAME]))
    return {"bytes": length}


def hashed(file: Path) -> None:
    digest = hashlib.sha256()
    for block in blocks(file):
        digest.update(block)


def encrypted(size: str) -> None:
    """So many bytes of compressed frames."""
    frame = os.urandom(FRAME // 5)
    for _ in range(int(size) // len(frame)):
        AESGCM(os.urandom(32)).encrypt(os.urandom(12), frame, b"place")


def written(size: str) -> None:
    """One file of so many bytes, flushed to the disk."""
    block = os.urandom(1024 * 1024)
    with tempfile.NamedTemporaryFile(dir=os.environ.get("BENCH_DIR", "var/bench")) as target:
        for _ in range(int(size) // len(block)):
            target.write(block)
        target.flush()
        os.fsync(target.fileno())


def _columns():  # type: ignore[no-untyped-def]  # columns of the layout
    return load(str(PROFILE)).reports["book-of-business"].layout.columns


if __name__ == "__main__":
    name, argument = sys.argv[1:3]
    work = globals()[name]
    tell(lambda: work(argument if name in ("encrypted", "written") else Path(argument)))
