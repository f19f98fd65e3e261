"""Disk space for administrators: who uses it; what is safe to free is freed, and nothing else."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.datasets import want_dataset
from tuning.actions.partial_uploads import begin_upload
from tuning.models import (
    AuditEntry,
    Dataset,
    DryRun,
    HyperModel,
    Inspection,
    PartialUpload,
    Project,
    Team,
)
from tuning.protocol.statuses import Status

URL = reverse("disk-space")


@pytest.fixture(autouse=True)
def roots(tmp_path: Path, settings: Any) -> None:
    for name in ("DATASETS", "SAVED_MODELS", "CHECKPOINTS", "UPLOADS", "PREDICTIONS"):
        setattr(settings, f"{name}_ROOT", tmp_path / name)
        (tmp_path / name).mkdir()


@pytest.fixture
def as_erin(db: None) -> Client:
    client = Client()
    erin = User.objects.create_superuser("erin")
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def prepared(key: str, size: int, **values: Any) -> Dataset:
    folder = settings.DATASETS_ROOT / key
    folder.mkdir()
    (folder / "x.npy").write_bytes(bytes(size))
    return Dataset.objects.create(
        key=key, name=f"The {key}", folder=key, status=Status.COMPLETED, requested=True,
        **{"source": Dataset.Source.BUNDLED, **values},
    )  # fmt: skip


def free(client: Client, what: str) -> str:
    return client.post(reverse("disk-free", args=[what]), follow=True).content.decode()


def test_teams_projects_and_unused_datasets_are_listed(
    as_erin: Client, team: Team, project: Project, make_search: Any
) -> None:
    prepared("unused", 3000, team=team, source=Dataset.Source.UPLOAD)
    checkpoints = settings.CHECKPOINTS_ROOT / str(make_search().pk)
    checkpoints.mkdir()
    (checkpoints / "weights").write_bytes(bytes(5000))
    answer = as_erin.get(URL)
    [row] = answer.context["teams"]
    assert (row.use.datasets, row.use.checkpoints, row.use.total) == (3000, 5000, 8000)
    [sized] = answer.context["projects"]
    assert (sized.name, sized.use.checkpoints) == (project.name, 5000)
    [unused] = answer.context["unused"]
    assert (unused.team, unused.use.datasets) == (team.name, 3000)
    page = answer.content.decode()
    assert "The unused" in page
    assert "Only their teams can delete them." in page


def test_uploads_that_were_left_are_freed_and_others_go_on(as_erin: Client, alice: User) -> None:
    left, going = (begin_upload(alice, f"{name}.csv", 100) for name in ("left", "going"))
    assert left
    assert going
    left.file.write_bytes(bytes(2048))
    old = timezone.now() - timedelta(hours=2)
    PartialUpload.objects.filter(pk=left.pk).update(used_at=old)
    question = as_erin.get(reverse("disk-free", args=["uploads"])).content.decode()
    assert "left.csv" in question
    assert "going.csv" not in question
    assert "have to send the files again" in question
    assert left.file.exists(), "GET only asks"
    assert "Freed 2.0\xa0KB." in free(as_erin, "uploads")
    assert "erin freed 2.0\xa0KB" in str(AuditEntry.objects.get(kind="disk.free"))
    assert list(PartialUpload.objects.all()) == [going]
    assert not left.folder.exists()


def test_built_in_datasets_without_a_project_are_prepared_again(
    as_erin: Client, team: Team, hypermodel: HyperModel, alice: User
) -> None:
    keys = ("spare", "used", "read", "tried")
    spare, used, read, tried = (prepared(key, 1024) for key in keys)
    uploaded = prepared("uploaded", 1024, team=team, source=Dataset.Source.UPLOAD)
    Project.objects.create(team=team, name="P", dataset=used, hypermodel=hypermodel)
    Inspection.objects.create(dataset=read, hypermodel=hypermodel, status=Status.RUNNING)
    known = Inspection.objects.create(dataset=tried, hypermodel=hypermodel, status=Status.COMPLETED)
    DryRun.objects.create(inspection=known, created_by=alice)
    assert "Freed 1.0\xa0KB." in free(as_erin, "built-in-datasets")
    for row in (used, read, tried, uploaded):
        row.refresh_from_db()
        assert row.is_ready, row
    spare.refresh_from_db()
    assert (spare.folder, spare.status, spare.requested) == ("", Status.QUEUED, False)
    want_dataset(spare)
    assert list(Dataset.objects.ready()) == [spare]


def test_there_is_nothing_else_to_free(as_erin: Client, as_alice: Client) -> None:
    assert as_erin.post(reverse("disk-free", args=["models"])).status_code == 404
    assert as_alice.post(reverse("disk-free", args=["uploads"])).status_code == 404
