"""Creating a project."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.projects import delete_project
from tuning.models import Dataset, HyperModel, Inspection, Membership, Project, Role, Team
from tuning.protocol.statuses import Status

URL = "/projects/new/"


def _data(dataset: Dataset, hypermodel: HyperModel, **values: Any) -> dict[str, Any]:
    return {
        "name": "New", "dataset": dataset.pk, "hypermodel": hypermodel.pk, "train_fraction": 0.7,
        "validation_fraction": 0.15, "test_fraction": 0.15, "split_seed": 0, **values,
    }  # fmt: skip


def test_alice_creates_a_project(
    as_alice: Client, alice: User, team: Team, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel))
    project = Project.objects.get()
    assert response["Location"] == reverse("project-detail", args=[project.pk])
    assert (project.team, project.created_by) == (team, alice)
    assert project.inspection.status == Status.QUEUED
    assert "Validating the template" in as_alice.get(response["Location"]).content.decode()


@pytest.mark.parametrize("keep", [True, False])
def test_the_split_that_the_data_bring_is_kept_or_not(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel, keep: bool
) -> None:
    dataset.profile |= {
        "parts": {"train": 1000, "validation": 0, "test": 797},
        "class_counts": [897, 900], "train_class_counts": [500, 500],
    }  # fmt: skip
    dataset.save()
    page = as_alice.get(URL).content.decode()
    assert "Predefined split: 1,000 for training, 797 for test" in page
    assert re.search(r'<input type="checkbox" name="keep_parts"[^>]* checked', page)
    as_alice.post(URL, _data(dataset, hypermodel, **({"keep_parts": "on"} if keep else {})))
    project = Project.objects.get()
    assert project.split.given == keep
    page = " ".join(
        as_alice.get(reverse("project-data", args=[project.pk])).content.decode().split()
    )
    if keep:
        assert all(rows in page for rows in ("824 rows <", "176 rows <", "797 rows <"))
        assert "Predefined, seed" in page
    else:
        assert "1,258 rows, " in page
        assert "Predefined, seed" not in page
    assert "1,000 for training" in as_alice.get(f"/datasets/{dataset.pk}/").content.decode()


def test_projects_of_a_pair_share_what_is_known(
    as_alice: Client, project: Project, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel, split_seed=7))
    assert Inspection.objects.get().status == Status.COMPLETED
    assert "New search" in as_alice.get(response["Location"]).content.decode()


def test_a_project_has_a_failed_inspection_tried_again(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    """It failed while nobody waited for it."""
    Inspection.objects.create(
        dataset=dataset, hypermodel=hypermodel, status=Status.FAILED, failure_code="killed"
    )
    as_alice.post(URL, _data(dataset, hypermodel))
    inspection = Inspection.objects.get()
    assert (inspection.status, inspection.failure) == (Status.QUEUED, None)


def test_what_is_known_of_a_pair_outlives_its_projects(project: Project) -> None:
    delete_project(project)
    assert Inspection.objects.completed().exists()


def test_who_has_no_team_gets_one(
    client: Client, db: None, dataset: Dataset, hypermodel: HyperModel
) -> None:
    user = User.objects.create_user("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.post(URL, _data(dataset, hypermodel))
    assert Project.objects.get().team.memberships.get().user == user


def test_looking_at_the_form_founds_no_team(client: Client, db: None) -> None:
    user = User.objects.create_user("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(URL).status_code == 200
    assert not Team.objects.exists()


def test_dora_is_sent_to_found_a_team(
    as_dora: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_dora.post(URL, _data(dataset, hypermodel))
    assert response["Location"] == reverse("team-create")
    assert not Project.objects.exists()


def test_a_team_of_strangers_is_refused(
    as_alice: Client, alice: User, charlie: User, dataset: Dataset, hypermodel: HyperModel
) -> None:
    own = Team.objects.create(name="Second")
    Membership.objects.create(team=own, user=alice, role=Role.OWNER)
    stranger = Team.objects.get(name="Others")
    response = as_alice.post(URL, _data(dataset, hypermodel, team=stranger.pk))
    assert response.status_code == 422
    assert not Project.objects.exists()


def test_a_template_that_does_not_fit_is_refused_beside_its_field(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    hypermodel.kinds = ["table"]
    hypermodel.save()
    response = as_alice.post(URL, _data(dataset, hypermodel))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["hypermodel"]


def test_parts_must_add_up_to_one(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel, test_fraction=0.3))
    assert "must add up to 1, not 1.15" in response.content.decode()


def test_a_failed_download_names_the_dataset_and_a_way_out(
    as_alice: Client, project: Project, dataset: Dataset
) -> None:
    Inspection.objects.update(status=Status.QUEUED)
    Dataset.objects.filter(pk=dataset.pk).update(
        folder="", status=Status.FAILED, failure_code="no_network", failure_message="No route."
    )
    url = reverse("project-detail", args=[project.pk])
    page = as_alice.get(url).content.decode()
    assert "The dataset Test digits could not be prepared" in page
    assert "Connect the worker to the internet" in page
    as_alice.post(reverse("project-inspect", args=[project.pk]))
    dataset.refresh_from_db()
    assert dataset.status == Status.QUEUED


def test_the_project_page_loads_anew_once_the_space_is_known(
    as_alice: Client, project: Project
) -> None:
    response = as_alice.get(reverse("project-live", args=[project.pk]))
    assert response["HX-Refresh"] == "true"


def test_errors_link_to_their_fields(as_alice: Client, dataset: Dataset, team: Team) -> None:
    page = as_alice.post(URL, {"name": "", "dataset": dataset.pk}).content.decode()
    assert "errors:" in page
    for key in ("id_name", "id_hypermodel"):
        assert f'<a href="#{key}">' in page
        assert f'id="{key}"' in page
