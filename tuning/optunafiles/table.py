"""The CSV file of `study.trials_dataframe().to_csv()`: a row for each trial. It has neither ranges
nor directions nor what trials reported, so that less is known of its trials than of a storage's.
"""

import csv
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeGuard

from .distributions import Choice
from .study import METRIC_NAMES, BadStorage, State, Study, StudyTrial

MAX_CELL = 128 * 1024
_PARAMS, _USER = "params_", "user_attrs_"
_CONSTRAINT = "system_attrs_constraints:"
_VALUE, _VALUES = "value", "values_"


def is_table(head: str) -> bool:
    """Whether a file's first line has the columns that Optuna gives it."""
    try:
        names = next(csv.reader([head]), [])
    except csv.Error:
        return False
    return any(name.startswith(_PARAMS) for name in names) and bool(_objectives(names))


def read_table(path: Path, name: str, report: Callable[[float], None]) -> Study:
    """Raises BadStorage."""
    csv.field_size_limit(MAX_CELL)
    size = path.stat().st_size or 1
    read = 0
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:

        def lines() -> "csv.Iterator[str]":  # type: ignore[name-defined]
            nonlocal read
            for line in file:
                read += len(line)
                yield line

        try:
            rows = csv.DictReader(lines())
            names = list(rows.fieldnames or [])
            columns = _objectives(names)
            study = Study(name, [""] * len(columns))
            if columns != [_VALUE]:
                shown = [column.removeprefix(_VALUES).removeprefix("value_") for column in columns]
                named = [s if not s.isdecimal() else f"values_{s}" for s in shown]
                study.system_attrs[METRIC_NAMES] = named
            for row in rows:
                study.trials.append(_trial(row, columns))
                report(read / size)
        except csv.Error as error:
            raise BadStorage(f"The CSV file is damaged: {error}.") from error
    _restore_whole_numbers(study)
    return study


def _objectives(names: list[str]) -> list[str]:
    """The columns of the values: `value`, `value_accuracy`, `values_0` or `values_accuracy`."""
    several = [name for name in names if name.startswith(_VALUES)]
    return several or [name for name in names if name == _VALUE or name.startswith("value_")]


def _trial(row: dict[str, str | None], columns: list[str]) -> StudyTrial:
    values = [_float(row.get(column)) for column in columns]
    has_values = None not in values
    state = row.get("state") or ("COMPLETE" if has_values else "FAIL")
    trial = StudyTrial(
        State(state) if state in list(State) else State.FAIL,
        values=values if has_values else [],
        started=_time(row.get("datetime_start")),
        finished=_time(row.get("datetime_complete")),
    )
    for name, text in row.items():
        if not name or not isinstance(text, str) or text == "":
            continue
        if name.startswith(_PARAMS):
            trial.params[name.removeprefix(_PARAMS)] = _scalar(text)
        elif name.startswith(_USER):
            trial.user_attrs[name.removeprefix(_USER)] = _scalar(text)
        elif name.startswith(_CONSTRAINT):
            trial.system_attrs[name.removeprefix("system_attrs_")] = _scalar(text)
    return trial


def _scalar(text: str) -> Choice:
    if text in ("True", "False"):
        return text == "True"
    try:
        return int(text)
    except ValueError:
        number = _float(text)
        return text if number is None else number


def _float(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _time(text: str | None) -> float:
    """As in a database: the local time of a machine that nobody knows."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _restore_whole_numbers(study: Study) -> None:
    """pandas has floats where a value is missing: a parameter with nothing but whole ones was an
    integer."""
    broken = {
        name
        for trial in study.trials
        for name, value in trial.params.items()
        if isinstance(value, float) and not value.is_integer()
    }
    for trial in study.trials:
        for name, value in trial.params.items():
            if _is_whole(value) and name not in broken:
                trial.params[name] = int(value)


def _is_whole(value: Choice) -> TypeGuard[float]:
    return isinstance(value, float) and value.is_integer() and abs(value) < 2**53
