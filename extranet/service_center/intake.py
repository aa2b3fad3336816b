"""Somebody needs help (J29): the form asks for exactly name, license number, e-mail address and telephone, and for what
is the matter. The answer is the same whether the license is known or not."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from extranet.agents.find import by_license, by_license_ever, id_by_license_ever
from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.credentials.book_grants import Right, may
from extranet.credentials.models import Account
from extranet.credentials.throttle import Budget, take
from extranet.credentials.username import UsernameRefused, is_agents, parse
from extranet.mail.catalogue import RequestReceivedMail
from extranet.mail.guard import MailBlocked, check_text
from extranet.mail.outbox import post
from extranet.policy import due_at, overdue_at
from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.loader import current
from extranet.service_center.models import RequestState, SupportRequest
from extranet.service_center.reader import language_of
from extranet.service_center.sealed import Written, add_step, seal_written, written_in
from extranet.vault.tokens import short_code

LONGEST: Mapping[str, int] = {"name": 120, "license": 40, "email": 254, "telephone": 30, "text": 5_000}  # signs
REQUESTS = Budget("requests-network", timedelta(hours=1), ((5, timedelta(hours=1)),))
"""Five an hour and network: enough for an office, too few to flood the queue or somebody's mailbox."""
SAME_AGAIN = timedelta(minutes=10)  # the same words within this time are a second click, not a second request


class RequestRefused(Exception):
    """The form cannot be taken. ``faults``: field to what is wrong with it, to stand beside the field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = dict(faults)


class TooManyRequests(RequestRefused):
    """This network has sent its share; ``retry_after`` in seconds."""

    def __init__(self, retry_after: int) -> None:
        phone = current().service_center.phone
        super().__init__({"": f"Too many requests came from your network. Please call {phone}."})
        self.retry_after = retry_after


def receive(
    *,
    name: str,
    license: str,
    email: str,
    telephone: str,
    text: str,
    network: str,
    now: datetime,
    sender: Account | None = None,
) -> SupportRequest:
    """Take a request and confirm it by mail to the address given. The same words again within ten minutes are the same
    request. ``sender`` is who was logged in: named in the trail and to the desk. Agency staff write for those agents
    only on whose book they have the right to act. Raises RequestRefused, TooManyRequests."""
    by = Actor(sender.kind, sender.username, network) if sender else Actor.nobody(network)
    values = {"name": name, "license": license, "email": email, "telephone": telephone, "text": text}
    written, number = _checked({field: value.strip() for field, value in values.items()})
    _require_right(sender, number, by, now)
    same = _same_again(written, number, now)
    if same is not None:
        return same
    allowance = take(budget=REQUESTS, owner=network, now=now)
    if not allowance.allowed:
        record_refusal(action=Action.REQUEST_REFUSED, now=now, actor=by, detail={"reason": "too many"})
        raise TooManyRequests(allowance.retry_after_seconds)
    with transaction.atomic():
        request = create(written=written, license=number, origin="form", now=now, by=by.name)
        record(action=Action.REQUEST_RECEIVED, now=now, actor=by, subject=request.number, detail={"origin": "form"})
        _confirm(request, written["email"], now=now)
    return request


def take_call(*, license: str, text: str, by: Actor, now: datetime, telephone: str = "") -> SupportRequest:
    """Staff note a call that cannot be settled at once (J17). Name and address come from the roster; nobody is mailed.
    The same words again within ten minutes are the same request.

    Raises RequestRefused for a license nobody has."""
    agent = by_license_ever(license)
    if agent is None:
        raise RequestRefused({"license": "No agent has this license number."})
    if not text.strip():
        raise RequestRefused({"text": "Write down what the agent needs."})
    if len(text) > LONGEST["text"]:
        raise RequestRefused({"text": f"Use at most {LONGEST['text']} characters."})
    _check_call(text, agent, by, now)
    written = Written(
        name=agent.full_name, email=agent.email, telephone=telephone.strip() or agent.phone, text=text.strip()
    )
    with transaction.atomic():
        Agent.objects.select_for_update().get(pk=agent.pk)  # of two clicks at once the second sees the first
        same = _same_again(written, agent.license, now, origin="phone")
        if same is not None:
            return same
        request = create(written=written, license=agent.license, origin="phone", now=now)
        record(action=Action.REQUEST_RECEIVED, now=now, actor=by, subject=request.number, detail={"origin": "phone"})
    return request


def _check_call(text: str, agent: Agent, by: Actor, now: datetime) -> None:
    """What staff write passes the guard. What agents send us may hold anything: it is sealed, and no mail quotes it."""
    try:
        check_text(text, what="note of a call", about=copied_name(agent.license), by=by, now=now)
    except MailBlocked as blocked:
        found = " and ".join(blocked.found)
        fault = f"The note seems to hold {found}. No note keeps that: take it out."
        raise RequestRefused({"text": fault}) from blocked


def create(
    *, written: Written, license: str, origin: str, now: datetime, cause: str | None = None, by: str = ""
) -> SupportRequest:
    """The row itself, inside the caller's transaction, under a number that nobody has. ``by``: who was logged in."""
    policy, identity = policy_in_force(), uuid4()
    request = SupportRequest(
        id=identity,
        origin=origin,
        agent_id=id_by_license_ever(license),
        license_given=license,
        sealed=seal_written(written, identity, now=now),
        received_at=now,
        due_at=due_at(now, policy),
        overdue_at=overdue_at(now, policy),
        cause=cause,
    )
    _save_numbered(request)
    add_step(request, "received", by=by or origin, now=now)
    return request


