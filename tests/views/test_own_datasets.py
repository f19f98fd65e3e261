"""Uploading datasets, and who may see and delete them."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.images import shapes, zip_of
from tuning.models import Dataset, HyperModel, Membership, Project, Role, Team, Worker
from tuning.protocol.statuses import Status

URL = "/datasets/new/"


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """A folder of our own: other tests may run beside this one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> bytes:
    return zip_of(tmp_path / "p.zip", shapes()).read_bytes()


@pytest.fixture
def own(team: Team) -> Dataset:
    """A prepared dataset of alice's team, with a folder."""
    folder = Path(settings.DATASETS_ROOT) / f"own-test-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / "thumbnails.png").write_bytes(b"png")
    return Dataset.objects.create(
        key="own-test", name="Photos", team=team, source=Dataset.Source.UPLOAD, kind="image",
        task="classification", size_text="", status=Status.COMPLETED, requested=True,
        folder=folder.name, sha256="ab" * 32, upload={"kind": "images", "name": "p.zip"},
        profile={
            "rows": 8, "input_shape": [12, 12, 1], "num_classes": 2, "class_counts": [4, 4],
            "class_names": ["dark", "light"], "source": "Uploaded as p.zip.",
            "notes": ["8 of 8 images were scaled."], "dropped_count": 2,
            "dropped": [{"name": "<b>.png", "reason": "is damaged"}],
        },
    )  # fmt: skip


def post(client: Client, content: bytes, file_name: str = "photos.zip", **values: Any) -> Any:
    file = SimpleUploadedFile(file_name, content)
    return client.post(URL, {"name": "Photos", "file": file, **values})


def test_bob_uploads_and_waits_for_a_worker(
    as_bob: Client, team: Team, photos: bytes, uploads: Path, worker: Worker
) -> None:
    response = post(as_bob, photos, side="16", colours="grey", description="Ours")
    row = Dataset.objects.get()
    assert response["Location"] == reverse("dataset-detail", args=[row.pk])
    assert (row.team, row.status, row.requested) == (team, Status.QUEUED, True)
    assert row.upload == {"kind": "images", "name": "photos.zip", "side": 16, "colours": "grey"}
    assert [path.name for path in uploads.iterdir()] == [row.key]
    assert row.original.read_bytes() == photos
    page = as_bob.get(response["Location"]).content.decode()
    assert "Waiting for a worker" in page
    assert "Use in new project" not in page
    live = reverse("dataset-live", args=[row.pk])
    assert "Waiting for a worker" in as_bob.get(live).content.decode()
    Dataset.objects.update(status=Status.RUNNING, progress_text="Reading image 3 of 8")
    assert "Reading image 3 of 8" in as_bob.get(live).content.decode()
    Dataset.objects.update(status=Status.FAILED, failure_code="bad_data", failure_message="No.")
    assert as_bob.get(live)["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.docx", b"PK\3\4", "Upload one of .npz, .zip, .csv"),
        (
            "table.csv",
            b"PK\3\4 a spreadsheet",
            "does not match its extension. Upload a text table",
        ),
        ("table.csv", b"a,\0b", "does not match its extension"),
        ("table.tsv", b"\0\0\0\0", "does not match its extension"),
        ("table.parquet", b"a,b\n1,2", "does not match its extension. Create Parquet files with"),
        ("table.csv", b"", "The file is empty"),
        ("photos.zip", b"GIF89a", "does not match its extension"),
        ("data.npz", b"\x93NUMPY", "does not match its extension"),
        ("photos.zip", b"", "The file is empty"),
    ],
)
def test_what_can_be_seen_at_once_is_refused_at_once(
    as_bob: Client, uploads: Path, name: str, content: bytes, words: str
) -> None:
    response = post(as_bob, content, name)
    assert response.status_code == 422
    assert words in response.content.decode()
    response.close()
    assert not Dataset.objects.exists()
    assert list(uploads.iterdir()) == []


