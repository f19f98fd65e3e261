"""An Optuna study: a SQLite file, a journal file or the CSV of its trials."""

import json
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

from tuning.optunafiles.distributions import CATEGORICAL, INT, Choice, Distribution
from tuning.optunafiles.journal import read_journal
from tuning.optunafiles.sqlite import MAGIC, Reader
from tuning.optunafiles.study import OWN, BadStorage, State, Study, StudyTrial
from tuning.optunafiles.table import is_table, read_table
from tuning.protocol.constraints import AT_MOST, MAX_CONSTRAINTS, Constraint
from tuning.protocol.events import (
    MAX_IMPORTED,
    MAX_STUDIES,
    FoundEpoch,
    FoundStudies,
    FoundStudy,
    FoundTrial,
    Metrics,
)
from tuning.protocol.objectives import MAX_OBJECTIVES, Objective
from tuning.protocol.orders import ImportOrder
from tuning.protocol.statuses import FINISHED, Status
from tuning.runner.failures import BadData
from tuning.spaces.checked import completed_space, entry_of, is_scalar, reaching

from .conditions import Seen, conditions_of
from .found import Found
from .keras_tuner_files import Report

# Of one trial, as many reported values as of a TensorBoard log.
MAX_STEPS = 1_000
MAX_LOG = 10_000
_STATUSES = {
    State.COMPLETE: Status.COMPLETED,
    State.PRUNED: Status.PRUNED,
    State.FAIL: Status.FAILED,
    State.RUNNING: Status.FAILED,
}


class SeveralStudies(Exception):
    """A person has to choose one."""

    def __init__(self, studies: list[tuple[str, int]]) -> None:
        super().__init__()
        listed = [FoundStudy(name[:200], count) for name, count in studies[:MAX_STUDIES]]
        self.event = FoundStudies(listed)


def is_optuna(path: Path) -> bool:
    """Whether it may be one of Optuna's files, by how it begins."""
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if head.startswith((MAGIC, b"{")):
        return True
    return is_table(head.decode("utf-8-sig", "replace").partition("\n")[0])


def read_optuna(path: Path, order: ImportOrder, report: Report) -> Found:
    """Raises BadData and SeveralStudies."""
    try:
        study = _study(path, order, report)
    except BadStorage as error:
        raise BadData(str(error)) from error
    return found_of(study, order.value_name)


def _study(path: Path, order: ImportOrder, report: Report) -> Study:
    def tell(fraction: float) -> None:
        report(f"Reading the study: {fraction:.0%}", fraction)

    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if head == MAGIC:
        with Reader(path) as reader:
            listed = reader.studies()
            place = _chosen([(name, count) for _, name, count in listed], order.study)
            return reader.study(listed[place][0], tell)
    if head.startswith(b"{"):
        studies = read_journal(path, tell)
        return studies[_chosen([(s.name, len(s.trials)) for s in studies], order.study)]
    return read_table(path, PurePath(order.name).stem, tell)


def _chosen(studies: list[tuple[str, int]], place: int) -> int:
    """Which study to read. Raises BadData and SeveralStudies."""
    if not studies:
        raise BadData("The file contains no Optuna study.")
    if len(studies) > 1 and not 0 < place <= len(studies):
        raise SeveralStudies(studies)
    name, count = studies[max(place, 1) - 1]
    if count > MAX_IMPORTED:
        raise BadData(f"“{name}” has {count:,} trials, more than the limit of {MAX_IMPORTED:,}.")
    return max(place, 1) - 1


def found_of(study: Study, value_name: str) -> Found:
    """A study as a search. Raises BadData."""
    names = [name[:80] for name in study.objectives]
    if names == ["value"] and value_name:
        names = [value_name]
    if len(names) > MAX_OBJECTIVES:
        raise BadData(f"The study has {len(names)} objectives. The limit is {MAX_OBJECTIVES}.")
    trials = [trial for trial in study.trials if trial.state != State.WAITING]
    if not trials:
        raise BadData(f"The study “{study.name}” has no trials that began.")
    if len(trials) > MAX_IMPORTED:
        raise BadData(f"There are {len(trials):,} trials, more than the limit of {MAX_IMPORTED:,}.")
    # Steps that count from 0 become epochs that count from 1.
    shift = int(any(0 in trial.intermediate for trial in trials))
    limits = sorted({name for trial in trials for name in trial.constraints})[:MAX_CONSTRAINTS]
    found = Found(
        "optuna", study.name, {"space": _space(trials), "values": {}},
        [_trial(str(n), trial, names, shift) for n, trial in enumerate(trials)],
        constraints=[Constraint(name[:80], AT_MOST, 0.0) for name in limits],
        description=_lines(study.user_attrs),
    )  # fmt: skip
    if all(study.directions):
        found.objective, found.direction = names[0], study.directions[0]
        pairs = zip(names[1:], study.directions[1:], strict=True)
        found.others = [Objective(name, direction) for name, direction in pairs]
    elif len(names) == 1:
        # A table does not say which way: decide_objective asks, unless the name tells.
        found.objective = names[0]
    return found


