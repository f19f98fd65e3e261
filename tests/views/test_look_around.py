"""Lists and galleries, full and empty; how many queries they take."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.models import (
    Dataset,
    HyperModel,
    Inspection,
    Project,
    SavedModel,
    Search,
    Team,
    Trial,
    Worker,
)
from tuning.protocol.statuses import Status


def test_an_empty_list_says_what_to_do(as_alice: Client) -> None:
    page = as_alice.get(reverse("project-list")).content.decode()
    assert "No projects yet" in page
    assert reverse("project-create") in page


def test_the_list_shows_the_best_score(as_alice: Client, search: Search) -> None:
    page = as_alice.get(reverse("project-list")).content.decode()
    assert "0.9500" in page


def test_charlie_sees_no_projects_of_others(as_charlie: Client, search: Search) -> None:
    assert "Digits" not in as_charlie.get(reverse("project-list")).content.decode()


@pytest.mark.parametrize(
    ("name", "queries"), [("project-list", 15), ("project-detail", 12), ("team-list", 4)]
)
def test_the_number_of_queries_does_not_grow(
    name: str, queries: int, as_alice: Client, alice: User, search: Search,
    saved_model: SavedModel, django_assert_num_queries: Any,
) -> None:  # fmt: skip
    project = search.project
    url = reverse(name, args=[project.pk] if name.endswith("detail") else [])
    for _ in range(2):
        with django_assert_num_queries(queries):
            as_alice.get(url)
        last = project.searches.count()
        for number in range(last + 1, last + 11):
            Project.objects.create(
                team=project.team, name=f"P{number}", dataset=project.dataset,
                hypermodel=project.hypermodel, created_by=alice,
            )  # fmt: skip
            Search.objects.create(
                project=project, hypermodel=project.hypermodel, number=number,
                objective="val_loss", direction="min",
            )  # fmt: skip
            SavedModel.objects.create(
                project=project, number=number, trial=saved_model.trial, epochs=1, batch_size=1
            )


def test_without_workers_the_page_tells_how_to_start_one(as_alice: Client) -> None:
    page = as_alice.get(reverse("worker-list")).content.decode()
    assert "No worker is online" in page
    assert "make up" in page


def test_workers_show_what_runs_but_not_to_strangers(
    as_dora: Client, as_charlie: Client, search: Search, worker: Worker
) -> None:
    Trial.objects.filter(search=search, number=2).update(
        status=Status.RUNNING, worker=worker, slot=1
    )
    url = reverse("worker-list")
    assert "Trial 2 of Digits" in as_dora.get(url).content.decode()
    page = as_charlie.get(url).content.decode()
    assert "Digits" not in page
    assert "Task of another team" in page


def test_workers_show_what_is_read_but_not_a_team_s_template(
    as_dora: Client, as_charlie: Client, project: Project, team: Team, worker: Worker
) -> None:
    Inspection.objects.update(status=Status.RUNNING, worker=worker, slot=1)
    url, words = reverse("worker-list"), "Validating Test CNN on Test digits"
    assert words in as_charlie.get(url).content.decode()
    HyperModel.objects.update(team=team)
    assert words in as_dora.get(url).content.decode()
    page = as_charlie.get(url).content.decode()
    assert "Test CNN" not in page
    assert "Task of another team" in page


def test_a_dataset_without_a_profile_has_a_page(as_alice: Client, dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(
        profile={}, folder="", status=Status.QUEUED, requested=False
    )
    page = as_alice.get(reverse("dataset-detail", args=[dataset.pk])).content.decode()
    assert "1,797 images of 8 x 8 pixels" in page
    assert "Not prepared yet" in page
    assert as_alice.get(reverse("dataset-picture", args=[dataset.pk])).status_code == 404


def test_viewers_do_not_prepare_datasets(as_dora: Client, dataset: Dataset) -> None:
    assert as_dora.post(reverse("dataset-retry", args=[dataset.pk])).status_code == 403


def test_unknown_pages_look_like_the_others(as_alice: Client) -> None:
    response = as_alice.get("/nothing/")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_signing_in_and_out(client: Client, alice: User) -> None:
    page = client.get(reverse("login")).content.decode()
    assert "Sign in" in page
    response = client.post(reverse("login"), {"username": "alice", "password": "alice-password-1"})
    assert response["Location"] == reverse("project-list")
    assert client.post(reverse("logout"))["Location"] == reverse("login")


@pytest.mark.parametrize(
    "name", ["password_reset", "password_reset_done", "password_reset_complete"]
)
def test_resetting_a_password_needs_no_account(name: str, client: Client, db: None) -> None:
    assert client.get(reverse(name)).status_code == 200


def test_a_mail_resets_a_password(client: Client, alice: User, mailoutbox: list[Any]) -> None:
    client.post(reverse("password_reset"), {"email": alice.email})
    link = next(line for line in mailoutbox[0].body.splitlines() if "/reset/" in line)
    assert "Choose a new password" in client.get(link, follow=True).content.decode()
