"""What a publication is, signed: counts, sums and digests that anybody with the public key can check later."""

import base64
import hashlib
import json
from typing import Any

from django.conf import settings

from extranet.keyring.ring import signing_key
from extranet.reports.models import Publication
from extranet.reports.reconcile import Found
from extranet.reports.refusals import IntegrityBroken
from extranet.vault.keys import verify
from extranet.vault.packs import PackSummary
from extranet.vault.stores import Reader, Store, open_store

FORMAT = 1
BLOCK = 8 * 1024 * 1024
_CONTEXT = b"agent-extranet manifest 1\0"


def store() -> Store:
    """Where packs and their manifests lie."""
    return open_store(settings.EXTRANET.store)


def pack_name(row: Publication) -> str:
    return f"{row.kind}-{row.as_of.isoformat()}-r{row.revision}-{row.id}.pack"


def manifest_name(pack: str) -> str:
    return f"{pack}.manifest.json"


def manifest_of(row: Publication, found: Found, summary: PackSummary) -> dict[str, Any]:
    """Counts as reconciled, not as hoped for. Money is text in dollars."""
    return {
        "format": FORMAT,
        "publication": str(row.id),
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "layout_version": row.layout_version,
        "input": {"sha256": row.input_sha256, "bytes": row.input_bytes},
        "rows": {
            "in": row.rows_in,
            "delivered": found.delivered,
            "unassigned": found.unassigned,
            "quarantined": found.quarantined,
        },
        "agents": found.agents,
        "cases": row.cases,
        "received_by": row.received_by,
        "members": row.members,
        "figures": row.figures,
        "held_for": row.held_for,
        "compared_with": str(row.compared_with) if row.compared_with else "",
        "changes": row.changes,
        "sums": {key: str(amount) for key, amount in found.sums.items()},
        "pack": {"name": row.pack, "sha256": summary.sha256, "bytes": summary.length, "frames": summary.frames},
    }


def sign(document: dict[str, Any]) -> bytes:
    return signing_key().sign(_CONTEXT + _canonical(document))


def is_signed(document: dict[str, Any], signature: bytes) -> bool:
    """True if our key signed exactly this."""
    return verify(signing_key().public_bytes, signature, _CONTEXT + _canonical(document))


def signed_file(document: dict[str, Any], signature: bytes) -> bytes:
    """The document with its signature, for the store: what remains if the database is lost."""
    public = base64.b64encode(signing_key().public_bytes).decode()
    signed = {"document": document, "signature": base64.b64encode(signature).decode(), "public_key": public}
    return json.dumps(signed, indent=1, sort_keys=True).encode()


def write_signed(name: str, document: dict[str, Any]) -> bytes:
    """Sign and store durably; the signature. A leftover of a killed run under that name is replaced."""
    signature, place = sign(document), store()
    place.delete(name)
    with place.writer(name) as target:
        target.write(signed_file(document, signature))
    return signature


def read_signed(name: str) -> tuple[dict[str, Any], bytes]:
    """Document and signature of a signed file in the store. Raises IntegrityBroken, ObjectMissing."""
    with store().open(name) as reader:
        try:
            signed = json.loads(reader.read(0, reader.size()))
            document, signature = dict(signed["document"]), base64.b64decode(signed["signature"])
        except (ValueError, KeyError, TypeError):
            raise IntegrityBroken(f"{name} is no signed file") from None
    if not is_signed(document, signature):
        raise IntegrityBroken(f"{name} is not signed by this exchange")
    return document, signature


def sha256_of(reader: Reader) -> str:
    """In hex, of all bytes of an object."""
    digest, offset = hashlib.sha256(), 0
    while block := reader.read(offset, BLOCK):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
