"""A KerasTuner project folder: oracle.json and trial_*/trial.json."""

import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from tuning.protocol.events import MAX_IMPORTED, FoundEpoch, FoundTrial, Metrics, finite
from tuning.runner.datasets.archives import read_entry
from tuning.runner.failures import BadData
from tuning.spaces.checked import checked_space, is_scalar

from .found import Found

Report = Callable[[str, float], None]
_TRIAL = re.compile(r"trial_[^/]{1,100}")
# Of one JSON file. An oracle's repeats the identifiers of its trials several times.
_MAX_BYTES = 256 * 1024 * 1024
_MAX_TRIAL_BYTES = 4 * 1024 * 1024
_STATUSES = {"COMPLETED": "completed", "FAILED": "failed", "INVALID": "failed"}
_MAX_MESSAGE = 10_000


def find_projects(archive: zipfile.ZipFile) -> set[PurePosixPath]:
    """The folders in the archive that are KerasTuner's."""
    found = set()
    for name in archive.namelist():
        path = PurePosixPath(name.replace("\\", "/"))
        if path.name == "oracle.json":
            found.add(path.parent)
        elif path.name == "trial.json" and _TRIAL.fullmatch(path.parent.name):
            found.add(path.parent.parent)
    return found


def read_project(archive: zipfile.ZipFile, folder: PurePosixPath, report: Report) -> Found:
    """Raises BadData."""
    entries = {PurePosixPath(e.filename.replace("\\", "/")): e for e in archive.infolist()}
    oracle: dict[str, Any] = {}
    if entry := entries.get(folder / "oracle.json"):
        oracle = _document(archive, entry, _MAX_BYTES)
    files = sorted(
        (p for p in entries if p.name == "trial.json" and p.parent.parent == folder), key=_natural
    )
    if not files:
        raise BadData("The KerasTuner project contains no trials (trial_*/trial.json).")
    if len(files) > MAX_IMPORTED:
        raise BadData(
            f"The project has {len(files):,} trials, more than the limit of {MAX_IMPORTED:,}."
        )
    space = checked_space(oracle.get("hyperparameters"))
    found = Found("kerastuner", folder.name, space, [], tuner=_tuner(oracle))
    for number, path in enumerate(files):
        report(f"Reading trial {number + 1:,} of {len(files):,}", number / len(files))
        document = _document(archive, entries[path], _MAX_TRIAL_BYTES)
        _add_trial(found, document, path.parent.name.removeprefix("trial_"), oracle)
    return found


def _document(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> dict[str, Any]:
    if entry.file_size > most:
        raise BadData(f"“{entry.filename}” has {entry.file_size:,} bytes; that is no trial's file.")
    try:
        # KerasTuner writes NaN and Infinity, which JSON does not have.
        document = finite(json.loads(b"".join(read_entry(archive, entry))))
    except (ValueError, RecursionError) as error:
        raise BadData(f"“{entry.filename}” is damaged: it cannot be read as JSON.") from error
    if not isinstance(document, dict):
        raise BadData(f"“{entry.filename}” was not written by KerasTuner.")
    return document


def _tuner(oracle: dict[str, Any]) -> str:
    """By what each algorithm adds to the file. A grid adds nothing, as if it was random."""
    if "hyperband_iterations" in oracle:
        return "hyperband"
    return "bayesian" if "num_initial_points" in oracle else "random"


def _add_trial(found: Found, document: dict[str, Any], name: str, oracle: dict[str, Any]) -> None:
    hyperparameters = _dict(document.get("hyperparameters"))
    if not found.space["space"]:
        found.space = checked_space(hyperparameters)
    values = _dict(hyperparameters.get("values"))
    # A round of Hyperband counts from where the one before ended.
    initial: Any = values.get("tuner/initial_epoch")
    first = initial + 1 if _is_step(initial) else 1
    observed = _dict(_dict(document.get("metrics")).get("metrics"))
    metrics, epochs = _observations(found, observed, first)
    best: Any = document.get("best_step")
    step = best if _is_step(best) else None
    chosen: Metrics = {}
    for metric, seen in metrics.items():
        chosen[metric] = seen[step] if step in seen else list(seen.values())[-1]
    score = document.get("score")
    if isinstance(score, int | float) and is_scalar(score):
        found.scores[name] = float(score)
    started, finished = _times(oracle, name)
    message = document.get("message")
    found.trials.append(
        FoundTrial(
            name=name,
            status=_STATUSES.get(str(document.get("status")), "stopped"),
            values=values,
            metrics=chosen,
            best_epoch=step + first if step is not None else 0,
            epochs=epochs,
            started=started,
            finished=finished,
            message=message[-_MAX_MESSAGE:] if isinstance(message, str) else "",
        )
    )


def _observations(
    found: Found, metrics: dict[str, Any], first: int
) -> tuple[dict[str, dict[int, float]], list[FoundEpoch]]:
    """The mean of each metric by step, and what the executions had at each step: `first` is the
    epoch of step 0."""
    means: dict[str, dict[int, float]] = {}
    rows: dict[tuple[int, int], Metrics] = {}
    for metric, history in metrics.items():
        history = _dict(history)
        if history.get("direction") in ("min", "max"):
            found.directions.setdefault(metric, history["direction"])
        observations = history.get("observations")
        for observation in observations if isinstance(observations, list) else []:
            step, values = (_dict(observation).get(key) for key in ("step", "value"))
            if not _is_step(step) or not isinstance(values, list):
                continue
            known = [float(v) for v in values if isinstance(v, int | float) and is_scalar(v)]
            for execution, value in enumerate(known):
                rows.setdefault((execution, step), {})[metric] = value
            if known:
                means.setdefault(metric, {})[step] = sum(known) / len(known)
    epochs = [
        FoundEpoch(execution, step + first, 0.0, values)
        for (execution, step), values in sorted(rows.items())
    ]
    return means, epochs


def _times(oracle: dict[str, Any], name: str) -> tuple[float, float]:
    """KerasTuner notes when a trial began and how many seconds it took."""
    begun = _dict(_dict(oracle.get("display")).get("trial_start")).get(name)
    took: Any = _dict(oracle.get("run_times")).get(name)
    try:
        started = datetime.fromisoformat(str(begun)).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return 0.0, 0.0
    known = isinstance(took, int | float) and is_scalar(took) and took >= 0
    return started, started + float(took) if known else 0.0


def _is_step(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**30


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _natural(path: PurePosixPath) -> list[Any]:
    """trial_9 before trial_10."""
    return [(not part.isdecimal(), part.zfill(20)) for part in re.split(r"(\d+)", path.parent.name)]
