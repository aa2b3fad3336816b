from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.demo.synth_exchange import BOOK, CONDITIONAL, Row, Weeks
from tests.reports.first_pass import sorted_data

LIVING = {"Enrolled", "Reinstated", "Sent to Issuer", "Pending Termination"}


def policies(rows: list[Row]) -> dict[tuple[str, str, str], list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["case_number"], row["coverage_type"], row["policy_id"] or row["hios_plan_id"]].append(row)
    return found


@pytest.mark.parametrize("slug", [BOOK, CONDITIONAL])
def test_every_row_of_every_week_passes_the_declared_layout_and_stands_once(
    tmp_path: Path, exchange: Weeks, slug: str
) -> None:
    kind = exchange.profile.reports[slug]
    for week in exchange.written.weeks:
        file = week.book if slug == BOOK else week.conditional
        checked, _ = sorted_data(file.read_bytes(), tmp_path, kind, as_of=week.as_of, piece_bytes=100_000)
        assert (checked.faults, checked.quarantined) == ([], 0)


def test_the_premium_of_a_policy_is_the_sum_of_its_members_and_the_credit_never_more(exchange: Weeks) -> None:
    for rows in policies(exchange.books[-1]).values():
        gross = sum(Decimal(row["member_premium"]) for row in rows)
        for row in rows:
            assert Decimal(row["policy_premium"]) == gross
            assert Decimal(row["applied_aptc"]) <= Decimal(row["max_aptc"])
            assert Decimal(row["net_premium"]) == gross - Decimal(row["applied_aptc"]) >= 0
        shared = ("hios_plan_id", "enrollment_status", "coverage_start", "coverage_end", "net_premium", "policy_id")
        assert all(len({row[key] for row in rows}) == 1 for key in shared)


def test_only_the_subsidised_take_a_credit_and_never_for_dental(exchange: Weeks) -> None:
    for row in exchange.books[0]:
        if row["program"] == "Unsubsidized QHP":
            assert row["max_aptc"] == row["applied_aptc"] == "0.00"
        if row["coverage_type"] == "Dental":
            assert (row["applied_aptc"], row["csr_level"]) == ("0.00", "none")


def test_coverage_lies_in_the_plan_year_and_ends_no_earlier_than_it_begins(exchange: Weeks) -> None:
    for row in exchange.books[-1]:
        start, end = date.fromisoformat(row["coverage_start"]), date.fromisoformat(row["coverage_end"])
        assert start.day == 1
        assert date(2026, 1, 1) <= start <= end <= date(2026, 12, 31)
        assert not row["paid_through"] or start <= date.fromisoformat(row["paid_through"]) <= end


def test_status_reason_policy_number_and_grace_agree(exchange: Weeks) -> None:
    for row in exchange.books[-1]:
        status = row["enrollment_status"]
        assert (row["policy_id"] == "") is (status == "Pending") is (row["issuer_member_id"] == "")
        assert (row["term_reason"] != "") is (status in {"Terminated", "Cancelled", "Pending Termination"})
        assert row["grace_month"] == "0" or status in {"Enrolled", "Reinstated"}
        assert row["renewal_status"] != "Auto-renewed" or row["hios_plan_id"].startswith(row["renewal_hios_plan_id"])
        assert (row["delegation_end"], row["service_channel"]) == ("", "Certified Insurance Agent")


def test_a_case_is_conditional_exactly_while_it_stands_in_the_other_file(exchange: Weeks) -> None:
    for book, conditional in zip(exchange.books, exchange.conditionals, strict=True):
        due: dict[str, str] = {}
        for row in conditional:
            due[row["case_number"]] = min(row["due_date"], due.get(row["case_number"], row["due_date"]))
        flags = {(row["case_number"], row["conditional_flag"], row["rop_earliest_due"]) for row in book}
        assert flags == {(case, "Y" if case in due else "N", due.get(case, "")) for case, _, _ in flags}
        assert due.keys() <= {case for case, _, _ in flags}
        assert 0.08 < len(due) / len({case for case, _, _ in flags}) < 0.12


def test_a_proof_names_a_member_of_the_case_with_the_cases_agent_and_contact(exchange: Weeks) -> None:
    members = {(row["case_number"], row["member_id"]): row for row in exchange.books[-1]}
    contacts = {
        r["case_number"]: f"{r['first_name']} {r['last_name']}" for r in members.values() if r["relationship"] == "Self"
    }
    insured = {(r["case_number"], r["coverage_type"]) for r in exchange.books[-1] if r["enrollment_status"] in LIVING}
    for proof in exchange.conditionals[-1]:
        row = members[proof["case_number"], proof["member_id"]]
        for key in ("first_name", "last_name", "agent_license", "application_id", "language_written"):
            assert proof[key] == row[key]
        assert (proof["phone"], proof["primary_contact"]) == (row["home_phone"], contacts[proof["case_number"]])
        for kind in ("health", "dental"):
            has = (proof["case_number"], kind.title()) in insured
            assert proof[f"{kind}_enrolled"] == ("Y" if has else "N")


def test_a_proof_is_due_95_days_after_its_start_or_later_if_extended(exchange: Weeks) -> None:
    for row in exchange.conditionals[-1]:
        start, due = date.fromisoformat(row["rop_start"]), date.fromisoformat(row["due_date"])
        extended = row["extended"] == "Y"
        assert (due - start).days == (125 if extended else 95)
        assert row["due_date_type"] == ("admin" if extended else "notice")
        assert int(row["days_remaining"]) == (due - date.fromisoformat(row["extract_date"])).days
    assert min(int(row["days_remaining"]) for row in exchange.conditionals[-1]) < 0


def test_documents_and_status_of_a_proof_agree(exchange: Weeks) -> None:
    whole = {"Verified": "Fully Uploaded", "In Review": "Fully Uploaded", "Pending": "None", "Expired": "None"}
    for row in exchange.conditionals[-1]:
        assert row["document_status"] == whole.get(row["status"], row["document_status"])
        assert (row["last_document_date"] != "") is (row["document_status"] != "None")
        assert (row["reject_reason"] != "") is (row["status"] == "Rejected")
        assert (row["mec_source"] != "") is (row["verification_type"] == "Minimum Essential Coverage")
        assert row["last_notice_date"] >= row["rop_start"]
    assert {row["status"] for row in exchange.conditionals[-1]} >= {"Verified", "Outstanding", "Expired", "Rejected"}


def test_a_household_has_one_primary_contact_and_one_home(exchange: Weeks) -> None:
    homes, firsts = defaultdict(set), defaultdict(set)
    for row in exchange.books[-1]:
        homes[row["case_number"]].add((row["res_address_1"], row["res_zip"], row["res_county"], row["rating_region"]))
        assert (row["is_primary_contact"] == "Y") is (row["relationship"] == "Self")
        if row["is_primary_contact"] == "Y":
            firsts[row["case_number"]].add(row["member_id"])
    assert all(len(home) == 1 for home in homes.values())
    assert firsts.keys() == homes.keys()
    assert all(len(first) == 1 for first in firsts.values())
