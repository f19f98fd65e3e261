"""A project moves from alice's team to charlie's, where alice is an editor: what moves, what stays,
and who sees what from then on."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.datasets import InUse, delete_dataset
from tuning.actions.hypermodels import change_hypermodel
from tuning.actions.projects import AlreadyMoved, move_project, use_newest_version
from tuning.models import (
    AuditEntry,
    Dataset,
    HyperModel,
    Invitation,
    Mention,
    Project,
    Role,
    Search,
    Star,
    Team,
    Trial,
)
from tuning.protocol.statuses import SearchStatus, Status


@pytest.fixture
def others(alice: User, charlie: User) -> Team:
    team: Team = charlie.memberships.get().team  # type: ignore[attr-defined]
    team.memberships.create(user=alice, role=Role.EDITOR)
    return team


@pytest.fixture
def own_parts(project: Project, team: Team) -> None:
    """Dataset and template are the team's, the dataset in two versions."""
    Dataset.objects.filter(pk=project.dataset_id).update(
        team=team, source=Dataset.Source.UPLOAD, folder="without-files"
    )
    HyperModel.objects.filter(pk=project.hypermodel_id).update(team=team)
    Dataset.objects.create(
        key="later", series=project.dataset.key, version=2, team=team, name="Test digits",
        source=Dataset.Source.UPLOAD, status=Status.COMPLETED, folder="later", kind="image",
        task="classification",
    )  # fmt: skip
    for row in (project, project.dataset, project.hypermodel):
        row.refresh_from_db()


@pytest.fixture
def another(project: Project, own_parts: None) -> Project:
    """Another project with the same dataset and template."""
    return Project.objects.create(
        team=project.team, name="More", dataset=project.dataset, hypermodel=project.hypermodel
    )


def move(client: Client, project: Project, team: Team) -> Any:
    return client.post(reverse("project-move", args=[project.pk]), {"team": team.pk})


def status(client: Client, name: str, row: Any) -> int:
    return client.get(reverse(name, args=[row])).status_code


@pytest.mark.usefixtures("own_parts")
def test_what_only_the_project_uses_moves_with_it(
    as_alice: Client, as_bob: Client, as_charlie: Client, bob: User, alice: User, project: Project,
    search: Search, best: Trial, others: Team,
) -> None:  # fmt: skip
    Star.objects.create(project=project, trial=best, user=bob)
    as_bob.post(reverse("trial-comments", args=[best]), {"text": "Look, @alice"})
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.RUNNING)
    running = Trial.objects.create(search=search, number=4, status=Status.RUNNING, attempt=1)
    addresses = {"project-detail": project.pk, "search-detail": search, "trial-detail": best}
    assert {status(as_charlie, name, row) for name, row in addresses.items()} == {404}
    page = as_alice.get(reverse("project-move", args=[project.pk])).content.decode()
    assert "The dataset “Test digits” moves with the project." in page
    assert "The template “Test CNN” moves with the project." in page
    response = move(as_alice, project, others)
    assert response["Location"] == reverse("project-detail", args=[project.pk])
    for client, expected in ((as_charlie, 200), (as_alice, 200), (as_bob, 404)):
        assert {status(client, name, row) for name, row in addresses.items()} == {expected}
        assert status(client, "dataset-detail", project.dataset_id) == expected
        assert status(client, "hypermodel-detail", project.hypermodel_id) == expected
    assert set(Dataset.objects.exclude(team=None).values_list("team", flat=True)) == {others.pk}
    running.refresh_from_db()
    search.refresh_from_db()
    assert (running.status, search.status) == (Status.RUNNING, SearchStatus.RUNNING)
    assert Star.objects.visible_to(alice).count() == 1
    assert not Star.objects.visible_to(bob).exists()
    assert Mention.objects.of(alice).count() == 1
    assert as_bob.post(reverse("search-pause", args=[search])).status_code == 404
    assert as_charlie.post(reverse("search-pause", args=[search])).status_code == 302


def test_what_others_use_stays_and_goes_on_serving_the_project(
    as_alice: Client, as_charlie: Client, alice: User, charlie: User, project: Project,
    another: Project, others: Team, team: Team,
) -> None:  # fmt: skip
    page = as_alice.get(reverse("project-move", args=[project.pk])).content.decode()
    assert "The dataset “Test digits” stays in team Digits team, where 1 other project uses" in page
    assert "The template “Test CNN” stays in team Digits team" in page
    move(as_alice, project, others)
    dataset, template = project.dataset, project.hypermodel
    assert {dataset.team_id, template.team_id, another.team_id} == {team.pk}
    assert status(as_charlie, "project-detail", another.pk) == 404
    # As the project uses them, and no more.
    later = Dataset.objects.get(version=2)
    values = {
        "name": "Test CNN", "description": "", "kinds": ["image"], "constants": {}, "gpu": "",
    }  # fmt: skip
    newer = change_hypermodel(alice, template, {**values, "code": "def build(hp): ..."})
    for name, used, unused in (
        ("dataset-detail", dataset, later), ("hypermodel-detail", template, newer),
    ):  # fmt: skip
        assert status(as_charlie, name, used.pk) == 200
        assert status(as_charlie, name, unused.pk) == 404
        assert (
            reverse(name, args=[unused.pk])
            not in as_charlie.get(reverse(name, args=[used.pk])).content.decode()
        )
    moved, stayed = (Project.objects.get(pk=row.pk) for row in (project, another))
    assert not use_newest_version(moved)
    assert use_newest_version(stayed)
    assert as_charlie.get(reverse("hypermodel-edit", args=[template.pk])).status_code == 403
    assert dataset not in Dataset.objects.offered_to(charlie)
    refused = as_charlie.post(
        reverse("project-create"),
        {"name": "Mine", "dataset": dataset.pk, "hypermodel": template.pk, "split_seed": 0,
         "train_fraction": 0.6, "validation_fraction": 0.2, "test_fraction": 0.2},
    )  # fmt: skip
    assert refused.status_code == 422
    assert "but the project belongs to Others" in refused.content.decode()
    another.delete()
    with pytest.raises(InUse, match="1 of them in other teams"):
        delete_dataset(dataset)


