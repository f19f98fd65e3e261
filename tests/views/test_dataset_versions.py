"""A file under the name of a dataset is its next version: what differs, and who goes on to it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tuning.actions.names import rename
from tuning.actions.projects import use_newest_data
from tuning.models import Dataset, HyperModel, Inspection, Project, SavedModel, Team
from tuning.protocol.statuses import Status

from .addresses import addressed

HISTOGRAM = {"edges": [0.0, 1.0, 2.0], "counts": [900, 100]}


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """A folder of our own: other tests may run beside this one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


def upload(client: Client, name: str = "Houses", **values: Any) -> Dataset:
    file = SimpleUploadedFile("houses.csv", b"rooms,price\n1,10\n2,20\n")
    client.post("/datasets/new/", {"name": name, "file": file, **values})
    return Dataset.objects.latest("pk")


def prepare(dataset: Dataset, rows: int = 1000, **histogram: Any) -> Dataset:
    """As a worker leaves it."""
    column = {"name": "rooms", "type": "number", "missing": 0, "histogram": HISTOGRAM | histogram}
    dataset.profile = {
        "rows": rows, "input_shape": [1], "columns": [column], "column_count": 1,
        "target_name": "price", "feature_names": ["rooms"],
    }  # fmt: skip
    dataset.kind, dataset.task, dataset.folder = "table", "regression", f"houses-{dataset.pk}"
    dataset.status = Status.COMPLETED
    dataset.save()
    return dataset


def page_of(client: Client, row: Dataset, query: str = "") -> str:
    return client.get(reverse("dataset-detail", args=[row.pk]) + query).content.decode()


@pytest.fixture
def versions(as_bob: Client) -> tuple[Dataset, Dataset]:
    first = prepare(upload(as_bob))
    return first, prepare(upload(as_bob), 1200, counts=[100, 1100])


@pytest.fixture
def on_first(versions: tuple[Dataset, Dataset], team: Team, hypermodel: HyperModel) -> Project:
    """A project with the first version."""
    hypermodel.kinds = ["table"]
    hypermodel.save()
    Inspection.objects.create(
        dataset=versions[0], hypermodel=hypermodel, status=Status.COMPLETED, space={}
    )
    return Project.objects.create(
        team=team, name="Prices", dataset=versions[0], hypermodel=hypermodel
    )


def test_the_same_name_makes_the_next_version(
    as_bob: Client, as_charlie: Client, versions: tuple[Dataset, Dataset]
) -> None:
    assert [(row.version, row.series) for row in versions] == [(1, ""), (2, versions[0].key)]
    assert upload(as_bob).version == 3
    assert upload(as_bob, name="Other").version == 1
    assert upload(as_charlie).version == 1, "of another team"


def test_a_file_that_failed_is_no_version(as_bob: Client) -> None:
    failed = upload(as_bob)
    Dataset.objects.filter(pk=failed.pk).update(status=Status.FAILED)
    assert upload(as_bob).version == 1


def test_lists_show_the_newest_that_is_prepared(
    as_bob: Client, versions: tuple[Dataset, Dataset]
) -> None:
    waiting = upload(as_bob)
    for name in ("dataset-list", "project-create"):
        page = as_bob.get(reverse(name)).content.decode()
        assert "version 2" in page
        assert page.count(">Houses</b>") == (2 if name == "dataset-list" else 1)
    prepare(waiting)
    page = as_bob.get(reverse("dataset-list")).content.decode()
    assert ("version 3" in page, "version 2" in page) == (True, False)
    # An older one can still be used by its address.
    step = f"{reverse('project-create')}?step=data&dataset={versions[0].pk}"
    assert f'value="{versions[0].pk}" checked' in as_bob.get(step).content.decode()


