"""What an Optuna script says of its study: directions, sampler, pruner, limits, given trials.

A table by argument, as `template/script_arguments.py` has one for KerasTuner's.
"""

import ast
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tuning.protocol.objectives import MAX_OBJECTIVES
from tuning.protocol.script_settings import (
    ENQUEUED,
    MAX_ARGUMENTS,
    MAX_ENQUEUED,
    MAX_NOTE,
    MAX_TEXT,
    NUMBERS,
    OBJECTIVE,
    ScriptArgument,
    ScriptSettings,
    Use,
)
from tuning.runner.template.given import UNKNOWN, Given
from tuning.runner.template.studies import StudyCalls
from tuning.runner.template.syntax import is_none

from .samplers_and_pruners import Reported, read_pruner, read_sampler

_NOT_RUN = "Requires a part of the script that is not run."
_KEPT = "Tuneroom’s database keeps the trials."
_NOT_NEEDED = "Not needed: the search page shows the progress."
# Optuna's own enumeration, and what people write.
_DIRECTIONS = {"minimize": "min", "maximize": "max", "1": "min", "2": "max"}
_MAX_SOURCE = 120


def value_names(settings: "StudySettings", count: int) -> list[str]:
    """The names of so many values of an objective function: as `study.set_metric_names` says, else
    as Optuna's tables call them."""
    if len(settings.names) == count:
        return settings.names
    return ["value"] if count == 1 else [f"values_{place}" for place in range(count)]


class StudySettings:
    """One pass over the calls. `directions` are "min" or "max", in the order of the values; empty
    where the script has no study."""

    def __init__(self, given: Given, calls: StudyCalls, code: str) -> None:
        self._given, self._calls, self._code = given, calls, code
        self.fields: dict[str, Any] = {}
        self._arguments: list[ScriptArgument] = []
        self.directions: list[str] = []
        self.names: list[str] = []
        constraints = None if calls.constraints is None else given.value(calls.constraints)
        self.constraints: Callable[..., Any] | None = constraints if callable(constraints) else None
        self.pruner: ast.expr | None = None
        # The combinations of a grid.
        self.grid: list[dict[str, Any]] = []
        if calls.create is not None:
            self._read(calls.create, [], _OF_STUDY)
            self.directions = self.directions or ["min"]
        if calls.optimize is not None:
            order = ["func", "n_trials", "timeout", "n_jobs", "catch", "callbacks"]
            self._read(calls.optimize, order, _OF_OPTIMIZE)
        if calls.named is not None:
            found = next((given.value(node) for node in calls.named.args[:1]), UNKNOWN)
            self.names = [str(name)[:80] for name in found] if isinstance(found, list) else []
        for call in calls.enqueued:
            self._enqueued(call)
        self._add_grid()

    def settings(
        self, count: int, constraints: Iterable[str], epochs: int, steps: Sequence[int]
    ) -> ScriptSettings:
        """What the form of a new search is told. `count`: of the values of the objective function;
        `constraints`: the metrics that may not exceed 0; `epochs` and `steps` of a trial: how many
        it trains, and those that it reports."""
        reported = Reported(steps, max(1, epochs, len(steps)))
        fields = self.fields
        fields |= {"epochs": reported.count, "first_step": reported.first}
        read_pruner(self, self.pruner, reported)
        names = value_names(self, count)
        for n, name in enumerate(names[1:MAX_OBJECTIVES], start=2):
            fields[f"objective_{n}"] = name
            if len(self.directions) >= n:
                fields[f"direction_{n}"] = self.directions[n - 1]
        for n, name in enumerate(constraints, start=1):
            field = f"constraint_{n}"
            fields |= {field: name, f"{field}_relation": "<=", f"{field}_limit": 0.0}
        arguments = sorted(self._arguments, key=lambda one: one.line)
        return ScriptSettings(fields, {}, arguments[:MAX_ARGUMENTS])

    @property
    def value_name(self) -> str:
        """Of the one value, which is what a trial reports."""
        return value_names(self, 1)[0]

    def value(self, node: ast.expr) -> Any:
        return self._given.value(node)

    def call(self, node: ast.expr) -> ast.Call | None:
        """The call that makes an object, be it under a name."""
        found = self._given.expression(node)
        return found if isinstance(found, ast.Call) else None

    def named(self, call: ast.Call, order: list[str]) -> dict[str, ast.expr]:
        """Its arguments; `order` has the names of those by position."""
        return self._given.named(call, order)

    def tell(self, node: ast.expr, name: str, use: Use, note: str = "", field: str = "") -> None:
        source = ast.get_source_segment(self._code, node) or ast.unparse(node)
        text = f"{name}={' '.join(source.split())}" if name else " ".join(source.split())
        shown = text if len(text) <= _MAX_SOURCE else text[: _MAX_SOURCE - 1] + "…"
        self._arguments.append(
            ScriptArgument(node.lineno, shown[:MAX_TEXT], use, note[:MAX_NOTE], field)
        )

    def propose(self, node: ast.expr, name: str, field: str, value: Any, note: str = "") -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        number = whole or isinstance(value, float)
        if (field in NUMBERS and not (whole and 0 <= value < 2**31)) or not (
            number or isinstance(value, str)
        ):
            self.tell(node, name, Use.UNUSED, _NOT_RUN)
            return
        self.fields[field] = value if field in NUMBERS or isinstance(value, str) else float(value)
        self.tell(node, name, Use.FORM, note, field)

    def _read(
        self, call: ast.Call, order: list[str], table: Mapping[str, "_Handler | None"]
    ) -> None:
        for name, node in self.named(call, order).items():
            handler = table.get(name, _unused("Unknown argument."))
            if handler is not None:
                handler(self, name, node)

    def _enqueued(self, call: ast.Call) -> None:
        node = next(iter([*call.args[:1], *(w.value for w in call.keywords)]), None)
        values = UNKNOWN if node is None else self.value(node)
        if node is None or not isinstance(values, dict):
            self.tell(call, "", Use.UNUSED, _NOT_RUN)
            return
        known = self.fields.setdefault(ENQUEUED, [])
        try:
            given = json.loads(json.dumps({str(k): _plain(v) for k, v in values.items()}))
        except (TypeError, ValueError):
            self.tell(call, "", Use.UNUSED, "Its values are neither numbers nor texts.")
            return
        if len(known) < MAX_ENQUEUED:
            known.append(given)
            self.tell(call, "", Use.FORM, "", ENQUEUED)

    def _add_grid(self) -> None:
        """A grid ends the study when all of it was tried; given trials come before it."""
        if not self.grid:
            return
        rows = [{key: _plain(value) for key, value in row.items()} for row in self.grid]
        every = [*self.fields.get(ENQUEUED, []), *rows][:MAX_ENQUEUED]
        most = min(self.fields.get("max_trials", len(every)), len(every))
        self.fields |= {"max_trials": most, ENQUEUED: every[:most]}


