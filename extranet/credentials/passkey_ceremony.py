"""Challenges of passkeys and their answers: one purpose, one browser, one answer, five minutes.

django-allauth's parsers and fido2's server do the cryptography. The challenge is a row of ours that answering deletes,
because a session is found twice by two requests at once (docs/decisions/0017).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.db import transaction
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from extranet.credentials.models import Account, ChallengePurpose, PasskeyChallenge
from extranet.credentials.second_factor import SealedMFAAdapter
from extranet.vault.tokens import digest

LIFE = timedelta(minutes=5)
LONGEST_ANSWER = 20_000  # characters; attestations of hardware keys have about four thousand
Answer = Mapping[str, Any]


class PasskeyRefused(Exception):
    """The answer does not do. ``reason`` is for the trail; the person hears one sentence for all of them."""

    def __init__(self, reason: str, account: Account | None = None) -> None:
        super().__init__(reason)
        self.reason, self.account = reason, account


@dataclass(frozen=True)
class Proven:
    """Whose passkey answered, and what its counter says."""

    account: Account
    authenticator: Authenticator
    count: int


def begin(*, purpose: ChallengePurpose, account: Account | None, holder: str, now: datetime) -> dict[str, Any]:
    """What the browser's credential API takes, as JSON. ``holder`` is the browser's secret; its last challenge of this
    purpose is void."""
    adding = purpose == ChallengePurpose.ADD and account is not None
    options, state = _to_add(account) if adding and account else _to_prove(account)
    with transaction.atomic():
        PasskeyChallenge.objects.filter(holder=digest(holder), purpose=purpose).delete()
        PasskeyChallenge.objects.create(
            purpose=purpose, account=account, holder=digest(holder), state=state, expires_at=now + LIFE
        )
    return options


def read_answer(text: str) -> Answer:
    """What the browser's script sent; raises PasskeyRefused for what is none."""
    try:
        answer = json.loads(text) if len(text) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise PasskeyRefused("unreadable")
    return answer


def attested(*, account: Account, answer: Answer, holder: str, now: datetime) -> AuthenticatorData:
    """The new credential's data; raises PasskeyRefused. The challenge is spent whatever comes out."""
    state = _claim(ChallengePurpose.ADD, account, holder, now)
    try:
        return _server().register_complete(state, answer)
    except Exception as error:  # a hostile browser sends anything, and the parsers raise a dozen kinds
        raise PasskeyRefused("not_genuine", account) from error


def proven(*, purpose: ChallengePurpose, account: Account | None, answer: Answer, holder: str, now: datetime) -> Proven:
    """Whose passkey signed this browser's challenge; raises PasskeyRefused. The challenge is spent whatever comes out.

    Without ``account`` the passkey itself says whose it is, and must have verified the person.
    """
    state = _claim(purpose, account, holder, now)
    whose = account or _named_by(answer)
    try:
        credential = _server().authenticate_complete(state, auth.get_credentials(whose), answer)
        found = auth.get_authenticator_by_credential_id(whose, credential.credential_id)
        count = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
    except Exception as error:  # as above
        raise PasskeyRefused("not_genuine", whose) from error
    if found is None:
        raise PasskeyRefused("not_genuine", whose)
    return Proven(whose, found, count)


def forget_old(*, before: datetime) -> int:
    """Delete challenges that nobody answered in time."""
    return PasskeyChallenge.objects.filter(expires_at__lt=before).delete()[0]


def _to_add(account: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    """Preferred, not required: an older security key without a PIN is still a good second factor."""
    options, state = _server().register_begin(
        user=auth.build_user_payload(account),
        credentials=auth.get_credentials(account),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        extensions=auth.EXTENSIONS,
    )
    return dict(options), state


def _to_prove(account: Account | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """After a password, any touch of a passkey of that account; alone, the person must be verified, too."""
    wanted = UserVerificationRequirement.PREFERRED if account else UserVerificationRequirement.REQUIRED
    credentials = auth.get_credentials(account) if account else None
    options, state = _server().authenticate_begin(credentials=credentials, user_verification=wanted)
    return dict(options), state


def _claim(purpose: ChallengePurpose, account: Account | None, holder: str, now: datetime) -> dict[str, Any]:
    """Of two answers at once, one deletes the row."""
    mine = PasskeyChallenge.objects.filter(purpose=purpose, account=account, holder=digest(holder), expires_at__gt=now)
    row = mine.first()
    if row is None or not PasskeyChallenge.objects.filter(pk=row.pk).delete()[0]:
        raise PasskeyRefused("no_challenge", account)
    state: dict[str, Any] = row.state
    return state


def _named_by(answer: Answer) -> Account:
    try:
        handle = UUID(hex=websafe_decode(answer["response"]["userHandle"]).decode())
    except Exception as error:  # as above
        raise PasskeyRefused("nameless") from error
    account = Account.objects.select_related("agent").filter(pk=handle).first()
    if account is None:
        raise PasskeyRefused("unknown")
    return account


def _server() -> Fido2Server:
    """For the configured address and no other: the library's own rule would take every host below it, too."""
    rp = PublicKeyCredentialRpEntity(**SealedMFAAdapter().get_public_key_credential_rp_entity())
    return Fido2Server(rp, verify_origin=lambda origin: origin == settings.EXTRANET.portal)
