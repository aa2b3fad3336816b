"""Opens one Parquet file, in a process of its own: its rows leave as Arrow streams, a piece of some thousand at a time.

Some kilobytes of Parquet can stand for a terabyte of text, and a damaged file can ask for all memory; see child.py.
"""

import io
import os
from collections.abc import Iterator

os.environ["POLARS_MAX_THREADS"] = "1"  # before polars is loaded: each thread holds columns of its own
os.environ["POLARS_ROW_GROUP_PREFETCH_SIZE"] = "1"

import polars as pl
import polars.selectors as cs

from extranet.reports.sources.within import FACTS, INPUT, ROWS, Unreadable, run, tell, tell_json

MEMORY = 1_500_000_000  # bytes of its own; a row group of 250,000 rows and 60 columns takes less than half
SECONDS = 900  # of the processor; ten million rows take a twentieth
MOST_ROWS = 20_000_000  # twice the stress of the largest exchange
MOST_FREE = 500_000_000  # bytes of all rows that any file may unpack to
MOST_TIMES = 200  # and as often the file's own size: weekly reports unpack to fifteen times
LONGEST = 131_072  # bytes of one cell, as in a CSV
PIECE_ROWS = 20_000
PIECE_BYTES = 32_000_000
DAMAGED = "the Parquet file is damaged, was cut or is encrypted; write it again and send it whole"


def main() -> None:
    run(_tell_rows, memory=MEMORY, seconds=SECONDS)


def _tell_rows() -> None:
    try:
        file = pl.scan_parquet(INPUT, glob=False, low_memory=True, parallel="columns", use_statistics=False)
        file = file.with_columns((cs.categorical() | cs.enum()).cast(pl.String))
        count = int(file.select(pl.len()).collect().item())
        if count > MOST_ROWS:
            raise Unreadable(f"the Parquet file has {count} rows; at most {MOST_ROWS} are taken")
        tell_json(FACTS, {"rows": count})
        tell(ROWS, _stream(file.head(0).collect()))
        _tell_pieces(file)
    except (Unreadable, BrokenPipeError):
        raise
    except BaseException as error:  # polars panics outside of Exception, and a panic says: damaged
        raise Unreadable(DAMAGED) from error


def _tell_pieces(file: pl.LazyFrame) -> None:
    told, most = 0, MOST_FREE + MOST_TIMES * os.stat(INPUT).st_size
    for batch in file.collect_batches(chunk_size=PIECE_ROWS, maintain_order=True, lazy=True, engine="streaming"):
        for piece, size in _cut(batch):
            told += size
            if told > most:
                raise Unreadable("the Parquet file unpacks to more than a publication can be")
            tell(ROWS, _stream(piece))


def _cut(rows: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, int]]:
    """Pieces of bounded size, with it: text that stands once in the file may be meant by every row."""
    size = _bytes(rows)
    if size <= PIECE_BYTES:
        yield rows, size
    elif rows.height == 1:
        raise Unreadable("the Parquet file has a row that is longer than any row may be")
    else:
        half = rows.height // 2
        yield from _cut(rows[:half])
        yield from _cut(rows[half:])


def _bytes(rows: pl.DataFrame) -> int:
    """What the texts of the rows are long, each counted as often as it stands. Raises Unreadable for one too long."""
    texts = [pl.col(name).str.len_bytes() for name, kind in rows.schema.items() if kind == pl.String]
    size = rows.height * rows.width * 8
    if not texts or not rows.height:
        return size
    for name, longest in rows.select(text.max() for text in texts).row(0, named=True).items():
        if (longest or 0) > LONGEST:
            raise Unreadable(f"column {name[:40]!r}: a cell is longer than any cell may be")
    return size + int(sum(rows.select(text.sum() for text in texts).row(0)))


def _stream(rows: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    rows.write_ipc_stream(target, compression="uncompressed")
    return target.getvalue()


if __name__ == "__main__":
    main()