def _plain(value: Any) -> Any:
    """As `trials.shown_choices` shows a choice."""
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, bool | int | float | str) else str(value)


_Handler = Callable[[StudySettings, str, ast.expr], None]


def _unused(note: str) -> _Handler:
    def handle(study: StudySettings, name: str, node: ast.expr) -> None:
        if not is_none(node):
            study.tell(node, name, Use.UNUSED, note)

    return handle


def _proposed(field: str) -> _Handler:
    def handle(study: StudySettings, name: str, node: ast.expr) -> None:
        value = study.value(node)
        if value is not None:
            study.propose(node, name, field, value)

    return handle


def _directions(study: StudySettings, name: str, node: ast.expr) -> None:
    value = study.value(node)
    several = value if isinstance(value, list | tuple) else [value]
    found = [_DIRECTIONS.get(str(getattr(one, "value", one)).lower(), "") for one in several]
    if value is None or not all(found):
        if value is not None:
            study.tell(node, name, Use.UNUSED, _NOT_RUN)
        return
    study.directions = found
    study.tell(node, name, Use.FORM, field=OBJECTIVE)


def _pruner(study: StudySettings, name: str, node: ast.expr) -> None:  # noqa: ARG001
    # What it means depends on the steps that trials report.
    study.pruner = node


def _jobs(study: StudySettings, name: str, node: ast.expr) -> None:
    jobs = study.value(node)
    if isinstance(jobs, int) and jobs > 0:
        study.propose(node, name, "parallel_trials", jobs)
    else:
        study.tell(node, name, Use.UNUSED, "The form proposes the free slots.")


def _timeout(study: StudySettings, name: str, node: ast.expr) -> None:
    seconds = study.value(node)
    if isinstance(seconds, int | float) and seconds >= 1:
        study.propose(node, name, "max_time", round(seconds))
    elif seconds is not None:
        study.tell(node, name, Use.UNUSED, _NOT_RUN)


_OF_STUDY: dict[str, _Handler | None] = {
    "direction": _directions, "directions": _directions, "sampler": read_sampler, "pruner": _pruner,
    "storage": _unused(_KEPT), "study_name": _unused(_KEPT), "load_if_exists": _unused(_KEPT),
}  # fmt: skip
_OF_OPTIMIZE: dict[str, _Handler | None] = {
    "func": None, "n_trials": _proposed("max_trials"), "timeout": _timeout, "n_jobs": _jobs,
    "catch": _unused("A trial that raises an error fails, and the search continues."),
    "callbacks": _unused("Limits of the search are in its form."),
    "gc_after_trial": _unused(_NOT_NEEDED), "show_progress_bar": _unused(_NOT_NEEDED),
}  # fmt: skip
