"""The log of Optuna's JournalStorage: a JSON line for each operation, in the order in which they
happened. The log also has operations that Optuna refused, so a reader applies Optuna's rules.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from .distributions import read_distribution
from .study import BadStorage, State, Study, StudyTrial

MAX_LINE = 4 * 1024 * 1024
_STATES = list(State)
_UNFINISHED = (State.RUNNING, State.WAITING)
# Optuna's own numbers.
_DIRECTIONS = {"min": 1, "max": 2}
_READ = {number: direction for direction, number in _DIRECTIONS.items()}


class Operation(IntEnum):
    CREATE_STUDY = 0
    DELETE_STUDY = 1
    SET_STUDY_USER_ATTR = 2
    SET_STUDY_SYSTEM_ATTR = 3
    CREATE_TRIAL = 4
    SET_TRIAL_PARAM = 5
    SET_TRIAL_STATE_VALUES = 6
    SET_TRIAL_INTERMEDIATE_VALUE = 7
    SET_TRIAL_USER_ATTR = 8
    SET_TRIAL_SYSTEM_ATTR = 9


def journal_lines(place: int, study: Study, trials: Iterable[StudyTrial]) -> Iterator[bytes]:
    """The lines of a study: one that creates it, its attributes, and one for each trial. `place`
    counts the studies of the file from 0."""
    ways = [_DIRECTIONS[direction] for direction in study.directions]
    yield _line(Operation.CREATE_STUDY, study_name=study.name, directions=ways)
    for name, value in study.system_attrs.items():
        yield _line(Operation.SET_STUDY_SYSTEM_ATTR, study_id=place, system_attr={name: value})
    for name, value in study.user_attrs.items():
        yield _line(Operation.SET_STUDY_USER_ATTR, study_id=place, user_attr={name: value})
    for trial in trials:
        about = trial.distributions
        ended = {"datetime_complete": _moment(trial.finished)} if trial.finished else {}
        yield _line(
            Operation.CREATE_TRIAL, study_id=place, state=_STATES.index(trial.state), value=None,
            values=trial.values or None,
            datetime_start=_moment(trial.started) if trial.started else None,
            distributions={name: one.text for name, one in about.items()},
            params={name: about[name].stored(value) for name, value in trial.params.items()},
            user_attrs=trial.user_attrs, system_attrs=trial.system_attrs,
            intermediate_values=_numbers(trial.intermediate), **ended,
        )  # fmt: skip


def _line(operation: Operation, **values: Any) -> bytes:
    document = {"op_code": int(operation), "worker_id": "tuneroom", **values}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _numbers(values: dict[int, float | None]) -> dict[int, float]:
    # As Optuna writes it: NaN, which JSON does not have.
    return {
        step: float("nan") if value is None else value for step, value in sorted(values.items())
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def read_journal(path: Path, report: Callable[[float], None]) -> list[Study]:
    """The studies that are left at the end. Raises BadStorage."""
    replay = _Replay()
    size, read = path.stat().st_size or 1, 0
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            read += len(line)
            if len(line) > MAX_LINE:
                raise BadStorage(f"Line {number:,} is longer than {MAX_LINE:,} bytes.")
            try:
                replay.apply(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
                if not line.endswith(b"\n"):
                    # A worker was writing it.
                    break
                raise BadStorage(
                    f"Line {number:,} is no operation of an Optuna journal."
                ) from error
            report(read / size)
    return list(replay.studies.values())


class _Replay:
    def __init__(self) -> None:
        self.studies: dict[int, Study] = {}
        self._trials: list[StudyTrial] = []
        self._created = 0

    def apply(self, log: dict[str, Any]) -> None:
        match log["op_code"]:
            case Operation.CREATE_STUDY:
                self._create_study(log)
            case Operation.DELETE_STUDY:
                self.studies.pop(log["study_id"], None)
            case Operation.SET_STUDY_USER_ATTR:
                if study := self.studies.get(log["study_id"]):
                    study.user_attrs |= log["user_attr"]
            case Operation.SET_STUDY_SYSTEM_ATTR:
                if study := self.studies.get(log["study_id"]):
                    study.system_attrs |= log["system_attr"]
            case Operation.CREATE_TRIAL:
                self._create_trial(log)
            case int():
                if trial := self._open_trial(log.get("trial_id")):
                    _change(trial, log)

    def _create_study(self, log: dict[str, Any]) -> None:
        if log["study_name"] in [study.name for study in self.studies.values()]:
            return
        ways = [_READ.get(number, "") for number in log["directions"]]
        self.studies[self._created] = Study(str(log["study_name"]), ways)
        self._created += 1

    def _create_trial(self, log: dict[str, Any]) -> None:
        study = self.studies.get(log["study_id"])
        if study is None:
            return
        ranges = {k: read_distribution(v) for k, v in log.get("distributions", {}).items()}
        values = log.get("values") or ([log["value"]] if log.get("value") is not None else [])
        trial = StudyTrial(
            _STATES[log.get("state", 0)],
            values=[_number(value) for value in values],
            params={k: ranges[k].value(float(v)) for k, v in log.get("params", {}).items()},
            distributions=ranges,
            intermediate={
                int(step): _number(v) for step, v in log.get("intermediate_values", {}).items()
            },
            user_attrs=dict(log.get("user_attrs", {})),
            system_attrs=dict(log.get("system_attrs", {})),
            started=_time(log.get("datetime_start")),
            finished=_time(log.get("datetime_complete")),
        )
        study.trials.append(trial)
        self._trials.append(trial)

    def _open_trial(self, key: Any) -> StudyTrial | None:
        """Optuna refuses changes of trials that have ended."""
        if not isinstance(key, int) or not 0 <= key < len(self._trials):
            return None
        return self._trials[key] if self._trials[key].state in _UNFINISHED else None


def _change(trial: StudyTrial, log: dict[str, Any]) -> None:
    match log["op_code"]:
        case Operation.SET_TRIAL_PARAM:
            about = read_distribution(log["distribution"])
            trial.params[str(log["param_name"])] = about.value(float(log["param_value_internal"]))
            trial.distributions[str(log["param_name"])] = about
        case Operation.SET_TRIAL_STATE_VALUES:
            _end(trial, log)
        case Operation.SET_TRIAL_INTERMEDIATE_VALUE:
            trial.intermediate[int(log["step"])] = _number(log["intermediate_value"])
        case Operation.SET_TRIAL_USER_ATTR:
            trial.user_attrs |= log["user_attr"]
        case Operation.SET_TRIAL_SYSTEM_ATTR:
            trial.system_attrs |= log["system_attr"]


def _end(trial: StudyTrial, log: dict[str, Any]) -> None:
    state = _STATES[log["state"]]
    if state == State.RUNNING and trial.state == State.RUNNING:
        return
    trial.state = state
    if state == State.RUNNING:
        trial.started = _time(log.get("datetime_start"))
    else:
        trial.finished = _time(log.get("datetime_complete"))
    if log.get("values") is not None:
        trial.values = [_number(value) for value in log["values"]]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _time(text: Any) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp() if text else 0.0
