"""Two weeks of Alice's lines side by side: what came, went and changed, and what it means."""

import pytest

from extranet.reports.changes.compare import Side, compare
from extranet.reports.changes.record import CaseChange, Changes, read_changes
from extranet.reports.changes.words import sentence
from extranet.reports.header import Header
from extranet.reports.refusals import IntegrityBroken
from tests.reports.exchange import ALICE, BOB, CONDITIONAL, MONDAY, Row, book_row, conditional_row
from tests.reports.weeks import changes, compared, header, nowhere, side


def one_case(found: Changes) -> CaseChange:
    (case,) = found.cases
    return case


def words_of(case: CaseChange) -> list[str]:
    return [sentence(told, lambda _, text: text) for told in case.all_told()]


def cells_of(case: CaseChange) -> dict[str, tuple[str, str]]:
    return {one.key: (one.before, one.after) for row in case.rows for one in row.fields}


def enrolled(number: int = 1, **changed: str) -> Row:
    usual = {"enrollment_status": "Enrolled", "net_premium": "500.00", "grace_month": "0"}
    return book_row(ALICE, number, **{**usual, **changed})


def test_two_equal_weeks_hold_no_change_and_nobody_is_asked_where_cases_went() -> None:
    def asked(_: list[str]) -> list[bool]:
        raise AssertionError

    found = compared([enrolled(1), enrolled(2)], [enrolled(1), enrolled(2)], elsewhere=asked)
    assert (found.entries, found.counts) == (0, {"added": 0, "gone": 0, "changed": 0})
    assert read_changes(found.text).cases == ()


def test_the_same_rows_in_another_order_are_no_change() -> None:
    assert compared([enrolled(1), enrolled(2)], [enrolled(2), enrolled(1)]).entries == 0


def test_without_an_earlier_frame_every_case_is_new() -> None:
    found = compare(before=None, after=side([enrolled(1), enrolled(2)], header()), elsewhere=nowhere)
    assert found.counts == {"added": 2, "gone": 0, "changed": 0, "new_case": 2}
    assert read_changes(found.text).before is None


def test_a_new_case_tells_its_people_and_what_is_shown_of_them() -> None:
    case = one_case(changes([], [enrolled(1, issuer_name="Example Health")]))
    assert (case.state, words_of(case)) == ("added", ["Newly delegated to you"])
    assert case.rows[0].who == ("María Nuñez-Ortega", "Health")
    assert cells_of(case)["issuer_name"] == ("", "Example Health")


@pytest.mark.parametrize(
    ("there", "name"), [([True], "delegation_ended"), ([False], "no_longer_reported"), (None, "case_away")]
)
def test_a_gone_case_is_a_number_and_where_it_went(there: list[bool] | None, name: str) -> None:
    asked: list[list[str]] = []

    def elsewhere(cases: list[str]) -> list[bool]:
        asked.append(cases)
        assert there is not None
        return there

    found = compared([enrolled(1), enrolled(2)], [enrolled(2)], elsewhere=elsewhere if there is not None else None)
    case = one_case(read_changes(found.text))
    assert (case.case, case.state, case.rows) == (enrolled(1)["case_number"], "gone", ())
    assert [told.name for told in case.told] == [name]
    assert found.counts == {"added": 0, "gone": 1, "changed": 0, name: 1}
    assert asked == ([[case.case]] if there is not None else [])
    for secret in ("Nuñez", enrolled(1)["member_id"], enrolled(1)["policy_id"]):
        assert secret not in found.text.decode()


def test_a_changed_row_tells_before_and_after_by_column_and_who_it_is() -> None:
    case = one_case(changes([enrolled(1), enrolled(2)], [enrolled(1), enrolled(2, net_premium="512.50")]))
    assert (case.case, case.state) == (enrolled(2)["case_number"], "changed")
    assert cells_of(case) == {"net_premium": ("500.00", "512.50")}
    assert case.rows[0].fields[0].header == "Net Premium"
    assert words_of(case) == ["Net Premium changed by +12.50"]


def test_another_way_to_write_the_same_number_or_moment_is_no_change() -> None:
    before = enrolled(1, max_aptc="512.00", household_size="3", fpl_percent="187.4")
    after = enrolled(1, max_aptc="512.0", household_size="03", fpl_percent="187.40")
    assert compared([before], [after]).entries == 0


def test_a_license_that_was_renamed_is_no_change_of_any_row() -> None:
    assert compared([enrolled(1)], [enrolled(1) | {"agent_license": BOB}]).entries == 0


def test_volatile_columns_are_not_compared() -> None:
    assert compared([enrolled(1)], [enrolled(1, last_updated="2026-11-15T03:10:00Z")]).entries == 0


def test_a_second_member_in_a_case_that_did_not_change_otherwise_is_no_new_case() -> None:
    second = enrolled(1, member_id="1003977777", first_name="Luis")
    came = one_case(changes([enrolled(1)], [enrolled(1), second]))
    assert (came.state, words_of(came)) == ("changed", ["New member or policy in this case"])
    assert [row.who[0] for row in came.rows] == ["Luis Nuñez-Ortega"]
    went = one_case(changes([enrolled(1), second], [enrolled(1)]))
    assert (went.state, words_of(went)) == ("changed", ["Member or policy gone from this case"])


