"""The pages of who publishes the reports and keeps the roster, and the home of all staff."""

from django.urls import path

from extranet.web.staff import (
    faults,
    home,
    progress,
    publication_page,
    publications,
    release,
    roster,
    roster_preview,
    tokens,
    upload,
    upload_pieces,
)

urlpatterns = [
    path("", home.home, name="staff-home"),
    path("publications/", publications.publications, name="staff-publications"),
    path("publications/upload/", upload.upload, name="staff-upload"),
    path("publications/uploads/", upload_pieces.begin, name="staff-upload-begin"),
    path("publications/uploads/<uuid:upload_id>/content/", upload_pieces.content, name="staff-upload-content"),
    path("publications/uploads/<uuid:upload_id>/", upload.uploaded, name="staff-uploaded"),
    path("publications/<uuid:publication_id>/", publication_page.publication, name="staff-publication"),
    path("publications/uploads/<uuid:upload_id>/progress/", progress.of_upload, name="staff-upload-progress"),
    path("publications/<uuid:publication_id>/progress/", progress.of_publication, name="staff-progress"),
    path("publications/<uuid:publication_id>/faults.csv", faults.faults, name="staff-faults"),
    path("publications/<uuid:publication_id>/release/", release.release, name="staff-release"),
    path("publications/<uuid:publication_id>/recall/", release.recall, name="staff-recall"),
    path("tokens/", tokens.tokens, name="staff-tokens"),
    path("tokens/<uuid:token_id>/", tokens.made, name="staff-token"),
    path("tokens/<uuid:token_id>/end/", tokens.end, name="staff-token-end"),
    path("roster/", roster.roster, name="staff-roster"),
    path("roster/<uuid:upload_id>/", roster_preview.roster_preview, name="staff-roster-preview"),
]
