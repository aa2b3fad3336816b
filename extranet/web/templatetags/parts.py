"""What the part templates need beyond Django's own tags: wired form fields, table bodies, files of the profile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from extranet.web.static import PROFILE_PREFIX

register = template.Library()


@dataclass(frozen=True)
class WiredField:
    """A bound field whose input names its hint and its error, as screen readers need."""

    field: BoundField
    hint: str

    @property
    def id(self) -> str:
        return self.field.auto_id or f"id_{self.field.html_name}"

    @property
    def described_by(self) -> str:
        ids = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*ids, f"{self.id}-error"] if self.field.errors else ids)

    @property
    def is_optional(self) -> bool:
        """Said beside the label; a field whose fault is told by the domain is none, though its form lets it pass."""
        return not self.field.field.required and not self._widget.attrs.get("required")

    @property
    def is_hidden(self) -> bool:
        return self.field.is_hidden

    @property
    def is_checkbox(self) -> bool:
        return isinstance(self._widget, forms.CheckboxInput)

    @property
    def is_choice_group(self) -> bool:
        return isinstance(self._widget, forms.RadioSelect)  # CheckboxSelectMultiple is one of them

    @property
    def choice_kind(self) -> str:
        return "checkbox" if isinstance(self._widget, forms.CheckboxSelectMultiple) else "radio"

    @cached_property
    def choices(self) -> list[BoundWidget]:
        """The inputs of a choice group, each with the class that draws it."""
        self._widget.attrs = {**self._widget.attrs, "class": f"usa-{self.choice_kind}__input"}
        return list(self.field.subwidgets)

    @cached_property
    def widget(self) -> SafeString:
        attrs: dict[str, str | bool] = {"class": self._css, "id": self.id}
        if self.described_by:
            attrs["aria-describedby"] = self.described_by
        return self.field.as_widget(attrs=attrs)

    @property
    def _widget(self) -> forms.Widget:
        widget: forms.Widget = self.field.field.widget
        return widget

    @property
    def _css(self) -> str:
        if self.is_checkbox:
            return "usa-checkbox__input"
        name = next((css for kind, css in CLASSES if isinstance(self._widget, kind)), "usa-input")
        own = self._widget.attrs.get("class", "")
        return " ".join(filter(None, [name, own, "usa-input--error" if self.field.errors else ""]))


CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.Textarea, "usa-textarea"),
    (forms.Select, "usa-select"),
    (forms.FileInput, "app-file"),
)


@register.simple_tag
def wire(field: BoundField, hint: str | None = None) -> WiredField:
    """The field with its hint: the one given, else its help text."""
    return WiredField(field=field, hint=str(hint or field.help_text))


KINDS = (("numeric", "number"), ("nowrap", "nowrap"))


@register.filter
def table_body(rows: Iterable[Sequence[str | SafeString]], columns: Sequence[Mapping[str, Any]]) -> SafeString:
    """The rows of parts/table.html. Joined here because the template language costs a multiple for every cell, and so
    does Django's own escape, which asks of each text whether it is lazy.

    Every text is escaped unless it is already safe. Each cell carries its column's label for the cards of narrow
    screens; the first cell of a row is its header.
    """
    opens = [_opening(column, first=number == 0) for number, column in enumerate(columns)]
    closes = ["</th>", *["</td>"] * (len(opens) - 1)]
    body = "\n".join(
        '<tr role="row">'
        + "".join([start + _escaped(cell) + end for start, cell, end in zip(opens, row, closes, strict=True)])
        + "</tr>"
        for row in rows
    )
    return mark_safe(body)  # noqa: S308  # every part is escaped above


@register.filter
def facet_choices(facet: Mapping[str, Any]) -> SafeString:
    """The checkboxes of one facet of parts/facets.html, joined here for the same reason."""
    name = _escaped(facet["name"])
    boxes = [_box(name, number, *option) for number, option in enumerate(facet["options"], 1)]
    return mark_safe("\n".join(boxes))  # noqa: S308  # every part is escaped in _box


def _box(name: str, number: int, value: str, label: str, count: int | None, chosen: bool) -> str:
    counted = "" if count is None else f' <span class="app-count">({count:,})</span>'
    return (
        f'<div class="usa-checkbox"><input class="usa-checkbox__input" type="checkbox" id="facet-{name}-{number}" '
        f'name="{name}" value="{_escaped(value)}"{" checked" if chosen else ""}>'
        f'<label class="usa-checkbox__label" for="facet-{name}-{number}">{_escaped(label)}{counted}</label></div>'
    )


def _escaped(text: str) -> str:
    """As Django escapes, in text and in attributes."""
    return str(text) if isinstance(text, SafeString) else escape(str(text))


def _opening(column: Mapping[str, Any], *, first: bool) -> str:
    css = next((mark_safe(f' class="app-{kind}"') for key, kind in KINDS if column.get(key)), "")  # noqa: S308
    if first:
        return format_html('<th scope="row" role="rowheader" data-label="{}"{}>', column["label"], css)
    return format_html('<td role="cell" data-label="{}"{}>', column["label"], css)


@register.filter
def profile_file(name: str) -> str:
    """Static name of a file under the profile's static/ folder."""
    return f"{PROFILE_PREFIX}/{name}"
