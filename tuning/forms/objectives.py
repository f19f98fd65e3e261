"""The rows of a new search for objectives after the first and for constraints.

Each row is a few fields, so that it works without a script; the page's script shows the rows that
are used and one more on demand. An empty row counts for nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from tuning.analysis.limits import EARLY
from tuning.models import Search
from tuning.protocol.constraints import MAX_CONSTRAINTS, RELATIONS, Constraint
from tuning.protocol.measured import Measured, label_of
from tuning.protocol.objectives import MAX_OBJECTIVES
from tuning.strategies.traits import traits_of

from .directions import clean_direction, direction_field

Choices = list[tuple[str, Any]]
_OBJECTIVES = range(2, MAX_OBJECTIVES + 1)
_CONSTRAINTS = range(1, MAX_CONSTRAINTS + 1)
NAMES = (
    *(f"{part}_{n}" for n in _OBJECTIVES for part in ("objective", "direction")),
    *(f"constraint_{n}{part}" for n in _CONSTRAINTS for part in ("", "_relation", "_limit")),
)


@dataclass(frozen=True)
class FieldRow:
    """A row of the form. `is_used`: it has a value or an error."""

    number: int
    fields: list[forms.BoundField]

    @property
    def is_used(self) -> bool:
        return bool(self.fields[0].value()) or any(field.errors for field in self.fields)


def row_fields(
    metrics: Iterable[str], measured: Iterable[Measured], known: Mapping[str, str]
) -> dict[str, forms.Field]:
    """`known`: the directions of metrics, as far as they are."""
    measured = list(measured)
    choices: Choices = [
        ("", "None"),
        ("Metrics", [(metric, metric) for metric in metrics]),
        ("Measured by Tuneroom", [(row.name, row.label) for row in measured]),
    ]
    directions = {**known, **{row.name: row.direction for row in measured}}
    found: dict[str, forms.Field] = {}
    for n in _OBJECTIVES:
        found[f"objective_{n}"] = _choice(f"Objective {n}", choices)
        found[f"direction_{n}"] = direction_field(
            f"Direction {n}", "Whether higher or lower values are better.", "", directions
        )
    for n in _CONSTRAINTS:
        found[f"constraint_{n}"] = _choice(f"Constraint {n}", choices)
        found[f"constraint_{n}_relation"] = forms.ChoiceField(
            label=f"Relation {n}", choices=list(RELATIONS.items()), required=False,
            help_text="Whether the value may not exceed the limit or not fall below it.",
        )  # fmt: skip
        found[f"constraint_{n}_limit"] = forms.FloatField(
            label=f"Limit {n}", required=False, help_text="In the unit of the selected value.",
            widget=forms.NumberInput(attrs={"step": "any"}),
        )  # fmt: skip
    return found


def _choice(label: str, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=False,
        help_text="A metric of the template, or a value that Tuneroom measures.",
        error_messages={"invalid_choice": "“%(value)s” is neither a metric nor measured."},
    )  # fmt: skip


def objective_rows(form: forms.BaseForm) -> list[FieldRow]:
    return [FieldRow(n, [form[f"objective_{n}"], form[f"direction_{n}"]]) for n in _OBJECTIVES]


def constraint_rows(form: forms.BaseForm) -> list[FieldRow]:
    parts = ("", "_relation", "_limit")
    return [FieldRow(n, [form[f"constraint_{n}{part}"] for part in parts]) for n in _CONSTRAINTS]


def clean_rows(form: forms.BaseForm, cleaned: dict[str, Any], known: Callable[[str], str]) -> None:
    """Check the rows; `other_objectives` and `constraints` are what a search stores of them.
    `known` tells the direction of a metric."""
    cleaned["other_objectives"] = list(_objectives(form, cleaned, known))
    cleaned["constraints"] = list(_constraints(form, cleaned))
    count = 1 + len(cleaned["other_objectives"])
    refusal = traits_of(cleaned.get("tuner") or "auto").refusal(count, len(cleaned["constraints"]))
    if refusal:
        form.add_error("tuner", f"{refusal} Select another strategy.")
    if count > 1:
        for limit in EARLY:
            if limit.of_one_score and cleaned.get(limit.name) is not None:
                form.add_error(limit.name, "Not available with several objectives.")


def _objectives(
    form: forms.BaseForm, cleaned: dict[str, Any], known: Callable[[str], str]
) -> Iterator[dict[str, Any]]:
    taken = {cleaned.get("objective")}
    for n in _OBJECTIVES:
        name, direction = cleaned.get(f"objective_{n}"), f"direction_{n}"
        if not name:
            continue
        if name in taken:
            form.add_error(f"objective_{n}", f"{label_of(name)} is an objective already.")
            continue
        taken.add(name)
        clean_direction(form, direction, name, known)
        yield {"name": name, "direction": cleaned.get(direction, "")}


def _constraints(form: forms.BaseForm, cleaned: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for n in _CONSTRAINTS:
        name, limit = cleaned.get(f"constraint_{n}"), cleaned.get(f"constraint_{n}_limit")
        if not name:
            continue
        if limit is None:
            if f"constraint_{n}_limit" not in form.errors:
                form.add_error(f"constraint_{n}_limit", "Enter a number.")
            continue
        relation = cleaned.get(f"constraint_{n}_relation") or next(iter(RELATIONS))
        yield Constraint(name, relation, limit).stored


def initial_rows(search: Search) -> dict[str, Any]:
    """The rows of an earlier search, by field."""
    return rows_of(
        [(each.name, each.direction) for each in search.objectives[1:]], search.constraint_list
    )


def stored_rows(initial: Mapping[str, Any]) -> dict[str, Any]:
    """What a search would store of a form's initial values."""
    objectives = [
        {"name": initial[f"objective_{n}"], "direction": initial.get(f"direction_{n}") or "min"}
        for n in _OBJECTIVES
        if initial.get(f"objective_{n}")
    ]
    constraints = [
        Constraint(initial[field], initial[f"{field}_relation"], initial[f"{field}_limit"]).stored
        for field in (f"constraint_{n}" for n in _CONSTRAINTS)
        if initial.get(field)
    ]
    return {"other_objectives": objectives, "constraints": constraints}


def rows_of(
    objectives: Iterable[tuple[str, str]], constraints: Iterable[Constraint]
) -> dict[str, Any]:
    """Objectives after the first, and constraints, by field. Those beyond the last row as well:
    nobody may lose one unseen."""
    found: dict[str, Any] = {}
    for n, (name, direction) in enumerate(objectives, start=2):
        found |= {f"objective_{n}": name, f"direction_{n}": direction}
    for n, each in enumerate(constraints, start=1):
        field = f"constraint_{n}"
        found |= {
            field: each.name, f"{field}_relation": each.relation, f"{field}_limit": each.limit,
        }  # fmt: skip
    return found
