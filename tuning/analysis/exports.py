"""Files made from rows: a training history as CSV, hyperparameters and classes as JSON."""

import csv
import io
import json
from pathlib import PurePath
from typing import Any

from django.utils.text import slugify

from tuning.analysis.trials.scope import Scope
from tuning.models import Dataset, HyperModel, Project, SavedModel, Search
from tuning.protocol.description import description_of

# Beginnings of formulas; the full-width ones are what some spreadsheets in East Asia take for them.
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def history_csv(saved_model: SavedModel) -> str:
    """One line for each epoch: its number, its seconds, its metrics."""
    rows = list(
        saved_model.history.filter(attempt=saved_model.attempt).values_list(
            "epoch", "seconds", "metrics"
        )
    )
    names = sorted({name for _, _, metrics in rows for name in metrics})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["epoch", "seconds", *(guarded(name) for name in names)])
    for epoch, seconds, metrics in rows:
        writer.writerow([epoch, seconds, *(guarded(metrics.get(name)) for name in names)])
    return text.getvalue()


def guarded(value: Any) -> Any:
    """A CSV cell that a spreadsheet will not run: names of metrics come from people's code."""
    if isinstance(value, str) and value.startswith(RUN_BY_SPREADSHEETS):
        return "'" + value
    return "" if value is None else value


def hyperparameters_json(saved_model: SavedModel) -> str:
    return json.dumps(saved_model.trial.values, indent=2, ensure_ascii=False) + "\n"


def description_json(saved_model: SavedModel) -> str:
    """The names of the classes, in the order of the outputs, and of the columns."""
    dataset = saved_model.project.data
    about = description_of({**dataset.profile, "task": dataset.task})
    return json.dumps(about, indent=2, ensure_ascii=False) + "\n"


def file_stem(saved_model: SavedModel) -> str:
    """The name that a downloaded file gets, without its ending: digits-cnn-trial-7."""
    return f"{_project_stem(saved_model.project)}-trial-{saved_model.trial.number}"


def trials_stem(scope: Scope) -> str:
    """digits-cnn-search-3-trials, of all searches digits-cnn-trials"""
    which = "" if scope.is_project else f"-search-{scope.search.number}"
    return f"{_project_stem(scope.project)}{which}-trials"


def search_stem(search: Search) -> str:
    return f"{_project_stem(search.project)}-search-{search.number}"


def _project_stem(project: Project) -> str:
    data = _slug(project.dataset, PurePath(project.dataset.name).stem) or "data"
    template = _slug(project.hypermodel, project.hypermodel.name) or "template"
    return f"{data}-{template}"


def _slug(row: Dataset | HyperModel, name: str) -> str:
    """Built-in ones are known by their keys; those of teams have no meaning."""
    return slugify(name)[:40].strip("-") if row.team_id else row.key


def file_name(saved_model: SavedModel) -> str:
    """The same with the ending that says how to load it."""
    return file_stem(saved_model) + (".skops" if saved_model.is_estimator else ".keras")
