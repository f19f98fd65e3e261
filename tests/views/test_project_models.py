"""A project's models in one table: sorted, compared, downloaded; what to do while there is none."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.actions.saved_models import retrain
from tuning.models import Project, SavedModel, Search, Trial
from tuning.protocol.statuses import Status

from .evaluations import LINES, classification, evaluated


@pytest.fixture
def others(saved_model: SavedModel, best: Trial, bob: Any) -> list[SavedModel]:
    """Three models: of 1,000, 10 and 20 bytes; the second has the best score, the third none."""
    made = []
    for epochs, size, metrics, stage in (
        (5, 10, {"accuracy": 0.99, "loss": 0.1}, "candidate"), (6, 20, {}, "approved")
    ):  # fmt: skip
        other = retrain(bob, best, epochs)
        SavedModel.objects.filter(pk=other.pk).update(
            status=Status.COMPLETED, file="x.keras", size=size, test_metrics=metrics, stage=stage
        )
        made.append(SavedModel.objects.get(pk=other.pk))
    return [saved_model, *made]


def shown(client: Client, project: Project, sort: str) -> list[int]:
    """The numbers of the models, from top to bottom."""
    page = client.get(reverse("project-models", args=[project.pk]) + sort).content.decode()
    return [int(number) for number in re.findall(r'name="model" value="(\d+)"', page)]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", [3, 2, 1]), ("?sort=date", [1, 2, 3]), ("?sort=-score", [2, 1, 3]),
        ("?sort=size", [2, 3, 1]), ("?sort=stage", [3, 2, 1]), ("?sort=name", [1, 2, 3]),
        ("?sort=nothing", [3, 2, 1]), ("?sort=from", [3, 2, 1]),
    ],
)  # fmt: skip
def test_every_column_sorts(
    as_dora: Client, project: Project, others: list[SavedModel], sort: str, order: list[int]
) -> None:
    assert shown(as_dora, project, sort) == order


def test_a_row_says_all_there_is_to_compare(
    as_dora: Client, project: Project, others: list[SavedModel]
) -> None:
    evaluated(others[0], classification(), LINES)
    retrain_running = retrain(others[0].created_by, others[0].trial, 7)
    page = as_dora.get(reverse("project-models", args=[project.pk])).content.decode()
    assert "0.91 to 0.97" in page.replace("0.9100", "0.91").replace("0.9700", "0.97")
    assert f"Search {others[0].trial.search.number}, trial {others[0].trial.number}" in page
    assert reverse("saved-model-download", args=[others[0]]) in page
    assert page.count("Download Model") == 3
    assert f"Model {retrain_running.number}" in page
    assert 'aria-sort="descending"' in page
    assert "Approved" in page


def test_selected_models_are_compared(
    as_dora: Client, project: Project, others: list[SavedModel]
) -> None:
    for model in others[:2]:
        evaluated(model, classification(), LINES)
    url = reverse("project-models-compare", args=[project.pk])
    response = as_dora.get(url, {"model": [1, 2]})
    assert response["Location"] == reverse("saved-model-compare", args=[others[1]]) + "?with=1"
    for few in ({}, {"model": "1"}, {"model": ["99", "1"]}, {"model": ["x", "1"]}):
        page = as_dora.get(url, few, follow=True)
        assert "Select two or more evaluated models" in page.content.decode()
    # The third one has no evaluation.
    page = as_dora.get(url, {"model": ["1", "2", "3"]}, follow=True).content.decode()
    assert "Not evaluated yet: Model 3." in page
    assert "Compare models" in page


def test_without_models_it_says_what_to_do(
    as_bob: Client, as_dora: Client, project: Project, search: Search
) -> None:
    url = reverse("project-models", args=[project.pk])
    assert "Retrain trial 3 of search 1" in as_bob.get(url).content.decode()
    Search.objects.all().delete()
    assert "Start a search" in as_bob.get(url).content.decode()
    assert "New search" not in as_dora.get(url).content.decode()


def test_many_models_take_few_queries(
    as_dora: Client, project: Project, others: list[SavedModel], django_assert_max_num_queries: Any
) -> None:
    for place in range(20):
        SavedModel.objects.create(
            project=project, trial=others[0].trial, number=100 + place, epochs=1, batch_size=1
        )
    with django_assert_max_num_queries(14):
        as_dora.get(reverse("project-models", args=[project.pk]))
