"""The code that proves a new address (J19): mailed there, typed by who is logged in or told to the service center.

A code and no link: whatever opens mails and presses buttons must not prove an address that was mistyped.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from extranet.agents.models import Agent, EmailChange
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.mail.returned.doubt import clear
from extranet.profile.in_force import policy
from extranet.vault.tokens import normalise_code, same


class ProofRefused(Exception):
    """Not the code that the new address got, or none is waited for. ``tries_left`` of this change."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("refused")
        self.tries_left = tries_left


def proof_digest(change: EmailChange, code: str) -> str:
    """A code has 25 bits: the digest is keyed, so that a thief of the rows cannot try them all."""
    words = f"{change.id}:{normalise_code(code)}"
    return str(salted_hmac("extranet.email-change.proof", words, algorithm="sha256").hexdigest())


def prove(*, agent: Agent, code: str, by: Actor, now: datetime) -> EmailChange:
    """Note that somebody reads the new mailbox. The try is counted before it is looked at; the same again is fine.

    Raises ProofRefused.
    """
    change = EmailChange.objects.filter(agent=agent, state=EmailChange.State.WAITING).exclude(proof_digest="").first()
    if change is None:
        raise ProofRefused(0)
    mine = EmailChange.objects.filter(pk=change.pk, state=EmailChange.State.WAITING)
    counted = mine.filter(proof_tries__lt=policy().reset_code_tries).update(proof_tries=F("proof_tries") + 1)
    if not counted or not same(change.proof_digest, proof_digest(change, code)):
        detail = {"change": str(change.id)}
        about = copied_name(agent.license)
        record_refusal(action=Action.EMAIL_CHANGE_NOT_PROVED, now=now, actor=by, subject=about, detail=detail)
        change.refresh_from_db(fields=["proof_tries"])
        raise ProofRefused(policy().reset_code_tries - change.proof_tries)
    with transaction.atomic():
        if not mine.update(proved_at=now, proof_tries=F("proof_tries") - 1):
            raise ProofRefused(0)  # stopped or replaced in the meantime
        about = copied_name(agent.license)
        record(action=Action.EMAIL_CHANGE_PROVED, now=now, actor=by, subject=about, detail={"change": str(change.id)})
        change.refresh_from_db()
        clear(address=change.new_email, by=by, now=now, subject=about, why="the code that was mailed there came back")
    return change
