"""From another program's files to the trials of a search."""

import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuning.protocol.events import (
    IMPORTED,
    MAX_LINE,
    MAX_METRICS,
    MAX_NAME,
    Event,
    FoundTrial,
    Imported,
    Metrics,
    Progress,
    encode_event,
)
from tuning.protocol.orders import ImportOrder
from tuning.runner.datasets.archives import open_archive
from tuning.runner.failures import BadData, WorkFailed
from tuning.spaces.checked import checked_space, checked_values, completed_space
from tuning.spaces.mixed import mixed_names, text_of, with_texts

from .found import Found, decide_objective, settle
from .keras_tuner_files import Report, find_projects, read_project
from .optuna_studies import SeveralStudies, is_optuna, read_optuna
from .tensorboard_files import has_event_files, read_log_folder

_PROGRESS_SECONDS = 0.5


def import_search(order: ImportOrder, send: Callable[[Event], None]) -> None:
    """Read the file and write its trials into the IMPORTED file of the working folder, unless
    a person has to choose the study or the objective first. Raises BadData."""
    try:
        found = _read(order, _reporter(send))
    except SeveralStudies as several:
        send(several.event)
        return
    except (WorkFailed, MemoryError):
        raise
    except Exception as error:
        # A case that the readers do not know. Its traceback helps to teach them.
        raise BadData(f"The file could not be read: {type(error).__name__}, {error}.") from error
    found.trials = [_fit(trial) for trial in found.trials]
    found.space = _of_one_kind(found)
    metrics = found.metrics()[:MAX_METRICS]
    if not metrics:
        raise BadData("No trial has a metric.")
    decide_objective(found, order.objective, order.direction)
    if found.objective:
        settle(found)
        _write(found.trials)
    # KerasTuner's own keys are no hyperparameters.
    values = ({k: v for k, v in t.values.items() if k[:6] != "tuner/"} for t in found.trials)
    send(
        Imported(
            origin=found.origin,
            name=found.name[:80],
            tuner=found.tuner,
            objective=found.objective,
            direction=found.direction if found.objective else "",
            metrics=metrics,
            space=completed_space(found.space, values),
            trials=len(found.trials),
            proposed=found.proposed if found.proposed in metrics else "",
            others=found.others,
            constraints=found.constraints,
            description=found.description,
        )
    )


def _read(order: ImportOrder, report: Report) -> Found:
    path = Path(order.file)
    if is_optuna(path):
        return read_optuna(path, order, report)
    with open_archive(path, order.most_bytes) as archive:
        return _read_archive(archive, report)


def _read_archive(archive: zipfile.ZipFile, report: Report) -> Found:
    projects = find_projects(archive)
    if len(projects) > 1:
        names = ", ".join(sorted(str(folder) for folder in projects)[:5])
        raise BadData(
            f"The archive contains several KerasTuner projects ({names[:300]}). Import them "
            "one at a time."
        )
    if projects:
        return read_project(archive, projects.pop(), report)
    if has_event_files(archive):
        return read_log_folder(archive, report)
    raise BadData(
        "The archive contains neither a KerasTuner project (oracle.json, trial_*/trial.json) nor "
        "a TensorBoard log folder (*.tfevents.* files)."
    )


def _fit(trial: FoundTrial) -> FoundTrial:
    """The trial as its supervisor accepts it."""
    return replace(
        trial,
        name=trial.name[:MAX_NAME],
        values=checked_values(trial.values),
        metrics=_fit_metrics(trial.metrics),
        epochs=[
            replace(epoch, metrics=_first(epoch.metrics))
            for epoch in trial.epochs
            if epoch.execution < 2**15
        ],
    )


def _of_one_kind(found: Found) -> dict[str, Any]:
    """Its space. What is mixed in it becomes text, also in the trials."""
    space = checked_space(found.space)
    mixed = mixed_names(space, (trial.values for trial in found.trials))
    if mixed:
        found.trials = [
            replace(trial, values={
                name: text_of(value) if name in mixed else value
                for name, value in trial.values.items()
            })
            for trial in found.trials
        ]  # fmt: skip
    return with_texts(space, mixed)


def _fit_metrics(metrics: Metrics) -> Metrics:
    return _first({name: value for name, value in metrics.items() if value is not None})


def _first(metrics: Metrics) -> Metrics:
    """What was no number in an epoch stays: the trial's page says so."""
    kept = {name[:80]: value for name, value in metrics.items()}
    return dict(sorted(kept.items())[:MAX_METRICS])


def _write(trials: list[FoundTrial]) -> None:
    with Path(IMPORTED).open("xb") as file:
        for trial in trials:
            line = encode_event(trial)
            if len(line) > MAX_LINE:
                raise BadData(f"Trial {trial.name} has too many epochs and metrics.")
            file.write(line)


def _reporter(send: Callable[[Event], None]) -> Report:
    """Progress, but not for every file: each report is a write to the database."""
    last = 0.0

    def report(text: str, done: float) -> None:
        nonlocal last
        if time.monotonic() > last + _PROGRESS_SECONDS:
            last = time.monotonic()
            send(Progress(text, done))

    return report
