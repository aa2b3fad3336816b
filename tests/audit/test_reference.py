from pathlib import Path

from extranet.audit.actions import Action

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit.md"


def test_every_action_is_documented() -> None:
    text = PAGE.read_text()
    assert [action.value for action in Action if f"`{action.value}`" not in text] == []


def test_every_action_has_three_parts_and_fits_its_column() -> None:
    assert [action for action in Action if action.value.count(":") != 2 or len(action.value) > 60] == []
