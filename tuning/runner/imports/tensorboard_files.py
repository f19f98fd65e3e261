"""A TensorBoard log folder with hyperparameters: what the HPARAMS tab shows."""

import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from google.protobuf.message import DecodeError

from tuning.eventfiles.messages import (
    DT_DOUBLE,
    DT_FLOAT,
    DT_INT32,
    DT_INT64,
    FAILURE,
    HPARAMS,
    SUCCESS,
    Event,
    HParamsPluginData,
)
from tuning.eventfiles.records import read_records
from tuning.protocol.events import MAX_IMPORTED, FoundEpoch, FoundTrial, Metrics
from tuning.runner.failures import BadData
from tuning.spaces.checked import MAX_CHOICES, Scalar, entry_of, is_scalar, range_of

from .found import Found

Report = Callable[[str, float], None]
# Of one tag, as many as TensorBoard itself keeps.
MAX_STEPS = 1_000
_MARK = ".tfevents."
_BEST = "best/"
# How our own export describes a search.
_ABOUT = re.compile(r"(Random|Grid|Bayesian|Hyperband)\b.* for (\S{1,80}), (min|max)", re.DOTALL)
_TUNERS = {"Random": "random", "Grid": "grid", "Bayesian": "bayesian", "Hyperband": "hyperband"}
_CONTENTS = {DT_FLOAT: "<f", DT_DOUBLE: "<d", DT_INT32: "<i", DT_INT64: "<q"}


@dataclass
class _Run:
    """One folder: what its event files hold. `points`: tag, step: wall time and value."""

    experiments: list[Any] = field(default_factory=list)
    start: Any = None
    end: Any = None
    points: dict[str, dict[int, tuple[float, float]]] = field(default_factory=dict)


def has_event_files(archive: zipfile.ZipFile) -> bool:
    return any(_MARK in name for name in archive.namelist())


def read_log_folder(archive: zipfile.ZipFile, report: Report) -> Found:
    """Raises BadData."""
    runs: dict[PurePosixPath, _Run] = {}
    files = [e for e in archive.infolist() if _MARK in PurePosixPath(e.filename).name]
    for number, entry in enumerate(sorted(files, key=lambda entry: entry.filename)):
        report(f"Reading file {number + 1:,} of {len(files):,}", number / len(files))
        run = runs.setdefault(PurePosixPath(entry.filename.replace("\\", "/")).parent, _Run())
        for event in _events(archive, entry):
            _take(run, event)
    experiment = _experiment(runs)
    trials = _trials(runs)
    if not trials:
        raise BadData("The log folder contains no hyperparameters (HPARAMS).")
    if len(trials) > MAX_IMPORTED:
        raise BadData(f"There are {len(trials):,} trials, more than the limit of {MAX_IMPORTED:,}.")
    _restore_whole_numbers(trials, experiment)
    space = {"space": _declared(experiment, trials), "values": {}}
    name = experiment.name if experiment else ""
    found = Found("tensorboard", name, space, trials)
    if experiment and (about := _ABOUT.fullmatch(experiment.description)):
        found.tuner, found.objective, found.direction = _TUNERS[about[1]], about[2], about[3]
    return found


def _events(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Any]:
    """Those before the end, or before where the file is damaged."""
    try:
        with archive.open(entry) as reader:
            for record in read_records(reader):  # type: ignore[arg-type]
                yield Event.FromString(record)
    except (DecodeError, zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error):
        return
    except Exception as error:
        # zlib.error, by its name: zipfile raises what its decompressor does.
        if type(error).__name__ != "error":
            raise


def _take(run: _Run, event: Any) -> None:
    for value in event.summary.value:
        if value.metadata.plugin_data.plugin_name == HPARAMS:
            _take_hparams(run, value.metadata.plugin_data.content)
        elif value.tag and (number := _number(value)) is not None:
            # What was written again after a restart replaces the former.
            run.points.setdefault(value.tag[:200], {})[event.step] = (event.wall_time, number)


