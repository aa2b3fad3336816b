"""The frame and the part templates: wired for screen readers, escaped, and whole without JavaScript."""

import re

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils.html import format_html

from extranet.web.templatetags.parts import table_body


class Question(forms.Form):
    username = forms.CharField(label="User name", help_text="As in the mail")
    way = forms.ChoiceField(
        label="Which way?", choices=[("mail", "By mail"), ("phone", "By phone")], widget=forms.RadioSelect
    )
    agreed = forms.BooleanField(label="I agree")
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)


def render(part: str, **context: object) -> str:
    return render_to_string(f"parts/{part}.html", context)


def test_a_field_names_its_hint_and_its_error() -> None:
    html = render("field", field=Question({})["username"])
    assert '<label class="usa-label usa-label--error" for="id_username">User name</label>' in html
    assert 'aria-describedby="id_username-hint id_username-error"' in html
    assert 'aria-invalid="true"' in html
    assert re.search(r'id="id_username-error" role="alert">This field is required', html)


def test_a_field_without_error_or_hint_describes_nothing() -> None:
    html = render("field", field=Question()["note"])
    assert "aria-describedby" not in html
    assert "Note (optional)" in html
    assert "usa-textarea" in html


def test_a_hint_of_the_page_wins_over_the_help_text() -> None:
    assert "As on your card" in render("field", field=Question()["username"], hint="As on your card")


def test_choices_are_a_fieldset_with_a_legend() -> None:
    html = render("field", field=Question({})["way"])
    assert html.count("usa-radio__input") == 2
    assert '<legend class="usa-legend">Which way?</legend>' in html
    assert '<fieldset id="id_way"' in html
    assert 'aria-describedby="id_way-error"' in html


def test_a_checkbox_stands_before_its_label() -> None:
    html = render("field", field=Question()["agreed"])
    assert html.index("usa-checkbox__input") < html.index("I agree")


def test_a_plain_input_is_wired_the_same_way_and_repeats_no_password() -> None:
    html = render("field", name="password", label="Password", type="password", value="hunter2", error="Try again.")
    assert "hunter2" not in html
    assert 'aria-describedby=" id_password-error"' in html
    assert 'role="alert">Try again.' in html


def test_the_summary_of_errors_leads_to_the_fields() -> None:
    form = Question({})
    form.add_error(None, "Nothing fits.")
    html = render("errors", form=form)
    assert 'role="alert"' in html
    assert '<a href="#id_username">User name – This field is required.</a>' in html
    assert '<a href="#id_way">' in html
    assert "<li>Nothing fits.</li>" in html


def test_without_errors_there_is_no_summary() -> None:
    assert render("errors", form=Question()).strip() == ""


COLUMNS: list[dict[str, object]] = [
    {"label": "Case number", "sort_url": "?sort=case", "sorted": "ascending"},
    {"label": "Premium", "numeric": True},
]


def test_a_table_has_caption_headers_and_sort_links() -> None:
    html = render("table", caption="Your cases", columns=COLUMNS, rows=[("1", "10.00"), ("2", "20.00")])
    assert '<caption id="table-caption">Your cases</caption>' in html
    assert 'aria-labelledby="table-caption"' in html
    assert 'aria-sort="ascending"' in html
    assert html.count('scope="row"') == 2
    assert html.count('class="app-number"') == 3
    assert 'data-label="Premium"' in html


def test_cells_are_escaped_unless_they_are_made_safe() -> None:
    html = table_body([("<script>alert(1)</script>", format_html('<a href="{}">look</a>', "/x?a=1&b=2"))], COLUMNS)
    assert "<script>" not in html
    assert '<a href="/x?a=1&amp;b=2">look</a>' in html


def test_labels_are_escaped() -> None:
    html = table_body([("1",)], [{"label": '"><b>'}])
    assert "<b>" not in html


def test_a_row_that_does_not_fit_its_columns_is_an_error_and_not_a_shifted_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        table_body([("only one",)], COLUMNS)


def test_an_empty_table_says_so() -> None:
    html = render("table", caption="Your cases", columns=COLUMNS, rows=[], empty="No cases this week.")
    assert "No cases this week." in html
    assert "<table" not in html


def test_the_current_page_is_marked_and_the_ends_have_no_arrow() -> None:
    html = render("pagination", summary="Rows 1-50 of 60", previous_url="", next_url="?page=2",
                  page_links=[("1", "?page=1", True), ("2", "?page=2", False)])  # fmt: skip
    assert html.count('aria-current="page"') == 1
    assert 'rel="next"' in html
    assert 'rel="prev"' not in html


def test_filters_keep_what_is_hidden_and_check_what_is_chosen() -> None:
    facet = {
        "name": "status",
        "label": "Status",
        "any_chosen": True,
        "options": [("a", "A", 3, True), ("b", "B", None, False)],
    }
    html = render("facets", facets=[facet], hidden=[("sort", "name")], action="/reports/x/")
    assert 'method="get"' in html
    assert '<input type="hidden" name="sort" value="name">' in html
    assert html.count(" checked") == 1
    assert "<details" in html


def test_values_and_labels_of_filters_are_escaped() -> None:
    option = ('"><b>', "<i>Plan & Co</i>", 1_234, False)
    html = render("facets", facets=[{"name": "plan", "label": "Plan", "any_chosen": False, "options": [option]}])
    assert 'value="&quot;&gt;&lt;b&gt;"' in html
    assert "&lt;i&gt;Plan &amp; Co&lt;/i&gt;" in html
    assert "(1,234)" in html
    assert "<b>" not in html
    assert "<i>" not in html


@pytest.mark.parametrize(("kind", "role"), [("error", "alert"), ("success", "status"), ("debug", "status")])
def test_only_errors_interrupt(kind: str, role: str) -> None:
    assert f'role="{role}"' in render("alert", kind=kind, text="Said.")


def test_an_act_is_a_form_that_posts() -> None:
    html = render("confirm", action="/x/", button="Disable", hidden=[("license", "1H12345")], danger=True)
    assert 'method="post"' in html
    assert "usa-button--secondary" in html


def test_a_missing_fact_shows_a_dash_and_zero_shows_zero() -> None:
    html = render("key_values", pairs=[("Phone", ""), ("Tries", 0)])
    assert "<dd>–</dd>" in html
    assert "<dd>0</dd>" in html


def test_the_frame_stands_with_no_context_at_all() -> None:
    html = render_to_string("base.html")
    assert 'href="#main-content"' in html
    assert html.count("<h1>") == 1
    assert "<script" not in html


def test_the_idle_warning_is_there_for_those_who_are_signed_in_only() -> None:
    signed_in = {"idle_seconds": 900, "keepalive_url": "/keep/", "logout_url": "/logout/"}
    html = render_to_string("base.html", signed_in)
    assert 'data-idle-seconds="900"' in html
    assert "Stay signed in" in html
    assert "<dialog" not in render_to_string("base.html", {"logout_url": "/logout/"})
    assert re.search(r'<form method="post" action="/logout/">', html)


def test_the_current_page_is_marked_in_the_navigation() -> None:
    html = render_to_string("base.html", {"navigation": [("Home", "/", True), ("Account", "/account/", False)]})
    assert '<a href="/" aria-current="page">Home</a>' in html
    assert html.count("aria-current") == 1


def test_a_plain_question_can_have_several_lines() -> None:
    assert 'rows="5"' in render("field", name="text", label="What happened", lines=5)
    assert "<textarea" not in render("field", name="text", label="What happened", rows=[("a table's",)])
