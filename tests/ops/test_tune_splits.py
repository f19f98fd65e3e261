"""`manage.py tune` with rows that are split by group or time, or weighted."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from tuning.management.inputs import find_dataset
from tuning.management.projects import add_split_options, find_project
from tuning.management.table_options import (
    add_table_options,
    auxiliary_types,
    table_choices,
    table_problem,
)
from tuning.models import Dataset, HyperModel, Project, Team


def options(*arguments: str) -> dict[str, Any]:
    parser = ArgumentParser()
    add_table_options(parser)
    add_split_options(parser)
    return vars(parser.parse_args(arguments))


@pytest.fixture
def table(dataset: Dataset, tmp_path: Path, settings: Any) -> Dataset:
    """A prepared table of 40 rows: an input, ten groups, times and weights."""
    settings.DATASETS_ROOT = str(tmp_path)
    folder = tmp_path / dataset.folder
    folder.mkdir()
    rows = np.arange(40)
    types = {"patient": "group", "day": "time", "weight": "weight"}
    auxiliary = [{"name": name, "type": kind} for name, kind in types.items()]
    for place, values in enumerate((rows % 10, rows / 2, rows / 40)):
        np.save(folder / f"auxiliary-{place}.npy", values)
    np.save(folder / "x.npy", np.ones((40, 1), np.float32))
    np.save(folder / "y.npy", rows % 2)
    names = "".join(f'{{"name": "{one["name"]}"}},' for one in auxiliary)[:-1]
    (folder / "meta.json").write_text(f'{{"feature_names": ["size"], "auxiliary": [{names}]}}')
    dataset.profile = {"rows": 40, "feature_names": ["size"], "auxiliary": auxiliary}
    dataset.save()
    return dataset


def test_columns_of_a_file_are_no_inputs_unless_somebody_says_so(
    alice: User, team: Team, tmp_path: Path
) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("a,b,c,y\n1,2,3,0\n")

    def types(*arguments: str) -> dict[str, str]:
        given = options(*arguments)
        row = find_dataset(
            str(path), alice, team, {"target": "y"}, {}, table_choices(given),
            auxiliary_types(given),
        )  # fmt: skip
        row.original.unlink()
        found: dict[str, str] = row.upload.get("types", {})
        return found

    assert types("--group", "a", "--sample-weight", "c") == {"a": "group", "c": "weight"}
    assert types("--split-time", "b", "--keep", "a", "b") == {}
    assert types("--group", "a", "--types", "a=category") == {"a": "category"}
    with pytest.raises(CommandError, match="weights cannot be inputs"):
        types("--sample-weight", "c", "--keep", "c")


def test_each_split_has_its_own_project(
    alice: User, team: Team, table: Dataset, hypermodel: HyperModel
) -> None:
    def find(*arguments: str) -> Project:
        return find_project(alice, team, table, hypermodel, options(*arguments))

    plain = find()
    assert (plain.name, plain.split.column) == ("Test digits with Test CNN", "")
    by_group = find("--group", "patient", "--class-weights")
    assert by_group.name == "Test digits with Test CNN, by group: patient, balanced classes"
    assert (by_group.split.by, by_group.split.column) == ("group", "patient")
    assert by_group.class_weights
    by_time = find("--split-time", "day", "--sample-weight", "weight")
    assert (by_time.split.by, by_time.weight_column) == ("time", "weight")
    assert find("--group", "patient", "--class-weights") == by_group
    assert find() == plain
    assert Project.objects.count() == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--group", "patient", "--split-time", "day"],
            "--split-time: rows are split by group already",
        ),
        (["--group", "doctor"], "--group: .* has no column “doctor” to split by group"),
        (["--group", "size"], "--group: “size” has only 1 group"),
        (["--split-time", "patient"], "--split-time: .* has no column “patient” to split by time"),
        (["--sample-weight", "size"], "--sample-weight: .* has no column of weights “size”"),
    ],
)
def test_what_cannot_be_is_said_with_its_option(
    arguments: list[str], said: str, alice: User, team: Team, table: Dataset, hypermodel: HyperModel
) -> None:
    with pytest.raises(CommandError, match=said):
        find_project(alice, team, table, hypermodel, options(*arguments))
    assert not Project.objects.exists()


def test_only_classes_are_balanced(
    alice: User, team: Team, table: Dataset, hypermodel: HyperModel
) -> None:
    table.task = "regression"
    with pytest.raises(CommandError, match="--class-weights: the targets are not classes"):
        find_project(alice, team, table, hypermodel, options("--class-weights"))


def test_an_unknown_column_is_said_with_its_option() -> None:
    upload = {"kind": "text table", "name": "a.csv", "types": {"doctor": "group"}}
    schema = {"columns": [{"name": "a"}, {"name": "b"}]}
    row = Dataset(upload=upload, detected_schema=schema)
    assert (
        table_problem(row, "No column “doctor”.") == "--group: no column 'doctor'. Columns: a, b."
    )