def _require_right(sender: Account | None, license: str, by: Actor, now: datetime) -> None:
    """Of agency staff a request counts as their agent's: so it takes the right to act (decision 20)."""
    if sender is None or not sender.is_agency_staff:
        return
    agent = by_license(license)
    if agent is None or not may(sender, agent, Right.ACT, now):
        detail = {"reason": "no right to act"}
        record_refusal(action=Action.REQUEST_REFUSED, now=now, actor=by, subject=license, detail=detail)
        raise RequestRefused({"license": "You have no right to write for this agent. Ask the agent for it."})


def _save_numbered(request: SupportRequest) -> None:
    """Numbers are drawn, so that nobody learns from one how many there are; a drawn one that exists is drawn again."""
    while True:
        code = short_code()
        request.number = f"R-{code[:4]}-{code[4:]}"
        try:
            with transaction.atomic():
                request.save(force_insert=True)
                return
        except IntegrityError:
            if not SupportRequest.objects.filter(number=request.number).exists():
                raise


def _checked(values: dict[str, str]) -> tuple[Written, str]:
    """The texts as they will be sealed, and the license number. Raises RequestRefused with every fault."""
    faults = {field: fault for field, value in values.items() if (fault := _fault(field, value))}
    if faults:
        raise RequestRefused(faults)
    license = parse(values["license"]).removeprefix(current().username_prefix)
    written = Written(name=values["name"], email=values["email"], telephone=values["telephone"], text=values["text"])
    return written, license


def _fault(field: str, value: str) -> str:
    missing = {
        "name": "Enter your name.",
        "license": "Enter your license number.",
        "email": "Enter your e-mail address.",
        "telephone": "Enter your telephone number.",
        "text": "Say what we can help you with.",
    }
    if not value:
        return missing[field]
    if len(value) > LONGEST[field]:
        return f"Use at most {LONGEST[field]} characters."
    if field != "text" and not value.isprintable():
        return "Use letters, digits and punctuation in one line."
    checks = {"license": _license_fault, "email": _email_fault, "telephone": _telephone_fault}
    return checks[field](value) if field in checks else ""


def _license_fault(value: str) -> str:
    example = f"Enter a license number like {current().license_example}."
    try:
        return "" if is_agents(parse(value)) else example
    except UsernameRefused:
        return example


def _email_fault(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return "Enter an e-mail address like name@example.org."
    return ""


def _telephone_fault(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    plain = re.fullmatch(r"[\d\s().+x-]+", value, re.IGNORECASE)
    return "" if plain and 10 <= len(digits) <= 15 else "Enter a telephone number with area code."


def _same_again(written: Written, license: str, now: datetime, origin: str = "form") -> SupportRequest | None:
    recent = SupportRequest.objects.filter(
        license_given=license, origin=origin, state=RequestState.OPEN, received_at__gt=now - SAME_AGAIN
    )
    return next((request for request in recent if written_in(request) == written), None)


def _confirm(request: SupportRequest, email: str, *, now: datetime) -> None:
    """To the address as given, known or not. Never to our own: two machines would answer each other for ever."""
    profile = current()
    own = {profile.service_center.email.casefold(), profile.system_sender.email.casefold()}
    if email.casefold() in own:
        return
    mail = RequestReceivedMail(number=request.number)
    key, language = f"request_received:{request.number}", language_of(request, email)
    post(mail, to=email, about=request.number, key=key, language=language, now=now)
