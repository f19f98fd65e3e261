"""Uploads prepared by real runners: what is kept, what is not, and what is left of neither."""

import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.utils import timezone

from tests.images import picture, shapes, zip_of
from tuning.actions.datasets import create_upload, delete_dataset
from tuning.models import Dataset, Team, Worker
from tuning.protocol.events import BadEvent, Prepared
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.statuses import Status
from tuning.recording.recorder import LeaseLost
from tuning.supervisor import files
from tuning.supervisor.assignments.preparation import (
    PreparationAssignment,
    facts_of,
    with_clean_names,
)

from .real import leftovers, prepare

MB = 1024 * 1024
PROFILE = {
    "kind": "image", "task": "classification", "rows": 8, "input_shape": [12, 12, 1],
    "class_counts": [4, 4], "class_names": ["dark", "light"],
}  # fmt: skip


@pytest.fixture
def upload(team: Team, worker: Worker) -> Any:
    """A function: a claimed dataset whose uploaded file holds these images."""

    def make(images: dict[str, bytes]) -> Dataset:
        path = zip_of(Path(settings.UPLOADS_ROOT) / f"tmp-{os.getpid()}.zip", images)
        facts = {"kind": "images", "name": "p.zip", "side": 0, "colours": ""}
        row = create_upload(Dataset(name="Shapes", team=team), path, facts)
        assert Dataset.objects.claim(row.pk, worker, 0)
        row.refresh_from_db()
        return row

    return make


def test_a_zip_becomes_a_dataset_and_goes(upload: Any) -> None:
    row = upload(shapes())
    assert row.original.exists()
    prepare(row)
    assert row.status == Status.COMPLETED, row.failure_message
    assert (row.kind, row.task, row.profile["rows"]) == ("image", "classification", 8)
    assert len(row.sha256) == 64
    assert not row.original.exists()
    folder = Path(settings.DATASETS_ROOT) / row.folder
    assert {path.name for path in folder.iterdir()} == {
        "x.npy", "y.npy", "meta.json", "thumbnails.png",
    }  # fmt: skip
    delete_dataset(row)
    assert leftovers(row) == []


def test_after_a_refusal_nothing_is_left(upload: Any) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    row = upload({"one/1.png": picture(), "one/2.png": picture()})
    runner = prepare(row)
    assert (row.status, row.failure_code) == (Status.FAILED, "bad_data")
    assert row.failure_message.startswith("There is only one class, “one”")
    assert row.failure_traceback == ""
    assert not runner.folder.exists()
    assert leftovers(row) == []
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    delete_dataset(row)
    assert not Dataset.objects.filter(pk=row.pk).exists()


def test_a_lost_worker_keeps_the_file_for_the_next_one(upload: Any) -> None:
    row = upload(shapes())
    lost = Failure(FailureCode.WORKER_LOST, "gone")
    PreparationAssignment(row).fail(lost)
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    assert row.original.exists()
    Dataset.objects.claim(row.pk, row.worker, 0)
    Dataset.objects.filter(pk=row.pk).update(lost_attempts=4)
    row.refresh_from_db()
    PreparationAssignment(row).fail(lost)
    row.refresh_from_db()
    assert row.status == Status.FAILED
    assert not row.original.exists()


def test_a_file_that_is_gone_is_named(upload: Any) -> None:
    row = upload(shapes())
    row.original.unlink()
    prepare(row)
    assert (row.status, row.failure_code) == (Status.FAILED, "missing_file")
    assert "Upload it again" in row.failure_message


def test_one_deleted_meanwhile_leaves_no_folder(upload: Any, tmp_path: Path) -> None:
    row = upload(shapes())
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "x.npy").write_bytes(b"x")
    delete_dataset(Dataset.objects.get(pk=row.pk))
    with pytest.raises(LeaseLost):
        PreparationAssignment(row)._store(tmp_path, Prepared(PROFILE))
    assert leftovers(row) == []


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_plain_file_is_not_read(upload: Any, tmp_path: Path, kind: str) -> None:
    row = upload(shapes())
    (tmp_path / "prepared").mkdir()
    if kind == "link":
        (tmp_path / "prepared" / "x.npy").symlink_to(settings.DATA_ROOT / "secret_key")
    else:
        os.mkfifo(tmp_path / "prepared" / "x.npy")
    with pytest.raises(BadEvent):
        PreparationAssignment(row)._store(tmp_path, Prepared(PROFILE))
    delete_dataset(row)
    assert leftovers(row) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "code"}, {"task": None}, {"rows": "many"}, {"rows": True}, {"input_shape": []},
        {"class_counts": [4, -4]}, {"class_names": [{}, {}]}, {"class_names": "ab"},
        {"parts": [6, 0, 2]}, {"parts": {"train": 6, "validation": 0, "test": 3}},
        {"parts": {"train": 10, "validation": -2, "test": 0}}, {"parts": {"train": 8}},
        {"train_class_counts": [3, 4]}, {"train_class_counts": [6]},
    ],
)  # fmt: skip
def test_profiles_that_pages_could_not_show_are_refused(change: dict[str, Any]) -> None:
    divided = {
        "parts": {"train": 6, "validation": 0, "test": 2}, "train_class_counts": [3, 3], **PROFILE,
    }  # fmt: skip
    for profile in (PROFILE, divided):
        assert facts_of(profile) == {"kind": "image", "task": "classification"}
    with pytest.raises(BadEvent):
        facts_of({**divided, **change})


def test_the_name_of_a_class_is_one_line() -> None:
    profile = with_clean_names({**PROFILE, "class_names": ["dark\nimport os", "light"]})
    assert profile == {**PROFILE, "class_names": ["dark import os", "light"]}
    assert with_clean_names({"class_names": None, "task": "regression"})["class_names"] is None


def test_uploads_without_a_row_are_swept(upload: Any) -> None:
    row = upload(shapes())
    root = Path(settings.UPLOADS_ROOT)
    broken_off, young = root / f"old-{os.getpid()}.upload", root / f"new-{os.getpid()}.upload"
    for path in (broken_off, young):
        path.write_bytes(b"half")
    long_ago = time.time() - files.SWEEP_AFTER.total_seconds() - 60
    for path in (broken_off, row.original):
        os.utime(path, (long_ago, long_ago))
    files.sweep()
    assert not broken_off.exists()
    assert young.exists()
    assert row.original.exists(), "it still waits for a worker"
    young.unlink()
    Dataset.objects.filter(pk=row.pk).update(status=Status.FAILED)
    files.sweep()
    assert not row.original.exists()


def test_a_refusal_is_told_for_a_day_and_leaves_no_row(team: Team, upload: Any) -> None:
    row = upload({"shapes/dark/1.png": picture(), "shapes/dark/2.png": picture()})
    prepare(row)
    assert row.status == Status.FAILED
    assert "only one class" in row.failure_message
    files.sweep()
    assert Dataset.objects.filter(pk=row.pk).exists(), "somebody may want to know why"
    yesterday = timezone.now() - files.REFUSALS_FOR
    other = Dataset.objects.create(key="other", name="Other", team=team, finished_at=yesterday)
    Dataset.objects.filter(pk=row.pk).update(finished_at=yesterday)
    files.sweep()
    assert not Dataset.objects.filter(pk=row.pk).exists()
    assert Dataset.objects.filter(pk=other.pk).exists()
    assert leftovers(row) == []