def _take_hparams(run: _Run, content: bytes) -> None:
    data = HParamsPluginData.FromString(content)
    if data.HasField("experiment"):
        run.experiments.append(data.experiment)
    if data.HasField("session_start_info"):
        run.start = data.session_start_info
    if data.HasField("session_end_info"):
        run.end = data.session_end_info


def _number(value: Any) -> float | None:
    """The scalar of a summary, in any of the ways in which it can be written."""
    tensor = value.tensor
    if value.HasField("simple_value"):
        number = value.simple_value
    elif len(tensor.double_val) == 1:
        # Beside a float it is the exact number, as our own export has it.
        number = tensor.double_val[0]
    elif tensor.dtype in _CONTENTS and not any(dim.size != 1 for dim in tensor.tensor_shape.dim):
        values = [*tensor.float_val, *tensor.int_val, *tensor.int64_val]
        content, layout = tensor.tensor_content, _CONTENTS[tensor.dtype]
        if len(content) == struct.calcsize(layout):
            values = list(struct.unpack(layout, content))
        if len(values) != 1:
            return None
        number = values[0]
    else:
        return None
    return float(number) if is_scalar(number) else None


def _experiment(runs: dict[PurePosixPath, _Run]) -> Any:
    """What was declared for all sessions; None if nothing was. Raises BadData."""
    folders = [folder for folder, run in runs.items() if run.experiments]
    if len(folders) > 1:
        names = ", ".join(str(folder) for folder in sorted(folders)[:5])
        raise BadData(
            f"The log folder contains several experiments ({names[:300]}). Import them one "
            "at a time."
        )
    return runs[folders[0]].experiments[-1] if folders else None


def _trials(runs: dict[PurePosixPath, _Run]) -> list[FoundTrial]:
    """Sessions of one group are executions of one trial."""
    groups: dict[str, list[PurePosixPath]] = {}
    for folder, run in runs.items():
        if run.start is not None:
            groups.setdefault(run.start.group_name or str(folder), []).append(folder)
    curves: dict[PurePosixPath, list[PurePosixPath]] = {}
    for folder in runs:
        owner = next((f for f in (folder, *folder.parents) if f in runs and runs[f].start), None)
        if owner is not None:
            curves.setdefault(owner, []).append(folder)
    found = [_trial(name, sorted(folders), runs, curves) for name, folders in groups.items()]
    return sorted(found, key=lambda trial: (trial.started, _natural(trial.name)))


def _trial(
    name: str,
    sessions: list[PurePosixPath],
    runs: dict[PurePosixPath, _Run],
    curves: dict[PurePosixPath, list[PurePosixPath]],
) -> FoundTrial:
    metrics: Metrics = {}
    epochs: list[FoundEpoch] = []
    best, failed, succeeded, ends = 0, False, False, []
    for execution, folder in enumerate(sessions):
        run = runs[folder]
        points: dict[str, dict[int, tuple[float, float]]] = {}
        for part in curves[folder]:
            for tag, steps in runs[part].points.items():
                if tag.startswith(_BEST) and steps:
                    step = max(steps)
                    metrics[tag.removeprefix(_BEST)] = steps[step][1]
                    best = max(best, step if 0 <= step < 2**30 else 0)
                elif metric := _metric(part.relative_to(folder), tag):
                    points.setdefault(metric, {}).update(steps)
        epochs += _epochs(execution, points, run.start.start_time_secs)
        if run.end is not None:
            failed |= run.end.status == FAILURE
            succeeded |= run.end.status == SUCCESS
            ends.append(run.end.end_time_secs)
    start = min(_time(runs[folder].start.start_time_secs) for folder in sessions)
    # A person wrote that it ended, and neither well nor badly: it was stopped, or pruned.
    interrupted = bool(ends) and not metrics
    unfinished = not succeeded and (interrupted or not (epochs or metrics))
    return FoundTrial(
        name=name,
        status="failed" if failed else "stopped" if unfinished else "completed",
        values=_values(runs[sessions[0]].start.hparams),
        metrics=metrics,
        best_epoch=best,
        epochs=epochs,
        started=start,
        finished=max(map(_time, ends), default=0.0),
    )


