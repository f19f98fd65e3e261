"""The search space of a new search as a form: a row of fields for each hyperparameter."""

from collections.abc import Mapping
from typing import Any

from tuning.models import Inspection
from tuning.spaces.changes import compared
from tuning.spaces.edits import (
    Edit,
    Refused,
    check_grid,
    edit_of,
    edited_parameter,
    governed,
    is_number,
)
from tuning.spaces.hyperparameters import Hyperparameter, read_space
from tuning.strategies.traits import OFFERED

from .space_rows import NumbersRow, OptionsRow, Row

RESET_ALL = "all"


class SpaceForm:
    """All rows together. `earlier` is the space of a search to begin with; `reset` names a row (its
    place, or all) that goes back to what the template says."""

    def __init__(
        self, data: Mapping[str, Any] | None, *, inspection: Inspection,
        earlier: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.inspection = inspection
        given = data or {}
        self.reset = given.get("reset", "")
        # Rows are known by their places, which mean something else in another version's space.
        self.is_stale = given.get("inspection", str(inspection.pk)) != str(inspection.pk)
        # What of `earlier` this template cannot take: name -> why.
        self.unfit: dict[str, str] = {}
        self.rows = self._rows({} if self.is_stale else data, earlier or {})
        strategy = OFFERED.get(given.get("tuner", ""))
        if strategy and strategy.enumerates:
            self._check_grid()
        shown = compared(self.space, inspection.space)
        for row, parameter in zip(self.rows, shown, strict=True):
            row.searched = parameter

    @property
    def space(self) -> dict[str, Any]:
        """The KerasTuner config to be searched."""
        entries = [
            {"class_name": row.parameter.kind, "config": row.parameter.config} for row in self.rows
        ]
        return {**self.inspection.space, "space": entries}

    @property
    def refused_rows(self) -> list[Row]:
        return [row for row in self.rows if row.errors]

    def is_valid(self) -> bool:
        return not self.is_stale and not self.refused_rows

    @property
    def changes(self) -> int:
        return sum(row.searched.changed for row in self.rows)

    @property
    def never_used(self) -> int:
        return sum(not row.searched.in_use for row in self.rows)

    def _rows(self, data: Mapping[str, Any] | None, earlier: dict[str, Any]) -> list[Row]:
        own = read_space(self.inspection.space)
        known = {(p.name, p.conditions): edit_of(p) for p in read_space(earlier)}
        rows: list[Row] = []
        for place, parameter in enumerate(own):
            governs = governed(own, parameter.name)
            start = known.get((parameter.name, parameter.conditions), edit_of(parameter))
            kept = data
            if self.reset in (str(place), RESET_ALL):
                kept, start = {}, edit_of(parameter)
            kind = NumbersRow if is_number(parameter) else OptionsRow
            problem = _problem(parameter, start, governs)
            if problem:
                self.unfit[parameter.name] = problem
                start = edit_of(parameter)
            rows.append(kind(kept, place=place, own=parameter, start=start, governs=governs))
        return rows

    def _check_grid(self) -> None:
        for row in self.rows:
            try:
                if row.is_valid():
                    check_grid(row.parameter)
            except Refused as refused:
                row.refuse(refused)


def _problem(own: Hyperparameter, edit: Edit, governs: list[str]) -> str:
    """Why an earlier search's values do not fit this version of the template, or nothing."""
    try:
        edited_parameter(own, edit, governs)
    except Refused as refused:
        return refused.sentence
    return ""
