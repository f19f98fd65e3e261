"""Uploading a search of another program, and what its pages offer then."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.imports import keras_tuner_project, zip_bytes
from tests.space import SPACE
from tuning.actions.searches import extend_search
from tuning.models import Project, Search, SearchImport, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """A folder of our own: other tests may run beside this one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


@pytest.fixture
def imported(search: Search) -> Search:
    """The search as if it had been imported."""
    values = {"origin": "tensorboard", "hypermodel": None, "name": "Of last year"}
    Search.objects.filter(pk=search.pk).update(**values)
    search.refresh_from_db()
    return search


def post(client: Client, project: Project, content: bytes, name: str = "kt.zip") -> Any:
    url = reverse("import-create", args=[project.pk])
    return client.post(url, {"file": SimpleUploadedFile(name, content)})


def test_bob_uploads_and_waits_for_a_worker(
    as_bob: Client, project: Project, uploads: Path, worker: Worker
) -> None:
    page = as_bob.get(reverse("project-detail", args=[project.pk])).content.decode()
    assert reverse("import-create", args=[project.pk]) in page
    content = zip_bytes(keras_tuner_project())
    response = post(as_bob, project, content)
    row = SearchImport.objects.get()
    assert response["Location"] == reverse("import-detail", args=[row.pk])
    assert (row.project, row.status, row.name) == (project, Status.QUEUED, "kt.zip")
    assert [path.name for path in uploads.iterdir()] == [row.key]
    assert row.original.read_bytes() == content
    assert "Waiting for a worker" in as_bob.get(response["Location"]).content.decode()
    page = as_bob.get(reverse("project-detail", args=[project.pk])).content.decode()
    assert "Import of kt.zip" in page
    live = reverse("import-live", args=[row.pk])
    SearchImport.objects.update(
        status=Status.RUNNING, progress_text="Writing trial 2 of 8", worker=worker, slot=0
    )
    assert "Writing trial 2 of 8" in as_bob.get(live).content.decode()
    assert "Reading kt.zip" in as_bob.get(reverse("worker-list")).content.decode()
    SearchImport.objects.update(
        status=Status.FAILED, failure_code="bad_data", failure_message="No."
    )
    assert as_bob.get(live)["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"text", "is neither a zip archive nor an Optuna study"), (b"", "The file is empty")],
)
def test_what_is_no_archive_is_refused_at_once(
    as_bob: Client, project: Project, uploads: Path, content: bytes, words: str
) -> None:
    response = post(as_bob, project, content)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not SearchImport.objects.exists()
    assert list(uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("study.db", b"SQLite format 3\0..."), ("optuna_journal_storage.log", b'{"op_code":0}'),
        ("trials.csv", b",number,value,params_x,state"),
    ],
)  # fmt: skip
def test_files_of_an_optuna_study_are_taken(
    as_bob: Client, project: Project, name: str, content: bytes
) -> None:
    url = reverse("import-create", args=[project.pk])
    data = {"file": SimpleUploadedFile(name, content), "value_name": " val_accuracy "}
    assert as_bob.post(url, data).status_code == 302
    row = SearchImport.objects.get()
    assert (row.name, row.value_name, row.original.read_bytes()) == (name, "val_accuracy", content)


def test_what_is_too_large_is_refused(
    as_bob: Client, project: Project, uploads: Path, settings: Any
) -> None:
    settings.UPLOAD_MAX_MB = 1
    for size in (2**20 + 1_000, 2**21):
        response = post(as_bob, project, b"PK\3\4" + b"x" * size)
        assert response.status_code == 413
        assert "The file exceeds the limit of 1 MB" in response.content.decode()
    assert list(uploads.iterdir()) == []


def arrived(client: Client, content: bytes, name: str) -> int:
    """An upload whose one part is here."""
    begun = {"purpose": "import", "name": name, "size": len(content)}
    key = int(client.post("/uploads/", begun).json()["key"])
    client.post(f"/uploads/{key}/parts/0/", content, content_type="application/octet-stream")
    return key


def test_a_file_that_arrived_in_parts_is_imported(
    as_bob: Client, project: Project, uploads: Path
) -> None:
    url = reverse("import-create", args=[project.pk])
    content = zip_bytes(keras_tuner_project())
    # Its name says nothing: a journal may have any.
    key = arrived(as_bob, content, "kt.old")
    response = as_bob.post(url, {"arrived": key, "value_name": "f1"})
    row = SearchImport.objects.get()
    assert response["Location"] == reverse("import-detail", args=[row.pk])
    assert (row.name, row.value_name, row.original.read_bytes()) == ("kt.old", "f1", content)
    assert [path.name for path in uploads.iterdir()] == [row.key]


