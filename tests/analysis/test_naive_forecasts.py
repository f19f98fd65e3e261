"""Naive forecasts, counted again row by row, and what the plots of a forecast draw."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.runner.series import hours, panel, prepare, table
from tuning.analysis.evaluation.summary import MAX_DETAILED
from tuning.analysis.naive_forecasts import (
    forecast_plots,
    forecast_table,
    naive_forecasts,
    naive_text,
)
from tuning.models import Dataset, ModelEvaluation, Project, SavedModel
from tuning.splits.stored import stored_split
from tuning.storage.contract import Away
from tuning.storage.stored import StoredFile

pytestmark = pytest.mark.django_db
ROWS, LOOK_BACK, HORIZON = 200, 6, 2
ABSOLUTE, SQUARED = "Mean absolute error", "Root mean squared error"


def dataset_of(root: Path, settings: Any, **choices: Any) -> Dataset:
    settings.DATASETS_ROOT = str(root)
    folder, profile = prepare(root, table(ROWS), **choices)
    return Dataset.objects.create(
        key="series", name="Load", kind="sequence", task="regression", profile=profile,
        folder=folder.name,
    )  # fmt: skip


def recounted(season: int, windows: range, stride: int = 1) -> tuple[float, float]:
    """Mean absolute and root mean squared error, from the table itself."""
    load = [float(np.float32(value)) for value in table(ROWS)["load"]]
    errors = []
    for window in windows:
        last = window * stride + LOOK_BACK - 1
        for step in range(1, HORIZON + 1):
            seen = last if not season else last + step - season
            errors.append(load[seen] - load[last + step])
    return float(np.mean(np.abs(errors))), float(np.sqrt(np.mean(np.square(errors))))


@pytest.mark.parametrize("stride", [1, 3])
def test_naive_forecasts_are_those_of_the_table(tmp_path: Path, settings: Any, stride: int) -> None:
    dataset = dataset_of(tmp_path, settings, stride=stride)
    windows = range(20, 55)
    last, daily = naive_forecasts(dataset, windows)
    assert (last.caption, daily.caption) == ("Last value", "24 rows earlier")
    for season, found in ((0, last), (24, daily)):
        absolute, squared = recounted(season, windows, stride)
        assert found.scores[ABSOLUTE] == pytest.approx(absolute, rel=1e-5)
        assert found.scores[SQUARED] == pytest.approx(squared, rel=1e-5)
        assert np.mean(found.by_output) == pytest.approx(absolute, rel=1e-5)
    # A season before the first rows nothing was seen.
    assert [one.caption for one in naive_forecasts(dataset, range(5))] == ["Last value"]


def test_a_season_shorter_than_the_horizon_looks_at_what_was_seen(
    tmp_path: Path, settings: Any
) -> None:
    """Of a daily series with a horizon of 10 days, day 8 is compared with two weeks before it."""
    import datetime

    start = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
    days = [str(start + datetime.timedelta(days=row)) for row in range(ROWS)]
    settings.DATASETS_ROOT = str(tmp_path)
    columns = table(ROWS, when=days, load=[float(row) for row in range(ROWS)])
    folder, profile = prepare(tmp_path, columns, look_back=14, horizon=10)
    dataset = Dataset(profile=profile, folder=folder.name)
    _, weekly = naive_forecasts(dataset, range(20, 60))
    assert weekly.by_output == [7.0] * 7 + [14.0] * 3


def test_a_perfect_model_beats_them(tmp_path: Path, settings: Any) -> None:
    dataset = dataset_of(tmp_path, settings)
    windows = np.arange(150, 180)
    y = np.load(tmp_path / dataset.folder / "y.npy")[windows]
    lines = np.column_stack([
        windows, *(column for step in range(HORIZON)
                   for column in (y[:, step], y[:, step] + step, np.full(30, np.nan))),
    ])  # fmt: skip
    model, last, daily = forecast_table(dataset, lines)
    assert (model.caption, model.by_output) == ("This model", [0.0, pytest.approx(1.0)])
    assert last.scores[ABSOLUTE] > 1
    assert daily.scores[ABSOLUTE] > 1
    saved_model = SavedModel(project=Project(dataset=dataset))
    [plot] = forecast_plots(ModelEvaluation(saved_model=saved_model), lines)
    assert (plot["name"], plot["dated"], plot["total"]) == ("load", True, 30)
    assert [step["step"] for step in plot["steps"]] == [1, 2]
    first, second = plot["steps"]
    assert first["actual"] == pytest.approx(y[:, 0])
    assert second["predicted"] == pytest.approx(y[:, 1] + 1)
    # The first row that window 150 predicts is row 156.
    moment = np.datetime64(int(first["times"][0]), "ms")
    assert moment == np.datetime64(hours(ROWS)[156])
    assert second["times"][0] - first["times"][0] == 3_600_000
    assert [one["caption"] for one in plot["errors"]] == [
        "This model", "Last value", "24 rows earlier",
    ]  # fmt: skip
    assert plot["errors"][0]["values"] == [0.0, pytest.approx(1.0)]
    assert forecast_table(dataset, lines[:, :4]) == [], "of another number of targets"
    for strange in (-1, 10**6):
        wrong = np.concatenate([lines, [[strange, *lines[0, 1:]]]])
        assert forecast_table(dataset, wrong) == []
        assert forecast_plots(ModelEvaluation(saved_model=saved_model), wrong) == []


def test_plots_are_of_the_first_of_many_targets(tmp_path: Path, settings: Any) -> None:
    names = [f"load {number}" for number in range(MAX_DETAILED + 2)]
    cells = {name: [float(n + row) for row in range(ROWS)] for n, name in enumerate(names)}
    settings.DATASETS_ROOT = str(tmp_path)
    chosen = {"target": ",".join(names), "horizon": 1, "known": []}
    folder, profile = prepare(tmp_path, table(ROWS, **cells), **chosen)
    dataset = Dataset(profile=profile, folder=folder.name)
    y = np.load(folder / "y.npy")[150:180]
    lines = np.column_stack([
        np.arange(150, 180), *(column for place in range(len(names))
                               for column in (y[:, place], y[:, place], y[:, place])),
    ])  # fmt: skip
    _, last, daily = forecast_table(dataset, lines)
    assert last.by_output == [1.0] * len(names)
    assert daily.by_output == [24.0] * len(names)
    saved_model = SavedModel(project=Project(dataset=dataset))
    plots = forecast_plots(ModelEvaluation(saved_model=saved_model), lines)
    assert [plot["name"] for plot in plots] == names[:MAX_DETAILED]


def away(_: StoredFile) -> Path:
    raise Away("The storage does not answer.")


def test_a_sentence_is_of_the_validation_windows(
    tmp_path: Path, settings: Any, project: Project
) -> None:
    assert naive_text(project) == ""
    project.dataset = dataset_of(tmp_path, settings)
    # Which passes.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuning.analysis.naive_forecasts.at_hand", away)
        assert naive_text(project) == ""
    windows = project.dataset.windows
    assert windows
    split = project.split
    part = windows.parts(split.train, split.validation, split.test)[1]
    last, daily = (recounted(season, part)[0] for season in (0, 24))
    assert naive_text(project) == (
        "Naive forecasts on the validation windows: mean absolute error "
        f"{last:.4g} (last value) and {daily:.4g} (24 rows earlier)."
    )
    Dataset.objects.filter(pk=project.dataset.pk).update(folder="gone")
    project.dataset.refresh_from_db()
    assert naive_text(project) == ""


def panel_of(root: Path, settings: Any, columns: dict[str, Any], **choices: Any) -> Dataset:
    settings.DATASETS_ROOT = str(root)
    folder, profile = prepare(root, columns, series="store", known=[], **choices)
    return Dataset.objects.create(
        key="panel", name="Stores", kind="sequence", task=profile["task"], profile=profile,
        folder=folder.name,
    )  # fmt: skip


def test_each_series_is_forecast_by_its_own_past(
    tmp_path: Path, settings: Any, project: Project
) -> None:
    columns = panel(120)
    project.dataset = panel_of(tmp_path, settings, columns)
    table = pd.DataFrame(columns)
    table["load"] = table["load"].astype(np.float32).astype(float)
    parts = stored_split(tmp_path / project.dataset.folder, project.split)
    windows = []
    for _, rows in table.groupby("store", sort=False):
        loads = rows.sort_values("when")["load"].tolist()
        for first in range(len(loads) - LOOK_BACK - HORIZON + 1):
            windows.append((sorted(rows["when"])[first + LOOK_BACK + HORIZON - 1], loads, first))
    windows.sort(key=lambda window: window[0])
    errors: dict[int, list[float]] = {0: [], 24: []}
    for number in parts["validation"]:
        _, loads, first = windows[number]
        for step in range(HORIZON):
            row = first + LOOK_BACK + step
            errors[0].append(abs(loads[first + LOOK_BACK - 1] - loads[row]))
            errors[24].append(abs(loads[row - 24] - loads[row]))
    last, daily = (float(np.mean(found)) for found in errors.values())
    assert naive_text(project) == (
        "Naive forecasts on the validation windows: mean absolute error "
        f"{last:.4g} (last value) and {daily:.4g} (24 rows earlier)."
    )
    early = naive_forecasts(project.dataset, parts["train"])
    assert [one.caption for one in early] == ["Last value"], "a day before, nothing was seen"


def test_plots_show_the_first_series_one_by_one(tmp_path: Path, settings: Any) -> None:
    columns = panel(120)
    dataset = panel_of(tmp_path, settings, columns, horizon=1)
    count = dataset.profile["rows"]
    windows = np.arange(count - 30, count)
    y = np.load(tmp_path / dataset.folder / "y.npy")[windows]
    lines = np.column_stack([windows, y, y + 1, np.full(30, np.nan)])
    saved_model = SavedModel(project=Project(dataset=dataset))
    [plot] = forecast_plots(ModelEvaluation(saved_model=saved_model), lines)
    table = pd.DataFrame(columns).set_index(["store", "when"])["load"]
    assert plot["series"] == 3
    shown = {step["series"]: step for step in plot["steps"]}
    assert set(shown) <= {"north", "south", "harbour"}
    assert sum(len(step["times"]) for step in plot["steps"]) == 30
    for name, step in shown.items():
        for moment, actual in zip(step["times"], step["actual"], strict=True):
            when = str(np.datetime64(int(moment), "s" if moment < 1e11 else "ms")).replace("T", " ")
            assert table[name, when[:19]] == pytest.approx(actual, rel=1e-5)
        assert step["predicted"] == pytest.approx(np.array(step["actual"]) + 1)


def test_the_last_class_is_a_forecast_of_classes(
    tmp_path: Path, settings: Any, project: Project
) -> None:
    columns = panel(120)
    project.dataset = panel_of(tmp_path, settings, columns, target="state", horizon=1)
    table = pd.DataFrame(columns).sort_values(["store", "when"])
    table["before"] = table.groupby("store")["state"].shift(1)
    table["row"] = table.groupby("store").cumcount()
    ends = table[table["row"] >= LOOK_BACK].sort_values("when", kind="stable")
    same = (ends["before"] == ends["state"]).to_numpy()
    count = project.dataset.profile["rows"]
    assert len(same) == count
    last, *_ = naive_forecasts(project.dataset, range(count))
    assert (last.caption, list(last.scores)) == ("Last class", ["Accuracy"])
    assert last.scores["Accuracy"] == pytest.approx(same.mean())
    assert naive_text(project).startswith("Naive forecasts on the validation windows: accuracy 0.")
    y = np.load(tmp_path / project.dataset.folder / "y.npy")
    lines = np.column_stack([np.arange(count), y, y, np.ones(count)]).astype(float)
    model, other, *_ = forecast_table(project.dataset, lines)
    assert (model.scores["Accuracy"], other.scores["Accuracy"]) == (1.0, last.scores["Accuracy"])
    saved_model = SavedModel(project=Project(dataset=project.dataset))
    assert forecast_plots(ModelEvaluation(saved_model=saved_model), lines) == []
