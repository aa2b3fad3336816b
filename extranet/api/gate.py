"""Who may enter the API: a publisher's token and nothing else. No cookie is read, so no form of another site counts."""

from uuid import UUID

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja.security import HttpBearer

from extranet.api.problems import problem
from extranet.credentials.api_tokens import TokenRefused, enter
from extranet.credentials.models import Account
from extranet.web.access import Rule
from extranet.web.network import client_address, network_of

NOT_IN = "Send a token that is in force: Authorization: Bearer extranet_..."


def by_token(request: HttpRequest) -> HttpResponse | None:
    """Put the token's owner on the request; the answer where it does not enter. Why not, only the trail knows."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    address, network = client_address(request), network_of(request)
    try:
        token = token.strip() if scheme.lower() == "bearer" else ""
        act = "" if request.method in ("GET", "HEAD") else f"{request.method} {request.path}"
        row = enter(token=token, address=address, network=network, now=timezone.now(), act=act)
    except TokenRefused as refused:
        if refused.retry_after is not None:
            headers = {"Retry-After": str(refused.retry_after)}
            return problem(429, "Too many requests without a valid token; wait.", headers=headers)
        return problem(401, NOT_IN, headers={"WWW-Authenticate": "Bearer"})
    except DatabaseError:
        return problem(503, "Something that the site needs is away; try again in some minutes.")
    request.account, request.token_id = row.account, row.id  # type: ignore[attr-defined]
    return None


def token_of(request: HttpRequest) -> UUID | None:
    """Which token the request came with."""
    return getattr(request, "token_id", None)


PUBLISHERS_TOKENS = Rule("tokens of publishers", gate=by_token)


class PublisherToken(HttpBearer):
    """For the description of the API; the middleware asked the gate before any view."""

    def authenticate(self, request: HttpRequest, token: str) -> Account | None:
        return getattr(request, "account", None)
