"""Naive forecasts, counted again row by row, and what the plots of a forecast draw."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runner.series import hours, prepare, table
from tuning.analysis.evaluation.summary import MAX_DETAILED
from tuning.analysis.naive_forecasts import (
    forecast_plots,
    forecast_table,
    naive_forecasts,
    naive_text,
)
from tuning.models import Dataset, ModelEvaluation, Project, SavedModel

pytestmark = pytest.mark.django_db
ROWS, LOOK_BACK, HORIZON = 200, 6, 2


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
        assert found.mean_absolute_error == pytest.approx(absolute, rel=1e-5)
        assert found.root_mean_squared_error == pytest.approx(squared, rel=1e-5)
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
    assert last.mean_absolute_error > 1
    assert daily.mean_absolute_error > 1
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


def test_a_sentence_is_of_the_validation_windows(
    tmp_path: Path, settings: Any, project: Project
) -> None:
    assert naive_text(project) == ""
    project.dataset = dataset_of(tmp_path, settings)
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