def test_an_upload_stays_until_there_is_room_for_its_import(
    as_bob: Client, project: Project, uploads: Path
) -> None:
    url = reverse("import-create", args=[project.pk])
    key = arrived(as_bob, zip_bytes(keras_tuner_project()), "kt.zip")
    project.team.max_storage = 1
    project.team.save()
    refused = as_bob.post(url, {"arrived": key})
    assert (refused.status_code, refused.context["arrived"].pk) == (422, key)
    assert "of storage" in refused.content.decode()
    project.team.max_storage = None
    project.team.save()
    assert as_bob.post(url, {"arrived": key}).status_code == 302


def test_an_arrived_file_that_is_none_is_refused_and_removed(
    as_bob: Client, project: Project, uploads: Path
) -> None:
    key = arrived(as_bob, b"text", "kt.zip")
    refused = as_bob.post(reverse("import-create", args=[project.pk]), {"arrived": key})
    assert "is neither a zip archive nor an Optuna study" in refused.content.decode()
    assert (refused.context["arrived"], list(uploads.iterdir())) == (None, [])


def test_an_import_that_waits_can_be_deleted(
    as_bob: Client, project: Project, uploads: Path, django_capture_on_commit_callbacks: Any
) -> None:
    post(as_bob, project, zip_bytes(keras_tuner_project()))
    url = reverse("import-delete", args=[SearchImport.objects.get().pk])
    assert "Delete the import of “kt.zip”?" in as_bob.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        as_bob.post(url)
    assert not SearchImport.objects.exists()
    assert list(uploads.iterdir()) == []


def test_its_pages_offer_nothing_that_would_run(imported: Search, as_bob: Client) -> None:
    page = as_bob.get(reverse("search-detail", args=[imported])).content.decode()
    assert "imported from TensorBoard" in page
    assert "Of last year" in page
    for absent in ("Extend search", "Retrain", "New search with these settings", "Pause"):
        assert absent not in page
    assert reverse("search-delete", args=[imported]) in page
    trial = imported.trials.get(number=3)
    assert "Retrain" not in as_bob.get(reverse("trial-detail", args=[trial])).content.decode()
    names = ["trial-list", "search-live", "search-plots", "search-tensorboard", "search-delete"]
    for name in names:
        assert as_bob.get(reverse(name, args=[imported])).status_code == 200, name
    page = as_bob.get(reverse("project-detail", args=[imported.project_id])).content.decode()
    assert "Imported from TensorBoard" in page


def test_nothing_of_it_can_be_run(imported: Search, as_bob: Client) -> None:
    trial: Trial = imported.trials.get(number=3)
    for name in ("search-pause", "search-resume", "search-stop", "search-extend"):
        assert as_bob.post(reverse(name, args=[imported])).status_code == 404
    assert as_bob.post(reverse("trial-retrain", args=[trial])).status_code == 404
    assert not extend_search(imported, 5, imported.max_trials)
    imported.refresh_from_db()
    assert imported.status == SearchStatus.COMPLETED


def test_a_new_search_can_be_refined_from_it(imported: Search, as_bob: Client) -> None:
    create = reverse("search-create", args=[imported.project_id])
    for query in ("", "&refine=1&score__top=2"):
        assert as_bob.get(f"{create}?search={imported.number}{query}").status_code == 200


def test_an_import_with_other_hyperparameters_is_not_refined(
    imported: Search, as_bob: Client
) -> None:
    others = {"class_name": "Int", "config": {**SPACE["space"][0]["config"], "name": "depth"}}
    imported.space = {**SPACE, "space": [others, *SPACE["space"][1:]]}
    imported.save()
    url = f"{reverse('search-create', args=[imported.project_id])}?search=1&refine=1"
    page = as_bob.get(url, follow=True)
    assert page.redirect_chain[-1][0] == reverse("search-detail", args=[imported])
    text = page.content.decode()
    assert "Search 1 was imported from TensorBoard, and its hyperparameters differ." in text
    assert "Only in search 1: depth. Only in the template: units." in text


def test_a_hyperband_of_somebody_else_has_a_page(imported: Search, as_bob: Client) -> None:
    imported.tuner = "hyperband"
    imported.save()
    own = {"tuner/bracket": 7, "tuner/round": 1, "tuner/trial_id": "0001", "tuner/epochs": 3}
    imported.trials.update(tuner_values=own, started_at=None, finished_at=timezone.now())
    for trial in imported.trials.all():
        assert as_bob.get(reverse("trial-detail", args=[trial])).status_code == 200
    assert as_bob.get(reverse("search-detail", args=[imported])).status_code == 200
    assert as_bob.get(reverse("trial-list", args=[imported])).status_code == 200
