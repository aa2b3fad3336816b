"""What it costs to open a book: ``python -m bench.book`` prints a table, ratios first.

CPU of this process, the best of several warm runs, through Django's test client and the whole chain of middleware.
"""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

from bench.three_books import BOOK, Opened, three_books

PAGE = f"/reports/{BOOK}/"
ROUNDS = {100: 40, 2_000: 15, 20_000: 5} if "BENCH_ROUNDS" not in os.environ else dict.fromkeys((100, 2_000, 20_000), 1)
AIMS = {100: 10.0, 2_000: 20.0, 20_000: 100.0}  # ms of CPU, one page with its HTML
XLSX_AIM = 1.5  # us a cell
CSV_AIM = 150.0  # ms, 20,000 rows


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="extranet-bench-") as folder:
        books = three_books(Path(folder))
        lines = {name: dict[int, float]() for name, _ in _measured(books[0])}
        for book in books:
            for name, act in _measured(book):
                lines[name][book.rows] = _cpu(act, ROUNDS[book.rows])
        columns = len(import_module("extranet.profile.loader").current().reports[BOOK].layout.columns)
    _tell(lines, columns)


def _measured(book: Opened) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and act; the first two are what the others are compared with."""
    sealed = _Sealed(book)
    text, client = sealed.unseal(), book.client
    whole = sealed.book(text)
    yield "bare unseal", sealed.unseal
    yield "a page without a book", lambda: _got(client, "/account/")
    yield "parse alone", lambda: sealed.book(text)
    yield "book page", lambda: _got(client, PAGE)
    narrowed = client.post(PAGE, {"search": "maria", "metal_level": "Silver", "sort": "-net_premium"})
    yield "book page, searched, filtered, sorted", lambda: _got(client, narrowed.headers["Location"])
    render = import_module("extranet.reports.render").render
    table = whole.view(import_module("extranet.reports.book").Query()).table()
    for format in ("csv", "xlsx", "json", "parquet"):
        yield f"{format} of a view, made", lambda format=format: render(whole, table, format)
        yield f"{format} download", lambda format=format: _got(client, f"{PAGE}download/?format={format}")
    if book.rows <= 2_000:  # a minute and more beyond that
        yield "xlsx by openpyxl", lambda: _by_openpyxl(table)


class _Sealed:
    """The sealed frame of one agent, with its key opened."""

    def __init__(self, book: Opened) -> None:
        models, seal = import_module("extranet.reports.models"), import_module("extranet.reports.seal")
        self._shelf = import_module("extranet.reports.shelf")
        self._row = models.Publication.objects.get(kind=BOOK)
        self._frame = models.Frame.objects.get(publication=self._row, agent=book.agent, frame=seal.LINES)
        self._place = seal.Place(BOOK, self._row.id, self._frame.owner, seal.LINES)
        self._handle = seal.handle_for(seal.LINES, book.agent.id, self._frame.key_version)
        self._unseal = seal.unseal
        self._header = self._shelf.header_of_week(self._row.id)

    def unseal(self) -> bytes:
        """Range read, unwrap, AES-GCM, zstd."""
        with self._shelf.store().open(self._row.pack) as reader:
            sealed = reader.read(self._frame.offset, self._frame.length)
        text: bytes = self._unseal(sealed, bytes(self._frame.wrapped_key), self._place, self._handle)
        return text

    def book(self, text: bytes) -> Any:
        columns = import_module("extranet.reports.columns").read_columns(self._header, [text])
        return import_module("extranet.reports.book").Book(self._header, self._row.released_at, 1, columns)


def _got(client: Any, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")


def _by_openpyxl(table: Any) -> None:
    workbook = import_module("openpyxl").Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in table.iter_rows():
        sheet.append(row)
    workbook.save(io.BytesIO())


def _cpu(act: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the best round; two unmeasured ones come first."""
    act()
    act()
    best = float("inf")
    for _ in range(rounds):
        begun = process_time()
        act()
        best = min(best, process_time() - begun)
    return best * 1_000


def _tell(lines: dict[str, dict[int, float]], columns: int) -> None:
    page, unseal, plain = lines["book page"], lines["bare unseal"], lines["a page without a book"]
    print("| ratio | " + " | ".join(f"{rows:,} rows" for rows in AIMS) + " |")
    print("|---|" + "---:|" * len(AIMS))
    _row("book page : page without a book", {rows: page[rows] / plain[rows] for rows in AIMS}, "x")
    _row("book page : bare unseal", {rows: page[rows] / unseal[rows] for rows in AIMS}, "x")
    beyond = {rows: (page[rows] - plain[rows]) / unseal[rows] for rows in AIMS}
    _row("what the book adds to a page : bare unseal", beyond, "x")
    cells = {rows: lines["xlsx of a view, made"][rows] * 1_000 / (rows * columns) for rows in AIMS}
    _row(f"XLSX, us a cell (aim {XLSX_AIM}) {_verdict(max(cells.values()), XLSX_AIM)}", cells, "")
    csv = lines["csv of a view, made"][20_000]
    print(f"\nBook page, aims of {_aims()} ms: " + ", ".join(_verdict(page[rows], AIMS[rows]) for rows in AIMS) + ".")
    print(f"CSV of 20,000 rows, aim of {CSV_AIM:.0f} ms: {_verdict(csv, CSV_AIM)}.\n")
    print("| ms of CPU | " + " | ".join(f"{rows:,} rows" for rows in AIMS) + " |")
    print("|---|" + "---:|" * len(AIMS))
    for what, took in lines.items():
        _row(what, took, "")


def _row(what: str, values: dict[int, float], unit: str) -> None:
    print(f"| {what} | " + " | ".join(f"{values[rows]:.1f}{unit}" if rows in values else "" for rows in AIMS) + " |")


def _aims() -> str:
    return ", ".join(f"{aim:.0f}" for aim in AIMS.values())


def _verdict(value: float, aim: float) -> str:
    return "reached" if value <= aim else f"refuted ({value:.1f})"


if __name__ == "__main__":
    main()
