"""Version 1: send a file, see how it ended, list, release and recall publications. The same acts as everywhere."""

import logging
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Header, NinjaAPI, Path, Query, Status
from ninja.errors import HttpError, ValidationError

from extranet.api.answers import (
    ProblemAnswer,
    PublicationAnswer,
    PublicationsAnswer,
    RecalledAnswer,
    UploadAnswer,
    publication_answer,
    upload_answer,
)
from extranet.api.gate import NOT_IN, PublisherToken
from extranet.api.problems import Problem, problem
from extranet.api.sending import TYPES, require_one_person, take_body
from extranet.profile.loader import current
from extranet.reports.listing import Publication, PublicationState, StagedUpload
from extranet.reports.listing import publications as listed
from extranet.reports.recall import recall as recall_publication
from extranet.reports.refusals import Conflict, ReportsRefused
from extranet.reports.release import release as release_publication
from extranet.web.access import actor_of

DESCRIPTION = (
    "For programs of the exchange that publish. Every request carries a publisher's token; no cookie is read or set."
)
BODY = {"required": True, "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in TYPES}}
A_PAGE, LONGEST_PAGE = 50, 200

logger = logging.getLogger(__name__)
api = NinjaAPI(
    title="agent-extranet",
    version="1",
    description=DESCRIPTION,
    auth=PublisherToken(),
    docs_url=None,
    openapi_url=None,
    urls_namespace="api-v1",
)


def problems(*statuses: int) -> dict[Any, Any]:
    return dict.fromkeys((400, 401, 405, 429, 503, *statuses), ProblemAnswer)


@api.post(
    "publications",
    response={202: UploadAnswer, **problems(403, 411, 413, 415, 422, 507)},
    openapi_extra={"requestBody": BODY},
    url_name="publications",
)
def send(
    request: HttpRequest,
    response: HttpResponse,
    kind: Annotated[str, Query(description="Which report: book-of-business, conditional-eligibility.")],
    as_of: Annotated[date, Query(description="The day of the extract.")],
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=128,
            pattern=r"^[\x21-\x7e]+$",
            description="Your own name for this sending. The same again, with the same file, is answered the same.",
        ),
    ],
    release: Annotated[bool, Query(description="Show it to all agents as soon as it is checked.")] = False,
    name: Annotated[str, Query(max_length=120, description="The file's name, shown to staff.")] = "",
) -> Status[UploadAnswer]:
    """Send a statewide file as the body. It is sealed while it arrives and published by the worker."""
    row = take_body(request, kind=kind, as_of=as_of, name=name or kind, release=release, key=idempotency_key)
    response["Location"] = f"/api/v1/uploads/{row.id}"
    return Status(202, upload_answer(row))


@api.get("uploads/{uuid:upload_id}", response={200: UploadAnswer, **problems(404)}, url_name="upload")
def upload(request: HttpRequest, upload_id: Path[UUID]) -> UploadAnswer:
    """How far a file is that the token's owner sent, or how it ended."""
    own = StagedUpload.objects.filter(id=upload_id, uploaded_by=actor_of(request).name, arrived_at__isnull=False)
    row = own.filter(kind__in=current().reports).first()
    if row is None:
        raise Http404
    return upload_answer(row)


@api.get("publications", response={200: PublicationsAnswer, **problems(422)}, url_name="publications")
def publications(
    request: HttpRequest,
    kind: Annotated[str, Query(description="Of one report only.")] = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = A_PAGE,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> PublicationsAnswer:
    """All publications, newest day first."""
    if kind and kind not in current().reports:
        raise Problem(422, f"There is no such report; there are: {', '.join(current().reports)}.")
    rows = listed(kind=kind or None)
    page = rows.defer("faults", "manifest", "manifest_signature")[offset : offset + limit]
    return PublicationsAnswer(total=rows.count(), publications=[publication_answer(row) for row in page])


@api.get(
    "publications/{uuid:publication_id}", response={200: PublicationAnswer, **problems(404)}, url_name="publication"
)
def publication(request: HttpRequest, publication_id: Path[UUID]) -> PublicationAnswer:
    """One publication: state and counts."""
    return publication_answer(_found(publication_id))


@api.post(
    "publications/{uuid:publication_id}/release",
    response={200: PublicationAnswer, **problems(403, 404, 409)},
    url_name="release",
)
def release(request: HttpRequest, publication_id: Path[UUID]) -> PublicationAnswer:
    """Show it to all agents. Not where the policy asks for two persons, and never one that is held: that asks for a
    person who has looked."""
    require_one_person()
    if _found(publication_id).state == PublicationState.HELD:
        raise Problem(409, "It is held: a person looks at the reasons and releases or recalls it on the staff pages.")
    row = release_publication(publication_id=publication_id, by=actor_of(request), now=timezone.now())
    return publication_answer(row)


@api.post(
    "publications/{uuid:publication_id}/recall",
    response={200: RecalledAnswer, **problems(404, 409)},
    url_name="recall",
)
def recall(request: HttpRequest, publication_id: Path[UUID]) -> RecalledAnswer:
    """Take it back: agents see the week before again."""
    _found(publication_id)
    shown = recall_publication(publication_id=publication_id, by=actor_of(request), now=timezone.now())
    return RecalledAnswer(recalled=publication_id, shown_now=shown.id if shown else None)


def _found(publication_id: UUID) -> Publication:
    row = listed().filter(id=publication_id).first()
    if row is None:
        raise Http404
    return row


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return error.answer


@api.exception_handler(ReportsRefused)
def _refused(request: HttpRequest, error: ReportsRefused) -> HttpResponse:
    status = 409 if isinstance(error, Conflict) else 403
    return problem(status, error.lines[0], error.lines)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which parameter and why; never what was sent."""
    lines = [f"{'.'.join(str(part) for part in fault['loc'][1:])}: {fault['msg']}" for fault in error.errors]
    return problem(400, "A parameter is missing or not as the description of this API has it.", lines)


@api.exception_handler(Http404)
def _unknown(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "There is nothing of that name for you here.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, NOT_IN if error.status_code == 401 else "This cannot be done.")


@api.exception_handler(DatabaseError)
def _away(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    logger.exception("the database did not answer")
    return problem(503, "Something that the site needs is away; try again in some minutes.")


@api.exception_handler(Exception)
def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("an act of the API failed")
    return problem(500, "Something went wrong on our side; nothing is half done. Try again under the same key.")