@pytest.mark.usefixtures("another")
def test_it_moves_back_to_what_it_left(
    as_alice: Client, as_charlie: Client, project: Project, others: Team, team: Team
) -> None:
    move(as_alice, project, others)
    Team.objects.get(pk=team.pk).memberships.create(
        user=User.objects.get(username="charlie"), role=Role.EDITOR
    )
    page = as_charlie.get(reverse("project-move", args=[project.pk])).content.decode()
    assert (
        "The dataset “Test digits” stays in team Digits team. If the project moves back to that "
        "team, it is the team’s own there. Any other team sees it there, but cannot change it"
        in page
    )
    assert "and its new team" not in page
    move(as_charlie, project, team)
    project.refresh_from_db()
    assert project.team_id == project.dataset.team_id == team.pk


def test_nobody_moves_a_project_where_they_may_not_create_one(
    as_alice: Client, as_bob: Client, as_charlie: Client, project: Project, others: Team, team: Team
) -> None:
    assert move(as_bob, project, others).status_code == 403
    assert move(as_charlie, project, others).status_code == 404
    stranger = Team.objects.create(name="Unknown")
    for target in (stranger, team):
        response = move(as_alice, project, target)
        assert response.status_code == 422
        assert "in which you may create projects" in response.content.decode()
    others.memberships.filter(user__username="alice").update(role=Role.VIEWER)
    assert move(as_alice, project, others).status_code == 422
    others.memberships.filter(user__username="alice").update(role=Role.EDITOR)
    Team.objects.filter(pk=others.pk).update(archived_at=timezone.now())
    assert move(as_alice, project, others).status_code == 422
    assert (
        "no other team" in as_alice.get(reverse("project-move", args=[project.pk])).content.decode()
    )
    project.refresh_from_db()
    assert project.team_id == team.pk


@pytest.mark.usefixtures("own_parts", "saved_model")
def test_a_team_without_room_takes_no_project(
    as_alice: Client, project: Project, others: Team
) -> None:
    """A model of 1,000 bytes and two versions of a dataset."""
    for quota, sentence in (
        ({"max_files": 2}, "may have 2 files and has no room for the project’s 3"),
        (
            {"max_files": 3, "max_storage": 999},
            "The project needs 1000 bytes, but team Others has 999 bytes",
        ),
    ):
        Team.objects.filter(pk=others.pk).update(**quota)
        response = move(as_alice, project, others)
        assert response.status_code == 422
        assert sentence in response.content.decode()
    Team.objects.filter(pk=others.pk).update(max_storage=10**6)
    assert move(as_alice, project, others).status_code == 302


def test_of_two_moves_at_once_one_happens(
    project: Project, alice: User, others: Team, team: Team
) -> None:
    Invitation.objects.create(
        team=team, project=project, invited_by=alice, digest="0", expires_at=timezone.now()
    )
    seen = Project.objects.get(pk=project.pk)
    move_project(project, others)
    with pytest.raises(AlreadyMoved):
        move_project(seen, Team.objects.create(name="Third"))
    told = AuditEntry.objects.values_list("kind", "team")
    assert set(told) == {("project.move", "Digits team"), ("project.receive", "Others")}
    assert Invitation.objects.get().project is None, "links of the former team do not name it"


@pytest.mark.usefixtures("own_parts")
def test_a_dataset_that_comes_to_a_team_with_another_of_its_name_stays_apart(
    as_alice: Client, as_charlie: Client, project: Project, others: Team
) -> None:
    """Else a file that the team uploads under the name would be the next version of either."""
    theirs = Dataset.objects.create(
        key="theirs", team=others, name="Test digits", source=Dataset.Source.UPLOAD,
        status=Status.COMPLETED, folder="theirs", kind="image", task="classification",
    )  # fmt: skip
    page = as_alice.post(
        reverse("project-move", args=[project.pk]), {"team": others.pk}, follow=True
    ).content.decode()
    assert "Its dataset is called “Test digits (2)” there: the team has another" in page
    moved = Dataset.objects.versions_of(Dataset.objects.get(pk=project.dataset_id))
    assert list(moved.values_list("name", flat=True)) == ["Test digits (2)"] * 2
    assert Dataset.objects.named(others, "Test digits").get() == theirs
    entry = AuditEntry.objects.get(kind="name.change")
    assert (entry.team, entry.person) == ("Others", "alice")


@pytest.mark.usefixtures("another")
def test_the_page_says_what_the_gallery_lets_the_new_team_do(
    as_alice: Client, project: Project, others: Team
) -> None:
    Dataset.objects.filter(pk=project.dataset_id).update(published_at=timezone.now())
    page = as_alice.get(reverse("project-move", args=[project.pk])).content.decode()
    assert "its new team sees it there and in the gallery, but cannot change it." in page
