"""The first page: the projects' true best scores, what runs now, finding and archiving projects."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.analysis.best_scores import best_so_far, sparkline
from tuning.analysis.overview import project_rows
from tuning.models import Project, SavedModel, Search, Worker
from tuning.protocol.statuses import SearchStatus, Status


def _page(client: Client, **query: str) -> str:
    return client.get(reverse("project-list"), query).content.decode()


def _row(project: Project) -> Any:
    (row,) = project_rows([project])
    return row


def test_the_best_score_is_that_of_all_searches(
    project: Project, search: Search, make_search: Any, add_trial: Any
) -> None:
    """The newest search had a worse one, which was shown."""
    worse = make_search(number=2)
    add_trial(worse, 1, 0.3)
    add_trial(worse, 2, 0.6)
    best = _row(project).best
    assert (best.score, best.score_name) == (0.95, "val_accuracy")
    assert best.curve == [0.95, 0.95, 0.95]


def test_scores_of_other_objectives_are_not_compared(
    project: Project, search: Search, make_search: Any, add_trial: Any
) -> None:
    losses = make_search(number=2, objective="val_loss", direction="min")
    for number, loss in enumerate((0.7, 0.2, 0.4), start=1):
        add_trial(losses, number, loss)
    best = _row(project).best
    assert (best.score, best.score_name) == (0.2, "val_loss")
    assert best.curve == [0.7, 0.2, 0.2]


@pytest.mark.parametrize(
    ("scores", "direction", "expected"),
    [([3, 1, 2, 0], "min", [3, 1, 1, 0]), ([1, 3, 2], "max", [1, 3, 3]), ([], "max", [])],
)
def test_the_best_so_far(scores: list[float], direction: str, expected: list[float]) -> None:
    assert best_so_far(scores, direction) == expected


def test_a_sparkline_goes_up_in_steps() -> None:
    assert sparkline([1.0]) == ""
    points = [tuple(map(float, p.split(","))) for p in sparkline([1.0, 1.0, 3.0], 100, 24).split()]
    assert points == [(0, 22), (100, 22), (100, 2), (100, 2)]
    assert sparkline([2.0, 2.0]) == "0.0,22.0 100.0,22.0"


def test_what_runs_is_shown_with_its_progress(
    as_dora: Client, as_charlie: Client, make_search: Any, add_trial: Any, worker: Worker
) -> None:
    search = make_search(max_trials=4)
    add_trial(search, 1, 0.5)
    add_trial(search, 2, None, status=Status.RUNNING, worker=worker, slot=0, finished_at=None)
    page = _page(as_dora)
    assert "1 of 4 trials" in page
    assert "best 0.5" in page.replace('<span title="0.5">', "")
    assert f"{worker.slots - 1} of {worker.slots} slots free" in page
    assert "1 of 4 trials" in as_dora.get(reverse("home-live")).content.decode()
    assert "1 of 4 trials" not in as_charlie.get(reverse("home-live")).content.decode()
    Search.objects.update(status=SearchStatus.STOPPED)
    assert "1 of 4 trials" not in _page(as_dora)


def test_projects_are_found_and_sorted(as_bob: Client, project: Project, search: Search) -> None:
    other = Project.objects.create(
        team=project.team, name="A wine", description="Of the cellar", dataset=project.dataset,
        hypermodel=project.hypermodel,
    )  # fmt: skip
    Project.objects.filter(pk=other.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))

    def found(**query: str) -> list[Project]:
        rows = as_bob.get(reverse("project-list"), query).context["rows"]
        return [row.project for row in rows]

    assert found(q="cellar") == found(q="wine CELLAR") == [other]
    assert found(q="nothing") == []
    assert found(sort="name") == [other, project]
    assert found(sort="recent") == found(sort="created") == found() == [project, other]
    assert found(q="\x00", sort="x", page="y") == [project, other]
    assert "No project matches “&lt;b&gt;”" in _page(as_bob, q="<b>")


def test_an_archived_project_is_out_of_the_list(
    as_bob: Client, as_dora: Client, project: Project, search: Search
) -> None:
    url = reverse("project-settings", args=[project.pk])
    assert as_dora.post(url, {"archive": "1"}).status_code in (403, 404)
    Search.objects.update(status=SearchStatus.PAUSED)
    refused = as_bob.post(url, {"archive": "1"}, follow=True).content.decode()
    assert "1 search is still active" in refused
    Search.objects.update(status=SearchStatus.COMPLETED)
    as_bob.post(url, {"archive": "1"})
    assert "All projects are archived." in _page(as_bob)
    assert "Digits" in _page(as_bob, archived="1")
    # Its pages stay.
    assert as_bob.get(reverse("project-detail", args=[project.pk])).status_code == 200
    as_bob.post(url, {"archive": "0"})
    assert "Digits" in _page(as_bob)


def test_recent_models_have_a_metric(as_dora: Client, saved_model: SavedModel) -> None:
    SavedModel.objects.update(
        status=Status.COMPLETED, test_metrics={"loss": 0.5, "accuracy": 0.875}
    )
    page = _page(as_dora)
    assert "test accuracy" in page
    assert "0.8750" in page