def test_a_pending_policy_that_got_its_number_is_one_changed_row() -> None:
    pending = enrolled(1, policy_id="") | {"enrollment_status": "Pending"}
    case = one_case(changes([pending], [enrolled(1)]))
    assert [row.state for row in case.rows] == ["changed"]
    assert cells_of(case)["policy_id"] == ("", enrolled(1)["policy_id"])
    assert words_of(case) == ["Now enrolled (before: Pending)"]


def test_a_pending_policy_replaced_by_one_of_another_plan_is_gone_and_new() -> None:
    pending = enrolled(1, policy_id="", hios_plan_id="99999CA0380004")
    case = one_case(changes([pending], [enrolled(1)]))
    assert sorted(row.state for row in case.rows) == ["added", "gone"]


def test_a_new_number_for_a_policy_that_had_one_is_gone_and_new() -> None:
    case = one_case(changes([enrolled(1)], [enrolled(1, policy_id="7700009")]))
    assert sorted(row.state for row in case.rows) == ["added", "gone"]


MEANINGS = [
    ({"conditional_flag": "N"}, {"conditional_flag": "Y"}, ["newly_conditional"]),
    ({"conditional_flag": ""}, {"conditional_flag": "Y"}, ["newly_conditional"]),
    ({"conditional_flag": "Y"}, {"conditional_flag": "N"}, ["conditional_resolved"]),
    ({}, {"enrollment_status": "Terminated", "coverage_end": "2026-10-31"}, ["terminated", "coverage_dates_changed"]),
    ({}, {"enrollment_status": "Cancelled"}, ["cancelled"]),
    ({"enrollment_status": "Terminated"}, {"enrollment_status": "Reinstated"}, ["reinstated"]),
    ({}, {"enrollment_status": "Sent to Issuer"}, ["status_changed"]),
    ({}, {"grace_month": "1"}, ["in_grace"]),
    ({"grace_month": ""}, {"grace_month": "2"}, ["in_grace"]),
    ({"grace_month": "1"}, {"grace_month": "2"}, ["deeper_in_grace"]),
    ({"grace_month": "3"}, {"grace_month": "0"}, ["out_of_grace"]),
    ({}, {"hios_plan_id": "40513CA0380009"}, ["plan_changed"]),
    ({}, {"plan_name": "Example Gold", "hios_plan_id": "40513CA0380009"}, ["plan_changed"]),
    ({}, {"policy_premium": "9.00", "net_premium": "1.00"}, ["premium_changed"]),
    ({"applied_aptc": "5.00"}, {"applied_aptc": "15.00"}, ["subsidy_changed"]),
    ({}, {"res_zip": "90210", "res_city": "Elsewhere"}, ["moved"]),
    ({}, {"home_phone": "5105550100"}, ["contact_changed"]),
    ({}, {"renewal_status": "Auto-renewed"}, ["renewal_changed"]),
    ({"delegation_status": "Pending"}, {"delegation_status": "Active"}, ["delegation_changed"]),
    ({}, {"gender": "Female"}, ["other"]),
    ({}, {"gender": "Female", "grace_month": "1"}, ["in_grace"]),
]


@pytest.mark.parametrize(("before", "after", "names"), MEANINGS)
def test_what_a_change_of_the_book_means(before: Row, after: Row, names: list[str]) -> None:
    found = compared([enrolled(1) | before], [enrolled(1) | before | after])
    case = one_case(read_changes(found.text))
    assert [told.name for told in case.all_told()] == names
    assert found.counts == {"added": 0, "gone": 0, "changed": 1, **dict.fromkeys(names, 1)}


CONDITIONALS = [
    ({"status": "Verified"}, "resolved", "Resolved: the proof was accepted"),
    ({"status": "Rejected"}, "rejected", "Documents rejected"),
    ({"status": "Expired"}, "expired", "Time to send documents is over"),
    ({"status": "In Review"}, "status_changed", "Verification status: Pending to In Review"),
    ({"due_date": "2026-12-16"}, "due_date_changed", "Due date moved by +30 days, to 2026-12-16"),
    ({"due_date": "2026-11-15"}, "due_date_changed", "Due date moved by −1 day, to 2026-11-15"),
    ({"document_status": "Fully Uploaded"}, "documents_uploaded", "Documents: Fully Uploaded"),
]


@pytest.mark.parametrize(("after", "name", "words"), CONDITIONALS)
def test_what_a_change_of_the_conditional_report_means(after: Row, name: str, words: str) -> None:
    before = conditional_row(ALICE, 1, status="Pending", due_date="2026-11-16")
    case = one_case(changes([before], [before | after], kind=CONDITIONAL))
    assert [told.name for told in case.all_told()] == [name]
    assert words_of(case) == [words]


