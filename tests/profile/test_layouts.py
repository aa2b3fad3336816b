"""The layouts of the shipped exchange are whole, and a row keeps its identity."""

from extranet.profile.exchange import Profile
from extranet.profile.layouts import Layout

BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"


def flagged(layout: Layout, flag: str) -> set[str]:
    return {column.key for column in layout.columns if getattr(column, flag)}


def test_the_shipped_layouts_have_every_column_of_the_exchange(shipped: Profile) -> None:
    assert len(shipped.reports[BOOK].layout.columns) == 60
    assert len(shipped.reports[CONDITIONAL].layout.columns) == 29
    assert len(shipped.roster.columns) == 12


def test_the_columns_stand_in_the_order_of_the_file(shipped: Profile) -> None:
    book, conditional = (shipped.reports[slug].layout for slug in (BOOK, CONDITIONAL))
    assert book.headers[:3] == ("Extract Date", "Case Number", "Agent License")
    assert book.headers[-1] == "Policy Last Updated"
    assert conditional.headers[-1] == "Communication Preference"
    assert shipped.roster.headers[0] == "License Number"


def test_what_makes_a_row_the_same_row(shipped: Profile) -> None:
    assert shipped.reports[BOOK].layout.identity_parts == (
        ("case_number",),
        ("member_id",),
        ("coverage_type",),
        ("policy_id", "hios_plan_id"),
    )
    assert shipped.reports[CONDITIONAL].layout.identity == ("case_number", "member_id", "verification_type")
    assert shipped.roster.identity == ("license",)


def test_a_pending_policy_is_known_by_its_plan(profile: Profile) -> None:
    layout = profile.reports[BOOK].layout
    row = {"case_number": "1", "member_id": "2", "coverage_type": "Health", "policy_id": "", "hios_plan_id": "P"}
    assert layout.identity_of(row) == ("1", "2", "Health", "P")
    assert layout.identity_of({**row, "policy_id": "77"}) == ("1", "2", "Health", "77")


def test_what_changes_by_itself_is_declared(profile: Profile) -> None:
    book, conditional = (profile.reports[slug].layout for slug in (BOOK, CONDITIONAL))
    assert (flagged(book, "volatile"), flagged(conditional, "volatile")) == ({"last_updated"}, {"days_remaining"})
    assert flagged(book, "constant") == flagged(conditional, "constant") == {"extract_date"}


def test_money_is_what_the_sums_are_checked_over(shipped: Profile) -> None:
    premiums = {"member_premium", "policy_premium", "net_premium"}
    assert flagged(shipped.reports[BOOK].layout, "money") == {"max_aptc", "applied_aptc"} | premiums
    assert flagged(shipped.reports[CONDITIONAL].layout, "money") == {"aptc_at_risk"}


def test_filters_are_few_and_never_personal(shipped: Profile) -> None:
    book, conditional = (shipped.reports[slug].layout for slug in (BOOK, CONDITIONAL))
    assert flagged(conditional, "facet") == {"status", "verification_type", "document_status", "consequence"}
    assert {"enrollment_status", "issuer_name", "metal_level"} < flagged(book, "facet")
    assert not flagged(book, "facet") & flagged(book, "personal")


def test_everything_that_names_a_person_is_personal(profile: Profile) -> None:
    for kind in profile.reports.values():
        names = {"case_number", "member_id", "first_name", "last_name", "date_of_birth", "policy_id", "res_zip"}
        assert names & kind.layout.by_key.keys() <= flagged(kind.layout, "personal")


def test_the_search_box_only_reads_texts(profile: Profile) -> None:
    for layout in (profile.roster, *(kind.layout for kind in profile.reports.values())):
        found = [column for column in layout.columns if column.searchable]
        assert found
        assert {column.type for column in found} == {"text"}


def test_the_first_table_fits_a_screen(shipped: Profile) -> None:
    for kind in shipped.reports.values():
        assert 10 <= len(flagged(kind.layout, "shown")) <= 12


def test_identifiers_are_texts_so_that_no_zero_is_lost(profile: Profile) -> None:
    for layout in (profile.roster, *(kind.layout for kind in profile.reports.values())):
        names = {"license", "agent_license", "case_number", "res_zip", "npn", "agent_npn", "phone", "home_phone"}
        assert {layout.by_key[key].type for key in names & layout.by_key.keys()} == {"text"}
