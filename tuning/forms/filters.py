"""The filters of one column, as a form. What it makes of them are the operators of an address."""

from collections.abc import Sequence
from typing import Any

from django import forms

from tuning.analysis.trials.columns import HYPERPARAMETERS, Column
from tuning.analysis.trials.facets import Facet, Listed
from tuning.analysis.trials.operators import BadFilter
from tuning.analysis.trials.selection import Selection

RANGE = ("between", "gte", "gt", "lte", "lt")
STARRED = [("", "All trials"), ("me", "Starred by me"), ("anyone", "Starred by anyone"),
           ("nobody", "Starred by nobody")]  # fmt: skip
ACTIVE = [("", "Any"), ("yes", "In use"), ("no", "Not in use")]


class Ticked(forms.MultipleChoiceField):
    """Checkboxes. What an old address names although it is not listed is ticked as well."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: Any) -> bool:
        return isinstance(value, str)


class FilterForm(forms.Form):
    """Each field is an operator or, for ranges, a few. Once valid, `selection` has the filters."""

    low = forms.CharField(label="From", required=False, max_length=40)
    high = forms.CharField(label="To", required=False, max_length=40)
    how = forms.ChoiceField(
        choices=[("in", "Only these"), ("not", "All except these")], required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    values = Ticked(required=False)
    pattern = forms.CharField(
        label="Regular expression", required=False, max_length=400,
        help_text="Matches anywhere in the text, such as ^gpu-[12]",
    )  # fmt: skip
    active = forms.ChoiceField(label="In use", choices=ACTIVE, required=False)
    by = forms.ChoiceField(label="Stars", choices=STARRED, required=False, widget=forms.RadioSelect)
    top = forms.CharField(
        label="Top", required=False, max_length=20,
        help_text="A number such as 10 or a percentage such as 5%",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, selection: Selection, column: Column, facet: Facet):
        self.selection = selection
        self.column = column
        self._given = {f.operator.name: f.arguments for f in selection.filters
                       if f.column == column}  # fmt: skip
        super().__init__(data, initial=self._now(), auto_id="filter-%s")
        for name in set(self.fields) - self._fitting(facet):
            del self.fields[name]
        if "values" in self.fields:
            self.fields["values"].choices = self._choices(facet.values)

    def _fitting(self, facet: Facet) -> set[str]:
        column = self.column
        names: dict[str, bool] = {
            "low": column.is_number,
            "high": column.is_number,
            "values": column.kind not in ("stars",) and bool(facet.values or self._ticked),
            "how": column.kind in ("number", "text") and bool(facet.values or self._ticked),
            "pattern": column.kind == "text",
            "active": column.group == HYPERPARAMETERS
            and (bool(facet.missing) or "active" in self._given),
            "by": column.kind == "stars",
            "top": bool(column.better),
        }
        return {name for name, fits in names.items() if fits}

    @property
    def _ticked(self) -> tuple[str, ...]:
        found = (self._given.get(name) for name in ("in", "not", "is", "any"))
        return next((values for values in found if values), ())

    def _now(self) -> dict[str, Any]:
        """The filters that the column has at present."""
        given = self._given
        low, high = "", ""
        if "between" in given:
            low, _, high = ",".join(given["between"]).partition(",")
        return {
            "low": low or self._first("gte") or self._first("gt"),
            "high": high or self._first("lte") or self._first("lt"),
            "how": "not" if "not" in given else "in",
            "values": list(self._ticked),
            **{name: self._first(name) for name in ("active", "by", "top")},
            "pattern": self._first("matches"),
        }

    def _first(self, name: str) -> str:
        return next(iter(self._given.get(name, ())), "")

    def _choices(self, listed: Sequence[Listed]) -> list[tuple[str, str]]:
        """With what is ticked although no trial is left that has it."""
        self.counts = {one.value: one.count for one in listed}
        known = [(one.value, one.text) for one in listed]
        return known + [(value, value) for value in self._ticked if value not in self.counts]

    @property
    def boxes(self) -> list[tuple[Any, int]]:
        """The checkboxes with the number of trials behind each."""
        return [(box, self.counts.get(box.data["value"], 0)) for box in self["values"]]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        keys = [f.key for f in self.selection.filters if f.column == self.column]
        changed = self.selection.without(*keys)
        for field, operator, arguments in self._conditions(given):
            try:
                changed = changed.with_filter(f"{self.column.key}__{operator}", arguments)
            except BadFilter as problem:
                self.add_error(field, str(problem)[:1].upper() + str(problem)[1:])
        self.selection = changed
        return given

    def _conditions(self, given: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
        """Field, operator and arguments of everything that was filled in."""
        low, high = given.get("low", ""), given.get("high", "")
        conditions: list[tuple[str, str, list[str]]] = []
        if low and high:
            bad = next((f for f in ("low", "high") if not self._is_number(given[f])), "low")
            conditions.append((bad, "between", [f"{low},{high}"]))
        elif low:
            conditions.append(("low", self._kept("gt", low, "gte"), [low]))
        elif high:
            conditions.append(("high", self._kept("lt", high, "lte"), [high]))
        if given.get("values"):
            kind = {"status": "is", "tags": "any"}.get(self.column.kind)
            conditions.append(("values", kind or given.get("how") or "in", given["values"]))
        singles = {"pattern": "matches", "active": "active", "by": "by", "top": "top"}
        conditions += [
            (field, operator, [given[field]])
            for field, operator in singles.items()
            if given.get(field)
        ]
        return conditions

    def _kept(self, strict: str, value: str, loose: str) -> str:
        """“Below” stays “below” while its number is left as it is."""
        return strict if self._first(strict) == value else loose

    @staticmethod
    def _is_number(text: str) -> bool:
        try:
            float(text)
        except ValueError:
            return False
        return True
