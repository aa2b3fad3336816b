"""Opens one workbook, in a process of its own: the file comes on stdin, its rows leave as JSON on stdout.

A workbook of some bytes can ask for half a terabyte, and the library that reads it ends its process then. This one has
a bound on memory and time, holds no key and no connection, and its end costs nobody but the sender. It is started by
its path and imports nothing of ours.
"""

import io
import json
import resource
import sys
from datetime import date, datetime

import python_calamine

MEMORY = 1_500_000_000  # bytes of address space; a roster of 83,000 agents takes a third of it
SECONDS = 60  # of the processor


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no row ever lies on the disk
    sys.stdout.write(json.dumps(_opened(sys.stdin.buffer.read())))


def _opened(data: bytes) -> dict[str, object]:
    """``rows`` of the only sheet that holds anything, or why it is ``refused``."""
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names]
    except python_calamine.PasswordError:
        return {"refused": "is locked with a password"}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        return {"refused": f"is no readable workbook: {error}"}
    filled = [(name, rows) for name, rows in sheets if any(cell != "" for row in rows for cell in row)]
    if len(filled) > 1:
        return {"refused": f"has several filled sheets ({', '.join(name for name, _ in filled)}); keep one"}
    return {"rows": [[_plain(cell) for cell in row] for row in (filled[0][1] if filled else [])]}


def _plain(value: object) -> str | float:
    """Numbers stay numbers, for the reader to judge; all else is text."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):  # a day, or a moment with its time: the reader refuses the latter
        return value.isoformat()
    return str(value)


if __name__ == "__main__":
    main()
