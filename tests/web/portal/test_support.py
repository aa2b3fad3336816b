"""The request form asks for exactly what the job aid names and promises the answer in time (J29, J30)."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.service_center.models import SupportRequest
from tests.credentials.people import mails
from tests.web.people import browser, text_of

FORM = {
    "name": "Alice Example",
    "license": "1H10001",
    "email": "alice@example.org",
    "telephone": "(916) 555-0143",
    "text": "I cannot log in.",
}


def test_it_asks_for_exactly_these_things(db: None) -> None:
    page = text_of(browser().get("/support/"))
    form = page[page.index('<form method="post" class="usa-form"') :]
    labels = re.findall(r"<label[^>]*>([^<]*)</label>", form)
    assert labels == ["Name", "License number", "E-mail address", "Telephone", "How can we help you?"]
    assert current().request_title in page
    assert current().words["request_answer_time"] in page


def test_a_request_gets_a_number_a_clock_and_a_mail(db: None) -> None:
    answer = browser().post("/support/", FORM)
    request = SupportRequest.objects.get()
    assert f'<strong id="request-number">{request.number}</strong>' in text_of(answer)
    assert "24 to 48 hours" in text_of(answer)
    assert request.due_at - request.received_at == timedelta(hours=24)
    assert [mail.kind for mail in mails(request.number)] == ["request_received"]


def test_reloading_the_confirmation_asks_once(db: None) -> None:
    client = browser()
    client.post("/support/", FORM)
    client.post("/support/", FORM)
    assert SupportRequest.objects.count() == 1


@pytest.mark.parametrize(("field", "value"), [
    ("name", ""), ("license", "12"), ("email", "alice"), ("telephone", "soon"), ("text", "  "),
])  # fmt: skip
def test_each_fault_stands_beside_its_field_and_what_was_typed_stays(db: None, field: str, value: str) -> None:
    answer = browser().post("/support/", {**FORM, field: value})
    page = text_of(answer)
    assert answer.status_code == 422
    assert page.count('class="usa-error-message"') == 1
    assert f'id="id_{field}-error"' in page
    assert 'role="alert"' in page
    assert ("I cannot log in." in page) is (field != "text")
    assert not SupportRequest.objects.exists()


def test_an_unknown_license_reads_the_same(db: None) -> None:
    known, unknown = (
        text_of(browser().post("/support/", {**FORM, "license": license})) for license in ("1H10001", "9Z99999")
    )
    number = re.compile(r"R-[0-9A-Z]+-[0-9A-Z]+", re.IGNORECASE)
    assert number.sub("", known) == number.sub("", unknown)


def test_a_network_that_sends_too_many_is_slowed_down(db: None) -> None:
    answers = [browser().post("/support/", {**FORM, "text": f"Question {number}"}) for number in range(7)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert current().service_center.phone in text_of(answers[-1])
    assert browser(address="203.0.113.9").post("/support/", FORM).status_code == 200


def test_who_is_logged_in_need_not_type_the_name_again(alices: Client, alice: Account) -> None:
    page = text_of(alices.get("/support/"))
    assert 'value="Alice Example"' in page
    assert 'value="1H10001"' in page
    assert alice.address not in page


def test_the_form_needs_its_token(db: None) -> None:
    assert browser(csrf=True).post("/support/", FORM).status_code == 403
    assert not SupportRequest.objects.exists()


def test_nothing_that_was_typed_is_run(db: None) -> None:
    page = text_of(browser().post("/support/", {**FORM, "name": "<script>alert(1)</script>", "email": "x"}))
    assert "<script>alert" not in page
