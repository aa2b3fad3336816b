"""Addresses of the API, each with the rule of who may enter; what is not here is answered in the same form."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt

from extranet.api.gate import PUBLISHERS_TOKENS
from extranet.api.problems import CONTENT_TYPE, problem
from extranet.api.v1 import api
from extranet.profile.loader import current
from extranet.web.access import Rule, access

PREFIX = "api/v1/"
PARAMETER = re.compile(r"<\w+:(\w+)>")
WITHOUT_COOKIES = Rule("anybody", anybody=True, cookieless=True)
View = Callable[..., HttpResponseBase]


def description() -> dict[str, Any]:
    """OpenAPI 3.1 of the API, with the reports of this exchange; its problems are said as what they are."""
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    for act in (act for acts in found["paths"].values() for act in acts.values()):
        for status, answer in act["responses"].items():
            if int(status) >= 400:
                answer["content"] = {CONTENT_TYPE: answer["content"].pop("application/json")}
        for parameter in act.get("parameters", ()):
            if parameter["name"] == "kind":
                parameter["schema"]["enum"] = [*current().reports, *([] if parameter["required"] else [""])]
    return found


def in_one_form(view: View, methods: Sequence[str] = ()) -> View:
    """The answer of a view; a method that it does not know is a problem like any other. ``methods``: those it knows."""

    @csrf_exempt  # no cookie lets anybody in here, so no form of another site does
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.method
        request.method = "GET" if asked == "HEAD" else asked  # the server sends the head of that answer alone
        found = view(request, *args, **kwargs)
        request.method = asked
        return (
            not_allowed(_with_head(found["Allow"].split(", "))) if isinstance(found, HttpResponseNotAllowed) else found
        )

    answer.methods, answer.not_allowed = _with_head(methods), not_allowed  # type: ignore[attr-defined]
    return answer


def not_allowed(methods: Sequence[str]) -> HttpResponse:
    return problem(405, "This address does not know that method.", headers={"Allow": ", ".join(methods)})


def _with_head(methods: Iterable[str]) -> list[str]:
    known = set(methods)
    return sorted(known | {"HEAD"} if "GET" in known else known)


def _reading(view: Callable[[HttpRequest], HttpResponse]) -> View:
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponseBase:
        return view(request) if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])

    return access(WITHOUT_COOKIES)(in_one_form(answer, ["GET"]))


def openapi(request: HttpRequest) -> HttpResponse:
    """What there is and how to ask for it; the same at every site, so it is nobody's secret."""
    return JsonResponse(description())


def root(request: HttpRequest) -> HttpResponse:
    """Where to read on."""
    return JsonResponse({"openapi": f"/{PREFIX}openapi.json"})


def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    return problem(404, "There is nothing of that name for you here.")


def _known_to(address: str) -> dict[str, set[str]]:
    """The names that may stand in the query of an address, by the method that knows them."""
    place = f"/{PREFIX}" + PARAMETER.sub(r"{\1}", address)
    acts = api.get_openapi_schema(path_prefix=PREFIX)["paths"][place]
    return {
        method.upper(): {found["name"] for found in act.get("parameters", ()) if found["in"] == "query"}
        for method, act in acts.items()
    }


def without_unknown(view: View, known: dict[str, set[str]]) -> View:
    """A name in the query that the act does not know is a slip, such as ``realease=1``: it is told, not passed over."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        names = known.get(request.method or "", set(request.GET))
        if not set(request.GET) <= names:
            return problem(400, f"The address has a name that is not known here; known are: {_listed(names)}.")
        return view(request, *args, **kwargs)

    return answer


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _guarded(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    """The acts of the API, each address once, under the one rule that all of them have."""
    views = {str(entry.pattern): entry for entry in patterns if isinstance(entry, URLPattern)}
    acts = {known.url_name: known.operations for known in api.default_router.path_operations.values()}
    for address, entry in views.items():
        methods = [method for act in acts[entry.name] for method in act.methods]
        answering = without_unknown(entry.callback, _known_to(address))
        view = access(PUBLISHERS_TOKENS)(in_one_form(answering, methods))
        yield path(address.replace("<uuidstr:", "<uuid:"), view, name=f"api-{entry.name}")


urlpatterns = [
    path("", _reading(root), name="api-root"),
    path("openapi.json", _reading(openapi), name="api-openapi"),
    *_guarded(entry for entry in api.urls[0] if str(entry.pattern)),
    path("<path:rest>", access(PUBLISHERS_TOKENS)(in_one_form(nowhere)), name="api-nowhere"),
]
