"""Which methods an address knows. What it does not know is answered before anybody is asked for login or form token.

GET, HEAD and POST are left to the view: who may not enter there learns that first.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

PAGES = ("GET", "HEAD", "POST")
METHODS = (*PAGES, "OPTIONS", "PUT", "PATCH", "DELETE")
"""All that some address may know; what a view does not name is none of them."""


def methods_of(view: Callable[..., Any]) -> tuple[str, ...] | None:
    """What the view's decorator lets through (``require_http_methods`` and its kin), or its own ``methods``.

    Django keeps the list in the decorator's closure and nowhere else; a test holds that every address tells it.
    """
    layer: Any = view
    while layer is not None:
        if told := getattr(layer, "methods", None):
            return tuple(told)
        names = getattr(getattr(layer, "__code__", None), "co_freevars", ())
        if "request_method_list" in names:
            return tuple(layer.__closure__[names.index("request_method_list")].cell_contents)
        layer = getattr(layer, "__wrapped__", None)
    return None


class MethodMiddleware:
    """405 with the Allow of that address. A view may bring its own ``not_allowed`` (the API answers in its form)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method in METHODS or response.status_code == 405:
            return response
        return HttpResponseNotAllowed(METHODS)  # TRACE and what nobody knows, where no page is either

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.method in PAGES:
            return None
        allowed = methods_of(view) or METHODS
        if request.method in allowed:
            return None
        refused: Callable[[Sequence[str]], HttpResponseBase] = getattr(view, "not_allowed", HttpResponseNotAllowed)
        return refused(allowed)
