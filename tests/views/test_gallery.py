"""erin, an administrator, shares what alice's team owns with all teams. charlie uses it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.api.conftest import Caller
from tuning.actions.gallery import publish, unpublish
from tuning.actions.hypermodels import change_hypermodel
from tuning.actions.projects import use_newest_version
from tuning.models import AuditEntry, Dataset, HyperModel, Inspection, Project, Search, Team
from tuning.protocol.statuses import Status


@pytest.fixture
def as_erin(db: None) -> Client:
    client = Client()
    client.force_login(
        User.objects.create_superuser("erin"), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def shared(dataset: Dataset, hypermodel: HyperModel, team: Team) -> tuple[Dataset, HyperModel]:
    """Of alice's team, and not published yet."""
    Dataset.objects.filter(pk=dataset.pk).update(team=team, source=Dataset.Source.UPLOAD)
    HyperModel.objects.filter(pk=hypermodel.pk).update(team=team)
    dataset.refresh_from_db()
    hypermodel.refresh_from_db()
    return dataset, hypermodel


def change(user: User, template: HyperModel) -> HyperModel:
    values = {
        "name": template.name, "description": "", "kinds": ["image"], "constants": {}, "gpu": "",
    }  # fmt: skip
    return change_hypermodel(user, template, {**values, "code": "def build(hp): ..."})


def new_project(client: Client, dataset: Dataset, template: HyperModel) -> Any:
    return client.post(
        reverse("project-create"),
        {"name": "Mine", "dataset": dataset.pk, "hypermodel": template.pk, "split_seed": 0,
         "train_fraction": 0.6, "validation_fraction": 0.2, "test_fraction": 0.2},
    )  # fmt: skip


def page_of(client: Client, name: str, *args: Any, **query: Any) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def test_an_administrator_publishes_and_all_teams_use_it(
    as_erin: Client, as_alice: Client, as_charlie: Client, shared: tuple[Dataset, HyperModel]
) -> None:
    dataset, template = shared
    assert new_project(as_charlie, dataset, template).status_code == 422
    listed = page_of(as_erin, "gallery-list", q="digits team")
    for name, row in (("gallery-dataset", dataset), ("gallery-hypermodel", template)):
        at = reverse(name, args=[row.pk])
        assert at in listed
        assert as_alice.post(at, {"publish": "1"}).status_code == 404
        assert "in the gallery?" in as_erin.get(at).content.decode()
        as_erin.post(at, {"publish": "1"})
        assert "Unpublish “" in as_erin.get(at).content.decode()
    assert "same sandbox" in page_of(as_charlie, "hypermodel-detail", template.pk)
    for step, chosen in (("data", {}), ("template", {"dataset": dataset.pk})):
        page = page_of(as_charlie, "project-create", step=step, **chosen)
        names = dataset.name if step == "data" else template.name
        assert names in page.partition(">Gallery</h2>")[2], "under a heading of its own"
        assert (
            names
            not in page_of(as_alice, "project-create", step=step, **chosen).partition(
                ">Gallery</h2>"
            )[2]
        ), "those of one's own team are not twice there"
    assert 'id="shared">Gallery' in page_of(as_charlie, "dataset-list")
    assert 'id="shared">Gallery' in page_of(as_charlie, "hypermodel-list")
    made = new_project(as_charlie, dataset, template)
    assert made.status_code == 302
    assert Project.objects.get().team.name == "Others"
    # The others use it and change nothing.
    for row, names in (
        (template, ("hypermodel-edit", "hypermodel-delete", "hypermodel-name")),
        (dataset, ("dataset-delete", "dataset-name")),
    ):
        for name in names:
            refused = as_charlie.post(reverse(name, args=[row.pk]))
            assert refused.status_code == 403
            page = refused.content.decode()
            assert "Only members of team Digits team can change this." in page
            assert "alice" not in page, "who owns the other team is not charlie's business"
    assert AuditEntry.objects.filter(kind="gallery.publish", team="Digits team").count() == 2


