"""One statewide CSV from its first byte to a durable pack, checks included; with ``--prove`` opened again as well."""

import os
import sys
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from bench.material import agents, day_of
from bench.measured import tell
from extranet.profile.loader import current
from extranet.reports.progress import silent
from extranet.reports.run import begun
from extranet.reports.seal import rings_for_trial
from extranet.reports.sources.input_file import InputFile
from extranet.vault.stores import open_store

PUBLICATION = UUID(int=7)


def read_to_pack(file: Path, folder: Path, *, prove: bool = False) -> dict[str, float]:
    store = open_store(f"file://{folder / 'packs'}")
    store.delete("bench.pack")
    licenses = agents(file.parent)
    with file.open("rb") as source:
        taken = InputFile(source)
        report = current().reports["book-of-business"]
        with begun(taken, report, as_of=day_of(file), progress=silent, agents=lambda: licenses) as run:
            rings = rings_for_trial(run.sorted.owner_ids)
            with store.writer("bench.pack") as target:
                packed = run.seal(target, publication=PUBLICATION, rings=rings, progress=silent)
            if prove:
                with store.open("bench.pack") as reader:
                    run.prove(reader, rings=rings, progress=silent)
            counts = run.counts
    stored = packed.summary.length / taken.size
    return {"rows": counts.rows_in, "stored": stored, "frames": packed.summary.frames}


if __name__ == "__main__":
    tell(lambda: read_to_pack(Path(sys.argv[1]), Path(sys.argv[2]), prove="--prove" in sys.argv))
