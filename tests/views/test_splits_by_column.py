"""Projects whose rows are divided by a group or a time, or weighted: chosen in the form, refused
with a sentence, and explained on the pages."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from tuning.actions.projects import use_newest_data
from tuning.analysis.profiles import most_folds, split_sizes, split_text
from tuning.analysis.splitting import split_columns, weight_columns
from tuning.forms.estimator_searches import search_form
from tuning.models import Dataset, HyperModel, Inspection, Project, Team
from tuning.protocol.orders import Split

PATIENTS = np.repeat(np.arange(12), 10)
AUXILIARY: list[dict[str, Any]] = [
    {"name": "patient", "type": "group", "different": 12, "largest": 10, "missing": 0},
    {"name": "visit", "type": "time", "different": 120, "missing": 0, "low": 19000.0,
     "high": 19119.0, "dates": True},
    {"name": "batch", "type": "group", "different": 2, "largest": 60, "missing": 0},
    {"name": "weight", "type": "weight", "different": 2, "missing": 0, "low": 1.0, "high": 2.0},
]  # fmt: skip


@pytest.fixture
def table(dataset: Dataset, team: Team, tmp_path: Path, settings: Any) -> Dataset:
    """An uploaded table of 120 rows: 12 patients with 10 visits each."""
    settings.DATASETS_ROOT = str(tmp_path)
    folder = tmp_path / "visits"
    folder.mkdir()
    rows = np.arange(120)
    values = [PATIENTS, 19000 + (rows * 7) % 120.0, rows % 2, 1.0 + rows % 2]
    for place, one in enumerate(values):
        np.save(folder / f"auxiliary-{place}.npy", one)
    age = np.where(rows == 5, np.nan, rows).astype(np.float32)
    np.save(folder / "x.npy", np.stack([age, rows % 3], axis=1).astype(np.float32))
    np.save(folder / "y.npy", rows % 2)
    profile = {
        "rows": 120, "input_shape": [2], "num_classes": 2, "class_counts": [60, 60],
        "feature_names": ["age", "town"], "auxiliary": AUXILIARY,
        "columns": [
            {"name": "age", "type": "number", "missing": 1,
             "histogram": {"edges": [0, 119], "counts": [119]}},
            {"name": "town", "type": "category", "missing": 0, "values": ["a", "b", "c"],
             "counts": [40, 40, 40]},
        ],
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(profile))
    return Dataset.objects.create(
        key="own-visits", name="Visits", team=team, source="upload", kind="table",
        task="classification", status="completed", requested=True, folder="visits",
        profile=profile, upload={"kind": "text table", "name": "visits.csv"},
    )  # fmt: skip


@pytest.fixture
def made(as_bob: Client, table: Dataset, hypermodel: HyperModel) -> Any:
    """Posts the form with these fields; the project, or the errors by field."""
    hypermodel.kinds = ["table"]
    hypermodel.save()

    def make(**fields: Any) -> Any:
        data = {
            "name": "Visits", "dataset": table.pk, "hypermodel": hypermodel.pk,
            "train_fraction": 0.5, "validation_fraction": 0.25, "test_fraction": 0.25,
            "split_seed": 1, **fields,
        }  # fmt: skip
        response = as_bob.post("/projects/new/", data)
        if response.status_code == 302:
            return Project.objects.get(name="Visits")
        assert response.status_code == 422
        errors = response.context["form"].errors
        page = response.content.decode()
        assert all(error in page for each in errors.values() for error in each)
        return {name: each[0] for name, each in errors.items()}

    return make


def test_columns_to_choose_from(table: Dataset) -> None:
    assert split_columns(table, "group") == ["patient", "batch", "visit", "age", "town"]
    assert split_columns(table, "time") == ["visit", "age"]
    assert split_columns(table, "random") == []
    assert weight_columns(table) == ["weight"]


def test_the_form_offers_what_the_dataset_has(
    as_bob: Client, table: Dataset, dataset: Dataset, hypermodel: HyperModel
) -> None:
    hypermodel.kinds = ["table", "image"]
    hypermodel.save()
    address = f"/projects/new/?step=split&hypermodel={hypermodel.pk}&dataset="
    page = as_bob.get(f"{address}{table.pk}").content.decode()
    assert "By time: the oldest rows are for training" in page
    assert '<option value="patient">patient</option>' in page
    assert '<option value="weight">weight</option>' in page
    page = as_bob.get(f"{address}{dataset.pk}").content.decode()
    assert "split_by" not in page
    assert "weight_column" not in page


def test_a_split_by_group(as_bob: Client, made: Any, table: Dataset) -> None:
    project = made(split_by="group", split_column="patient", keep_parts="on")
    assert project.split == Split(0.5, 0.25, 0.25, 1, True, by="group", column="patient")
    assert not project.keep_parts
    assert split_sizes(project) == {"train": 60, "validation": 30, "test": 30}
    page = as_bob.get(f"/projects/{project.pk}/data/").content.decode()
    assert "By group: patient, stratified as far as possible, seed 1" in page
    assert "6 groups for training, 3 for validation, 3 for test." in page
    assert "60 rows" in page
    # A fold needs a group.
    assert most_folds(project) == 9


def test_a_split_by_time(as_bob: Client, made: Any, table: Dataset) -> None:
    project = made(split_by="time", split_column="visit")
    assert project.split == Split(0.5, 0.25, 0.25, 1, False, by="time", column="visit")
    assert split_text(project) == "By time: visit"
    page = as_bob.get(f"/projects/{project.pk}/data/").content.decode()
    assert "validation begins at 2022-03-09 and test at 2022-04-08." in page
    # Each fold is tested on later rows than it is trained on.
    assert most_folds(project) == 89


def test_parts_that_differ_from_their_fractions_are_said(as_bob: Client, made: Any) -> None:
    project = made(split_by="group", split_column="town")
    page = as_bob.get(f"/projects/{project.pk}/data/").content.decode()
    assert "Groups are not divided, so the parts have 33%, 33% and 33% of the rows." in page


def test_row_weights(as_bob: Client, made: Any) -> None:
    project = made(weight_column="weight")
    assert project.weight_column == "weight"
    assert project.split.by == "random"
    page = as_bob.get(f"/projects/{project.pk}/data/").content.decode()
    assert "weight, in training only: scores are not weighted" in page


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"split_by": "group"}, "split_column", "Select the column to split by."),
        ({"split_by": "group", "split_column": "batch"}, "split_column", "has only 2 groups, but"),
        ({"split_by": "time", "split_column": "age"}, "split_column",
         "“age” is missing in 1 row, but each row needs a time."),
        ({"split_by": "time", "split_column": "town"}, "split_column",
         "has no column “town” to split by time. To use a column that is not an input, set its"),
        ({"split_by": "colour"}, "split_by", "Select a valid choice"),
        ({"weight_column": "age"}, "weight_column", "has no column of weights “age”"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(
    made: Any, fields: dict[str, str], field: str, said: str
) -> None:
    errors = made(**fields)
    assert list(errors) == [field]
    assert said in errors[field]


def test_equal_times_divide_nothing(made: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "visits" / "auxiliary-1.npy", np.full(120, 19000.0))
    errors = made(split_by="time", split_column="visit")
    assert "has only 1 different time, but" in errors["split_column"]


def test_a_column_without_a_split_by_it_is_ignored(made: Any) -> None:
    project = made(split_by="random", split_column="patient")
    assert project.split_column == ""


def test_a_dataset_from_before(made: Any, table: Dataset) -> None:
    """Its inputs divide rows; what was left out when it was prepared cannot."""
    profile = dict(table.profile)
    del profile["auxiliary"]
    Dataset.objects.filter(pk=table.pk).update(profile=profile)
    errors = made(split_by="group", split_column="patient")
    assert "when you upload the file." in errors["split_column"]
    assert made(split_by="group", split_column="town").split_column == "town"


def test_the_next_version_needs_the_column(as_bob: Client, made: Any, table: Dataset) -> None:
    project = made(split_by="group", split_column="patient", weight_column="weight")
    newer = Dataset.objects.get(pk=table.pk)
    newer.pk, newer.key, newer.series, newer.version = None, "own-visits-2", table.key, 2
    newer.profile = {**table.profile, "auxiliary": AUXILIARY[3:]}
    newer.save()
    assert "no column “patient”" in use_newest_data(project)
    newer.profile = {**table.profile, "auxiliary": AUXILIARY[:1]}
    newer.save()
    assert "no column of weights “weight”" in use_newest_data(project)
    newer.profile = table.profile
    newer.save()
    assert use_newest_data(project) == ""
    assert Project.objects.get(pk=project.pk).dataset == newer


@pytest.mark.parametrize(
    ("by", "column", "most", "said", "needs"),
    [
        ("group", "patient", 9, "Folds keep groups together.", "a group and a row of each class."),
        (
            "time",
            "visit",
            89,
            "Each fold is tested on later rows",
            "a later time than those before",
        ),
    ],
)
def test_folds_follow_the_split(
    made: Any, by: str, column: str, most: int, said: str, needs: str
) -> None:
    project = made(split_by=by, split_column=column)
    inspection = Inspection.objects.get(dataset=project.dataset, hypermodel=project.hypermodel)
    inspection.status, inspection.model_kind = "completed", "sklearn"
    inspection.save()
    project = Project.objects.get(pk=project.pk)
    form = search_form(project)
    assert said in form.fields["folds"].help_text
    data = {name: form[name].initial for name in form.fields}
    for folds in (min(most, 20), most + 1):
        form = search_form(project, {**data, "folds": folds})
        errors = form.errors.get("folds", [])
        assert bool(errors) == (folds > min(most, 20))
    if most < 20:
        assert f"allows at most {most} folds: each needs {needs}" in errors[0]
