"""Check every pack that the database knows: digest, index, every frame opened with its key, manifest signed by us."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from extranet.keyring.ring import KeyDestroyed, KeyMissing
from extranet.reports.manifest import is_signed, manifest_name, read_signed, sha256_of, store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.progress import Progress, silent
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.seal import AMENDED, Place, handle_for, unseal
from extranet.vault.packs import PackDamaged, PackTrailer, check_frames, read_frame, read_trailer
from extranet.vault.sealing import Unopenable
from extranet.vault.stores import ObjectMissing, Reader

KEPT = (
    PublicationState.SEALED,
    PublicationState.HELD,
    PublicationState.RELEASED,
    PublicationState.RECALLED,
    PublicationState.SUPERSEDED,
)


@dataclass
class FilesVerified:
    """``shredded`` frames cannot be opened because their agent's keys were destroyed: meant so, no fault."""

    packs: int = 0
    frames: int = 0
    shredded: int = 0
    faults: list[str] = field(default_factory=list)

    def require_sound(self) -> None:
        """Raises IntegrityBroken (exit code 4) if there is a fault."""
        if self.faults:
            raise IntegrityBroken(*self.faults)


def verify_files(*, progress: Progress = silent) -> FilesVerified:
    """Reads every byte of every pack; changes nothing."""
    result = FilesVerified()
    rows = list(Publication.objects.filter(state__in=KEPT).exclude(pack="").order_by("kind", "as_of", "revision"))
    for number, row in enumerate(rows, start=1):
        result.faults += [f"{row.pack}: {fault}" for fault in _faults(row, result)]
        result.packs += 1
        progress("verify", number, len(rows))
    known = {row.pack for row in rows}
    strays = [name for name in store().names() if name.endswith(".pack") and name not in known]
    result.faults += [f"{name}: no publication knows it" for name in strays]
    return result


def verify_packs(*, progress: Progress = silent) -> FilesVerified:
    """The same as far as it goes without database and agents' keys: signature, digest and index of each pack."""
    result, place = FilesVerified(), store()
    names = [name for name in place.names() if name.endswith(".pack")]
    for number, name in enumerate(names, start=1):
        result.faults += [f"{name}: {fault}" for fault in _pack_faults(name, result)]
        result.packs += 1
        progress("verify", number, len(names))
    return result


def _pack_faults(name: str, result: FilesVerified) -> Iterator[str]:
    try:
        manifest, _ = read_signed(manifest_name(name))
        with store().open(name) as reader:
            if (manifest["pack"]["name"], manifest["pack"]["sha256"]) != (name, sha256_of(reader)):
                yield "the pack is not the one that was sealed"
            result.frames += check_frames(reader, read_trailer(reader))
    except (PackDamaged, ObjectMissing, IntegrityBroken) as error:
        yield str(error)


def _faults(row: Publication, result: FilesVerified) -> Iterator[str]:
    if not is_signed(row.manifest, bytes(row.manifest_signature)):
        yield "the manifest is not signed by this exchange"
    if row.manifest.get("pack", {}).get("sha256") != row.pack_sha256:
        yield "the manifest is of another pack"
    try:
        with store().open(row.pack) as reader:
            if sha256_of(reader) != row.pack_sha256:
                yield "the pack is not the one that was sealed"
            yield from _frame_faults(row, reader, read_trailer(reader), result)
    except (PackDamaged, ObjectMissing) as error:  # a store that is away says nothing about a pack
        yield str(error)


def _frame_faults(row: Publication, reader: Reader, trailer: PackTrailer, result: FilesVerified) -> Iterator[str]:
    entries = {(entry.owner, entry.frame): entry for entry in trailer.entries}
    frames = list(row.frames.all())
    if {(frame.owner, frame.frame) for frame in frames if frame.frame != AMENDED} != set(entries):
        yield "the index in the database is not that of the pack"
    for frame in frames:
        place = Place(row.kind, row.id, frame.owner, frame.frame)
        entry = entries.get((frame.owner, place.stored))
        if entry is None or (entry.offset, entry.length) != (frame.offset, frame.length):
            yield f"frame {frame.frame} of {frame.owner} is not where the index says"
            continue
        fault = _unopened(frame, read_frame(reader, entry), place, result)
        if fault:
            yield f"frame {frame.frame} of {frame.owner}: {fault}"


def _unopened(frame: Frame, sealed: bytes, place: Place, result: FilesVerified) -> str:
    """Why the frame does not open; blank if it does."""
    try:
        handle = handle_for(frame.frame, frame.holder, frame.key_version)
        unseal(sealed, bytes(frame.wrapped_key), place, handle)
    except KeyDestroyed:
        result.shredded += 1
    except (KeyMissing, Unopenable) as error:
        return str(error)
    else:
        result.frames += 1
    return ""
