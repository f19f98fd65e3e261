"""What a project and a team use of the disk, against the sizes of the files that a test wrote."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.analysis.disk_use import DiskUse, project_disk_use, team_disk_use
from tuning.models import (
    Dataset,
    HyperModel,
    ModelEvaluation,
    Prediction,
    Project,
    SavedModel,
    Search,
    Team,
    Trial,
)
from tuning.protocol.predictions import RowSource
from tuning.storage.stored import bytes_of


@pytest.fixture(autouse=True)
def roots(tmp_path: Path, settings: Any) -> None:
    for name in ("DATASETS", "SAVED_MODELS", "CHECKPOINTS", "UPLOADS", "PREDICTIONS"):
        setattr(settings, f"{name}_ROOT", tmp_path / name)
        (tmp_path / name).mkdir()


def _write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def _model(search: Search, user: User, size: int) -> SavedModel:
    number = search.trials.count() + 1
    trial = Trial.objects.create(search=search, number=number)
    return SavedModel.objects.create(
        project=search.project, trial=trial, number=number, epochs=1, batch_size=32, size=size,
        file=f"{number}.keras", created_by=user,
    )  # fmt: skip


def test_a_project_and_its_team(
    make_search: Any, project: Project, team: Team, alice: User, hypermodel: HyperModel
) -> None:
    search = make_search()
    # Built-in data are nobody's.
    _write(settings.DATASETS_ROOT / project.dataset.folder / "x.npy", 10_000)
    assert project_disk_use(project) == team_disk_use(team) == DiskUse(0, 0, 0, 0)

    own = Dataset.objects.create(
        key="own", name="Own", team=team, source=Dataset.Source.UPLOAD, folder="own-1"
    )
    _write(settings.DATASETS_ROOT / "own-1" / "x.npy", 100)
    _write(settings.DATASETS_ROOT / "own-1" / "split-1" / "x.npy", 30)
    _write(settings.UPLOADS_ROOT / "waiting", 7)
    Dataset.objects.create(key="waiting", name="Waits", team=team, source=Dataset.Source.UPLOAD)
    # Of a search of this project, and of one that is gone.
    _write(settings.CHECKPOINTS_ROOT / str(search.pk) / "00-1" / "checkpoint.weights.h5", 5)
    _write(settings.CHECKPOINTS_ROOT / str(search.pk + 1) / "00-1" / "checkpoint.weights.h5", 500)
    model = _model(search, alice, 1000)
    ModelEvaluation.objects.create(saved_model=model, file="rows.npy")
    _write(settings.SAVED_MODELS_ROOT / "rows.npy", 60)
    Prediction.objects.create(
        saved_model=model, created_by=alice, source=RowSource.TABLE, key="asked", file="answer.csv"
    )
    _write(settings.UPLOADS_ROOT / "asked", 2)
    _write(settings.PREDICTIONS_ROOT / "answer.csv", 3)
    assert project_disk_use(project) == DiskUse(0, 1060, 5, 5)
    assert team_disk_use(team) == DiskUse(130, 1060, 5, 12)
    assert team_disk_use(team).total == 130 + 1060 + 5 + 12

    # Two projects with one dataset: each has it, the team has it once.
    for name in ("One", "Two"):
        other = Project.objects.create(team=team, name=name, dataset=own, hypermodel=hypermodel)
        assert project_disk_use(other).datasets == 130
    assert team_disk_use(team).datasets == 130
    assert team_disk_use(Team.objects.create(name="Others")).total == 0


def test_no_link_is_followed(tmp_path: Path) -> None:
    _write(tmp_path / "folder" / "file", 4)
    _write(tmp_path / "large", 1000)
    link = tmp_path / "folder" / "link"
    link.symlink_to(tmp_path / "large")
    assert bytes_of(tmp_path / "folder") == 4 + link.lstat().st_size
    assert bytes_of(tmp_path / "missing") == 0


def test_pages_show_it(
    make_search: Any, project: Project, team: Team, as_bob: Client, alice: User
) -> None:
    _model(make_search(), alice, 2048)
    for url in (
        reverse("project-settings", args=[project.pk]),
        reverse("team-detail", args=[team.pk]),
    ):
        page = as_bob.get(url).content.decode()
        assert '<dt>Saved models</dt><dd title="2048 bytes">2.0' in page, url