def _metric(part: PurePosixPath, tag: str) -> str:
    """A metric's name. Keras's callback writes epoch_loss into the runs train and validation."""
    if tag.startswith(("batch_", "evaluation_")) and part.name in ("train", "validation"):
        return ""
    if part.name in ("train", "validation"):
        prefix = "val_" if part.name == "validation" else ""
        return prefix + tag.removeprefix("epoch_")
    return tag if part == PurePosixPath() else f"{part}/{tag}"


def _epochs(
    execution: int, points: dict[str, dict[int, tuple[float, float]]], start: float
) -> list[FoundEpoch]:
    """Steps that count from 0 become epochs that count from 1."""
    rows: dict[int, tuple[float, Metrics]] = {}
    for metric, steps in points.items():
        for step, (wall_time, value) in _thinned(steps):
            time, metrics = rows.setdefault(step, (wall_time, {}))
            rows[step] = max(time, wall_time), metrics
            metrics[metric] = value
    first = min(rows, default=1)
    found, before = [], _time(start)
    for step, (wall_time, metrics) in sorted(rows.items()):
        epoch = step + (first == 0)
        now = _time(wall_time)
        seconds = max(now - before, 0.0) if before and now else 0.0
        before = max(before, now)
        if 0 <= epoch < 2**30:
            found.append(FoundEpoch(execution, epoch, seconds, metrics))
    return found


def _thinned(steps: dict[int, tuple[float, float]]) -> list[tuple[int, tuple[float, float]]]:
    """Evenly, with the last one."""
    ordered = sorted(steps.items())
    every = -(-len(ordered) // MAX_STEPS)
    return ordered[(len(ordered) - 1) % every :: every] if ordered else []


def _time(seconds: float) -> float:
    """A moment that a database can hold; 0 for none."""
    return seconds if 0 < seconds < 4e9 else 0.0


def _values(hparams: Any) -> dict[str, Scalar]:
    return {pair.key: value for pair in hparams if (value := _scalar(pair.value)) is not None}


def _scalar(value: Any) -> Scalar | None:
    kind = value.WhichOneof("kind")
    if kind not in ("string_value", "bool_value", "number_value"):
        return None
    found: Scalar = getattr(value, kind)
    return found if is_scalar(found) else None


def _restore_whole_numbers(trials: list[FoundTrial], experiment: Any) -> None:
    """HPARAMS knows only floats: a hyperparameter with nothing but whole ones was an integer."""
    broken = {
        name
        for trial in trials
        for name, value in trial.values.items()
        if isinstance(value, float) and not value.is_integer()
    }
    for info in experiment.hparam_infos if experiment else []:
        interval = info.domain_interval
        if not (interval.min_value.is_integer() and interval.max_value.is_integer()):
            broken.add(info.name)
        listed = [v.number_value for v in info.domain_discrete.values]
        if not all(value.is_integer() for value in listed):
            broken.add(info.name)
    for trial in trials:
        for name, value in trial.values.items():
            if isinstance(value, float) and name not in broken and abs(value) < 2**53:
                trial.values[name] = int(value)


def _declared(experiment: Any, trials: list[FoundTrial]) -> list[dict[str, Any]]:
    """Entries for the hyperparameters whose domains the experiment gives."""
    seen: dict[str, Scalar] = {name: v for trial in trials for name, v in trial.values.items()}
    entries = []
    for info in experiment.hparam_infos if experiment else []:
        low, high = info.domain_interval.min_value, info.domain_interval.max_value
        whole = isinstance(seen.get(info.name), int)
        listed = [v for value in info.domain_discrete.values if (v := _scalar(value)) is not None]
        if whole:
            listed = [v if isinstance(v, str | bool) else int(v) for v in listed]
        if low < high and is_scalar(low) and is_scalar(high):
            if whole:
                low, high = int(low), int(high)
            entries.append(range_of(info.name, low, high, whole))
        elif listed:
            choices = listed[:MAX_CHOICES]
            entries.append(entry_of("Choice", info.name, choices[0], values=choices, ordered=False))
    return entries


def _natural(name: str) -> list[Any]:
    return [(not part.isdecimal(), part.zfill(20)) for part in re.split(r"(\d+)", name)]