def test_the_page_says_what_changed(as_dora: Client, versions: tuple[Dataset, Dataset]) -> None:
    first, second = versions
    page = page_of(as_dora, second)
    assert "Changes from version 1" in page
    assert "1 distribution moved." in page
    assert "median about 1.45, was 0.556" in page
    assert "1,000" in page
    assert "<b>1,200</b>" in page
    assert "Upload new version" not in page
    page = page_of(as_dora, first)
    assert "Changes from" not in page
    assert f"/datasets/{second.pk}/" in page
    assert "Changes from version 2" in page_of(as_dora, first, f"?from={second.pk}")
    assert "Changes from" not in page_of(as_dora, first, "?from=²")


def test_a_version_is_named_as_all_of_them(versions: tuple[Dataset, Dataset]) -> None:
    second = versions[1]
    second.name = "Homes"
    rename(second, ["name"])
    assert {row.name for row in Dataset.objects.versions_of(second)} == {"Homes"}


def test_a_project_stays_on_its_version_until_somebody_moves_it(
    as_bob: Client, as_dora: Client, as_charlie: Client, on_first: Project,
    versions: tuple[Dataset, Dataset],
) -> None:  # fmt: skip
    url = reverse("project-detail", args=[on_first.pk])
    page = as_dora.get(url).content.decode()
    assert "Version 2 of Houses is available. This project uses version 1." in page
    assert "Use version 2" not in page
    move = reverse("project-data-upgrade", args=[on_first.pk])
    assert (as_dora.post(move).status_code, as_charlie.post(move).status_code) == (403, 404)
    on_first.refresh_from_db()
    assert on_first.dataset == versions[0]
    assert ">Use version 2</button>" in as_bob.get(url).content.decode()
    as_bob.post(move)
    on_first = Project.objects.get(pk=on_first.pk)
    assert on_first.dataset == versions[1]
    assert on_first.inspection.status == Status.QUEUED
    assert "of Houses is available" not in as_bob.get(url).content.decode()
    assert use_newest_data(on_first)


def test_scores_on_one_version_stay_together(
    as_bob: Client, project: Project, make_search: Any, team: Team
) -> None:
    """A project with searches goes on with the new version in a new project."""
    Dataset.objects.update(source=Dataset.Source.UPLOAD, team=team)
    project.dataset.refresh_from_db()
    make_search()
    newer = Dataset.objects.create(
        key="own-2", name="Test digits", team=team, source=Dataset.Source.UPLOAD, version=2,
        series=project.dataset.key, kind="image", task="classification", folder="digits-2",
        profile={"rows": 2000, "input_shape": [8, 8, 1]},
    )  # fmt: skip
    page = as_bob.get(reverse("project-detail", args=[project.pk])).content.decode()
    link = f"{reverse('project-create')}?dataset={newer.pk}&amp;hypermodel={project.hypermodel.pk}"
    assert link in page
    as_bob.post(reverse("project-data-upgrade", args=[project.pk]))
    project.refresh_from_db()
    assert project.dataset.version == 1
    page = as_bob.get(link.replace("&amp;", "&")).content.decode()
    assert 'value="Test digits v2 with Test CNN"' in page


def test_a_model_says_which_version_it_saw(
    as_dora: Client, saved_model: SavedModel, team: Team
) -> None:
    Dataset.objects.update(source=Dataset.Source.UPLOAD, team=team, version=3)
    for name in ("saved-model-detail", "saved-model-card"):
        page = as_dora.get(reverse(name, args=[addressed(saved_model)])).content.decode()
        assert "Test digits, version 3" in page


def test_no_dataset_gets_the_name_of_another_one_of_its_team(
    as_bob: Client, versions: tuple[Dataset, Dataset]
) -> None:
    """Else the next file under the name would be a version of either."""
    other = prepare(upload(as_bob, name="Flats"))
    url = reverse("dataset-name", args=[other.pk])
    refused = as_bob.post(url, {"name": "Houses", "description": ""})
    assert refused.status_code == 422
    assert "The team has another dataset “Houses”." in refused.content.decode()
    first = reverse("dataset-name", args=[versions[0].pk])
    assert as_bob.post(first, {"name": "Houses", "description": "Ours."}).status_code == 302
    assert as_bob.post(url, {"name": "Houses 2", "description": ""}).status_code == 302
