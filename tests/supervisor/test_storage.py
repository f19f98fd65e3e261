"""The disk is full, read-only, gone or silent: work is tried again once it is well, and meanwhile
the worker takes none and says why."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.services import PATIENCE
from tuning.actions.saved_models import retrain
from tuning.models import Dataset, Search, Worker
from tuning.protocol import disk_errors
from tuning.protocol.events import Failed
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import Status
from tuning.supervisor import files, storage
from tuning.supervisor import worker as worker_module
from tuning.supervisor.slots import SlotNumbers
from tuning.supervisor.worker import WorkerProcess

pytestmark = pytest.mark.django_db
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
READ_ONLY = OSError(errno.EROFS, os.strerror(errno.EROFS))
GONE = OSError(errno.ESTALE, os.strerror(errno.ESTALE))


@contextmanager
def failing(target: Any, name: str, error: OSError, times: int = 1) -> Iterator[None]:
    """The first calls fail."""
    real, left = getattr(target, name), [error] * times

    def call(*args: Any, **options: Any) -> Any:
        if left:
            raise left.pop()
        return real(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, call)
        yield


def left_in(root: Path) -> list[str]:
    return [path.name for path in root.rglob("*") if path.name.endswith(".part")]


@pytest.mark.parametrize("error", [FULL, READ_ONLY, GONE], ids=str)
def test_a_model_that_cannot_be_saved_is_trained_again(
    make_search: Any, make_slot: Any, alice: User, settings: Any, tmp_path: Path, error: OSError
) -> None:
    settings.SAVED_MODELS_ROOT = tmp_path
    search = make_search(max_trials=1)
    make_slot().run()
    model = retrain(alice, search.trials.get())
    with failing(files.os, "fsync", error):
        make_slot().run()
    model.refresh_from_db()
    assert (model.status, model.attempt, model.lost_attempts) == (Status.COMPLETED, 2, 1)
    assert (tmp_path / model.file).exists()
    assert left_in(tmp_path) == []


def test_what_can_never_be_saved_says_so(
    make_search: Any, make_slot: Any, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.SAVED_MODELS_ROOT = tmp_path
    search = make_search(max_trials=1)
    make_slot().run()
    model = retrain(alice, search.trials.get())
    with failing(files.os, "fsync", READ_ONLY, times=5):
        make_slot().run()
    model.refresh_from_db()
    assert (model.status, model.failure_code) == (Status.FAILED, FailureCode.STORAGE)
    assert "The storage could not be used 5 times." in model.failure_message
    assert "mounted read-only" in model.failure_message
    assert list(tmp_path.iterdir()) == []


def test_data_that_cannot_be_stored_are_prepared_again(
    make_slot: Any, settings: Any, tmp_path: Path
) -> None:
    settings.DATASETS_ROOT = tmp_path
    dataset = Dataset.objects.create(key="digits", name="Digits", requested=True)
    with failing(files.os, "fsync", FULL):
        make_slot().run()
    dataset.refresh_from_db()
    assert (dataset.status, dataset.attempt) == (Status.COMPLETED, 2)
    assert (tmp_path / dataset.folder / "x.npy").exists()
    assert left_in(tmp_path) == []


def test_a_template_is_not_blamed_for_a_full_disk(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search: Search = make_search(max_trials=1)
    problems = ["Its storage /data cannot be used (No space left on device). Free disk space."]

    def script(*_: Any) -> Iterator[Any]:
        yield lambda: monkeypatch.setattr(
            "tuning.supervisor.supervise.find_problem", lambda: problems.pop() if problems else ""
        )
        yield Failed(FailureCode.CODE_ERROR, "OSError: No space left on device")

    slot = make_slot(script)
    slot.closed.is_set = lambda: search.trials.filter(lost_attempts=1).exists()
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.code_failures, trial.lost_attempts) == (Status.QUEUED, 0, 1)
    outcome = trial.attempts.get().outcome
    assert outcome == "The storage could not be used. Will run again."
    make_slot().run()
    trial.refresh_from_db()
    assert trial.status == Status.COMPLETED


def test_a_worker_without_storage_takes_no_work_until_it_is_back(
    make_search: Any, make_slot: Any, worker: Worker, monkeypatch: Any, settings: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    settings.SAVED_MODELS_ROOT = tmp_path / "mounted"
    search = make_search(max_trials=2)
    assert make_slot().run() == 0
    worker.isolation = [{"level": 0, "active": True}]
    worker.save()
    process = WorkerProcess()
    process.row, process.numbers = worker, SlotNumbers(2)
    monkeypatch.setattr(worker_module, "send_hints", lambda _: True)
    monkeypatch.setattr(process.storage, "_found", storage.find_problem())
    process._obey(worker)
    worker.refresh_from_db()
    assert worker.refusal == (
        f"Its storage {tmp_path}/mounted cannot be used (No such file or directory). It is "
        "missing. Mount it, or run: make setup"
    )
    assert process.closed.is_set()
    settings.SAVED_MODELS_ROOT.mkdir()
    monkeypatch.setattr(process.storage, "_found", storage.find_problem())
    process._obey(worker)
    worker.refresh_from_db()
    assert worker.refusal == ""
    assert make_slot().run() == 2
    assert search.trials.completed().count() == 2


def test_too_little_space_is_told(settings: Any) -> None:
    settings.DISK_FLOOR_MB = 10**9
    assert storage.find_problem().endswith("is free on its disk. Free disk space.")


def test_storage_that_does_not_answer_is_told_and_holds_up_nobody(monkeypatch: Any) -> None:
    asked, answer = threading.Event(), threading.Event()

    def probe(_: Path) -> None:
        asked.set()
        answer.wait()

    monkeypatch.setattr(storage, "write_probe", probe)
    monkeypatch.setattr(storage, "SILENT_SECONDS", 0.0)
    watch = storage.StorageWatch()
    assert watch.problem == ""
    watch.look()
    assert asked.wait(PATIENCE)
    assert watch.problem.startswith("Its storage has not answered for")
    answer.set()
    while watch.problem:
        watch.look()
    assert watch.problem == ""


def test_a_probe_leaves_nothing(tmp_path: Path) -> None:
    disk_errors.write_probe(tmp_path, sync=True)
    assert list(tmp_path.iterdir()) == []
    assert not disk_errors.is_of_storage(ValueError())
