"""Uploaded arrays with real runners: prepared at once where they are clear, else as chosen."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from tuning.actions.datasets import create_upload, delete_dataset, prepare_chosen
from tuning.models import Dataset, Team, Worker
from tuning.protocol.events import BadEvent, FoundArray, FoundArrays, decode_event, encode_event
from tuning.protocol.statuses import Status
from tuning.supervisor.arrays import arrays_of
from tuning.supervisor.claims import Slot, claim_next

from .real import leftovers, prepare

MEDMNIST = Path(__file__).parents[1] / "cases" / "medmnist_like.npz"
FACTS = {"kind": "arrays", "name": "scans.npz", "side": 0, "colours": ""}


@pytest.fixture
def path() -> Path:
    return Path(settings.UPLOADS_ROOT) / f"tmp-{os.getpid()}.npz"


@pytest.fixture
def upload(team: Team, path: Path) -> Any:
    """A function: a dataset that waits for a worker, with the file at `path`."""

    def make(**options: Any) -> Dataset:
        return create_upload(Dataset(name="Scans", team=team), path, {**FACTS, **options})

    return make


@pytest.fixture
def work(worker: Worker) -> Any:
    """A function: a worker takes the waiting dataset and does what there is to do."""

    def do(row: Dataset) -> Dataset:
        claimed = claim_next(Slot(worker, 0))
        assert claimed == row
        prepare(claimed)
        row.refresh_from_db()
        return row

    return do


def test_clear_names_need_one_turn(upload: Any, work: Any, path: Path) -> None:
    shutil.copy(MEDMNIST, path)
    row = work(upload(side=20, colours="colour"))
    assert row.status == Status.COMPLETED, row.failure_message
    assert (row.kind, row.task) == ("image", "classification")
    assert row.profile["input_shape"] == [20, 20, 3]
    assert row.brings_parts
    assert row.detected_schema == {}
    assert not row.original.exists()
    delete_dataset(row)
    assert leftovers(row) == []


@pytest.mark.slow
def test_unclear_names_are_asked_for(upload: Any, work: Any, path: Path) -> None:
    np.savez(path, spectra=np.arange(60.0).reshape(20, 3), sugar=np.arange(20) % 2, day=np.ones(20))
    row = work(upload())
    assert row.awaits_choices
    assert (row.status, row.failure_code) == (Status.QUEUED, "")
    assert row.detected_schema["roles"] == {"x_train": "spectra", "y_train": "sugar"}
    assert prepare_chosen(row, {"arrays": {"x_train": "spectra", "y_train": "day"}})
    row = work(row)
    assert row.awaits_choices, "one class is refused, and other arrays may do"
    assert "only one class" in row.failure_message
    assert row.original.exists()
    assert prepare_chosen(row, {"arrays": row.detected_schema["roles"]})
    row = work(row)
    assert row.status == Status.COMPLETED, row.failure_message
    delete_dataset(row)
    assert leftovers(row) == []


def test_a_file_without_inputs_leaves_nothing(upload: Any, work: Any, path: Path) -> None:
    np.savez(path)
    row = work(upload())
    assert (row.status, row.failure_code) == (Status.FAILED, "bad_data")
    assert leftovers(row) == []


GOOD = FoundArrays(
    [FoundArray("a", [20, 3], "float32"), FoundArray("b", [20], "int64")], {"x_train": "a"}, False
)


@pytest.mark.parametrize(
    ("arrays", "roles", "kind"),
    [
        ([], {}, "arrays"),
        ([("a", [1]), ("a", [1])], {}, "arrays"),
        ([("a", [1]), ("", [1])], {}, "arrays"),
        ([("a", [1]), ("b" * 201, [1])], {}, "arrays"),
        ([("a", [1]), ("b", [1])], {"x": "a"}, "arrays"),
        ([("a", [1]), ("b", [1])], {"x_train": "c"}, "arrays"),
        ([("a", [1]), ("b", [1])], {"x_train": ["a"]}, "arrays"),
        ([("a", [1]), ("b", [1])], {}, "parquet"),
    ],
)
def test_what_pages_could_not_show_is_refused(arrays: Any, roles: Any, kind: str) -> None:
    assert arrays_of(GOOD, FACTS)["roles"] == {"x_train": "a"}
    found = FoundArrays([FoundArray(name, shape, "int8") for name, shape in arrays], roles, True)
    with pytest.raises(BadEvent):
        arrays_of(found, {**FACTS, "kind": kind})


@pytest.mark.parametrize("shape", [["a"], [-1], [True], [2**40], "20", [None]])
def test_shapes_that_are_none_are_no_event(shape: Any) -> None:
    assert decode_event(encode_event(GOOD)) == GOOD
    with pytest.raises(BadEvent):
        decode_event(encode_event(FoundArrays([FoundArray("a", shape, "int8")], {}, False)))
