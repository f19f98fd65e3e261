"""The worker lays large data down in the order of their split before a runner reads them."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from tuning.actions.projects import delete_project
from tuning.models import Dataset, Project, SavedModel, Trial
from tuning.protocol.orders import Order, ProjectOrder
from tuning.splits import arranged
from tuning.splits.arranged import arranged_folder
from tuning.supervisor import files
from tuning.supervisor.assignments import Assignment, assignment_for


class Recipient:
    """Stands for a runner: notes what had been laid down when it was told to begin."""

    search_id: int | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[list[str]] = []

    def send(self, order: Order) -> None:
        self.found.append([path.name for path in self.folder.glob("split-*")])

    def mark_log(self) -> None:
        pass


@pytest.fixture
def folder(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of a prepared dataset that counts as large."""
    monkeypatch.setattr(arranged, "LARGE", 1)
    dataset.folder = f"sharing-{os.getpid()}"
    dataset.save()
    folder = Path(settings.DATASETS_ROOT) / dataset.folder
    folder.mkdir()
    np.save(folder / "x.npy", np.zeros((20, 8, 8, 1), np.uint8))
    np.save(folder / "y.npy", np.arange(20) % 2)
    (folder / "meta.json").write_text("{}")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def assignments(folder: Path, project: Project, make_search: Any) -> list[Assignment]:
    project.refresh_from_db()
    trial = Trial.objects.create(search=make_search(), number=50)
    saved = SavedModel.objects.create(
        project=project, trial=trial, epochs=1, batch_size=32, attempt=1
    )
    return [assignment_for(Trial.objects.get(pk=trial.pk)), assignment_for(saved)]


def test_trials_and_retrainings_share_the_rows(
    assignments: list[Assignment], folder: Path, project: Project
) -> None:
    name = arranged_folder(folder, project.split).name
    for assignment in assignments:
        recipient = Recipient(folder)
        assignment.start(recipient)  # type: ignore[arg-type]
        assert recipient.found == [[name]]


def test_many_slots_lay_down_once(
    assignments: list[Assignment], folder: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    lay_down = arranged._lay_down
    monkeypatch.setattr(arranged, "_lay_down", lambda *a: (done.append(1), lay_down(*a)))
    (folder / ".split-broken-off").mkdir()
    order = project_order(folder, project)
    slots = [Thread(target=assignments[0].arrange, args=(order,)) for _ in range(8)]
    for slot in slots:
        slot.start()
    for slot in slots:
        slot.join()
    assert done == [1]
    name = arranged_folder(folder, project.split).name
    assert [path.name for path in folder.glob("*split-*")] == [name]


def project_order(folder: Path, project: Project) -> ProjectOrder:
    return ProjectOrder("", str(folder), project.split)


def test_without_space_the_work_begins_all_the_same(
    assignments: list[Assignment], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(arranged, "_lay_down", full)
    for assignment in assignments:
        recipient = Recipient(folder)
        assignment.start(recipient)  # type: ignore[arg-type]
        assert recipient.found == [[]]
    # Nor do damaged data end the worker's part: the runner tells of them.
    (folder / "x.npy").write_bytes(b"no array")
    assignments[1].start(Recipient(folder))  # type: ignore[arg-type]


def test_rows_in_an_order_that_nobody_needs_are_swept(
    assignments: list[Assignment], folder: Path, project: Project
) -> None:
    assignments[1].start(Recipient(folder))  # type: ignore[arg-type]
    (rows,) = folder.glob("split-*")
    long_ago = time.time() - files.SWEEP_AFTER.total_seconds() - 60
    for path in (rows, *folder.iterdir()):
        os.utime(path, (long_ago, long_ago))
    files.sweep()
    assert rows.exists(), "a project has this split"
    delete_project(project)
    files.sweep()
    assert not rows.exists()
    assert {path.name for path in folder.iterdir()} == {"x.npy", "y.npy", "meta.json"}