def test_without_a_name_or_a_file_nothing_is_kept(
    as_bob: Client, photos: bytes, uploads: Path
) -> None:
    response = post(as_bob, photos, name="")
    assert "Enter a name for the dataset" in response.content.decode()
    response.close()
    assert "Select a file" in as_bob.post(URL, {"name": "Photos"}).content.decode()
    assert list(uploads.iterdir()) == []


def test_too_large_files_are_refused_before_they_are_read(
    as_bob: Client, uploads: Path, settings: Any
) -> None:
    settings.UPLOAD_MAX_MB = 1
    response = post(as_bob, b"PK\3\4" + bytes(2 << 20))
    assert response.status_code == 413
    assert "The file exceeds the limit of 1 MB" in response.content.decode()
    # So little above the limit that only counting tells.
    response = post(as_bob, b"PK\3\4" + bytes((1 << 20) + 1))
    assert response.status_code == 413
    assert "The file exceeds the limit of 1 MB" in response.content.decode()
    assert not Dataset.objects.exists()
    assert list(uploads.iterdir()) == []


def test_without_room_on_the_disk_nothing_is_read(
    as_bob: Client, uploads: Path, photos: bytes, settings: Any
) -> None:
    settings.DISK_FLOOR_MB = 1 << 40
    response = post(as_bob, photos)
    assert response.status_code == 507
    assert "disk is full" in response.content.decode()
    assert not Dataset.objects.exists()
    assert list(uploads.iterdir()) == []


