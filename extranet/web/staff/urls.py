"""The pages of staff: those of who publishes, and those of the desk, the auditors and the administrators."""

from extranet.web.staff.desk_urls import urlpatterns as desk
from extranet.web.staff.publishing_urls import urlpatterns as publishing

urlpatterns = [*publishing, *desk]
