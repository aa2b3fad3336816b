"""Two questions of a monitor: does the process answer, and can it do its work? Nothing in the answers is secret."""

import os
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from extranet.reports.store_answers import store_answers
from extranet.web.access import ANYBODY, access


@access(ANYBODY)
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing about what it depends on."""
    return JsonResponse({"status": "ok"})


@access(ANYBODY)
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200, or 503 with the names of the dependencies that are away."""
    checks = {"database": database_answers(), "data": writable(settings.EXTRANET.folder), "store": store_answers()}
    away = [name for name, fine in checks.items() if not fine]
    if away:
        return JsonResponse({"status": "unavailable", "away": away}, status=503)
    return JsonResponse({"status": "ok"})


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        return False


def writable(folder: Path) -> bool:
    """Looks at rights and mount only; a monitor's question writes nothing."""
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