def _trial(name: str, trial: StudyTrial, names: list[str], shift: int) -> FoundTrial:
    metrics: Metrics = {
        key: float(value)
        for key, value in trial.user_attrs.items()
        if _is_number(value) and not key.startswith(OWN)
    }
    metrics |= {name[:80]: value for name, value in trial.constraints.items()}
    metrics |= dict(zip(names, trial.values, strict=False))
    status = _status(trial)
    lost = trial.state == State.RUNNING
    reason = trial.user_attrs.get(f"{OWN}failure") or trial.system_attrs.get("fail_reason")
    return FoundTrial(
        name=name,
        status=status.value,
        values=_values(trial),
        metrics={} if status == Status.FAILED else metrics,
        best_epoch=0,
        epochs=_epochs(trial, names[0], shift),
        started=_moment(trial.started),
        finished=_moment(trial.finished),
        message="Still running when the file was saved." if lost else str(reason or "")[:MAX_LOG],
        lost=lost,
        log=_lines({k: v for k, v in trial.user_attrs.items() if not _is_number(v)}),
    )


def _status(trial: StudyTrial) -> Status:
    told = trial.user_attrs.get(f"{OWN}status")
    if trial.state != State.COMPLETE and told in FINISHED - {Status.COMPLETED}:
        return Status(told)
    if trial.state == State.COMPLETE and any(excess > 0 for excess in trial.constraints.values()):
        return Status.INFEASIBLE
    return _STATUSES[trial.state]


def _epochs(trial: StudyTrial, objective: str, shift: int) -> list[FoundEpoch]:
    """The reported values, of many as many as are drawn, evenly and with the last one. Optuna does
    not know how long each took."""
    steps = sorted(trial.intermediate.items())
    every = -(-len(steps) // MAX_STEPS)
    kept = steps[(len(steps) - 1) % every :: every] if steps else []
    return [
        FoundEpoch(0, step + shift, 0.0, {objective: value})
        for step, value in kept
        if 0 < step + shift < 2**30
    ]


def _space(trials: list[StudyTrial]) -> list[dict[str, Any]]:
    """Entries for the parameters, parents before children: these are in no more
    trials. What a range was in any trial is in it."""
    ranges: dict[str, dict[Distribution, None]] = {}
    for trial in trials:
        for name, about in trial.distributions.items():
            ranges.setdefault(name, {})[about] = None
    known = {"space": [_entry(name, list(all_of)) for name, all_of in ranges.items()]}
    # A table has no ranges.
    space = completed_space(known, map(_values, trials))["space"]
    entries = {entry["config"]["name"]: entry for entry in space}
    # Where a trial failed early or was running, nobody knows what it would have asked for.
    ended = [trial for trial in trials if trial.state in (State.COMPLETE, State.PRUNED)]
    seen = Seen([_values(trial) for trial in ended or trials])
    for name, conditions in conditions_of(seen, entries).items():
        entries[name]["config"]["conditions"] = conditions
    return sorted(entries.values(), key=lambda entry: -seen.counts[entry["config"]["name"]])


def _entry(name: str, ranges: list[Distribution]) -> dict[str, Any]:
    kinds = {one.kind for one in ranges}
    if CATEGORICAL in kinds:
        values = list({
            (isinstance(value, bool), value): value
            for one in ranges for value in map(_scalar, _choices(one))
        }.values())  # fmt: skip
        if len(values) == 1:
            return entry_of("Fixed", name, values[0], value=values[0])
        if len(values) == 2 and all(isinstance(value, bool) for value in values):
            return entry_of("Boolean", name, False)
        return entry_of("Choice", name, values[0], values=values, ordered=False)
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    whole = kinds == {INT}
    if low == high:
        return entry_of("Fixed", name, low, value=low)
    logarithmic = all(one.log for one in ranges) and low > 0
    steps = {one.step for one in ranges}
    step = steps.pop() if len(steps) == 1 and not logarithmic else None
    if step:
        high = reaching(low, high, step)
    return entry_of(
        "Int" if whole else "Float", name, low, min_value=low, max_value=high,
        step=(int(step) if whole and step is not None else step),
        sampling="log" if logarithmic else "linear",
    )  # fmt: skip


def _choices(about: Distribution) -> Iterable[Choice]:
    return about.choices if about.kind == CATEGORICAL else (about.low, about.high)


def _values(trial: StudyTrial) -> dict[str, Any]:
    return {name: _scalar(value) for name, value in trial.params.items()}


def _scalar(value: Choice) -> Any:
    """None is a choice of Optuna's; ours have a text."""
    return value if value is not None and is_scalar(value) else str(value)[:1_000]


def _lines(attributes: dict[str, Any]) -> str:
    """What there is no column for."""
    lines = [
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}"
        for key, value in attributes.items()
        if not key.startswith(OWN)
    ]
    return "\n".join(lines)[:MAX_LOG]


def _moment(seconds: float) -> float:
    return seconds if 0 < seconds < 4e9 else 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
