"""Mails to an agent come back: the desk finds out the right address, or says that it is right after all."""

from datetime import datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.mail.link_lives import lapsed
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import cancel_row
from extranet.mail.returned import doubt
from extranet.mail.returned.held import held
from extranet.mail.returned.models import DoubtfulAddress
from extranet.service_center.acts import ActRefused
from extranet.service_center.identity import require_check
from extranet.service_center.intake import create
from extranet.service_center.models import RequestState, SupportRequest
from extranet.service_center.names import names_of
from extranet.service_center.sealed import Written, add_step

RUN = Actor.system("address-in-doubt")
ORIGIN = "address_in_doubt"
NOT_IN_DOUBT = "This address is not in doubt (any more)."
TEXTS = {
    doubt.Reason.FAILED: (
        "Mails to this address come back. Mails with passwords, links and user names are held until that is settled."
        " Call, and find out the right address. If it is another one, change it. If this one works again, say so on"
        " the record of the agent: then the held mails leave."
    ),
    doubt.Reason.COMPLAINT: (
        "The owner of this mailbox called a mail of ours spam. Passwords, links and warnings are still sent; the mails"
        " about new reports have stopped. Call and ask. If they are wanted, say so on the record of the agent."
    ),
}


def queue_doubted(*, now: datetime) -> list[SupportRequest]:
    """One entry a doubtful address of an agent, however many mails came back; those that were made by this run."""
    return [request for row in doubt.open_doubts() if (request := _queue(row, now=now)) is not None]


def clear_doubt(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> None:
    """The agent said that the address on the record works: what was held leaves, but for what is over by now.

    Raises IdentityNotChecked, ActRefused.
    """
    require_check(agent=agent, act="clear_doubt", by=by, now=now)
    with transaction.atomic():
        _drop_lapsed_links(agent.email, now)
        cleared = doubt.clear(
            address=agent.email, by=by, now=now, subject=copied_name(agent.license), why="said by the agent"
        )
        if not cleared:
            raise ActRefused(NOT_IN_DOUBT)
        if request is not None:
            add_step(request, "address_confirmed", by=by.name, now=now)


def clear_of_mail(*, mail: OutboxMail, by: Actor, now: datetime) -> None:
    """The same for an address that is no agent's: of staff, or of somebody who works for one. Raises ActRefused."""
    if agents_at(mail.to_address):
        raise ActRefused("This is the address of an agent: clear the doubt on the record of the agent.")
    with transaction.atomic():
        _drop_lapsed_links(mail.to_address, now)
        if not doubt.clear(address=mail.to_address, by=by, now=now, subject=mail.about, why="said by the owner"):
            raise ActRefused(NOT_IN_DOUBT)


def agents_at(address: str) -> list[Agent]:
    """Who gets mails there: one mailbox may serve several agents."""
    return list(Agent.objects.filter(email__iexact=address).order_by("license"))


def open_entry(agent: Agent) -> SupportRequest | None:
    """The entry about the agent's address that nobody has settled yet."""
    found = doubt.doubt_about(agent.email)
    if found is None:
        return None
    return SupportRequest.objects.filter(agent=agent, cause=_cause(found), state=RequestState.OPEN).first()


def _cause(row: DoubtfulAddress) -> str:
    return f"{ORIGIN}:{row.pk}:{row.reason}"


def _queue(row: DoubtfulAddress, *, now: datetime) -> SupportRequest | None:
    agents, cause = agents_at(row.address), _cause(row)
    if not agents or SupportRequest.objects.filter(cause=cause).exists():
        return None
    agent = next((one for one in agents if row.mail.about in names_of(one)), agents[0])
    others = ", ".join(f"{one.full_name} ({one.license})" for one in agents if one.pk != agent.pk)
    text = TEXTS[doubt.Reason(row.reason)] + (f" The same mailbox serves {others}." if others else "")
    written = Written(name=agent.full_name, email=agent.email, telephone=agent.phone, text=text)
    with transaction.atomic():
        request = create(written=written, license=agent.license, origin=ORIGIN, now=now, cause=cause)
        detail = {"origin": ORIGIN, "mail": row.mail.key}
        record(action=Action.REQUEST_RECEIVED, now=now, actor=RUN, subject=request.number, detail=detail)
    return request


def _drop_lapsed_links(address: str, now: datetime) -> None:
    """What ended while its mail was held would only disappoint, whatever the kind: link_lives.py knows."""
    for mail in held().filter(lapsed(now=now), mailbox=address.lower()):
        cancel_row(mail, now=now)
