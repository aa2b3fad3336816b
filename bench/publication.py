"""The report of publications: ``python -m bench.publication [--big] [--peers]`` prints Markdown, ratios first.

Every ratio is of CPU seconds (user and system, children included) in one run on one machine; each piece of work runs in
a process of its own, several times in turn, and the best of its runs counts.
"""

import os
import shutil
import sys
from pathlib import Path

from bench.material import FOLDER, book, exchange, quoted, shuffled
from bench.measured import Cost, measured, table

ROWS = int(os.environ.get("BENCH_ROWS", 2_000_000))
BIG = 10_000_000
RUNS = 2
PEERS = {
    "polars_sort_csv": ("a Polars sort, one zstd CSV an agent", 0.5),
    "polars_parquet": ("a Polars sort, one Parquet an agent", 0.25),
    "pandas_group": ("a pandas group-by, one zstd CSV an agent", 0.2),
}


def best(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.cpu)


def parts_and_whole(file: Path) -> tuple[dict[str, Cost], Cost]:
    """Every part and the whole in turn, so that what else the machine does meets all alike."""
    found: dict[str, list[Cost]] = {}
    for _ in range(RUNS):
        found.setdefault("whole", []).append(measured("read_to_pack", str(file), str(FOLDER)))
        for name in ("typed_by_polars", "typed_by_arrow", "compressed", "hashed"):
            found.setdefault(name, []).append(measured("parts", name, str(file)))
        size = str(int(file.stat().st_size * found["whole"][-1].told["stored"]))
        for name in ("encrypted", "written"):
            found.setdefault(name, []).append(measured("parts", name, size))
    costs = {name: best(several) for name, several in found.items()}
    whole = costs.pop("whole")
    slower = max(("typed_by_polars", "typed_by_arrow"), key=lambda name: costs[name].cpu)
    del costs[slower]
    return costs, whole


def line(name: str, ratio: float, aim: float, note: str = "") -> list[str]:
    verdict = "reached" if ratio <= aim else "not reached"
    return [name, f"**{ratio:.2f}x**", f"{aim}x", verdict, note]


def read_to_pack(folder: Path, *, peers: bool) -> tuple[str, Cost, float]:
    file = book(folder)
    parts, whole = parts_and_whole(file)
    bare = sum(cost.cpu for cost in parts.values())
    rows = [line("the bare sum of its parts", whole.cpu / bare, 1.6, f"{whole.cpu:.1f} s against {bare:.1f} s of CPU")]
    for other, make in (("shuffled columns", shuffled), ("every cell quoted", quoted)):
        cost = measured("read_to_pack", str(make(folder)), str(FOLDER))
        rows.append(line(f"{other}, of the same parts", cost.cpu / bare, 2.5, f"{cost.cpu:.1f} s"))
    for name, (words, aim) in PEERS.items() if peers else ():
        cost = peer(name, file)
        rows.append(line(words, whole.cpu / cost.cpu, aim, f"{cost.cpu:.0f} s, peak {cost.peak:,.0f} MiB"))
    reading = [measured("validation", str(file)) for _ in range(RUNS)]
    checked = [measured("validation", str(file), "--check") for _ in range(RUNS)]
    rows.append(line("reading with all checks, of reading alone", best(checked).cpu / best(reading).cpu, 1.35))
    rows.append(line("stored bytes, of the CSV", whole.told["stored"], 0.35, f"{whole.told['frames']:,.0f} frames"))
    rows.append(line("peak memory, of 0.75 GiB", whole.peak / 768, 1.0, f"{whole.peak:.0f} MiB"))
    headers = ["read-to-pack of two million rows, against", "ratio", "aim", "", ""]
    told = [[name.replace("_", " "), f"{cost.cpu:.2f} s"] for name, cost in parts.items()]
    return table(headers, rows) + "\n\n" + table(["part", "CPU"], told), whole, bare


def peer(name: str, file: Path) -> Cost:
    target = FOLDER / "peer"
    shutil.rmtree(target, ignore_errors=True)
    try:
        return measured("peers", name, str(file), str(target))
    finally:
        shutil.rmtree(target, ignore_errors=True)


def whole_publication(folder: Path, read: Cost) -> str:
    measured("whole", "prepare", str(FOLDER), str(folder))
    costs = [measured("whole", "publish", str(FOLDER), str(folder)) for _ in range(RUNS)]
    alone = best([measured("whole", "alone", str(FOLDER), str(folder)) for _ in range(RUNS)])
    cost = best(costs)
    compared = cost.cpu - alone.cpu
    rows = [
        line("read-to-pack of the same rows", cost.cpu / read.cpu, 2.2, f"{cost.cpu:.1f} s against {read.cpu:.1f} s"),
        line("the comparison alone: with it less without it", compared / read.cpu, 0.6, f"{compared:.1f} s"),
        line("peak beyond read-to-pack, of 0.25 GiB", (cost.peak - read.peak) / 256, 1.0, f"{cost.peak:.0f} MiB"),
    ]
    headers = ["whole publication with changes, proof, manifest, index, against", "ratio", "aim", "", ""]
    return table(headers, rows)


def big(read: Cost) -> str:
    file = book(exchange(BIG, weeks=1))
    cost = measured("read_to_pack", str(file), str(FOLDER))
    scale = cost.told["rows"] / read.told["rows"]
    rows = [
        line(f"CPU at {scale:.1f} times the rows", cost.cpu / read.cpu, 5.8, f"{cost.cpu:.0f} s"),
        line("peak memory, of 0.75 GiB", cost.peak / 768, 1.0, f"{cost.peak:.0f} MiB"),
        ["CPU a row", f"**{cost.cpu / cost.told['rows'] * 1e6:.1f} us**", "9 us", "", ""],
    ]
    return table(["ten million rows, 83,000 agents, against two million", "ratio", "aim", "", ""], rows)


def main() -> None:
    folder = exchange(ROWS)
    text, read, _ = read_to_pack(folder, peers="--peers" in sys.argv)
    print(text, flush=True)
    print("\n" + whole_publication(folder, read), flush=True)
    if "--big" in sys.argv:
        print("\n" + big(read), flush=True)


if __name__ == "__main__":
    main()
