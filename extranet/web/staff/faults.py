"""The list of faulty rows to take along, for who repairs the file at its source."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from extranet.reports.fault_list import fault_list
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.staff.publication_page import found


@access(PUBLISHERS)
@require_safe
def faults(request: PortalRequest, publication_id: UUID) -> HttpResponse:
    row = found(publication_id)
    text = fault_list(row=row, by=actor_of(request), now=timezone.now())
    name = f"faults-{row.kind}-{row.as_of.isoformat()}-r{row.revision}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
