"""Cutting windows from the rows of an uploaded table, and reading what became of them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.analysis.predictions.about import about, sources_of
from tuning.analysis.profiles import split_sizes, split_text, window_info
from tuning.models import Dataset, HyperModel, Project, Team
from tuning.protocol.predictions import RowSource

COLUMNS = [
    {"name": "when", "type": "out", "missing": 0, "different": 1001, "examples": ["2024-01-01"],
     "reason": "dates"},
    {"name": "load", "type": "number", "missing": 0, "different": 900, "examples": ["1.5"],
     "reason": ""},
    {"name": "weekday", "type": "category", "missing": 0, "different": 7, "examples": ["Monday"],
     "reason": ""},
]  # fmt: skip
SCHEMA = {
    "rows": 300, "columns": COLUMNS, "target": "load", "task": "regression", "encoding": "utf-8",
    "delimiter": ",", "decimal": ".", "target_reason": "",
}  # fmt: skip
AS_DETECTED = {
    "target": "load", "task": "", "encoding": "utf-8", "delimiter": ",", "decimal": ".",
    "type-1": "out", "type-2": "number", "type-3": "category",
}  # fmt: skip
WINDOWS = {"time": "when", "look_back": 24, "horizon": 3, "stride": 1, "known": ["weekday"]}
PROFILE: dict[str, Any] = {
    "kind": "sequence", "task": "regression", "rows": 274, "input_shape": [24, 2],
    "target_name": "load", "target_names": ["load +1", "load +2", "load +3"],
    "column_count": 2,
    "columns": [
        {"name": "load", "type": "number", "missing": 0,
         "histogram": {"edges": [0, 1], "counts": [300]}},
        {"name": "weekday", "type": "category", "missing": 0, "values": ["Mon"], "counts": [300],
         "different": 1},
    ],
    "windows": {**WINDOWS, "rows": 300, "targets": ["load"], "dated": True, "season": 24},
}  # fmt: skip
PROFILE["windows"]["sample"] = {
    "first": "2024-01-06", "last": "2024-01-07", "values": [[float(n) for n in range(27)]],
}  # fmt: skip


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder


@pytest.fixture
def table(team: Team) -> Dataset:
    row = Dataset.objects.create(
        key="own-series", name="Load", team=team, source=Dataset.Source.UPLOAD,
        detected_schema=SCHEMA, size_text="Uploaded as load.csv",
        upload={"kind": "text table", "name": "load.csv"},
    )  # fmt: skip
    row.original.write_text("the file")
    return row


@pytest.fixture
def series(table: Dataset) -> Dataset:
    """The same, prepared."""
    Dataset.objects.filter(pk=table.pk).update(
        folder="own-series-1", profile=PROFILE, kind="sequence", task="regression",
        detected_schema={}, status="completed",
    )  # fmt: skip
    table.refresh_from_db()
    return table


def page_of(client: Client, row: Dataset) -> str:
    return client.get(reverse("dataset-detail", args=[row.pk])).content.decode()


def choose(client: Client, row: Dataset, **values: Any) -> Any:
    return client.post(
        reverse("dataset-columns", args=[row.pk]), {**AS_DETECTED, "prepare": "1", **values}
    )


def test_windows_are_chosen_beside_the_columns(as_bob: Client, table: Dataset) -> None:
    page = page_of(as_bob, table)
    assert "Time series: predict what comes next" in page
    assert '<option value="when">when</option>' in page
    choose(as_bob, table, **WINDOWS)
    table.refresh_from_db()
    assert {name: table.upload[name] for name in WINDOWS} == WINDOWS
    assert table.requested


def test_without_a_time_column_there_are_none(as_bob: Client, table: Dataset) -> None:
    choose(as_bob, table, look_back=24, horizon=3, stride=1)
    table.refresh_from_db()
    assert table.requested
    assert not table.upload.keys() & WINDOWS.keys()


def test_a_time_column_can_be_taken_back(as_bob: Client, table: Dataset) -> None:
    choose(as_bob, table, **WINDOWS, read_again="1")
    Dataset.objects.filter(pk=table.pk).update(requested=False)
    assert 'name="look_back" value="24"' in page_of(as_bob, table)
    choose(as_bob, table, **{**WINDOWS, "time": ""})
    table.refresh_from_db()
    assert (table.upload["time"], table.upload["look_back"]) == ("", 0)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"time": "load"}, "time", "The target cannot order the rows"),
        ({"look_back": ""}, "look_back", "Enter a number of rows."),
        ({"look_back": "0"}, "look_back", "Enter a number of rows between 1 and 10,000."),
        ({"horizon": "201"}, "horizon", "Enter a number of rows between 1 and 200."),
        ({"look_back": "200"}, "look_back", "300 rows are too few for windows of 200 + 3 rows"),
        ({"look_back": "2"}, "look_back", "it must be at least the horizon"),
        ({"known": ["load"]}, "known", "“load” is the target, so it cannot be known in advance"),
        ({"known": ["when"]}, "known", "“when” orders the rows and is no input"),
        ({"task": "multi-label"}, "task", "Windows predict numbers or the class of the next row"),
        ({"task": "classification"}, "horizon", "Only the class of the next row"),
        ({"series": "shop"}, "series", "No column “shop”"),
        ({"series": "load"}, "series", "The time column and the target cannot name the series"),
    ],
)
def test_mistakes_are_beside_their_fields(
    as_bob: Client, table: Dataset, values: dict[str, Any], field: str, words: str
) -> None:
    answer = choose(as_bob, table, **{**WINDOWS, **values})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]
    assert '<details class="windows-fields" open>' in answer.content.decode() or field == "task"
    table.refresh_from_db()
    assert not table.requested


def test_a_time_series_shows_a_window(as_bob: Client, series: Dataset) -> None:
    page = page_of(as_bob, series)
    assert "274 windows: 24 rows to look back, 3 to predict" in page
    assert "load: 24 rows seen, 3 predicted" in page
    assert "Windows of a time series" in page
    picture = window_info(series)
    assert picture
    assert len(picture.lines[0].split()) == 27


def test_projects_split_windows_by_time(as_bob: Client, series: Dataset, team: Team) -> None:
    template = HyperModel.objects.create(
        key="own-forecaster", name="Forecaster", team=team, code="x", kinds=["sequence"]
    )
    chosen = {"dataset": series.pk, "hypermodel": template.pk}
    page = as_bob.get(reverse("project-create"), {"step": "split", **chosen}).content.decode()
    assert "the oldest are for training, the newest for test" in page
    fields = {"name": "Forecast", "split_seed": 0, "test_fraction": 0.15, **chosen}
    url = f"{reverse('project-create')}?step=split"
    uneven = {"train_fraction": 0.7, "validation_fraction": 0.2}
    assert as_bob.post(url, {**fields, **uneven}).status_code == 422
    as_bob.post(url, {**fields, "train_fraction": 0.7, "validation_fraction": 0.15})
    project = Project.objects.get(name="Forecast")
    # 274 windows, of which 26 are left out between two parts.
    assert split_sizes(project) == {"train": 155, "validation": 34, "test": 33}
    assert split_text(project) == "By time, 26 windows left out between parts"
    assert not project.split.stratified


def test_predictions_take_a_table_of_the_newest_rows(series: Dataset) -> None:
    assert sources_of(series) == [RowSource.TABLE]
    facts = about(series)
    assert facts["windows"] == {
        "time": "when", "look_back": 24, "horizon": 3, "known": ["weekday"],
    }  # fmt: skip
    assert facts["targets"] == ["load +1", "load +2", "load +3"]
