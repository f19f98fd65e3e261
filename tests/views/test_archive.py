"""What is archived can be read, and nobody changes it until it is restored."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.projects import move_project
from tuning.actions.scripts import open_log
from tuning.actions.searches import (
    change_limits,
    extend_search,
    start_search,
    train_to_end,
    try_values,
)
from tuning.models import Dataset, HyperModel, Project, Search, Team, Trial
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status

from .permissions import PERMISSIONS, Access

EDITORS = sorted(name for name, access in PERMISSIONS.items() if access == Access.EDITORS)
OF_THE_TEAM = ("dataset-", "delivery-", "hypermodel-", "team-", "webhook-")
# Restoring, and deleting for good.
STILL_THERE = {"project-settings", "project-delete"}


def archive(rows: Any) -> None:
    rows.update(archived_at=timezone.now())


def refusals(client: Client, address: Any, names: list[str]) -> dict[str, str]:
    """What POST is refused with; of GET where only that is answered."""
    found = {}
    for name in names:
        response = client.post(address(name))
        if response.status_code == 405:
            response = client.get(address(name))
        page = response.content.decode()
        found[name] = page.partition("is archived.")[0][-40:] if response.status_code == 403 else ""
    return found


def test_nobody_changes_an_archived_project(
    as_bob: Client, as_dora: Client, address: Any, project: Project
) -> None:
    archive(Project.objects.filter(pk=project.pk))
    names = [name for name in EDITORS if not name.startswith(OF_THE_TEAM)]
    found = refusals(as_bob, address, [name for name in names if name not in STILL_THERE])
    assert {name for name, said in found.items() if "Project “Digits” " not in said} == set()
    viewer = as_dora.get(address("search-create"))
    assert "view-only access" in viewer.content.decode()
    assert as_dora.get(address("project-settings")).status_code == 403


def test_everybody_reads_and_comments_on_it(
    as_dora: Client, as_bob: Client, project: Project, search: Search, best: Trial
) -> None:
    archive(Project.objects.filter(pk=project.pk))
    comments = reverse("trial-comments", args=[best])
    assert as_dora.post(comments, {"text": "Still good."}).status_code == 302
    page = as_bob.get(reverse("project-detail", args=[project.pk])).content.decode()
    assert reverse("search-create", args=[project.pk]) not in page
    assert reverse("project-settings", args=[project.pk]) in page
    settings = reverse("project-settings", args=[project.pk])
    assert "Restore project" in as_bob.get(settings).content.decode()
    as_bob.post(settings, {"archive": "0"})
    page = as_bob.get(reverse("project-detail", args=[project.pk])).content.decode()
    assert reverse("search-create", args=[project.pk]) in page


@pytest.mark.slow
def test_nobody_changes_what_belongs_to_an_archived_team(
    as_bob: Client, address: Any, project: Project, team: Team
) -> None:
    Dataset.objects.filter(pk=project.dataset_id).update(team=team)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(team=team)
    archive(Team.objects.filter(pk=team.pk))
    names = [name for name in EDITORS if name != "dataset-retry"]
    found = refusals(as_bob, address, names)
    assert {name for name, said in found.items() if "Team Digits team " not in said} == set()
    new = as_bob.post(reverse("project-create"), {"name": "Another"}, follow=True)
    assert "Team Digits team is archived. Ask alice (owner) to restore it." in new.content.decode()


def test_owners_archive_and_restore_a_team(
    as_alice: Client, as_bob: Client, make_search: Any, team: Team
) -> None:
    url = reverse("team-archive", args=[team.pk])
    search = make_search()
    page = as_alice.post(url, {"archive": "1"}, follow=True).content.decode()
    assert "1 search is still active." in page
    as_alice.post(reverse("search-stop", args=[search]))
    as_alice.post(url, {"archive": "1"})
    assert as_bob.post(url, {"archive": "0"}).status_code == 403
    home, archived = (as_bob.get(f"/{query}").content.decode() for query in ("", "?archived=1"))
    at = reverse("project-detail", args=[search.project_id])
    assert f'href="{at}"' not in home
    assert f'href="{at}"' in archived
    as_alice.post(url, {"archive": "0"})
    assert f'href="{at}"' in as_bob.get("/").content.decode()


@pytest.mark.parametrize("of_team", [False, True])
def test_nothing_starts_in_what_is_archived_at_that_moment(
    bob: User, team: Team, project: Project, make_search: Any, of_team: bool
) -> None:
    """The page was asked for before; the rows are looked at again when they are locked."""
    ended = make_search()
    Search.objects.update(status=SearchStatus.COMPLETED)
    pruned = Trial.objects.create(search=ended, number=9, status=Status.PRUNED)
    archive(Team.objects.filter(pk=team.pk) if of_team else Project.objects.filter(pk=project.pk))
    new = Search(project=project, space={"space": [], "values": {}}, objective="val_loss")
    for begin in (
        lambda: start_search(bob, new), lambda: open_log(bob, new),
        lambda: extend_search(ended, 1, ended.max_trials),
        lambda: try_values(ended, {"units": 16}, 9), lambda: train_to_end(pruned),
        lambda: change_limits(ended, {"max_trials": 50}),
    ):  # fmt: skip
        with pytest.raises(PermissionDenied, match="is archived"):
            begin()
    assert Search.objects.get() == ended
    assert not Search.objects.with_status(*SEARCH_ACTIVE).exists()


def test_no_project_moves_to_a_team_that_is_archived_at_that_moment(
    project: Project, make_search: Any
) -> None:
    """Its active searches would go on there."""
    make_search()
    others = Team.objects.create(name="Others", archived_at=timezone.now())
    with pytest.raises(PermissionDenied, match="Team Others is archived"):
        move_project(project, others)
    assert Project.objects.get().team == project.team
