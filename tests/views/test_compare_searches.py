"""Searches side by side."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Project, Search


@pytest.fixture
def url(project: Project) -> str:
    return reverse("search-compare", args=[project.pk])


@pytest.fixture
def other(search: Search, make_search: Any, add_trial: Any) -> Search:
    found: Search = make_search(epochs=7, name="wide")
    add_trial(found, 1, 0.7, is_baseline=True)
    add_trial(found, 2, 0.75)
    return found


def test_all_searches_unless_the_address_names_some(
    as_dora: Client, url: str, search: Search, other: Search
) -> None:
    page = as_dora.get(url).content.decode()
    assert "Search 2: wide" in page
    for words in ("0.9500", "0.7500", "+0.0500", "3 of 3"):
        assert words in page
    page = as_dora.get(url, {"number": other.number}).content.decode()
    assert "0.9500" not in page
    assert "0.7500" in page


def test_at_most_ten_the_newest_ones(as_alice: Client, url: str, project: Project) -> None:
    for number in range(1, 14):
        Search.objects.create(project=project, number=number, objective="loss", direction="min")
    response = as_alice.get(url)
    assert [row.number for row in response.context["chosen"].rows] == list(range(4, 14))


def test_an_empty_project_says_so(as_alice: Client, url: str) -> None:
    assert "No search yet" in as_alice.get(url).content.decode()


@pytest.mark.parametrize("key", ["x", "999999", "9999999999999999"])
def test_what_is_not_there_is_said(key: str, as_alice: Client, url: str, search: Search) -> None:
    page = as_alice.get(url, {"number": [search.number, key]}).content.decode()
    assert "1 search in this URL is not part of this project" in page
    assert "0.9500" in page


def test_different_objectives_are_not_compared(
    as_alice: Client, url: str, search: Search, make_search: Any, add_trial: Any
) -> None:
    add_trial(make_search(objective="val_loss", direction="min"), 1, 0.2)
    page = as_alice.get(url).content.decode()
    assert "cannot be compared" in page
    plots = as_alice.get(reverse("search-compare-plots", args=[search.project_id])).json()
    assert [group["objective"] for group in plots["distribution"]["groups"]] == [
        "val_accuracy", "val_loss",
    ]  # fmt: skip


def test_an_imported_search_is_shown(
    as_alice: Client, url: str, search: Search, other: Search
) -> None:
    Search.objects.filter(pk=other.pk).update(hypermodel=None, origin="kerastuner", space={})
    page = as_alice.get(url).content.decode()
    assert "imported from KerasTuner" in page
    plots = as_alice.get(reverse("search-compare-plots", args=[search.project_id]))
    assert plots.status_code == 200


def test_the_project_leads_there_once_there_are_two(
    as_alice: Client, url: str, search: Search, make_search: Any
) -> None:
    project = reverse("project-detail", args=[search.project_id])
    assert url not in as_alice.get(project).content.decode()
    make_search()
    assert url in as_alice.get(project).content.decode()


def test_running_searches_are_followed(as_dora: Client, project: Project, make_search: Any) -> None:
    search = make_search()
    live = reverse("search-compare-live", args=[project.pk])
    page = as_dora.get(reverse("search-compare", args=[project.pk])).content.decode()
    polled = f"{live}?number=1&amp;since="
    assert polled in page
    asked = {"number": 1, "since": page.split(polled)[1].split('"')[0]}
    assert as_dora.get(live, asked).status_code == 204
    Search.objects.touch(search.pk)
    assert "hx-get" in as_dora.get(live, asked).content.decode()
    Search.objects.update(status="completed")
    Search.objects.touch(search.pk)
    assert "hx-get" not in as_dora.get(live, asked).content.decode()


def test_an_address_with_keys_leads_to_one_with_numbers(
    as_dora: Client, url: str, search: Search, other: Search
) -> None:
    moved = as_dora.get(url, {"search": [other.pk, search.pk]})
    assert moved["Location"] == f"{url}?number=2&number=1"
    page = as_dora.get(url, {"search": 999}, follow=True).content.decode()
    assert "1 search in this URL is not part of this project" in page
