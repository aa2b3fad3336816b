"""The relay of the simulated year: takes mail on loopback and writes down each message it said 250 to, before it does.

``python -m tests.soak.sink JOURNAL PORT CERTIFICATE KEY SEED`` runs until SIGTERM. Mailboxes whose name begins with
``dead`` do not exist (550); some three in a hundred recipients are told to come back (451).
"""

import asyncio
import json
import random
import re
import signal
import ssl
import sys
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from aiosmtpd.smtp import SMTP, Envelope

PASSWORD = re.compile(rb"\b[a-z0-9]{4}(?:-[a-z0-9]{4}){4,}\b")
LINK = re.compile(rb"/link/(\w+)/")
LATER_SHARE = 0.03


class Sink:
    """Answers of the relay, and its journal."""

    def __init__(self, journal: IO[str], seed: int) -> None:
        self._journal, self._chance = journal, random.Random(seed)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("dead"):
            return "550 5.1.1 no such mailbox"
        if self._chance.random() < LATER_SHARE:
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        head = content.partition(b"\r\n\r\n")[0]
        message_id = re.search(rb"^Message-ID:\s*(\S+)", head, re.MULTILINE | re.IGNORECASE)
        line = {
            "message_id": message_id[1].decode() if message_id else "",
            "to": envelope.rcpt_tos,
            "digest": sha256(content).hexdigest(),
            **_key_of_the_door(content.replace(b"=\r\n", b"")),
        }
        self._journal.write(json.dumps(line) + "\n")
        self._journal.flush()
        return "250 2.0.0 taken"


def _key_of_the_door(content: bytes) -> dict[str, str]:
    """What the reader of the mail would type or press."""
    link, password = LINK.search(content), PASSWORD.search(content)
    if link:
        return {"link": link[1].decode()}
    return {"password": password[0].decode()} if password else {}


async def serve(journal: Path, port: int, certificate: str, key: str, seed: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    with journal.open("a") as file:
        sink = Sink(file, seed)
        server = await loop.create_server(
            lambda: SMTP(sink, hostname="127.0.0.1", tls_context=context, loop=loop), "127.0.0.1", port
        )
        print("READY", flush=True)  # noqa: T201
        await over.wait()
        server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