def test_each_version_is_published_by_itself(
    alice: User, charlie: User, as_charlie: Client, shared: tuple[Dataset, HyperModel], team: Team
) -> None:
    dataset, template = shared
    for row in shared:
        assert publish(row) == ""
    later = Dataset.objects.create(
        key="later", series=dataset.key, version=2, team=team, name="Test digits", folder="later",
        source=Dataset.Source.UPLOAD, status=Status.COMPLETED, kind="image", task="classification",
    )  # fmt: skip
    newer = change(alice, template)
    new_project(as_charlie, dataset, template)
    project = Project.objects.get()
    assert page_of(as_charlie, "project-detail", project.pk)
    assert not use_newest_version(project)
    assert [row for row in HyperModel.objects.offered_to(charlie) if row.team] == [template]
    assert [row for row in Dataset.objects.offered_to(charlie) if row.team] == [dataset]
    assert [row for row in HyperModel.objects.offered_to(alice) if row.team] == [newer]
    for name, row in (("hypermodel-detail", newer), ("dataset-detail", later)):
        assert as_charlie.get(reverse(name, args=[row.pk])).status_code == 404
        assert publish(row) == ""
        assert as_charlie.get(reverse(name, args=[row.pk])).status_code == 200
    assert [row for row in HyperModel.objects.offered_to(charlie) if row.team] == [newer]
    assert [row for row in Dataset.objects.offered_to(charlie) if row.team] == [later]
    assert use_newest_version(project)


def test_unpublishing_leaves_projects_working(
    alice: User, charlie: User, as_charlie: Client, shared: tuple[Dataset, HyperModel]
) -> None:
    dataset, template = shared
    for row in shared:
        publish(row)
    new_project(as_charlie, dataset, template)
    project = Project.objects.get()
    space = {"space": [{"class_name": "Int", "config": {
        "name": "units", "default": 8, "conditions": [], "min_value": 8, "max_value": 32,
        "step": 8, "sampling": "linear"}}]}  # fmt: skip
    Inspection.objects.update(
        status=Status.COMPLETED, space=space, metrics=["val_accuracy"], parameters=10
    )
    for row in shared:
        unpublish(row)
    for name, row in (
        ("project-detail", project), ("project-data", project), ("dataset-detail", dataset),
        ("hypermodel-detail", template),
    ):  # fmt: skip
        assert as_charlie.get(reverse(name, args=[row.pk])).status_code == 200
    started = Caller(charlie).post(f"projects/{project.pk}/searches", {"max_trials": 2})
    assert started.status_code == 201, started.content
    assert Search.objects.get().hypermodel == template
    # It is offered no more.
    assert new_project(as_charlie, dataset, template).status_code == 422
    assert template not in HyperModel.objects.offered_to(charlie)
    project.delete()
    for name, row in (("dataset-detail", dataset), ("hypermodel-detail", template)):
        assert as_charlie.get(reverse(name, args=[row.pk])).status_code == 404


def test_what_cannot_be_used_is_not_published(
    shared: tuple[Dataset, HyperModel], as_erin: Client
) -> None:
    dataset, _ = shared
    Dataset.objects.filter(pk=dataset.pk).update(folder="")
    assert "is not prepared yet" in publish(dataset)
    assert as_erin.get(reverse("gallery-dataset", args=[dataset.pk])).status_code == 404
    built_in = HyperModel.objects.create(key="built-in", name="Built in", kinds=["image"])
    assert "what is built in" in publish(built_in)
    assert as_erin.get(reverse("gallery-hypermodel", args=[built_in.pk])).status_code == 404


def test_the_gallery_by_the_api(
    charlie: User, as_erin: Client, shared: tuple[Dataset, HyperModel]
) -> None:
    dataset, template = shared
    erin, charlies = Caller(User.objects.get(username="erin")), Caller(charlie)
    body = {"name": "Mine", "dataset": dataset.pk, "template": template.pk}
    assert charlies.get(f"templates/{template.pk}").status_code == 404
    assert charlies.post("projects", body).status_code == 422
    assert erin("PUT", f"gallery/datasets/{dataset.pk}").json()["published_at"]
    assert erin("PUT", f"gallery/templates/{template.pk}").json()["published_at"]
    assert [each["id"] for each in charlies.get("templates").json()["items"]] == [template.pk]
    assert charlies.post("projects", body).status_code == 201
    for kind, row in (("datasets", dataset), ("templates", template)):
        assert erin.delete(f"gallery/{kind}/{row.pk}").status_code == 204
    assert charlies.get("templates").json()["items"] == []
