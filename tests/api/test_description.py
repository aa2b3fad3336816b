"""The API does what its description says, asked by a stranger that reads nothing else (schemathesis)."""

from datetime import datetime
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis import checks as of

from extranet.credentials.models import Account
from tests.api.conftest import token_of

application = get_wsgi_application()
ADDRESS = "http://portal.test"
HOLDS = (
    of.not_a_server_error,
    of.status_code_conformance,
    of.content_type_conformance,
    of.response_schema_conformance,
    of.unsupported_method,
    of.ignored_auth,
)


def described() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, base_url=ADDRESS)