def test_a_new_proof_and_one_that_is_no_longer_asked_for() -> None:
    income, residency = (conditional_row(ALICE, 1, verification_type=kind) for kind in ("Income", "Residency"))
    came = one_case(changes([income], [income, residency], kind=CONDITIONAL))
    assert (came.rows[0].who[1], words_of(came)) == ("Residency", ["Documents newly needed"])
    went = one_case(changes([income, residency], [income], kind=CONDITIONAL))
    assert words_of(went) == ["This proof is no longer asked for"]


def test_a_meaning_counts_once_a_case_whatever_the_number_of_rows() -> None:
    people = [enrolled(1, member_id=f"100397777{n}") for n in range(4)]
    found = compared(people, [row | {"net_premium": "1.00"} for row in people])
    assert found.counts == {"added": 0, "gone": 0, "changed": 1, "premium_changed": 1}


def test_entries_are_the_lines_behind_the_head() -> None:
    found = compared([enrolled(1), enrolled(2)], [enrolled(2, net_premium="1.00"), enrolled(3)])
    assert found.entries == found.text.count(b"\n") - 1 == 3


def test_cells_with_commas_quotes_and_line_breaks_are_whole() -> None:
    before = [enrolled(1, mail_address='1 "A" St,\nFloor 2\r\nRear'), enrolled(2), enrolled(3, mail_address="a\n\nb")]
    after = [enrolled(1, mail_address='1 "A" St,\nFloor 3'), enrolled(2), enrolled(3, mail_address="a\n\nb")]
    case = one_case(changes(before, after))
    assert cells_of(case) == {"mail_address": ('1 "A" St,\nFloor 2\r\nRear', '1 "A" St,\nFloor 3')}
    assert compared(before, before[::-1]).entries == 0


# Weeks whose layouts differ


def layout(*without: str, order: int = 1) -> Header:
    whole = header()
    kept = tuple(key for key in whole.stable if key not in without)[::order]
    columns = tuple(column for column in whole.columns if column.key not in without)
    return header(stable=kept, columns=columns)


@pytest.mark.parametrize(
    ("old", "new"),
    [(layout(order=-1), layout()), (layout("agency_name"), layout()), (layout(), layout("gender", order=-1))],
    ids=["moved", "added", "removed"],
)
def test_columns_that_moved_came_or_went_are_no_change(old: Header, new: Header) -> None:
    rows = [enrolled(1, agency_name='"A", B', gender="Male"), enrolled(2, mail_address="a\nb")]
    assert compare(before=side(rows, old), after=side(rows, new), elsewhere=nowhere).entries == 0
    changed = [rows[0] | {"net_premium": "1.00"}, rows[1], enrolled(3)]
    found = read_changes(compare(before=side(rows, old), after=side(changed, new), elsewhere=nowhere).text)
    assert [(case.state, case.case[-1]) for case in found.cases] == [("changed", "1"), ("added", "3")]
    assert cells_of(found.cases[0]) == {"net_premium": ("500.00", "1.00")}


def test_a_header_of_before_there_were_changes_is_still_read() -> None:
    old = header(identity=(), meanings=())
    raw = old.to_bytes().replace(b',"identity":[],"meanings":[]', b"")
    assert b"identity" not in raw
    assert Header.from_bytes(raw) == old
    assert Header.from_bytes(header().to_bytes()) == header()
    found = compare(before=side([enrolled(1)], old), after=side([enrolled(1, gender="Male")], header()), elsewhere=None)
    assert found.counts["changed"] == 1


def test_a_report_that_declares_no_meanings_still_says_what_it_can() -> None:
    head = header(meanings=())
    before, after = [enrolled(1), enrolled(2)], [enrolled(2, net_premium="1.00"), enrolled(3)]
    found = read_changes(compare(before=side(before, head), after=side(after, head), elsewhere=nowhere).text)
    assert [words_of(case) for case in found.cases] == [
        ["Other fields changed"],
        ["New to you"],
        ["No longer in the report"],
    ]


# The text


def test_what_is_sealed_stands_by_itself() -> None:
    found = changes([enrolled(1)], [enrolled(1, net_premium="1.00")])
    assert (found.kind, found.title, found.after) == ("book-of-business", "Book of Business", MONDAY)
    assert (found.cases[0].rows[0].fields[0].header, found.cases[0].rows[0].fields[0].type) == ("Net Premium", "money")


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]\n", b"\xff", b'{"format":2}\n', b"1 2\nx"],
)
def test_what_is_no_text_of_changes_is_refused(text: bytes) -> None:
    with pytest.raises(IntegrityBroken):
        read_changes(text)


def test_a_text_that_was_cut_is_refused() -> None:
    with pytest.raises(IntegrityBroken):
        read_changes(compared([], [enrolled(1)]).text[:-20])


def test_lines_of_another_width_are_refused() -> None:
    with pytest.raises(IntegrityBroken, match="width"):
        compare(before=side([], header()), after=Side(header(), b"a,b\n"), elsewhere=nowhere)
    with pytest.raises(IntegrityBroken, match="quotes"):
        compare(before=side([], header()), after=Side(header(), b'a,"b\n'), elsewhere=nowhere)
