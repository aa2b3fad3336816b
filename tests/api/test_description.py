"""The API does what its description says, asked by a stranger who reads nothing else (schemathesis)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from extranet.credentials.models import Account, Throttle
from extranet.reports.listing import StagedUpload
from tests.api.conftest import token_of

ADDRESS = "http://portal.test"
EXAMPLES = 8  # of each kind and operation: the suite is to stay fast
HOLDS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests stay in the transaction of the test, as those of Django's own test client do."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def ask(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, headers: dict[str, str]) -> int:
    """Ask it in many ways; how many."""
    asked = 0

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Case[Any]) -> None:
        nonlocal asked
        Throttle.objects.all().delete()  # a wrong token now and then is part of what is asked
        answer = case.call(base_url=ADDRESS, headers=headers)
        case.validate_response(answer, checks=HOLDS, headers=headers)
        asked += 1

    one()
    return asked


def test_every_act_answers_as_described_whatever_is_sent(ada: Account, now: datetime, one_connection: None) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), base_url=ADDRESS)
    headers = {"Authorization": f"Bearer {token_of(ada, now)}"}
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    asked = {
        operation.label: ask(operation, GenerationMode.POSITIVE, headers)
        + ask(operation, GenerationMode.NEGATIVE, headers)
        for operation in operations
    }
    assert len(asked) == 6
    assert all(asked.values()), asked
    assert all(upload.uploaded_by == ada.username for upload in StagedUpload.objects.all())