def test_without_the_token_nothing_is_taken(bob: User, photos: bytes, uploads: Path) -> None:
    """The page checks it by itself: the middleware would read the file first."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    assert post(client, photos).status_code == 403
    assert not Dataset.objects.exists()
    client.get(URL)
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert post(client, photos, csrfmiddlewaretoken=token).status_code == 302


def test_viewers_and_strangers_upload_nothing_into_the_team(
    as_dora: Client, as_charlie: Client, team: Team, photos: bytes, charlie: User
) -> None:
    assert post(as_dora, photos)["Location"] == reverse("team-create")
    assert not Dataset.objects.exists()
    post(as_charlie, photos, team=team.pk)
    assert Dataset.objects.get().team.name == "Others"


def test_a_team_can_be_chosen(as_alice: Client, alice: User, photos: bytes, uploads: Path) -> None:
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.EDITOR)
    response = post(as_alice, photos)
    assert response.status_code == 422
    response.close()
    post(as_alice, photos, team=second.pk)
    assert Dataset.objects.get().team == second


def test_who_has_no_team_gets_one(client: Client, db: None, photos: bytes) -> None:
    user = User.objects.create_user("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(URL).status_code == 200
    assert not Team.objects.exists()
    post(client, photos)
    assert Dataset.objects.get().team.memberships.get().user == user


def test_the_page_tells_what_was_done(as_dora: Client, own: Dataset) -> None:
    page = as_dora.get(reverse("dataset-detail", args=[own.pk])).content.decode()
    assert "8 images of 12 × 12 × 1, 2 classes" in page
    assert "8 of 8 images were scaled" in page
    assert "2 files left out" in page
    assert "&lt;b&gt;.png" in page
    assert "ab" * 32 in page
    assert page.count("<form") == 1, "only the one that signs out"
    assert "Delete" not in page
    assert "Use in new project" not in page


def test_own_datasets_come_first(as_dora: Client, dataset: Dataset, own: Dataset) -> None:
    page = as_dora.get(reverse("dataset-list")).content.decode()
    assert page.index("Photos") < page.index("Test digits")
    assert "New dataset" not in page


@pytest.mark.parametrize(
    "name",
    ["dataset-detail", "dataset-live", "dataset-picture", "dataset-delete", "dataset-retry"],
)
def test_strangers_find_nothing(as_charlie: Client, own: Dataset, name: str) -> None:
    url = reverse(name, args=[own.pk])
    assert {as_charlie.get(url).status_code, as_charlie.post(url).status_code} <= {404, 405}
    assert "Photos" not in as_charlie.get(reverse("dataset-list")).content.decode()
    assert "Photos" not in as_charlie.get(reverse("project-create")).content.decode()


def test_work_on_it_is_no_stranger_s_business(
    as_dora: Client, as_charlie: Client, own: Dataset, worker: Worker
) -> None:
    Dataset.objects.update(status=Status.RUNNING, worker=worker, slot=1)
    url = reverse("worker-list")
    assert "Preparing Photos" in as_dora.get(url).content.decode()
    page = as_charlie.get(url).content.decode()
    assert "Photos" not in page
    assert "Task of another team" in page


def test_the_picture_is_the_team_s(as_dora: Client, own: Dataset) -> None:
    response = as_dora.get(reverse("dataset-picture", args=[own.pk]))
    assert response.status_code == 200
    response.close()


@pytest.mark.parametrize(("name", "status"), [("dataset-delete", 403), ("dataset-retry", 404)])
def test_viewers_change_nothing(as_dora: Client, own: Dataset, name: str, status: int) -> None:
    assert as_dora.post(reverse(name, args=[own.pk])).status_code == status
    assert Dataset.objects.filter(pk=own.pk).exists()


def test_deleting_leaves_nothing(as_bob: Client, own: Dataset) -> None:
    url = reverse("dataset-delete", args=[own.pk])
    assert "Delete “Photos”?" in as_bob.get(url).content.decode()
    own.original.write_bytes(b"still there")
    as_bob.post(url)
    assert not Dataset.objects.filter(pk=own.pk).exists()
    assert not (Path(settings.DATASETS_ROOT) / own.folder).exists()
    assert not own.original.exists()


def test_a_built_in_dataset_is_not_deleted(as_alice: Client, dataset: Dataset) -> None:
    assert as_alice.post(reverse("dataset-delete", args=[dataset.pk])).status_code == 404


def test_a_dataset_in_use_stays(
    as_bob: Client, own: Dataset, team: Team, hypermodel: HyperModel
) -> None:
    for name in ("One", "Two"):
        Project.objects.create(team=team, name=name, dataset=own, hypermodel=hypermodel)
    response = as_bob.post(reverse("dataset-delete", args=[own.pk]), follow=True)
    assert "2 projects use “Photos”. Delete them first." in response.content.decode()
    assert (Path(settings.DATASETS_ROOT) / own.folder).exists()


def test_a_failed_upload_tells_why_and_is_not_tried_again(as_bob: Client, own: Dataset) -> None:
    Dataset.objects.filter(pk=own.pk).update(
        folder="", profile={}, kind="", task="", status=Status.FAILED, failure_code="bad_data",
        failure_message="There is only one class.",
    )  # fmt: skip
    page = as_bob.get(reverse("dataset-detail", args=[own.pk])).content.decode()
    assert "There is only one class." in page
    assert "p.zip was deleted" in page
    assert "Try again" not in page
    assert as_bob.post(reverse("dataset-retry", args=[own.pk])).status_code == 404
    assert "Photos" not in as_bob.get(reverse("project-create")).content.decode()


def test_a_project_of_another_team_cannot_use_it(
    as_alice: Client, alice: User, own: Dataset, hypermodel: HyperModel, team: Team
) -> None:
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.OWNER)
    data = {
        "name": "New", "dataset": own.pk, "hypermodel": hypermodel.pk, "train_fraction": 0.7,
        "validation_fraction": 0.15, "test_fraction": 0.15, "split_seed": 0, "team": second.pk,
    }  # fmt: skip
    response = as_alice.post(reverse("project-create"), data)
    assert "belongs to team Digits team" in response.content.decode()
    as_alice.post(reverse("project-create"), {**data, "team": team.pk})
    assert Project.objects.get().dataset == own
