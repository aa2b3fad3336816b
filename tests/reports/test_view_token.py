"""A search travels in an address only sealed, and only within its session."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extranet.reports.view_token import LONGEST, ViewRefused, open_view, seal_view


@pytest.mark.django_db
def test_a_view_opens_in_its_session_only(now: datetime) -> None:
    token = seal_view(search="Plantedname María", session_id="alice", now=now)
    assert open_view(token=token, session_id="alice") == "Plantedname María"
    assert "Plantedname" not in token
    with pytest.raises(ViewRefused):
        open_view(token=token, session_id="charlie")


@pytest.mark.django_db
def test_a_view_shows_neither_its_length_nor_whether_it_was_seen_before(now: datetime) -> None:
    short, long = (seal_view(search=text, session_id="alice", now=now) for text in ("Li", "Nuñez-Ortega"))
    assert abs(len(short) - len(long)) < 4
    assert short != seal_view(search="Li", session_id="alice", now=now)


@pytest.mark.django_db
def test_a_long_search_is_cut(now: datetime) -> None:
    token = seal_view(search="x" * 999, session_id="alice", now=now)
    assert open_view(token=token, session_id="alice") == "x" * LONGEST


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(token=st.text(max_size=60))
def test_whatever_a_stranger_sends_is_refused(token: str) -> None:
    with pytest.raises(ViewRefused):
        open_view(token=token, session_id="alice")
